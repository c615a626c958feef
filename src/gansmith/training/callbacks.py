"""What watches a training: callbacks, which change nothing, and the controller, which may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import nn

from gansmith.training.ema import EMA


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands.

    Attributes:
        progress: Share of the budget used up, in [0, 1].
        samples: Real samples seen.
        seconds: Seconds of training.
        averages: Moving average of each shipped network, by name, in the duel's order.
    """

    progress: float
    samples: int
    seconds: float
    averages: Mapping[str, EMA]

    @property
    def network(self) -> nn.Module:
        """The average of the first shipped network."""
        return next(iter(self.averages.values())).network


class Callback(Protocol):
    """Follows a training. It may sample and evaluate; it must not change anything."""

    def on_train_begin(self, moment: TrainingState) -> None:
        """Training starts here, or goes on from here."""

    def on_step_end(self, moment: TrainingState) -> bool:
        """A step was taken; return True where this is the best state so far."""

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """The signals of a step were logged."""


@dataclass(frozen=True)
class Intervention:
    """What a controller asks of the trainer.

    Attributes:
        keep: This state is worth going back to.
        stop: End the training here, as if its budget were used up.
        settings: Entries such as `objective.gamma=1`, to go on by.
        back: Where to go on from: this state, the last one kept, or new weights.
    """

    keep: bool = False
    stop: bool = False
    settings: tuple[str, ...] = ()
    back: Literal["here", "kept", "new"] = "here"

    @property
    def heals(self) -> bool:
        """Whether training goes on otherwise than before."""
        return bool(self.settings) or self.back != "here"


class Controller(Protocol):
    """Follows a training in the first process. It may sample and evaluate, and intervene."""

    def on_train_begin(self, moment: TrainingState, settings: Iterable[str]) -> None:
        """Training starts here, or goes on from here by the settings of earlier interventions."""

    def intervene(self, moment: TrainingState, signals: dict[str, float]) -> Intervention:
        """Decide from the signals of a logged step, which may be no numbers."""
