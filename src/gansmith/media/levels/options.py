"""Settings of a recipe that are for levels of games."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gansmith.schema import Section
from gansmith.sections import DATA_OPTIONS


def _extent(value: Any) -> Any:
    """Accept `20x28`, rows times columns."""
    return tuple(value.split("x")) if isinstance(value, str) else value


def _switch(value: Any) -> Any:
    """Accept what YAML makes of on and off."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


Side = Annotated[int, Field(ge=4, le=400)]
Window = Annotated[tuple[Side, Side], BeforeValidator(_extent)]
Mirror = Annotated[Literal["auto", "on", "off"], BeforeValidator(_switch)]
Condition = Literal["none", "density", "length", "size"]


@DATA_OPTIONS.register("levels")
class LevelOptions(Section):
    """How files of levels become grids of one size."""

    legend: str | None = Field(
        None,
        description="file that says what the symbols of levels are; null: legend.yaml beside them",
    )
    window: Window | None = Field(
        None,
        description="rows x columns of a sample, such as 20x28, cut out of larger levels; null: "
        "whole levels, filled up to one size, or 28 columns of long ones",
    )
    window_step: int = Field(
        1, ge=1, le=400, description="columns and rows from one window to the next"
    )
    layer: str | None = Field(
        None, description="layer that is the level, in files of Tiled and LDtk; null: each of them"
    )
    tile: int | None = Field(
        None,
        ge=1,
        le=512,
        description="side of a tile in pictures of levels, in pixels; null: guessed",
    )
    mirror: Mirror = Field(
        "auto",
        description="train on mirrored and turned levels too, where the game permits: all of "
        "sokoban, keydoor and maze, left to right of digger; auto: where there are fewer than 64",
    )
    condition: Condition = Field(
        "none",
        description="label levels by thirds of a measure, in place of folders: density of what is "
        "not empty, length of the solution, or size",
    )
