"""Classifier: a network that is attacked, and the checks that it can be judged at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.errors import GansmithError
from gansmith.extractor import Preparation
from gansmith.log import LogFn
from gansmith.medium import MEDIA
from gansmith.storage.reading import shorten

Shape = tuple[int | None, int | None, int | None]
_PARTS = 256
"""Images in one pass of a check."""
_CHECKED = 500
"""Images that the order of labels is looked for in."""
_ENOUGH = 5
"""Images of a label from which on it can look swapped."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """A network from images with values in [0, 1] to logits.

    Attributes:
        network: Maps float32 [N, C, H, W], scaled to `value_range`, to logits [N, classes].
        name: What reports call it.
        shape: Channels, height and width that it takes; None where it takes any.
        labels: Names of its outputs in order; empty where they are not known, and then in the
            order of the data.
        value_range: What black and white are to the network.
        batch: Images that it takes at once, where that is fixed.
        differentiable: Whether gradients lead through it; without them there are only attacks that
            see nothing but logits.
        device: Where it computes.
    """

    network: Callable[[Tensor], Tensor]
    name: str
    shape: Shape = (None, None, None)
    labels: tuple[str, ...] = ()
    value_range: tuple[float, float] = (0.0, 1.0)
    batch: int | None = None
    differentiable: bool = True
    device: str = "cpu"

    def __post_init__(self) -> None:
        low, high = self.value_range
        if not low < high:
            raise GansmithError(f"value range {low:g}..{high:g} is empty: give black, then white")
        if isinstance(self.network, nn.Module):
            self.network.eval().requires_grad_(False)

    def logits(self, x: Tensor) -> Tensor:
        """Return logits [N, classes] of images [N, C, H, W] with values in [0, 1].

        Images may be on another device; the logits are where they are.
        """
        low, high = self.value_range
        seen = x.to(self.device)
        seen = seen if (low, high) == (0, 1) else low + (high - low) * seen
        if self.batch is None:
            return self.network(seen).to(x.device)
        parts = [self._one_batch(part) for part in torch.split(seen, self.batch)]
        return torch.cat(parts).to(x.device)

    def _one_batch(self, x: Tensor) -> Tensor:
        missing = (self.batch or 0) - len(x)
        padded = F.pad(x, (0, 0, 0, 0, 0, 0, 0, missing)) if missing else x
        return self.network(padded)[: len(x)]

    def in_order(self, names: Sequence[str]) -> Classifier:
        """Return a classifier whose outputs are in the order of these labels.

        Raises:
            GansmithError: The labels of the classifier are known and are others.
        """
        if not self.labels or self.labels == tuple(names):
            return self
        missing = sorted(set(names) - set(self.labels))
        if missing or len(self.labels) != len(names):
            extra = sorted(set(self.labels) - set(names))
            raise GansmithError(
                f"the labels of {self.name} are not those of the data: "
                + "; ".join(
                    f"only in the {where}: {shorten(', '.join(some), 60)}"
                    for where, some in (("classifier", extra), ("data", missing))
                    if some
                )
                + "; name the outputs of the classifier in their order with --labels"
            )
        order = torch.tensor([self.labels.index(name) for name in names], device=self.device)

        def reordered(x: Tensor) -> Tensor:
            logits = self.network(x)
            if logits.dim() == 2 and logits.shape[1] != len(order):
                raise GansmithError(
                    f"{self.name} has {logits.shape[1]} outputs and {len(order)} labels are named: "
                    "name each output, in their order"
                )
            return logits.index_select(1, order)

        return replace(self, network=reordered, labels=tuple(names))


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images as a classifier sees them.

    Attributes:
        x: float32 [N, C, H, W] with values in [0, 1].
        y: int64 [N].
        indices: int64 [N]; their places in the dataset.
        label_names: Names of the classes.
    """

    x: Tensor
    y: Tensor
    indices: NDArray[np.int64]
    label_names: tuple[str, ...]


def as_images(dataset: Dataset) -> Preparation:
    """Return what turns the samples of a dataset into images with values in [0, 1].

    Alpha is laid over mid-grey; the size stays.

    Raises:
        GansmithError: The dataset does not hold labelled images of two classes or more.
    """
    to_extractor = MEDIA[dataset.medium].to_extractor
    if dataset.samples.dtype != np.uint8 or to_extractor is None:
        raise GansmithError(
            f"'{dataset.name}' holds {MEDIA[dataset.medium].kind}: classifiers are attacked with "
            "images, so give labelled images"
        )
    if dataset.classes < 2:
        has = "a single label" if dataset.classes else "no labels"
        raise GansmithError(
            f"'{dataset.name}' has {has}, a classifier needs two or more: sort the images into two "
            "or more sub-folders, one for each label, or add a labels.csv"
        )
    return to_extractor(dataset, max(dataset.samples.shape[1:3]), 0.0, 1.0)


def take_images(dataset: Dataset, indices: NDArray[np.int64]) -> Images:
    """Take labelled images from a dataset.

    Raises:
        GansmithError: As :func:`as_images`.
    """
    seen = as_images(dataset)
    assert dataset.labels is not None
    x = seen(dataset.samples[indices])
    y = torch.from_numpy(np.array(dataset.labels[indices]))
    return Images(x, y, indices, dataset.label_names)


def say_order(classifier: Classifier, names: Sequence[str], log: LogFn) -> None:
    """Say in which order the outputs of a classifier are taken, where it does not name them."""
    if not classifier.labels:
        log(
            f"{classifier.name} does not name its outputs: taken in the order of the labels, "
            f"{shorten(','.join(names), 200)}; else give --labels"
        )


