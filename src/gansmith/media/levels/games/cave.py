"""The cave of a digger level: what the hero can do with and without open holes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games.verdict import Budget

Mask = NDArray[np.bool_]
HOLE_TURNS = 20
Holes = tuple[tuple[int, int], ...]
"""Cells of holes, the oldest first, each with a turn: when it was dug, or those that are left."""


class Edge(NamedTuple):
    """A way from one cell on which the hero can stay to another; no hole is open at its ends."""

    target: int
    commands: str
    gold: int
    """Bits of the gold on the way."""


class Effort(NamedTuple):
    """How far an edge with open holes is searched."""

    digs: int
    """Most holes that are dug on it."""
    positions: int
    """Most that are looked at."""
    near: int
    """Cells, along row and column, that the hero goes from the nearest open hole."""


@dataclass(frozen=True)
class Tiles:
    """Masks of a digger level, `(rows, columns)` each."""

    solid: Mask
    brick: Mask
    false_brick: Mask
    ladder: Mask
    hidden_ladder: Mask
    rope: Mask
    hazard: Mask
    gold: Mask


class Cave:
    """A level in which hidden ladders are ladders, or are not yet.

    Cells are numbers in a grid with a solid border.
    """

    def __init__(self, tiles: Tiles, *, finished: bool) -> None:
        def flat(mask: Mask, border: bool = False) -> list[bool]:
            found: list[bool] = np.pad(mask, 1, constant_values=border).ravel().tolist()
            return found

        self.columns = tiles.solid.shape[1] + 2
        self.steps = {"l": -1, "r": 1, "u": -self.columns, "d": self.columns}
        self.wall, self.brick = flat(tiles.solid, True), flat(tiles.brick)
        self.false_brick, self.rope = flat(tiles.false_brick), flat(tiles.rope)
        self.ladder = flat(tiles.ladder | (tiles.hidden_ladder & finished))
        self.hazard = flat(tiles.hazard)
        self.gold = [0] * len(self.wall)
        for place, cell in enumerate(np.flatnonzero(np.pad(tiles.gold, 1)).tolist()):
            self.gold[cell] = 1 << place
        self.everything = sum(self.gold)
        cells = range(len(self.wall))
        self.shut = [self.wall[c] or self.brick[c] for c in cells]
        self.hangs = [self.ladder[c] or self.rope[c] for c in cells]
        below = [min(c + self.columns, len(self.wall) - 1) for c in cells]
        self.firm = [self.hangs[c] or self.shut[below[c]] or self.ladder[below[c]] for c in cells]

    def stays(self, cell: int) -> bool:
        """Say whether the hero can wait on a cell while no hole is open."""
        return self.firm[cell] and not self.shut[cell]

    def walks(self, cell: int) -> list[Edge]:
        """Return the edges without digging from a cell on which the hero stays."""
        columns, found = self.columns, []
        for command, step in self.steps.items():
            to = cell + step
            if self.shut[to] or (self.false_brick[to] and command != "d"):
                continue
            if command == "u" and not self.ladder[cell]:
                continue
            commands, gold, dead = command, self.gold[to], self.hazard[to]
            while not self.firm[to] and not dead:
                to += columns
                commands += "."
                gold |= self.gold[to]
                dead = self.hazard[to]
            if not dead:
                found.append(Edge(to, commands, gold))
        return found

    def digs(
        self,
        origin: int,
        holes: Holes,
        turn: int,
        effort: Effort,
        budget: Budget,
    ) -> list[Edge]:
        """Return the edges from a position that lead through holes.

        Positions with the same cell, holes and gold count as one, whatever the age of the holes:
        the earliest is kept. A new hole is beside an open one or dug from within one, and the
        hero stays near the holes.

        Args:
            origin: Cell of the hero; where he cannot stay there, edges may enter no hole.
            holes: That are open; with any, edges may enter none.
            turn: Now.
            effort: How far to search.
            budget: Pays for each.
        """
        columns, brick, gold_of = self.columns, self.brick, self.gold
        around = (-1, 1, -columns, columns, -columns - 1, 1 - columns, columns - 1, columns + 1)
        cells = frozenset(cell for cell, _ in holes)
        # cell, holes, their cells, turn, gold, digs, whether a hole was entered, parent, command
        positions: list[tuple[int, Holes, frozenset[int], int, int, int, bool, int, str]]
        begun = bool(holes) or not self.stays(origin)
        positions = [(origin, holes, cells, turn, 0, 0, begun, -1, "")]
        seen = {(origin, cells, 0)}
        ends: dict[tuple[int, int], int] = {}
        for index, position in enumerate(positions):
            if index >= effort.positions:
                break
            budget.spend(len(positions))
            cell, holes, cells, now, gold, digs, entered, _, _ = position
            closing = -1
            while holes and now - holes[0][1] >= HOLE_TURNS:
                if now - holes[0][1] == HOLE_TURNS:
                    closing = holes[0][0]
                cells = cells - {holes[0][0]}
                if now - holes[0][1] == HOLE_TURNS:
                    break
                holes = holes[1:]
            below = cell + columns
            if cell == closing or (brick[cell] and cell not in cells):
                continue
            held = self.hangs[cell] or self.wall[below] or self.ladder[below]
            if below == closing and not held:
                continue
            held = held or (brick[below] and below not in cells)
            following: list[tuple[int, str]] = []
            if not held:
                following.append((below, "."))
            else:
                if not brick[cell]:
                    if entered:
                        ends.setdefault((cell, gold), index)
                    if (index or entered) and not self._near(cell, cells, effort.near):
                        continue
                for command, step in self.steps.items() if index or entered else ():
                    to = cell + step
                    if self.wall[to] or (brick[to] and to not in cells):
                        continue
                    if self.false_brick[to] and command != "d":
                        continue
                    if command == "u" and not self.ladder[cell]:
                        continue
                    following.append((to, command))
            for to, command in following:
                if self.hazard[to]:
                    continue
                got = gold | gold_of[to]
                key = (to, cells, got)
                if key not in seen:
                    seen.add(key)
                    positions.append(
                        (to, holes, cells, now + 1, got, digs, entered or brick[to], index, command)
                    )
            if not held or digs == effort.digs:
                continue
            for command, side in (("z", cell - 1), ("x", cell + 1)):
                hole = side + columns
                if not brick[hole] or hole in cells or hole == closing:
                    continue
                if self.wall[side] or (brick[side] and side not in cells):
                    continue
                if self.false_brick[side] or self.ladder[side]:
                    continue
                if cells and not brick[cell] and not any(hole + a in cells for a in around):
                    continue
                more = cells | {hole}
                if (cell, more, gold) not in seen:
                    seen.add((cell, more, gold))
                    dug = (*holes, (hole, now))
                    positions.append(
                        (cell, dug, more, now + 1, gold, digs + 1, entered, index, command)
                    )
        edges = []
        for (target, gold), index in ends.items():
            position, commands = positions[index], []
            # Until the last hole has closed for sure.
            wait = position[1][-1][1] + HOLE_TURNS + 1 - position[3] if position[1] else 0
            while position[7] >= 0:
                commands.append(position[8])
                position = positions[position[7]]
            edges.append(Edge(target, "".join(commands[::-1]) + "." * max(wait, 0), gold))
        return edges

    def _near(self, cell: int, holes: Iterable[int], most: int) -> bool:
        row, column = divmod(cell, self.columns)
        return any(
            abs(hole // self.columns - row) <= most and abs(hole % self.columns - column) <= most
            for hole in holes
        )


class Position(NamedTuple):
    """A level between two turns.

    Attributes:
        cell: Where the hero is.
        gold: Bits of the gold that he has.
        holes: Cell of each open hole and the turns until it closes, the oldest first.
    """

    cell: int
    gold: int
    holes: Holes


def next_position(
    caves: tuple[Cave, Cave], position: Position, command: str, hole_turns: int = HOLE_TURNS
) -> Position | None:
    """Carry out one command; None if the hero dies or cannot obey.

    Args:
        caves: Before and after the last gold.
        position: Before the turn.
        command: One of `l r u d z x .`.
        hole_turns: Turns after which a hole closes.
    """
    cell, gold, holes = position
    cave = caves[gold == caves[0].everything]
    holes = tuple((hole, left - 1) for hole, left in holes if left > 1)
    is_open = {hole for hole, _ in holes}
    below = cell + cave.columns
    if cave.shut[cell] and cell not in is_open:
        return None
    if not (
        cave.hangs[cell] or cave.ladder[below] or (cave.shut[below] and below not in is_open)
    ):
        cell = below
    elif command in "lrud":
        to = cell + cave.steps[command]
        if (cave.shut[to] and to not in is_open) or (command == "u" and not cave.ladder[cell]):
            return None
        if cave.false_brick[to] and command != "d":
            return None
        cell = to
    elif command in "zx":
        side = cell + (1 if command == "x" else -1)
        hole = side + cave.columns
        if not cave.brick[hole] or hole in is_open:
            return None
        if cave.shut[side] and side not in is_open:
            return None
        if cave.false_brick[side] or cave.ladder[side]:
            return None
        holes = (*holes, (hole, hole_turns))
    if cave.hazard[cell]:
        return None
    return Position(cell, gold | cave.gold[cell], holes)


def carry_out(
    caves: tuple[Cave, Cave],
    start: int,
    commands: str,
    *,
    hole_turns: int = HOLE_TURNS,
    until_complete: bool = False,
) -> tuple[Position | None, int]:
    """Carry out commands.

    Args:
        caves: Before and after the last gold.
        start: Cell of the hero.
        commands: One a turn.
        hole_turns: Turns after which a hole closes.
        until_complete: Stop with the last gold.

    Returns:
        The position at the end, None if the hero dies or cannot obey, and how many commands were
        carried out.
    """
    position: Position | None = Position(start, caves[0].gold[start], ())
    for turn, command in enumerate(commands):
        if position is None or (until_complete and position.gold == caves[0].everything):
            return position, turn
        position = next_position(caves, position, command, hole_turns)
    return position, len(commands)
