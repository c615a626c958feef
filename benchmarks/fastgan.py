"""A pair after FastGAN (Liu et al. 2021, arXiv 2101.04775) for 64 x 64 pixels, by the paper alone.

The generator upsamples with gated units, injects noise, and lets coarse maps scale the channels of
fine ones (skip-layer excitation). The discriminator also decodes real samples from its features:
the whole at half its size, and one quadrant. Its reconstruction is compared by the mean absolute
difference, where the paper takes a perceptual distance by a network with pretrained weights.

Importing this module registers network `fastgan` and duel `fastgan`.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks import Discriminator, GANNetworks, Generator, SampleSpec
from gansmith.networks.base import register_networks
from gansmith.schema import Section
from gansmith.training.duel import Batch, DuelSetting, register_duel
from gansmith.training.noise import NoiseDuel

SIDE = 64


class FastganOptions(Section):
    """Options of the `fastgan` pair; by default those of the paper at this size, a quarter wide."""

    latent: int = Field(256, ge=1, description="numbers in a latent")
    width: int = Field(16, ge=4, description="channels at 64 pixels; doubled a level down")


class Noise(nn.Module):
    """Adds noise with a learned weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps [N, C, h, w] with noise in training."""
        if not self.training:
            return maps
        return maps + self.weight * torch.randn_like(maps[:, :1])


def _gated(channels: int, out: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, 2 * out, 3, padding=1, bias=False), nn.BatchNorm2d(2 * out)]


def _up(channels: int, out: int, noisy: bool) -> nn.Sequential:
    """Double the size; with noise, by two convolutions."""
    layers = [nn.Upsample(scale_factor=2), *_gated(channels, out)]
    layers += [Noise(), nn.GLU(1)] if noisy else [nn.GLU(1)]
    if noisy:
        layers += [*_gated(out, out), Noise(), nn.GLU(1)]
    return nn.Sequential(*layers)


class Excitation(nn.Module):
    """Scales the channels of fine maps by what coarse maps hold."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.AdaptiveAvgPool2d(4), nn.Conv2d(coarse, fine, 4, bias=False), nn.SiLU()),
            *(nn.Conv2d(fine, fine, 1, bias=False), nn.Sigmoid()),
        )

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return the fine maps, scaled."""
        scaled: Tensor = fine * self.body(coarse)
        return scaled


class FastganGenerator(Generator):
    """Latent -> 4 x 4 -> four doublings, the last two excited by the first two -> sample."""

    def __init__(self, spec: SampleSpec, options: FastganOptions) -> None:
        super().__init__()
        self.latent = options.latent
        widths = [options.width << level for level in (4, 3, 2, 1, 0)]
        self.entry = nn.Sequential(
            nn.ConvTranspose2d(self.latent, 2 * widths[0], 4, bias=False),
            nn.BatchNorm2d(2 * widths[0]),
            nn.GLU(1),
        )
        self.ups = nn.ModuleList(
            _up(wide, narrow, noisy=level % 2 == 0)
            for level, (wide, narrow) in enumerate(pairwise(widths))
        )
        self.excite32 = Excitation(widths[0], widths[3])
        self.excite64 = Excitation(widths[1], widths[4])
        self.exit = nn.Sequential(nn.Conv2d(widths[4], spec.channels, 3, padding=1), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, 64, 64] in (-1, 1)."""
        m4 = self.entry(F.normalize(latents, dim=1)[:, :, None, None] * self.latent**0.5)
        m8 = self.ups[0](m4)
        m16 = self.ups[1](m8)
        m32 = self.excite32(m4, self.ups[2](m16))
        m64 = self.excite64(m8, self.ups[3](m32))
        samples: Tensor = self.exit(m64)
        return samples


class Down(nn.Module):
    """Halves the size by two ways that are averaged."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.long = nn.Sequential(
            *(nn.Conv2d(channels, out, 4, 2, 1, bias=False), nn.BatchNorm2d(out)),
            nn.LeakyReLU(0.2),
            *(nn.Conv2d(out, out, 3, padding=1, bias=False), nn.BatchNorm2d(out)),
            nn.LeakyReLU(0.2),
        )
        self.short = nn.Sequential(
            *(nn.AvgPool2d(2), nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out)),
            nn.LeakyReLU(0.2),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of half the size."""
        halved: Tensor = (self.long(maps) + self.short(maps)) / 2
        return halved


