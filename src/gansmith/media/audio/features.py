"""Log-mel front end and waves: how stored sounds reach the network of an extractor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.media.audio.logmel import LogMel
from gansmith.media.audio.samples import to_mono
from gansmith.media.audio.stft import Transform

SIDE = 64
TOP, SPAN = 6.0, 86.0
"""Down to -80 dB; a band that holds a whole tone at full scale reads 6 dB."""
WINDOW = 0.032


@dataclass(frozen=True)
class LogMelFrontend:
    """Log-mel pictures with settings of their own, whatever represents sound in training.

    64 bands up to half the rate, windows of about 32 ms, levels down to -80 dB, 64
    places in time; brought to another height or width where a network takes that.

    Attributes:
        rate: In Hz.
        length: Samples of a clip.
        centre: Subtracted from values in [0, 1].
        scale: Divides what remains.
    """

    rate: int
    length: int
    centre: float = 0.5
    scale: float = 0.5
    channels: int = 1
    height: int = SIDE
    width: int = SIDE

    @property
    def description(self) -> str:
        """In words, as every verdict carries it."""
        return (
            f"channels mixed, {self.height} mel bands at {self.rate} Hz over {SPAN:g} dB, "
            f"{self.width} places in time"
        )

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        """Turn stored sounds, int16 [N, 1, T, C], into float32 [N, 1, 64, 64]."""
        levels = self._mel.encode(torch.from_numpy(to_mono(samples))).unsqueeze(1)
        size = (self.height, self.width)
        if tuple(levels.shape[2:]) != size:
            levels = F.interpolate(levels, size, mode="bilinear", antialias=True)
        return ((levels + 1) / 2 - self.centre) / self.scale

    @property
    def _mel(self) -> LogMel:
        fft = 1 << round(math.log2(WINDOW * self.rate))
        hop = max(1, min(fft // 2, self.length // self.width))
        return LogMel(self.rate, Transform(fft, hop), SIDE, top=TOP, span=SPAN)


@dataclass(frozen=True)
class Waves:
    """Sounds as they are, for networks that take waves.

    Attributes:
        width: Points that the network takes; clips are cut off, or followed by silence.
    """

    width: int
    channels: int = 1
    height: int = 1

    @property
    def description(self) -> str:
        """In words, as every verdict carries it."""
        return f"channels mixed, {self.width:,} points of the wave"

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        """Turn stored sounds, int16 [N, 1, T, C], into float32 [N, 1, 1, width] in [-1, 1)."""
        waves = torch.from_numpy(to_mono(samples))[:, : self.width]
        return F.pad(waves, (0, self.width - waves.shape[1]))[:, None, None]


def to_extractor(dataset: Dataset, limit: int, centre: float, scale: float) -> LogMelFrontend:
    """Show sounds as log-mel pictures of a fixed size; see `Medium.to_extractor`."""
    return LogMelFrontend(dataset.rate, dataset.samples.shape[2], centre, scale)


def to_network(
    dataset: Dataset, shape: Sequence[int | None], centre: float, scale: float
) -> LogMelFrontend | Waves:
    """Give sounds as waves or log-mel pictures, as the input shape asks; see `Medium.to_network`.

    Raises:
        GansmithError: The shape is neither [N, T] nor [N, 1, H, W].
    """
    if len(shape) == 2:
        return Waves(shape[1] or dataset.samples.shape[2])
    if len(shape) != 4 or shape[1] != 1:
        raise GansmithError("of sounds it must be [N, T], waves, or [N, 1, H, W], log-mel pictures")
    plain = to_extractor(dataset, 0, centre, scale)
    return replace(plain, height=shape[2] or plain.height, width=shape[3] or plain.width)
