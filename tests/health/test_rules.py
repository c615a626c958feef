from __future__ import annotations

import math

import pytest
from scipy.stats import poisson

from gansmith.health.diagnosis import EXPLANATIONS
from gansmith.health.history import History, Seen
from gansmith.health.remedies import REMEDIES
from gansmith.health.rules import (
    FATAL,
    RULES,
    SETTLED,
    WARM,
    at_most,
    best_shares,
    diagnose,
    missing,
)
from tests.health.courses import COUNTS, FAULTS, FLOORS, NAMES, STEP, course

CASES = pytest.mark.parametrize("fault", FAULTS)
AT_ONCE = {"a loss is no number", "a gradient is infinite"}


def _names(history: History) -> list[str]:
    return [diagnosis.name for diagnosis in diagnose(history)]


@CASES
def test_a_clear_case_is_named_and_nothing_else(fault: str) -> None:
    name, how = FAULTS[fault]
    found = diagnose(course(**how))
    assert [diagnosis.name for diagnosis in found] == [name]
    assert found[0].fatal == (name in FATAL)
    assert found[0].explanation == EXPLANATIONS[name]


@pytest.mark.parametrize("until", [0.0, 0.01, WARM, SETTLED, 0.3, 0.7, 1.0])
def test_a_healthy_training_is_left_alone(until: float) -> None:
    assert diagnose(course(until=until)) == []


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in AT_ONCE])
def test_nothing_is_said_while_a_course_is_young(fault: str) -> None:
    how = FAULTS[fault][1]
    assert diagnose(course(until=0.5 * WARM, span=10, **how)) == []
    assert diagnose(course(since=0.5, until=0.5 + 0.5 * WARM, span=10, **how)) == []


@pytest.mark.parametrize("signal", list(STEP))
def test_what_is_no_number_is_told_at_once(signal: str) -> None:
    for value in (math.nan, math.inf, -math.inf):
        history = course(until=0.0)
        history.add_step(0.001, STEP | {signal: value})
        assert _names(history) == ["diverged"]
        assert signal in diagnose(history)[0].evidence


@CASES
def test_what_was_said_is_not_said_again_on_this_course(fault: str) -> None:
    name, how = FAULTS[fault]
    history = course(**how)
    history.say(name, 0.5)
    assert diagnose(history) == []


def test_the_gravest_comes_first() -> None:
    how = FAULTS["labels mean nothing"][1]["look"] | FAULTS["samples leap"][1]["look"]
    assert _names(course(look=how)) == ["oscillation", "labels ignored"]


def test_lesser_things_are_no_news_beside_something_fatal() -> None:
    how = FAULTS["labels mean nothing"][1]["look"] | {"twins": 1.0, "vendi": 1.0}
    history = course({"g_loss": math.nan}, how)
    assert _names(history) == ["diverged", "mode collapse (total)"]
    history.say("diverged", 0.5)
    assert _names(history) == ["mode collapse (total)"]
    history.say("mode collapse (total)", 0.5)
    assert _names(history) == []
    history.start_anew(0.5)
    assert history.said == {}


def test_names_explanations_and_remedies_go_together() -> None:
    named = {name for name, _ in FAULTS.values()}
    assert named == set(EXPLANATIONS) == set(REMEDIES)
    assert len(RULES) == len(set(RULES)) == len(EXPLANATIONS)


@pytest.mark.parametrize(
    ("fault", "figures"),
    [
        ("losses beyond measure", ["1,000,000"]),
        ("samples beside each other", ["97%", "9.0", "40.0"]),
        ("the discriminator is always right", ["99.9%", "0.020", "0.950"]),
        ("the discriminator is fooled", ["12%", "0.020", "0.950"]),
        ("samples leap", ["95%", "0.040"]),
        ("samples stand still", ["0.1%", "0.040"]),
        ("samples are copies", ["10%", "90%"]),
        ("unseen samples are suspected", ["2.00"]),
        ("a mode is gone", ["digit 7", "0.0%", "10.0%"]),
        ("labels mean nothing", ["10%"]),
    ],
)
def test_the_evidence_has_the_figures(fault: str, figures: list[str]) -> None:
    evidence = diagnose(course(**FAULTS[fault][1]))[0].evidence
    assert [figure for figure in figures if figure not in evidence] == []


@pytest.mark.parametrize(
    "fault",
    ["samples beside each other", "samples are copies", "unseen samples are suspected"],
)
def test_one_look_alone_proves_nothing(fault: str) -> None:
    history, bad = course(), course(**FAULTS[fault][1]).looks[-1]
    history.looks[-1] = bad
    assert diagnose(history) == []


