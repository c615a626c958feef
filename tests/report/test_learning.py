from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gansmith.report.history import RunHistory
from gansmith.report.learning import Trend, improvement_trend
from tests.report.run_folders import make_run, write_events


def told(run: Path, kind: str, **columns: list[float]) -> Trend | None:
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    clocks = [{"event": kind, "samples": 1000 * i, "seconds": float(i)} for i in range(1, 99)]
    write_events(run, [c | r for c, r in zip(clocks, rows, strict=False)])
    return improvement_trend(RunHistory.read(run))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("course", "trend"),
    [
        (lambda t: 10 * np.exp(-2 * t) + 0.1, "improving"),
        (lambda t: 10 * np.exp(-20 * t) + 5, "flat"),
        (lambda t: 5 + 40 * (t - 0.5) ** 2, "falling"),
    ],
)
def test_distances_that_fall_settle_and_rise(
    run: Path, course: Callable[[np.ndarray], np.ndarray], trend: str
) -> None:
    t = np.linspace(0, 1, 20)
    noise = 1 + 0.03 * np.random.default_rng(0).standard_normal(20)
    found = told(run, "quality", frechet=(course(t) * noise).tolist())
    assert found is not None and (found.metric, found.direction) == ("frechet", trend)


def test_looks_at_one_state_do_not_count_as_a_trend(run: Path) -> None:
    """A look differs from the next by a tenth; nine in ten such courses must be called flat."""
    trends = []
    for seed in range(30):
        values = 5 * (1 + 0.05 * np.random.default_rng(seed).standard_normal(20))
        found = told(run, "quality", frechet=values.tolist())
        assert found is not None
        trends.append(found.direction)
    assert trends.count("flat") >= 27


def test_the_figures_are_medians_and_the_best_look(run: Path) -> None:
    found = told(run, "quality", frechet=[9.0, 8.0, 3.0, 7.0, 6.0, 5.0, 4.0, 8.0])
    assert found is not None
    assert (found.before, found.now) == (5.5, 6.0)  # of the last two, and the two before
    assert (found.best, found.best_samples) == (3.0, 3000)


def test_coverage_stands_in_where_there_is_no_distance(run: Path) -> None:
    rising = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    found = told(run, "health", coverage=rising)
    assert found == Trend("coverage", "improving", 0.55, 0.75, 0.8, 8000)
    found = told(run, "health", coverage=rising[::-1])
    assert found is not None and (found.direction, found.best_samples) == ("falling", 1000)


def test_too_few_looks_tell_nothing(run: Path) -> None:
    assert told(run, "quality", frechet=[3.0, 2.0, 1.0]) is None
    assert told(run, "quality", frechet=[3.0, 2.0, 1.0, float("nan")]) is None
