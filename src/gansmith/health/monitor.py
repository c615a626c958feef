"""Monitor: collects signals of a training, diagnoses problems, and intervenes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.discriminator_probe import DiscriminatorProbe
from gansmith.health.history import History
from gansmith.health.interventions import intervention
from gansmith.health.rules import SETTLED, diagnose, suspected
from gansmith.health.sample_probe import SampleProbe
from gansmith.model import Blueprint, GeneratorModel
from gansmith.networks import Generator
from gansmith.recipe import Recipe, override
from gansmith.run import Run
from gansmith.training.callbacks import Intervention, TrainingState
from gansmith.training.time_budget import TimeBudget

SEED = 7
"""Of the latents of every probe; others than those of the evaluator."""


class Monitor:
    """The controller of a training, in the first process.

    Each logged step adds to the history; from time to time, within its share of the time, probes
    measure samples and the discriminator. Diagnoses are logged in the run and, as the recipe
    allows, answered by an intervention.

    Args:
        run: Where signals and diagnoses are logged.
        recipe: As it was started.
        blueprint: Of the generator.
        probe: Measures samples.
        critic: Measures the discriminator.
        tell: Called with one line per diagnosis.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        blueprint: Blueprint,
        probe: SampleProbe,
        critic: DiscriminatorProbe,
        tell: Callable[[str], None],
    ) -> None:
        self._run, self._recipe, self._config = run, recipe, recipe.health
        self._blueprint, self._probe, self._critic, self._tell = blueprint, probe, critic, tell
        self._current = recipe
        self._history = History(probe.floors, probe.modes.names, probe.modes.shares.tolist())
        self._allowance = TimeBudget(recipe.health.max_cost)
        self._probes, self._remedies = 0, 0

    def on_train_begin(self, moment: TrainingState, settings: Iterable[str]) -> None:
        """Take up what earlier sessions noted, and the settings they changed."""
        self._current = override(self._recipe, settings)
        for event in self._run.events():
            self._history.restore(event)
            self._allowance.spent += event.get("monitor_seconds", 0.0)
            self._remedies += event["event"] == "diagnosis" and event["action"] == "heal"
        self._probes = int(moment.progress * self._config.probes)

    def intervene(self, moment: TrainingState, signals: dict[str, float]) -> Intervention:
        """Hear the signals of a logged step; probe where it is time; rule."""
        started = time.perf_counter()
        self._history.add_step(moment.progress, signals)
        probed = self._due(moment) and all(map(math.isfinite, signals.values()))
        if probed:
            self._measure(moment)
        found = diagnose(self._history)
        ruling = self._answer(moment, found, probed)
        self._allowance.spent += time.perf_counter() - started
        return ruling

    def _due(self, moment: TrainingState) -> bool:
        """Whether a probe is due and can be paid for."""
        probes = self._config.probes
        if moment.progress < (self._probes + 1) / probes:
            return False
        return self._allowance.covers(moment.seconds)

    def _measure(self, moment: TrainingState) -> None:
        started = time.perf_counter()
        self._probes = int(moment.progress * self._config.probes)
        assert isinstance(moment.network, Generator)
        model = GeneratorModel(moment.network, self._blueprint)
        samples = model.sample(self._probe.samples, seed=SEED)
        asked = model.classes(self._probe.samples, SEED)
        found = self._probe.measure(samples, None if asked is None else asked.numpy())
        values = {k: round(v, 5) for k, v in (found.values | self._critic.measure()).items()}
        counts = found.counts.tolist()
        self._history.add_probe(moment.progress, values, counts)
        self._allowance.last = time.perf_counter() - started
        clock = {"samples": moment.samples, "seconds": round(moment.seconds, 3)}
        self._run.log(
            "health",
            **clock,
            progress=round(moment.progress, 5),
            **values,
            counts=counts,
            monitor_seconds=round(self._allowance.last, 4),
        )

    def _answer(self, moment: TrainingState, found: list[Diagnosis], probed: bool) -> Intervention:
        """Turn diagnoses into a ruling."""
        for diagnosis in found:
            ruling = self._treat(moment, diagnosis)
            if ruling.stop or ruling.heals:
                return ruling
        healthy = probed and not (found or suspected(self._history)) and self._history.thriving
        settled = self._history.age >= SETTLED  # before that, collapse cannot be told
        return Intervention(keep=healthy and settled and self._may_heal(moment))

    def _treat(self, moment: TrainingState, diagnosis: Diagnosis) -> Intervention:
        """Do about one diagnosis what the recipe allows, and note it."""
        treatment = intervention(diagnosis, self._current)
        if self._may_heal(moment) and (treatment.heals or treatment.stop):
            self._note(moment, diagnosis, treatment, "heal")
            self._remedies += 1
            self._current = override(self._current, treatment.settings)
            self._history.restart(moment.progress)
            return treatment
        stop = self._config.act == "stop" and diagnosis.fatal
        self._note(moment, diagnosis, treatment, "stop" if stop else "warn")
        return Intervention(stop=stop)

    def _may_heal(self, moment: TrainingState) -> bool:
        """Whether a remedy is left, and budget to try it on."""
        left = self._remedies < self._config.remedies and moment.progress < 1
        return self._config.act == "heal" and left

    def _note(
        self, moment: TrainingState, diagnosis: Diagnosis, treatment: Intervention, action: str
    ) -> None:
        self._history.add_diagnosis(diagnosis.name, moment.progress)
        self._tell(f"{diagnosis.name}: {diagnosis.evidence}")
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
