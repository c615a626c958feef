"""The task `faceswap`: train a face swap between two people's folders, judge it and ship it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

from gansmith.evaluation.faceswap import FaceSwapEvaluator
from gansmith.faceswap import FaceSwapModel
from gansmith.health.diagnosis import Diagnosis
from gansmith.health.interventions import Settings
from gansmith.health.translation import diagnose_swap
from gansmith.medium import Values
from gansmith.run import Run
from gansmith.tasks.build import TrainingSetup
from gansmith.tasks.translation import Translation


class FaceSwap(Translation):
    """Train a face swap between the two folders of a dataset; see :class:`Task`."""

    name = "faceswap"
    model_class = FaceSwapModel

    def people(self) -> tuple[str, str]:
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

    def controller(self, run: Run, setup: TrainingSetup) -> None:
        """Return no monitor: a swap is judged at its end."""

    def diagnoses(self, values: Values) -> Iterable[tuple[Diagnosis, Settings]]:
        """Yield what is wrong with the swap, and settings to try."""
        for diagnosis in diagnose_swap(values, self.people()):
            yield diagnosis, ("faceswap.adversarial=0.1",)
