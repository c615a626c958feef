"""Loading of batches of several domains: unpaired, paired, or labelled."""

from __future__ import annotations

from gansmith.storage.checkpoint import Tree
from gansmith.training.duel import Batch
from gansmith.training.loader import BatchLoader


class DomainLoader(BatchLoader):
    """Draws samples of a target domain, each batch with as many of a source domain.

    Args:
        source: Draws what is translated.
        target: Draws what the result should look like. Its seed is that of `source` for pairs, so
            that both draw the same rows; else another one, so that the order of one says nothing
            about that of the other.
        paired: Samples are conditioned on their sources.
    """

    def __init__(self, source: BatchLoader, target: BatchLoader, paired: bool = False) -> None:
        self.source, self.target, self.paired = source, target, paired

    def next(self) -> Batch:
        """Return this process's share of the next batches."""
        return self._joined(self.source.next(), self.target.next())

    def example(self) -> Batch:
        """Return the first training samples, the same on every process."""
        return self._joined(self.source.example(), self.target.example())

    def held_out(self, most: int) -> Batch:
        """Return up to `most` samples of each domain that are not trained on.

        Unless they are pairs, there may be more of one domain than of the other.
        """
        return self._joined(self.source.held_out(most), self.target.held_out(most))

    def state_dict(self) -> Tree:
        """Return what a checkpoint holds of both orders."""
        return {"source": self.source.state_dict(), "target": self.target.state_dict()}

    def load_state_dict(self, state: Tree) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.source.load_state_dict(state["source"])
        self.target.load_state_dict(state["target"])

    def _joined(self, source: Batch, target: Batch) -> Batch:
        condition = source.samples if self.paired else target.condition
        return Batch(target.samples, condition, source.samples, source.condition)
