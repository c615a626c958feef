"""Plain NumPy and SciPy twins of the transforms of sound, and sounds to try them on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft as fourier
from scipy import signal

Wave = NDArray[np.float64]


def frames(wave: Wave, fft: int, hop: int, loop: bool = False) -> NDArray[np.complex128]:
    """Spectra [fft / 2 + 1, F] of one wave [T]: hops filled up with 0, windows in their middle."""
    count = -(-len(wave) // hop)
    pad_or_trim = np.zeros(count * hop)
    pad_or_trim[: len(wave)] = wave
    places = np.arange(count)[:, None] * hop - (fft - hop) // 2 + np.arange(fft)
    values = pad_or_trim[places % len(pad_or_trim)]
    if not loop:
        values = np.where((places >= 0) & (places < len(pad_or_trim)), values, 0)
    return fourier.rfft(values * signal.get_window("hann", fft), axis=1).T


def band_edges(rate: int, mels: int) -> Wave:
    """Edges and centres [mels + 2] in Hz, even on the mel scale of HTK (1127 ln(1 + f / 700))."""
    return 700 * np.expm1(
        np.linspace(0, 1127.01048 * np.log1p(rate / 2 / 700), mels + 2) / 1127.01048
    )


def triangles(rate: int, fft: int, mels: int) -> Wave:
    """Filters [mels, fft / 2 + 1], one triangle at a time, none steeper than one bin."""
    bins, edges, bin_ = np.arange(fft // 2 + 1) * rate / fft, band_edges(rate, mels), rate / fft
    filters = []
    for left, centre, right in zip(edges, edges[1:], edges[2:], strict=False):
        corners = [min(left, centre - bin_), centre, max(right, centre + bin_)]
        filters.append(np.interp(bins, corners, [0, 1, 0]))
    return np.stack(filters)


def tone(hertz: float, rate: int, length: int, peak: float = 0.5) -> Wave:
    return peak * np.sin(2 * np.pi * hertz * np.arange(length) / rate)


def chirp(rate: int, length: int, peak: float = 0.5) -> Wave:
    """From 200 Hz up to a third of the rate."""
    time = np.arange(length) / rate
    return peak * signal.chirp(time, 200, time[-1], rate / 3)


def vowel(rate: int, length: int, peak: float = 0.5) -> Wave:
    """Harmonics of a voice that sways about 120 Hz, with the formants of an "a"."""
    time = np.arange(length) / rate
    pitch = 120 + 10 * np.sin(2 * np.pi * 4 * time)
    phase, harmonics = 2 * np.pi * np.cumsum(pitch) / rate, range(1, int(rate / 2 / 140))
    formants = ((700, 130), (1220, 170), (2600, 250))
    weights = [
        sum(1 / (1 + ((120 * k - centre) / width) ** 2) for centre, width in formants)
        for k in harmonics
    ]
    voice = sum(w * np.sin(k * phase) for k, w in zip(harmonics, weights, strict=True))
    return peak * voice / abs(voice).max() * np.minimum(1, 8 * np.sin(np.pi * time / time[-1]))
