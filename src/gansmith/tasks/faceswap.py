"""The task `faceswap`: train a face swap between two people's folders, judge it and ship it."""

from __future__ import annotations

from functools import cached_property

from gansmith.evaluation.faceswap import FaceSwapEvaluator
from gansmith.faceswap import FaceSwapModel
from gansmith.health.faceswap import swap_rules
from gansmith.health.result_monitor import Rules
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

    @property
    def rules(self) -> Rules:
        """What is diagnosed during and after training, and how it is answered."""
        return swap_rules(self.people())
