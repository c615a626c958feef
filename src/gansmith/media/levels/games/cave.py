"""The cave of a digger level: what the hero can do with and without open holes."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
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
    dive: int = 0
    """Turns that a row further down is worth in the order in which they are looked at."""


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
        self, origin: int, holes: Holes, turn: int, effort: Effort, budget: Budget
    ) -> list[Edge]:
        """Return the edges from a position that lead through holes.

        Positions with the same cell, holes and gold count as one, whatever the age of the holes:
        the first that is found is kept.

        Args:
            origin: Cell of the hero; where he cannot stay there, edges may enter no hole.
            holes: That are open, with the turns when they were dug; with any, edges may enter none.
            turn: Now.
            effort: How far to search.
            budget: Pays for each position.
        """
        begun = bool(holes) or not self.stays(origin)
        first = _Moment(origin, holes, frozenset(c for c, _ in holes), turn, 0, 0, begun, -1, "")
        moments, seen = [first], {(origin, first.is_open, 0)}
        ends: dict[tuple[int, int], int] = {}
        queue = [(0, 0)]

        def reach(moment: _Moment) -> None:
            key = (moment.cell, moment.is_open, moment.gold)
            if key not in seen:
                seen.add(key)
                order = moment.turn - effort.dive * (moment.cell // self.columns)
                heapq.heappush(queue, (order, len(moments)))
                moments.append(moment)

        for _ in range(effort.positions):
            if not queue:
                break
            budget.spend(len(moments))
            _, index = heapq.heappop(queue)
            moment, closing = _aged(moments[index])
            cell, is_open, now = moment.cell, moment.is_open, moment.turn + 1
            held = self._held(cell, is_open, closing)
            if held is None:
                continue
            in_hole = self.brick[cell]
            if held and not in_hole:
                if moment.entered:
                    ends.setdefault((cell, moment.gold), index)
                if (index or begun) and not self._near(cell, is_open, effort.near):
                    continue
            for to, command in self._steps(cell, is_open, held) if index or begun else ():
                gold, entered = moment.gold | self.gold[to], moment.entered or self.brick[to]
                reach(
                    _Moment(
                        to, moment.holes, is_open, now, gold, moment.digs, entered, index, command
                    )
                )
            if held and moment.digs < effort.digs:
                for hole, command in self._diggable(cell, is_open, closing):
                    reach(
                        _Moment(
                            cell,
                            (*moment.holes, (hole, moment.turn)),
                            is_open | {hole},
                            now,
                            moment.gold,
                            moment.digs + 1,
                            moment.entered,
                            index,
                            command,
                        )
                    )
        return [_edge(moments, index) for index in ends.values()]

    def _held(self, cell: int, is_open: frozenset[int], closing: int) -> bool | None:
        """Say whether something holds the hero; None where he is dead or may be."""
        below = cell + self.columns
        if self.brick[cell] and cell not in is_open:
            return None
        if self.hangs[cell] or self.wall[below] or self.ladder[below]:
            return True
        if below == closing:
            return None
        return self.brick[below] and below not in is_open

    def _steps(self, cell: int, is_open: frozenset[int], held: bool) -> list[tuple[int, str]]:
        """Return the cells that the hero gets to in one turn, and how."""
        if not held:
            below = cell + self.columns
            return [] if self.hazard[below] else [(below, ".")]
        return [
            (cell + step, command)
            for command, step in self.steps.items()
            if not self.wall[cell + step]
            and not (self.brick[cell + step] and cell + step not in is_open)
            and not (self.false_brick[cell + step] and command != "d")
            and not (command == "u" and not self.ladder[cell])
            and not self.hazard[cell + step]
        ]

    def _diggable(
        self, cell: int, is_open: frozenset[int], closing: int
    ) -> Iterator[tuple[int, str]]:
        """Yield the bricks that the hero can dig, and how: one beside a hole, if he is in none."""
        for command, side in (("z", cell - 1), ("x", cell + 1)):
            hole = side + self.columns
            if not self.brick[hole] or hole in is_open or hole == closing:
                continue
            if self.wall[side] or (self.brick[side] and side not in is_open):
                continue
            if self.false_brick[side] or self.ladder[side]:
                continue
            if not is_open or self.brick[cell] or self._near(hole, is_open, 1):
                yield hole, command

    def _near(self, cell: int, holes: Iterable[int], most: int) -> bool:
        row, column = divmod(cell, self.columns)
        return any(
            abs(hole // self.columns - row) <= most and abs(hole % self.columns - column) <= most
            for hole in holes
        )


class _Moment(NamedTuple):
    """A position of a search with open holes, and how it was reached."""

    cell: int
    holes: Holes
    is_open: frozenset[int]
    turn: int
    gold: int
    digs: int
    entered: bool
    """Whether the hero was in a hole on the way."""
    parent: int
    command: str


def _aged(moment: _Moment) -> tuple[_Moment, int]:
    """Close what is due. Returns also the hole that closes now or in the next turn, or -1."""
    holes, is_open, closing = moment.holes, moment.is_open, -1
    while holes and moment.turn - holes[0][1] > HOLE_TURNS:
        is_open -= {holes[0][0]}
        holes = holes[1:]
    if holes and moment.turn - holes[0][1] == HOLE_TURNS:
        closing = holes[0][0]
        is_open -= {closing}
    if is_open is not moment.is_open:
        moment = moment._replace(holes=holes, is_open=is_open)
    return moment, closing


def _edge(moments: list[_Moment], index: int) -> Edge:
    """Return the way to a position, with the turns until the last hole has closed for sure."""
    moment, commands = moments[index], list[str]()
    target, gold = moment.cell, moment.gold
    dug = moment.holes[-1][1] if moment.holes else moment.turn - HOLE_TURNS - 1
    wait = "." * (dug + HOLE_TURNS + 1 - moment.turn)
    while moment.parent >= 0:
        commands.append(moment.command)
        moment = moments[moment.parent]
    return Edge(target, "".join(commands[::-1]) + wait, gold)


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
    if not (cave.hangs[cell] or cave.ladder[below] or (cave.shut[below] and below not in is_open)):
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
    position: Position | None,
    commands: str,
    *,
    hole_turns: int = HOLE_TURNS,
    until_complete: bool = False,
) -> tuple[Position | None, int]:
    """Carry out commands.

    Args:
        caves: Before and after the last gold.
        position: Before the first of them.
        commands: One a turn.
        hole_turns: Turns after which a hole closes.
        until_complete: Stop with the last gold.

    Returns:
        The position at the end, None if the hero dies or cannot obey, and how many commands were
        carried out.
    """
    for turn, command in enumerate(commands):
        if position is None or (until_complete and position.gold == caves[0].everything):
            return position, turn
        position = next_position(caves, position, command, hole_turns)
    return position, len(commands)
