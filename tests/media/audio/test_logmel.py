from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.optimize import nnls
from torch import Tensor

from gansmith.media.audio.logmel import GATE, LogMel
from gansmith.media.audio.stft import Transform
from tests.media.audio import twins

RATE, FFT, HOP, MELS = 8000, 256, 64, 40
HERTZ = 10 * RATE / FFT
"""In the middle of a bin."""
DIGITS = Path(__file__).resolve().parents[3] / "../shared/data/fsdd"


def codec(loop: bool = False, top: float = 0.0, span: float = 60.0) -> LogMel:
    return LogMel(RATE, Transform(FFT, HOP, loop), MELS, top, span)


def tensor(*waves: np.ndarray) -> Tensor:
    return torch.from_numpy(np.stack(waves)).float()


def stored(*waves: np.ndarray) -> np.ndarray:
    return np.rint(np.stack(waves) * 32767).astype(np.int16)


@pytest.mark.parametrize("loop", [False, True])
def test_pictures_agree_with_a_brute_force_twin(loop: bool) -> None:
    wave = np.random.default_rng(0).normal(0, 0.1, 3001)
    magnitudes = abs(twins.frames(wave, FFT, HOP, loop)) / (FFT / 4)
    decibels = 20 * np.log10(twins.triangles(RATE, FFT, MELS) @ magnitudes)
    expected = np.clip(2 * (decibels - (-5 - 40)) / 40 - 1, -1, 1)
    found = codec(loop, top=-5.0, span=40.0).encode(tensor(wave))
    assert found.shape == (1, MELS, 47)
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-3)


def test_pictures_stay_in_their_range() -> None:
    loud, faint = np.random.default_rng(0).uniform(-1, 1, (2, 2048)) * [[1], [1e-6]]
    pictures = codec(top=-20.0).encode(tensor(loud, faint))
    assert pictures[0].max() == 1 and pictures.min() == -1
    assert (pictures[1] == -1).all()


@pytest.mark.parametrize("peak", [1.0, 0.05])
def test_the_level_of_a_tone_is_that_of_its_amplitude(peak: float) -> None:
    """In the middle of a bin a Hann window gives its peak there and half of it on either side.

    A band one bin wide adds them up to 3/4 of the peak or more (-2.5 dB), one much wider than the
    window's lobe to all three at most (+6.02 dB).
    """
    bins, filters = range(3, FFT // 2 - 2), twins.triangles(RATE, FFT, MELS)
    waves = tensor(*[twins.tone(k * RATE / FFT, RATE, 1024, peak) for k in bins])
    levels = codec(loop=True).levels(waves)  # whole periods, so that no frame is cut
    for k, level in zip(bins, levels, strict=True):
        gains = filters[:, k] + (filters[:, k - 1] + filters[:, k + 1]) / 2
        heard = gains > 0.01
        expected = 20 * np.log10(peak * gains[heard, None])
        np.testing.assert_allclose(level[heard].numpy(), np.tile(expected, 16), atol=0.01)
        loudest = float(level.max()) - 20 * np.log10(peak)
        assert -2.51 < loudest < 6.03


def test_silence_is_the_floor_and_comes_back_as_zeros() -> None:
    mel = codec(top=-10.0)
    pictures = mel.encode(tensor(np.zeros(1000), twins.vowel(RATE, 1000), np.zeros(1000)))
    assert (pictures[0] == -1).all() and (pictures[1] > -1).any()
    sound = mel.decode(pictures, 4)
    assert sound.shape == (3, 1024)
    assert not sound[0].any() and sound[1].any() and not sound[2].any()
    assert not mel.decode(pictures[:1], 4).any()


def test_what_is_near_the_floor_is_silent_and_all_above_has_its_level() -> None:
    mel, values = codec(top=-12.0, span=50.0), torch.linspace(-1.5, 1.5, 601).view(1, 1, -1)
    found = mel.magnitudes(values)[0, 0]
    gate = -1 + 2 * GATE
    clipped = values[0, 0].clamp(-1, 1).double().numpy()
    expected = np.where(clipped > gate, 10 ** ((-12 - 25 * (1 - clipped)) / 20), 0)
    far = abs(clipped - gate) > 1e-6
    assert (expected == 0).sum() > 100
    np.testing.assert_allclose(found.numpy()[far], expected[far], rtol=1e-4)


def test_spectra_have_the_bands_asked_for() -> None:
    """As a spectrum with these bands exists, what is missing is 26 dB below them at most."""
    mel = codec()
    waves = tensor(twins.chirp(RATE, 4096), twins.vowel(RATE, 4096))
    bands = mel.filters @ mel.transform.forward(waves).abs()
    spread = mel.spectrum(bands)
    assert spread.shape == (2, FFT // 2 + 1, 64) and spread.min() >= 0
    assert float((mel.filters @ spread - bands).norm() / bands.norm()) < 0.05
    mel_pseudo_inverse = mel.mel_pseudo_inverse(bands)
    assert mel_pseudo_inverse.shape == spread.shape and mel_pseudo_inverse.min() >= 0


def test_spectra_are_as_near_as_least_squares_can_be() -> None:
    """For whatever bands: what is missing beyond that is 26 dB below them at most."""
    mel = codec()
    bands = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (1, MELS, 8))).float()
    missing = (mel.filters @ mel.spectrum(bands) - bands)[0].norm(dim=0).numpy()
    filters, frames = mel.filters.double().numpy(), bands[0].double().numpy().T
    least = np.array([nnls(filters, frame)[1] for frame in frames])
    assert (missing > least - 1e-3).all()
    assert (missing - least < 0.05 * np.linalg.norm(frames, axis=1)).all()


