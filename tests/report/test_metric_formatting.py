from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.evaluation.result import metric_specs
from gansmith.metric import Better, Metric
from gansmith.report.metric_formatting import (
    closeness,
    metric_of_event,
    ordered,
    ratio,
    reading,
    title,
)

POSITIVE = st.floats(1e-3, 1e3)


@pytest.mark.parametrize(
    ("value", "floor", "better", "words"),
    [
        (5.25, 2.5, "lower", "2.1\N{MULTIPLICATION SIGN} the floor"),
        (250, 2.5, "lower", "100\N{MULTIPLICATION SIGN} the floor"),
        (2.6, 2.5, "lower", "at the floor"),
        (0.8, 0.95, "higher", "84% of real"),
        (0.96, 0.95, "higher", "as high as real"),
        (41.2, 48, "floor", "14% below real"),
        (1.5, 1.0, "floor", "50% above real"),
        (1.001, 1.0, "floor", "as real"),
        (3.0, None, "lower", ""),
        (3.0, 0.0, "lower", ""),
        (3.0, -0.1, "lower", ""),
        (math.nan, 1.0, "lower", ""),
    ],
)
def test_reading(value: float, floor: float | None, better: Better, words: str) -> None:
    assert reading(Metric(value, floor, better, "")) == words


def test_few_held_out_samples_tell_nothing() -> None:
    perfect = Metric(1.0, 1.0, "higher", "")
    assert reading(perfect, held_out=49) == "too few held-out samples to tell"
    assert closeness(perfect, held_out=49) is None
    assert reading(perfect, held_out=50) == "as high as real" and closeness(perfect, 50) == 1
    assert reading(Metric(1.0, None, "higher", ""), held_out=3) == ""


def test_a_floor_lost_in_noise_gives_no_ratio() -> None:
    assert ratio(Metric(0.02, 0.0003, "lower", "", std=0.0016)) is None
    assert ratio(Metric(0.02, 0.0100, "lower", "", std=0.0016)) == pytest.approx(2)


@given(POSITIVE, POSITIVE, st.sampled_from(["lower", "higher", "floor"]))
def test_closeness_is_a_share_and_whole_at_the_floor(v: float, floor: float, way: Better) -> None:
    near = closeness(Metric(v, floor, way, ""))
    assert near is not None and 0 <= near <= 1
    assert closeness(Metric(floor, floor, way, "")) == 1
    twice_as_bad = {"lower": 2 * floor, "higher": floor / 2, "floor": 2 * floor}[way]
    assert closeness(Metric(twice_as_bad, floor, way, "")) == pytest.approx(0.5)


def test_closeness_of_nothing() -> None:
    assert closeness(Metric(0, 1, "higher", "")) == 0
    assert closeness(Metric(0, 1, "floor", "")) == 0
    assert closeness(Metric(0, 1, "lower", "")) == 1
    assert closeness(Metric(1, None, "lower", "")) is None


def test_every_measure_has_a_title_and_new_ones_come_last() -> None:
    specs = metric_specs()
    assert {name: title(name) for name in specs} == {n: spec.title for n, spec in specs.items()}
    assert ordered(["novel", *reversed(specs)]) == [*specs, "novel"]
    assert title("novel_share") == "Novel share"


def test_a_look_becomes_a_metric() -> None:
    metric = metric_of_event("frechet", {"frechet": 9.0, "frechet_floor": 3.0})
    assert (metric.value, metric.floor, metric.better) == (9.0, 3.0, "lower")
    assert metric_of_event("recall", {"recall": 0.5}).floor is None
