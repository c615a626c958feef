"""The task `translate`: train a translator between two domains, judge it and ship it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from gansmith.blueprint import GENERATOR, Blueprint
from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.data.domains import Domains, split_domains
from gansmith.errors import GansmithError
from gansmith.evaluation.result import EvaluationResult
from gansmith.evaluation.translation import TranslationEvaluator
from gansmith.health.translation import (
    TRANSLATION_EXPLANATIONS,
    diagnose_translation,
    translation_remedy,
)
from gansmith.model import averaged_weights, rebuild_model, run_blueprint, save_networks
from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe
from gansmith.report.curves import curves_png
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import result_table
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree
from gansmith.tasks.build import TrainingSetup, fit_codec
from gansmith.tasks.callbacks import TranslationCallback
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.task import Task
from gansmith.training.callbacks import Callback
from gansmith.training.domain_loader import DomainLoader
from gansmith.training.duel import DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader
from gansmith.translation import TranslationModel

SHOWN = 48
"""Pairs of input and translation on the sheet."""


class Translation(Task):
    """Train a translator from the first domain of a dataset to the second; see :class:`Task`."""

    name = "translate"
    model_class = TranslationModel

    def __init__(self, recipe: Recipe, dataset: Dataset, console: Console) -> None:
        super().__init__(recipe, dataset, console)
        self.domains: Domains = split_domains(dataset, recipe.data.target)

    @classmethod
    def result_files(cls, run: Run) -> tuple[Path, ...]:
        """Return the translator, its evaluation, the sheet and the report."""
        return (
            *super().result_files(run),
            run.model_file,
            run.sheet_file,
            run.real_sheet_file,
            run.curves_file,
            run.report_file,
        )

    def build(self) -> TrainingSetup:
        """Build translator, discriminator, duel and the loader of both domains."""
        recipe, config = self.recipe, self.recipe.training
        engine = Engine(config.precision, config.seed)
        source, target = self.domains
        codec = fit_codec(recipe, target, self.log, self.codec_source)
        alpha = codec.has_alpha(target.samples.shape)
        spec = SampleSpec(*codec.shape(target.samples.shape), alpha=alpha)
        spec = replace(spec, source=SampleSpec(*codec.shape(source.samples.shape), alpha=alpha))
        blueprint = Blueprint(
            codec,
            recipe.network,
            spec,
            (source.name, target.name),
            task=self.name,
            shipped=(GENERATOR,),
        )
        if config.batch % engine.processes:
            raise GansmithError(
                f"a batch of {config.batch} cannot be shared by {engine.processes} processes: make "
                f"training.batch a multiple of {engine.processes}"
            )
        duel = build_duel(DuelSetting(recipe, spec, engine, config.seed))
        feed = DomainLoader(
            *(
                BatchLoader(domain, codec, engine, config.batch, config.seed + index, False)
                for index, domain in enumerate(self.domains)
            )
        )
        duel.set_validation_source(feed.held_out)
        return TrainingSetup(blueprint, engine, duel, feed)

    @cached_property
    def evaluator(self) -> TranslationEvaluator:
        """Compares translations with held-out samples of the target domain."""
        return TranslationEvaluator(self.dataset, self.domains, self.recipe.evaluation)

    def prepare(self) -> None:
        """Train the classifier of both domains, and compute the features of real samples."""
        self.log("preparing the evaluation: features of both domains, cached for later runs")
        self.evaluator.prepare()

    def callbacks(
        self, run: Run, setup: TrainingSetup, progress: ProgressLine
    ) -> Sequence[Callback]:
        """Evaluate translations of held-out samples."""
        recipe = self.recipe
        return (
            TranslationCallback(
                run,
                self.evaluator,
                setup.blueprint,
                recipe.evaluation,
                recipe.training,
                progress.quality,
            ),
        )

    def finish(self, run: Run, samples: int) -> None:
        """Judge the best and the last translator, ship the better one, and report."""
        blueprint = run_blueprint(run)
        chosen, verdict = self._better(run, blueprint)
        save_networks(run, blueprint, averaged_weights(blueprint, chosen))
        run.save_files(blueprint.codec.files())
        run.save_quality(verdict.to_json())
        run.note(evaluated=samples, best_samples=chosen["clock"]["samples"])
        self.draw(run, _model(blueprint, chosen))
        report = write_report(run.path)
        title = f"{self.recipe.name} after {samples:,} samples"
        self.console.print(result_table(verdict, title))
        values = {name: metric.value for name, metric in verdict.metrics.items()}
        for diagnosis in self.diagnose(values):
            self.log(diagnosis)
        self.log(f"report    {report}\nsheet     {run.sheet_file}\nmodel     {run.model_file}")

    def diagnose(self, values: Mapping[str, float]) -> list[str]:
        """Return what is wrong with the chosen model, one line each with a remedy."""
        return [
            f"{diagnosis.name}: {diagnosis.evidence} "
            f"{TRANSLATION_EXPLANATIONS[diagnosis.name]} Train longer, or try "
            f"{' '.join(f'--set {s}' for s in translation_remedy(diagnosis, self.recipe))}."
            for diagnosis in diagnose_translation(values, progress=1.0)
        ]

    def judge(self, model: TranslationModel) -> EvaluationResult:
        """Evaluate a model on held-out samples."""
        return self.evaluator.full(model.apply(self.evaluator.sources))

    def _better(self, run: Run, blueprint: Blueprint) -> tuple[Tree, EvaluationResult]:
        """Return the checkpoint whose translations are nearer to the target, and its evaluation."""
        offers = {name: run.load_checkpoint(name) for name in ("best", "last")}
        judged: list[tuple[Tree, EvaluationResult]] = []
        for name, state in offers.items():
            if state is None or any(s["clock"] == state["clock"] for s, _ in judged):
                continue
            self.log(f"evaluating the {name} translator ...")
            judged.append((state, self.judge(_model(blueprint, state))))
        distances = {s["clock"]["samples"]: round(v.metrics["kernel"].value, 4) for s, v in judged}
        run.note(judged=distances)
        return min(judged, key=lambda offer: offer[1].metrics["kernel"].value)

    def draw(self, run: Run, model: TranslationModel) -> None:
        """Draw inputs beside results, real samples, and the losses."""
        source, target = self.domains
        inputs = np.ascontiguousarray(source.samples[evenly_chosen(source.held_out_indices, SHOWN)])
        run.save_picture(run.sheet_file, before_and_after(model, inputs))
        real = target.samples[evenly_chosen(target.held_out_indices, 2 * SHOWN)]
        run.save_picture(run.real_sheet_file, model.codec.sheet(real), generated=False)
        titles = RunHistory.read(run.path).manifest.loss_titles
        run.save_output(run.curves_file, curves_png(list(run.events()), titles), generated=False)


def before_and_after(
    model: TranslationModel, inputs: NDArray[np.uint8], columns: int = 6
) -> Image.Image:
    """Draw inputs with their translations at their right, `columns` pairs in a row."""
    results = model.apply(inputs)
    pairs = np.stack([inputs, results], axis=1).reshape(-1, *inputs.shape[1:])
    return model.codec.sheet(pairs, columns=2 * columns)


def _model(blueprint: Blueprint, state: Tree) -> TranslationModel:
    model = rebuild_model(blueprint, averaged_weights(blueprint, state))
    assert isinstance(model, TranslationModel)
    return model
