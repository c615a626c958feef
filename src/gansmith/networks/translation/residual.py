"""A residual translator and a discriminator of patches at several scales.

Both are fully convolutional and serve any size. The translator's output is its input and a change,
so what need not change costs nothing to keep. Resampling treats all four positions of a cell alike:
a pixel shuffle leaves a checker grid, which a discriminator takes long to remove.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.base import (
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
)
from gansmith.networks.geometry import extended, for_convolutions, require_sides
from gansmith.networks.image.conv import SLOPE, Residual
from gansmith.schema import Section


class TranslatorOptions(Section):
    """Options of the `translator` pair."""

    width: int = Field(
        32, ge=4, le=512, description="channels at full resolution; doubled a level down"
    )
    levels: int = Field(2, ge=1, le=5, description="halvings before the residual blocks")
    blocks: int = Field(4, ge=1, le=32, description="residual blocks at the coarsest level")
    max_width: int = Field(256, ge=4, le=2_048, description="most channels at any level")
    d_width: int = Field(
        32, ge=4, le=512, description="channels of the discriminator's first level"
    )
    d_levels: int = Field(3, ge=1, le=6, description="halvings of the discriminator")
    scales: int = Field(2, ge=1, le=4, description="resolutions that the discriminator sees")


class Translator(Generator):
    """Sample -> halvings -> residual blocks -> doublings -> change, added to the sample.

    Args:
        spec: The samples that are made; their source has as many channels or other ones.
        options: Widths and depths.

    Attributes:
        widths: Channels of each map that :meth:`features` returns.
    """

    latent = 0

    def __init__(self, spec: SampleSpec, options: TranslatorOptions) -> None:
        super().__init__()
        source = spec.source or spec
        self.cell = 1 << options.levels
        self.keeps = source.channels == spec.channels
        widths = [
            min(options.width << level, options.max_width) for level in range(options.levels + 1)
        ]
        self.entry = nn.Conv2d(source.channels, widths[0], 5, padding=2, padding_mode="reflect")
        self.down = nn.ModuleList(
            nn.Sequential(nn.LeakyReLU(SLOPE), nn.AvgPool2d(2), _conv(fine, coarse))
            for fine, coarse in pairwise(widths)
        )
        self.blocks = nn.ModuleList(Residual(widths[-1]) for _ in range(options.blocks))
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(SLOPE),
                _conv(coarse, fine),
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
                Residual(fine),
            )
            for fine, coarse in reversed(list(pairwise(widths)))
        )
        self.exit = nn.Sequential(nn.LeakyReLU(SLOPE), _conv(widths[0], spec.channels))
        self.widths = [*widths, widths[-1]]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W] of source samples [N, C, H, W], about [-1, 1]."""
        return self.translate(latents)[0]

    def translate(self, sources: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return samples [N, C, H, W] of sources [N, C, H, W], and :meth:`features` of these."""
        height, width = sources.shape[2:]
        maps = self.features(sources)
        x = maps[-1]
        for index, part in enumerate(self.up):
            x = part(x)
            if index == len(self.up) - 1:
                x = x + maps[0]
        change: Tensor = self.exit(x)[:, :, :height, :width]
        return (sources + change if self.keeps else change), maps

    def features(self, samples: Tensor) -> list[Tensor]:
        """Return maps [N, D, h, w] of the entry, each halving and the last residual block."""
        return self._encoded(self._padded(samples))

    def _padded(self, samples: Tensor) -> Tensor:
        """Extend samples at their lower and right edges to whole cells, two of them at least."""
        height, width = (max(2, -(-side // self.cell)) * self.cell for side in samples.shape[2:])
        return extended(samples, height, width)

    def _encoded(self, padded: Tensor) -> list[Tensor]:
        maps = [self.entry(padded)]
        for part in self.down:
            maps.append(part(maps[-1]))
        x = maps[-1]
        for block in self.blocks:
            x = block(x)
        return [*maps, x]


class PatchDiscriminator(Discriminator):
    """Sample -> strided levels -> a map of logits, at several scales.

    Isola et al. 2017 (arXiv 1611.07004), Wang et al. 2018 (arXiv 1711.11585). With classes, each
    has logits of its own (Choi et al. 2020, arXiv 1912.01865). Samples that are conditioned on
    other ones are classified together with those.
    """

    def __init__(self, spec: SampleSpec, options: TranslatorOptions) -> None:
        super().__init__()
        widths = [
            min(options.d_width << level, options.max_width) for level in range(options.d_levels)
        ]
        self.seen_together = spec.condition_shape is not None
        channels = spec.channels + (spec.condition_shape[0] if spec.condition_shape else 0)
        outputs = max(1, spec.classes)
        self.scales = nn.ModuleList(
            _patches(channels, widths, outputs) for _ in range(options.scales)
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the logits [N, 1, 1, M] of all patches, at all scales.

        Args:
            samples: [N, C, H, W].
            labels: Classes int64 [N], or the samples [N, C, H, W] that these are conditioned on.
        """
        if self.seen_together:
            assert labels is not None
            samples, labels = torch.cat([samples, labels], dim=1), None
        found = []
        for index, scale in enumerate(self.scales):
            if index:
                samples = F.avg_pool2d(samples, 2, ceil_mode=True)
            found.append(scale(samples).flatten(2).unsqueeze(2))
        logits = torch.cat(found, dim=3)
        if labels is None:
            return logits
        return logits.take_along_dim(labels.view(-1, 1, 1, 1), dim=1)


def _patches(channels: int, widths: list[int], outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise([channels, *widths]):
        layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
    last = nn.Conv2d(widths[-1], outputs, 3, padding=1)
    return nn.Sequential(*layers, Residual(widths[-1]), nn.LeakyReLU(SLOPE), last)


@register_networks("translator", TranslatorOptions)
def translator(spec: SampleSpec, options: TranslatorOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are smaller than 16 or larger than 512 pixels a side.
    """
    require_sides("translator", spec, 512)
    return for_convolutions(
        GANNetworks(Translator(spec, options), PatchDiscriminator(spec, options))
    )


def _conv(width: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(width, out, 3, padding=1, padding_mode="reflect")
