from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.media.audio.stft import Transform, griffin_lim, mel_filters, resampled
from tests.media.audio import twins

WINDOWS = [(64, 16), (64, 32), (256, 32), (512, 64), (1024, 256)]
LENGTHS = [1, 37, 1001, 4097]


def noise(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, shape)).float()


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(("fft", "hop"), WINDOWS)
@pytest.mark.parametrize("length", LENGTHS)
def test_frames_agree_with_a_brute_force_twin(fft: int, hop: int, loop: bool, length: int) -> None:
    waves, transform = noise(2, length), Transform(fft, hop, loop)
    spectra = transform.forward(waves)
    assert spectra.shape == (2, fft // 2 + 1, transform.frames(length))
    expected = [twins.frames(wave, fft, hop, loop) for wave in waves.double().numpy()]
    np.testing.assert_allclose(spectra.numpy(), np.stack(expected), atol=1e-4)


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(("fft", "hop"), WINDOWS)
def test_inner_frames_are_those_of_torch(fft: int, hop: int, loop: bool) -> None:
    waves = noise(2, 4097)
    before = (fft - hop) // 2
    first = -(-before // hop)
    expected = torch.stft(
        waves[:, first * hop - before :],
        fft,
        hop,
        window=torch.hann_window(fft),
        center=False,
        return_complex=True,
    )
    found = Transform(fft, hop, loop).forward(waves)[:, :, first : first + expected.shape[2]]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(("fft", "hop"), WINDOWS)
@pytest.mark.parametrize("length", LENGTHS)
def test_the_inverse_gives_the_clip_back(fft: int, hop: int, loop: bool, length: int) -> None:
    waves, transform = noise(3, length), Transform(fft, hop, loop)
    again = transform.inverse(transform.forward(waves))
    assert again.shape == (3, transform.frames(length) * hop)
    torch.testing.assert_close(again[:, :length], waves, atol=1e-5, rtol=0)
    torch.testing.assert_close(again[:, length:], 0 * again[:, length:], atol=1e-5, rtol=0)


@pytest.mark.parametrize("loop", [False, True])
def test_the_inverse_is_the_clip_whose_windows_are_nearest(loop: bool) -> None:
    """Griffin and Lim (1984): least squares over the windows, for spectra that are of no clip."""
    fft, hop, count = 16, 4, 6
    spectra = torch.complex(noise(1, fft // 2 + 1, count), noise(2, fft // 2 + 1, count)[1:])
    windows = np.fft.irfft(spectra[0].numpy().T, fft)
    places = np.arange(count)[:, None] * hop - (fft - hop) // 2 + np.arange(fft)
    inside = ((places >= 0) & (places < count * hop)) | loop
    system = np.zeros((count * fft, count * hop))
    shape = np.sin(np.pi * np.arange(fft) / fft) ** 2
    rows = np.arange(count * fft)
    system[rows, places.ravel() % (count * hop)] = (inside * shape).ravel()
    expected = np.linalg.lstsq(system, windows.ravel(), rcond=None)[0]
    found = Transform(fft, hop, loop).inverse(spectra)[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(("fft", "hop"), WINDOWS)
def test_a_loop_has_no_beginning(fft: int, hop: int) -> None:
    waves, transform = noise(2, 24 * hop), Transform(fft, hop, loop=True)
    spectra = transform.forward(waves)
    rolled = transform.forward(waves.roll(5 * hop, 1))
    torch.testing.assert_close(rolled, spectra.roll(5, 2), atol=1e-5, rtol=1e-5)
    inconsistent = spectra * noise(1, *spectra.shape[1:])
    torch.testing.assert_close(
        transform.inverse(inconsistent.roll(7, 2)),
        transform.inverse(inconsistent).roll(7 * hop, 1),
        atol=1e-5,
        rtol=1e-5,
    )


def test_before_and_behind_a_clip_that_does_not_loop_is_silence() -> None:
    transform, padded = Transform(256, 64), torch.zeros(1, 4096)
    padded[:, 1024:3072] = noise(1, 2048)
    whole, part = transform.forward(padded), transform.forward(padded[:, 1024:3072])
    torch.testing.assert_close(part, whole[:, :, 16:48], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000])
@pytest.mark.parametrize("fft", [256, 512, 2048])
@pytest.mark.parametrize("mels", [32, 64, 128])
def test_mel_filters_are_triangles_of_htk(rate: int, fft: int, mels: int) -> None:
    filters = mel_filters(rate, fft, mels)
    assert filters.shape == (mels, fft // 2 + 1) and filters.dtype == torch.float32
    found, edges, width = filters.numpy(), twins.band_edges(rate, mels), rate / fft
    np.testing.assert_allclose(found, twins.triangles(rate, fft, mels), atol=1e-4)
    bins, wide = np.arange(fft // 2 + 1) * width, np.diff(edges)[:-1] >= width
    plain = [np.interp(bins, edges[m : m + 3], [0, 1, 0]) for m in range(mels)]
    np.testing.assert_allclose(found[wide], np.stack(plain)[wide], atol=1e-4)
    # The nearest bin is half a bin away at most, and no side is steeper than one bin.
    assert found.min() >= 0 and found.max() <= 1 and (found.max(axis=1) > 0.499).all()
    assert (abs(bins[found.argmax(axis=1)] - edges[1:-1]) < width).all()


def convergence(transform: Transform, waves: Tensor, magnitudes: Tensor) -> float:
    """Spectral convergence: how far the magnitudes are from those wanted."""
    found = transform.forward(waves).abs()
    return float((found - magnitudes).norm() / magnitudes.norm())


@pytest.mark.parametrize("loop", [False, True])
def test_griffin_lim_finds_phases(loop: bool) -> None:
    """Twelve dB nearer than random phases, and 20 dB below the sound."""
    transform, rate, length = Transform(512, 128, loop), 8000, 8064
    sounds = [twins.chirp(rate, length), twins.vowel(rate, length)]
    waves = torch.from_numpy(np.stack(sounds)).float()
    magnitudes = transform.forward(waves).abs()
    random = torch.Generator().manual_seed(7)
    turned = torch.polar(
        torch.ones_like(magnitudes), 6.2832 * torch.rand(magnitudes.shape, generator=random)
    )
    for which in (slice(0, 1), slice(1, 2)):
        wanted = magnitudes[which]
        found = convergence(transform, griffin_lim(wanted, transform, 60), wanted)
        blind = convergence(transform, transform.inverse(wanted * turned[which]), wanted)
        assert found < blind / 4 and found < 0.1


def test_griffin_lim_is_the_same_every_time_and_for_every_company() -> None:
    transform = Transform(256, 64)
    magnitudes = transform.forward(noise(3, 2048)).abs()
    state = torch.get_rng_state()
    first = griffin_lim(magnitudes, transform, 8)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    assert torch.equal(griffin_lim(magnitudes, transform, 8), first)
    alone = griffin_lim(magnitudes[1:2], transform, 8)
    torch.testing.assert_close(alone, first[1:2], atol=1e-4, rtol=1e-4)


def test_griffin_lim_of_nothing_is_silence() -> None:
    for loop in (False, True):
        transform = Transform(256, 64, loop)
        assert torch.equal(griffin_lim(torch.zeros(2, 129, 10), transform, 5), torch.zeros(2, 640))


@pytest.mark.parametrize(("length", "other"), [(1000, 1024), (1024, 1000), (999, 1500), (801, 640)])
def test_periodic_waves_keep_their_shape_at_any_length(length: int, other: int) -> None:
    def wave(count: int) -> torch.Tensor:
        turns = 2 * math.pi * torch.arange(count, dtype=torch.float64) / count
        return torch.stack([torch.sin(3 * turns + 0.3) + 0.5, torch.cos(100 * turns)])

    torch.testing.assert_close(resampled(wave(length), other), wave(other), atol=1e-9, rtol=0)
