"""Sokoban and digging: edits are tried, guided by what cannot be done, and the solver judges.

Whether boxes get to their targets cannot be put into a small model. So each step of the search
lists changes that may help the boxes, targets or pieces of gold that are in trouble (or any, where
it is not known which), the ones with the fewest edits first. The first level that is solved is
taken; if none is, the search goes on from the change that left the least trouble.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games import Limit, Solved, game_of
from gansmith.media.levels.games.cave import Cave
from gansmith.media.levels.games.digger import ROUNDS, Parts, Planner, tiles_of
from gansmith.media.levels.games.game import BLOCKING
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.games.sokoban import Board
from gansmith.media.levels.games.verdict import Budget, Exhausted
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level, torn_cells
from gansmith.media.levels.repair.requests import edge_of, with_tiles

Cell = tuple[int, int]
Tiles = NDArray[np.uint16]
Change = dict[Cell, int]
"""New symbols of cells."""
AT_ONCE = 150
"""Changes that are looked at in one step of the search, at most."""
NODES = (300, 20_000)
"""Positions that the solver expands for a change, and for the one that left the least trouble."""


class Trouble(ABC):
    """What is wrong with levels of one game, and changes that may help."""

    def __init__(
        self,
        level: Level,
        legend: Legend,
        scores: NDArray[np.float32],
        editable: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> None:
        """Take what the changes depend on.

        Args:
            level: As it was.
            legend: What its tiles are.
            scores: Of each symbol, [rows, columns, symbols].
            editable: Cells that may change, bool [rows, columns].
            rng: Draws the order of changes that are alike.
        """
        self.level, self.legend, self.scores = level, legend, scores
        self.editable, self.rng = editable, rng

    @abstractmethod
    def score(self, tiles: Tiles) -> int:
        """Count what is in trouble; 0 says only that none is seen."""

    @abstractmethod
    def changes(self, tiles: Tiles) -> Iterator[Change]:
        """Yield changes that may help."""

    def best(self, cell: Cell, symbols: NDArray[np.bool_]) -> int:
        """Return the symbol with the highest score at a cell."""
        members = np.flatnonzero(symbols)
        return int(members[self.scores[cell][members].argmax()])

    def level_of(self, tiles: Tiles) -> Level:
        """Return the level with other tiles."""
        return with_tiles(self.level, tiles)

    def shuffled(self, cells: NDArray[np.bool_]) -> list[Cell]:
        """Return the cells of a mask in random order."""
        found = [(int(r), int(c)) for r, c in np.argwhere(cells)]
        return [found[place] for place in self.rng.permutation(len(found))]


class BoxTrouble(Trouble):
    """Boxes that get to no target, and targets that no box gets to."""

    def _symbols(self, *, box: bool, target: bool, start: bool = False) -> NDArray[np.bool_]:
        legend = self.legend
        found = legend.having("box") == box
        found &= (legend.having("target") == target) & (legend.having("start") == start)
        return np.asarray(found & ~legend.having(*BLOCKING))

    def _board(self, tiles: Tiles) -> Board | None:
        level, legend = self.level_of(tiles), self.legend
        start = level.mask(legend, "start")
        if start.sum() != 1:
            return None
        blocked = level.mask(legend, *BLOCKING)
        return Board(blocked, level.mask(legend, "box"), level.mask(legend, "target"), start)

    def score(self, tiles: Tiles) -> int:
        """Count boxes without a target of their own, and ones that can never move again."""
        board, legend = self._board(tiles), self.legend
        if board is None:
            return 1000
        boxes = np.flatnonzero(legend.having("box")[tiles]).tolist()
        owner: dict[int, int] = {}

        def matched(box: int, seen: set[int]) -> bool:
            for target, distances in board.pushes_to.items():
                if box in distances and target not in seen:
                    seen.add(target)
                    if target not in owner or matched(owner[target], seen):
                        owner[target] = box
                        return True
            return False

        left = sum(not matched(box, set()) for box in boxes)
        return 2 * left + board.deadlocked(board.boxes)

    def changes(self, tiles: Tiles) -> Iterator[Change]:
        """Open a wall; move a box, a target or the player; remove a box and a target."""
        board, legend = self._board(tiles), self.legend
        if board is None:
            return
        flat = np.arange(tiles.size).reshape(tiles.shape)
        floor = (np.vectorize(lambda cell: board.floor >> int(cell) & 1, otypes=[bool]))(flat)
        alive = (np.vectorize(lambda cell: board.alive >> int(cell) & 1, otypes=[bool]))(flat)
        boxes, targets = legend.having("box")[tiles], legend.having("target")[tiles]
        start = legend.having("start")[tiles]
        near = np.zeros_like(floor)
        near[1:] |= floor[:-1]
        near[:-1] |= floor[1:]
        near[:, 1:] |= floor[:, :-1]
        near[:, :-1] |= floor[:, 1:]
        inner = ~edge_of(tiles.shape)
        walls = legend.having(*BLOCKING)[tiles] & near & inner & self.editable
        empty = self._symbols(box=False, target=False)
        for cell in self.shuffled(walls):
            yield {cell: self.best(cell, empty)}
        stuck = boxes & ~(alive & floor)
        room = floor & ~boxes & ~start & self.editable
        order = [
            *self.shuffled(stuck & self.editable),
            *self.shuffled(boxes & ~stuck & self.editable),
        ]
        places = self.shuffled(room & alive & ~targets)
        for box in order:
            for place in places[: 12 if stuck[box] else 4]:
                yield {
                    box: self.best(box, self._symbols(box=False, target=bool(targets[box]))),
                    place: self.best(place, self._symbols(box=True, target=False)),
                }
        goals = self.shuffled(targets & ~boxes & ~start & self.editable)
        for target in goals:
            for place in self.shuffled(room & ~targets)[:6]:
                yield {
                    target: self.best(target, empty),
                    place: self.best(place, self._symbols(box=False, target=True)),
                }
        if boxes.sum() > 1:
            for box in order[:4]:
                if targets[box]:
                    yield {box: self.best(box, empty)}
                    continue
                for target in goals[:3]:
                    yield {
                        box: self.best(box, empty),
                        target: self.best(target, empty),
                    }


class GoldTrouble(Trouble):
    """Gold that is not reached, or from which there is no way back, and a top out of reach."""

    def _planned(self, tiles: Tiles) -> tuple[Planner, Parts, int] | None:
        """Return the graph of a level, its parts, and the part with the most gold and cells."""
        level = self.level_of(tiles)
        starts = level.cells(self.legend, "start")
        if len(starts) != 1:
            return None
        masks = tiles_of(level, self.legend)
        caves = Cave(masks, finished=False), Cave(masks, finished=True)
        origin = (starts[0][0] + 1) * caves[0].columns + starts[0][1] + 1
        planner = Planner(caves, origin, Budget(Limit(seconds=2.0, nodes=10**6), 600))
        planner.effort = ROUNDS[0]
        while not caves[0].firm[origin]:
            origin += caves[0].columns
        try:
            parts = Parts(planner.grown(origin), origin, planner.budget)
        except Exhausted:
            return None
        sizes = np.bincount(list(parts.of.values()), minlength=len(parts.gold))
        main = max(
            range(len(parts.gold)), key=lambda part: (parts.gold[part].bit_count(), sizes[part])
        )
        return planner, parts, main

    def _gold(self, planner: Planner, parts: Parts, main: int) -> list[Cell]:
        """Cells of gold that is not taken freely in a part."""
        cave = planner.caves[0]
        return [
            (cell // cave.columns - 1, cell % cave.columns - 1)
            for cell, bit in enumerate(cave.gold)
            if bit and not bit & parts.gold[main] and cell != planner.origin
        ]

    def _way_up(self, planner: Planner, parts: Parts, main: int) -> bool:
        return any(planner.top(cell) is not None for cell, part in parts.of.items() if part == main)

    def score(self, tiles: Tiles) -> int:
        """Count gold in trouble, and 3 for a top that is out of reach."""
        found = self._planned(tiles)
        if found is None:
            return 1000
        none = not self.legend.having("collectible")[tiles].any()
        try:
            return len(self._gold(*found)) + 3 * (not self._way_up(*found)) + 100 * none
        except Exhausted:
            return 1000

    def changes(self, tiles: Tiles) -> Iterator[Change]:
        """Build a ladder to the top or to gold; remove gold, or put it where it is reached."""
        found = self._planned(tiles)
        if found is None:
            return
        planner, parts, main = found
        legend, cave = self.legend, planner.caves[0]
        having = legend.having
        ladder = having("ladder") & ~having(*BLOCKING)
        gold = having("collectible") & ~having(*BLOCKING)
        empty = having("empty") & ~having(*BLOCKING)
        home = [
            (cell // cave.columns - 1, cell % cave.columns - 1)
            for cell, part in parts.of.items()
            if part == main
        ]
        trouble = self._gold(planner, parts, main)
        climbs = having("ladder")[tiles]
        if not self._way_up(planner, parts, main):
            ways = [self._ladder(tiles, row, 0, column, climbs, ladder) for row, column in home]
            yield from sorted((way for way in ways if way), key=len)[:10]
        rows_of: dict[int, list[int]] = {}
        for row, column in home:
            rows_of.setdefault(column, []).append(row)
        for row, column in trouble:
            for to in (column, column - 1, column + 1):
                for start in rows_of.get(to, ()):
                    if abs(start - row) <= 6:
                        way = self._ladder(tiles, start, row, to, climbs, ladder)
                        if way and len(way) <= 4:
                            yield way
        free = np.zeros(tiles.shape, dtype=bool)
        for row, column in home:
            free[row, column] = True
        free &= having("empty")[tiles] & self.editable
        places = self.shuffled(free)
        for at, cell in enumerate(trouble):
            if not self.editable[cell]:
                continue
            yield {cell: self.best(cell, empty)}
            if at < len(places):
                yield {cell: self.best(cell, empty), places[at]: self.best(places[at], gold)}
        removable = [cell for cell in trouble if self.editable[cell]]
        if len(removable) > 1:
            yield {cell: self.best(cell, empty) for cell in removable}
            moved = dict(zip(places, removable, strict=False))
            yield {
                **{cell: self.best(cell, empty) for cell in removable},
                **{place: self.best(place, gold) for place in moved},
            }
        if not having("collectible")[tiles].any() and places:
            yield {places[0]: self.best(places[0], gold)}

    def _ladder(
        self,
        tiles: Tiles,
        start: int,
        end: int,
        column: int,
        climbs: NDArray[np.bool_],
        symbols: NDArray[np.bool_],
    ) -> Change | None:
        """Return the change that puts a ladder between two rows, or None if it may not stand."""
        if not symbols.any():
            return None
        lower, upper = max(start, end), min(start, end)
        cells = [(row, column) for row in range(upper + 1 if upper else 0, lower + 1)]
        cells = [cell for cell in cells if not climbs[cell]]
        kept = self.legend.having("start", "collectible", "hidden_ladder")
        if not all(self.editable[cell] and not kept[tiles[cell]] for cell in cells):
            return None
        return {cell: self.best(cell, symbols) for cell in cells}


TROUBLES: dict[str, type[Trouble]] = {"sokoban": BoxTrouble, "digger": GoldTrouble}


def search(
    trouble: Trouble,
    tiles: Tiles,
    keeps: Callable[[Level], bool],
    ends: float,
) -> tuple[Tiles, Solved] | None:
    """Change tiles until the level is solved.

    Args:
        trouble: Of the game.
        tiles: To begin with.
        keeps: Whether a level keeps what is asked for.
        ends: Until when, by `time.monotonic`.

    Returns:
        The tiles and the verdict, or None if none were found in time.
    """
    legend = trouble.legend
    game = game_of(legend)
    original = trouble.level.tiles

    def solved(candidate: Tiles, nodes: int) -> Solved | None:
        level = trouble.level_of(candidate)
        left = min(max(ends - time.monotonic(), 0.01), 2.0)
        verdict = game.solve(level, legend, Limit(seconds=left, nodes=nodes))
        if not isinstance(verdict, Solved) or not keeps(level):
            return None
        return verdict if replay(level, legend, verdict.moves).won else None

    current, known = tiles, {tiles.tobytes()}
    verdict = solved(current, NODES[1])
    if verdict is not None:
        return current, verdict
    while time.monotonic() < ends:
        ranked: list[tuple[int, int, int, Any]] = []
        for number, change in enumerate(trouble.changes(current)):
            if number >= AT_ONCE or time.monotonic() > ends:
                break
            candidate = current.copy()
            for cell, symbol in change.items():
                candidate[cell] = symbol
            key = candidate.tobytes()
            if key in known:
                continue
            known.add(key)
            edits = int((candidate != original).sum())
            ranked.append((edits, trouble.score(candidate), number, candidate))
        ranked.sort(key=lambda entry: (entry[1] > 0, entry[0], entry[2]))
        for _, score, _, candidate in ranked:
            if score:
                break
            verdict = solved(candidate, NODES[0])
            if verdict is not None:
                return candidate, verdict
            if time.monotonic() > ends:
                return None
        if not ranked:
            return None
        best = min(ranked, key=lambda entry: (entry[1], entry[0], trouble.rng.random()))
        current = best[3]
        verdict = solved(current, NODES[1])
        if verdict is not None:
            return current, verdict
    return None


def whole(level: Level, legend: Legend) -> bool:
    """Say whether all objects of a level are whole."""
    return not torn_cells(level, legend).any()
