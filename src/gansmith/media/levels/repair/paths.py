"""Keys and doors, and mazes, for CP-SAT.

The model holds the tiles, and for keys and doors a labelling of the cells that are reached while
all locked doors are shut, which no goal may be among. That the goal is reached in the end is
checked on each choice of tiles. Where it is not, any set of cells R that holds the start and no
goal gives a clause that every level keeps: the start is outside R, a goal inside, a cell next to R
becomes free, or a door there whose key is in R, or R gets a key. Clauses of the cells that are
reached, and of those behind one, two and more openings, make most choices right at once. A key must
be among the cells that are reached with all doors shut; that gives clauses without doors and goals.

Colours that a level does not have are not offered: doors and keys of a new colour could have one
that is there instead, which only opens more (one is offered if there is none).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games import Unsolvable, game_of
from gansmith.media.levels.games.game import BLOCKING
from gansmith.media.levels.legend import Count, Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.repair.model import Cell, Needs, TileModel
from gansmith.media.levels.repair.requests import with_tiles

Symbols = NDArray[np.bool_]
Tiles = NDArray[np.uint16]


class WayModel:
    """A level of keys and doors, or a maze, as a model and a check.

    Attributes:
        tiles: The model.
    """

    def __init__(
        self, level: Level, legend: Legend, scores: NDArray[np.float32], needs: Needs
    ) -> None:
        """Make the model.

        Args:
            level: As it is.
            legend: What its tiles are; a legend with locked doors gets levels that need one, and
                without any the goal of a game of keys is locked.
            scores: Of each symbol, [rows, columns, symbols].
            needs: What to keep.
        """
        self.level, self.legend, self.needs = level, legend, needs
        self.roles = roles = _Roles(legend)
        self.colours, offered = roles.choices(level, needs)
        self.tiles = TileModel(level, legend, scores, needs, roles.signatures(), offered)
        if not needs.rules:
            return
        self.tiles.count(roles.start, Count(least=1, most=1))
        for cell in self.tiles.cells():
            for literal in self.tiles.chosen(cell, roles.start & ~roles.may_start()):
                self.tiles.model.add(literal == 0)
        if roles.has_keys:
            self._demand_lock()
        for shut in (False, True) if roles.has_keys else (False,):
            for seeds in self._components(level.tiles, shut):
                for clause in self._clauses(level.tiles, seeds, shut):
                    self.tiles.model.add_bool_or(clause)

    def _demand_lock(self) -> None:
        """The cells reached with all locked doors shut hold no goal and none at the edge."""
        tiles, roles, model = self.tiles, self.roles, self.tiles.model
        rows, columns = tiles.size
        reached = {cell: model.new_bool_var("") for cell in tiles.cells()}
        passable = roles.free & ~roles.locked
        for cell, here in reached.items():
            for literal in tiles.chosen(cell, roles.start):
                model.add_implication(literal, here)
            if cell[0] in (0, rows - 1) or cell[1] in (0, columns - 1):
                model.add(here == 0)
            for literal in tiles.chosen(cell, roles.goal):
                model.add_implication(literal, here.negated())
            closed = tiles.chosen(cell, ~passable)
            for near in _neighbours(cell, tiles.size):
                model.add_bool_or([here, reached[near].negated(), *closed])

    def check(self, tiles: Tiles) -> list[list[Any]]:
        """Return clauses that tiles from which no goal is reached do not keep; none if one is."""
        if not self.needs.rules:
            return []
        roles = self.roles
        seeds = _cells(roles.start[tiles])
        if roles.has_keys and not self._reach(tiles, seeds, (), shut=True).keys:
            return [*self._clauses(tiles, seeds, True)]
        reach = self._reach(tiles, seeds, ())
        if not any(roles.goal[tiles[cell]] for cell in reach.cells):
            return [*self._clauses(tiles, seeds, False), *self._around_goal(tiles)]
        if roles.has_keys and self.legend.keys.used_up:
            level = with_tiles(self.level, tiles)
            verdict = game_of(self.legend).solve(level, self.legend)
            if isinstance(verdict, Unsolvable):
                return [self._more_of_anything(tiles, reach)]
        return []

    def _components(self, tiles: Tiles, shut: bool) -> Iterator[list[Cell]]:
        """Yield a cell of each part of a level between which nobody walks."""
        seen: set[Cell] = set()
        for cell in self.tiles.cells():
            if cell not in seen and self.roles.free[tiles[cell]]:
                seen |= self._reach(tiles, [cell], (), shut).cells
                yield [cell]

    def _reach(
        self, tiles: Tiles, seeds: Iterable[Cell], keys: Iterable[str], shut: bool = False
    ) -> _Reach:
        """Return what is reached from some cells with keys in hand; keys on the way are taken.

        With `shut`, they open nothing.
        """
        roles, size = self.roles, self.tiles.size
        stack = list(seeds)
        cells, hand, frontier = set(stack), set(keys), set[Cell]()
        waiting: dict[str, list[Cell]] = {}
        while stack:
            cell = stack.pop()
            if roles.key[tiles[cell]] and roles.opens(tiles[cell]) not in hand:
                hand.add(roles.opens(tiles[cell]))
                for door in () if shut else waiting.pop(roles.opens(tiles[cell]), ()):
                    if door not in cells:
                        cells.add(door)
                        stack.append(door)
            for near in _neighbours(cell, size):
                symbol = tiles[near]
                if near in cells:
                    continue
                if not roles.free[symbol]:
                    frontier.add(near)
                elif roles.locked[symbol] and (shut or roles.opens(symbol) not in hand):
                    frontier.add(near)
                    waiting.setdefault(roles.opens(symbol), []).append(near)
                else:
                    cells.add(near)
                    stack.append(near)
        return _Reach(cells, hand, frontier - cells)

    def _clauses(self, tiles: Tiles, seeds: Iterable[Cell], shut: bool) -> Iterator[list[Any]]:
        """Yield the clauses of what is reached, and of what is behind one and more openings.

        Args:
            tiles: In which it is reached.
            seeds: Where from.
            shut: Whether clauses say that a key is reached with all doors shut, instead of a goal.
        """
        reach = self._reach(tiles, seeds, (), shut)
        while True:
            yield self._clause(reach, shut)
            if not reach.frontier:
                return
            reach = self._reach(tiles, reach.cells | reach.frontier, reach.keys, shut)

    def _around_goal(self, tiles: Tiles) -> Iterator[list[Any]]:
        """Yield the clause of all cells but those of the goal, and the walls and doors around."""
        roles, size = self.roles, self.tiles.size
        stack = _cells(roles.goal[tiles])
        part, around = set(stack), set[Cell]()
        while stack:
            for near in _neighbours(stack.pop(), size):
                if near in part:
                    continue
                if roles.free[tiles[near]] and not roles.locked[tiles[near]]:
                    part.add(near)
                    stack.append(near)
                else:
                    around.add(near)
        cells = set(self.tiles.cells()) - part - around
        keys = {roles.opens(tiles[cell]) for cell in cells if roles.key[tiles[cell]]}
        frontier = {c for c in around if not cells.isdisjoint(_neighbours(c, size))}
        open_already = any(roles.free[tiles[c]] and roles.opens(tiles[c]) in keys for c in frontier)
        if any(roles.start[tiles[cell]] for cell in cells) and not open_already:
            yield self._clause(_Reach(cells, keys, frontier), False)

    def _clause(self, reach: _Reach, shut: bool) -> list[Any]:
        """Return what one of must be true so that a set of cells is left, or holds what is sought.

        That is a goal; or with `shut` a key, and doors do not help.
        """
        roles, chosen = self.roles, self.tiles.chosen
        inside = roles.key.copy() if shut else roles.goal.copy()
        opening = roles.free & ~roles.locked
        for name in () if shut else self.colours:
            if name not in reach.keys:
                inside |= roles.key & roles.of(name)
            else:
                opening |= roles.locked & roles.of(name)
        found = []
        for cell in self.tiles.cells():
            if cell in reach.cells:
                found += chosen(cell, inside)
            else:
                found += chosen(
                    cell, roles.start | opening if cell in reach.frontier else roles.start
                )
        return found

    def _more_of_anything(self, tiles: Tiles, reach: _Reach) -> list[Any]:
        """Return what can help where keys are used up: more free cells and keys, fewer doors."""
        roles, chosen = self.roles, self.tiles.chosen
        found = self._clause(reach, False)
        now = self.tiles.kind_of
        for cell in reach.cells:
            symbol = tiles[cell]
            helpful = roles.free & (roles.key | roles.goal)
            if roles.locked[symbol]:
                helpful = roles.free
            found += chosen(cell, helpful & (now != now[symbol]))
        had = {
            literal.index
            for cell in self.tiles.cells()
            for literal in chosen(cell, now == now[tiles[cell]])
        }
        return [literal for literal in found if literal.index not in had]


@dataclass(frozen=True)
class _Reach:
    """Cells, the colours of keys among them, and the cells beside that are not entered."""

    cells: set[Cell]
    keys: set[str]
    frontier: set[Cell]


class _Roles:
    """Which symbols of a legend do what, bool [symbols] each."""

    def __init__(self, legend: Legend) -> None:
        tiles = list(legend.tiles.values())
        self.has_keys = legend.game == "keydoor"
        self.free = ~legend.having(*BLOCKING, "box")
        self.start, self.goal = legend.having("start"), legend.having("goal")
        self.key = legend.having("key") & self.has_keys
        doors = np.array(["door" in tile.roles and tile.locked for tile in tiles])
        self.locked = doors & self.has_keys
        self.colours = np.array([tile.colour or "" for tile in tiles])
        if self.has_keys and not self.locked.any():
            self.locked = self.goal
            self.colours = np.full(len(tiles), "")

    def opens(self, symbol: int) -> str:
        """Colour of a key or door."""
        return str(self.colours[symbol])

    def of(self, colour: str) -> Symbols:
        """Symbols of a colour."""
        return np.asarray(self.colours == colour)

    def may_start(self) -> Symbols:
        """Symbols on which the player may start."""
        return self.start & self.free & ~self.goal

    def signatures(self) -> list[object]:
        """Say for each symbol what the rules know of it."""
        special = self.key | self.locked
        return [
            (
                *(bool(mask[s]) for mask in (self.free, self.start, self.goal)),
                *(bool(mask[s]) for mask in (self.key, self.locked)),
                self.opens(s) if special[s] else "",
            )
            for s in range(len(self.free))
        ]

    def choices(self, level: Level, needs: Needs) -> tuple[list[str], Symbols]:
        """Return the colours that a repaired level may have, and the symbols that cells may get."""
        special = self.key | self.locked
        wanted = np.zeros(len(special), dtype=bool)
        wanted[np.unique(level.tiles)] = True
        limited = False
        for symbols, count in needs.counts.values():
            if (symbols & special).any():
                wanted |= symbols & (count.least > 0)
                limited |= count.most is not None
        every = list(dict.fromkeys(self.colours[special].tolist()))
        whole = [
            c for c in every if (self.key & self.of(c)).any() and (self.locked & self.of(c)).any()
        ]
        here = [c for c in every if (special & wanted & self.of(c)).any()]
        names = every if limited else here
        if not set(names) & set(whole):
            names = [*names, *whole[:1]]
        offered = ~special | np.isin(self.colours, names)
        return names, offered & (~self.start | self.may_start())


def _neighbours(cell: Cell, size: tuple[int, int]) -> list[Cell]:
    row, column = cell
    near = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
    return [(r, c) for r, c in near if 0 <= r < size[0] and 0 <= c < size[1]]


def _cells(mask: NDArray[np.bool_]) -> list[Cell]:
    return [(int(row), int(column)) for row, column in np.argwhere(mask)]
