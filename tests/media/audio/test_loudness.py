from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray
from scipy import signal

from gansmith.media.audio.loudness import fade, loudness, normalise, remove_dc

RATE = 48000


def sine(level: float, seconds: float, frequency: float = 997) -> NDArray[np.float32]:
    time = np.arange(round(RATE * seconds)) / RATE
    return (level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[:, None]


def test_the_reference_tone_of_the_standard() -> None:
    # ITU-R BS.1770: a full-scale 997 Hz sine in one channel reads -3.01 LKFS.
    assert loudness(sine(1, 2), RATE) == pytest.approx(-3.01, abs=0.05)
    assert loudness(np.repeat(sine(1, 2), 2, axis=1), RATE) == pytest.approx(0, abs=0.05)


def test_short_sounds_and_low_rates_are_measured_by_their_power() -> None:
    assert loudness(sine(0.1, 0.39), RATE) == pytest.approx(-23.01, abs=0.01)
    assert loudness(np.repeat(sine(0.1, 0.1), 2, axis=1), RATE) == pytest.approx(-20, abs=0.01)
    assert loudness(sine(0.1, 1), 1000) == pytest.approx(-23.01, abs=0.01)


def test_what_the_gates_reject_is_measured_by_its_power() -> None:
    assert loudness(sine(1e-4, 1), RATE) == pytest.approx(-83.01, abs=0.01)
    assert loudness(np.zeros((RATE, 2), np.float32), RATE) is None


@pytest.mark.parametrize("target", [-30.0, -14.0])
def test_normalising_reaches_the_target(target: float) -> None:
    noise = np.random.default_rng(0).standard_normal((2 * RATE, 2)) * 0.01
    clip = normalise(noise.astype(np.float32), RATE, target)
    assert clip.dtype == np.float32
    measured = pyloudnorm.Meter(RATE).integrated_loudness(clip.astype(float))
    assert measured == pytest.approx(target, abs=0.01)


def test_normalising_short_clips_by_their_power() -> None:
    clip = normalise(sine(0.9, 0.1), RATE, -20)
    assert 20 * np.log10(clip.std()) == pytest.approx(-20, abs=0.01)


def test_the_peak_is_kept_safe() -> None:
    clicks = np.zeros((RATE, 1), np.float32)
    clicks[::4800] = 0.25
    loud = normalise(clicks, RATE, -10)
    assert abs(loud).max() == pytest.approx(0.98)
    assert np.allclose(loud, clicks * (0.98 / 0.25))


def test_silence_and_no_target_leave_a_clip_alone() -> None:
    hush, tone = sine(0.0009, 1), sine(1, 1)
    assert np.array_equal(normalise(hush, RATE, -14), hush)
    assert np.array_equal(normalise(tone, RATE, None), tone)
    assert not normalise(np.zeros((10, 1), np.float32), RATE, -14).any()


def test_dc_is_removed_from_each_channel() -> None:
    clip = np.concatenate([sine(0.4, 1) + 0.3, sine(0.4, 1) - 0.1], axis=1).astype(np.float32)
    clean = remove_dc(clip)
    assert clean.dtype == np.float32
    assert np.allclose(
        clean, signal.detrend(clip.astype(float), axis=0, type="constant"), atol=1e-6
    )
    assert np.allclose(clean, sine(0.4, 1), atol=1e-6)


def test_without_dc_a_clip_still_fits() -> None:
    pulses = np.full((1000, 1), -1, np.float32)
    pulses[:100] = 1
    clean = remove_dc(pulses)
    assert abs(clean).max() == 1 and abs(clean.mean()) < 1e-6
    assert clean[0, 0] - clean[-1, 0] == pytest.approx(10 / 9)


def test_edges_fade_for_two_milliseconds() -> None:
    clip = np.ones((4800, 2), np.float32)
    faded = fade(clip, RATE)
    assert not faded[[0, -1]].any() and (faded[96:-96] == 1).all() and (clip == 1).all()
    assert (np.diff(faded[:97], axis=0) > 0).all()
    assert np.array_equal(faded, faded[::-1])
    assert faded[48, 0] == pytest.approx(0.5)


@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_clips_shorter_than_the_edges(length: int) -> None:
    faded = fade(np.ones((length, 1), np.float32), RATE)
    assert faded.shape == (length, 1) and np.array_equal(faded, faded[::-1])
    assert length < 2 or faded[0] == 0