def _decoder(channels: int, width: int, out: int) -> nn.Sequential:
    """Features of 8 x 8 positions -> picture of 32 x 32."""
    layers: list[nn.Module] = []
    for before, after in ((channels, 2 * width), (2 * width, width)):
        layers += [nn.Upsample(scale_factor=2), *_gated(before, after), nn.GLU(1)]
    return nn.Sequential(*layers, nn.Conv2d(width, out, 3, padding=1), nn.Tanh())


class FastganDiscriminator(Discriminator):
    """Sample -> features -> 5 x 5 logits, and two pictures decoded from the features."""

    mixes_batch = True

    def __init__(self, spec: SampleSpec, options: FastganOptions) -> None:
        super().__init__()
        width = options.width
        first = nn.Conv2d(spec.channels, width, 3, padding=1, bias=False)
        self.to32 = nn.Sequential(first, nn.LeakyReLU(0.2), Down(width, 2 * width))
        self.to16 = Down(2 * width, 4 * width)
        self.to8 = Down(4 * width, 8 * width)
        self.head = nn.Sequential(
            *(nn.Conv2d(8 * width, 16 * width, 1, bias=False), nn.BatchNorm2d(16 * width)),
            *(nn.LeakyReLU(0.2), nn.Conv2d(16 * width, 1, 4, bias=False)),
        )
        self.whole = _decoder(8 * width, 2 * width, spec.channels)
        self.quadrant = _decoder(4 * width, 2 * width, spec.channels)

    def features(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return maps of 16 x 16 and of 8 x 8 positions."""
        fine = self.to16(self.to32(samples))
        return fine, self.to8(fine)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N, 1, 5, 5]."""
        logits: Tensor = self.head(self.features(samples)[1])
        return logits

    def reconstruction(self, samples: Tensor, rows: slice, columns: slice) -> Tensor:
        """Return how far both decoded pictures are from the samples.

        Args:
            samples: Real ones [N, C, 64, 64].
            rows: A half of the 16 rows of features, whose quadrant is decoded.
            columns: A half of their columns.
        """
        fine, coarse = self.features(samples)
        half = F.interpolate(samples, scale_factor=0.5, mode="bilinear", antialias=True)
        scale = SIDE // 16
        pixels = [slice(s.start * scale, s.stop * scale) for s in (rows, columns)]
        part = samples[:, :, pixels[0], pixels[1]]
        found = self.quadrant(fine[:, :, rows, columns])
        return F.l1_loss(self.whole(coarse), half) + F.l1_loss(found, part)


@register_networks("fastgan", FastganOptions)
def fastgan(spec: SampleSpec, options: FastganOptions) -> GANNetworks:
    """Build the pair."""
    return GANNetworks(FastganGenerator(spec, options), FastganDiscriminator(spec, options))


class FastganDuel(NoiseDuel):
    """The plain game, in which the discriminator also reconstructs real samples."""

    discriminator: FastganDiscriminator

    def discriminator_step(self, batch: Batch) -> None:
        """Train the discriminator on both kinds of samples and on its reconstructions."""
        with torch.no_grad():
            fake = self._augmented(self._generated(batch))
        real = self._augmented(batch.samples)
        logits = self._logits(real, fake, None)
        loss = self._objective.discriminator(*logits)
        self._seen = {"real": logits[0].detach(), "fake": logits[1].detach()}
        self._seen["d_loss"] = loss.detach()
        row, column = (self._engine.uniform(2) < 0.5).tolist()
        halves = slice(0, 8), slice(8, 16)
        loss = loss + self.discriminator.reconstruction(real, halves[row], halves[column])
        self._engine.backward_and_step(loss, self.optimisers["discriminator"])


@register_duel("fastgan")
def fastgan_duel(setting: DuelSetting) -> FastganDuel:
    """Build the duel."""
    return FastganDuel(
        setting.build_networks(), setting.recipe, setting.engine, alpha=setting.spec.alpha
    )
