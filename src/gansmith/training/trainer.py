"""Trainer: runs any duel, independent of medium and losses."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from gansmith.errors import GansmithError
from gansmith.recipe import Recipe, override
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree
from gansmith.training.callbacks import Callback, Controller, Intervention, TrainingState
from gansmith.training.duel import Batch, Duel
from gansmith.training.ema import EMA
from gansmith.training.engine import Engine
from gansmith.training.interrupts import stop_signals
from gansmith.training.progress import Progress
from gansmith.training.state import (
    capture_random,
    load_training_state,
    replace_weights,
    restore_random,
    seed_random,
    training_state_dict,
)


class Feed(Protocol):
    """Loader of real batches."""

    def next(self) -> Batch:
        """Return this process's share of the next batch of training samples."""

    def example(self) -> Batch:
        """Return a batch that is always the same in every process; the order is not advanced."""

    def state_dict(self) -> Tree:
        """Return what a checkpoint holds of the order of samples."""

    def load_state_dict(self, state: Tree) -> None:
        """Restore what :meth:`state_dict` gave."""


class Trainer:
    """Runs a duel until its budget is used up or a stop is requested.

    Args:
        duel: What is trained.
        feed: Loader of real batches.
        engine: Device, processes and noise.
        recipe: Budget, EMA and intervals are read from it; the controller may replace settings.
        run: Where checkpoints and metrics go; only the first process writes.
        observers: Callbacks that sample, evaluate and report.
        guard: Controller in the first process, which may intervene.
        rebuild: Builds a duel of the same kind from a seed, for a controller that wants new
            weights.
        should_stop: Called after every step in the first process; True saves a checkpoint and ends
            the training early. It may read what another thread sets.
        on_event: Called in the training thread with every event that the run logs.

    Attributes:
        averages: Moving average of every shipped network, by name.
        stopped: The controller has ended the training before its budget was used up.
    """

    def __init__(
        self,
        duel: Duel,
        feed: Feed,
        engine: Engine,
        recipe: Recipe,
        run: Run,
        observers: Sequence[Callback] = (),
        guard: Controller | None = None,
        rebuild: Callable[[int], Duel] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        on_event: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.duel, self.feed, self.engine = duel, feed, engine
        self.recipe, self.config, self.run = recipe, recipe.training, run
        self.observers, self.guard, self.rebuild = observers, guard, rebuild
        self.should_stop = should_stop
        if on_event is not None:
            run.listen(on_event)
        self.clock = Progress(self.config)
        self._prepare(duel, self.config.seed)
        self.averages = {
            name: EMA(duel.networks[name], self.config.ema_half_life, self.config.ema_ramp)
            for name in duel.shipped
        }
        self.stopped = False
        self._settings: list[str] = []
        self._saved_at = 0.0

    def resume(self) -> bool:
        """Restore the last checkpoint, if there is one; return whether there was."""
        state = self.run.load_checkpoint("last")
        if state is None:
            if self.engine.rank == 0:
                self.run.forget_after(0)
            return False
        self._restore(state)
        if self.engine.rank == 0:
            self.run.forget_after(self.clock.samples)
        return True

    def train(self) -> bool:
        """Train; return True once the budget is used up, False if a stop was requested.

        Raises:
            GansmithError: Losses or weights are NaN or infinite; the last checkpoint is intact.
        """
        if not self.clock.samples:
            seed_random(self.engine, self.config.seed)
        self.clock.start()
        self._saved_at = time.perf_counter()
        moment = self._moment(*self._agree(stop=False)[:2])
        for observer in self.observers:
            observer.on_train_begin(moment)
        if self.guard is not None:
            self.guard.on_train_begin(moment, self._settings)
        with stop_signals() as received:
            while moment.progress < 1 and not self.stopped:
                self._step(moment)
                progress, seconds, stop = self._agree(bool(received) or self.should_stop())
                moment = self._moment(progress, seconds)
                self._after_step(moment, ending=stop or progress >= 1)
                if stop and progress < 1:
                    return False
        return True

    def _step(self, moment: TrainingState) -> None:
        self.duel.set_progress(moment.progress, moment.samples)
        self.duel.step([self.feed.next() for _ in range(self.duel.draws)])
        shown = self.config.batch * self.duel.shown
        self.clock.samples += shown
        self.clock.steps += 1
        for average in self.averages.values():
            average.update(shown, self.clock.samples - self.duel.averaged_since)

    def _prepare(self, duel: Duel, seed: int) -> None:
        """Initialise what depends on data, the same in every process and session."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            duel.prepare(self.feed.example())

    def _after_step(self, moment: TrainingState, ending: bool) -> None:
        """Log, run callbacks, save and follow the controller, whichever is due.

        Raises:
            GansmithError: The run folder was removed.
        """
        if self.engine.rank == 0:
            self.run.check_present()
        if ending or self.clock.steps % self.config.log_every == 0:
            signals = self.engine.mean(self.duel.signals())
            intervention = self._intervention(moment, signals)
            if intervention.heals:
                self._heal(moment, intervention)
                self.stopped = intervention.stop
                return
            self._check(signals)
            self.stopped = intervention.stop
            if self.stopped or moment.progress >= 1:
                self.duel.finish()
            if self.engine.rank == 0:
                self._log(moment, signals)
                if intervention.keep:
                    self.run.save_checkpoint("kept", self._state())
        if self.engine.rank == 0:
            self._call_back_and_save(moment, ending or self.stopped)

    def _intervention(self, moment: TrainingState, signals: dict[str, float]) -> Intervention:
        """Get the intervention of the controller in every process."""
        asked = Intervention() if self.guard is None else self.guard.intervene(moment, signals)
        watched = self.recipe.health.probes > 0
        return self.engine.broadcast_object(asked) if watched else asked

    def _heal(self, moment: TrainingState, intervention: Intervention) -> None:
        """Restore the state that an intervention names and continue with its settings."""
        kept = self.run.load_checkpoint("kept") if intervention.back == "kept" else None
        if kept is not None:
            self._load(kept)
        elif intervention.back != "here":
            assert self.rebuild is not None
            seed = self.config.seed + self.clock.steps
            other = self.rebuild(seed)
            self._prepare(other, seed)
            replace_weights(self.duel, other, self.averages)
            self.duel.restart(moment.progress)
        self._settings += intervention.settings
        self._reconfigure(self._settings)
        if self.engine.rank == 0:
            self.run.save_checkpoint("last", self._state())
            self._saved_at = time.perf_counter()

    def _log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        values = {name: round(value, 6) for name, value in signals.items()}
        values["memory_gib"] = round(self.engine.peak_memory(), 3)
        self.run.log("step", samples=moment.samples, seconds=round(moment.seconds, 3), **values)
        for observer in self.observers:
            observer.on_log(moment, signals)

    def _call_back_and_save(self, moment: TrainingState, ending: bool) -> None:
        answers = [observer.on_step_end(moment) for observer in self.observers]
        best = any(answers)
        since = time.perf_counter() - self._saved_at
        save = ending or since >= self.config.checkpoint_seconds
        if best or save:
            signals = self.duel.signals()
            if self.guard is not None and _broken(signals):
                return  # the controller sees it at the next logged step
            self._check(signals)
            state = self._state()
            if best:
                self.run.save_checkpoint("best", state)
            if save:
                self.run.save_checkpoint("last", state)
                self._saved_at = time.perf_counter()

    def _check(self, signals: dict[str, float]) -> None:
        if broken := _broken(signals):
            raise GansmithError(
                f"training diverged: {broken[0]} is no longer a number after "
                f"{self.clock.samples:,} samples; what was saved is intact. Start again under "
                "another --out with lower rates (--set optimiser.d_lr=..., optimiser.g_lr=...), a "
                "larger penalty (--set objective.gamma=...) or --set training.precision=32-true"
            )

    def _agree(self, stop: bool) -> tuple[float, float, bool]:
        """Return progress, seconds and whether to stop, the same on every process."""
        seconds, asked = self.engine.broadcast(self.clock.seconds, float(stop))
        return self.clock.progress(seconds), seconds, bool(asked)

    def _moment(self, progress: float, seconds: float) -> TrainingState:
        pretraining = self.duel.pretraining
        return TrainingState(progress, self.clock.samples, seconds, self.averages, pretraining)

    def _state(self) -> Tree:
        return {
            **training_state_dict(self.duel, self.averages),
            "sampler": self.feed.state_dict(),
            "clock": self.clock.state(),
            "random": capture_random(self.engine),
            "settings": self._settings,
        }

    def _restore(self, state: Tree) -> None:
        self._settings = list(state["settings"])
        self._load(state)
        self.feed.load_state_dict(state["sampler"])
        self.clock.restore(state["clock"])
        restore_random(state["random"], self.engine)

    def _load(self, state: Tree) -> None:
        """Load networks and optimisers of a checkpoint, with the settings it was saved with."""
        self._reconfigure(state["settings"])
        load_training_state(state, self.duel, self.averages)

    def _reconfigure(self, settings: list[str]) -> None:
        """Continue with other settings."""
        recipe = override(self.recipe, settings)
        self.duel.reconfigure(recipe)
        for average in self.averages.values():
            average.reconfigure(recipe.training.ema_half_life, recipe.training.ema_ramp)


def _broken(signals: dict[str, float]) -> list[str]:
    """Names of signals that are no longer numbers."""
    return [name for name, value in signals.items() if not math.isfinite(value)]
