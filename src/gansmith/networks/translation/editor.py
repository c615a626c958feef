"""An editor that moves pixels, and a discriminator that reads how far.

Expressions mostly move what is there already. So for each expression the editor predicts how pixels
move (a displacement field), what is painted, such as teeth, and where either applies (attention).
Fields are multiplied by the strengths asked for and added up, as the offsets of blend shapes are:
half the strength is half the way, no strength is the sample itself, and expressions combine. The
fields are smooth, so they can be applied to a picture in its full size.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks.base import (
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
)
from gansmith.networks.geometry import PadCrop2d, for_convolutions, require_sides
from gansmith.networks.image.conv import SLOPE, Residual
from gansmith.networks.linear import Linear
from gansmith.schema import Section

FARTHEST = 0.25
"""Most displacement, as a share of half a side."""
MOST_PAINT = 2.0
"""Most that is added to a value: from black to white. Unbounded paint, painted over again on the
way back, can explode within one step."""
SHUFFLE = 2
"""Pixels a side of one position of the fields."""
START = 0.1
"""Scale of the weights of the fields at the start: nearly nothing is changed."""
ATTENTIVE = -1.2
"""Logit of the attention at the start."""
LEAST_ATTENTION = 0.05
"""With none, flow and paint would have no gradient: an editor that does nothing would not learn."""


class EditorOptions(Section):
    """Options of the `editor` pair."""

    width: int = Field(
        16, ge=4, le=512, description="channels of the finest level; doubled a level down"
    )
    levels: int = Field(2, ge=1, le=5, description="halvings after the first")
    blocks: int = Field(3, ge=1, le=32, description="residual blocks at the coarsest level")
    max_width: int = Field(128, ge=4, le=2_048, description="most channels at any level")
    paint: bool = Field(True, description="change colours beside moving pixels")
    d_width: int = Field(
        24, ge=4, le=512, description="channels of the discriminator's first level"
    )
    d_features: int = Field(
        256, ge=8, le=4_096, description="features of the discriminator that a condition meets"
    )


class Fields(NamedTuple):
    """What each of E expressions does to a sample at full strength, on a grid of h x w.

    Attributes:
        flow: Where each position takes its value from, [N, E, 2, h, w] (x, y), in halves of a side.
        paint: What is added to each position, [N, E, C, h, w] in [-MOST_PAINT, MOST_PAINT].
        attention: How far either applies, [N, E, 1, h, w] in [LEAST_ATTENTION, 1].
    """

    flow: Tensor
    paint: Tensor
    attention: Tensor

    def at(self, strengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return displacement, paint and attention, [N, 2 or C or 1, h, w], of strengths [N, E]."""
        weight = self.attention * strengths[:, :, None, None, None]
        applied = (self.attention * strengths.abs()[:, :, None, None, None]).sum(1)
        return (weight * self.flow).sum(1), (weight * self.paint).sum(1), applied


