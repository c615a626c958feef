"""Spectra: short-time Fourier transforms without margins, mel bands, phase reconstruction.

A clip of F x hop samples has exactly F frames. Before and after it is silence, or, for loops, the
clip itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

MOMENTUM = 0.99
TINY = 1e-8


@dataclass(frozen=True)
class Transform:
    """A short-time Fourier transform with a Hann window.

    Attributes:
        fft: Samples in a window, even.
        hop: Samples from frame to frame; divides `fft`, at most half of it.
        loop: The clip goes on with its own beginning.
    """

    fft: int
    hop: int
    loop: bool = False

    @property
    def margin(self) -> int:
        """Samples that the first window reaches out before the clip."""
        return (self.fft - self.hop) // 2

    @cached_property
    def window(self) -> Tensor:
        """Periodic Hann window, float32 [fft]."""
        return torch.hann_window(self.fft)

    def frames(self, samples: int) -> int:
        """Return how many frames so many samples have; the last hop may be part silence."""
        return math.ceil(samples / self.hop)

    def forward(self, waves: Tensor) -> Tensor:
        """Analyse.

        Args:
            waves: float [N, T].

        Returns:
            complex [N, fft / 2 + 1, ceil(T / hop)].
        """
        waves = F.pad(waves, (0, self.frames(waves.shape[1]) * self.hop - waves.shape[1]))
        if self.loop:
            waves = _wrapped(waves, self.margin, self.fft - self.hop - self.margin)
        else:
            waves = F.pad(waves, (self.margin, self.fft - self.hop - self.margin))
        windows = waves.unfold(1, self.fft, self.hop) * self.window.to(waves)
        spectra: Tensor = torch.fft.rfft(windows)
        return spectra.transpose(1, 2)

    def inverse(self, spectra: Tensor) -> Tensor:
        """Overlap and add the frames, each windowed again, divided by the windows' own sum.

        Args:
            spectra: complex [N, fft / 2 + 1, F].

        Returns:
            float [N, F * hop].
        """
        windows = torch.fft.irfft(spectra.transpose(1, 2), n=self.fft)
        window = self.window.to(windows)
        waves = self._overlapped(windows * window)
        weights = self._overlapped((window**2).expand(1, windows.shape[1], -1))
        return waves / weights.clamp(min=TINY)

    def _overlapped(self, windows: Tensor) -> Tensor:
        """Add windows [N, F, fft] at their places and cut out (or fold back) the margins."""
        length, frames = windows.shape[1] * self.hop, windows.shape[1]
        whole = length + self.fft - self.hop
        added = F.fold(windows.transpose(1, 2), (1, whole), (1, self.fft), stride=(1, self.hop))
        added = added.reshape(windows.shape[0], whole)
        if not self.loop:
            return added[:, self.margin : self.margin + length]
        places = (torch.arange(whole, device=windows.device) - self.margin) % (frames * self.hop)
        return added.new_zeros(len(added), length).index_add(1, places, added)


def _wrapped(waves: Tensor, before: int, after: int) -> Tensor:
    places = torch.arange(-before, waves.shape[1] + after, device=waves.device)
    return waves[:, places % waves.shape[1]]


def resampled(waves: Tensor, length: int) -> Tensor:
    """Bring periodic waves [N, T] to another number of samples by their Fourier series."""
    if waves.shape[1] == length:
        return waves
    spectra = torch.fft.rfft(waves)
    kept = spectra.new_zeros(len(waves), length // 2 + 1)
    common = min(kept.shape[1], spectra.shape[1])
    kept[:, :common] = spectra[:, :common]
    found: Tensor = torch.fft.irfft(kept, n=length)
    return found * (length / waves.shape[1])


def mel_filters(rate: int, fft: int, mels: int) -> Tensor:
    """Make triangular filters, evenly spaced on the mel scale of HTK up to rate / 2.

    No filter is narrower than one bin, so that none is empty; peaks lie between 0.5 and 1.

    Returns:
        float32 [mels, fft / 2 + 1].
    """
    edges = _hertz(np.linspace(0, _mel(rate / 2), mels + 2))
    bins = np.fft.rfftfreq(fft, 1 / rate)
    spacing = np.maximum(np.diff(edges), rate / fft)  # never narrower than one bin
    centres = edges[1:-1, None]
    rise = 1 - (centres - bins) / spacing[:-1, None]
    fall = 1 - (bins - centres) / spacing[1:, None]
    return torch.from_numpy(np.minimum(rise, fall).clip(0, 1).astype(np.float32))


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return 700 * (10 ** (mel / 2595) - 1)


@torch.no_grad()
def griffin_lim(magnitudes: Tensor, transform: Transform, iterations: int) -> Tensor:
    """Find phases for magnitudes by the fast Griffin-Lim algorithm (Perraudin et al. 2013).

    Args:
        magnitudes: float [N, fft / 2 + 1, F], not negative.
        transform: What they are magnitudes of.
        iterations: Pairs of transforms; 32 are usually enough.

    Returns:
        float [N, F * hop]; the same every time, for the first phases are fixed.
    """
    random = torch.Generator().manual_seed(0)
    angles = 2 * math.pi * torch.rand(magnitudes.shape[1:], generator=random)
    spectra = magnitudes * torch.polar(torch.ones_like(angles), angles).to(magnitudes.device)
    return refine_phases(spectra, transform, iterations)


def refine_phases(
    spectra: Tensor, transform: Transform, iterations: int, channels: int = 1
) -> Tensor:
    """Turn spectra with approximate phases into waves, by the iterations of `griffin_lim`.

    Gradients pass through it (as in Masuyama et al. 2019, arXiv 1903.03971).

    Args:
        spectra: complex [N, fft / 2 + 1, F]; their magnitudes are kept to.
        transform: What they are spectra of.
        iterations: Pairs of transforms.
        channels: So many successive spectra are channels of one sound and share their phases.

    Returns:
        float [N, F * hop].
    """
    magnitudes, previous = spectra.abs(), torch.zeros_like(spectra)
    for _ in range(iterations):
        rebuilt = transform.forward(transform.inverse(spectra))
        moved = rebuilt + MOMENTUM * (rebuilt - previous)
        if channels > 1:
            mix = moved.reshape(-1, channels, *moved.shape[1:]).sum(1)
            moved = mix.repeat_interleave(channels, dim=0)
        spectra = magnitudes * (moved / moved.abs().clamp(min=TINY))
        previous = rebuilt
    return transform.inverse(spectra)
