"""The task `expressions`: train an editor of expressions, judge it and ship it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from gansmith.blueprint import GENERATOR, Blueprint
from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.data.expressions import Expressions, by_expression, read_expressions
from gansmith.errors import GansmithError
from gansmith.evaluation.expressions import ExpressionEvaluator
from gansmith.evaluation.result import EvaluationResult
from gansmith.expressions import ExpressionModel
from gansmith.health.expressions import (
    EXPRESSION_EXPLANATIONS,
    diagnose_expressions,
    expression_remedy,
)
from gansmith.medium import Values
from gansmith.model import averaged_weights, rebuild_model, run_blueprint, save_networks
from gansmith.networks import SampleSpec
from gansmith.networks.translation.editor import Editor
from gansmith.recipe import EvaluationConfig, Recipe, TrainingConfig
from gansmith.report.curves import curves_png
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import result_table
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.sections import ExpressionsConfig
from gansmith.storage.checkpoint import Tree
from gansmith.tasks.build import TrainingSetup, fit_codec
from gansmith.tasks.callbacks import EvaluationCallback
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.task import Task
from gansmith.training.callbacks import Callback, TrainingState
from gansmith.training.duel import DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.expression_loader import ExpressionLoader
from gansmith.training.loader import BatchLoader

SHOWN = 10
"""Samples on the sheet, each with all expressions at full strength."""


class ExpressionTask(Task):
    """Train an editor of graded expressions from labelled samples; see :class:`Task`."""

    name = "expressions"
    model_class = ExpressionModel

    def __init__(self, recipe: Recipe, dataset: Dataset, console: Console) -> None:
        super().__init__(recipe, dataset, console)
        neutral = recipe.section(ExpressionsConfig).neutral
        self.expressions: Expressions = read_expressions(dataset, neutral)
        if not len(dataset.held_out_indices):
            raise GansmithError(
                f"{dataset.source} has no held-out samples to judge on: --set data.held_out=0.2"
            )

    def people(self) -> tuple[str, ...]:
        """Return the folder: the faces in it are changed."""
        return (self.dataset.name,)

    @classmethod
    def result_files(cls, run: Run) -> tuple[Path, ...]:
        """Return the editor, its evaluation, the sheet and the report."""
        return (
            *super().result_files(run),
            run.model_file,
            run.sheet_file,
            run.real_sheet_file,
            run.curves_file,
            run.report_file,
        )

    def build(self) -> TrainingSetup:
        """Build editor, discriminator, duel and the loader of samples with strengths."""
        recipe, config = self.recipe, self.recipe.training
        engine = Engine(config.precision, config.seed)
        neutral = recipe.section(ExpressionsConfig).neutral
        labelled = by_expression(self.dataset, self.expressions, neutral)
        codec = fit_codec(recipe, labelled, self.log, self.codec_source)
        shape = self.dataset.samples.shape
        alpha = codec.has_alpha(shape)
        plain = SampleSpec(*codec.shape(shape), alpha=alpha)
        conditions = (len(self.expressions.names), 1, 1)
        spec = replace(plain, condition_shape=conditions, source=plain)
        names = self.expressions.names
        blueprint = Blueprint(
            codec,
            recipe.network,
            spec,
            names,
            task=self.name,
            shipped=(GENERATOR,),
            consent=self.consent,
        )
        if config.batch % engine.processes:
            raise GansmithError(
                f"a batch of {config.batch} cannot be shared by {engine.processes} processes: make "
                f"training.batch a multiple of {engine.processes}"
            )
        duel = build_duel(DuelSetting(recipe, spec, engine, config.seed))
        source, target = (
            BatchLoader(self.dataset, codec, engine, config.batch, config.seed + k, True)
            for k in range(2)
        )
        feed = ExpressionLoader(source, target, self.expressions.table)
        duel.set_validation_source(feed.held_out)
        return TrainingSetup(blueprint, engine, duel, feed)

    @cached_property
    def evaluator(self) -> ExpressionEvaluator:
        """Reads the expressions of edits of held-out samples."""
        return ExpressionEvaluator(self.dataset, self.expressions, self.recipe.evaluation)

    def prepare(self) -> None:
        """Train the reader of the evaluation, and compute the features of real samples."""
        self.log("preparing the evaluation: an independent reader, cached for later runs")
        self.evaluator.prepare()

    def callbacks(
        self, run: Run, setup: TrainingSetup, progress: ProgressLine
    ) -> Sequence[Callback]:
        """Evaluate edits of held-out samples."""
        recipe = self.recipe
        return (
            ExpressionCallback(
                run,
                self.evaluator,
                setup.blueprint,
                recipe.evaluation,
                recipe.training,
                progress.quality,
            ),
        )

    def finish(self, run: Run, samples: int) -> None:
        """Judge the last editor, ship it, and report."""
        blueprint = run_blueprint(run)
        state = run.load_checkpoint("last")
        assert state is not None
        model = _model(blueprint, state)
        self.log("evaluating the editor ...")
        verdict = self.evaluator.full(model)
        save_networks(run, blueprint, averaged_weights(blueprint, state))
        run.save_files(blueprint.codec.files())
        run.save_quality(verdict.to_json())
        run.note(evaluated=samples)
        self._draw(run, model)
        report = write_report(run.path)
        self.console.print(result_table(verdict, f"{self.recipe.name} after {samples:,} samples"))
        self._diagnose(verdict)
        self.log(f"report    {report}\nsheet     {run.sheet_file}\nmodel     {run.model_file}")

    def _diagnose(self, verdict: EvaluationResult) -> None:
        values = {name: metric.value for name, metric in verdict.metrics.items()}
        truth = {"agreement": verdict.metrics["agreement"].floor or 0.0}
        for diagnosis in diagnose_expressions(values, truth, progress=1.0):
            settings = expression_remedy(diagnosis, self.recipe)
            self.log(
                f"{diagnosis.name}: {diagnosis.evidence} "
                f"{EXPRESSION_EXPLANATIONS[diagnosis.name]} Train longer, or try "
                f"{' '.join(f'--set {setting}' for setting in settings)}."
            )

    def _draw(self, run: Run, model: ExpressionModel) -> None:
        dataset = self.dataset
        held_out = dataset.held_out_indices
        neutral = held_out[self.evaluator.strengths[held_out].max(1) == 0]
        chosen = evenly_chosen(neutral if len(neutral) else held_out, SHOWN)
        inputs = np.ascontiguousarray(dataset.samples[chosen])
        run.save_picture(run.sheet_file, all_expressions(model, inputs))
        real = dataset.samples[evenly_chosen(held_out, 8 * SHOWN)]
        run.save_picture(run.real_sheet_file, model.codec.sheet(real), generated=False)
        titles = RunHistory.read(run.path).manifest.loss_titles
        run.save_output(run.curves_file, curves_png(list(run.events()), titles), generated=False)


class ExpressionCallback(EvaluationCallback):
    """Evaluates edits of held-out samples at intervals; see :class:`EvaluationCallback`.

    Args:
        run: Where the results are logged.
        edits: Holds the samples to edit, the reader and the reference.
        blueprint: Of the editor.
        config: Number of evaluations, and their share of the cost.
        training: Whether the training has a budget in minutes or in samples.
        notify: Called with each new distance.
    """

    def __init__(
        self,
        run: Run,
        edits: ExpressionEvaluator,
        blueprint: Blueprint,
        config: EvaluationConfig,
        training: TrainingConfig,
        notify: Callable[[float], None],
    ) -> None:
        super().__init__(run, edits.evaluator, blueprint, config, training, notify)
        self._edits = edits

    def _measure(self, moment: TrainingState) -> Values:
        assert isinstance(moment.network, Editor)
        return self._edits.quick(ExpressionModel(moment.network, self._blueprint))


def all_expressions(model: ExpressionModel, inputs: NDArray[np.uint8]) -> Image.Image:
    """Draw a row for each input: the input, then each expression at full strength."""
    count = len(model.label_names)
    results = [
        model.edit(inputs, np.tile(strengths, (len(inputs), 1)))
        for strengths in np.eye(count, dtype=np.float32)
    ]
    rows = np.stack([inputs, *results], axis=1).reshape(-1, *inputs.shape[1:])
    return model.codec.sheet(rows, columns=1 + count)


def _model(blueprint: Blueprint, state: Tree) -> ExpressionModel:
    model = rebuild_model(blueprint, averaged_weights(blueprint, state))
    assert isinstance(model, ExpressionModel)
    return model
