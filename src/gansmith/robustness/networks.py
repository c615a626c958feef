"""Small classifiers for images from 28x28 grey to 96x96 colour."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from pydantic import Field, ValidationError
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec
from gansmith.networks.linear import Linear
from gansmith.recipe import NetworkConfig
from gansmith.registry import Registry
from gansmith.schema import Section, explain

SIDES = (8, 96)
"""Least and greatest side in pixels."""
MOST_WEIGHTS = 2**26
_COARSEST = 8


class Family(NamedTuple):
    """What the registry knows of a family of classifiers."""

    options: type[Section]
    build: Callable[[SampleSpec, Any], nn.Module]


CLASSIFIERS: Registry[Family] = Registry("classifier network")


class ConvOptions(Section):
    """Options of the `conv` classifier."""

    width: int = Field(16, ge=1, le=1_024, description="channels of the first convolution")
    features: int = Field(128, ge=1, le=4_096, description="features before the logits")


class ResNetOptions(Section):
    """Options of the `resnet` classifier."""

    width: int = Field(  # with 4 channels, the backward pass of torch 2.13 damages memory on CPUs
        32, ge=8, le=1_024, description="channels of the first stage"
    )
    blocks: int = Field(1, ge=1, le=16, description="residual blocks a stage")


def build_classifier(config: NetworkConfig, spec: SampleSpec, seed: int = 0) -> nn.Module:
    """Build a network from images [N, C, H, W] in [0, 1] to logits [N, classes].

    Args:
        config: Name and options of the network.
        spec: Its images and number of classes.
        seed: Fixes the initial weights and leaves the global random state as it was.

    Raises:
        GansmithError: The name or an option is wrong, the images are too small or too large, or the
            network would be too large.
    """
    family = CLASSIFIERS[config.name]
    try:
        options = family.options.model_validate(config.options)
    except ValidationError as error:
        raise explain(error, family.options, prefix="network.") from None
    if not SIDES[0] <= min(spec.height, spec.width) <= max(spec.height, spec.width) <= SIDES[1]:
        raise GansmithError(
            f"images are {spec.height}x{spec.width}, classifiers take {SIDES[0]} to {SIDES[1]} "
            f"pixels a side: open the data with data.size={SIDES[1]} or less"
        )
    with torch.device("meta"):
        weights = sum(value.numel() for value in family.build(spec, options).parameters())
    if weights > MOST_WEIGHTS:
        raise GansmithError(
            f"classifier network '{config.name}' would have {weights:,} weights, the most are "
            f"{MOST_WEIGHTS:,}: choose smaller options (network.width)"
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = family.build(spec, options)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _halvings(spec: SampleSpec, least: int) -> int:
    """Return how often the sides are halved until the longer one has about 8 pixels."""
    return max(least, math.ceil(math.log2(max(spec.height, spec.width) / _COARSEST)))


def _conv(spec: SampleSpec, options: ConvOptions) -> nn.Module:
    """Strided 4x4 convolutions of doubling width, then one hidden layer; no normalisation.

    For 28x28 pixels these are the convolutions of 16 and 32 channels with which Wong et al. 2020
    (arXiv 2001.03994) train robust networks for MNIST.
    """
    halvings = _halvings(spec, least=2)
    widths = [spec.channels, *(options.width << level for level in range(halvings))]
    layers: list[nn.Module] = []
    height, width = spec.height, spec.width
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.ReLU()]
        height, width = height // 2, width // 2
    layers += [nn.Flatten(), Linear(widths[-1] * height * width, options.features), nn.ReLU()]
    return nn.Sequential(*layers, Linear(options.features, spec.classes))


class _Block(nn.Module):
    """A residual block with normalisation before each convolution (He et al. 2016, 1603.05027)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU())
        self.second = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
        )
        changed = stride != 1 or inputs != outputs
        self.skip = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if changed else None

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        active = self.first(x)
        change: Tensor = self.second(active)
        return change + (x if self.skip is None else self.skip(active))


class _ResNet(nn.Module):
    """A convolution, stages of residual blocks at halved sides, the mean over all places."""

    def __init__(self, spec: SampleSpec, options: ResNetOptions) -> None:
        super().__init__()
        widths = [options.width << level for level in range(1 + _halvings(spec, least=1))]
        self.stem = nn.Conv2d(spec.channels, widths[0], 3, padding=1, bias=False)
        blocks: list[nn.Module] = []
        inputs = widths[0]
        for width in widths[1:]:
            for number in range(options.blocks):
                blocks.append(_Block(inputs, width, 1 if number else 2))
                inputs = width
        self.blocks = nn.Sequential(*blocks, nn.BatchNorm2d(inputs), nn.ReLU())
        self.head = Linear(inputs, spec.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N, classes]."""
        features = self.blocks(self.stem(x))
        logits: Tensor = self.head(F.adaptive_avg_pool2d(features, 1).flatten(1))
        return logits


CLASSIFIERS.register("conv")(Family(ConvOptions, _conv))
CLASSIFIERS.register("resnet")(Family(ResNetOptions, _ResNet))
