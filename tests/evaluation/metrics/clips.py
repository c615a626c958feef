"""Clips of sound whose properties are known, as float32 [T]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 16_000

Wave = NDArray[np.float32]


def times(seconds: float = 1.0, rate: int = RATE) -> NDArray[np.float64]:
    return np.arange(round(seconds * rate)) / rate


def sine(hertz: float, seconds: float = 1.0, peak: float = 0.5, rate: int = RATE) -> Wave:
    return (peak * np.sin(2 * np.pi * hertz * times(seconds, rate))).astype(np.float32)


def note(hertz: float, peak: float = 0.3, seconds: float = 1.0) -> Wave:
    """Harmonics with 1 / k of the fundamental's amplitude, as of a voice or a bow."""
    harmonics = range(1, int(RATE / 2 / hertz))
    return np.sum([sine(hertz * k, seconds, peak / k) for k in harmonics], axis=0, dtype=np.float32)


def kick(decay: float = 0.15, rate: int = RATE) -> Wave:
    """A drum: a tone that falls from 200 to 50 Hz and dies away."""
    t = times(1.0, rate)
    phase = 2 * np.pi * np.cumsum(50 + 150 * np.exp(-t / 0.03)) / rate
    return (0.9 * np.sin(phase) * np.exp(-t / decay)).astype(np.float32)


def chirp() -> Wave:
    return (0.5 * np.sin(2 * np.pi * (200 * times() + 800 * times() ** 2))).astype(np.float32)


def noise(level: float = 0.1, seed: int = 0, seconds: float = 1.0) -> Wave:
    generator = np.random.default_rng(seed)
    return (level * generator.standard_normal(round(seconds * RATE))).astype(np.float32)


def syllables() -> Wave:
    """A buzz in three bursts with pauses between: the outline of speech."""
    return note(120) * np.maximum(0, np.sin(2 * np.pi * 3 * times())).astype(np.float32)
