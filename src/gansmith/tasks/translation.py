"""The tasks `translate` and `translate-domains`: train a translator, judge it and ship it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from gansmith.blueprint import Blueprint
from gansmith.codec import Codec
from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.data.domains import Domains, all_domains, split_domains
from gansmith.errors import GansmithError
from gansmith.evaluation.result import EvaluationResult
from gansmith.evaluation.translation import (
    BothWaysEvaluator,
    DomainsEvaluator,
    JudgesTranslators,
    TranslationEvaluator,
)
from gansmith.health.diagnosis import TRANSLATION_EXPLANATIONS, Diagnosis
from gansmith.health.interventions import Settings
from gansmith.health.translation import TranslationMonitor, diagnose_translation, translation_remedy
from gansmith.medium import Values
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
from gansmith.tasks.callbacks import TranslationCallback, current_translator
from gansmith.tasks.progress_line import ProgressLine
from gansmith.tasks.task import Task
from gansmith.training.augment import require_suitable
from gansmith.training.callbacks import Callback, TrainingState
from gansmith.training.domain_loader import DomainLoader
from gansmith.training.duel import Duel, DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader
from gansmith.translation import TranslationModel

SHOWN = 48
"""Inputs on the sheet."""
COLUMNS = 12
"""Samples in a row of it: inputs, each with its translation, and with the true answer if known."""
SHOWN_BY_DOMAIN = 10
"""Inputs on a sheet of all domains."""


class Translation(Task):
    """Train a translator from the first domain of a dataset to the second; see :class:`Task`.

    The duel decides whether it learns from pairs, and whether a translator back is trained too.
    """

    name = "translate"
    model_class = TranslationModel

    def __init__(self, recipe: Recipe, dataset: Dataset, console: Console) -> None:
        super().__init__(recipe, dataset, console)
        self._divide()

    def _divide(self) -> None:
        self.domains: Domains = split_domains(self.dataset, self.recipe.data.target)

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
        """Build translators, discriminators, duel and the loader of all domains."""
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
        duel = build_duel(DuelSetting(recipe, spec, engine, config.seed))
        blueprint = Blueprint(
            codec,
            recipe.network,
            spec,
            self._names,
            task=self.name,
            shipped=tuple(duel.shipped),
        )
        feed = self._feed(codec, engine)
        duel.set_validation_source(feed.held_out)
        return TrainingSetup(blueprint, engine, duel, feed)

    def rebuild(self, setup: TrainingSetup) -> Callable[[int], Duel]:
        """Return what builds the duel with other initial weights."""
        return partial(_duel, self.recipe, setup.blueprint.spec, setup.engine)

    @property
    def _reference(self) -> Dataset:
        """What the codec is fitted to."""
        return self.domains.target

    @property
    def _names(self) -> tuple[str, ...]:
        """Names of the domains, the target last."""
        return self.domains.source.name, self.domains.target.name

    @property
    def _learns_pairs(self) -> bool:
        """Whether the discriminator sees sources and results together."""
        return self.recipe.data.paired and self.recipe.duel == "paired"

    def _spec(self, codec: Codec) -> SampleSpec:
        source, target = self.domains.source.samples.shape, self.domains.target.samples.shape
        alpha = codec.has_alpha(target)
        given = SampleSpec(*codec.shape(source), alpha=alpha)
        seen = given.shape if self._learns_pairs else None
        return SampleSpec(*codec.shape(target), alpha=alpha, source=given, condition_shape=seen)

    def _feed(self, codec: Codec, engine: Engine) -> DomainLoader:
        config, paired = self.recipe.training, self._learns_pairs
        batch, seed = config.batch, config.seed
        source = BatchLoader(self.domains.source, codec, engine, batch, seed, False)
        other = seed if paired else seed + 1
        target = BatchLoader(self.domains.target, codec, engine, batch, other, False)
        return DomainLoader(source, target, paired)

    @cached_property
    def evaluator(self) -> JudgesTranslators:
        """Compares translations with held-out samples of the target domain."""
        evaluator = BothWaysEvaluator if self.recipe.duel == "cycle" else TranslationEvaluator
        paired = self.recipe.data.paired
        return evaluator(self.dataset, self.domains, self.recipe.evaluation, paired)

    def prepare(self) -> None:
        """Train the classifier of the domains, and compute the features of real samples."""
        self.log("preparing the evaluation: features of all domains, cached for later runs")
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

    def controller(self, run: Run, setup: TrainingSetup) -> TranslationMonitor | None:
        """Return the health monitor, unless the recipe turns it off."""
        if not self.recipe.health.probes:
            return None

        def measure(moment: TrainingState) -> Values:
            return self.evaluator.quick_of(current_translator(moment, setup.blueprint))

        return TranslationMonitor(run, self.recipe, measure, self._translated, self.log)

    @property
    def _translated(self) -> int:
        """Translations that an evaluation makes."""
        held_out = len(self.domains.source.held_out_indices)
        return min(held_out, self.recipe.evaluation.quick_samples)

    def finish(self, run: Run, samples: int) -> None:
        """Judge the best and the last translator, ship the better one, and report."""
        blueprint = run_blueprint(run)
        chosen, verdict = self._better(run, blueprint)
        save_networks(run, blueprint, averaged_weights(blueprint, chosen))
        run.save_files(blueprint.codec.files())
        run.save_quality(verdict.to_json())
        run.note(evaluated=samples, best_samples=chosen["clock"]["samples"])
        self._draw(run, _model(blueprint, chosen))
        titles = RunHistory.read(run.path).manifest.loss_titles
        run.save_output(run.curves_file, curves_png(list(run.events()), titles), generated=False)
        self._judge(run, samples, verdict)
        report = write_report(run.path)
        self.log(f"report    {report}\nsheet     {run.sheet_file}\nmodel     {run.model_file}")

    def _judge(self, run: Run, samples: int, verdict: EvaluationResult) -> None:
        """Print the metrics; print and record what is wrong with the result."""
        title = f"{self.recipe.name} after {samples:,} samples"
        self.console.print(result_table(verdict, title))
        values = {name: metric.value for name, metric in verdict.metrics.items()}
        for diagnosis, settings in self.diagnoses(values):
            self.log(
                f"{diagnosis.name}: {diagnosis.evidence} "
                f"{TRANSLATION_EXPLANATIONS[diagnosis.name]} Train longer, or try "
                f"{' '.join(f'--set {setting}' for setting in settings)}."
            )
            if any(event.get("progress") == 1.0 for event in _diagnoses(run, diagnosis.name)):
                continue  # the run was killed while it was finished, and is finished again
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

    def diagnoses(self, values: Values) -> Iterable[tuple[Diagnosis, Settings]]:
        """Yield what is wrong with the translator, and settings to try."""
        for diagnosis in diagnose_translation(values, progress=1.0):
            yield diagnosis, translation_remedy(diagnosis, self.recipe)

    def _better(self, run: Run, blueprint: Blueprint) -> tuple[Tree, EvaluationResult]:
        """Return the checkpoint whose translations are nearer to the target, and its evaluation."""
        offers = {name: run.load_checkpoint(name) for name in ("best", "last")}
        judged: list[tuple[Tree, EvaluationResult]] = []
        for name, state in offers.items():
            if state is None or any(s["clock"] == state["clock"] for s, _ in judged):
                continue
            self.log(f"evaluating the {name} translator ...")
            judged.append((state, self.evaluator.full_of(_model(blueprint, state))))
        distance = self.evaluator.distance
        run.note(judged={s["clock"]["samples"]: round(distance(v), 4) for s, v in judged})
        return min(judged, key=lambda offer: distance(offer[1]))

    def _draw(self, run: Run, model: TranslationModel) -> None:
        source, target = self.domains.source, self.domains.target
        sides = [(source, target.name)]
        if len(model.targets) == 2:
            sides.append((target, source.name))
        count = SHOWN // len(sides)
        groups: list[NDArray[Any]] = []
        for domain, to in sides:
            chosen = evenly_chosen(domain.held_out_indices, count)
            inputs = np.ascontiguousarray(domain.samples[chosen])
            shown = [inputs, model.apply(inputs, to=to)]
            if self.recipe.data.paired and len(sides) == 1:
                shown.append(np.ascontiguousarray(target.samples[chosen]))
            groups.append(np.stack(shown, axis=1).reshape(-1, *inputs.shape[1:]))
        columns = COLUMNS - COLUMNS % len(shown)
        sheet = model.codec.sheet(np.concatenate(groups), columns=columns)
        run.save_picture(run.sheet_file, sheet)
        real = target.samples[evenly_chosen(target.held_out_indices, 2 * SHOWN)]
        run.save_picture(run.real_sheet_file, model.codec.sheet(real), generated=False)


class DomainsTranslation(Translation):
    """Train one translator between all domains of a dataset, which are its labels."""

    name = "translate-domains"

    def _divide(self) -> None:
        self._domains = all_domains(self.dataset)

    @property
    def _reference(self) -> Dataset:
        return self.dataset

    @property
    def _names(self) -> tuple[str, ...]:
        return self.dataset.label_names

    def _spec(self, codec: Codec) -> SampleSpec:
        shape = self.dataset.samples.shape
        plain = SampleSpec(*codec.shape(shape), alpha=codec.has_alpha(shape))
        return replace(plain, source=plain, classes=self.dataset.classes)

    def _feed(self, codec: Codec, engine: Engine) -> DomainLoader:
        config = self.recipe.training
        source, target = (
            BatchLoader(self.dataset, codec, engine, config.batch, config.seed + index, True)
            for index in range(2)
        )
        return DomainLoader(source, target)

    @cached_property
    def evaluator(self) -> JudgesTranslators:
        """Compares translations with held-out samples of all domains."""
        return DomainsEvaluator(self.dataset, self.recipe.evaluation)

    @property
    def _translated(self) -> int:
        held_out = len(self.dataset.held_out_indices)
        return min(held_out, self.recipe.evaluation.quick_samples)

    def _draw(self, run: Run, model: TranslationModel) -> None:
        """Draw inputs in the first row, and below them their translations to each domain."""
        chosen = evenly_chosen(self.dataset.held_out_indices, SHOWN_BY_DOMAIN)
        run.save_picture(run.sheet_file, domain_grid(model, self.dataset.samples[chosen]))
        samples = [
            domain.samples[evenly_chosen(domain.held_out_indices, SHOWN_BY_DOMAIN)]
            for domain in self._domains
        ]
        columns = min(map(len, samples))
        real = np.concatenate([part[:columns] for part in samples])
        sheet = model.codec.sheet(real, columns=columns, row_names=model.label_names)
        run.save_picture(run.real_sheet_file, sheet, generated=False)


def domain_grid(model: TranslationModel, inputs: NDArray[np.uint8]) -> Image.Image:
    """Draw inputs in a row, and below them their translations to each domain, with its name."""
    inputs = np.ascontiguousarray(inputs)
    rows = [inputs, *(model.apply(inputs, to=name) for name in model.targets)]
    names = ("input", *model.targets)
    return model.codec.sheet(np.concatenate(rows), columns=len(inputs), row_names=names)


def _diagnoses(run: Run, name: str) -> list[dict[str, Any]]:
    return [
        event
        for event in run.events()
        if event["event"] == "diagnosis" and event["diagnosis"] == name
    ]


def _duel(recipe: Recipe, spec: SampleSpec, engine: Engine, seed: int) -> Duel:
    return build_duel(DuelSetting(recipe, spec, engine, seed))


def _model(blueprint: Blueprint, state: Tree) -> TranslationModel:
    model = rebuild_model(blueprint, averaged_weights(blueprint, state))
    assert isinstance(model, TranslationModel)
    return model
