"""The task `expressions`: train an editor of expressions, judge it and ship it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from gansmith.codec import Codec
from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.data.expressions import Expressions, by_expression, read_expressions
from gansmith.errors import GansmithError
from gansmith.evaluation.expressions import ExpressionEvaluator
from gansmith.expressions import ExpressionModel
from gansmith.health.expressions import EXPRESSION_EXPLANATIONS, expression_rules
from gansmith.health.result_monitor import Rules
from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.sections import ExpressionsConfig
from gansmith.tasks.image_to_image import ImageToImage
from gansmith.training.domain_loader import DomainLoader
from gansmith.training.engine import Engine
from gansmith.training.expression_loader import ExpressionLoader

SHOWN = 10
"""Samples on the sheet, each with all expressions at full strength."""


class ExpressionTask(ImageToImage):
    """Train an editor of graded expressions from labelled samples.

    Its last state is shipped, whatever the distances of earlier ones.
    """

    name = "expressions"
    model_class = ExpressionModel
    noun = "editor"
    preparation = "an independent reader"
    candidates = ("last",)
    explanations = EXPRESSION_EXPLANATIONS

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

    @property
    def _reference(self) -> Dataset:
        neutral = self.recipe.section(ExpressionsConfig).neutral
        return by_expression(self.dataset, self.expressions, neutral)

    @property
    def _names(self) -> tuple[str, ...]:
        return self.expressions.names

    def _spec(self, codec: Codec) -> SampleSpec:
        plain = self._plain_spec(codec)
        return replace(plain, condition_shape=(len(self._names), 1, 1), source=plain)

    def _feed(self, codec: Codec, engine: Engine) -> DomainLoader:
        loaders = self._labelled_loaders(codec, engine)
        return ExpressionLoader(*loaders, self.expressions.table)

    @cached_property
    def evaluator(self) -> ExpressionEvaluator:
        """Reads the expressions of edits of held-out samples."""
        return ExpressionEvaluator(self.dataset, self.expressions, self.recipe.evaluation)

    @property
    def rules(self) -> Rules:
        """What is diagnosed during and after training, and how it is answered."""
        return expression_rules(self.evaluator.floors)

    @property
    def _evaluated(self) -> int:
        return len(self.evaluator.edits.sources)

    def _draw(self, run: Run, model: ExpressionModel) -> None:
        dataset = self.dataset
        held_out = dataset.held_out_indices
        neutral = held_out[self.evaluator.strengths[held_out].max(1) == 0]
        chosen = evenly_chosen(neutral if len(neutral) else held_out, SHOWN)
        inputs = np.ascontiguousarray(dataset.samples[chosen])
        run.save_picture(run.sheet_file, all_expressions(model, inputs))
        real = dataset.samples[evenly_chosen(held_out, 8 * SHOWN)]
        run.save_picture(run.real_sheet_file, model.codec.sheet(real), generated=False)


def all_expressions(model: ExpressionModel, inputs: NDArray[np.uint8]) -> Image.Image:
    """Draw a row for each input: the input, then each expression at full strength."""
    count = len(model.label_names)
    results = [
        model.edit(inputs, np.tile(strengths, (len(inputs), 1)))
        for strengths in np.eye(count, dtype=np.float32)
    ]
    rows = np.stack([inputs, *results], axis=1).reshape(-1, *inputs.shape[1:])
    return model.codec.sheet(rows, columns=1 + count)
