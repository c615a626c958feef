"""Log-mel spectrograms: levels in decibels above a floor of silence, and their inversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.media.audio.samples import to_waves
from gansmith.media.audio.stft import Transform, griffin_lim, mel_filters

GATE = 0.03
"""Share of the range above the floor that still counts as silence: noise of a generator."""

UPDATES = 60
TOP = 0.9995
_LOUDEST = 2_000


@dataclass(frozen=True)
class LogMel:
    """Levels of mel bands, [-1, 1] for [top - span, top] dB, and magnitudes from them.

    Attributes:
        rate: Samples a second.
        transform: Windows and hop.
        mels: Number of bands.
        top: Level in dB that becomes 1.
        span: dB below it; what is quieter becomes -1, which is silence.
    """

    rate: int
    transform: Transform
    mels: int
    top: float
    span: float

    @classmethod
    def fit(
        cls, waves: NDArray[np.int16], rate: int, transform: Transform, mels: int, span: float
    ) -> LogMel:
        """Fit the top level to the loudest parts of clips [N, T]."""
        plain = cls(rate, transform, mels, top=0.0, span=400.0)
        chosen = waves[:: max(1, len(waves) // _LOUDEST)]
        levels = torch.cat(
            [
                plain.levels(torch.from_numpy(to_waves(chosen[i : i + 64]))).amax(1).flatten()
                for i in range(0, len(chosen), 64)
            ]
        )
        top = float(np.quantile(levels.numpy(), TOP))
        return cls(rate, transform, mels, top=round(top, 2), span=span)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LogMel:
        """Rebuild the transform from its :meth:`config`."""
        return cls(**{**config, "transform": Transform(**config["transform"])})

    def config(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @cached_property
    def filters(self) -> Tensor:
        """Filters [mels, fft / 2 + 1], scaled to take the window's gain out."""
        filters = mel_filters(self.rate, self.transform.fft, self.mels)
        return filters * (4 / self.transform.fft)

    @cached_property
    def _shares(self) -> Tensor:
        spread = self.filters.T / self.filters.sum(1)
        return spread / self.filters.sum(0)[:, None].clamp(min=1e-12)

    @cached_property
    def _inverse(self) -> Tensor:
        inverse: Tensor = torch.linalg.pinv(self.filters)
        return inverse

    def levels(self, waves: Tensor) -> Tensor:
        """Return levels in dB, [N, mels, F], of waves [N, T]; silence is very low, not infinite."""
        magnitudes: Tensor = self.filters.to(waves) @ self.transform.forward(waves).abs()
        decibels: Tensor = 20 * torch.log10(magnitudes.clamp(min=1e-20))
        return decibels

    def encode(self, waves: Tensor) -> Tensor:
        """Turn waves [N, T] in [-1, 1] into spectrograms [N, mels, F] in [-1, 1]."""
        return (1 + (self.levels(waves) - self.top) * (2 / self.span)).clamp(-1, 1)

    def magnitudes(self, pictures: Tensor) -> Tensor:
        """Return band magnitudes [N, mels, F] of spectrograms; near the floor they are 0."""
        pictures = pictures.clamp(-1, 1)
        decibels = self.top + (pictures - 1) * (self.span / 2)
        loud = pictures > 2 * GATE - 1
        return torch.where(loud, 10 ** (decibels / 20), torch.zeros_like(decibels))

    def mixed(self, pictures: Tensor) -> Tensor:
        """Return the spectrograms [N, mels, F] of channels [N, C, mels, F] mixed by power."""
        power = self.magnitudes(pictures).square().mean(1)
        decibels = 10 * torch.log10(power.clamp(min=1e-30))
        return (1 + (decibels - self.top) * (2 / self.span)).clamp(-1, 1)

    def mel_pseudo_inverse(self, bands: Tensor) -> Tensor:
        """Spread bands [N, mels, F] over the bins by the pseudo-inverse, none negative."""
        return (self._inverse.to(bands) @ bands).clamp(min=0)

    def smooth(self, bands: Tensor) -> Tensor:
        """Give each bin the mean of the bands [N, mels, F] that it lies in: 0 where they are."""
        return self._shares.to(bands) @ bands

    def spectrum(self, bands: Tensor) -> Tensor:
        """Spread band magnitudes [N, mels, F] over the bins, [N, fft / 2 + 1, F], none negative.

        Starts from the pseudo-inverse and goes on with multiplicative updates (Lee and Seung 1999).
        """
        filters = self.filters.to(bands)
        least = 1e-6 * bands.amax((1, 2), keepdim=True) + 1e-12
        found = self.mel_pseudo_inverse(bands).clamp(min=least)
        wanted, gram = filters.T @ bands, filters.T @ filters
        for _ in range(UPDATES):
            found = found * wanted / (gram @ found).clamp(min=1e-12)
        return found

    def decode(self, pictures: Tensor, iterations: int) -> Tensor:
        """Turn spectrograms [N, mels, F] into waves [N, F * hop] by Griffin-Lim."""
        return griffin_lim(self.spectrum(self.magnitudes(pictures)), self.transform, iterations)


def stretched(pictures: Tensor, frames: int, loop: bool) -> Tensor:
    """Resample spectrograms [N, mels, F] to another number of frames by linear interpolation.

    Args:
        pictures: Spectrograms.
        frames: Number of frames of the result.
        loop: Whether the first frame follows the last.
    """
    count = pictures.shape[2]
    places = (torch.arange(frames, device=pictures.device) + 0.5) * (count / frames) - 0.5
    low = places.floor().long()
    share = (places - low).to(pictures.dtype)
    ends = (low % count, (low + 1) % count) if loop else (low, low + 1)
    first, second = (pictures[:, :, end.clamp(0, count - 1)] for end in ends)
    return torch.lerp(first, second, share)
