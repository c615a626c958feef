"""Options for the generation of pictures."""

from __future__ import annotations

from gansmith.verbs import GENERATIONS, Generation, Option

SIDE = Option(
    "side",
    int,
    "Side of textures or heightmaps in pixels, for models that draw any size.",
    metavar="PIXELS",
    minimum=16,
)
IMAGE_GENERATION = GENERATIONS.register("image")(
    Generation(
        function=None,
        writes="gansmith.media.image.writing:write_pictures",
        title="Pictures",
        options=(
            Option(
                "sheet",
                str,
                "Pack all samples into one PNG with a table of frames: aseprite (JSON hash).",
                metavar="FORMAT",
            ),
            SIDE,
        ),
    )
)
