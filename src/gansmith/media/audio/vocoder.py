"""A small decoder from log-mel spectrograms to waves, trained on the user's own clips.

A ConvNeXt trunk at the rate of the frames and a head that gives magnitude and phase of every bin,
turned into sound by an inverse Fourier transform (Vocos, Siuzdak 2023, arXiv 2306.00814). The head
corrects magnitudes that are the means of their mel bands, so that only phase and fine structure are
left to learn. A trunk that sees a steady tone cannot turn its phase from frame to frame, so a few
rounds of Griffin-Lim follow, in training too (Masuyama et al. 2019, arXiv 1903.03971). Losses are
those of Parallel WaveGAN without its discriminator (multi-resolution spectra, Yamamoto et al. 2020,
arXiv 1910.11480), and the same between the head's magnitudes and those of the real sound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.media.audio.logmel import LogMel
from gansmith.media.audio.samples import STEPS, to_waves
from gansmith.media.audio.stft import Transform, refine_phases

KERNEL = 7
BATCH, RATE, WARMUP = 16, 2e-3, 100
PIECE = 32
"""Frames of a piece of a clip; training is on pieces."""
FAINT = 0.01
"""Peak, relative to full scale, below which a piece is not trained on."""
TRAINED_ROUNDS, ROUNDS = 4, 8
"""Iterations of Griffin-Lim in training, and by default in use."""
HEAD = 0.5
"""Weight of the loss of the head's magnitudes."""
QUIET = 1e-4
"""Magnitudes below this share of the loudest count as equal in the loss: -80 dB."""
LEAST_LOG, MOST_LOG, TINY = -18.0, 6.0, 1e-12


