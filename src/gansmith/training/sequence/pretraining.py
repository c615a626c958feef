"""Likelihood pretraining of the generator of sequences: its loss and its best weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.networks.sequence.language_model import SequenceGenerator
from gansmith.networks.sequence.special_tokens import PAD
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine
from gansmith.training.sequence.plateau import PlateauSchedule

AT_ONCE = 250
"""Held-out texts in a batch."""


class MLEPretraining:
    """Maximum likelihood training with early stopping.

    Args:
        generator: The network that is trained.
        start: A network of the same architecture, which gets the best weights.
        engine: Precision.

    Attributes:
        held_out: Held-out texts; None until they are set.
        nats: Negative log likelihood of them in nats per token; NaN before the first measurement.
        plateau: Learning rate and early stopping.
    """

    def __init__(
        self, generator: SequenceGenerator, start: SequenceGenerator, engine: Engine
    ) -> None:
        self._generator, self._start, self._engine = generator, start, engine
        self.held_out: Batch | None = None
        self.nats, self.plateau = math.nan, PlateauSchedule()

    def loss(self, tokens: Tensor, labels: Tensor | None) -> Tensor:
        """Return the mean negative log likelihood of tokens [N, T], without padding."""
        return -self._log_shares(tokens, labels).sum() / (tokens != PAD).sum()

    def measure(self) -> None:
        """Measure the loss on held-out texts."""
        self.nats = self._held_out_nats()

    def keep_best(self, patience: int) -> None:
        """Keep the best weights; go back to them if the loss stopped falling."""
        if not math.isfinite(self.nats):  # nothing is held out: the latest weights are the best
            self._start.load_state_dict(self._generator.state_dict())
            return
        outcome = self.plateau.see(self.nats, patience)
        if outcome == "best":
            self._start.load_state_dict(self._generator.state_dict())
        elif outcome == "cut":
            self._generator.load_state_dict(self._start.state_dict())

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs besides the networks."""
        nats = {"nats": self.nats} if math.isfinite(self.nats) else {}
        return nats | self.plateau.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        self.nats = state.get("nats", math.nan)
        self.plateau.restore(state)

    @torch.no_grad()
    def _held_out_nats(self) -> float:
        if self.held_out is None:
            return math.nan
        self._generator.eval()
        costs, count = 0.0, 0
        samples, condition = self.held_out.samples, self.held_out.condition
        for at in range(0, len(samples), AT_ONCE):
            some = slice(at, at + AT_ONCE)
            tokens = trimmed(samples[some, 0, 0])
            nats = -self._log_shares(tokens, None if condition is None else condition[some])
            costs += float(nats.sum())
            count += int((tokens != PAD).sum())
        self._generator.train()
        return costs / count if count else math.nan

    def _log_shares(self, tokens: Tensor, labels: Tensor | None) -> Tensor:
        """Return the log probability of each token [N, T]; 0 for padding."""
        with self._engine.autocast():
            logits = self._generator.logits(tokens, labels)
        found = -F.cross_entropy(logits.float().flatten(0, 1), tokens.flatten(), reduction="none")
        return found.view_as(tokens) * (tokens != PAD)


def trimmed(tokens: Tensor) -> Tensor:
    """Remove columns that are padding in all texts: computing them would take most of the time."""
    return tokens[:, : int((tokens != PAD).sum(1).max())]
