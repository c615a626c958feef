from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import signal

from gansmith.media.audio.pitch import WINDOW, _differences, estimate_f0, heard_note
from gansmith.media.audio.samples import to_samples

RATE = 16_000


def played(hertz: float, seconds: float = 0.6, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """A plucked note: partials of random phase that die away, some noise."""
    random, time = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    partials = range(1, min(12, int(0.45 * rate / hertz)) + 1)
    wave = sum(
        np.sin(2 * np.pi * (k * hertz * time + random.random())) * np.exp(-k * time) / k
        for k in partials
    )
    return (0.3 * wave + random.normal(0, 0.003, len(time))).astype(np.float32)


@pytest.mark.parametrize("hertz", [27.5, 41.2, 82.4, 196.0, 440.0, 880.0, 1975.5, 3520.0])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_plucked_notes_are_heard_within_ten_cents(hertz: float, rate: int) -> None:
    found = estimate_f0(played(hertz, rate=rate), rate)
    assert found is not None
    assert abs(1200 * math.log2(found / hertz)) < 10


def test_a_missing_fundamental_is_heard_as_ears_do() -> None:
    time = np.arange(RATE) / RATE
    wave = sum(np.sin(2 * np.pi * 110 * k * time) for k in (2, 3, 4, 5)) / 8
    found = estimate_f0(wave.astype(np.float32), RATE)
    assert found is not None and abs(found - 110) < 0.5


def test_what_has_no_pitch_plays_no_note() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.1, RATE).astype(np.float32)
    assert estimate_f0(noise, RATE) is None
    assert estimate_f0(np.zeros(RATE, np.float32), RATE) is None
    assert estimate_f0(np.zeros(10, np.float32), RATE) is None
    click = np.zeros(RATE, np.float32)
    click[100] = 0.9
    assert estimate_f0(click, RATE) is None


def test_the_note_is_that_of_the_loud_part() -> None:
    wave = np.concatenate([0.05 * played(880), played(220), np.zeros(RATE, np.float32)])
    clip = to_samples(np.stack([wave, wave], 1))[None]
    assert heard_note(clip, RATE) == 57


def test_a_scale_rises_by_semitones() -> None:
    notes = [
        heard_note(to_samples(played(440 * 2 ** (n / 12)))[None, :, None], RATE) for n in range(13)
    ]
    assert notes[0] == 69 and all(b - a == 1 for a, b in pairwise(notes))


def test_differences_agree_with_brute_force() -> None:
    window = np.random.default_rng(1).normal(size=2 * WINDOW)
    found = _differences(window, 200)
    for lag in (0, 1, 7, 200):
        expected = np.square(window[:WINDOW] - window[lag : lag + WINDOW]).sum()
        assert found[lag] == pytest.approx(expected, abs=1e-6)


def test_a_chirp_is_heard_where_its_middle_is() -> None:
    time = np.arange(RATE) / RATE
    wave = 0.5 * signal.chirp(time, 200, 1, 300)
    found = estimate_f0(wave.astype(np.float32), RATE)
    assert found is not None and 240 < found < 260
