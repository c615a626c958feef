"""Guard: who watches over a training and may change its course."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from gansmith.training.callbacks import TrainingState


@dataclass(frozen=True)
class Intervention:
    """What a guard asks of the trainer.

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
    """Watches a training in the first process. It may draw and judge, and rule."""

    def resume(self, moment: TrainingState, settings: Iterable[str]) -> None:
        """Learn where training starts or goes on, and by which settings of earlier rulings."""

    def rule(self, moment: TrainingState, signals: dict[str, float]) -> Intervention:
        """Hear the signals of a logged step, which may be no numbers, and rule."""
