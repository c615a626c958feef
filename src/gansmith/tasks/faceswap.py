"""The task `faceswap`: train a face swap between two people's folders, judge it and ship it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from gansmith.evaluation.faceswap import FaceSwapEvaluator
from gansmith.evaluation.result import EvaluationResult
from gansmith.faceswap import FaceSwapModel
from gansmith.health.diagnosis import Diagnosis
from gansmith.health.interventions import Settings
from gansmith.health.translation import diagnose_swap
from gansmith.run import Run
from gansmith.tasks.build import TrainingSetup
from gansmith.tasks.translation import Translation


class FaceSwap(Translation):
    """Train a face swap between the two folders of a dataset."""

    name = "faceswap"
    model_class = FaceSwapModel

    def people(self) -> tuple[str, str]:
        """Return the names of both folders: their faces are changed."""
        return self.domains.source.name, self.domains.target.name

    @cached_property
    def evaluator(self) -> FaceSwapEvaluator:
        """Compares swapped faces with held-out faces of the other person."""
        return FaceSwapEvaluator(self.dataset, self.domains, self.recipe.evaluation)

    def controller(self, run: Run, setup: TrainingSetup) -> None:
        """Return no monitor: a swap is judged at its end."""

    def diagnoses(self, verdict: EvaluationResult) -> Iterable[tuple[Diagnosis, Settings]]:
        """Yield what is wrong with the swap, and settings to try."""
        for diagnosis in diagnose_swap(verdict.values, self.people()):
            yield diagnosis, ("faceswap.adversarial=0.1",)