class Block(nn.Module):
    """Depthwise convolution along time, then two layers over the channels, added to the input."""

    def __init__(self, width: int, scale: float, loop: bool) -> None:
        super().__init__()
        self.depthwise = _along_time(width, width, loop, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), scale))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map [N, width, F] to the same shape."""
        inner = self.norm(self.depthwise(hidden).transpose(1, 2))
        inner = self.narrow(F.gelu(self.widen(inner))) * self.scale
        summed: Tensor = hidden + inner.transpose(1, 2)
        return summed


class Vocoder(nn.Module):
    """Turns log-mel pictures [N, mels, F] into waves [N, F * hop].

    Args:
        codec: Whose pictures they are.
        width: Channels of the trunk.
        depth: Blocks of the trunk.
    """

    def __init__(self, codec: LogMel, width: int = 192, depth: int = 5) -> None:
        super().__init__()
        self.codec = codec
        bins = codec.transform.fft // 2 + 1
        loop = codec.transform.loop
        self.entry = _along_time(codec.mels, width, loop)
        self.blocks = nn.ModuleList(Block(width, 1 / depth, loop) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 3 * bins)
        nn.init.normal_(self.head.weight, std=0.02)

    @classmethod
    def restore(cls, codec: LogMel, weights: Mapping[str, Tensor]) -> Vocoder:
        """Rebuild a trained vocoder; the global random state is kept."""
        with torch.random.fork_rng(devices=[]):
            vocoder = cls(codec)
        vocoder.load_state_dict(dict(weights))
        return vocoder.eval().requires_grad_(False)

    def forward(self, pictures: Tensor, rounds: int = ROUNDS) -> Tensor:
        """Return waves after so many rounds of Griffin-Lim; silent where spectrograms are."""
        return refine_phases(self.spectra(pictures), self.codec.transform, rounds)

    def decode_channels(self, pictures: Tensor, rounds: int = ROUNDS) -> Tensor:
        """Decode channels together, with the phases of their mix.

        Phases that are estimated for each channel alone are unrelated, so a sound panned between
        two channels would lose its place, and its mono mix some of its level.

        Args:
            pictures: [N, C, mels, F].
            rounds: Iterations of Griffin-Lim, in which the channels keep common phases.

        Returns:
            Waves [N, C, F * hop].
        """
        count, channels = pictures.shape[:2]
        magnitudes = self.spectra(pictures.flatten(0, 1)).abs()
        mix = self.spectra(self.codec.mixed(pictures))
        shared = (mix / mix.abs().clamp(min=1e-12)).repeat_interleave(channels, dim=0)
        waves = refine_phases(magnitudes * shared, self.codec.transform, rounds, channels)
        return waves.reshape(count, channels, -1)

    def spectra(self, pictures: Tensor) -> Tensor:
        """Return magnitudes and rough phases, complex [N, fft / 2 + 1, F]."""
        hidden = self.entry(pictures.clamp(-1, 1))
        for block in self.blocks:
            hidden = block(hidden)
        head = self.head(self.norm(hidden.transpose(1, 2))).transpose(1, 2)
        change, cosine, sine = head.float().chunk(3, dim=1)
        means = self.codec.smooth(self.codec.magnitudes(pictures.float()))
        magnitudes = means * torch.exp(change.clamp(LEAST_LOG, MOST_LOG))
        turned = torch.complex(cosine, sine)
        turned = turned / turned.abs().clamp(min=1e-6)
        return magnitudes * turned


def _along_time(width: int, out: int, loop: bool, groups: int = 1) -> nn.Conv1d:
    mode: Literal["circular", "zeros"] = "circular" if loop else "zeros"
    return nn.Conv1d(width, out, KERNEL, padding=KERNEL // 2, padding_mode=mode, groups=groups)


def train_vocoder(codec: LogMel, waves: NDArray[np.int16], steps: int, seed: int = 0) -> Vocoder:
    """Train a vocoder on pieces of clips.

    Args:
        codec: Computes the spectrograms.
        waves: int16 [N, T].
        steps: Of Adam, with a rate that falls to zero along a cosine.
        seed: Fixes initial weights and the order of clips; the global random state is kept.
    """
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.default_generator.manual_seed(seed)
        open_ended = replace(codec, transform=replace(codec.transform, loop=False))
        vocoder = Vocoder(open_ended)
        adam = torch.optim.AdamW(vocoder.parameters(), lr=RATE, betas=(0.8, 0.99))
        course = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: _course(step, steps))
        resolutions = _resolutions(open_ended.transform)
        pieces = pieces_of(waves, codec.transform.hop)
        for batch in _batches(len(pieces), steps):
            real = torch.from_numpy(to_waves(pieces[batch]))
            loss = _loss(vocoder, real, resolutions)
            adam.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(vocoder.parameters(), 1.0)
            adam.step()
            course.step()
        return Vocoder.restore(codec, vocoder.state_dict())


def _loss(vocoder: Vocoder, real: Tensor, resolutions: list[Transform]) -> Tensor:
    transform = vocoder.codec.transform
    spectra = vocoder.spectra(vocoder.codec.encode(real))
    made = refine_phases(spectra, transform, TRAINED_ROUNDS)[:, : real.shape[1]]
    head = _difference(spectra.abs(), _magnitudes(transform, real))
    return spectral_loss(made, real, resolutions) + HEAD * head


def spectral_loss(made: Tensor, real: Tensor, resolutions: list[Transform]) -> Tensor:
    """Return spectral convergence and the mean difference of log magnitudes, over resolutions."""
    terms = [_difference(_magnitudes(t, made), _magnitudes(t, real)) for t in resolutions]
    return torch.stack(terms).mean()


def _difference(a: Tensor, b: Tensor) -> Tensor:
    """Return the distance of magnitudes [N, bins, F] from real ones."""
    quiet = QUIET * b.amax((1, 2), keepdim=True) + 1e-5
    apart = ((a - b).square().sum() + TINY).sqrt()  # 0 has no slope there
    ratio = apart / b.square().sum().sqrt().clamp(min=1e-3)
    return ratio + ((a + quiet).log() - (b + quiet).log()).abs().mean()


def _magnitudes(transform: Transform, waves: Tensor) -> Tensor:
    spectra = transform.forward(waves)
    return (spectra.real.square() + spectra.imag.square() + TINY).sqrt()


def _resolutions(transform: Transform) -> list[Transform]:
    sizes = {max(64, transform.fft // 4), transform.fft // 2, transform.fft, 2 * transform.fft}
    return [Transform(size, size // 4) for size in sorted(sizes)]


def _course(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / WARMUP) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps)))


def pieces_of(waves: NDArray[np.int16], hop: int) -> NDArray[np.int16]:
    """Cut clips int16 [N, T] into pieces [M, PIECE * hop] that overlap by half; not silent ones.

    Short clips are not cut.
    """
    length = PIECE * hop
    if waves.shape[1] <= length:
        return waves
    starts = np.linspace(0, waves.shape[1] - length, math.ceil(2 * waves.shape[1] / length) - 1)
    pieces = np.concatenate([waves[:, start : start + length] for start in starts.astype(int)])
    audible = np.abs(pieces).max(1) >= FAINT * STEPS
    return pieces[audible] if audible.any() else pieces


def _batches(count: int, steps: int) -> Iterator[NDArray[np.int64]]:
    """Yield whole batches of shuffled indices, in as many epochs as needed."""
    size, left = min(BATCH, count), steps
    while left > 0:
        order = torch.randperm(count).numpy()
        for start in range(0, count - size + 1, size):
            if left == 0:
                return
            yield np.sort(order[start : start + size])
            left -= 1
