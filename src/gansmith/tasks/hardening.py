"""The task `harden`: train a classifier on attacks, judge it by stronger ones and ship it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import nn

from gansmith.blueprint import Blueprint
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.medium import MEDIA
from gansmith.model import Model, Weights, averaged_weights, run_blueprint
from gansmith.networks import SampleSpec, load_weights
from gansmith.recipe import Recipe
from gansmith.report.curves import curves_png
from gansmith.report.history import RunHistory
from gansmith.report.page import embed
from gansmith.robustness.attacks import run_attack
from gansmith.robustness.autopgd import apgd_ce, apgd_t
from gansmith.robustness.classifier import Classifier, Images, as_images, take_images
from gansmith.robustness.feed import LabelledFeed
from gansmith.robustness.hardening import HardeningDuel
from gansmith.robustness.ladder import AdvGANBudget, robustness
from gansmith.robustness.networks import build_classifier
from gansmith.robustness.page import evaluation_table, fooled_sheet, write_robustness_page
from gansmith.robustness.saved_evaluation import read_evaluation
from gansmith.robustness.threat import Threat
from gansmith.robustness.train import NETWORK, TrainingFacts, save_weights
from gansmith.run import Run
from gansmith.sections import HardeningConfig
from gansmith.storage.checkpoint import Tree
from gansmith.tasks.build import TrainingSetup
from gansmith.tasks.hardening_watch import HardeningWatch
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.task import Task
from gansmith.training.callbacks import Callback, Controller
from gansmith.training.engine import Engine, device_kind

_ASIDE = 0.2
"""Largest share of the training images that is set aside."""


class ClassifierModel(Model):
    """A classifier of images.

    Args:
        network: Maps images [N, C, H, W] in [0, 1] to logits.
        blueprint: What it was built from.
    """

    def __init__(self, network: nn.Module, blueprint: Blueprint) -> None:
        super().__init__(blueprint)
        self.network = network.eval().requires_grad_(False)

    @classmethod
    def from_weights(cls, blueprint: Blueprint, weights: Mapping[str, Weights]) -> Self:
        """Build the network and load its weights."""
        network = build_classifier(blueprint.network, blueprint.spec)
        load_weights(network, weights[NETWORK])
        return cls(network, blueprint)

    def classifier(self, name: str = NETWORK) -> Classifier:
        """Return the network as a target of attacks."""
        device = device_kind()
        network = self.network.to(device)
        return Classifier(
            network, name, self.blueprint.spec.shape, self.blueprint.label_names, device=device
        )

    @torch.no_grad()
    def apply(self, inputs: Sequence[Path | str] | NDArray[Any]) -> NDArray[Any]:
        """Return the number of the label of each input, int64 [N]."""
        channels, height, width = self.blueprint.spec.shape
        samples = self.read_inputs(inputs, (height, width, channels))
        x = (self.codec.encode(torch.from_numpy(np.array(samples)))[:, :channels] + 1) / 2
        labels: NDArray[np.int64] = self.network(x).argmax(1).numpy()
        return labels


class Hardening(Task):
    """Train a classifier so that it withstands attacks; see :class:`Task`.

    Some training images are set aside: on them the best state is chosen, so that the held-out
    images that judge it are seen once.
    """

    name = "harden"
    model_class = ClassifierModel

    def __init__(self, recipe: Recipe, dataset: Dataset, console: Console) -> None:
        super().__init__(recipe, dataset, console)
        self._seen = as_images(dataset)
        self._config = recipe.section(HardeningConfig)
        self.threat = Threat(self._config.eps, self._config.norm)
        train = dataset.train_indices
        aside = min(self._config.chosen_on, int(_ASIDE * len(train)))
        if aside < 10 or not len(dataset.held_out_indices):
            raise GansmithError(
                f"'{dataset.name}' has {len(train)} images to train on and "
                f"{len(dataset.held_out_indices)} held out: add images, or change data.held_out"
            )
        order = np.random.default_rng(0).permutation(train)
        self._aside = np.sort(order[:aside])

    @classmethod
    def result_file(cls, run: Run) -> Path:
        """Return the evaluation under attack."""
        return run.path / "robustness.json"

    @classmethod
    def result_files(cls, run: Run) -> tuple[Path, ...]:
        """Return the classifier, its evaluation, the sheet and the report."""
        files = (run.model_file, run.sheet_file, run.curves_file, run.report_file)
        return (*super().result_files(run), *files)

    @cached_property
    def images(self) -> Images:
        """The images on which the best state is chosen."""
        return take_images(self.dataset, self._aside)

    def build(self) -> TrainingSetup:
        """Build classifier, duel and feed."""
        recipe, config, dataset = self.recipe, self.recipe.training, self.dataset
        engine = Engine(config.precision, config.seed)
        if engine.processes > 1:
            raise GansmithError("task 'harden' trains in one process: start it without torchrun")
        seen = self._seen
        spec = SampleSpec(seen.channels, seen.height, seen.width, dataset.classes)
        network = build_classifier(recipe.network, spec, config.seed)
        codec = MEDIA[dataset.medium].codec.from_config({}, {})
        blueprint = Blueprint(
            codec, recipe.network, spec, dataset.label_names, task=self.name, shipped=(NETWORK,)
        )
        kept = np.setdiff1d(dataset.train_indices, self._aside)
        feed = LabelledFeed(dataset, engine, config.batch, config.seed, kept)
        duel = HardeningDuel(network, recipe, engine, feed.count, feed.shape, config.seed)
        return TrainingSetup(blueprint, engine, duel, feed)

    def callbacks(
        self, run: Run, setup: TrainingSetup, progress: ProgressLine
    ) -> Sequence[Callback]:
        """Measure the classifier under attack."""
        self._watch = HardeningWatch(run, self.recipe, self.images, self.log)
        return (self._watch,)

    def controller(self, run: Run, setup: TrainingSetup) -> Controller | None:
        """Return what names catastrophic overfitting, unless the recipe turns it off."""
        return self._watch if self.recipe.health.probes else None

    def finish(self, run: Run, samples: int) -> None:
        """Ship the best state, measure it under all attacks and write the report."""
        blueprint = run_blueprint(run)
        state, accuracy = self._better(run, blueprint)
        weights = averaged_weights(blueprint, state)
        model = ClassifierModel.from_weights(blueprint, weights)
        facts = TrainingFacts(
            data=self.dataset.name,
            fingerprint=self.dataset.fingerprint,
            images=len(self.dataset.train_indices) - len(self._aside),
            held_out=len(self._aside),
            accuracy=accuracy,
            seconds=float(state["clock"]["seconds"]),
            options={"hardening": self._config.model_dump(), "samples": samples},
        )
        save_weights(run, weights[NETWORK], blueprint, facts)
        run.note(best_samples=state["clock"]["samples"])
        config = self.recipe.evaluation
        found = robustness(
            model.classifier(self.recipe.name),
            self.dataset,
            self.threat.eps,
            self.threat.norm,
            images=config.samples,
            seed=config.seed,
            advgan=AdvGANBudget(),
            log=self.log,
        )
        titles = RunHistory.read(run.path).manifest.loss_titles
        curves = curves_png(list(run.events()), titles)
        run.save_output(run.curves_file, curves, generated=False)
        run.save_picture(run.sheet_file, fooled_sheet(found, self.dataset), generated=False)
        content = json.dumps(found.to_json(), indent=2, ensure_ascii=False).encode()
        run.save_output(self.result_file(run), content, generated=False)
        self.report(run)
        self.console.print(evaluation_table(found))
        for line in (*found.notes, found.verdict):
            self.log(line)
        self.log(f"report     {run.report_file}\nclassifier {run.model_file}")

    @classmethod
    def report(cls, run: Run) -> Path:
        """Write the evaluation under attack as a page; before it, the one of all runs."""
        if not cls.result_file(run).is_file():
            return super().report(run)
        found = read_evaluation(cls.result_file(run))
        provenance, history = run.provenance(generated=False), list(run.events())
        sheet = embed(run.sheet_file)
        return write_robustness_page(found, sheet, run.report_file, provenance, history)

    def _better(self, run: Run, blueprint: Blueprint) -> tuple[Tree, float]:
        """Return the checkpoint that withstands more, and its plain accuracy, on the aside ones."""
        found: list[tuple[int, Tree, float]] = []
        x, y = self.images.x, self.images.y
        for name in ("best", "last"):
            state = run.load_checkpoint(name)
            if state is None or any(s["clock"] == state["clock"] for _, s, _ in found):
                continue
            model = ClassifierModel.from_weights(blueprint, averaged_weights(blueprint, state))
            target = model.classifier().logits
            left = ~run_attack(apgd_ce, target, x, y, self.threat).fooled
            few = partial(apgd_t, steps=50)
            left[left.clone()] = ~run_attack(few, target, x[left], y[left], self.threat).fooled
            with torch.no_grad():
                clean = float((target(x).argmax(1) == y).float().mean())
            self.log(f"the {name} state withstands APGD on {float(left.float().mean()):.1%}")
            found.append((int(left.sum()), state, clean))
        _, state, clean = max(found, key=lambda offer: offer[0])
        return state, clean
