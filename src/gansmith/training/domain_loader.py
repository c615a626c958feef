"""Loading of unpaired batches of two domains."""

from __future__ import annotations

from gansmith.storage.checkpoint import Tree
from gansmith.training.duel import Batch
from gansmith.training.loader import BatchLoader


class DomainLoader(BatchLoader):
    """Draws samples of a target domain, each batch with as many of a source domain.

    Args:
        source: Draws what is translated.
        target: Draws what the result should look like; another seed than that of `source`, so that
            the order of one says nothing about that of the other.
    """

    def __init__(self, source: BatchLoader, target: BatchLoader) -> None:
        self.source, self.target = source, target

    def next(self) -> Batch:
        """Return this process's share of the next batches."""
        return _joined(self.source.next(), self.target.next())

    def example(self) -> Batch:
        """Return the first training samples, the same on every process."""
        return _joined(self.source.example(), self.target.example())

    def held_out(self, most: int) -> Batch:
        """Return up to `most` samples of the target domain that are not trained on."""
        return self.target.held_out(most)

    def state_dict(self) -> Tree:
        """Return what a checkpoint holds of both orders."""
        return {"source": self.source.state_dict(), "target": self.target.state_dict()}

    def load_state_dict(self, state: Tree) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.source.load_state_dict(state["source"])
        self.target.load_state_dict(state["target"])


def _joined(source: Batch, target: Batch) -> Batch:
    return Batch(target.samples, source=source.samples)
