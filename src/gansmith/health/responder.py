"""Responder: what is done about diagnoses, as the recipe allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gansmith.health.diagnosis import Diagnosis
from gansmith.recipe import Recipe, override
from gansmith.run import Run
from gansmith.training.callbacks import Intervention, TrainingState


class Responder:
    """Answers diagnoses of a training by a warning, its end or other settings, and logs them.

    Args:
        run: Where diagnoses are logged.
        recipe: As the training was started; its section `health` says what is allowed.
        log: Called with one line per diagnosis.

    Attributes:
        current: The recipe with the settings in force.
    """

    def __init__(self, run: Run, recipe: Recipe, log: Callable[[str], None]) -> None:
        self._run, self._recipe, self._config, self._log = run, recipe, recipe.health, log
        self.current, self._remedies = recipe, 0

    def restore(self, settings: Iterable[str]) -> None:
        """Restore what earlier sessions changed: settings, and how many remedies that took."""
        self.current = override(self._recipe, settings)
        found = [event for event in self._run.events() if event["event"] == "diagnosis"]
        self._remedies = sum(event["action"] == "heal" for event in found)

    def may_heal(self, moment: TrainingState) -> bool:
        """Return whether a remedy is left, and some budget to try it with."""
        left = self._remedies < self._config.remedies and moment.progress < 1
        return self._config.act == "heal" and left

    def answer(
        self, moment: TrainingState, diagnosis: Diagnosis, treatment: Intervention
    ) -> Intervention:
        """Log a diagnosis, and return its treatment, an end, or nothing."""
        if self.may_heal(moment) and (treatment.heals or treatment.stop):
            self._note(moment, diagnosis, treatment, "heal")
            self._remedies += 1
            self.current = override(self.current, treatment.settings)
            return treatment
        stop = self._config.act == "stop" and diagnosis.fatal
        self._note(moment, diagnosis, treatment, "stop" if stop else "warn")
        return Intervention(stop=stop)

    def _note(
        self, moment: TrainingState, diagnosis: Diagnosis, treatment: Intervention, action: str
    ) -> None:
        self._log(f"{diagnosis.name}: {diagnosis.evidence}")
        self._run.log(
            "diagnosis",
            samples=moment.samples,
            seconds=round(moment.seconds, 3),
            progress=round(moment.progress, 5),
            diagnosis=diagnosis.name,
            action=action,
            level="error" if diagnosis.fatal else "warning",
            text=diagnosis.evidence,
            settings=" ".join(treatment.settings),
            modes=", ".join(diagnosis.modes),
        )
