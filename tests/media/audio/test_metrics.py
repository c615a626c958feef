from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.signal import stft

from gansmith.media.audio import metrics
from gansmith.media.audio.metrics import (
    clipping_share,
    noise_floor,
    silence_share,
    spectral_distance,
    tone_share,
)
from tests.evaluation.metrics.clips import (
    RATE,
    Wave,
    chirp,
    kick,
    noise,
    note,
    sine,
    syllables,
    times,
)


def plain_distance(a: Wave, b: Wave, sizes: tuple[int, ...]) -> float:
    """The distance by scipy, whose spectra have half of a sine's amplitude."""
    total = 0.0
    for size in sizes:
        first, second = (
            np.maximum(
                2 * np.abs(stft(x, nperseg=size, noverlap=size * 3 // 4, padded=False)[2]), 1e-5
            )
            for x in (a.astype(np.float64), b.astype(np.float64))
        )
        total += float(np.linalg.norm(first - second) / np.linalg.norm(first))
        total += float(np.abs(np.log(first / second)).mean())
    return total / len(sizes)


def test_spectral_distance_agrees_with_scipy() -> None:
    a = np.stack([note(220), noise(), kick()])
    b = np.stack([note(230), noise(0.2, seed=1), sine(440)])
    expected = plain_distance(a, b, (512, 1024, 2048))
    assert spectral_distance(a, b) == pytest.approx(expected, rel=1e-4)
    assert spectral_distance(torch.tensor(a), torch.tensor(b)) == spectral_distance(a, b)


def test_spectral_distance_at_given_sizes_and_in_short_clips() -> None:
    a, b = (noise(seed=seed)[None, :700] for seed in (0, 1))
    assert spectral_distance(a, b, (256, 512)) == pytest.approx(
        plain_distance(a, b, (256, 512)), rel=1e-4
    )
    assert spectral_distance(a, b) == spectral_distance(a, b, (128, 256, 512))


def test_spectral_distance_of_a_gain_has_a_closed_form() -> None:
    loud = noise(0.2)[None]
    assert spectral_distance(loud, loud) == 0
    assert spectral_distance(loud, 0.5 * loud) == pytest.approx(0.5 + math.log(2), rel=1e-5)


def test_batches_do_not_change_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    a = np.stack([note(220), noise(), kick(), sine(440), syllables()])

    def results() -> list[float]:
        distance = spectral_distance(a, a[::-1])
        shares = [silence_share(a), clipping_share(a), tone_share(a, RATE)]
        return [distance, *shares, noise_floor(a, RATE)]

    expected = results()
    monkeypatch.setattr(metrics, "POINTS", 2 * RATE)
    assert results() == pytest.approx(expected, rel=1e-6)


def test_read_only_waves_are_welcome() -> None:
    clips = np.stack([kick(), noise()])
    clips.flags.writeable = False
    assert silence_share(clips) == 0


def test_silence_is_below_sixty_decibels() -> None:
    clips = np.stack([sine(440, peak=p) for p in (0.5, 1.1e-3, 0.9e-3, 0)])
    clips[3, 500] = 0.3
    assert silence_share(clips) == 0.25


def test_clipping_is_three_points_in_a_row() -> None:
    clips = np.zeros((4, 100), np.float32)
    clips[0, 50:53] = 1
    clips[1, 97:] = -1.2
    clips[2, 50:52] = clips[2, 53:55] = 1
    clips[3] = 0.99
    assert clipping_share(clips) == 0.5
    driven = np.clip(sine(440, peak=1.5), -1, 1)
    assert clipping_share(np.stack([driven, sine(440, peak=1)])) == 0.5


@pytest.mark.parametrize("hertz", [55, 440, 1003.7, 7000])
@pytest.mark.parametrize("level", [0, 0.05])
def test_steady_tones_are_found(hertz: float, level: float) -> None:
    assert tone_share((sine(hertz) + noise(level))[None], RATE) == 1


def test_nothing_else_is_a_steady_tone() -> None:
    others = [kick(), kick(0.5), kick(1), chirp(), noise(), syllables(), note(80), note(220)]
    others += [note(440), np.zeros(RATE, np.float32), np.eye(1, RATE, dtype=np.float32)[0]]
    bursts = sine(440) * (times() % 0.5 < 0.25)
    two = sine(440) + sine(660)
    assert [tone_share(x[None], RATE) for x in [*others, bursts, two]] == [0] * 13


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_tones_are_told_at_other_rates(rate: int) -> None:
    assert tone_share(np.stack([sine(440, rate=rate), kick(rate=rate)]), rate) == 0.5


def test_tones_are_told_in_short_clips() -> None:
    assert tone_share(np.stack([sine(1000, 0.05), noise(seconds=0.05)]), RATE) == 0.5


def test_noise_floor_of_known_levels() -> None:
    assert noise_floor(sine(1000, peak=1)[None], RATE) == pytest.approx(-3.01, abs=0.01)
    hiss = noise(10 ** (-50 / 20), seconds=5)
    hiss[::20] += sine(440, seconds=5)[::20] * (times(5)[::20] < 4)
    assert noise_floor(hiss[None], RATE) == pytest.approx(-50, abs=0.6)
    assert noise_floor(np.zeros((2, RATE), np.float32), RATE) == pytest.approx(-120)


def test_a_tenth_of_the_clips_exceed_the_noise_floor() -> None:
    clips = np.stack([sine(1000, peak=10 ** (-place / 4)) for place in range(11)])
    assert noise_floor(clips, RATE) == pytest.approx(-8.01, abs=0.01)
    assert noise_floor(clips[:, :100], RATE) == pytest.approx(-8, abs=0.3)


def test_hiss_in_a_third_of_the_clips_is_told() -> None:
    clips = np.concatenate([np.zeros((20, RATE), np.float32), np.stack([noise(1e-3)] * 10)])
    assert noise_floor(clips, RATE) == pytest.approx(-60, abs=1)
