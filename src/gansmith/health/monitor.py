"""Monitor: collects signals of a training, diagnoses problems, and intervenes."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from gansmith.blueprint import Blueprint
from gansmith.health.diagnosis import Diagnosis
from gansmith.health.discriminator_probe import DiscriminatorProbe
from gansmith.health.history import History, Values
from gansmith.health.interventions import intervention
from gansmith.health.responder import Responder
from gansmith.health.rules import SETTLED, diagnose, suspected
from gansmith.health.sample_probe import SampleProbe
from gansmith.model import GeneratorModel
from gansmith.networks import Generator
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.training.callbacks import Intervention, TrainingState
from gansmith.training.time_budget import MeasuringBudget

SEED = 7
"""Of the latents of every probe; others than those of the evaluator."""


class BaseMonitor(ABC):
    """The controller of a training, in the first process.

    Each logged step adds to the history. At intervals, within its share of the cost, it measures.
    Diagnoses are logged in the run and, as the recipe allows, answered by an intervention.

    Args:
        run: Where signals and diagnoses are logged.
        recipe: As it was started.
        history: Nothing yet, with what values are compared with.
        generated: Samples that one measurement generates.
        log: Called with one line per diagnosis.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        history: History,
        generated: int,
        log: Callable[[str], None],
    ) -> None:
        self._run, self._config, self._history = run, recipe.health, history
        self._responder, self._generated = Responder(run, recipe, log), generated
        self._budget = MeasuringBudget.of(
            recipe.training, recipe.health.max_cost, recipe.health.samples
        )
        self._probes, self._pretraining = 0, False

    @abstractmethod
    def _measured(self, moment: TrainingState) -> tuple[Values, list[int]]:
        """Return the values of a probe, and how many samples are in each mode."""

    @abstractmethod
    def _diagnoses(self) -> list[Diagnosis]:
        """Return the new diagnoses, the most serious first."""

    @abstractmethod
    def _treatment(self, diagnosis: Diagnosis) -> Intervention:
        """Return what to do about a diagnosis, by the settings in force."""

    @abstractmethod
    def _well(self) -> bool:
        """Whether a state without diagnoses is worth going back to."""

    def on_train_begin(self, moment: TrainingState, settings: Iterable[str]) -> None:
        """Restore the history of earlier sessions and the settings they changed."""
        self._responder.restore(settings)
        costs = []
        for event in self._run.events():
            self._history.restore(event)
            costs += [event["monitor_seconds"]] if "monitor_seconds" in event else []
        self._budget.restore(costs)
        self._probes = int(moment.progress * self._config.probes)

    def intervene(self, moment: TrainingState, signals: dict[str, float]) -> Intervention:
        """Record the signals of a logged step, probe if it is due, and decide.

        Before the adversarial game has begun there are no samples to compare: signals that are not
        finite are all that is diagnosed.
        """
        if moment.pretraining:
            self._pretraining = True
            self._history.restart(moment.progress)
            self._history.add_step(moment.progress, signals)
            return self._answer(moment, self._diagnoses(), probed=False)
        started = time.perf_counter()
        if self._pretraining:
            self._begin_game(moment)
        self._history.add_step(moment.progress, signals)
        probed = self._due(moment) and all(map(math.isfinite, signals.values()))
        if probed:
            self._measure(moment)
        found = self._diagnoses()
        decision = self._answer(moment, found, probed)
        self._budget.seconds.spent += time.perf_counter() - started
        return decision

    def _begin_game(self, moment: TrainingState) -> None:
        self._pretraining = False
        self._history.begin(moment.progress)
        clock = {"samples": moment.samples, "seconds": round(moment.seconds, 3)}
        self._run.log("game", **clock, progress=round(moment.progress, 5))

    def _due(self, moment: TrainingState) -> bool:
        """Return whether a probe is due and affordable."""
        probes = self._config.probes
        if moment.progress < (self._probes + 1) / probes:
            return False
        return self._budget.covers(moment)

    def _measure(self, moment: TrainingState) -> None:
        started = time.perf_counter()
        self._probes = int(moment.progress * self._config.probes)
        found, counts = self._measured(moment)
        values = {name: round(value, 5) for name, value in found.items()}
        self._history.add_probe(moment.progress, values, counts)
        self._budget.seconds.last = time.perf_counter() - started
        self._budget.generated += self._generated
        clock = {"samples": moment.samples, "seconds": round(moment.seconds, 3)}
        self._run.log(
            "health",
            **clock,
            progress=round(moment.progress, 5),
            **values,
            counts=counts,
            monitor_seconds=round(self._budget.seconds.last, 4),
        )

    def _answer(self, moment: TrainingState, found: list[Diagnosis], probed: bool) -> Intervention:
        """Turn diagnoses into an intervention."""
        for diagnosis in found:
            decision = self._treat(moment, diagnosis)
            if decision.stop or decision.heals:
                return decision
        healthy = probed and not found and self._well()
        settled = self._history.age >= SETTLED  # before that, collapse cannot be recognised
        return Intervention(keep=healthy and settled and self._responder.may_heal(moment))

    def _treat(self, moment: TrainingState, diagnosis: Diagnosis) -> Intervention:
        """Respond to one diagnosis as the recipe allows."""
        self._history.add_diagnosis(diagnosis.name, moment.progress)
        decision = self._responder.answer(moment, diagnosis, self._treatment(diagnosis))
        if decision.heals:
            self._history.restart(moment.progress)
        return decision


class Monitor(BaseMonitor):
    """The monitor of a generator: probes measure its samples and the discriminator.

    Args:
        run: Where signals and diagnoses are logged.
        recipe: As it was started.
        blueprint: Of the generator.
        probe: Measures samples.
        critic: Measures the discriminator.
        log: Called with one line per diagnosis.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        blueprint: Blueprint,
        probe: SampleProbe,
        critic: DiscriminatorProbe,
        log: Callable[[str], None],
    ) -> None:
        history = History(probe.floors, probe.modes.names, probe.modes.shares.tolist())
        super().__init__(run, recipe, history, probe.samples, log)
        self._blueprint, self._probe, self._critic = blueprint, probe, critic

    def _measured(self, moment: TrainingState) -> tuple[Values, list[int]]:
        assert isinstance(moment.network, Generator)
        model = GeneratorModel(moment.network, self._blueprint)
        samples = model.sample(self._probe.samples, seed=SEED)
        asked = model.classes(self._probe.samples, SEED)
        found = self._probe.measure(samples, None if asked is None else asked.numpy())
        return found.values | self._critic.measure(), found.counts.tolist()

    def _diagnoses(self) -> list[Diagnosis]:
        return diagnose(self._history)

    def _treatment(self, diagnosis: Diagnosis) -> Intervention:
        return intervention(diagnosis, self._responder.current)

    def _well(self) -> bool:
        return self._history.thriving and not suspected(self._history)