class Editor(Generator):
    """Sample -> fields of each expression, by a U-shaped network; then strengths -> sample.

    Args:
        spec: The samples; the first side of its condition is the number of expressions.
        options: Widths and depths.
    """

    latent = 0

    def __init__(self, spec: SampleSpec, options: EditorOptions) -> None:
        super().__init__()
        assert spec.condition_shape is not None
        self.spec, self.expressions = spec, spec.condition_shape[0]
        self.canvas = PadCrop2d(spec.height, spec.width, SHUFFLE << options.levels)
        widths = [
            min(options.width << level, options.max_width) for level in range(options.levels + 1)
        ]
        places = 2
        self.entry = nn.Sequential(
            nn.PixelUnshuffle(SHUFFLE), _conv(SHUFFLE**2 * (spec.channels + places), widths[0])
        )
        self.down = nn.ModuleList(
            nn.Sequential(nn.LeakyReLU(SLOPE), nn.AvgPool2d(2), _conv(fine, coarse))
            for fine, coarse in pairwise(widths)
        )
        self.blocks = nn.Sequential(*(Residual(widths[-1]) for _ in range(options.blocks)))
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(SLOPE),
                _conv(coarse, fine),
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            )
            for fine, coarse in reversed(list(pairwise(widths)))
        )
        self.mix = nn.ModuleList(Residual(fine) for fine in reversed(widths[:-1]))
        self.parts = [2, spec.channels if options.paint else 0, 1]
        last = _conv(widths[0], self.expressions * sum(self.parts))
        last.weight.data.mul_(START)
        self.exit = nn.Sequential(nn.LeakyReLU(SLOPE), last)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return edited samples of samples [N, C, H, W] and strengths [N, E] or [N, E, 1, 1]."""
        assert labels is not None
        return apply_fields(latents, *self.fields(latents).at(labels.flatten(1))[:2])

    def fields(self, samples: Tensor) -> Fields:
        """Return what each expression does to samples [N, C, H, W] of the size of the training."""
        padded = self.canvas.pad(samples)
        places = _grid(padded).permute(0, 3, 1, 2).expand(len(padded), -1, -1, -1)
        x = self.entry(torch.cat([padded, places], dim=1))
        maps = [x]
        for part in self.down:
            maps.append(part(maps[-1]))
        x = self.blocks(maps.pop())
        for part, mix in zip(self.up, self.mix, strict=True):
            x = mix(part(x) + maps.pop())
        made = self.exit(x).float().unflatten(1, (self.expressions, -1))
        flow, paint, attention = made.split(self.parts, dim=2)
        attention = torch.sigmoid(attention + ATTENTIVE)
        attention = LEAST_ATTENTION + (1 - LEAST_ATTENTION) * attention
        paint = MOST_PAINT * F.softsign(paint / MOST_PAINT)
        return Fields(FARTHEST * F.softsign(flow), paint, attention)


def apply_fields(samples: Tensor, flow: Tensor, paint: Tensor) -> Tensor:
    """Move and paint samples.

    Args:
        samples: [N, C, H, W] of any size.
        flow: Displacement [N, 2, h, w], which is scaled to the size of the samples.
        paint: Added, [N, C or 0, h, w], scaled likewise.
    """
    flow = _resized(flow, samples)
    grid = _grid(samples) + flow.permute(0, 2, 3, 1)
    moved = F.grid_sample(samples, grid, "bilinear", "border", align_corners=False)
    return moved + _resized(paint, samples) if paint.shape[1] else moved


def _resized(field: Tensor, samples: Tensor) -> Tensor:
    return F.interpolate(field, samples.shape[2:], mode="bilinear", align_corners=False)


def _grid(samples: Tensor) -> Tensor:
    """Return the place of each pixel, [1, H, W, 2] (x, y) in [-1, 1], as `grid_sample` takes it."""
    height, width = samples.shape[2:]
    y, x = (
        (torch.arange(side, device=samples.device, dtype=samples.dtype) * 2 + 1) / side - 1
        for side in (height, width)
    )
    sides = height, width
    return torch.stack([x.expand(sides), y[:, None].expand(sides)], dim=2)[None]


class EditDiscriminator(Discriminator):
    """Sample -> strided levels -> features -> a logit and a projection on an embedded condition.

    As Miyato and Koyama 2018 (arXiv 1802.05637), with strengths in place of classes. They are
    embedded by a small network, so that a logit may be highest for half the strength.
    """

    def __init__(self, spec: SampleSpec, options: EditorOptions) -> None:
        super().__init__()
        assert spec.condition_shape is not None
        levels = max(1, (min(spec.height, spec.width) // 4).bit_length() - 1)
        widths = [min(options.d_width << level, options.max_width) for level in range(levels)]
        self.canvas = PadCrop2d(spec.height, spec.width, 1 << levels)
        layers: list[nn.Module] = []
        for before, after in pairwise([spec.channels, *widths]):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
        area = self.canvas.base[0] * self.canvas.base[1]
        self.body = nn.Sequential(
            *layers[:-1], Residual(widths[-1]), nn.LeakyReLU(SLOPE), nn.Flatten(),
            Linear(widths[-1] * area, options.d_features), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        self.logit = Linear(options.d_features, 1)
        self.condition = nn.Sequential(
            Linear(spec.condition_shape[0], 64), nn.LeakyReLU(SLOPE), Linear(64, options.d_features)
        )
        self.scale = options.d_features**-0.5

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N] of samples with strengths [N, E] or [N, E, 1, 1]."""
        assert labels is not None
        return self.judge(self.features(samples), labels)

    def features(self, samples: Tensor) -> Tensor:
        """Return features [N, D] of samples."""
        found: Tensor = self.body(self.canvas.pad(samples))
        return found

    def judge(self, features: Tensor, strengths: Tensor) -> Tensor:
        """Return logits [N] of features [N, D], each with the strengths in its row."""
        logits: Tensor = self.logit(features).squeeze(1)
        return logits + (features * self.meant(strengths)).sum(1)

    def read(self, features: Tensor, strengths: Tensor) -> Tensor:
        """Return logits [N, M] of features [N, D], each with each of M rows of strengths."""
        logits: Tensor = self.logit(features)
        return logits + features @ self.meant(strengths).t()

    def meant(self, strengths: Tensor) -> Tensor:
        """Return the embedding [N, D] of strengths, by which features are projected."""
        embedded: Tensor = self.condition(strengths.flatten(1)) * self.scale
        return embedded


@register_networks("editor", EditorOptions)
def editor(spec: SampleSpec, options: EditorOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are smaller than 16 or larger than 512 pixels a side, or there
            are no expressions.
    """
    require_sides("editor", spec, 512)
    if spec.condition_shape is None:
        raise GansmithError(
            "network 'editor' changes expressions and generates nothing: use the recipe "
            "'expressions', or choose another network with --set network.name=..."
        )
    return for_convolutions(GANNetworks(Editor(spec, options), EditDiscriminator(spec, options)))


def _conv(width: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(width, out, 3, padding=1, padding_mode="reflect")
