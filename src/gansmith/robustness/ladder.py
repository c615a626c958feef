"""The evaluation of a classifier under attack: from noise to the strongest attacks, and checks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.recipe import NetworkConfig
from gansmith.robustness import attacks, sanity
from gansmith.robustness.advgan_training import TrainedAdvGAN, train_advgan
from gansmith.robustness.attacks import Attack, Logits, fgsm, noise, pgd, run_attack
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
from gansmith.robustness.networks import SIDES
from gansmith.robustness.result import (
    Access,
    ClassAccuracy,
    Evaluation,
    Outcome,
    Proportion,
)
from gansmith.robustness.sanity import Check
from gansmith.robustness.square import QUERIES, square
from gansmith.robustness.threat import Norm, Threat
from gansmith.robustness.train import TrainingOptions, train_classifier

CURVE = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Multiples of eps at which accuracy is measured."""
LEAST = 10
"""Images from which on an evaluation means anything."""
TRAP = 0.1
"""Accuracy by which AdvGAN may be above the worst case before that is said."""
_CHECKED = 100
"""Images that the expensive checks use."""
_BATCH = 256
_TWIN = 1e-3
"""Difference of logits, relative to the largest, up to which two networks are the same."""


@dataclass(frozen=True)
class AdvGANBudget:
    """How AdvGAN is trained for an evaluation.

    Attributes:
        steps: Steps of training.
        batch: Training images a step.
        images: Training images at most, for AdvGAN and for the classifier it is transferred from.
    """

    steps: int = 400
    batch: int = 64
    images: int = 10_000


def robustness(
    classifier: Classifier,
    dataset: Dataset,
    eps: float,
    norm: Norm = "Linf",
    *,
    images: int = 1000,
    seed: int = 0,
    surrogate: Classifier | None = None,
    queries: int = QUERIES,
    advgan: AdvGANBudget | None = None,
    log: LogFn = silent,
) -> Evaluation:
    """Measure the accuracy of a classifier under attacks on held-out images.

    Args:
        classifier: The target.
        dataset: Labelled images; attacks use held-out ones, evenly chosen.
        eps: Size of the perturbations; of Linf a change of values in [0, 1].
        norm: `Linf` or `L2`.
        images: Images at most.
        seed: The same seed gives the same outcome on the same device.
        surrogate: Another classifier of the same labels whose gradients the attacks follow. If its
            logits are those of the target (a torch twin of an ONNX file), the attacks count as
            white-box; else they are transferred.
        queries: Queries of the attack without gradients.
        advgan: Also train AdvGAN on the training images, against the classifier and against
            another one (the surrogate, or a small one that is trained for it); None: leave it out.
        log: Takes a line for each attack.

    Raises:
        GansmithError: The classifier or the surrogate cannot be judged by this dataset (see
            :func:`gansmith.robustness.classifier.check_classifier`), there are too few held-out
            images, or eps is out of range.
    """
    threat = Threat(eps, norm)
    started = time.perf_counter()
    chosen = take_images(dataset, evenly_chosen(dataset.held_out_indices, images))
    if len(chosen.x) < LEAST:
        raise GansmithError(
            f"'{dataset.name}' has {len(chosen.x)} held-out images, {LEAST} are the least: add "
            "images, or change data.held_out"
        )
    if threat.eps > Threat.whole_range(norm, chosen.x.shape[1:]).eps:
        raise GansmithError(
            f"eps is {eps:g}: within {Threat.whole_range(norm, chosen.x.shape[1:]).eps:.4g} any "
            "image can be turned into any other; choose a smaller one"
        )
    classifier = classifier.in_order(chosen.label_names)
    checked = images_to_check(dataset, chosen)
    check_classifier(classifier, checked)
    say_order(classifier, chosen.label_names, log)
    if surrogate is not None:
        surrogate = surrogate.in_order(chosen.label_names)
        check_classifier(surrogate, checked)
    runner = _Runner(classifier, surrogate, chosen, threat, seed, queries, log)
    runner.run()
    if advgan is not None:
        runner.run_advgan(dataset, advgan, surrogate)
    curve = runner.curve()
    return Evaluation(
        classifier=classifier.name,
        data=dataset.name,
        fingerprint=dataset.fingerprint,
        threat=threat,
        seed=seed,
        outcomes=tuple(runner.outcomes),
        worst=_right(runner.fooled),
        classes=_by_class(runner, chosen),
        curve=curve,
        checks=runner.checks(curve),
        seconds=time.perf_counter() - started,
        notes=(*runner.notes, *_trap(runner)),
        indices=chosen.indices,
        adversarial=runner.adversarial.cpu(),
        read_as=runner.read_as(),
    )


