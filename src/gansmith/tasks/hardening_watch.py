"""Watches an adversarial training: measures it under attack, and names what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from statistics import fmean

import torch

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.hardening import diagnose_hardening, hardening_remedy, share_of_one_label
from gansmith.health.responder import Responder
from gansmith.recipe import Recipe
from gansmith.robustness.attacks import Logits, pgd, run_attack
from gansmith.robustness.autopgd import apgd_ce
from gansmith.robustness.classifier import Images
from gansmith.robustness.threat import Threat
from gansmith.run import Run
from gansmith.sections import HardeningConfig
from gansmith.training.callbacks import Intervention, TrainingState

MORE_STEPS = 40
_APGD_STEPS = 50


class HardeningWatch:
    """Callback and controller of an adversarial training.

    At intervals it attacks the averaged network on images that were set aside. The best state is
    the one with the highest accuracy under the strongest of these attacks.

    Args:
        run: Where measurements and diagnoses are logged.
        recipe: As it was started; `evaluation.quick_looks` says how often it measures.
        images: Images that neither train nor judge.
        log: Takes a line for each measurement and diagnosis.
    """

    def __init__(
        self, run: Run, recipe: Recipe, images: Images, log: Callable[[str], None]
    ) -> None:
        self._run, self._responder, self._log = run, Responder(run, recipe, log), log
        self._images, self._heals = images, recipe.health.act == "heal"
        self._looks = recipe.evaluation.quick_looks
        self._done, self._best = 0, -1.0
        self._train: list[float] = []
        self._latest: dict[str, float] | None = None
        self._named: set[str] = set()

    def on_train_begin(self, moment: TrainingState, settings: Iterable[str] | None = None) -> None:
        """Restore what earlier sessions measured and, as a controller, what they changed."""
        if settings is not None:
            self._responder.restore(settings)
        events = list(self._run.events())
        self._best = max((e["apgd"] for e in events if e["event"] == "attacked"), default=-1.0)
        found = [e for e in events if e["event"] == "diagnosis"]
        self._named = {e["diagnosis"] for e in found if e["action"] != "heal"}
        self._done = int(moment.progress * self._looks)

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """Keep the accuracy of the training images under attack."""
        self._train.append(signals["attacked_accuracy"])

    def on_step_end(self, moment: TrainingState) -> bool:
        """Measure if it is due; return True for the best state so far."""
        if not self._looks or moment.progress < min(1.0, (self._done + 1) / self._looks):
            return False
        self._done = int(moment.progress * self._looks)
        config = self._responder.current.section(HardeningConfig)
        values = measure(
            moment.network, self._images, Threat(config.eps, config.norm), config.steps
        )
        train = fmean(self._train[-20:]) if self._train else values["attacked"]
        values = {"attacked_train": train} | values
        self._latest = values
        rounded = {name: round(value, 5) for name, value in values.items()}
        clock = {"samples": moment.samples, "seconds": round(moment.seconds, 3)}
        self._run.log("attacked", **clock, progress=round(moment.progress, 5), **rounded)
        self._log(
            f"after {moment.samples:,} images: clean {values['clean']:.1%}, under the training's "
            f"attack {values['attacked']:.1%}, {MORE_STEPS} steps {values['more_steps']:.1%}, APGD "
            f"{values['apgd']:.1%}"
        )
        best = rounded["apgd"] >= self._best  # of equal states the later one
        self._best = max(self._best, rounded["apgd"])
        return best

    def intervene(self, moment: TrainingState, signals: dict[str, float]) -> Intervention:
        """Decide from the latest measurement, once."""
        values, self._latest = self._latest, None
        if values is None:
            return Intervention()
        ramp = self._responder.current.section(HardeningConfig).ramp
        found = diagnose_hardening(values, growing=moment.progress < ramp)
        for diagnosis in found:
            if diagnosis.name in self._named:
                continue
            decision = self._responder.answer(moment, diagnosis, self._treatment(diagnosis))
            if decision.heals:
                return decision
            self._named.add(diagnosis.name)
            if decision.stop:
                return decision
        return Intervention(keep=not found and self._heals)

    def _treatment(self, diagnosis: Diagnosis) -> Intervention:
        settings = hardening_remedy(diagnosis, self._responder.current)
        kept = bool(settings) and self._run.checkpoint_files("kept")[0].exists()
        return Intervention(settings=settings, back="kept" if kept else "here")


def measure(model: Logits, images: Images, threat: Threat, steps: int) -> dict[str, float]:
    """Return accuracies of a network on images, plain and under attacks of growing strength.

    Args:
        model: The network, in evaluation mode.
        images: What it is measured on.
        threat: How far they may be moved.
        steps: Of the attack of the training.

    Returns:
        `clean`; `attacked`, under PGD with these steps; `more_steps`, under PGD with MORE_STEPS;
        `apgd`, of images that withstand that and APGD on the cross-entropy; and `one_label`, see
        :func:`share_of_one_label`.
    """
    x, y = images.x, images.y
    with torch.no_grad():
        read = model(x).argmax(1)
    few = run_attack(partial(pgd, steps=steps), model, x, y, threat)
    many = run_attack(partial(pgd, steps=MORE_STEPS), model, x, y, threat, seed=1)
    left = ~(few.fooled | many.fooled)
    strong = run_attack(partial(apgd_ce, steps=_APGD_STEPS), model, x[left], y[left], threat)
    return {
        "clean": float((read == y).float().mean()),
        "one_label": share_of_one_label(read, y),
        "attacked": float((~few.fooled).float().mean()),
        "more_steps": float((~many.fooled).float().mean()),
        "apgd": float((~strong.fooled).sum()) / len(x),
    }
