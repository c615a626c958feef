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
        "auto", description="what is one text in a .txt file; docs/text.md"
    )
    field: str | None = Field(
        None, description="column of a table that holds the texts; null: text, caption or content"
    )
    form: str | None = Field(
        None, description="form of verse; texts are labelled by whether they keep it; docs/text.md"
    )
    title: str | None = Field(
        None, description="column of a table that holds a title for each text; null: none"
    )
    longest: int | None = Field(
        None, ge=2, le=10_000, description="characters of a text; null: as 99.5 % of them have"
    )


@RECIPE_SECTIONS.register("text")
class TextConfig(Section):
    """How texts become tokens."""

    tokens: Literal["auto", "characters", "pieces"] = Field(
        "auto", description="pieces of words for long texts whose words blanks part; or characters"
    )
    vocabulary: int = Field(2_000, ge=64, le=50_000, description="most different pieces of words")