@pytest.mark.parametrize(
    "fault",
    [
        "the discriminator is always right",
        "the discriminator tosses a coin",
        "samples leap",
        "samples stand still",
    ],
)
def test_good_samples_excuse_strange_signals(fault: str) -> None:
    how = FAULTS[fault][1]
    good = dict(how["look"]) | {"coverage": 0.85}
    assert diagnose(course(how.get("step"), good)) == []


def test_a_coin_tosser_whose_samples_improve_is_given_time() -> None:
    history = course(FAULTS["the discriminator tosses a coin"][1]["step"], {"coverage": 0.02})
    for look, coverage in zip(history.looks[-3:], (0.05, 0.1, 0.2), strict=True):
        look.values["coverage"] = coverage
    assert diagnose(history) == []


def test_unrecognisable_samples_say_nothing_of_labels() -> None:
    assert diagnose(course(look={"agreement": 0.1, "precision": 0.05})) == []


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.9, 0.1], [0.6, 0.3, 0.1], [0.1] * 10])
def test_labels_that_are_followed_are_never_called_ignored(shares: list[float]) -> None:
    """Whoever ignores labels agrees with them by chance: a share of the sum of squared shares."""
    counts = [round(1000 * share) for share in shares]
    for agreement, ignored in ((1.0, False), (0.95, False), (sum(s * s for s in shares), True)):
        history = course(look={"agreement": agreement}, counts=counts)
        history.shares, history.names = shares, NAMES[: len(shares)]
        assert _names(history) == (["labels ignored"] if ignored else [])


def test_without_labels_or_a_discriminators_answers_the_others_are_still_heard() -> None:
    history = course(look={"twins": 1.0, "vendi": 1.0})
    for look in history.looks:
        for name in ("agreement", "seen", "unseen", "spread", "moved"):
            look.values.pop(name)
    assert _names(history) == ["mode collapse (total)"]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, 0.1), (0, 12.0), (3, 5.0), (10, 10.0), (12, 50.0), (300, 900.0), (1400, 2000.0), (9, 0.3)],
)
def test_chance_is_that_of_the_poisson_distribution(count: int, expected: float) -> None:
    assert at_most(count, expected) == pytest.approx(poisson.cdf(count, expected), rel=1e-9)
    assert 0 <= at_most(count, expected) <= 1 + 1e-12


def test_nothing_is_missed_where_nothing_is_expected() -> None:
    assert at_most(0, 0.0) == 1.0


def _counted(*looks: list[int], shares: list[float] | None = None) -> History:
    history = History(FLOORS, NAMES, shares or [0.1] * 10)
    for index, counts in enumerate(looks):
        history.add_look(0.1 * (index + 1), {}, counts)
    return history


def _missing(history: History) -> set[int]:
    return missing(history, history.looks[-1])


def test_gone_modes_are_the_missing_ones() -> None:
    gone = [2, 60, 62, 63, 62, 62, 63, 1, 62, 63]
    assert _missing(_counted(gone)) == {0, 7}
    assert _missing(_counted(COUNTS)) == set()


def test_a_mode_that_was_there_once_is_missed_sooner() -> None:
    weak = [60, 216, 216, 216, 215, 215, 215, 216, 215, 216]
    assert sum(weak) == 2000
    assert _missing(_counted(weak)) == set()
    assert _missing(_counted([200] * 10, weak)) == {0}


def test_chance_excuses_rare_modes() -> None:
    counts = [0] + [55] * 9
    assert _missing(_counted(counts)) == {0}
    rare = [0.01] + [0.11] * 9
    assert _missing(_counted(counts, shares=rare)) == set()
    assert _missing(_counted([0] * 10)) == set()


def test_a_large_look_does_not_run_over() -> None:
    shares = [0.9] + [0.1 / 9] * 9
    assert _missing(_counted([1600, *[933] * 9], shares=shares)) == {0}


def test_the_best_share_of_each_mode_is_remembered() -> None:
    history = _counted([10] * 10, [0, 20, *[10] * 8], [30, *[0] * 9])
    assert best_shares(history) == pytest.approx([1.0, 0.2, *[0.1] * 8])
    assert best_shares(_counted([0] * 10)) == [0.0] * 10


def test_modes_must_be_missed_twice() -> None:
    lost = [0, *[55] * 9]
    history = course(counts=lost)
    assert diagnose(history)[0].modes == ("digit 0",)
    history.looks[-2] = Seen(0.4, history.looks[-2].values, COUNTS)
    assert diagnose(history) == []
    other = course(counts=lost)
    other.looks[-2] = Seen(0.4, other.looks[-2].values, [*[55] * 9, 0])
    assert diagnose(other) == []


def test_all_modes_that_are_gone_are_named() -> None:
    history = course(counts=[0, *[62] * 7, 0, 66])
    found = diagnose(history)[0]
    assert found.modes == ("digit 0", "digit 8")
    assert found.evidence.startswith("digit 0, digit 8: 0.0%") and "20.0%" in found.evidence
