"""Settings of a recipe that are for captions of pictures."""

from __future__ import annotations

from pydantic import Field

from gansmith.schema import Section
from gansmith.sections import DATA_OPTIONS


@DATA_OPTIONS.register("captions")
class CaptionOptions(Section):
    """Whether captions are read; their length is an option of texts."""

    captions: bool = Field(False, description="read pictures with their captions; docs/captions.md")
