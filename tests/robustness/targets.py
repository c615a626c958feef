"""Small data and networks whose behaviour under attack is known or quickly measured."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.recipe import NetworkConfig
from gansmith.robustness.classifier import Classifier, Images, take_images
from gansmith.robustness.train import TrainedClassifier, TrainingOptions, train_classifier

LABELS = ("north", "east", "south", "west", "middle")
_CENTRES = ((2, 5), (5, 8), (8, 5), (5, 2), (5, 5))
SIDE = 10


def spots(count: int = 600, held_out: int = 120, channels: int = 1, side: int = SIDE) -> Dataset:
    """Bright spots in five places over noise; the label is the place."""
    random = np.random.default_rng(0)
    samples = random.integers(0, 100, (count, side, side, channels), dtype=np.uint8)
    labels = np.arange(count) % len(LABELS)
    rows, columns = np.indices((side, side)) * SIDE / side
    for sample, label in zip(samples, labels, strict=True):
        row, column = _CENTRES[label] + random.normal(0, 0.3, 2)
        near = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 3)
        sample[:] = np.minimum(sample + 150 * near[..., None], 255).astype(np.uint8)
    return Dataset(
        medium="image",
        name="spots",
        samples=samples,
        labels=labels.astype(np.int64),
        label_names=LABELS,
        held_out=np.arange(count) < held_out,
        fingerprint=f"spots-{count}-{held_out}-{channels}-{side}",
        source="made by the tests",
        licence="CC0",
    )


@cache
def trained() -> TrainedClassifier:
    """A small convolutional classifier of the spots."""
    options = TrainingOptions(epochs=6, batch=32)
    return train_classifier(spots(), NetworkConfig(name="conv", width=8, features=32), options)


def convolutional() -> Classifier:
    return trained().classifier()


@cache
def target() -> Classifier:
    """A classifier with one hidden layer: quick to attack."""
    images = take_images(spots(), spots().train_indices)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(100, 32), nn.ReLU(), nn.Linear(32, 5))
    adam = torch.optim.Adam(network.parameters(), lr=1e-2)
    with torch.enable_grad():  # the first call may come from within an attack
        for _ in range(80):
            adam.zero_grad()
            torch.autograd.backward(F.cross_entropy(network(images.x), images.y))
            adam.step()
    return Classifier(network, "target", (1, SIDE, SIDE), LABELS)


def held_out(count: int = 120) -> Images:
    return take_images(spots(), spots().held_out_indices[:count])


def linear(classes: int = 5, shape: tuple[int, int, int] = (1, 6, 6)) -> nn.Linear:
    """Random weights from images to logits."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Linear(int(np.prod(shape)), classes).requires_grad_(False)


def through(layer: nn.Linear) -> nn.Module:
    return nn.Sequential(nn.Flatten(), layer)


def grey(count: int, shape: tuple[int, int, int] = (1, 6, 6)) -> Tensor:
    """Images with values in [0.3, 0.7]: perturbations up to 0.3 never meet black or white."""
    generator = torch.Generator().manual_seed(2)
    return 0.3 + 0.4 * torch.rand((count, *shape), generator=generator)
