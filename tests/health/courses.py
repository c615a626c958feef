"""Histories of trainings, written down: a healthy one, and one for each thing that can go wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gansmith.health.history import History, Values
from gansmith.health.rules import LATE, SETTLED, WARM

FLOORS = {"coverage": 0.95, "vendi": 40.0}
NAMES = tuple(f"digit {index}" for index in range(10))
STEPS, LOOKS = 100, 40

STEP = {"d_loss": 0.7, "g_loss": 0.8, "real_sign": 0.4, "fake_sign": -0.3, "d_grad": 0.2}
LOOK = {
    "coverage": 0.7,
    "precision": 0.8,
    "vendi": 35.0,
    "twins": 0.03,
    "copying": 1.1,
    "copies": 0.01,
    "moved": 0.15,
    "agreement": 0.95,
    "seen": 0.4,
    "unseen": 0.3,
    "spread": 1.0,
}
COUNTS = [50] * 10


def healthy(progress: float) -> Values:
    """A look at samples that grow better, to the end."""
    return LOOK | {"coverage": 0.7 * math.sqrt(progress)}


def course(
    step: Mapping[str, float] | None = None,
    look: Mapping[str, float] | None = None,
    counts: list[int] | None = None,
    until: float = LATE + 0.1,
    since: float = 0.0,
    span: float = 1.0,
) -> History:
    """Return a history that goes on to `until`.

    Args:
        step: Signals other than healthy ones, at every step.
        look: What every look found other than a healthy one.
        counts: Samples in each mode at every look.
        until: Share of the budget at the latest step.
        since: Share of the budget at which this course began.
        span: What the time between steps and between looks is divided by.
    """
    history = History(FLOORS, NAMES, [0.1] * 10, since)
    for index in range(1, math.floor((until - since) * STEPS * span + 1e-9) + 1):
        history.add_step(since + index / (STEPS * span), STEP | dict(step or {}))
    for index in range(1, math.floor((until - since) * LOOKS * span + 1e-9) + 1):
        progress = since + index / (LOOKS * span)
        history.add_probe(progress, healthy(progress) | dict(look or {}), counts or COUNTS)
    return history


Course = dict[str, Any]

FAULTS: dict[str, tuple[str, Course]] = {
    "a loss is no number": ("diverged", {"step": {"g_loss": math.nan}}),
    "a gradient is infinite": ("diverged", {"step": {"d_grad": math.inf}}),
    "losses beyond measure": ("diverged", {"step": {"d_loss": -1e6}}),
    "samples beside each other": (
        "mode collapse (total)",
        {"look": {"twins": 0.97, "vendi": 9.0}},
    ),
    "one sample": ("mode collapse (total)", {"look": {"twins": 0.0, "vendi": 1.01}}),
    "the discriminator is always right": (
        "discriminator overpowers",
        {"step": {"real_sign": 0.998, "fake_sign": -0.999}, "look": {"coverage": 0.02}},
    ),
    "the discriminator tosses a coin": (
        "discriminator too weak",
        {"step": {"real_sign": 0.01, "fake_sign": 0.0}, "look": {"coverage": 0.02}},
    ),
    "the discriminator is fooled": (
        "discriminator too weak",
        {"step": {"real_sign": -0.8, "fake_sign": 0.7}, "look": {"coverage": 0.02}},
    ),
    "samples leap": ("oscillation", {"look": {"moved": 0.95, "coverage": 0.04}}),
    "samples stand still": ("generator stalled", {"look": {"moved": 0.001, "coverage": 0.04}}),
    "samples are copies": ("memorising", {"look": {"copying": 0.1, "copies": 0.9}}),
    "unseen samples are suspected": (
        "discriminator overfits",
        {"look": {"seen": 2.0, "unseen": -1.0, "spread": 1.5}},
    ),
    "a mode is gone": (
        "mode collapse (partial)",
        {"counts": [55, 56, 55, 56, 55, 56, 55, 0, 56, 56]},
    ),
    "labels mean nothing": ("labels ignored", {"look": {"agreement": 0.1}}),
    "short texts are loved": (
        "reward hacking",
        {"step": {"kl": 0.5, "fake_length": 7.0, "real_length": 11.0}},
    ),
    "texts never end": (
        "reward hacking",
        {"step": {"kl": 0.5, "fake_length": 19.0, "real_length": 11.0}},
    ),
}

WAITS: dict[str, float] = {
    "losses beyond measure": WARM,
    "the discriminator is always right": WARM,
    "the discriminator is fooled": WARM,
    "samples are copies": WARM,
    "short texts are loved": WARM,
    "texts never end": WARM,
    "unseen samples are suspected": WARM,
    "samples beside each other": SETTLED,
    "one sample": SETTLED,
    "the discriminator tosses a coin": SETTLED,
    "samples leap": SETTLED,
    "samples stand still": SETTLED,
    "labels mean nothing": SETTLED,
    "a mode is gone": LATE,
}
"""Share of the budget before which each fault of a first course is none."""
