"""Rates: how a remedy changes schedules, as settings of the recipe."""

from __future__ import annotations

from gansmith.recipe import Recipe
from gansmith.schema import Schedule

Settings = tuple[str, ...]

MODERATE = 8e-4
"""The rate of the house's own recipes: higher ones are brought down to it before anything is
halved, and a game that gets its first penalty can bear it."""


def slower(recipe: Recipe) -> Settings:
    """Settings with lower rates: too high ones moderate, moderate ones halved."""
    rates = recipe.optimiser
    pairs = (("optimiser.g_lr", rates.g_lr), ("optimiser.d_lr", rates.d_lr))
    wild = any(rate.start > MODERATE for _, rate in pairs)
    return tuple(
        setting
        for name, rate in pairs
        if rate.start > 0
        for setting in scaled(name, rate, min(1.0, MODERATE / rate.start) if wild else 0.5)
    )


def scaled(name: str, schedule: Schedule, factor: float) -> Settings:
    """Set a schedule to its values times a factor."""
    return set_schedule(name, schedule.start * factor, schedule.end * factor)


def set_schedule(name: str, start: float, end: float) -> Settings:
    """Set both ends of a schedule."""
    return f"{name}.start={start:g}", f"{name}.end={end:g}"
