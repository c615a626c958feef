"""Settings of a recipe that are for pictures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from gansmith.schema import Section, Size, parse_range
from gansmith.sections import DATA_OPTIONS, RECIPE_SECTIONS

Mode = Literal["auto", "L", "LA", "RGB", "RGBA"]
Resize = Literal["fit", "crop", "pad", "place"]
Filter = Literal["auto", "lanczos", "nearest"]
MOST_ISLAND = 16


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

    crops: int = Field(
        1,
        ge=1,
        le=4_096,
        description="samples cut from each larger picture, in its own scale; 1: the whole picture",
    )
    tileable: bool = Field(
        False,
        description="pictures are textures that repeat: edges that do not meet are blended, and "
        "sheets show samples 2x2",
    )

    @field_validator("range", mode="before")
    @classmethod
    def _limits(cls, value: object) -> object:
        if value is not None:
            parse_range(str(value))
        return value


@RECIPE_SECTIONS.register("image")
class ImageConfig(Section):
    """What generated pictures are held to, in training and in files."""

    hard_alpha: bool = Field(False, description="alpha is 0 or 255 only, as in pixel art")
    palette: int | str | None = Field(
        None,
        description="most colours (2 to 256), learnt from the data; or a palette file: .gpl, .pal, "
        ".hex, .txt or a picture; null: any colours",
    )
    mirror: bool = Field(False, description="the right half is the left one, mirrored")
    min_island: int = Field(
        1,
        ge=1,
        le=MOST_ISLAND,
        description="least visible pixels that hang together in generated pictures with alpha; "
        "smaller islands are removed",
    )

    @field_validator("palette")
    @classmethod
    def _few(cls, palette: int | str | None) -> int | str | None:
        if isinstance(palette, int) and not 2 <= palette <= 256:
            raise ValueError(f"takes 2 to 256 colours or a file, not {palette}")
        return palette
