"""The task `faceswap`: train a face swap between two people's folders, judge it and ship it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from gansmith.data.dataset import evenly_chosen
from gansmith.evaluation.faceswap import FaceSwapEvaluator
from gansmith.evaluation.result import EvaluationResult, tabulate
from gansmith.faceswap import FaceSwapModel
from gansmith.health.translation import diagnose_swap
from gansmith.run import Run
from gansmith.tasks.build import TrainingSetup
from gansmith.tasks.translation import Translation
from gansmith.translation import TranslationModel

SHOWN = 24
"""Pairs of face and swapped face on the sheet, in each direction."""
COLUMNS = 6


class FaceSwap(Translation):
    """Train a face swap between the two folders of a dataset; see :class:`Task`."""

    name = "faceswap"
    model_class = FaceSwapModel

    def people(self) -> tuple[str, ...]:
        """Return the names of both folders: their faces are changed."""
        return self.domains.source.name, self.domains.target.name

    def build(self) -> TrainingSetup:
        """Build swapper, discriminator, duel and the loader of both people's faces."""
        setup = super().build()
        return replace(setup, blueprint=replace(setup.blueprint, consent=self.consent))

    @cached_property
    def evaluator(self) -> FaceSwapEvaluator:
        """Compares swapped faces with held-out faces of the other person."""
        return FaceSwapEvaluator(self.dataset, self.domains, self.recipe.evaluation)

    def judge(self, model: TranslationModel) -> EvaluationResult:
        """Evaluate both directions on held-out faces."""
        assert isinstance(model, FaceSwapModel)
        forward = model.apply(self.evaluator.sources)
        source, target = self.domains
        back = model.apply(self.evaluator.held_out(target), to=source.name)
        verdict = self.evaluator.full(forward)
        metrics = verdict.metrics | tabulate(self.evaluator.both_ways(forward, back), {})
        return replace(verdict, metrics=metrics)

    def diagnose(self, values: Mapping[str, float]) -> list[str]:
        """Return what is wrong with the swap, one line each with a remedy."""
        return [f"{d.name}: {d.evidence}" for d in diagnose_swap(values, self.people())]

    def draw(self, run: Run, model: TranslationModel) -> None:
        """Draw faces beside swapped ones, in both directions, real faces, and the losses."""
        super().draw(run, model)
        assert isinstance(model, FaceSwapModel)
        parts = []
        for domain, other in (self.domains, self.domains[::-1]):
            chosen = evenly_chosen(domain.held_out_indices, SHOWN)
            faces = np.ascontiguousarray(domain.samples[chosen])
            pairs = np.stack([faces, model.apply(faces, to=other.name)], axis=1)
            parts.append(pairs[: len(pairs) // COLUMNS * COLUMNS or len(pairs)])
        pairs = np.concatenate(parts).reshape(-1, *parts[0].shape[2:])
        run.save_picture(run.sheet_file, model.codec.sheet(pairs, columns=2 * COLUMNS))
