"""The rule of partial collapse: which modes are missed, and when that is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import poisson

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.history import History
from gansmith.health.rules import (
    LATE,
    SETTLED,
    at_most,
    best_shares,
    diagnose,
    growing,
    missing,
)
from tests.health.courses import COUNTS, FLOORS, NAMES, course

GONE = [0, *[55] * 9]
EARLY = (SETTLED + LATE) / 2


def _counted(*looks: list[int], shares: list[float] | None = None) -> History:
    """Looks of a settled course."""
    history = History(FLOORS, NAMES, shares or [0.1] * 10)
    for index, counts in enumerate(looks, 1):
        history.add_probe(SETTLED + 0.01 * index, {}, counts)
    return history


def _missing(counts: list[int], known: set[int], shares: list[float] | None = None) -> set[int]:
    history = _counted(counts, shares=shares)
    return missing(history, history.probes[-1], known)


def _ending(until: float, *counts: list[int], since: float = 0.0) -> History:
    """A course with all modes there, but for the latest looks."""
    history = course(until=until, since=since)
    latest = zip(history.probes[-len(counts) :], counts, strict=True)
    history.probes[-len(counts) :] = [replace(look, counts=found) for look, found in latest]
    return history


def _only(history: History) -> Diagnosis:
    (diagnosis,) = diagnose(history)
    assert diagnosis.name == "mode collapse (partial)" and not diagnosis.fatal
    return diagnosis


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, 0.1), (0, 12.0), (3, 5.0), (10, 10.0), (12, 50.0), (300, 900.0), (1400, 2000.0), (9, 0.3)],
)
def test_chance_is_that_of_the_poisson_distribution(count: int, expected: float) -> None:
    assert at_most(count, expected) == pytest.approx(poisson.cdf(count, expected), rel=1e-9)
    assert 0 <= at_most(count, expected) <= 1 + 1e-12


def test_nothing_is_missed_where_nothing_is_expected() -> None:
    assert at_most(0, 0.0) == 1.0


def test_gone_modes_are_the_missing_ones() -> None:
    assert _missing([2, 60, 62, 63, 62, 62, 63, 1, 62, 63], set()) == {0, 7}
    assert _missing(COUNTS, set()) == _missing(COUNTS, set(range(10))) == set()


def test_a_mode_that_was_there_before_is_missed_sooner() -> None:
    weak = [60, 216, 216, 216, 215, 215, 215, 216, 215, 216]
    assert sum(weak) == 2000
    assert _missing(weak, set()) == _missing(weak, {1}) == set()
    assert _missing(weak, {0}) == _missing(weak, set(range(10))) == {0}


def test_chance_excuses_rare_modes() -> None:
    assert _missing(GONE, set()) == {0}
    assert _missing(GONE, {0}, shares=[0.01] + [0.11] * 9) == set()
    assert _missing([0] * 10, set(range(10))) == set()


def test_a_large_look_does_not_run_over() -> None:
    assert _missing([1600, *[933] * 9], set(), shares=[0.9] + [0.1 / 9] * 9) == {0}


def test_the_share_that_a_mode_had_twice_is_remembered() -> None:
    history = _counted([10] * 10, [0, 20, *[10] * 8], [30, *[0] * 9])
    assert best_shares(history) == pytest.approx([0.1, *[0.1] * 9])
    twice = _counted([40, *[10] * 6, 0, 0, 0], [60, *[5] * 8, 0], [0] * 10)
    assert best_shares(twice) == pytest.approx([0.4, *[0.05] * 6, 0, 0, 0])
    assert best_shares(_counted([0] * 10, [0] * 10)) == [0.0] * 10


def test_what_was_before_a_course_had_settled_is_not_remembered() -> None:
    assert best_shares(_counted(COUNTS)) == []
    history = History(FLOORS, NAMES, [0.1] * 10, since=0.3)
    for progress in (0.3, 0.31, 0.29 + SETTLED):
        history.add_probe(progress, {}, COUNTS)
    assert best_shares(history) == []
    for _ in range(2):
        history.add_probe(0.31 + SETTLED, {}, GONE)
    assert best_shares(history) == pytest.approx([0, *[1 / 9] * 9])


def test_a_mode_grows_where_it_comes_clearly_more_often() -> None:
    first, last = [0, 0, 10, 10, 100, 100, 100, 50, 0, 7], [2, 3, 15, 16, 132, 133, 99, 0, 0, 7]
    for between in ([], [[0] * 10], [[500] * 10, [0] * 10]):
        assert growing(_counted(first, *between, last)) == {1, 3, 5}
    assert growing(_counted([0] * 10, *[last] * 4)) == set()
    assert growing(_counted(last)) == set()


@pytest.mark.parametrize("since", [0.0, 0.3])
def test_lost_modes_are_told_as_soon_as_a_course_has_settled(since: float) -> None:
    history = _ending(since + EARLY, GONE, GONE, since=since)
    diagnosis = _only(history)
    assert diagnosis.lost and diagnosis.modes == ("digit 0",)
    assert diagnosis.evidence == "digit 0: 0.0% of generated samples, 10.0% of real ones."
    young = _ending(since + 0.9 * SETTLED, GONE, GONE, since=since)
    assert diagnose(young) == []


def test_modes_that_were_never_there_are_given_time() -> None:
    assert diagnose(course(counts=GONE, until=EARLY)) == []
    diagnosis = _only(course(counts=GONE, until=LATE + 0.1))
    assert not diagnosis.lost and diagnosis.modes == ("digit 0",)


def test_modes_seen_only_before_the_course_had_settled_were_never_there() -> None:
    for until, said in ((EARLY, []), (LATE + 0.1, [False])):
        history = course(counts=GONE, until=until)
        early = [look for look in history.probes if look.progress < SETTLED]
        assert len(early) > 2
        history.probes[: len(early)] = [replace(look, counts=COUNTS) for look in early]
        assert [diagnosis.lost for diagnosis in diagnose(history)] == said


def test_a_mode_that_was_there_at_a_single_look_is_not_lost() -> None:
    history = course(counts=GONE, until=EARLY)
    history.probes[-4] = replace(history.probes[-4], counts=COUNTS)
    assert diagnose(history) == []
    history.probes[-5] = replace(history.probes[-5], counts=COUNTS)
    assert _only(history).lost


def test_nothing_counts_as_lost_while_coverage_rises() -> None:
    history = _ending(EARLY, GONE, GONE)
    for look, coverage in zip(history.probes[-3:], (0.3, 0.4, 0.5), strict=True):
        look.values["coverage"] = coverage
    assert diagnose(history) == []
    for look in history.probes[-3:]:
        look.values["coverage"] = 0.5
    assert _only(history).lost


@pytest.mark.parametrize("until", [EARLY, LATE + 0.1])
def test_lost_modes_that_come_back_are_not_told(until: float) -> None:
    few = [15, *[55] * 9]
    assert diagnose(_ending(until, *[GONE] * 3, few)) == []
    assert _only(_ending(until, *[few] * 4)).lost


def test_modes_that_are_being_learnt_are_not_told() -> None:
    for last, said in ((8, []), (1, ["digit 0"])):
        history = course(counts=[1, *[55] * 9])
        history.probes[-1] = replace(history.probes[-1], counts=[last, *[55] * 9])
        assert [mode for found in diagnose(history) for mode in found.modes] == said


def test_what_was_lost_is_told_apart_from_what_was_never_there() -> None:
    history = course(counts=[*[55] * 9, 0])
    history.probes[-2:] = [replace(look, counts=[0, *[62] * 8, 0]) for look in history.probes[-2:]]
    assert _only(history).modes == ("digit 0",) and _only(history).lost


def test_modes_say_nothing_where_samples_are_poor() -> None:
    poor = {"coverage": 0.09 * FLOORS["coverage"]}
    assert diagnose(course(look=poor, counts=GONE)) == []


def test_modes_must_be_missed_twice() -> None:
    assert _only(course(counts=GONE)).modes == ("digit 0",)
    for other in (COUNTS, GONE[::-1]):
        history = course(counts=GONE)
        history.probes[-2] = replace(history.probes[-2], counts=other)
        assert diagnose(history) == []


def test_all_modes_that_are_gone_are_named() -> None:
    diagnosis = _only(course(counts=[0, *[62] * 7, 0, 66]))
    assert diagnosis.modes == ("digit 0", "digit 8")
    assert diagnosis.evidence.startswith("digit 0, digit 8: 0.0%") and "20.0%" in diagnosis.evidence
