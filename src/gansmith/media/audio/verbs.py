"""Commands for runs of sounds."""

from __future__ import annotations

from pathlib import Path

from gansmith.verbs import VERBS, Option, Verb

KIT = VERBS.register("kit")(
    Verb(
        name="kit",
        function="gansmith.media.audio.sampler_kit:kit",
        help="Export sounds of each class with presets for samplers (SFZ, DecentSampler).",
        options=(
            Option("out", Path, "Folder of the kit.", required=True, metavar="DIR"),
            Option("count", int, "Sounds per class.", default=8, minimum=1),
            Option("seed", int, "The same seed gives the same kit.", default=0, minimum=0),
            Option("format_", str, "File format: wav, wav24, flac or flac24.", default="wav"),
            Option("tempo", float, "Tempo of loops in beats per minute; pitch is kept."),
            Option(
                "normalise",
                str,
                "Normalise sounds to a loudness such as -14, or to a peak of -0.1 dBFS.",
                metavar="LUFS|peak",
            ),
            Option(
                "velocity_layers",
                int,
                "Number of velocity ranges; sounds of a class are distributed by loudness.",
                default=1,
                minimum=1,
            ),
        ),
    )
)
