"""Options for the generation of heightmaps."""

from __future__ import annotations

from gansmith.media.image.verbs import SIDE
from gansmith.verbs import GENERATIONS, Generation, Option

HEIGHTMAP_GENERATION = GENERATIONS.register("heightmap")(
    Generation(
        function=None,
        writes="gansmith.media.heightmaps.tiles:write_heightmaps",
        title="Heightmaps",
        options=(
            SIDE,
            Option(
                "tiles",
                str,
                "Cut each terrain into tiles that share their edges, such as 2x2 (rows x columns).",
                metavar="RxC",
            ),
        ),
    )
)
