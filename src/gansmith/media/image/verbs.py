"""Options for the generation of pictures."""

from __future__ import annotations

from gansmith.verbs import GENERATIONS, Generation, Option

IMAGE_GENERATION = GENERATIONS.register("image")(
    Generation(
        function=None,
        writes="gansmith.media.image.sprite_sheet:write_sprite_sheet",
        title="Pictures",
        options=(
            Option(
                "sheet",
                str,
                "Pack all samples into one PNG with a table of frames: aseprite (JSON hash).",
                metavar="FORMAT",
            ),
        ),
    )
)
