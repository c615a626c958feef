"""Commands for runs of sounds."""

from __future__ import annotations

from pathlib import Path

from gansmith.verbs import VERBS, Option, Verb

KIT = VERBS.register("kit")(
    Verb(
        name="kit",
        function="gansmith.media.audio.sampler_kit:kit",
        help="Export generated one-shots of each class and an .sfz file that loads in samplers.",
        options=(
            Option("out", Path, "Folder of the kit.", required=True, metavar="DIR"),
            Option("count", int, "Sounds per class.", default=8, minimum=1),
            Option("seed", int, "The same seed gives the same kit.", default=0, minimum=0),
            Option("format_", str, "File format: wav, wav24, flac or flac24.", default="wav"),
        ),
    )
)