def images_to_check(dataset: Dataset, chosen: Images) -> Images:
    """Return chosen images and, where they are few, images of the training split besides.

    Whether a classifier has its labels in the order of the data is no question of unseen images,
    and a few of each label cannot answer it.
    """
    more = evenly_chosen(dataset.train_indices, max(0, _CHECKED - len(chosen.indices)))
    return take_images(dataset, np.concatenate([chosen.indices, more])) if len(more) else chosen


def check_classifier(classifier: Classifier, images: Images, *, attacked: bool = True) -> None:
    """Check that a classifier can be judged by these images.

    Args:
        classifier: Its outputs are in the order of the labels of the images.
        images: Some hundred, of all classes.
        attacked: Whether its logits are needed; who only reads images may return probabilities.

    Raises:
        GansmithError: The classifier takes images of another size, fails on them, does not return
            one finite logit for each label, returns probabilities, or has its labels in another
            order.
    """
    _check_shape(classifier, images)
    logits = _outputs(classifier, images)
    _check_outputs(classifier, logits, images, attacked)
    _check_labels(classifier, logits.argmax(1), images)


def settings_for(classifier: Classifier, given: Sequence[int]) -> list[str]:
    """Return the settings that open data as a classifier takes them, such as `data.size=32x32`.

    Args:
        classifier: Takes images of some size and number of channels.
        given: Channels, height and width of the data as they are.
    """
    channels, height, width = classifier.shape
    settings = []
    if (height, width) != tuple(given[1:]) and height and width:
        settings.append(f"data.size={height}x{width}")
    if channels in (1, 3) and channels != given[0]:
        settings.append(f"data.mode={'L' if channels == 1 else 'RGB'}")
    return settings


def _check_shape(classifier: Classifier, images: Images) -> None:
    given = tuple(images.x.shape[1:])
    if any(want not in (None, have) for want, have in zip(classifier.shape, given, strict=True)):
        settings = [f"--set {setting}" for setting in settings_for(classifier, given)]
        wanted = " x ".join("any" if side is None else str(side) for side in classifier.shape)
        raise GansmithError(
            f"{classifier.name} takes images of {wanted} (channels, height, width), the data has "
            f"{' x '.join(map(str, given))}"
            + (f": open the data with {' '.join(settings)}" if settings else "")
        )


@torch.no_grad()
def _outputs(classifier: Classifier, images: Images) -> Tensor:
    try:
        parts = [classifier.logits(part) for part in torch.split(images.x, _PARTS)]
        return torch.cat(parts)
    except GansmithError:
        raise
    except Exception as error:  # whatever the user's network raises
        size = " x ".join(map(str, images.x.shape[1:]))
        raise GansmithError(
            f"{classifier.name} fails on images of {size} (channels, height, width): "
            f"{shorten(str(error), 160) or type(error).__name__}; check the size and mode of the "
            "data, and that it takes float32 [N, C, H, W]"
        ) from None


def _check_outputs(classifier: Classifier, logits: Tensor, images: Images, attacked: bool) -> None:
    classes = len(images.label_names)
    if logits.dim() != 2 or len(logits) != len(images.x):
        raise GansmithError(
            f"{classifier.name} returns shape {tuple(logits.shape)} for {len(images.x)} images: it "
            "must return logits [N, classes]"
        )
    if logits.shape[1] != classes:
        raise GansmithError(
            f"{classifier.name} has {logits.shape[1]} outputs, the data has {classes} labels: give "
            "data with the labels that it was trained on"
        )
    if bad := int((~logits.isfinite()).any(1).sum()):
        raise GansmithError(
            f"{classifier.name} returns NaN or infinity for {bad} of {len(logits)} images: check "
            "its weights and its value range"
        )
    sums = logits.sum(1)
    if (
        attacked
        and bool((logits >= 0).all())
        and bool(torch.allclose(sums, torch.ones_like(sums), atol=1e-3))
    ):
        raise GansmithError(
            f"{classifier.name} returns probabilities: a softmax hides its gradients, so give it "
            "without the softmax at its end (logits)"
        )


def _check_labels(classifier: Classifier, said: Tensor, images: Images) -> None:
    """Look for labels of which most images are read as another one, and these as a third."""
    names, classes = images.label_names, len(images.label_names)
    counts = torch.zeros(classes, classes)
    counts.index_put_((images.y, said), torch.ones(len(said)), accumulate=True)
    order = _best_order(counts)
    moved = [
        f"'{names[label]}' is read as '{names[output]}'"
        for label, output in enumerate(order)
        if label != output
        and counts[label, output] > max(float(counts[label].sum()) / 2, _ENOUGH - 1)
    ]
    if len(moved) < 2:
        return
    plain = float(counts.diagonal().sum() / counts.sum())
    exchanged = float(counts[torch.arange(classes), torch.tensor(order)].sum() / counts.sum())
    remedy = "name its outputs in their order with --labels"
    if not classifier.labels:  # so its outputs are as it has them, not as its labels order them
        named = ",".join(names[order.index(output)] for output in range(classes))
        remedy += f"; what it reads suggests '{shorten(named, 200)}'"
    raise GansmithError(
        f"the labels of {classifier.name} look swapped: {shorten(', '.join(moved), 160)} (accuracy "
        f"{plain:.1%}, with these exchanged {exchanged:.1%}): {remedy}"
    )


def _best_order(counts: Tensor) -> list[int]:
    """Give each label an output of its own, the most frequent pairs first.

    Args:
        counts: [classes, classes]; images by label and output.
    """
    classes = len(counts)
    order, free = [-1] * classes, set(range(classes))
    for place in counts.flatten().argsort(descending=True, stable=True).tolist():
        label, output = divmod(place, classes)
        if order[label] < 0 and output in free:
            order[label] = output
            free.discard(output)
    return order
