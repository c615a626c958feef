from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gansmith.evaluation.features import build_extractor
from gansmith.evaluation.features.preparation import prepare_for
from gansmith.media.audio.features import LogMelFrontend
from gansmith.media.image.preprocessing import Preprocessing
from tests.evaluation.bars import bars
from tests.evaluation.tones import tones

SIDE = 64


def stored(*waves: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.rint(np.stack(waves) * 32767).astype(np.int16)[:, None, :, None]


def sine(hertz: float, rate: int, length: int, peak: float = 0.1) -> NDArray[np.float64]:
    return peak * np.sin(2 * np.pi * hertz * np.arange(length) / rate)


@pytest.mark.parametrize("rate", [4000, 8000, 16000, 44100, 48000])
@pytest.mark.parametrize("seconds", [0.05, 0.25, 1.0, 5.0])
def test_every_clip_becomes_a_picture_of_one_size(rate: int, seconds: float) -> None:
    length = round(rate * seconds)
    noise = np.random.default_rng(0).uniform(-1, 1, length)
    seen = LogMelFrontend(rate, length)(stored(noise, 0 * noise, 1e-3 * noise))
    assert seen.shape == (3, 1, SIDE, SIDE) and seen.dtype == torch.float32
    assert seen.min() > -1 - 1e-6 and seen.max() < 1 + 1e-6
    assert (seen[1] < -1 + 1e-6).all() and seen[0].mean() > seen[2].mean() > -1


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("hertz", [250, 1000, 3000])
def test_a_tone_stands_at_its_pitch(rate: int, hertz: float) -> None:
    """In the band, of 64 that are even on HTK's scale up to half the rate, whose centre is next."""
    length = rate
    seen = LogMelFrontend(rate, length)(stored(sine(hertz, rate, length)))[0, 0]
    place = 65 * np.log1p(hertz / 700) / np.log1p(rate / 2 / 700) - 1
    assert abs(int(seen[:, 8:-8].mean(1).argmax()) - place) <= 1.5


def test_values_are_levels_from_80_db_below_full_scale_to_6_above() -> None:
    """20 dB are 20 of 86 parts of the range of 2."""
    loud, quiet = (
        LogMelFrontend(8000, 8000)(stored(sine(1000, 8000, 8000, p))) for p in (0.3, 0.03)
    )
    row = int(loud[0, 0, :, 32].argmax())
    change = loud[0, 0, row, 10:-10] - quiet[0, 0, row, 10:-10]
    assert change.numpy() == pytest.approx(2 * 20 / 86, abs=0.01)
    # The amplitude's level, -10.5 dB, or up to 6 dB more where a band holds the whole lobe.
    level = 6 + 43 * (float(loud[0, 0, row, 32]) - 1)
    assert -13 < level < -4.4


@pytest.mark.parametrize(("rate", "length"), [(8000, 8000), (8000, 2000), (16000, 12345)])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_time_goes_to_the_right(rate: int, length: int, share: float) -> None:
    wave = np.zeros(length)
    wave[round(share * length)] = 1
    heard = (LogMelFrontend(rate, length)(stored(wave))[0, 0] + 1).sum(0).double()
    middle = float((heard * (torch.arange(SIDE) + 0.5)).sum() / heard.sum())
    assert middle / SIDE == pytest.approx(share, abs=1.5 / SIDE)


def test_channels_are_mixed() -> None:
    random = np.random.default_rng(0)
    pair = random.integers(-9000, 9000, (3, 1, 4000, 2)).astype(np.int16) // 2 * 2
    to_mono = (pair.astype(int).sum(axis=3, keepdims=True) // 2).astype(np.int16)
    heard = LogMelFrontend(8000, 4000)
    torch.testing.assert_close(heard(pair), heard(to_mono), atol=1e-4, rtol=0)
    against = np.concatenate([to_mono, -to_mono], axis=3)
    assert (heard(against) < -1 + 1e-6).all()


def test_a_clip_is_heard_the_same_in_every_company_and_left_as_it_was() -> None:
    samples = tones(count=6, held_out=2).samples
    before = samples.copy()
    heard = LogMelFrontend(8000, samples.shape[2])
    torch.testing.assert_close(heard(samples)[4:5], heard(samples[4:5]), atol=1e-5, rtol=0)
    assert np.array_equal(samples, before)


def test_centre_and_scale_move_values_from_0_to_1() -> None:
    samples = tones(count=3, held_out=1).samples
    plain = LogMelFrontend(8000, 2000, centre=0, scale=1)(samples)
    assert plain.min() >= 0 and plain.max() <= 1
    moved = LogMelFrontend(8000, 2000, centre=0.3, scale=0.2)(samples)
    torch.testing.assert_close(moved, (plain - 0.3) / 0.2)


def test_the_description_names_rate_bands_and_span() -> None:
    description = LogMelFrontend(22050, 22050).description
    assert all(word in description for word in ("22050 Hz", "64 mel bands", "86 dB", "64 places"))


def test_sounds_are_heard_and_pictures_are_seen() -> None:
    sounds = tones(count=4, held_out=1)
    assert prepare_for("pixels", sounds, 32, centre=0.1, scale=0.2) == LogMelFrontend(
        8000, 2000, 0.1, 0.2
    )
    other = replace(sounds, settings={"rate": 16000})
    assert prepare_for("pixels", other, 32) == LogMelFrontend(16000, 2000)
    assert prepare_for("pixels", bars(count=4, held_out=1), 8) == Preprocessing(1, 8, 8)


@pytest.mark.parametrize("name", ["pixels", "random-conv"])
def test_extractors_without_training_hear(name: str) -> None:
    """Features of a tone's two halves of loudness are nearer than those of noise."""
    dataset = tones(count=4, held_out=1)
    extractor = build_extractor(name, dataset)
    low, louder = sine(400, 8000, 2000, 0.2), sine(400, 8000, 2000, 0.25)
    noise = np.random.default_rng(0).normal(0, 0.1, 2000)
    features = extractor.features(stored(low, louder, noise))
    assert features.shape == (3, extractor.dimensions) and features.isfinite().all()
    assert (features[0] - features[1]).norm() < 0.5 * (features[0] - features[2]).norm()
    assert "mel bands" in extractor.preprocessing.description
    slower = build_extractor(name, replace(dataset, settings={"rate": 4000}))
    assert slower.identity != extractor.identity
