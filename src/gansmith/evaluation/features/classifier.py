"""A small classifier, trained once on the labels of the reference data."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.features.fixed import NETWORK_LIMIT
from gansmith.evaluation.features.preparation import prepare_for
from gansmith.extractor import (
    EXTRACTORS,
    VERSION,
    ClassifyingExtractor,
    Extractor,
    Preparation,
    digest,
    module_bytes,
)
from gansmith.medium import MEDIA
from gansmith.storage.cached_tensors import Tensors, cached_tensors

CLASSIFIER = "classifier"
RELIABLE = 0.9
"""Least share of held-out samples that a classifier must recognise for its features to be used."""
FEATURES = 128
EPOCHS = 2
SEEN = (20_000, 200_000)
"""Training lasts `EPOCHS`, but at least and at most this many samples (and at most 30 epochs)."""


@EXTRACTORS.register("auto")
def auto(dataset: Dataset) -> Extractor:
    """The default extractor of the dataset's medium.

    For images and audio that is `classifier` where two classes have 50 training samples and most
    held-out samples are recognised, else `random-conv`; for text `reading`, for points
    `coordinates`.
    """
    extractor = EXTRACTORS[MEDIA[dataset.medium].extractor(dataset)](dataset)
    accuracy = extractor.details.get("accuracy", 1.0)
    if extractor.name != CLASSIFIER or accuracy >= RELIABLE:
        return extractor
    other = EXTRACTORS["random-conv"](dataset)
    other.note = (
        f"Features are those of random-conv: a classifier of these labels recognises only "
        f"{accuracy:.0%} of the held-out samples, so its features are not reliable."
    )
    return other


@EXTRACTORS.register("classifier")
def classifier(dataset: Dataset) -> Extractor:
    """The 128 features of a convolutional classifier of this dataset.

    It is trained on the training split when first needed, then kept in the cache. Its accuracy
    on (up to 10,000) held-out samples is part of the details.

    Raises:
        GansmithError: If the collection has no labels of two classes or more.
    """
    if dataset.classes < 2 or len(dataset.train_indices) < 2:
        raise GansmithError(
            f"feature extractor 'classifier' needs labels of two classes, '{dataset.name}' has "
            f"{dataset.classes}: set evaluation.extractor=random-conv"
        )
    seen = prepare_for("classifier", dataset, NETWORK_LIMIT)
    key = digest(dataset.fingerprint, dataset.classes, seen, VERSION)
    kept = cached_tensors("classifier", key, functools.partial(_trained, dataset, seen))
    accuracy = float(kept.pop("accuracy"))
    with torch.device("meta"):
        network = Classifier(seen, dataset.classes).eval()
    network.load_state_dict(kept, assign=True)
    weights = list(module_bytes(network))
    details = {"classes": dataset.classes, "accuracy": accuracy}
    if math.isnan(accuracy):
        del details["accuracy"]
    return ClassifyingExtractor(
        network.head, "classifier", network.body, seen, weights, details=details
    )


class Classifier(nn.Module):
    """Strided 5x5 convolutions down to about 8 pixels a side, 128 ReLU features, logits.

    Normalisation at the entrance takes the collection's own range; normalisation before the
    features keeps all of them active.

    Args:
        seen: The preprocessing, for channels and size.
        classes: Number of classes.
    """

    def __init__(self, seen: Preparation, classes: int) -> None:
        super().__init__()
        stages = max(1, math.ceil(math.log2(max(seen.height, seen.width) / 8)))
        widths = [seen.channels, 32, *[64] * (stages - 1)]
        layers: list[nn.Module] = [nn.BatchNorm2d(seen.channels, affine=False)]
        for inputs, outputs in itertools.pairwise(widths):
            layers += [nn.Conv2d(inputs, outputs, 5, stride=2, padding=2), nn.ReLU()]
        area = math.prod(math.ceil(side / 2**stages) for side in (seen.height, seen.width))
        layers += [nn.Flatten(), nn.Linear(widths[-1] * area, FEATURES)]
        layers += [nn.BatchNorm1d(FEATURES), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, values: Tensor) -> Tensor:
        """Map [N, C, H, W] to logits [N, classes]."""
        logits: Tensor = self.head(F.dropout(self.body(values), 0.25, self.training))
        return logits


def train_classifier(dataset: Dataset, seen: Preparation, seed: int = 0) -> Classifier:
    """Train on the training split, by Adam with a rate that falls linearly to zero.

    The global random state stays as it was; the caller may have gradients switched off.

    Args:
        dataset: A collection with labels.
        seen: How samples are brought to what the network sees.
        seed: Fixes initial weights, order and dropout.
    """
    assert dataset.labels is not None
    indices = dataset.train_indices
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.default_generator.manual_seed(seed)
        network = Classifier(seen, dataset.classes)
        adam = torch.optim.Adam(network.parameters(), lr=2e-3)
        batches = list(_batches(len(indices)))
        decay = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.0, total_iters=len(batches))
        for batch in batches:
            picked = indices[batch.numpy()]
            values = seen(dataset.samples[picked]).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(network(values), torch.from_numpy(dataset.labels[picked]))
            adam.zero_grad()
            torch.autograd.backward(loss)
            adam.step()
            decay.step()
    return network


def _batches(count: int) -> Iterator[Tensor]:
    """Whole batches of shuffled indices, over as many epochs as the collection needs."""
    size = min(count, max(16, min(128, count // 16)))
    seen = min(max(EPOCHS * count, SEEN[0]), 30 * count, SEEN[1])
    order = torch.cat([torch.randperm(count) for _ in range(math.ceil(seen / count))])
    return (batch for batch in torch.split(order[:seen], size) if len(batch) == size)


def _trained(dataset: Dataset, seen: Preparation) -> Tensors:
    network = train_classifier(dataset, seen).eval()
    accuracy = torch.tensor(_accuracy(network, dataset, seen), dtype=torch.float64)
    return {**network.state_dict(), "accuracy": accuracy}


@torch.inference_mode()
def _accuracy(network: Classifier, dataset: Dataset, seen: Preparation) -> float:
    """Return the share of up to 10,000 held-out samples that are recognised; NaN without any."""
    assert dataset.labels is not None
    right = [
        network(seen(dataset.samples[part])).argmax(1).numpy() == dataset.labels[part]
        for part in np.array_split(dataset.held_out_indices[:10_000], 100)
        if len(part)
    ]
    return float(np.concatenate(right).mean()) if right else math.nan
