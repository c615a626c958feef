"""How curves of quality over diversity compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def gain(
    curve_a: Sequence[Mapping[str, float]], curve_b: Sequence[Mapping[str, float]], x: str, y: str
) -> float:
    """Mean vertical distance from one curve up to another, over the range of x that both have.

    Between points, curves are straight. Points of a curve at the same x count as one, by their
    mean y.

    Args:
        curve_a: Rows of `TemperatureSweep.rows`.
        curve_b: Rows that are compared with those.
        x: What is held equal ("self_bleu5").
        y: What is compared ("bleu5"); where less is better, a gain below 0 is.

    Returns:
        In the unit of y; positive where `curve_b` is above.

    Raises:
        ValueError: The curves have no range in common.
    """
    (ax, ay), (bx, by) = (_points(curve, x, y) for curve in (curve_a, curve_b))
    low, high = max(ax[0], bx[0]), min(ax[-1], bx[-1])
    if not low < high:
        raise ValueError(
            f"the curves have no range of {x} in common, {ax[0]:.4g} to {ax[-1]:.4g} and "
            f"{bx[0]:.4g} to {bx[-1]:.4g}: sweep more temperatures"
        )
    knots = np.unique(np.concatenate([ax, bx]).clip(low, high))
    above = np.interp(knots, bx, by) - np.interp(knots, ax, ay)
    return float(np.trapezoid(above, knots) / (high - low))


def _points(
    curve: Sequence[Mapping[str, float]], x: str, y: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Different x of a curve, ascending, and the mean y at each."""
    places, index = np.unique([row[x] for row in curve], return_inverse=True)
    return places, np.bincount(index, [row[y] for row in curve]) / np.bincount(index)
