"""One attack on a classifier: from its training to what it did to each image."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.registry import unknown
from gansmith.robustness.advgan_training import TrainedAdvGAN, train_advgan
from gansmith.robustness.attacks import Attack, Logits, fgsm, misread, noise, pgd
from gansmith.robustness.autopgd import apgd_ce, apgd_t
from gansmith.robustness.classifier import (
    Classifier,
    Images,
    check_classifier,
    images_to_check,
    say_order,
    take_images,
)
from gansmith.robustness.feed import ImageFeed
from gansmith.robustness.patch import Scene, patch_success, train_patch
from gansmith.robustness.result import Proportion
from gansmith.robustness.square import square
from gansmith.robustness.threat import Threat
from gansmith.robustness.universal import train_universal

DIRECT: Mapping[str, Attack] = {
    "noise": noise,
    "fgsm": fgsm,
    "pgd": partial(pgd, steps=100, restarts=5),
    "apgd-ce": apgd_ce,
    "apgd-t": apgd_t,
    "square": square,
}
"""Attacks on one image at a time."""
TRAINED = ("advgan", "universal", "patch")
"""Attacks that are trained on images and then answer any other."""
METHODS = (*DIRECT, *TRAINED, "unrestricted")
BATCH = 64
FIT_IMAGES = 10_000


@dataclass(frozen=True)
class AttackOptions:
    """How an attack is run.

    Attributes:
        images: Held-out images at most.
        steps: Steps of training, of attacks that are trained.
        aim: Label to be read as; None: any other than the right one. Of trained attacks only.
        black_box: AdvGAN without gradients of the classifier, by distillation.
        scene: How a patch may lie.
        seed: Of everything.
    """

    images: int = 200
    steps: int = 600
    aim: str | None = None
    black_box: bool = False
    scene: Scene = field(default_factory=Scene)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class AttackResult:
    """What an attack did.

    Attributes:
        method: Its name.
        classifier: Name of the target.
        data: Name of the dataset.
        threat: How far images were moved; None of a patch.
        options: How it was run.
        clean: Images that are recognised without it.
        fooled: Of these, images that are misread (or read as the aim) with it. Of a patch: views,
            over transformations that it was not trained on.
        floor: The same for random noise of that size; for a patch of random colours.
        notes: What else there is to say.
        seconds: Time that everything took.
        indices: Places in the dataset of the images that are kept.
        originals: [N, C, H, W].
        moved: The same images, attacked.
        labels: Right label of each.
        said: Label that the classifier reads in each attacked image.
        extra: The universal perturbation or the patch, [C, H, W]; None of other attacks.
    """

    method: str
    classifier: str
    data: str
    threat: Threat | None
    options: AttackOptions
    clean: Proportion
    fooled: Proportion
    floor: Proportion
    notes: tuple[str, ...]
    seconds: float
    indices: tuple[int, ...]
    originals: Tensor = field(repr=False)
    moved: Tensor = field(repr=False)
    labels: tuple[str, ...]
    said: tuple[str, ...]
    extra: Tensor | None = field(default=None, repr=False)

    @property
    def summary(self) -> str:
        """The outcome in a sentence."""
        aim = f"read as '{self.options.aim}'" if self.options.aim else "misread"
        what, floor = "images", "random noise"
        if self.method == "patch":
            what, floor = "views", "a patch of random colours"
        return (
            f"{self.method}: {self.fooled} of {self.fooled.total:,} {what} are {aim}; with {floor} "
            f"{self.floor.share:.1%}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "method": self.method,
            "classifier": self.classifier,
            "data": self.data,
            "threat": None if self.threat is None else asdict(self.threat),
            "options": asdict(self.options),
            "clean": self.clean.to_json(),
            "fooled": self.fooled.to_json(),
            "floor": self.floor.to_json(),
            "notes": list(self.notes),
            "seconds": self.seconds,
            "images": [
                {"index": index, "label": label, "read_as": said}
                for index, label, said in zip(self.indices, self.labels, self.said, strict=True)
            ],
        }


def attack(
    classifier: Classifier,
    dataset: Dataset,
    method: str,
    threat: Threat | None = None,
    options: AttackOptions | None = None,
    *,
    folder: Path | None = None,
    log: LogFn = silent,
) -> AttackResult:
    """Attack a classifier.

    Args:
        classifier: The target.
        dataset: Labelled images: attacks are trained on its training images, and judged on
            held-out ones.
        method: One of METHODS but `unrestricted`.
        threat: How far images may be moved; a patch needs none.
        options: How it is run.
        folder: Where a trained attack keeps its checkpoints; None: nowhere.
        log: Takes a line at intervals.

    Raises:
        GansmithError: A name is unknown, the method does not serve this classifier or an aim, or
            the classifier cannot be judged by this dataset.
    """
    options = options or AttackOptions()
    started = time.perf_counter()
    held = take_images(dataset, evenly_chosen(dataset.held_out_indices, options.images))
    if not len(held.x):
        raise GansmithError(f"'{dataset.name}' has no held-out images: change data.held_out")
    classifier = classifier.in_order(held.label_names)
    check_classifier(classifier, images_to_check(dataset, held))
    say_order(classifier, held.label_names, log)
    aim = _checked(method, classifier, held, threat, options)
    x, y = held.x.to(classifier.device), held.y.to(classifier.device)
    right = ~torch.cat(
        [
            misread(classifier.logits, a, b)
            for a, b in zip(torch.split(x, 256), torch.split(y, 256), strict=True)
        ]
    )
    clean = Proportion(int(right.sum()), len(x))
    if not clean.count:
        raise GansmithError(f"{classifier.name} recognises none of the images: nothing to attack")
    log(f"{classifier.name} reads {clean.count} of {len(x)} held-out images rightly: {clean}")
    if aim is not None:  # images of the aim cannot be made to be read as it
        right &= y != aim
    x, y, indices = x[right], y[right], held.indices[right.cpu().numpy()]
    work = _Work(classifier, held, x, y, threat, options, aim, folder, log)
    found = work.patch(dataset) if method == "patch" else work.within(method, dataset)
    return AttackResult(
        method=method,
        classifier=classifier.name,
        data=dataset.name,
        threat=None if method == "patch" else threat,
        options=options,
        clean=clean,
        fooled=found.fooled,
        floor=found.floor,
        notes=found.notes,
        seconds=time.perf_counter() - started,
        indices=tuple(indices.tolist()),
        originals=x.cpu(),
        moved=found.moved.cpu(),
        labels=tuple(held.label_names[k] for k in y.tolist()),
        said=tuple(held.label_names[k] for k in _said(classifier.logits, found.moved)),
        extra=None if found.extra is None else found.extra.cpu(),
    )


def _checked(
    method: str, classifier: Classifier, images: Images, threat: Threat | None, o: AttackOptions
) -> int | None:
    """Return the class of the aim.

    Raises:
        GansmithError: As :func:`attack`.
    """
    if method not in (*DIRECT, *TRAINED):
        raise unknown("attack", method, list(METHODS))
    if threat is None and method != "patch":
        raise GansmithError(f"attack '{method}' needs the size of perturbations: add --eps")
    if o.aim is not None and method in DIRECT:
        raise GansmithError(
            f"attack '{method}' has no target label: leave --target out, or use "
            + ", ".join(TRAINED)
        )
    gradient_free = ("noise", "square", "advgan")
    if not classifier.differentiable and method not in gradient_free:
        raise GansmithError(
            f"{classifier.name} gives no gradients, which attack '{method}' follows: use "
            + ", ".join(gradient_free)
        )
    if o.aim is None:
        return None
    if o.aim not in images.label_names:
        raise unknown("label", o.aim, list(images.label_names))
    return images.label_names.index(o.aim)


@dataclass(frozen=True, eq=False)
class _Found:
    """Outcome of an attack on images that are recognised without it."""

    fooled: Proportion
    floor: Proportion
    moved: Tensor
    extra: Tensor | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Work:
    """What an attack needs."""

    classifier: Classifier
    held: Images
    x: Tensor
    y: Tensor
    threat: Threat | None
    options: AttackOptions
    aim: int | None
    folder: Path | None
    log: LogFn

    def feed(self, dataset: Dataset) -> ImageFeed:
        """Return training images."""
        train = take_images(dataset, evenly_chosen(dataset.train_indices, FIT_IMAGES))
        if not len(train.x):
            raise GansmithError(f"'{dataset.name}' has no training images: change data.held_out")
        return ImageFeed(train, min(BATCH, len(train.x)), self.options.seed)

    def within(self, method: str, dataset: Dataset) -> _Found:
        """Run an attack that keeps to a threat."""
        threat, o, logits = self.threat, self.options, self.classifier.logits
        assert threat is not None
        extra, notes = None, []
        if method in DIRECT:
            run = DIRECT[method]
        elif method == "universal":
            universal = train_universal(
                logits, self.feed(dataset), threat, steps=o.steps, aim=self.aim, log=self.log
            )
            run, extra = universal.attack, universal.delta[0]
        else:
            black_box = o.black_box or not self.classifier.differentiable
            advgan: TrainedAdvGAN = train_advgan(
                logits,
                self.feed(dataset),
                threat,
                steps=o.steps,
                seed=o.seed,
                aim=self.aim,
                black_box=black_box,
                folder=self.folder,
                log=self.log,
            )
            run = advgan.attack
        moved = self._run(run, threat)
        by_noise = self._run(noise, threat)
        fooled, floor = self._fooled(moved), self._fooled(by_noise)
        if method == "advgan" and TrainedAdvGAN.failed(fooled.share, floor.share):
            notes.append(
                f"AdvGAN did not train: it fools {fooled.share:.1%}, random noise "
                f"{floor.share:.1%}; this says nothing about the classifier (more steps may help)"
            )
        return _Found(fooled, floor, moved, extra, tuple(notes))

    def patch(self, dataset: Dataset) -> _Found:
        """Train a patch, and judge it over other transformations."""
        o, logits = self.options, self.classifier.logits
        feed = self.feed(dataset)
        patch = train_patch(
            logits, feed, o.scene, steps=o.steps, aim=self.aim, seed=o.seed, log=self.log
        )
        random = torch.rand(patch.shape, generator=torch.Generator().manual_seed(o.seed + 7))
        judged = partial(patch_success, logits, self.x, self.y, scene=o.scene, aim=self.aim)
        seed = o.seed + 1
        fooled, total, first = judged(patch, seed=seed)
        by_random, _, _ = judged(random.to(patch), seed=seed)
        return _Found(Proportion(fooled, total), Proportion(by_random, total), first, patch)

    def _run(self, run: Attack, threat: Threat) -> Tensor:
        """Attack images; where one does not fool, what came nearest is kept, too."""
        generator = torch.Generator().manual_seed(self.options.seed)
        parts = []
        for x, y in zip(torch.split(self.x, 256), torch.split(self.y, 256), strict=True):
            found = run(self.classifier.logits, x, y, threat, generator)
            threat.require(found, x)
            parts.append(found)
        return torch.cat(parts)

    def _fooled(self, moved: Tensor) -> Proportion:
        said = torch.tensor(_said(self.classifier.logits, moved))
        y = self.y.cpu()
        hit = said != y if self.aim is None else said == self.aim
        return Proportion(int(hit.sum()), len(y))


@torch.no_grad()
def _said(logits: Logits, x: Tensor) -> list[int]:
    return [int(k) for part in torch.split(x, 256) for k in logits(part).argmax(1)]
