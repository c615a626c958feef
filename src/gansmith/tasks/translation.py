"""The tasks `translate` and `translate-domains`: train a translator, judge it and ship it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from gansmith.codec import Codec
from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.data.domains import Domains, all_domains, split_domains
from gansmith.evaluation.model_evaluator import ModelEvaluator
from gansmith.evaluation.translation import (
    BothWaysEvaluator,
    DomainsEvaluator,
    TranslationEvaluator,
)
from gansmith.health.diagnosis import TRANSLATION_EXPLANATIONS
from gansmith.health.result_monitor import Rules
from gansmith.health.translation import TRANSLATION_RULES
from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.tasks.image_to_image import ImageToImage
from gansmith.training.domain_loader import DomainLoader
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader
from gansmith.translation import TranslationModel

SHOWN = 48
"""Inputs on the sheet."""
COLUMNS = 12
"""Samples in a row of it: inputs, each with its translation, and with the true answer if known."""
SHOWN_BY_DOMAIN = 10
"""Inputs on a sheet of all domains."""


class Translation(ImageToImage):
    """Train a translator from the first domain of a dataset to the second.

    The duel decides whether it learns from pairs, and whether a translator back is trained too.
    """

    name = "translate"
    model_class = TranslationModel
    noun = "translator"
    preparation = "features of all domains"
    explanations = TRANSLATION_EXPLANATIONS

    def __init__(self, recipe: Recipe, dataset: Dataset, console: Console) -> None:
        super().__init__(recipe, dataset, console)
        self._divide()

    def _divide(self) -> None:
        self.domains: Domains = split_domains(self.dataset, self.recipe.data.target)

    @property
    def _reference(self) -> Dataset:
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
    def evaluator(self) -> ModelEvaluator[TranslationModel]:
        """Compares translations with held-out samples of the target domain."""
        evaluator = BothWaysEvaluator if self.recipe.duel == "cycle" else TranslationEvaluator
        paired = self.recipe.data.paired
        return evaluator(self.dataset, self.domains, self.recipe.evaluation, paired)

    @property
    def rules(self) -> Rules:
        """What is diagnosed during and after training, and how it is answered."""
        return TRANSLATION_RULES

    @property
    def _evaluated(self) -> int:
        held_out = len(self.domains.source.held_out_indices)
        return min(held_out, self.recipe.evaluation.quick_samples)

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
        plain = self._plain_spec(codec)
        return replace(plain, source=plain, classes=self.dataset.classes)

    def _feed(self, codec: Codec, engine: Engine) -> DomainLoader:
        return DomainLoader(*self._labelled_loaders(codec, engine))

    @cached_property
    def evaluator(self) -> ModelEvaluator[TranslationModel]:
        """Compares translations with held-out samples of all domains."""
        return DomainsEvaluator(self.dataset, self.recipe.evaluation)

    @property
    def _evaluated(self) -> int:
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
