"""What tasks share whose models turn samples into others: translators, face swaps, editors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from gansmith.blueprint import Blueprint
from gansmith.codec import Codec
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.model_evaluator import ModelEvaluator
from gansmith.evaluation.result import EvaluationResult
from gansmith.health.diagnosis import Diagnosis
from gansmith.health.result_monitor import ResultMonitor, Rules
from gansmith.medium import Values
from gansmith.model import (
    Model,
    averaged_weights,
    current_model,
    rebuild_model,
    run_blueprint,
    save_networks,
)
from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe
from gansmith.report.curves import curves_png
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import result_table
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree
from gansmith.tasks.build import TrainingSetup, fit_codec
from gansmith.tasks.callbacks import EvaluationCallback
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.task import Task
from gansmith.training.augment import require_suitable
from gansmith.training.callbacks import Callback, TrainingState
from gansmith.training.domain_loader import DomainLoader
from gansmith.training.duel import Duel, DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader


class ImageToImage(Task):
    """Train a network that turns samples into others, judge it and ship it; see :class:`Task`.

    Attributes:
        noun: What the network is called in messages.
        preparation: What :meth:`prepare` computes, in messages.
        candidates: Checkpoints of which the better one is shipped.
        explanations: Of its diagnoses, by name.
    """

    noun: ClassVar[str]
    preparation: ClassVar[str]
    candidates: ClassVar[tuple[str, ...]] = ("best", "last")
    explanations: ClassVar[Mapping[str, str]]

    @property
    @abstractmethod
    def evaluator(self) -> ModelEvaluator[Any]:
        """Compares results with held-out samples."""

    @property
    def _reference(self) -> Dataset:
        """What the codec is fitted to."""
        return self.dataset

    @property
    @abstractmethod
    def _names(self) -> tuple[str, ...]:
        """Names of the domains or expressions."""

    @abstractmethod
    def _spec(self, codec: Codec) -> SampleSpec:
        """Describe the samples that the network makes and takes."""

    @abstractmethod
    def _feed(self, codec: Codec, engine: Engine) -> DomainLoader:
        """Return what loads batches."""

    @property
    @abstractmethod
    def rules(self) -> Rules:
        """What is diagnosed during and after training, and how it is answered."""

    @property
    @abstractmethod
    def _evaluated(self) -> int:
        """Results that an evaluation during training makes."""

    @abstractmethod
    def _draw(self, run: Run, model: Any) -> None:
        """Draw the sheets of results and of real samples."""

    @classmethod
    def result_files(cls, run: Run) -> tuple[Path, ...]:
        """Return the model, its evaluation, the sheets, the curves and the report."""
        return (
            *super().result_files(run),
            run.model_file,
            run.sheet_file,
            run.real_sheet_file,
            run.curves_file,
            run.report_file,
        )

    def build(self) -> TrainingSetup:
        """Build networks, duel and the loader of samples and what they become."""
        recipe, config = self.recipe, self.recipe.training
        engine = Engine(config.precision, config.seed)
        if config.batch % engine.processes:
            raise GansmithError(
                f"a batch of {config.batch} cannot be shared by {engine.processes} processes: make "
                f"training.batch a multiple of {engine.processes}"
            )
        codec = fit_codec(recipe, self._reference, self.log, self.codec_source)
        spec = self._spec(codec)
        require_suitable(recipe.augment.ops, spec.height, spec.width)
        duel = _duel(recipe, spec, engine, config.seed)
        blueprint = Blueprint(
            codec,
            recipe.network,
            spec,
            self._names,
            task=self.name,
            shipped=tuple(duel.shipped),
            consent=self.consent,
        )
        feed = self._feed(codec, engine)
        duel.set_validation_source(feed.held_out)
        return TrainingSetup(blueprint, engine, duel, feed)

    def rebuild(self, setup: TrainingSetup) -> Callable[[int], Duel]:
        """Return what builds the duel with other initial weights."""
        return partial(_duel, self.recipe, setup.blueprint.spec, setup.engine)

    def _plain_spec(self, codec: Codec) -> SampleSpec:
        """Describe the samples of the dataset."""
        shape = self.dataset.samples.shape
        return SampleSpec(*codec.shape(shape), alpha=codec.has_alpha(shape))

    def _labelled_loaders(self, codec: Codec, engine: Engine) -> tuple[BatchLoader, BatchLoader]:
        """Return loaders of the dataset with its labels, of what is changed and of real samples."""
        config = self.recipe.training
        source, target = (
            BatchLoader(self.dataset, codec, engine, config.batch, config.seed + index, True)
            for index in range(2)
        )
        return source, target

    def prepare(self) -> None:
        """Train the classifier of the evaluation, and compute the features of real samples."""
        self.log(f"preparing the evaluation: {self.preparation}, cached for later runs")
        self.evaluator.prepare()

    def callbacks(
        self, run: Run, setup: TrainingSetup, progress: ProgressLine
    ) -> Sequence[Callback]:
        """Evaluate results of held-out samples."""
        recipe, measure = self.recipe, partial(self._measure, setup.blueprint)
        return (
            EvaluationCallback(run, measure, recipe.evaluation, recipe.training, progress.quality),
        )

    def controller(self, run: Run, setup: TrainingSetup) -> ResultMonitor | None:
        """Return the health monitor, unless the recipe turns it off."""
        if not self.recipe.health.probes:
            return None
        measure = partial(self._measure, setup.blueprint)
        return ResultMonitor(run, self.recipe, measure, self._evaluated, self.rules, self.log)

    def _measure(self, blueprint: Blueprint, moment: TrainingState) -> Values:
        return self.evaluator.quick_of(current_model(blueprint, moment.networks))

    def finish(self, run: Run, samples: int) -> None:
        """Judge the candidates, ship the better one, and report."""
        blueprint = run_blueprint(run)
        chosen, verdict = self._better(run, blueprint)
        save_networks(run, blueprint, averaged_weights(blueprint, chosen))
        run.save_files(blueprint.codec.files())
        run.save_quality(verdict.to_json())
        run.note(evaluated=samples)
        self._draw(run, _model(blueprint, chosen))
        titles = RunHistory.read(run.path).manifest.loss_titles
        run.save_output(run.curves_file, curves_png(list(run.events()), titles), generated=False)
        self.console.print(result_table(verdict, f"{self.recipe.name} after {samples:,} samples"))
        for diagnosis in self.rules.diagnose(verdict.values, 1.0):
            self._report_diagnosis(run, samples, diagnosis)
        report = write_report(run.path)
        self.log(f"report    {report}\nsheet     {run.sheet_file}\nmodel     {run.model_file}")

    def _report_diagnosis(self, run: Run, samples: int, diagnosis: Diagnosis) -> None:
        """Print and record what is wrong with the result."""
        settings = self.rules.remedy(diagnosis, self.recipe)
        self.log(
            f"{diagnosis.name}: {diagnosis.evidence} {self.explanations[diagnosis.name]} Train "
            f"longer, or try {' '.join(f'--set {setting}' for setting in settings)}."
        )
        if any(event.get("progress") == 1.0 for event in _diagnoses(run, diagnosis.name)):
            return  # the run was killed while it was finished, and is finished again
        run.log(
            "diagnosis",
            samples=samples,
            seconds=max((event["seconds"] for event in run.events()), default=0.0),
            progress=1.0,
            diagnosis=diagnosis.name,
            action="warn",
            level="warning",
            text=diagnosis.evidence,
            settings=" ".join(settings),
            modes="",
        )

    def _better(self, run: Run, blueprint: Blueprint) -> tuple[Tree, EvaluationResult]:
        """Return the candidate whose results are nearer to real samples, and its evaluation."""
        offers = {name: run.load_checkpoint(name) for name in self.candidates}
        several = len(offers) > 1
        judged: list[tuple[Tree, EvaluationResult]] = []
        for name, state in offers.items():
            if state is None or any(s["clock"] == state["clock"] for s, _ in judged):
                continue
            self.log(f"evaluating the {f'{name} ' if several else ''}{self.noun} ...")
            judged.append((state, self.evaluator.full_of(_model(blueprint, state))))
        distance = self.evaluator.distance
        chosen, verdict = min(judged, key=lambda offer: distance(offer[1]))
        if several:
            distances = {s["clock"]["samples"]: round(distance(v), 4) for s, v in judged}
            run.note(judged=distances, best_samples=chosen["clock"]["samples"])
        return chosen, verdict


def _duel(recipe: Recipe, spec: SampleSpec, engine: Engine, seed: int) -> Duel:
    return build_duel(DuelSetting(recipe, spec, engine, seed))


def _model(blueprint: Blueprint, state: Tree) -> Model:
    return rebuild_model(blueprint, averaged_weights(blueprint, state))


def _diagnoses(run: Run, name: str) -> list[dict[str, Any]]:
    return [
        event
        for event in run.events()
        if event["event"] == "diagnosis" and event["diagnosis"] == name
    ]
