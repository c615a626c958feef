"""Options for the generation of captions: those of texts, and the image."""

from __future__ import annotations

from pathlib import Path

from gansmith.media.text.verbs import TEXT_GENERATION
from gansmith.verbs import GENERATIONS, Generation, Option

PICTURE = Option("picture", Path, "Image to caption.", metavar="FILE")
CAPTION_GENERATION = GENERATIONS.register("captions")(
    Generation(
        function=TEXT_GENERATION.function,
        title="Captions",
        options=(*TEXT_GENERATION.options, PICTURE),
    )
)
