"""The monitor of networks that turn samples into others, by rules for their results."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.history import History, Values
from gansmith.health.interventions import slower
from gansmith.health.monitor import BaseMonitor
from gansmith.health.rules import diverged
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.training.callbacks import Intervention, TrainingState

HALF_TIME = 0.5
EARLY = 0.1
"""Share of the budget after the start, or a change of settings, before results count."""
NEAR = 1.2
"""A state is worth going back to if its kernel distance is at most so many times the least."""


class Rules(NamedTuple):
    """What is wrong with results, and what to do about it.

    Attributes:
        diagnose: From the values of one evaluation and the share of the budget that is used up.
        remedy: Settings that answer a diagnosis, by the recipe in force.
        early: Diagnoses a training that needs more than one evaluation to be recognised.
    """

    diagnose: Callable[[Values, float], list[Diagnosis]]
    remedy: Callable[[Diagnosis, Recipe], tuple[str, ...]]
    early: Callable[[History], Diagnosis | None] = lambda history: None


def diagnose_history(history: History, rules: Rules) -> list[Diagnosis]:
    """Return the new diagnoses of a training since the last change of settings.

    What one evaluation shows must be shown by two in a row.
    """
    found = [each for each in (diverged(history), rules.early(history)) if each]
    if len(history.probes) > 1 and history.age >= EARLY:
        before, now = (
            rules.diagnose(probe.values, probe.progress) for probe in history.probes[-2:]
        )
        names = {diagnosis.name for diagnosis in before}
        found += [diagnosis for diagnosis in now if diagnosis.name in names]
    first = {diagnosis.name: diagnosis for diagnosis in reversed(found)}
    return [d for d in reversed(first.values()) if d.name not in history.diagnosed]


class ResultMonitor(BaseMonitor):
    """The monitor of a network that turns samples into others: probes evaluate held-out ones.

    Args:
        run: Where signals and diagnoses are logged.
        recipe: As it was started.
        measure: Evaluates the averaged networks.
        samples: Results of one evaluation.
        rules: What is diagnosed, and how it is answered.
        log: Called with one line per diagnosis.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        measure: Callable[[TrainingState], Values],
        samples: int,
        rules: Rules,
        log: Callable[[str], None],
    ) -> None:
        super().__init__(run, recipe, History({}, (), ()), samples, log)
        self._evaluate, self._rules = measure, rules

    def _measured(self, moment: TrainingState) -> tuple[Values, list[int]]:
        return self._evaluate(moment), []

    def _diagnoses(self) -> list[Diagnosis]:
        return diagnose_history(self._history, self._rules)

    def _treatment(self, diagnosis: Diagnosis) -> Intervention:
        if diagnosis.name == "diverged":
            return Intervention(settings=slower(self._responder.current), back="kept")
        return Intervention(settings=self._rules.remedy(diagnosis, self._responder.current))

    def _well(self) -> bool:
        kernels = self._history.series("kernel")
        return bool(kernels) and kernels[-1] <= min(kernels) * NEAR
