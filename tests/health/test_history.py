from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from gansmith.health.history import History, ProbeResult
from tests.health.courses import COUNTS, FLOORS, LOOK, NAMES


def _history() -> History:
    return History(FLOORS, NAMES, [0.1] * 10)


def _with_looks(name: str, *values: float) -> History:
    history = _history()
    for index, value in enumerate(values):
        history.add_probe(0.1 * (index + 1), LOOK | {name: value}, COUNTS)
    return history


def test_windows_reach_back_from_the_latest_step() -> None:
    history = _history()
    for index in range(1, 11):
        history.add_step(
            index / 10, {"d_loss": float(index)} | ({"rare": 5.0} if index == 7 else {})
        )
    assert history.recent("d_loss", 0.25) == [10.0, 9.0, 8.0]
    assert history.mean("d_loss", 0.25) == pytest.approx(9.0)
    assert history.mean("d_loss", 2.0) == pytest.approx(5.5)
    assert history.recent("rare", 0.25) == [] and history.recent("rare", 0.45) == [5.0]
    assert history.mean("rare", 0.25) is None and history.mean("unknown", 1.0) is None


def test_progress_and_age_are_those_of_the_latest_step() -> None:
    history = _history()
    assert (history.progress, history.age) == (0.0, 0.0)
    history.add_step(0.3, {})
    assert (history.progress, history.age) == (0.3, 0.3)
    history.restart(0.3)
    assert (history.progress, history.age) == (0.3, 0.0)
    history.add_step(0.4, {})
    assert history.age == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("real", "fake", "right"),
    [(1, -1, 1.0), (0, 0, 0.5), (-1, 1, 0.0), (1, 1, 0.5), (0.2, 0, 0.55)],
)
def test_right_is_the_share_of_answers_on_the_right_side(
    real: float, fake: float, right: float
) -> None:
    history = _history()
    assert history.accuracy(0.1) is None
    history.add_step(0.1, {"real_sign": float(real), "fake_sign": float(fake)})
    assert history.accuracy(0.1) == pytest.approx(right)
    share = ((real + 1) / 2 + (1 - fake) / 2) / 2
    assert history.accuracy(0.1) == pytest.approx(share)


def test_poor_is_measured_by_the_floor_of_the_latest_look() -> None:
    assert not _history().poor(1.0)
    assert _with_looks("coverage", 0.9, 0.1).poor(0.3)
    assert not _with_looks("coverage", 0.1, 0.9).poor(0.3)
    floor = FLOORS["coverage"]
    assert not _with_looks("coverage", 0.301 * floor).poor(0.3)
    assert _with_looks("coverage", 0.299 * floor).poor(0.3)


def test_rising_looks_back_over_three_looks() -> None:
    assert not _with_looks("coverage").rising("coverage")
    assert not _with_looks("coverage", 0.5).rising("coverage")
    assert _with_looks("coverage", 0.1, 0.3).rising("coverage")
    assert _with_looks("coverage", 0.2, 0.22, 0.3).rising("coverage")
    assert not _with_looks("coverage", 0.01, 0.3, 0.3, 0.3).rising("coverage")
    assert not _with_looks("coverage", 0.3, 0.2, 0.1).rising("coverage")
    assert not _with_looks("coverage", 0.0, 0.0, 0.005).rising("coverage")


def test_thriving_is_near_the_best_of_this_course() -> None:
    assert not _history().thriving
    assert not _with_looks("coverage", 0.0, 0.0).thriving
    assert _with_looks("coverage", 0.1, 0.5).thriving
    assert _with_looks("coverage", 0.5, 0.45).thriving
    assert not _with_looks("coverage", 0.5, 0.2).thriving


def test_now_and_series_tell_of_looks() -> None:
    assert math.isnan(_history().now("coverage"))
    history = _with_looks("coverage", 0.1, 0.5)
    assert history.now("coverage") == 0.5 and history.series("coverage") == [0.1, 0.5]
    history.probes[0] = replace(history.probes[0], values={})
    assert history.series("coverage") == [0.5]


def test_another_course_forgets_the_old_one() -> None:
    history = _with_looks("coverage", 0.5)
    history.add_step(0.6, {"d_loss": 1.0})
    history.add_diagnosis("oscillation", 0.6)
    history.restart(0.6)
    assert history == replace(_history(), since=0.6)


def _told(action: str, name: str, progress: float) -> dict[str, Any]:
    return {"event": "diagnosis", "diagnosis": name, "progress": progress, "action": action}


def test_taking_up_what_was_noted_is_as_good_as_having_been_there() -> None:
    events: list[dict[str, Any]] = [
        {"event": "step", "samples": 1, "d_loss": 1.0},
        {"event": "health", "progress": 0.1, **LOOK, "counts": COUNTS, "monitor_seconds": 0.2},
        _told("warn", "memorising", 0.1),
        {"event": "health", "progress": 0.2, **LOOK, "counts": COUNTS, "monitor_seconds": 0.2},
        _told("heal", "oscillation", 0.2),
        {"event": "note", "text": "nothing"},
        {
            "event": "health",
            "progress": 0.3,
            **LOOK,
            "counts": COUNTS[::-1],
            "monitor_seconds": 0.1,
        },
        _told("stop", "mode collapse (total)", 0.3),
    ]
    taken, lived = _history(), _history()
    for event in events:
        taken.restore(event)
    lived.add_probe(0.1, LOOK, COUNTS)
    lived.add_diagnosis("memorising", 0.1)
    lived.add_probe(0.2, LOOK, COUNTS)
    lived.restart(0.2)
    lived.add_probe(0.3, LOOK, COUNTS[::-1])
    lived.add_diagnosis("mode collapse (total)", 0.3)
    taken.probes = [_known(look) for look in taken.probes]
    assert taken == lived


def _known(look: ProbeResult) -> ProbeResult:
    """Leave out what a line of the log holds besides."""
    return replace(look, values={name: look.values[name] for name in LOOK})
