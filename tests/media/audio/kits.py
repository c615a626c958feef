"""Kits of synthetic sounds, written by the same code as those of trained generators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gansmith.data.note_names import hertz_of, note_numbers
from gansmith.media.audio import sampler_kit
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.logmel import LogMel
from gansmith.media.audio.samples import to_samples
from gansmith.media.audio.stft import Transform
from gansmith.outputs import Provenance

RATE = 16_000
Wave = Callable[[str, int], NDArray[Any]]
"""Takes a label and a number; returns a wave [T] or [T, C]."""


@dataclass
class SyntheticModel:
    """Has what a kit needs of a generator model; every sound is computed."""

    codec: AudioCodec
    label_names: tuple[str, ...]
    wave: Wave

    def sample(self, count: int, *, seed: int, label: str) -> NDArray[Any]:
        """Return stored samples [count, 1, T, C]."""
        waves = np.stack([self.wave(label, number) for number in range(count)])
        waves = waves.reshape(*waves.shape[:2], -1)[:, None]
        stored = waves.astype(np.float32) if self.codec.depth == 24 else to_samples(waves)
        return self.codec.finish(stored)


def codec(seconds: float, loop: bool = False, tempo: float | None = None) -> AudioCodec:
    mel = LogMel(RATE, Transform(256, 64, loop), 32, 0.0, 60.0)
    return AudioCodec(RATE, round(seconds * RATE), mel, tempo=tempo)


def make_kit(
    monkeypatch: pytest.MonkeyPatch, place: Path, codec: AudioCodec, labels: list[str], wave: Wave
) -> Callable[..., Path]:
    """Return a function that writes the kit of a synthetic model."""
    model = SyntheticModel(codec, tuple(labels), wave)

    def write(count: int = 2, **options: Any) -> Path:
        model.codec = codec
        monkeypatch.setattr(sampler_kit, "load_generator", lambda run: model)
        monkeypatch.setattr(
            sampler_kit, "provenance_of", lambda run, seed: Provenance(run=str(run), seed=seed)
        )
        return sampler_kit.kit("synthetic", count, out=place, **options)

    return write


def times(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE)) / RATE


def hit(label: str, number: int) -> NDArray[np.float64]:
    """A decaying tone of another pitch and level for each number."""
    time = times(0.6)
    pitch = {"kick": 100, "snare": 300}.get(label, 900) * (1 + 0.4 * number)
    return (0.8 - 0.2 * number) * np.sin(2 * np.pi * pitch * time) * np.exp(-time * 8)


def long_hit(label: str, number: int) -> NDArray[np.float64]:
    """An open hi-hat that rings for two seconds, and short closed ones."""
    time = times(2.0)
    decay = 1.0 if "open" in label else 40.0
    return (
        0.5 * np.sin(2 * np.pi * (3000 if "open" in label else 700) * time) * np.exp(-time * decay)
    )


def held_note(label: str, number: int) -> NDArray[np.float64]:
    """A note of an organ: steady, with two harmonics and short fades."""
    time = times(1.0)
    hertz = hertz_of((note_numbers([label]) or {})[label])
    wave = np.sin(2 * np.pi * hertz * time) + 0.4 * np.sin(4 * np.pi * hertz * time + 1)
    fades = np.minimum(1, np.minimum(time / 0.02, (1.0 - time) / 0.02))
    return 0.4 * wave * fades


def plucked_note(label: str, number: int) -> NDArray[np.float64]:
    """A note of a string: it decays, and has no part to repeat."""
    return held_note(label, number) * np.exp(-times(1.0) * 5)


def loop(label: str, number: int) -> NDArray[np.float64]:
    """Two seconds, four beats: a tone of whole periods, louder on each beat."""
    time = times(2.0)
    hertz = 220 if label == "bass" else 660
    return 0.5 * np.sin(2 * np.pi * hertz * time) * (1 - 0.5 * (time * 2 % 1))
