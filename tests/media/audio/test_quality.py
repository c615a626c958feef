from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gansmith.media.audio.quality import MOST, audio_quality_metrics
from tests.evaluation.tones import LENGTH, RATE, tones

DATASET = tones(count=4, held_out=1)


def stored(*waves: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.rint(np.stack(waves) * 32767).clip(-32768, 32767).astype(np.int16)[:, None, :, None]


def sine(hertz: float, peak: float) -> NDArray[np.float64]:
    return peak * np.sin(2 * np.pi * hertz * np.arange(LENGTH) / RATE)


def noise(level: float) -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(0, level, LENGTH)


SILENCE = np.zeros(LENGTH)


def test_shares_are_those_of_the_clips_that_were_put_in() -> None:
    """Of ten clips three are silent and two steady tones; one tone and one noise clip."""
    clips = [SILENCE, SILENCE, noise(0.0001), sine(500, 0.3), sine(300, 1.2)]
    heard = audio_quality_metrics(stored(*clips, 20 * noise(1), *[noise(0.1)] * 4), DATASET)
    assert set(heard) == {"silence_share", "clipping_share", "tone_share", "noise_floor"}
    assert heard["silence_share"] == pytest.approx(0.3)
    assert heard["clipping_share"] == pytest.approx(0.2)
    assert heard["tone_share"] == pytest.approx(0.2)


@pytest.mark.parametrize("decibels", [-20, -40, -60])
def test_the_noise_floor_is_the_level_of_the_quiet_half(decibels: float) -> None:
    """White noise at the level given, with a loud tone over half of each clip.

    A frame of 20 ms has 160 points, so that its level scatters by 0.5 dB; the tenth percentile of
    all is the second of ten quiet ones.
    """
    level = 10 ** (decibels / 20)
    clips = [np.random.default_rng(seed).normal(0, level, LENGTH) for seed in range(20)]
    for clip in clips:
        clip[: LENGTH // 2] += sine(700, 0.5)[: LENGTH // 2]
    assert audio_quality_metrics(stored(*clips), DATASET)["noise_floor"] == pytest.approx(
        decibels, abs=1.5
    )


def test_silence_has_the_lowest_floor() -> None:
    heard = audio_quality_metrics(stored(SILENCE, SILENCE), DATASET)
    assert heard["noise_floor"] == pytest.approx(-120)
    assert heard["silence_share"] == 1 and heard["tone_share"] == heard["clipping_share"] == 0


def test_channels_are_mixed() -> None:
    wave = stored(sine(500, 0.5))
    both, against = (np.concatenate([wave, sign * wave], axis=3) for sign in (1, -1))
    assert audio_quality_metrics(both, DATASET) == audio_quality_metrics(wave, DATASET)
    assert audio_quality_metrics(against, DATASET)["noise_floor"] == -120


def test_silence_and_clipping_are_those_of_the_loudest_channel() -> None:
    quiet, loud = stored(sine(500, 0.2)), stored(sine(300, 1.3))
    heard = audio_quality_metrics(np.concatenate([quiet, loud], axis=3), DATASET)
    assert (heard["clipping_share"], heard["silence_share"]) == (1, 0)
    turns = np.zeros((1, 1, LENGTH, 2), np.int16)
    turns[0, 0, [100, 101, 102], [0, 1, 0]] = 32767  # full scale in turn is no run of three
    assert audio_quality_metrics(turns, DATASET)["clipping_share"] == 0
    heard = audio_quality_metrics(np.concatenate([quiet, -quiet], axis=3), DATASET)
    assert (heard["clipping_share"], heard["silence_share"]) == (0, 0)


def test_clips_that_stand_for_all_are_of_every_class() -> None:
    """Files come one class after another; here the second half is silent."""
    clips = np.zeros((2 * MOST, 1, LENGTH, 1), np.int16)
    clips[:MOST] = stored(noise(0.1))
    assert audio_quality_metrics(clips, DATASET)["silence_share"] == 0.5


def test_samples_are_left_as_they_were() -> None:
    clips = stored(noise(0.1), sine(500, 0.5))
    before = clips.copy()
    audio_quality_metrics(clips, DATASET)
    assert np.array_equal(clips, before)
