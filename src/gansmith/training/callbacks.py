"""Contracts of callbacks, which observe a training, and of the controller, which may intervene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import nn

from gansmith.training.ema import EMA


@dataclass(frozen=True)
class TrainingState:
    """Progress of a training.

    Attributes:
        progress: Share of the budget used up, in [0, 1].
        samples: Real samples seen.
        seconds: Seconds of training.
        averages: Moving average of each shipped network, by name, in the duel's order.
        pretraining: The adversarial game has not begun.
    """

    progress: float
    samples: int
    seconds: float
    averages: Mapping[str, EMA]
    pretraining: bool = False

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The averages of all shipped networks, by name."""
        return {name: average.network for name, average in self.averages.items()}

    @property
    def network(self) -> nn.Module:
        """The average of the first shipped network."""
        return next(iter(self.averages.values())).network


class Callback(Protocol):
    """Observes a training. It may sample and evaluate, but must not change the training."""

    def on_train_begin(self, moment: TrainingState) -> None:
        """Called when training starts or resumes."""

    def on_step_end(self, moment: TrainingState) -> bool:
        """Called after a step; return True if this is the best state so far."""

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """Called when the signals of a step are logged."""


@dataclass(frozen=True)
class Intervention:
    """What a controller wants the trainer to do.

    Attributes:
        keep: Keep this state for later rollbacks.
        stop: End the training here, as if its budget were used up.
        settings: Entries such as `objective.gamma=1` to continue with.
        back: State to continue from: this one, the last one kept, or new weights.
    """

    keep: bool = False
    stop: bool = False
    settings: tuple[str, ...] = ()
    back: Literal["here", "kept", "new"] = "here"

    @property
    def heals(self) -> bool:
        """Whether training continues differently than before."""
        return bool(self.settings) or self.back != "here"


class Controller(Protocol):
    """Observes a training in the first process and may intervene."""

    def on_train_begin(self, moment: TrainingState, settings: Iterable[str]) -> None:
        """Called when training starts or resumes, with the settings of earlier interventions."""

    def intervene(self, moment: TrainingState, signals: dict[str, float]) -> Intervention:
        """Decide from the signals of a logged step, which may be NaN or infinite."""
