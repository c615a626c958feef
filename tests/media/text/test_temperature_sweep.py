from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.evaluation.metrics.frechet import frechet_distance
from gansmith.media.text.code_points import to_points
from gansmith.media.text.features import Reading, rarity
from gansmith.media.text.temperature_sweep import Row, TemperatureSweep, gain
from tests.media.text.scores import bleu, language_score, reverse_language_score, self_bleu

CAPTIONS = Path(__file__).parents[3] / "shared" / "data" / "captions-coco"
NOUNS = [f"noun{n}" for n in range(30)]


def sentences(count: int, seed: int, temperature: float = 1.0) -> list[str]:
    """Sentences of a grammar whose nouns follow a power law, sharpened by a temperature."""
    random = np.random.default_rng(seed)
    weights = (1 / np.arange(1, 31)) ** (1 / temperature)
    first, second = random.choice(NOUNS, (2, count), p=weights / weights.sum())
    verbs = random.choice(["sees", "hears", "finds"], count)
    return [f"the {a} {v} the {b} ." for a, v, b in zip(first, verbs, second, strict=True)]


def curve(f: Callable[[float], float], *places: float) -> list[Row]:
    return [{"x": place, "y": f(place)} for place in places]


@cache
def small_sweep() -> TemperatureSweep:
    return TemperatureSweep(sentences(200, seed=1), sentences(200, seed=2), count=60)


def test_rows_are_what_the_metrics_say() -> None:
    held_out, training = sentences(200, seed=1), sentences(200, seed=2)
    sweep, samples = small_sweep(), sentences(80, seed=3)
    (row,) = sweep.rows({0.7: samples})
    judged = samples[:60]
    assert row["temperature"] == 0.7
    for n in (2, 3, 4, 5):
        assert row[f"bleu{n}"] == pytest.approx(bleu(judged, sweep.reference, n))
        assert row[f"self_bleu{n}"] == pytest.approx(self_bleu(judged, n))
    assert row["language"] == pytest.approx(language_score(judged, training))
    assert row["reverse_language"] == pytest.approx(
        reverse_language_score(judged, sweep.reference, training)
    )
    extractor = Reading(rarity(training))
    sides = [extractor.features(to_points(texts, 80)) for texts in (sweep.reference, judged)]
    assert row["frechet"] == pytest.approx(frechet_distance(*sides), rel=1e-6)
    assert row["unique"] == len(set(judged)) / 60
    assert row["copied"] == sum(text in training for text in judged) / 60
    assert row["mean_length"] == 6
    assert len(sweep.reference) == 100 and set(sweep.reference) <= set(held_out)


def test_halves_are_disjoint_and_follow_the_seed() -> None:
    held_out = [f"number {n}" for n in range(41)]
    sweeps = [TemperatureSweep(held_out, held_out, 20, seed=seed) for seed in (0, 0, 1)]
    references = [sweep.reference for sweep in sweeps]
    assert references[0] == references[1] != references[2]
    floor = sweeps[0].floor
    assert floor["unique"] == 1 and len(references[0]) == 21
    others = [text for text in held_out if text not in references[0]]
    assert floor["bleu2"] == pytest.approx(bleu(others, references[0], 2))


def test_the_floor_is_what_fair_samples_have() -> None:
    sweep = small_sweep()
    (row,) = sweep.rows({1.0: sentences(60, seed=4)})
    for name, value in sweep.floor.items():
        assert row[name] == pytest.approx(value, rel=0.25, abs=0.15), name
    assert "temperature" not in sweep.floor


def test_a_low_temperature_trades_variety_for_quality() -> None:
    arm = {t: sentences(60, seed=5, temperature=t) for t in (1.5, 0.3, 0.6, 1.0)}
    rows = small_sweep().rows(arm)
    assert [row["temperature"] for row in rows] == [0.3, 0.6, 1.0, 1.5]
    for name, sign in (("self_bleu4", -1), ("language", 1), ("unique", 1)):
        assert all(np.diff([sign * row[name] for row in rows]) > 0), name
    assert rows[0]["reverse_language"] > rows[2]["reverse_language"]
    assert rows[0]["frechet"] > rows[2]["frechet"]


def test_counts_must_suffice() -> None:
    texts = sentences(40, seed=0)
    for count in (1, 21):
        with pytest.raises(GansmithError, match="two halves"):
            TemperatureSweep(texts, texts, count)
    with pytest.raises(GansmithError, match=r"19 samples at temperature 0\.8, and 20 are"):
        TemperatureSweep(texts, texts, 20).rows({0.8: texts[:19]})


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
    with pytest.raises(GansmithError, match=r"no range of x in common, 0\.1 to 0\.3 and 0\.3"):
        gain(left, right, "x", "y")
    with pytest.raises(GansmithError, match="no range"):
        gain(left[:1], left, "x", "y")


def test_real_captions() -> None:
    """Real captions lie at the floor; captions with their words shuffled do not."""
    if not CAPTIONS.is_dir():
        pytest.skip("the captions are not there: shared/data/captions-coco beside the repository")
    texts = (CAPTIONS / "train.txt").read_text("utf-8").splitlines()
    sweep = TemperatureSweep(texts[1::2], texts[2::2], count=500)
    random = np.random.default_rng(0)
    shuffled = [" ".join(random.permutation(text.split())) for text in texts[4::2][:500]]
    (bad,) = sweep.rows({1.0: shuffled})
    assert sweep.floor["bleu4"] > 1.5 * bad["bleu4"]
    assert sweep.floor["language"] + 1 < bad["language"]
    assert sweep.floor["reverse_language"] + 0.5 < bad["reverse_language"]
    assert sweep.floor["frechet"] < bad["frechet"]
