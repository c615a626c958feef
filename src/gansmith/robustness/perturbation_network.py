"""The two networks of AdvGAN: from images to perturbations, and from images to a logit."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.robustness.threat import Threat

_SLOPE = 0.2


class PerturbationNetwork(nn.Module):
    """Image -> two halvings -> residual blocks -> two doublings -> perturbation.

    After Xiao et al. 2018 (arXiv 1801.02610). Instance normalisation is what lets it train: without
    it the perturbation stays near zero.

    Args:
        channels: Of the images.
        width: Channels at full resolution.
        blocks: Residual blocks at a quarter of each side.
    """

    def __init__(self, channels: int, width: int = 8, blocks: int = 2) -> None:
        super().__init__()
        wide = 4 * width
        self.down = nn.Sequential(
            _normalised(nn.Conv2d(channels, width, 3, padding=1)),
            _normalised(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)),
            _normalised(nn.Conv2d(2 * width, wide, 3, stride=2, padding=1)),
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(
                _normalised(nn.Conv2d(wide, wide, 3, padding=1)),
                nn.Conv2d(wide, wide, 3, padding=1),
            )
            for _ in range(blocks)
        )
        self.up = nn.Sequential(
            nn.Upsample(scale_factor=2),
            _normalised(nn.Conv2d(wide, 2 * width, 3, padding=1)),
            nn.Upsample(scale_factor=2),
            _normalised(nn.Conv2d(2 * width, width, 3, padding=1)),
            nn.Conv2d(width, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return perturbations [N, C, H, W] in (-1, 1) for images [N, C, H, W] in [0, 1]."""
        height, width = x.shape[2:]
        padded = F.pad(2 * x - 1, (0, -width % 4, 0, -height % 4), "replicate")
        found = self.down(padded)
        for block in self.blocks:
            found = found + block(found)
        change: Tensor = self.up(found)[:, :, :height, :width]
        return change.tanh()


class ImageCritic(nn.Module):
    """Image -> three strided convolutions -> one logit.

    Args:
        channels: Of the images.
        width: Channels of the first convolution.
    """

    def __init__(self, channels: int, width: int = 16) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(2 * width, 1, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [N] of images [N, C, H, W] in [0, 1]."""
        logits: Tensor = self.body(2 * x - 1)
        return logits.mean((1, 2, 3))


def perturbed(network: nn.Module, x: Tensor, threat: Threat) -> Tensor:
    """Return images moved by a network, within a threat; gradients lead to the network.

    Args:
        network: As :class:`PerturbationNetwork`.
        x: Images [N, C, H, W].
        threat: How far they may be moved.
    """
    change = threat.eps * network(x)
    if threat.norm == "L2":
        change = (
            change
            * (threat.eps / threat.distance(change).clamp_min(threat.eps))[:, None, None, None]
        )
    moved: Tensor = (x + change).clamp(0, 1)
    threat.require(moved.detach(), x)
    return moved


def build_pair(channels: int, seed: int) -> tuple[PerturbationNetwork, ImageCritic]:
    """Build both networks; the seed fixes the weights, the global random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return PerturbationNetwork(channels), ImageCritic(channels)


def _normalised(layer: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(layer, nn.InstanceNorm2d(layer.out_channels), nn.LeakyReLU(_SLOPE))
