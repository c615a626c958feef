"""An inaudible keyed mark of sounds: small gains of cells of time and frequency.

Cells of 32 ms and 94 Hz between 234 and 3,703 Hz are made a little louder or quieter; which of
them follows from a key (a patchwork in the log spectrum, after Bender et al. 1996, "Techniques
for data hiding"). The mark is relative to the sound, so that gain does not matter, lies in the
band that resampling and coders keep, and repeats every 1.024 s. The detector tries all offsets.
Cells whose level differs so much from their neighbours that a gain would not change the score
are left alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.provenance.keyed import key_signs

LEAST_SECONDS = 1.0
"""Length from which sounds are marked."""
_LEAST_HEARD = 0.8
"""Seconds from which a mark is looked for."""
THRESHOLD = 4.7
"""Score from which a sound counts as marked; see `docs/provenance.md` for its error rate."""

_WINDOW = 0.032
_HOP = 0.016
_PER_CELL, _CELLS = 2, 32
_PERIOD = _PER_CELL * _CELLS
_LOWEST, _BAND_WIDTH, _BANDS = 234.375, 93.75, 37
_STRONG = 7.5
_GAINS = (0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 1.8, 2.2, 2.6, 3.1, 3.7)
"""Gains in dB, tried in turn until the mark is strong."""
_RANGE, _FLOOR = 60.0, -90.0
_MOST_DB = 4.0
_TIME_REACH, _BAND_REACH = 3, 2

Wave = NDArray[np.float32]


def _signs(key: bytes) -> NDArray[np.float32]:
    return key_signs(key, "sound", (_CELLS, _BANDS))


def _sizes(rate: int) -> tuple[int, int]:
    """Return the frames of a hop and of a window."""
    hop = max(round(_HOP * rate), 1)
    return hop, 2 * hop


def _bands(window: int, rate: int) -> NDArray[np.int64]:
    """Return the band of each bin of a spectrum; -1 outside of all."""
    place = np.floor((np.fft.rfftfreq(window, 1 / rate) - _LOWEST) / _BAND_WIDTH).astype(int)
    return np.where((place >= 0) & (place < _BANDS), place, -1)


def _slots(count: int, hop: int, rate: int) -> NDArray[np.int64]:
    """Return which of the hops of a period each frame begins at."""
    return np.asarray(np.rint(np.arange(count) * (hop / rate / _HOP)).astype(int) % _PERIOD)


def _frames(wave: Wave, hop: int) -> Wave:
    """Return overlapping windowed frames [N, 2 hop] of [T], padded by a hop at both ends."""
    window = np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop)).astype(np.float32)
    padded = np.pad(wave, (hop, 2 * hop - len(wave) % hop))
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]
    return np.asarray(views * window)


def can_be_marked(wave: Wave, rate: int) -> bool:
    """Return whether a sound [T, C] is long enough for a mark, sampled fast enough, and heard."""
    return len(wave) >= LEAST_SECONDS * rate and rate >= 8000 and bool(np.abs(wave).max() > 1e-3)


def mark_sound(wave: Wave, rate: int, key: bytes) -> Wave:
    """Return a sound with the mark of a key.

    Args:
        wave: float32 [T, C] in [-1, 1].
        rate: Frames per second in Hz.
        key: Whoever has it can find the mark, and remove it.

    Returns:
        float32 [T, C]; scaled down where it would be beyond full scale.
    """
    hop, window = _sizes(rate)
    bands, signs = _bands(window, rate), _signs(key)
    spectra = [np.fft.rfft(_frames(channel, hop)) for channel in wave.T]
    cells = _slots(len(spectra[0]), hop, rate) // _PER_CELL
    toward = _detail(wave.mean(axis=1), rate) * signs[cells]
    useful = (toward > -_MOST_DB - _GAINS[-1] / 2) & (toward < _MOST_DB)
    field = np.where(bands >= 0, (signs[cells] * useful)[:, bands], 0)
    marked = wave
    for gain in _GAINS:
        factor = 10 ** (gain * field / 20) - 1
        added = [_overlapped(s * factor, hop, len(wave)) for s in spectra]
        marked = wave + np.stack(added, axis=1)
        score = sound_score(marked, rate, key)
        if score is not None and score >= _STRONG:
            break
    peak = max(float(np.abs(marked).max()), 1.0)
    return np.asarray(marked / peak, np.float32)


def _overlapped(spectra: NDArray[Any], hop: int, length: int) -> Wave:
    """Return [length] from windowed spectra, by overlap and add."""
    window = np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop)).astype(np.float32)
    frames = np.fft.irfft(spectra, n=2 * hop) * window
    halves = frames.reshape(len(frames), 2, hop)
    whole = np.zeros((len(frames) + 1, hop), np.float32)
    whole[:-1] += halves[:, 0]
    whole[1:] += halves[:, 1]
    return np.asarray(whole.reshape(-1)[hop : hop + length])


def sound_score(wave: Wave, rate: int, key: bytes) -> float | None:
    """Return how strongly a sound carries the mark of a key.

    Args:
        wave: float32 [T, C] in [-1, 1].
        rate: Frames per second in Hz.
        key: The key.

    Returns:
        The best score over all offsets: standard normal for one offset of an unmarked sound, and
        marked from `THRESHOLD`; None where the sound is too short, or silent.
    """
    if len(wave) < _LEAST_HEARD * rate or rate < 8000 or not np.abs(wave).max() > 1e-3:
        return None
    folded = _folded(wave.mean(axis=1), rate)
    rolled = np.sum([np.roll(folded, -k, axis=0) for k in range(_PER_CELL)], axis=0)
    views = rolled[(np.arange(_PERIOD)[:, None] + _PER_CELL * np.arange(_CELLS)) % _PERIOD]
    scores = np.einsum("ocb,cb->o", views, _signs(key))
    deviation = np.sqrt(np.einsum("ocb,ocb->o", views, views))
    return float((scores / np.maximum(deviation, 1e-9)).max())


def _detail(wave: Wave, rate: int) -> NDArray[np.float64]:
    """Return how much louder cells [frames, bands] are than those before, after and beside, in dB.

    Silent cells are 0.
    """
    hop, window = _sizes(rate)
    bands = _bands(window, rate)
    power = np.abs(np.fft.rfft(_frames(wave, hop))) ** 2 / window
    within = np.stack([power[:, bands == band].sum(axis=1) for band in range(_BANDS)], axis=1)
    levels = 10 * np.log10(within + 10 ** (_FLOOR / 10))
    heard = (levels > max(levels.max() - _RANGE, _FLOOR + 3)).astype(float)
    for axis, reach in ((0, _TIME_REACH), (1, _BAND_REACH)):
        means = _moving_sum(levels * heard, axis, reach) / np.maximum(
            _moving_sum(heard, axis, reach), 1
        )
        levels = levels - means
    return np.asarray(levels * heard)


def _moving_sum(values: NDArray[np.float64], axis: int, reach: int) -> NDArray[np.float64]:
    """Return sums over each value and `reach` on both sides of it."""
    width = [(reach + 1, reach) if k == axis else (0, 0) for k in (0, 1)]
    total = np.cumsum(np.pad(values, width), axis=axis)
    count, span = values.shape[axis], 2 * reach + 1
    upper = np.take(total, np.arange(span, span + count), axis)
    return np.asarray(upper - np.take(total, np.arange(count), axis))


def _folded(wave: Wave, rate: int) -> NDArray[np.float64]:
    """Return the detail, clipped and summed over all periods: [64 hops, bands]."""
    values = np.clip(_detail(wave, rate), -_MOST_DB, _MOST_DB)
    folded = np.zeros((_PERIOD, _BANDS))
    np.add.at(folded, _slots(len(values), _sizes(rate)[0], rate), values)
    return folded
