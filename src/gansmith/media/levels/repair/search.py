"""Sokoban: edits are tried, guided by what cannot be done, and the solver judges.

Whether boxes get to their targets cannot be put into a small model. So each step of the search
lists changes that may help the boxes and targets that are in trouble (or any, where it is not known
which), the ones with the fewest edits first. The first level that is solved is taken; if none is,
the search goes on from the change that left the least trouble.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games import Limit, Solved, game_of
from gansmith.media.levels.games.game import BLOCKING
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.games.sokoban import Board, open_edge
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


class BoxTrouble:
    """Boxes that get to no target, and targets that no box gets to; and changes that may help."""

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

    def _symbols(self, *, box: bool, target: bool, start: bool = False) -> NDArray[np.bool_]:
        legend = self.legend
        found = legend.having("box") == box
        found &= (legend.having("target") == target) & (legend.having("start") == start)
        return np.asarray(found & ~legend.having(*BLOCKING))

    def _board(self, tiles: Tiles) -> Board | None:
        """Return what the solver knows of tiles, or None where the player can leave them."""
        level, legend = self.level_of(tiles), self.legend
        start = level.mask(legend, "start")
        if start.sum() != 1:
            return None
        blocked = level.mask(legend, *BLOCKING)
        if open_edge(blocked, level.cells(legend, "start")[0]):
            return None
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


def search(
    trouble: BoxTrouble,
    tiles: Tiles,
    keeps: Callable[[Level], bool],
    ends: float,
) -> tuple[Tiles, Solved] | None:
    """Change tiles until the level is solved.

    Args:
        trouble: Of the level.
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
