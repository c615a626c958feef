"""Watches an adversarial training: measures it under attack, and names what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from statistics import fmean

import torch

from gansmith.health.hardening import diagnose_hardening, hardening_remedy
from gansmith.recipe import Recipe, override
from gansmith.robustness.attacks import Logits, misread, pgd, run_attack
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
        self._run, self._recipe, self._current, self._log = run, recipe, recipe, log
        self._images = images
        self._looks = recipe.evaluation.quick_looks
        self._done, self._best, self._remedies = 0, -1.0, 0
        self._train: list[float] = []
        self._latest: dict[str, float] | None = None
        self._named: set[str] = set()

    def on_train_begin(self, moment: TrainingState, settings: Iterable[str] = ()) -> None:
        """Restore what earlier sessions measured and changed."""
        self._current = override(self._recipe, [*settings]) if settings else self._current
        events = list(self._run.events())
        self._best = max((e["apgd"] for e in events if e["event"] == "attacked"), default=-1.0)
        found = [e for e in events if e["event"] == "diagnosis"]
        self._remedies = sum(e["action"] == "heal" for e in found)
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
        config = self._current.section(HardeningConfig)
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
        found = [d for d in diagnose_hardening(values) if d.name not in self._named]
        health = self._recipe.health
        for diagnosis in found:
            settings = hardening_remedy(diagnosis, self._current)
            healing = health.act == "heal" and self._remedies < health.remedies and settings
            action = "heal" if healing and moment.progress < 1 else "warn"
            if health.act == "stop" and diagnosis.fatal:
                action = "stop"
            self._log(f"{diagnosis.name}: {diagnosis.evidence}")
            self._run.log(
                "diagnosis",
                samples=moment.samples,
                seconds=round(moment.seconds, 3),
                progress=round(moment.progress, 5),
                diagnosis=diagnosis.name,
                action=action,
                level="error" if diagnosis.fatal else "warning",
                text=diagnosis.evidence,
                settings=" ".join(settings),
                modes="",
            )
            if action == "heal":
                self._remedies += 1
                self._current = override(self._current, settings)
                kept = self._run.checkpoint_files("kept")[0].exists()
                return Intervention(settings=settings, back="kept" if kept else "here")
            self._named.add(diagnosis.name)
            if action == "stop":
                return Intervention(stop=True)
        return Intervention(keep=not diagnose_hardening(values) and health.act == "heal")


def measure(model: Logits, images: Images, threat: Threat, steps: int) -> dict[str, float]:
    """Return accuracies of a network on images, plain and under attacks of growing strength.

    Args:
        model: The network, in evaluation mode.
        images: What it is measured on.
        threat: How far they may be moved.
        steps: Of the attack of the training.

    Returns:
        `clean`; `attacked`, under PGD with these steps; `more_steps`, under PGD with MORE_STEPS;
        `apgd`, of images that withstand that and APGD on the cross-entropy.
    """
    x, y = images.x, images.y
    with torch.no_grad():
        clean = 1 - float(misread(model, x, y).float().mean())
    few = run_attack(partial(pgd, steps=steps), model, x, y, threat)
    many = run_attack(partial(pgd, steps=MORE_STEPS), model, x, y, threat, seed=1)
    left = ~(few.fooled | many.fooled)
    strong = run_attack(partial(apgd_ce, steps=_APGD_STEPS), model, x[left], y[left], threat)
    return {
        "clean": clean,
        "attacked": float((~few.fooled).float().mean()),
        "more_steps": float((~many.fooled).float().mean()),
        "apgd": float((~strong.fooled).sum()) / len(x),
    }
