"""Options for the generation of captions: those of texts, and the image."""

from __future__ import annotations

from pathlib import Path

from gansmith.media.text.verbs import TEXT_GENERATION
from gansmith.verbs import GENERATIONS, Generation, Option

PICTURE = Option("picture", Path, "Image to caption, or a folder of images.", metavar="FILE|DIR")
CAPTION_GENERATION = GENERATIONS.register("captions")(
    Generation(
        function=TEXT_GENERATION.function,
        writes="gansmith.media.captions.caption_folder:write_captions",
        title="Captions",
        options=(*TEXT_GENERATION.options, PICTURE),
    )
)
