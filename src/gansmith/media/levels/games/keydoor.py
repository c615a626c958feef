"""Keys and doors.

All shortest ways are searched breadth-first over (cell, keys, open doors). Whether a level can be
won or lost needs less: while keys are used up, all that counts is which doors are open, since the
player walks freely between them and never regrets a key that was taken. The search over sets of
open doors decides the levels that are too large for the first one, and tells whether a level can be
lost.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games.game import BLOCKING, Game, goal_problems, start_problems
from gansmith.media.levels.games.orientation import commands_of
from gansmith.media.levels.games.verdict import (
    Budget,
    Exhausted,
    Limit,
    Solved,
    Undecided,
    Unsolvable,
    Verdict,
)
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level

Mask = NDArray[np.bool_]
Colours = NDArray[np.int16]
POSITION_BYTES = 200


def solve_doors(
    blocked: Mask,
    keys: Colours,
    doors: Colours,
    goals: Mask,
    start: tuple[int, int],
    used_up: bool,
    limit: Limit,
) -> Verdict:
    """Solve a level of keys and doors.

    Args:
        blocked: Cells that cannot be entered, `(rows, columns)`.
        keys: Colour of the key on each cell, -1 for none.
        doors: Colour of the locked door on each cell, -1 for none.
        goals: Any of them ends the level.
        start: Row and column.
        used_up: Whether a door takes the key that opened it.
        limit: How long to search.

    Returns:
        The verdict; a shortest solution unless that search ran out of its limit. Measures: `doors`
        opened and `keys` taken on the way; with `used_up`, `can_be_lost` is 1 if some order of
        opening doors makes the goal unreachable, and is left out where that is not known.
    """
    board = _Board(blocked, keys, doors, goals, start, used_up)
    budget = Budget(limit, POSITION_BYTES)
    try:
        plan = board.plan(budget)
    except Exhausted as stop:
        return Undecided(stop.limit)
    if plan is None:
        return Unsolvable("no order of opening doors reaches the goal")
    try:
        path = board.shortest(budget)
    except Exhausted:
        path = board.carry_out(plan)
    difficulty: dict[str, float] = {
        "doors": len({cell for cell in path if cell in board.doors}),
        "keys": len({cell for cell in path if cell in board.keys}),
        "nodes": budget.nodes,
    }
    with suppress(Exhausted):
        difficulty["can_be_lost"] = float(board.can_be_lost(budget))
    moves = commands_of(path, board.columns)
    return Solved(moves, len(moves), difficulty)


class _Board:
    """A level; its cells are numbers in a grid with a blocked border."""

    def __init__(
        self,
        blocked: Mask,
        keys: Colours,
        doors: Colours,
        goals: Mask,
        start: tuple[int, int],
        used_up: bool,
    ) -> None:
        wanted = set(doors[doors >= 0].tolist())
        self.columns = blocked.shape[1] + 2
        self.steps = (-1, 1, -self.columns, self.columns)
        self.free = (~np.pad(blocked, 1, constant_values=True)).ravel().tolist()
        self.goals = set(np.flatnonzero(np.pad(goals, 1)).tolist())
        self.start = (start[0] + 1) * self.columns + start[1] + 1
        self.keys = {c: k for c, k in self._coloured(keys).items() if k in wanted}
        self.doors = self._coloured(doors)
        self.used_up = used_up

    def _coloured(self, colours: Colours) -> dict[int, int]:
        flat = np.pad(colours, 1, constant_values=-1).ravel()
        return {cell: int(flat[cell]) for cell in np.flatnonzero(flat >= 0).tolist()}

    def region(
        self, opened: frozenset[int], origin: int | None = None
    ) -> tuple[dict[int, int], list[int]]:
        """Return the cells that are reached while these doors are open, and closed doors beside.

        Args:
            opened: Doors that are open.
            origin: Where the player is; at the start by default.

        Returns:
            The cell before each cell, the nearest first, and the doors.
        """
        origin = self.start if origin is None else origin
        came, edge, beside = {origin: origin}, [origin], []
        for cell in edge:
            for step in self.steps:
                to = cell + step
                if self.free[to] and to not in came:
                    if to in self.doors and to not in opened:
                        beside.append(to)
                    else:
                        came[to] = cell
                        edge.append(to)
        return came, sorted(set(beside))

    def openings(self, opened: frozenset[int]) -> tuple[bool, list[frozenset[int]]]:
        """Say whether a goal is reached while these doors are open, and which sets come next."""
        cells, beside = self.region(opened)
        in_hand: dict[int, int] = {}
        for cell, colour in self.keys.items():
            in_hand[colour] = in_hand.get(colour, 0) + (cell in cells)
        if self.used_up:
            for door in opened:
                in_hand[self.doors[door]] -= 1
        following = [opened | {d} for d in beside if in_hand.get(self.doors[d], 0) > 0]
        if not self.used_up and following:
            following = [frozenset().union(*following)]
        return not self.goals.isdisjoint(cells), following

    def plan(self, budget: Budget) -> list[frozenset[int]] | None:
        """Return sets of open doors up to one that lets the goal be reached; depth first."""
        came: dict[frozenset[int], frozenset[int]] = {}
        first: frozenset[int] = frozenset()
        seen, stack = {first}, [first]
        while stack:
            opened = stack.pop()
            budget.spend(len(seen))
            won, following = self.openings(opened)
            if won:
                sets = [opened]
                while sets[-1]:
                    sets.append(came[sets[-1]])
                return sets[::-1]
            for more in following:
                if more not in seen:
                    seen.add(more)
                    came[more] = opened
                    stack.append(more)
        return None

    def can_be_lost(self, budget: Budget) -> bool:
        """Say whether the goal can become unreachable.

        Raises:
            Exhausted: There is too much to try.
        """
        if not self.used_up:
            return False
        before: dict[frozenset[int], list[frozenset[int]]] = {frozenset(): []}
        edge, won = [frozenset[int]()], []
        for opened in edge:
            budget.spend(len(before))
            reached, following = self.openings(opened)
            if reached:
                won.append(opened)
            for more in following:
                if more not in before:
                    before[more] = []
                    edge.append(more)
                before[more].append(opened)
        safe = set(won)
        for opened in won:
            fresh = [earlier for earlier in before[opened] if earlier not in safe]
            safe.update(fresh)
            won.extend(dict.fromkeys(fresh))
        return len(safe) < len(before)

    def shortest(self, budget: Budget) -> list[int]:
        """Return the cells of a shortest solution of a level that has one."""
        number = {cell: 1 << place for place, cell in enumerate([*self.keys, *self.doors])}
        key_bits, door_bits = dict.fromkeys(self.doors.values(), 0), dict[int, int]()
        for key, colour in self.keys.items():
            key_bits[colour] |= number[key]
        for door, colour in self.doors.items():
            door_bits[colour] = door_bits.get(colour, 0) | number[door]
        first = (self.start, number.get(self.start, 0))
        came: dict[tuple[int, int], tuple[int, int]] = {first: first}
        edge = [first]
        for state in edge:
            cell, had = state
            if cell in self.goals:
                break
            budget.spend(len(came))
            for step in self.steps:
                to, has = cell + step, had
                if not self.free[to]:
                    continue
                if to in self.doors and not had & number[to]:
                    colour = self.doors[to]
                    spent = (had & door_bits[colour]).bit_count() if self.used_up else 0
                    if (had & key_bits[colour]).bit_count() <= spent:
                        continue
                    if self.used_up:
                        has |= number[to]
                if to in self.keys:
                    # Unless keys are used up, one of a colour is as good as all.
                    has |= number[to] if self.used_up else key_bits[self.keys[to]]
                if (to, has) not in came:
                    came[to, has] = state
                    edge.append((to, has))
        path = [state]
        while path[-1] != first:
            path.append(came[path[-1]])
        return [cell for cell, _ in path[::-1]]

    def carry_out(self, plan: list[frozenset[int]]) -> list[int]:
        """Return the cells of a solution that opens doors in this order."""
        path = [self.start]
        taken, spent = {self.start} & set(self.keys), dict.fromkeys(self.doors.values(), 0)

        def go(ends: set[int], opened: frozenset[int]) -> None:
            came, _ = self.region(opened, path[-1])
            cell = next(cell for cell in came if cell in ends)
            way = [cell]
            while way[-1] != path[-1]:
                way.append(came[way[-1]])
            path.extend(way[-2::-1])
            taken.update(set(way) & set(self.keys))

        for opened, more in pairwise(plan):
            for door in sorted(more - opened):
                colour = self.doors[door]
                used = spent[colour] if self.used_up else 0
                if sum(self.keys[key] == colour for key in taken) <= used:
                    go({k for k, c in self.keys.items() if c == colour} - taken, opened)
                spent[colour] += 1
                opened |= {door}
                go({door}, opened)
        go(self.goals, plan[-1])
        return path


def _problems(level: Level, legend: Legend) -> list[str]:
    found = start_problems(level, legend) + goal_problems(level, legend)
    if found:
        return found
    blocked, keys, doors = _masks(level, legend)
    if not (keys >= 0).any():
        return ["it has no key"]
    rows, columns = level.size
    board = _Board(blocked, keys, doors, level.mask(legend, "goal"), _start(level, legend), False)
    reached, _ = board.region(frozenset())
    inner = {divmod(cell, board.columns) for cell in reached}
    if any(row in (1, rows) or column in (1, columns) for row, column in inner):
        found.append("the border is open")
    if not board.goals.isdisjoint(reached):
        found.append("trivial: the goal is reached with all locked doors shut")
    return found


def _search(level: Level, legend: Legend, limit: Limit) -> Verdict:
    return solve_doors(
        *_masks(level, legend),
        level.mask(legend, "goal"),
        _start(level, legend),
        legend.keys.used_up,
        limit,
    )


def _start(level: Level, legend: Legend) -> tuple[int, int]:
    return level.cells(legend, "start")[0]


def _masks(level: Level, legend: Legend) -> tuple[Mask, Colours, Colours]:
    """Return what blocks, and the colours of keys and locked doors.

    Where no door is locked, the goal is: any key opens it.
    """
    locked = np.array(
        ["door" in tile.roles and tile.locked for tile in legend.tiles.values()], dtype=bool
    )
    names = [tile.colour for tile in legend.tiles.values()]
    colours = np.array([names.index(name) for name in names], dtype=np.int16)[level.tiles]
    keys = np.where(level.mask(legend, "key"), colours, -1)
    doors = np.where(locked[level.tiles], colours, -1)
    if (doors < 0).all():
        keys = np.where(keys < 0, -1, 0)
        doors = np.where(level.mask(legend, "goal"), 0, -1)
    return level.mask(legend, *BLOCKING, "box"), keys, doors


KEYDOOR = Game("keydoor", _problems, _search)
