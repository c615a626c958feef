"""Settings of a recipe that are for pictures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gansmith.schema import Section, Size
from gansmith.sections import DATA_OPTIONS

Mode = Literal["auto", "L", "LA", "RGB", "RGBA"]
Resize = Literal["fit", "crop", "pad"]


@DATA_OPTIONS.register("image")
class ImageOptions(Section):
    """How pictures become arrays."""

    size: Size | None = Field(None, description="height x width in pixels; null: from the files")
    mode: Mode = Field(
        "auto", description="grey, grey+alpha, RGB or RGBA; auto keeps what is there"
    )
    resize: Resize = Field("fit", description="fit: stretch; crop: fill and cut; pad: show all")
