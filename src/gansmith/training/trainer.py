"""Trainer: runs any duel. It knows neither the medium nor the loss."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

import torch
from torch import nn
from torch.optim import Optimizer

from gansmith.checkpoint import Tree
from gansmith.errors import GansmithError
from gansmith.recipe import TrainingConfig
from gansmith.run import Run
from gansmith.training.clock import Clock
from gansmith.training.duel import Duel
from gansmith.training.ema import Average
from gansmith.training.engine import Engine
from gansmith.training.feed import Feed


@dataclass(frozen=True)
class Moment:
    """What an observer is told at each step.

    Attributes:
        progress: Share of the budget used up, in [0, 1].
        samples: Real samples seen.
        seconds: Seconds of training.
        average: Holds the averaged network.
    """

    progress: float
    samples: int
    seconds: float
    average: Average

    @property
    def network(self) -> nn.Module:
        """The averaged network, for sampling."""
        return self.average.network


class Observer(Protocol):
    """Looks at a training from outside. It may draw and judge; it must not change anything."""

    def resume(self, moment: Moment) -> None:
        """Learn where training starts or goes on."""

    def look(self, moment: Moment) -> bool:
        """Look, if it is time; return True where this is the best state so far."""

    def told(self, moment: Moment, signals: dict[str, float]) -> None:
        """Hear the signals of a logged step."""


class Trainer:
    """Plays a duel until the budget is used up, or until it is asked to stop.

    Args:
        duel: The game.
        feed: Real batches.
        engine: Device, processes and noise.
        config: Budget, averaging, cadence.
        run: Where checkpoints and metrics go; only the first process writes.
        observers: Draw, judge and report.
    """

    def __init__(
        self,
        duel: Duel,
        feed: Feed,
        engine: Engine,
        config: TrainingConfig,
        run: Run,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.duel, self.feed, self.engine = duel, feed, engine
        self.config, self.run, self.observers = config, run, observers
        self.clock = Clock(config)
        source = duel.networks[duel.averaged]
        self.average = Average(source, config.ema_half_life, config.ema_ramp)
        self._saved_at = 0.0

    def resume(self) -> bool:
        """Take up the last checkpoint, if there is one; return whether there was."""
        state = self.run.load_checkpoint("last")
        if state is None:
            return False
        self._restore(state)
        if self.engine.rank == 0:
            self.run.forget_after(self.clock.samples)
        return True

    def train(self) -> bool:
        """Train; return True where the budget is used up, False where it was asked to stop.

        Raises:
            GansmithError: Losses or weights are no longer numbers; the last checkpoint is intact.
        """
        self.clock.start()
        self._saved_at = time.perf_counter()
        moment = self._moment(*self._agree(stop=False)[:2])
        for observer in self.observers:
            observer.resume(moment)
        with _stop_signal() as asked:
            while moment.progress < 1:
                self._step(moment)
                progress, seconds, stop = self._agree(bool(asked))
                moment = self._moment(progress, seconds)
                self._tend(moment, ending=stop or progress >= 1)
                if stop and progress < 1:
                    return False
        return True

    def _step(self, moment: Moment) -> None:
        self.duel.set_progress(moment.progress, moment.samples)
        self.duel.step([self.feed.next() for _ in range(self.duel.draws)])
        self.clock.samples += self.config.batch
        self.clock.steps += 1
        self.average.update(self.config.batch, self.clock.samples)

    def _tend(self, moment: Moment, ending: bool) -> None:
        """Log, look and save, where each is due."""
        if ending or self.clock.steps % self.config.log_every == 0:
            signals = self.engine.mean(self.duel.signals())
            self._check(signals)
            if self.engine.rank == 0:
                self._log(moment, signals)
        if self.engine.rank == 0:
            self._look_and_save(moment, ending)

    def _log(self, moment: Moment, signals: dict[str, float]) -> None:
        values = {name: round(value, 6) for name, value in signals.items()}
        values["memory_gib"] = round(self.engine.peak_memory(), 3)
        self.run.log("step", samples=moment.samples, seconds=round(moment.seconds, 3), **values)
        for observer in self.observers:
            observer.told(moment, signals)

    def _look_and_save(self, moment: Moment, ending: bool) -> None:
        looks = [observer.look(moment) for observer in self.observers]
        best = any(looks)
        since = time.perf_counter() - self._saved_at
        save = ending or since >= self.config.checkpoint_seconds
        if best or save:
            self._check(self.duel.signals())
            state = self._state()
            if best:
                self.run.save_checkpoint("best", state)
            if save:
                self.run.save_checkpoint("last", state)
                self._saved_at = time.perf_counter()

    def _check(self, signals: dict[str, float]) -> None:
        broken = [name for name, value in signals.items() if not math.isfinite(value)]
        if broken:
            raise GansmithError(
                f"training diverged: {broken[0]} is no longer a number after "
                f"{self.clock.samples:,} samples; what was saved is intact. Start again under "
                "another --out with lower rates (--set optimiser.d_lr=..., optimiser.g_lr=...), a "
                "larger penalty (--set objective.gamma=...) or --set training.precision=32-true"
            )

    def _agree(self, stop: bool) -> tuple[float, float, bool]:
        """Return progress, seconds and whether to stop, the same on every process."""
        seconds, asked = self.engine.agree(self.clock.seconds, float(stop))
        return self.clock.progress(seconds), seconds, bool(asked)

    def _moment(self, progress: float, seconds: float) -> Moment:
        return Moment(progress, self.clock.samples, seconds, self.average)

    def _state(self) -> Tree:
        random: Tree = {"noise": self.engine.random.get_state(), "torch": torch.get_rng_state()}
        if self.engine.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state()
        return {
            "networks": {name: net.state_dict() for name, net in self.duel.networks.items()},
            "optimisers": {name: opt.state_dict() for name, opt in self.duel.optimisers.items()},
            "average": self.average.network.state_dict(),
            "duel": self.duel.state(),
            "sampler": self.feed.sampler.state_dict(),
            "clock": self.clock.state(),
            "random": random,
        }

    def _restore(self, state: Tree) -> None:
        for name, network in self.duel.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimiser in self.duel.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
            _match_layout(optimiser)
        self.average.network.load_state_dict(state["average"])
        self.duel.restore(state["duel"])
        self.feed.sampler.load_state_dict(state["sampler"])
        self.clock.restore(state["clock"])
        self.engine.random.set_state(state["random"]["noise"])
        torch.set_rng_state(state["random"]["torch"])
        if self.engine.device.type == "cuda" and "cuda" in state["random"]:
            torch.cuda.set_rng_state(state["random"]["cuda"])


def _match_layout(optimiser: Optimizer) -> None:
    """Lay the optimiser's tensors out in memory as their parameters are.

    Fused optimisers walk parameter and state side by side through memory; a checkpoint's tensors
    come back contiguous, while parameters may be channels-last.
    """
    for parameter, state in optimiser.state.items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter).copy_(value)


@contextmanager
def _stop_signal() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying of them; a second SIGINT interrupts at once."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