class _Runner:
    """Runs attacks on the same images and keeps what fooled each.

    Args:
        classifier: The target.
        surrogate: What gives gradients in its place.
        images: What is attacked.
        threat: How far images may be moved.
        seed: Of all attacks.
        queries: Queries of the attack without gradients.
        log: Takes a line for each attack.

    Attributes:
        outcomes: Outcomes so far.
        missed: bool [N]; images that are misread without any attack.
        fooled: bool [N]; images that any attack fooled, and the missed ones.
        by_gradients: bool [N]; the same, of attacks that see the classifier's gradients.
        by_queries: bool [N]; the same, of the attack without gradients.
        adversarial: What fooled each image.
    """

    def __init__(
        self,
        classifier: Classifier,
        surrogate: Classifier | None,
        images: Images,
        threat: Threat,
        seed: int,
        queries: int,
        log: LogFn,
    ) -> None:
        self.x, self.y = images.x.to(classifier.device), images.y.to(classifier.device)
        self.target: Logits = classifier.logits
        self.indices, self.threat, self.seed, self.log = images.indices, threat, seed, log
        self.outcomes: list[Outcome] = []
        self.notes: list[str] = []
        self.label_names, self.differentiable = images.label_names, classifier.differentiable
        self.queries = queries
        self.adversarial = self.x.clone()
        self.source: Logits | None = classifier.logits if classifier.differentiable else None
        self.surrogate: Logits | None = None
        if surrogate is not None and surrogate.differentiable:
            if self.source is None and self._same(surrogate):
                self.source = surrogate.logits
            else:
                self.surrogate = surrogate.logits
        started = time.perf_counter()
        self.missed = torch.cat(
            [
                attacks.misread(self.target, x, y)
                for x, y in zip(
                    torch.split(self.x, _BATCH), torch.split(self.y, _BATCH), strict=True
                )
            ]
        )
        self.fooled = self.missed.clone()
        self.by_gradients, self.by_queries = self.missed.clone(), self.missed.clone()
        self._enter("clean", "none", self.missed, started)

    def run(self) -> None:
        """Run all attacks that apply, from the weakest on."""
        self._attack("noise", "none", noise)
        if self.source is not None:
            white: dict[str, Attack] = {
                "FGSM": fgsm,
                "PGD-40": partial(pgd, steps=40),
                "PGD-100x5": partial(pgd, steps=100, restarts=5),
                "APGD-CE": apgd_ce,
                "APGD-T": apgd_t,
            }
            for name, attack in white.items():
                self.by_gradients |= self._attack(name, "white-box", attack, self.source)
        self.by_queries |= self._attack(
            "Square", "black-box", partial(square, queries=self.queries)
        )
        if self.surrogate is not None:
            self._attack("FGSM transferred", "transfer", fgsm, self.surrogate)
            self._attack("PGD-40 transferred", "transfer", _beyond_the_border, self.surrogate)

    def run_advgan(
        self, dataset: Dataset, budget: AdvGANBudget, surrogate: Classifier | None
    ) -> None:
        """Train AdvGAN against the target, and against another classifier; attack with both."""
        train = take_images(dataset, evenly_chosen(dataset.train_indices, budget.images))
        batch = min(budget.batch, len(train.x))
        feed = ImageFeed(train, batch, self.seed)
        train_against = partial(
            train_advgan, feed=feed, threat=self.threat, steps=budget.steps, seed=self.seed
        )
        black_box = self.source is None
        self.log(f"AdvGAN: training it for {budget.steps} steps on {len(train.x)} images")
        started = time.perf_counter()
        trained = train_against(self.source or self.target, black_box=black_box)
        access: Access = "black-box" if black_box else "white-box"
        self._by_generator("AdvGAN", access, trained, started)
        started = time.perf_counter()
        other: Logits
        if surrogate is not None and surrogate.differentiable:
            other = surrogate.logits
        elif SIDES[0] <= min(train.x.shape[2:]) <= max(train.x.shape[2:]) <= SIDES[1]:
            network = NetworkConfig(name="conv", width=8, features=64)
            other = _other_classifier(dataset, train, network, self.seed)
        else:
            self.notes.append("AdvGAN was not transferred: give another classifier as surrogate")
            return
        self.log(f"AdvGAN transferred: training it for {budget.steps} steps on another classifier")
        self._by_generator("AdvGAN transferred", "transfer", train_against(other), started)

    def _by_generator(
        self, name: str, access: Access, trained: TrainedAdvGAN, started: float
    ) -> None:
        """Attack with a generator whose training began at `started`, which counts as its time."""
        fooled = self._attack(name, access, trained.attack, started=started)
        if access == "white-box":
            self.by_gradients |= fooled
        share = float((fooled & ~self.missed).sum()) / max(1, int((~self.missed).sum()))
        by_noise = next(outcome for outcome in self.outcomes if outcome.name == "noise")
        if access != "transfer" and trained.failed(share, len(by_noise.fooled) / len(self.x)):
            self.notes.append(
                f"AdvGAN did not train: it fools {share:.1%} of the images, random noise "
                f"{len(by_noise.fooled) / len(self.x):.1%}; its accuracy says nothing"
            )

    def curve(self) -> tuple[tuple[float, float], ...]:
        """Measure accuracy by eps, under the attack with 40 steps that applies."""
        if self.source is None:
            return ()
        most = Threat.whole_range(self.threat.norm, self.x.shape[1:]).eps
        found = [(0.0, _right(self.missed).share)]
        for factor in CURVE:
            eps = factor * self.threat.eps
            if eps > most:
                break
            attacked = run_attack(
                partial(pgd, steps=40),
                self.source,
                self.x,
                self.y,
                Threat(eps, self.threat.norm),
                seed=self.seed,
                batch=_BATCH,
                target=self.target,
            )
            found.append((eps, _right(attacked.fooled).share))
        self.log("accuracy by eps: " + ", ".join(f"{eps:.3g}: {a:.1%}" for eps, a in found))
        return tuple(found)

    def checks(self, curve: Sequence[tuple[float, float]]) -> tuple[Check, ...]:
        """Check whether the outcomes can be believed."""
        some = torch.as_tensor(
            evenly_chosen(np.flatnonzero(~self.missed.cpu().numpy()), _CHECKED),
            device=self.x.device,
        )
        x, y = self.x[some], self.y[some]
        if not len(x):
            return (Check("accuracy", False, "the classifier recognises none of the images"),)
        found = [sanity.randomness(self.target, x)]
        wide = partial(
            sanity.whole_range, x=x, y=y, threat=self.threat, queries=self.queries, seed=self.seed
        )
        if self.source is None:
            found += [
                Check(
                    "gradients",
                    False,
                    "there are no gradients to attack with (give a surrogate, or the network in "
                    "PyTorch): stronger attacks may lower the accuracy",
                ),
                wide(self.target, self.target, differentiable=False),
            ]
        else:
            generator = torch.Generator().manual_seed(self.seed)
            withstood = torch.as_tensor(
                evenly_chosen(np.flatnonzero(~self.by_gradients.cpu().numpy()), _CHECKED),
                device=self.x.device,
            )
            accuracy = {outcome.name: outcome.accuracy.share for outcome in self.outcomes}
            found += [
                sanity.gradients(self.source, x, y),
                sanity.quantised_input(self.source, x, generator),
                wide(self.source, self.target, differentiable=True),
                sanity.more_steps(
                    self.source,
                    self.target,
                    self.x[withstood],
                    self.y[withstood],
                    self.threat,
                    withstood=_right(self.by_gradients).share,
                    seed=self.seed,
                ),
                sanity.black_box(self.by_gradients, self.by_queries),
                sanity.random_noise(accuracy["noise"], accuracy["FGSM"]),
                sanity.falling(curve),
            ]
        for check in found:
            if not check.passed:
                self.log(f"check '{check.name}' failed: {check.detail}")
        return tuple(found)

    def _attack(
        self,
        name: str,
        access: Access,
        attack: Attack,
        source: Logits | None = None,
        started: float | None = None,
    ) -> Tensor:
        """Run one attack on all images, keep its outcome, and return which it fooled."""
        started = time.perf_counter() if started is None else started
        attacked = run_attack(
            attack,
            source or self.target,
            self.x,
            self.y,
            self.threat,
            seed=self.seed,
            batch=_BATCH,
            target=self.target,
        )
        fooled = attacked.fooled | self.missed
        new = fooled & ~self.fooled
        self.adversarial[new] = attacked.images[new]
        self.fooled |= fooled
        self._enter(name, access, fooled, started)
        return fooled

    def _enter(self, name: str, access: Access, fooled: Tensor, started: float) -> None:
        new = (fooled & ~self.missed).cpu().numpy()
        seconds = time.perf_counter() - started
        outcome = Outcome(name, access, _right(fooled), tuple(self.indices[new].tolist()), seconds)
        self.outcomes.append(outcome)
        self.log(f"{name}: accuracy {outcome.accuracy}, {seconds:.1f} s")

    @torch.no_grad()
    def read_as(self) -> NDArray[np.int64]:
        """Return the label that is read in each image as the attacks left it."""
        parts = [self.target(part).argmax(1) for part in torch.split(self.adversarial, _BATCH)]
        found: NDArray[np.int64] = torch.cat(parts).cpu().numpy()
        return found

    @torch.no_grad()
    def _same(self, other: Classifier) -> bool:
        """Whether another classifier gives the same logits."""
        x = self.x[:_BATCH]
        mine, theirs = self.target(x), other.logits(x)
        return float((mine - theirs).abs().max()) <= _TWIN * float(mine.abs().max())


