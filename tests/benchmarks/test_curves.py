from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.benchmarks import load

Row = dict[str, float]
gain = load("curves").gain


def curve(f: Callable[[float], float], *places: float) -> list[Row]:
    return [{"x": place, "y": f(place)} for place in places]


def test_equal_curves_gain_nothing() -> None:
    bent = curve(lambda x: x**2, 0.1, 0.4, 0.5, 0.9)
    assert gain(bent, bent, "x", "y") == 0
    assert gain(bent, bent[::-1], "x", "y") == 0


@pytest.mark.parametrize("shift", [-0.3, 0.02])
def test_a_shifted_curve_gains_the_shift(shift: float) -> None:
    bent = curve(lambda x: math.sin(5 * x), 0.1, 0.2, 0.5, 0.9)
    moved = [row | {"y": row["y"] + shift} for row in bent]
    assert gain(bent, moved, "x", "y") == pytest.approx(shift)
    assert gain(moved, bent, "x", "y") == pytest.approx(-shift)


def test_lines_sampled_at_different_places_differ_as_lines_do() -> None:
    """On [0.2, 0.8] the mean of (3x + 1) - 2x is 1.5."""
    lower = curve(lambda x: 2 * x, 0.0, 0.37, 0.8)
    upper = curve(lambda x: 3 * x + 1, 1.0, 0.2, 0.55, 0.71)
    assert gain(lower, upper, "x", "y") == pytest.approx(1.5)


def test_the_mean_is_exact_between_points() -> None:
    """A tent over zero: its mean over [0, 1] is half its height, wherever its top is."""
    zero = curve(lambda x: 0.0, 0.0, 1.0)
    tent = [{"x": 0.0, "y": 0.0}, {"x": 0.13, "y": 4.0}, {"x": 1.0, "y": 0.0}]
    assert gain(zero, tent, "x", "y") == pytest.approx(2)
    twice = [*tent, {"x": 0.13, "y": 0.0}]
    assert gain(zero, twice, "x", "y") == pytest.approx(1)


def test_curves_must_share_a_range() -> None:
    left, right = curve(abs, 0.1, 0.3), curve(abs, 0.3, 0.5)
    with pytest.raises(ValueError, match=r"no range of x in common, 0\.1 to 0\.3 and 0\.3"):
        gain(left, right, "x", "y")
    with pytest.raises(ValueError, match="no range"):
        gain(left[:1], left, "x", "y")
