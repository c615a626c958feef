"""Unrestricted attack: images of a generator that people read rightly and the target does not.

Song et al. 2018 (arXiv 1805.07894). Nothing is perturbed: the latent of a trained generator is
searched for samples that an independent classifier, the oracle, reads as asked and the target reads
otherwise. The oracle stands for people; what it says should be looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.model import GeneratorModel
from gansmith.robustness.attacks import Logits, margins
from gansmith.robustness.classifier import Classifier, Images, check_classifier, say_order
from gansmith.sampling import draw_latents, generate_samples

SURE = 2.0
"""Margin, in logits, by which the oracle is to read a sample as asked."""
RATE, NEAR = 0.05, 0.01
"""Learning rate of the search, and weight of the distance from where it began."""


@dataclass(frozen=True, eq=False)
class Readings:
    """What two classifiers read in generated samples.

    Attributes:
        samples: Stored samples [N, H, W, C].
        asked: Labels that samples were asked for, int64 [N]; None without.
        target: Labels that the target reads, int64 [N].
        oracle: Labels that the oracle reads, int64 [N]; None without one.
        label_names: Names of the labels.
    """

    samples: NDArray[np.uint8] = field(repr=False)
    asked: NDArray[np.int64] | None
    target: NDArray[np.int64]
    oracle: NDArray[np.int64] | None
    label_names: tuple[str, ...]

    @property
    def truth(self) -> NDArray[np.int64]:
        """What counts as right: the oracle's answer, else the label asked for."""
        found = self.oracle if self.oracle is not None else self.asked
        assert found is not None
        return found

    @property
    def misread(self) -> NDArray[np.bool_]:
        """Samples that count: the target differs from the oracle, which reads them as asked."""
        differs: NDArray[np.bool_] = self.target != self.truth
        if self.asked is not None and self.oracle is not None:
            differs = differs & (self.oracle == self.asked)
        return differs


def as_classified(stored: NDArray[np.uint8], channels: int) -> Tensor:
    """Return stored samples [N, H, W, C] as images in [0, 1], alpha over mid-grey.

    Args:
        stored: uint8 samples.
        channels: 1 or 3.
    """
    x = torch.from_numpy(np.ascontiguousarray(stored)).permute(0, 3, 1, 2).float() / 255
    if x.shape[1] in (2, 4):
        alpha = x[:, -1:]
        x = x[:, :-1] * alpha + (1 - alpha) * 0.5
    return x.expand(-1, channels, -1, -1) if x.shape[1] == 1 else x


def readable_by(model: GeneratorModel, classifier: Classifier, role: str) -> Classifier:
    """Return a classifier with its outputs in the order of a generator's labels.

    Args:
        model: Makes the samples.
        classifier: Reads them.
        role: What messages call it.

    Raises:
        GansmithError: It takes samples of another size, or has other labels.
    """
    channels, height, width = model.blueprint.spec.shape
    given = (channels - (channels in (2, 4)), height, width)
    if any(want not in (None, have) for want, have in zip(classifier.shape, given, strict=True)):
        wanted = " x ".join("any" if side is None else str(side) for side in classifier.shape)
        raise GansmithError(
            f"the {role} {classifier.name} takes images of {wanted} (channels, height, width), the "
            f"run generates {' x '.join(map(str, given))}: train a classifier on the run's data"
        )
    if model.label_names and classifier.labels:
        return classifier.in_order(model.label_names)
    return classifier


