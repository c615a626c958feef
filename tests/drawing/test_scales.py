from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.drawing.scales import (
    Axis,
    decimate,
    duration,
    label,
    moving_mean,
    number,
    plain,
    si,
)

REAL = st.floats(-1e9, 1e9).map(lambda v: round(v, 6))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (950, "950"), (10_000, "10k"), (1_234_567, "1.23M"), (3e9, "3G"), (0.05, "0.05"),
     (999.9, "1k"), (-1500, "-1.5k"), (0.00012, "1.2e-4")],
)  # fmt: skip
def test_si(value: float, text: str) -> None:
    assert si(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(27.36, "27.4"), (0.8614, "0.861"), (1234.5, "1,234"), (0, "0"), (0.00031, "0.000310"),
     (2.5e-7, "2.5e-07"), (math.nan, "not a number"), (math.inf, "infinite"), (-3.14159, "-3.14")],
)  # fmt: skip
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(1e-4, 1e6))
def test_number_keeps_three_figures(value: float) -> None:
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (45.4, "45 s"), (60, "1 min"), (182, "3 min 2 s"), (7800, "2 h 10 min"),
     (3600, "1 h"), (59.7, "1 min")],
)  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_words() -> None:
    assert label("memory_gib") == "Memory (GiB)" and label("cpu") == "CPU"
    assert plain([28, 28]) == "28 \N{MULTIPLICATION SIGN} 28"
    assert [plain(v) for v in (True, None, 0.1 + 0.2, "L")] == ["yes", "\N{EN DASH}", "0.3", "L"]


@given(st.lists(REAL, min_size=1, max_size=500), st.integers(1, 40))
def test_decimate_keeps_ends_and_extremes(values: list[float], buckets: int) -> None:
    x, y = np.arange(len(values), dtype=float), np.asarray(values)
    thin_x, thin_y = decimate(x, y, buckets)
    assert len(thin_x) <= 2 * buckets + 2
    assert (thin_x[0], thin_x[-1]) == (x[0], x[-1])
    assert (thin_y.min(), thin_y.max()) == (y.min(), y.max())
    assert (np.diff(thin_x) > 0).all()
    assert (y[thin_x.astype(int)] == thin_y).all()


@given(st.lists(REAL, min_size=1, max_size=60), st.integers(1, 30))
def test_moving_mean_against_a_loop(values: list[float], width: int) -> None:
    half = width // 2
    slow = [np.mean(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
    assert moving_mean(np.asarray(values), width) == pytest.approx(slow, abs=1e-3)


@given(st.lists(REAL, min_size=1, max_size=20))
def test_linear_axis_holds_all_values_and_few_round_ticks(values: list[float]) -> None:
    axis = Axis.over(np.asarray(values))
    places = axis(np.asarray(values))
    assert (places >= 0).all() and (places <= 1).all()
    ticks = [value for value, _ in axis.ticks()]
    assert 2 <= len(ticks) <= 8
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0], rtol=1e-3)


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=20))
def test_log_axis_holds_all_values_and_has_ticks(values: list[float]) -> None:
    axis = Axis.over(np.asarray(values), log=True)
    places = axis(np.asarray(values))
    assert (places > 0).all() and (places < 1).all()
    ticks = [axis.at(value) for value, _ in axis.ticks()]
    assert 2 <= len(ticks) <= 9 and min(ticks) >= -1e-9 and max(ticks) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("last", "labels"),
    [(182, ["0", "1 min", "2 min", "3 min"]), (9, ["0", "2 s", "4 s", "6 s", "8 s"]),
     (7 * 86400, ["0", "48 h", "96 h", "144 h"])],
)  # fmt: skip
def test_clock_ticks_are_whole_units(last: float, labels: list[str]) -> None:
    assert [text for _, text in Axis(0, last, clock=True).ticks()] == labels


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [(19.995, 20.012, ["19.995", "20", "20.005", "20.01"]),
     (1_234_000, 1_236_000, ["1.234M", "1.2345M", "1.235M", "1.2355M", "1.236M"])],
)  # fmt: skip
def test_ticks_of_a_narrow_range_can_be_told_apart(
    low: float, high: float, labels: list[str]
) -> None:
    assert [text for _, text in Axis(low, high).ticks()] == labels


def test_an_axis_of_one_value_shows_no_negative_shares() -> None:
    for value in (0.0, 0.04, 1.0):
        axis = Axis.over(np.array([value]))
        assert axis.low == 0 and axis.high > value
    assert Axis.over(np.array([-2.0])).low < -2


def test_settings_are_written_without_brackets() -> None:
    legend = {"game": "maze", "tiles": {"#": {"roles": ["solid", "brick"]}}}
    assert plain(legend) == "game: maze; tiles: (#: (roles: solid, brick))"
    assert plain([28, 28]) == "28 \N{MULTIPLICATION SIGN} 28"
    assert plain([{"file": "a.txt", "levels": 5}]) == "file: a.txt; levels: 5"