def _beyond_the_border(
    model: Logits, x: Tensor, y: Tensor, threat: Threat, generator: torch.Generator
) -> Tensor:
    """PGD-40 that does not stop where the surrogate is fooled."""
    start = threat.random_start(x, generator)
    step = attacks.step_size(threat, 40)
    return attacks.ascend(model, x, y, threat, start, [step] * 40)


def _right(wrong: Tensor) -> Proportion:
    """Return the share of images that are not marked as wrong, bool [N]."""
    return Proportion(int((~wrong).sum()), len(wrong))


def _trap(runner: _Runner) -> list[str]:
    """Say so where AdvGAN claims far more than the strongest attacks leave."""
    shares = {outcome.name: outcome.accuracy.share for outcome in runner.outcomes}
    worst = _right(runner.fooled).share
    if shares.get("AdvGAN", 0) - worst <= TRAP:
        return []
    strongest = min(
        (o for o in runner.outcomes if o.access == "white-box"), key=lambda o: o.accuracy.share
    )
    return [
        f"AdvGAN leaves {shares['AdvGAN']:.1%}, {strongest.name} {strongest.accuracy.share:.1%}: "
        "accuracy under AdvGAN is no measure of robustness, least of all for a classifier that was "
        "trained on AdvGAN"
    ]


def _other_classifier(dataset: Dataset, train: Images, network: NetworkConfig, seed: int) -> Logits:
    """Train a small classifier from which AdvGAN is transferred."""
    kept = np.zeros(len(dataset), dtype=bool)
    kept[train.indices] = True
    smaller = replace(dataset, held_out=~kept)
    options = TrainingOptions(seed=seed + 1, epochs=3)
    return train_classifier(smaller, network, options).classifier("other").logits


def _by_class(runner: _Runner, images: Images) -> tuple[ClassAccuracy, ...]:
    """Return accuracies for the labels of which there are images."""
    rows = []
    for number, label in enumerate(images.label_names):
        own = runner.y == number
        if own.any():
            clean, attacked = _right(runner.missed[own]), _right(runner.fooled[own])
            rows.append(ClassAccuracy(label, clean, attacked))
    return tuple(rows)
