"""Pitch estimation: the note of a clip from its period."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.fft import irfft, rfft
from numpy.typing import NDArray

from gansmith.data.note_names import note_of
from gansmith.media.audio.samples import to_mono

RATE, WINDOW, LOWEST_HERTZ, HIGHEST_HERTZ = 48_000, 4096, 26.0, 5000.0
DIP, LOOSEST = 0.1, 0.3
"""Normalised differences: the first dip below DIP is taken; above LOOSEST there is no pitch."""
FAINT = 0.1
"""Level, relative to the loudest window, below which windows do not count."""


def heard_note(clip: NDArray[np.int16], rate: int) -> int | None:
    """Return the MIDI number of the note of a stored clip [1, T, C]; None if it has no pitch."""
    hertz = estimate_f0(to_mono(clip[None])[0], rate)
    return None if hertz is None else round(note_of(hertz))


def estimate_f0(wave: NDArray[np.float32], rate: int) -> float | None:
    """Return the fundamental of a wave [T], the median of its loud windows weighted by loudness.

    YIN (de Cheveigné and Kawahara 2002): the lag at which a window differs least from itself, its
    difference divided by the mean of those at shorter lags. From 26 Hz, the lowest note of a piano,
    to 5 kHz.

    Returns:
        Hertz; None where windows of most loudness have no period.
    """
    wave = soxr.resample(wave.astype(np.float64), rate, RATE)
    wave = np.pad(wave, (0, max(0, 2 * WINDOW - len(wave))))
    starts = range(0, len(wave) - 2 * WINDOW + 1, WINDOW // 2)
    windows = np.stack([wave[start : start + 2 * WINDOW] for start in starts])
    loudness = np.square(windows[:, :WINDOW]).mean(1) ** 0.5
    counted = loudness >= max(FAINT * loudness.max(), 1e-5)
    periods, weights = np.array([_period(w) for w in windows[counted]]), loudness[counted]
    order = np.argsort(periods)[(periods == 0).sum() :]
    sums = np.cumsum(weights[order])
    if not len(sums) or sums[-1] <= weights.sum() / 2:
        return None
    return RATE / float(periods[order[np.searchsorted(sums, sums[-1] / 2)]])


def _period(window: NDArray[np.float64]) -> float:
    """Lag of the first deep dip, in samples and parts of them; 0 where there is none."""
    longest, shortest = round(RATE / LOWEST_HERTZ), int(RATE / HIGHEST_HERTZ)
    differences = _differences(window, longest + 1)
    sums = np.cumsum(differences[1:])
    shares = np.ones(longest + 2)
    shares[1:] = differences[1:] * np.arange(1, longest + 2) / np.maximum(sums, 1e-12)
    inner = shares[shortest : longest + 1]
    dips = (inner <= shares[shortest - 1 : longest]) & (inner < shares[shortest + 1 :])
    lags = shortest + np.flatnonzero(dips)
    deep = lags[shares[lags] < DIP]
    if not len(lags):
        return 0.0
    lag = int(deep[0]) if len(deep) else int(lags[shares[lags].argmin()])
    if shares[lag] > LOOSEST:
        return 0.0
    before, here, behind = shares[lag - 1 : lag + 2]
    bend = before - 2 * here + behind
    return lag + (0.5 * float((before - behind) / bend) if bend > 0 else 0.0)


def _differences(window: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Sum of squared differences between the window's first half and itself, by lag [lags + 1]."""
    size = len(window) + WINDOW
    spectra = rfft(window, size), rfft(window[:WINDOW], size)
    products = irfft(spectra[0] * spectra[1].conj(), size)[: lags + 1]
    sums = np.concatenate([[0.0], np.cumsum(np.square(window))])
    energies = sums[WINDOW : WINDOW + lags + 1] - sums[: lags + 1]
    found: NDArray[np.float64] = np.maximum(0.0, energies[0] + energies - 2 * products)
    return found