def mel_error(mel: LogMel, waves: Tensor, iterations: int) -> float:
    """Mean difference in dB between pictures of sounds and of what is made of them."""
    pictures = mel.encode(waves)
    again = mel.encode(mel.decode(pictures, iterations)[:, : waves.shape[1]])
    return float((again - pictures).abs().mean()) * mel.span / 2


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("sound", [twins.chirp, twins.vowel])
def test_decoded_pictures_sound_as_they_look(sound: object, loop: bool) -> None:
    """Within 1 dB, the least difference of level that can be heard."""
    wave = sound(16000, 16000)  # type: ignore[operator]
    transform = Transform(1024, 256, loop)
    mel = LogMel.fit(stored(wave), 16000, transform, 64, span=60.0)
    assert mel_error(mel, tensor(wave), 32) < 1


def test_real_speech_survives() -> None:
    files = sorted(DIGITS.glob("*_0.wav"))[::10]
    if not files:
        pytest.skip("the spoken digits are not there: shared/data/fsdd beside the repository")
    waves = np.zeros((len(files), RATE))
    for wave, file in zip(waves, files, strict=True):
        clip = soundfile.read(file)[0][:RATE]
        wave[: len(clip)] = clip
    mel = LogMel.fit(stored(*waves), RATE, Transform(512, 128), 64, span=60.0)
    assert mel_error(mel, tensor(*waves), 32) < 1


def test_the_top_is_the_level_of_loud_clips() -> None:
    """One clip in ten is 20 dB louder than the rest."""
    found = LogMel.fit(loud_and_quiet(), RATE, Transform(FFT, HOP, True), MELS, span=60.0)
    expected = codec(loop=True).levels(tensor(twins.tone(HERTZ, RATE, 1024, 0.3))).max()
    assert found.top == pytest.approx(float(expected), abs=0.02)
    assert found.encode(tensor(loud_and_quiet()[0] / 32768)).max() == pytest.approx(1, abs=0.01)


def test_one_outlier_does_not_move_the_top() -> None:
    """A burst 10 dB louder, which reaches 8 of 25,600 frames: 0.03 %, less than the 0.05 % left."""
    clips, transform = loud_and_quiet(), Transform(FFT, HOP, loop=True)
    before = LogMel.fit(clips, RATE, transform, MELS, span=60.0).top
    clips[7, 1024:1280] = stored(twins.tone(HERTZ, RATE, 256, 1.0))
    assert codec(loop=True).levels(tensor(clips[7] / 32768)).max() > before + 9
    after = LogMel.fit(clips, RATE, transform, MELS, span=60.0).top
    assert after == pytest.approx(before, abs=0.05)


def loud_and_quiet() -> np.ndarray:
    peaks = [0.3 if clip % 10 == 0 else 0.03 for clip in range(400)]
    return stored(*[twins.tone(HERTZ, RATE, 64 * HOP, peak) for peak in peaks])


def test_a_collection_of_silence_can_be_fitted() -> None:
    mel = LogMel.fit(np.zeros((3, 1000), np.int16), RATE, Transform(FFT, HOP), MELS, span=60.0)
    assert not mel.decode(mel.encode(torch.zeros(1, 1000)), 2).any()


@pytest.mark.parametrize("loop", [False, True])
def test_facts_bring_it_back(loop: bool) -> None:
    mel = codec(loop, top=-13.37, span=72.5)
    again = LogMel.from_config(json.loads(json.dumps(mel.config())))
    assert again == mel and again.transform == mel.transform
    waves = tensor(twins.chirp(RATE, 2000))
    assert torch.equal(again.encode(waves), mel.encode(waves))


def test_each_bin_gets_the_mean_of_its_bands() -> None:
    mel = LogMel(8000, Transform(512, 128), 64, top=0.0, span=60.0)
    filters = mel.filters.double()
    bands = torch.rand(2, 64, 3).double() * filters.sum(1)[:, None]
    means = bands / filters.sum(1)[:, None]
    weights = filters / filters.sum(0).clamp(min=1e-12)
    assert torch.allclose(mel.smooth(bands.float()).double(), weights.T @ means, atol=1e-5)
    assert not mel.smooth(torch.zeros(1, 64, 2)).any()


def test_flat_noise_comes_back_through_the_means_of_bands() -> None:
    mel = LogMel(8000, Transform(512, 128), 64, top=0.0, span=60.0)
    flat = mel.filters @ torch.ones(257, 1)
    assert mel.smooth(flat[None])[0, 1:-1] == pytest.approx(1, abs=1e-4)
