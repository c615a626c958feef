from __future__ import annotations

import json
import re
from dataclasses import asdict

import numpy as np
import pytest

from gansmith.media.text.selection import TEMPERATURES, ModelSelection, decide
from gansmith.media.text.temperature_sweep import Row

FLOOR = {"bleu4": 0.6, "self_bleu4": 0.4, "mean_length": 10.0}
START = 0.6


def arm(
    shift: float = 0.0,
    *,
    reverse: float = 4.0,
    frechet: float = 2.0,
    length: float = 10.0,
    variety: float = START,
) -> list[Row]:
    """A curve on the line bleu4 = self_bleu4 / 2 + shift, with the other measures constant."""
    places = [variety - 0.04 * n for n in range(len(TEMPERATURES))]
    rest = {"reverse_language": reverse, "frechet": frechet, "mean_length": length}
    return [
        {"temperature": t, "self_bleu4": x, "bleu4": x / 2 + shift, **rest}
        for t, x in zip(TEMPERATURES, places, strict=True)
    ]


def decided(after: list[Row], before: list[Row] | None = None) -> tuple[str, str]:
    return decide({"likelihood": before or arm(), "adversarial": after}, FLOOR)


def test_the_better_one_is_shipped() -> None:
    shipped, reason = decided(arm(0.02))
    assert shipped == "adversarial"
    assert reason == ("BLEU-4 at equal self-BLEU-4 +0.0200 against the pretrained language model")


@pytest.mark.parametrize("shift", [0.0, -0.01, -0.2])
def test_what_is_no_better_is_not_shipped(shift: float) -> None:
    shipped, reason = decided(arm(shift))
    assert shipped == "likelihood"
    assert f"{shift:+.4f}" in reason and reason.endswith(": no gain")


@pytest.mark.parametrize(
    ("after", "fault"),
    [
        (arm(0.1, reverse=4.2), "reverse language model +5.0%"),
        (arm(0.1, frechet=2.06), "Fréchet distance +3.0%"),
        (arm(0.1, length=11.0), "length +10.0% further from real"),
        (arm(0.1, length=9.5), "length +5.0% further from real"),
    ],
)
def test_a_fault_that_outweighs_the_gain_is_named(after: list[Row], fault: str) -> None:
    shipped, reason = decided(after)
    assert shipped == "likelihood"
    assert reason == (
        f"BLEU-4 at equal self-BLEU-4 +0.1000 against the pretrained language model: {fault}"
    )


def test_all_faults_are_named_also_where_nothing_is_gained() -> None:
    shipped, reason = decided(arm(-0.1, reverse=5, frechet=3, length=5))
    assert shipped == "likelihood"
    assert reason.endswith(
        ": reverse language model +25.0%, Fréchet distance +50.0%, length +50.0% further from real"
    )


@pytest.mark.parametrize(
    "after",
    [
        arm(0.01, reverse=4.07),
        arm(0.01, frechet=2.03),
        arm(0.01, length=10.19),
        arm(0.01, length=9.81),
        arm(0.01, reverse=3, frechet=1),
    ],
)
def test_losses_within_noise_and_gains_are_no_faults(after: list[Row]) -> None:
    assert decided(after)[0] == "adversarial"


def test_only_coming_further_from_real_lengths_counts() -> None:
    before = arm(length=8.0)
    assert decided(arm(0.01, length=8.0), before)[0] == "adversarial"
    assert decided(arm(0.01, length=12.0), before)[0] == "adversarial"
    assert decided(arm(0.01, length=10.0), before)[0] == "adversarial"
    assert decided(arm(0.01, length=7.5), before)[0] == "likelihood"


def test_lengths_are_compared_at_the_highest_temperature() -> None:
    after = arm(0.01)
    after[0]["mean_length"] = 3.0
    assert decided(after)[0] == "adversarial"
    after[-1]["mean_length"] = 3.0
    assert decided(after)[0] == "likelihood"


@pytest.mark.parametrize("variety", [START + 1, START - 1])
def test_curves_that_share_no_range_ship_the_language_model(variety: float) -> None:
    shipped, reason = decided(arm(9.0, variety=variety))
    assert shipped == "likelihood" and "share no range" in reason


def dense(before: list[Row], after: list[Row], name: str) -> float:
    """Mean distance of two curves where both are, by a fine grid."""
    sides = [sorted((row["self_bleu4"], row[name]) for row in rows) for rows in (before, after)]
    low = max(side[0][0] for side in sides)
    high = min(side[-1][0] for side in sides)
    grid = np.linspace(low, high, 20_001)
    a, b = (np.interp(grid, [x for x, _ in side], [y for _, y in side]) for side in sides)
    return float((b - a).mean())


def drawn(random: np.random.Generator) -> list[Row]:
    names = ("self_bleu4", "bleu4", "reverse_language", "frechet", "mean_length")
    rows = random.uniform(0.98, 1.02, (len(TEMPERATURES), len(names)))
    rows[:, 0] = np.sort(random.uniform(0, 1, len(TEMPERATURES)))[::-1]
    return [dict(zip(names, map(float, row), strict=True)) for row in rows]


def test_it_decides_as_the_rule_says_over_curves_at_random() -> None:
    random, kept = np.random.default_rng(0), 0
    for _ in range(200):
        before, after = drawn(random), drawn(random)
        shipped, reason = decide({"likelihood": before, "adversarial": after}, {"mean_length": 1.0})
        gained = dense(before, after, "bleu4")
        losses = [
            dense(before, after, name) / float(np.mean([row[name] for row in before]))
            for name in ("reverse_language", "frechet")
        ]
        strayed = [abs(rows[-1]["mean_length"] - 1) for rows in (before, after)]
        fair = gained > 0 and max(losses) <= 0.02 and strayed[1] - strayed[0] <= 0.02
        told = re.search(r"[+-]\d\.\d{4}", reason)
        assert told is not None and float(told[0]) == pytest.approx(gained, abs=2e-4)
        assert shipped == ("adversarial" if fair else "likelihood")
        kept += fair
    assert 20 < kept < 180


def test_a_contest_is_the_same_after_it_was_written() -> None:
    curves = {"likelihood": arm(), "adversarial": arm(0.1)}
    samples = {"likelihood": ["a dog", ""], "adversarial": ["春眠\n不覺", '"x"']}
    contest = ModelSelection(curves, FLOOR, samples, *decide(curves, FLOOR))
    assert ModelSelection.from_json(json.loads(json.dumps(asdict(contest)))) == contest
