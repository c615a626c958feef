"""Extractors trained by others, from optional packages."""

from __future__ import annotations

from torch import Tensor, nn

from gansmith.data.dataset import Dataset
from gansmith.evaluation.features.preparation import prepare_for_network
from gansmith.extractor import EXTRACTORS, Extractor, module_bytes
from gansmith.networks.image.frozen_features import load_efficientnet_lite0

SIDE = 224
"""Side in pixels at which EfficientNet-Lite0 was trained."""


@EXTRACTORS.register("efficientnet-lite0")
def efficientnet_lite0(dataset: Dataset) -> Extractor:
    """EfficientNet-Lite0, trained on ImageNet: 1280 averaged features of 224x224 RGB in [-1, 1]."""
    network = Averaged(load_efficientnet_lite0()).eval()
    seen = prepare_for_network("efficientnet-lite0", dataset, (None, 3, SIDE, SIDE))
    return Extractor("efficientnet-lite0", network, seen, module_bytes(network), chunk=16)


class Averaged(nn.Module):
    """A backbone's last feature maps, averaged over space.

    Args:
        backbone: A module with `extract_features(values) -> [N, D, h, w]`.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, values: Tensor) -> Tensor:
        """Map [N, 3, 224, 224] to [N, D]."""
        maps: Tensor = self.backbone.extract_features(values)  # type: ignore[operator]
        return maps.mean((2, 3))
