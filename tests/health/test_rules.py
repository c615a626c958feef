from __future__ import annotations

import math

import pytest

from gansmith.health.diagnosis import EXPLANATIONS
from gansmith.health.history import History
from gansmith.health.interventions import INTERVENTIONS
from gansmith.health.rules import (
    FATAL,
    LATE,
    RULES,
    SETTLED,
    WARM,
    diagnose,
)
from tests.health.courses import FAULTS, FLOORS, NAMES, STEP, WAITS, course

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


def test_each_fault_is_waited_for_or_told_at_once() -> None:
    assert WAITS.keys() == FAULTS.keys() - AT_ONCE
    assert 0 < WARM < SETTLED < LATE < 1


@pytest.mark.parametrize("fault", WAITS)
@pytest.mark.parametrize("since", [0.0, 0.3])
def test_a_fault_is_told_once_a_course_is_old_enough(fault: str, since: float) -> None:
    (name, how), wait = FAULTS[fault], WAITS[fault]
    if since and name == "discriminator overpowers":
        wait = SETTLED  # players that were put back have to find their feet
    young, old = (
        course(since=since, until=since + wait + more, span=10, **how) for more in (-0.01, 0.01)
    )
    assert _names(young) == []
    assert _names(old) == [name]


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
    history.add_diagnosis(name, 0.5)
    assert diagnose(history) == []


def test_lengths_before_any_reward_are_the_language_models_own() -> None:
    assert diagnose(course(step={"fake_length": 7.0, "real_length": 11.0})) == []


def test_the_gravest_comes_first() -> None:
    how = FAULTS["labels mean nothing"][1]["look"] | FAULTS["samples leap"][1]["look"]
    assert _names(course(look=how)) == ["oscillation", "labels ignored"]


def test_lesser_things_are_no_news_beside_something_fatal() -> None:
    how = FAULTS["labels mean nothing"][1]["look"] | {"twins": 1.0, "vendi": 1.0}
    history = course({"g_loss": math.nan}, how)
    assert _names(history) == ["diverged", "mode collapse (total)"]
    history.add_diagnosis("diverged", 0.5)
    assert _names(history) == ["mode collapse (total)"]
    history.add_diagnosis("mode collapse (total)", 0.5)
    assert _names(history) == []
    history.restart(0.5)
    assert history.diagnosed == {}


def test_names_explanations_and_remedies_go_together() -> None:
    named = {name for name, _ in FAULTS.values()}
    assert named == set(EXPLANATIONS) == set(INTERVENTIONS)
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
    history, bad = course(), course(**FAULTS[fault][1]).probes[-1]
    history.probes[-1] = bad
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
    for look, coverage in zip(history.probes[-3:], (0.05, 0.1, 0.2), strict=True):
        look.values["coverage"] = coverage
    assert diagnose(history) == []


def test_one_early_look_does_not_tell_a_coin_tosser_from_an_even_match() -> None:
    name, how = FAULTS["the discriminator tosses a coin"]
    history = course(until=0.5, **how)
    looks = history.probes
    history.probes = looks[:1]
    assert diagnose(history) == []
    history.probes = looks[:2]
    assert _names(history) == [name]
    looks[0].values["coverage"] = 0.8
    assert diagnose(history) == []


@pytest.mark.parametrize("fault", ["samples beside each other", "one sample"])
def test_samples_that_grow_more_varied_have_not_collapsed(fault: str) -> None:
    vendis = (1.1, 1.4, 1.8)
    for values, said in ((vendis, []), (vendis[::-1], ["mode collapse (total)"])):
        history = course(**FAULTS[fault][1])
        for look, vendi in zip(history.probes[-3:], values, strict=True):
            look.values["vendi"] = vendi
        assert _names(history) == said


@pytest.mark.parametrize(("share", "said"), [(0.11, []), (0.09, ["generator stalled"])])
def test_only_a_generator_below_a_tenth_of_the_floor_has_stalled(
    share: float, said: list[str]
) -> None:
    still = {"moved": 0.001, "coverage": share * FLOORS["coverage"]}
    assert _names(course(look=still)) == said


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
    for look in history.probes:
        for name in ("agreement", "seen", "unseen", "spread", "moved"):
            look.values.pop(name)
    assert _names(history) == ["mode collapse (total)"]
