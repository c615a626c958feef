"""The WaveGAN pair (Donahue et al. 2019, arXiv 1802.04208) for waveforms of any length.

DCGAN in one dimension: kernels of 25 samples, stride 4, no normalisation, ReLU and tanh in the
generator, LeakyReLU in the discriminator. Transposed convolutions leave a tone in every clip, whose
phase reveals generated samples to the discriminator; phase shuffle hides it. Beyond the paper:
lengths that are not powers of four, labels (one-hot beside the latent; by projection in the
discriminator, Miyato and Koyama 2018, arXiv 1802.05637), a separate shift for each sample, and
normal latents, as in all networks here.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.errors import GansmithError
from gansmith.networks.base import (
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
    with_label,
)
from gansmith.networks.geometry import PadCrop1d, for_convolutions
from gansmith.networks.heads import ProjectionDiscriminator
from gansmith.networks.linear import Linear
from gansmith.schema import Section

SLOPE = 0.2
KERNEL, STRIDE, PADDING = 25, 4, 11
COARSEST = 16
SHORTEST, LONGEST = 256, 1 << 18


class WaveganOptions(Section):
    """Options of the `wavegan` pair."""

    latent: int = Field(100, ge=1, le=16_384, description="numbers in a latent")
    width: int = Field(
        32,
        ge=1,
        le=4_096,
        description="channels at the finest level, doubled a level down; the paper's d, 64",
    )
    phase_shuffle: int = Field(
        2, ge=0, le=16, description="most positions that phase shuffle shifts a layer by; 0: none"
    )


def _levels(spec: SampleSpec) -> int:
    """How often time is divided by 4 until about 16 positions are left; 5 times for a second."""
    return max(1, round(math.log(spec.width / COARSEST, STRIDE)))


def _span(spec: SampleSpec) -> PadCrop1d:
    return PadCrop1d(spec.width, STRIDE ** _levels(spec))


def _widths(spec: SampleSpec, width: int) -> list[int]:
    """Channels from the finest strided level to the coarsest."""
    return [width << level for level in range(_levels(spec))]


class PhaseShuffle(nn.Module):
    """Shift each sample of [N, C, 1, T] by -n to n positions, its ends reflected, in training.

    The shifts come from a generator of the module's own, whose state is part of a checkpoint.

    Args:
        radius: The paper's n; less than T.
    """

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius
        self.random = torch.Generator().manual_seed(int(torch.randint(1 << 62, (), device="cpu")))

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        if not self.training:
            return x
        span = (-self.radius, self.radius + 1)
        shifts = torch.randint(*span, (len(x), 1), generator=self.random)
        return shifted(x, shifts.to(x.device, non_blocking=True))

    def get_extra_state(self) -> Tensor:
        """Return the state of the random generator."""
        return self.random.get_state()

    def set_extra_state(self, state: Tensor) -> None:
        """Take up what :meth:`get_extra_state` gave."""
        self.random.set_state(state.cpu())


def shifted(x: Tensor, shifts: Tensor) -> Tensor:
    """Move each sample of [N, C, 1, T] to later by its own of `shifts` [N, 1], ends reflected."""
    last = x.shape[-1] - 1
    source = (torch.arange(last + 1, device=x.device) - shifts).abs()
    source = last - (last - source).abs()
    rows = x.squeeze(2).transpose(1, 2)  # [N, T, C], as channels-last lies in memory
    moved = rows.gather(1, source.unsqueeze(2).expand(rows.shape))
    return moved.transpose(1, 2).unsqueeze(2)


class WaveganGenerator(Generator):
    """Latent and label -> 16 or so positions -> transposed convolutions -> waveform."""

    def __init__(self, spec: SampleSpec, options: WaveganOptions) -> None:
        super().__init__()
        self.latent, self.classes, self.span = options.latent, spec.classes, _span(spec)
        widths = _widths(spec, options.width)[::-1]
        self.entry = Linear(self.latent + spec.classes, widths[0] * self.span.base)
        layers: list[nn.Module] = [nn.ReLU()]
        for wide, narrow in pairwise(widths):
            layers += [_up(wide, narrow), nn.ReLU()]
        self.body = nn.Sequential(*layers, _up(widths[-1], spec.channels), nn.Tanh())
        self.apply(_initialise)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, 1, T] in (-1, 1)."""
        hidden = self.entry(with_label(latents, labels, self.classes))
        coarse = hidden.unflatten(1, (1, self.span.base, -1)).permute(0, 3, 1, 2)
        return self.span.crop(self.body(coarse))


class WaveganDiscriminator(ProjectionDiscriminator):
    """Waveform -> strided convolutions, phases shuffled between them -> logit."""

    def __init__(self, spec: SampleSpec, options: WaveganOptions) -> None:
        super().__init__()
        self.span, widths = _span(spec), _widths(spec, options.width)
        layers: list[nn.Module] = [_down(spec.channels, widths[0]), nn.LeakyReLU(SLOPE)]
        for narrow, wide in pairwise(widths):
            shuffle = [PhaseShuffle(options.phase_shuffle)] if options.phase_shuffle else []
            layers += [*shuffle, _down(narrow, wide), nn.LeakyReLU(SLOPE)]
        self.body = nn.Sequential(*layers)
        features = widths[-1] * self.span.base
        self.set_head(Linear(features, 1), spec.classes)
        self.apply(_initialise)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N]."""
        whole = self.span.pad(samples.squeeze(2)).unsqueeze(2)
        features = self.body(whole).permute(0, 2, 3, 1).flatten(1)
        return self.project(features, labels)


def _up(channels: int, out: int) -> nn.Module:
    sizes = (1, KERNEL), (1, STRIDE), (0, PADDING), (0, 1)
    return nn.ConvTranspose2d(channels, out, *sizes)


def _down(channels: int, out: int) -> nn.Module:
    return nn.Conv2d(channels, out, (1, KERNEL), (1, STRIDE), (0, PADDING))


def _initialise(module: nn.Module) -> None:
    """Draw the weights as the authors' program does (Glorot and Bengio 2010); no biases."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    if isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)


@register_networks("wavegan", WaveganOptions)
def wavegan(spec: SampleSpec, options: WaveganOptions) -> GANNetworks:
    """Build the pair, in the memory layout that convolutions like best.

    Raises:
        GansmithError: The samples are no waveforms, or their length is out of range.
    """
    if spec.height != 1 or not SHORTEST <= spec.width <= LONGEST:
        raise GansmithError(
            f"network 'wavegan' serves waveforms of {SHORTEST} to {LONGEST} samples, the data is "
            f"{spec.height} x {spec.width}: give --set sound.representation=waveform, or "
            "--set network.name=spectrogram for pictures of sound"
        )
    return for_convolutions(
        GANNetworks(WaveganGenerator(spec, options), WaveganDiscriminator(spec, options))
    )
