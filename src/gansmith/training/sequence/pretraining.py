"""Likelihood pretraining of the generator of sequences: its loss, and its best weights."""

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


class MLEPretraining:
    """What held-out texts cost the generator, and the weights by which they cost least.

    Args:
        generator: Learns.
        start: Of the same kind; takes the generator's weights at its best moment.
        engine: Precision.

    Attributes:
        held_out: Texts that are not trained on; None until they are given.
        nats: What a token of them costs; NaN before the first look.
        plateau: When to learn more slowly, and when enough is learnt.
    """

    def __init__(
        self, generator: SequenceGenerator, start: SequenceGenerator, engine: Engine
    ) -> None:
        self._generator, self._start, self._engine = generator, start, engine
        self.held_out: Batch | None = None
        self.nats, self.plateau = math.nan, PlateauSchedule()

    def loss(self, tokens: Tensor, labels: Tensor | None) -> Tensor:
        """Return the mean cost of a token of texts [N, T], blanks left out."""
        return -self._log_shares(tokens, labels).sum() / (tokens != PAD).sum()

    def measure(self) -> None:
        """Measure held-out texts."""
        self.nats = self._held_out_nats()

    def keep_best(self, patience: int) -> None:
        """Keep the generator if held-out texts never cost less; go back to the best if too long."""
        if not math.isfinite(self.nats):  # nothing is held out: the latest weights are the best
            self._start.load_state_dict(self._generator.state_dict())
            return
        told = self.plateau.see(self.nats, patience)
        if told == "best":
            self._start.load_state_dict(self._generator.state_dict())
        elif told == "cut":
            self._generator.load_state_dict(self._start.state_dict())

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs besides the networks."""
        nats = {"nats": self.nats} if math.isfinite(self.nats) else {}
        return nats | self.plateau.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` gave."""
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
        """Log-probability of each token [N, T]; 0 of blanks."""
        with self._engine.autocast():
            logits = self._generator.logits(tokens, labels)
        told = -F.cross_entropy(logits.float().flatten(0, 1), tokens.flatten(), reduction="none")
        return told.view_as(tokens) * (tokens != PAD)


def trimmed(tokens: Tensor) -> Tensor:
    """Cut off what is blank in all texts: reading it would take most of the time."""
    return tokens[:, : int((tokens != PAD).sum(1).max())]
