"""Settings of a recipe that are for pictures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from gansmith.schema import Section, Size, parse_range
from gansmith.sections import DATA_OPTIONS, RECIPE_SECTIONS

Mode = Literal["auto", "L", "LA", "RGB", "RGBA"]
Resize = Literal["fit", "crop", "pad", "place"]
Filter = Literal["auto", "lanczos", "nearest"]


@DATA_OPTIONS.register("image")
class ImageOptions(Section):
    """How pictures become arrays."""

    size: Size | None = Field(None, description="height x width in pixels; null: from the files")
    mode: Mode = Field(
        "auto", description="grey, grey+alpha, RGB or RGBA; auto keeps what is there"
    )
    resize: Resize = Field(
        "fit",
        description="fit: stretch; crop: fill and cut; pad: show all; place: pad, never enlarged",
    )
    align: Literal["none", "faces"] = Field(
        "none",
        description="faces: samples are the largest face of each picture, aligned by its landmarks",
    )
    filter: Filter = Field(
        "auto", description="nearest: mixes no colours; auto: nearest for place, else lanczos"
    )
    range: str | None = Field(
        None,
        description="values that are black and white in files of over 8 bits, signed or float: "
        "auto (least and greatest) or LOW..HIGH; null: by the depth they state",
    )

    @field_validator("range", mode="before")
    @classmethod
    def _limits(cls, value: object) -> object:
        if value is not None:
            parse_range(str(value))
        return value


@RECIPE_SECTIONS.register("image")
class ImageConfig(Section):
    """How the output of networks becomes pictures."""

    hard_alpha: bool = Field(False, description="alpha is 0 or 255 only, as in pixel art")
    palette: int | None = Field(
        None, ge=2, le=256, description="most colours, learnt from the data; null: any colours"
    )