def search_latents(
    model: GeneratorModel,
    target: Classifier,
    oracle: Classifier,
    *,
    label: int | None = None,
    count: int = 64,
    steps: int = 60,
    seed: int = 0,
    log: LogFn = silent,
) -> Readings:
    """Search for samples that the oracle reads as asked and the target does not.

    Args:
        model: The generator.
        target: Classifier to be fooled; gradients lead through it.
        oracle: Independent classifier.
        label: Class to ask for; None: all classes in turn.
        count: Searches.
        steps: Steps of each.
        seed: Of the latents.
        log: Takes a line at intervals.

    Raises:
        GansmithError: A classifier gives no gradients or does not fit the generator.
    """
    for role, classifier in (("target", target), ("oracle", oracle)):
        if not classifier.differentiable:
            raise GansmithError(
                f"the {role} {classifier.name} gives no gradients to search with: give the network "
                "in PyTorch, or use `gansmith scan`"
            )
    names = model.label_names or target.labels or oracle.labels
    if not names:
        raise GansmithError("no labels are known: name the outputs of the classifier")
    target, oracle = readable_by(model, target, "target"), readable_by(model, oracle, "oracle")
    asked = torch.arange(count) % len(names) if label is None else torch.full((count,), label)
    conditions = asked if model.label_names else None
    start = draw_latents(count, model.generator.latent, seed)
    if conditions is not None:
        _warn_of_orders(model, (target, oracle), start, conditions, log)
    latents = start.clone().requires_grad_()
    adam = torch.optim.Adam([latents], RATE)
    best, best_score = start.clone(), torch.full((count,), torch.inf)
    for step in range(steps):
        images = _as_seen(model, model.generator(latents, conditions))
        reads, says = margins(oracle.logits(images), asked), margins(target.logits(images), asked)
        # the oracle is to be sure, the target to be wrong; whichever is worse counts
        score = (F.relu(SURE - reads) + F.relu(says + 0.5)).detach()
        better = score < best_score
        best[better], best_score[better] = latents.detach()[better], score[better]
        near = NEAR * (latents - start).square().sum(1)
        loss = (F.relu(SURE - reads) + F.relu(says + 0.5) + near).sum()
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        if (step + 1) % max(1, steps // 3) == 0:
            found = int(((reads > 0) & (says < 0)).sum())
            log(f"step {step + 1} of {steps}: {found} of {count} searches succeed")
    with torch.no_grad():
        samples = generate_samples(model.generator, model.codec, best, conditions)
    return read_samples(samples, target, oracle, asked.numpy(), tuple(names))


def _warn_of_orders(
    model: GeneratorModel,
    classifiers: Sequence[Classifier],
    latents: Tensor,
    asked: Tensor,
    log: LogFn,
) -> None:
    """Say where a classifier whose outputs have no names seems to have them in another order.

    It is no error, for it is the generator that may draw one class for another.
    """
    samples = generate_samples(model.generator, model.codec, latents, asked)
    for classifier in classifiers:
        if classifier.labels:
            continue
        x = as_classified(samples, classifier.shape[0] or samples.shape[3])
        images = Images(x, asked, np.arange(len(x)), model.label_names)
        say_order(classifier, model.label_names, log)
        try:
            check_classifier(classifier, images)
        except GansmithError as error:
            log(f"warning: as it reads samples, {error}")


@torch.no_grad()
def read_samples(
    samples: NDArray[np.uint8],
    target: Classifier,
    oracle: Classifier | None,
    asked: NDArray[np.int64] | None,
    label_names: tuple[str, ...],
) -> Readings:
    """Have classifiers read samples as they are stored in files."""
    x = as_classified(samples, target.shape[0] or samples.shape[3])
    said = _said(target.logits, x, len(label_names))
    right = None if oracle is None else _said(oracle.logits, x, len(label_names))
    return Readings(samples, asked, said, right, label_names)


def _said(logits: Logits, x: Tensor, classes: int) -> NDArray[np.int64]:
    found = torch.cat([logits(part) for part in torch.split(x, 256)])
    if found.dim() != 2 or found.shape[1] != classes:
        raise GansmithError(
            f"a classifier returns shape {tuple(found.shape)} for {len(x)} samples and there are "
            f"{classes} labels: it must return a logit for each label of the run"
        )
    return found.argmax(1).cpu().numpy().astype(np.int64)


def _as_seen(model: GeneratorModel, outputs: Tensor) -> Tensor:
    """Return network outputs as images in [0, 1]; gradients lead through.

    Colours are premultiplied with opacity around mid-grey, so leaving out opacity lays them on it.
    """
    channels = model.blueprint.spec.channels
    colours = outputs[:, : channels - 1] if channels in (2, 4) else outputs
    return ((colours + 1) / 2).clamp(0, 1)
