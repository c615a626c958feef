"""Settings of a recipe that are for texts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gansmith.schema import Section
from gansmith.sections import DATA_OPTIONS, RECIPE_SECTIONS

Unit = Literal["line", "paragraph", "file"]


@DATA_OPTIONS.register("text")
class TextOptions(Section):
    """How files of texts become samples."""

    unit: Literal["auto", "line", "paragraph", "file"] = Field(
        "auto", description="what one text is in a .txt file; docs/text.md"
    )
    separator: str | None = Field(
        None,
        min_length=1,
        description="line between the texts of a .txt file, such as % or ---; null: by data.unit",
    )
    field: str | None = Field(
        None, description="column of a table that holds the texts; null: text, caption or content"
    )
    form: str | None = Field(
        None, description="verse form; texts are labelled by whether they keep it; docs/text.md"
    )
    title: str | None = Field(
        None, description="column of a table that holds the title of each text; null: no titles"
    )
    longest: int | None = Field(
        None,
        ge=2,
        le=10_000,
        description="maximum length of a text in characters; null: that of 99.5 % of the texts",
    )


@RECIPE_SECTIONS.register("text")
class TextConfig(Section):
    """How texts become tokens."""

    tokens: Literal["auto", "characters", "pieces"] = Field(
        "auto", description="subwords (pieces), characters, or by the length of the texts (auto)"
    )
    vocabulary: int = Field(
        2_000, ge=64, le=50_000, description="maximum number of different subwords"
    )
