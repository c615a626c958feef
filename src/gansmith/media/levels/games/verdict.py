"""What a solver of a game answers, and the limits under which it searches."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Exceeded = Literal["seconds", "nodes", "memory"]


@dataclass(frozen=True)
class Limit:
    """How long a solver may search.

    Attributes:
        seconds: Wall time; a safety net, since what it stops depends on the machine.
        nodes: Positions that are expanded; the limit that gives the same verdict everywhere.
        memory: MiB of stored positions, by an estimate of bytes per position.
    """

    seconds: float = 60.0
    nodes: int = 200_000
    memory: int = 512


@dataclass(frozen=True)
class Solved:
    """The level can be won.

    Attributes:
        moves: What the rules replay: a string of commands, or for a platformer the cells `(x, y)`
            of the feet, one a step.
        length: Commands or steps.
        difficulty: Measures such as pushes, detour or expanded nodes; more is harder.
    """

    moves: str | Sequence[tuple[int, int]]
    length: int
    difficulty: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Unsolvable:
    """The level cannot be won, which is proved.

    Attributes:
        reason: The proof in one phrase.
    """

    reason: str


@dataclass(frozen=True)
class Undecided:
    """The search ended without an answer.

    Attributes:
        limit: What it ran out of; None where an incomplete search has nothing left to try.
    """

    limit: Exceeded | None


@dataclass(frozen=True)
class Refused:
    """The level breaks a rule of its game, or is trivial: there is nothing to solve.

    Attributes:
        problems: One phrase each.
    """

    problems: tuple[str, ...]


Verdict = Solved | Unsolvable | Undecided | Refused


class Exhausted(Exception):
    """A search ran into its limit."""

    def __init__(self, limit: Exceeded) -> None:
        super().__init__(limit)
        self.limit: Exceeded = limit


class Budget:
    """Counts what a search spends.

    Args:
        limit: What it may spend.
        position_bytes: Memory of one stored position, about.
    """

    def __init__(self, limit: Limit, position_bytes: int) -> None:
        self.nodes = 0
        self._limit = limit
        self._positions = (limit.memory << 20) // position_bytes
        self._ends = time.monotonic() + limit.seconds

    def spend(self, stored: int = 0) -> None:
        """Count one expanded position.

        Args:
            stored: Positions in memory now.

        Raises:
            Exhausted: The limit is reached.
        """
        self.nodes += 1
        if self.nodes > self._limit.nodes:
            raise Exhausted("nodes")
        if stored > self._positions:
            raise Exhausted("memory")
        if time.monotonic() > self._ends:
            raise Exhausted("seconds")
