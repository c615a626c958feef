"""The task `generate`: train a generator, evaluate its samples and ship the best one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from gansmith.blueprint import Blueprint
from gansmith.data.dataset import Dataset
from gansmith.evaluation.evaluator import Evaluator
from gansmith.evaluation.result import ENOUGH_HELD_OUT, too_few_held_out
from gansmith.health.interventions import augmentation_settings
from gansmith.health.monitor import Monitor
from gansmith.medium import Values
from gansmith.model import GeneratorModel
from gansmith.networks import Generator
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.tasks.build import TrainingSetup, build_duel, build_training, make_blueprint
from gansmith.tasks.callbacks import EvaluationCallback, SampleGridCallback
from gansmith.tasks.finalize import finish
from gansmith.tasks.health_callback import make_health_monitor
from gansmith.tasks.memory_estimate import forecast_memory
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.task import Task
from gansmith.training.callbacks import Callback, TrainingState
from gansmith.training.duel import Duel


class Generation(Task):
    """Train a generator of samples like those of the dataset; see :class:`Task`."""

    name = "generate"
    model_class = GeneratorModel

    def __init__(self, recipe: Recipe, dataset: Dataset, console: Console) -> None:
        super().__init__(recipe, dataset, console)
        self._evaluator: Evaluator | None = None

    @classmethod
    def result_files(cls, run: Run) -> tuple[Path, ...]:
        """Return the generator, its evaluation, the sheets and the report."""
        sheets = (run.sheet_file, run.real_sheet_file, run.curves_file)
        return (*super().result_files(run), run.generator_file, *sheets, run.report_file)

    def memory_gib(self) -> float | None:
        """Estimate the memory of a step; that of sequences depends on what they draw."""
        if self.recipe.duel == "sequence":
            return None
        return forecast_memory(
            self.recipe,
            make_blueprint(self.recipe, self.dataset, codec_source=self.codec_source).spec,
        )

    def build(self) -> TrainingSetup:
        """Build generator, discriminator, duel and batch loader."""
        return build_training(self.recipe, self.dataset, self.log, self.codec_source)

    def rebuild(self, setup: TrainingSetup) -> Callable[[int], Duel]:
        """Return what builds the duel with other initial weights."""
        return partial(build_duel, self.recipe, setup.blueprint, setup.engine)

    @property
    def evaluator(self) -> Evaluator:
        """Compares samples with held-out real ones."""
        if self._evaluator is None:
            self._evaluator = Evaluator(self.dataset, self.recipe.evaluation)
        return self._evaluator

    def prepare(self) -> None:
        """Compute the features of the real samples, or take them from the cache."""
        self.log("preparing the evaluation: features of real samples, cached for later runs")
        self.evaluator.prepare()
        if note := self.evaluator.extractor.note:
            self.log(note)
        held_out = len(self.dataset.held_out_indices)
        if held_out < ENOUGH_HELD_OUT:
            settings = augmentation_settings(self.recipe)
            advice = f"; with so few samples, try --set {settings[0]}" if settings else ""
            self.log(f"warning: {too_few_held_out(held_out)[:-1]}{advice}")

    def callbacks(
        self, run: Run, setup: TrainingSetup, progress: ProgressLine
    ) -> Sequence[Callback]:
        """Evaluate samples and draw sample grids."""
        recipe, blueprint = self.recipe, setup.blueprint
        measure = partial(self._measure, blueprint)
        return (
            EvaluationCallback(run, measure, recipe.evaluation, recipe.training, progress.quality),
            SampleGridCallback(run, blueprint, recipe.training),
        )

    def _measure(self, blueprint: Blueprint, moment: TrainingState) -> Values:
        assert isinstance(moment.network, Generator)
        config = self.recipe.evaluation
        model = GeneratorModel(moment.network, blueprint)
        return self.evaluator.quick(model.sample(config.quick_samples, seed=config.seed))

    def controller(self, run: Run, setup: TrainingSetup) -> Monitor | None:
        """Return the health monitor, unless the recipe turns it off."""
        recipe, dataset = self.recipe, self.dataset
        return make_health_monitor(run, recipe, dataset, setup, self.evaluator, self.log)

    def finish(self, run: Run, samples: int) -> None:
        """Ship the best generator, evaluate it, draw its samples and write the report."""
        finish(run, self.evaluator, self.dataset, self.recipe, samples, self.console)
