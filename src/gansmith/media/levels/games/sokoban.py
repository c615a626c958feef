"""Sokoban: weighted A* over pushes.

A position is the set of boxes and the region that the player reaches, both as the bits of one
integer each: cell `row * columns + column` is bit `1 << cell`. So flooding the region, listing the
pushes and testing for frozen boxes are a few shifts each. The lower bound is the cheapest
assignment of boxes to targets by push distance; it is updated from the parent's, since one box
moved. Pruned is only what cannot be won: dead squares, frozen boxes off their targets, and boxes
without a target of their own. So an exhausted search is a proof.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games.game import BLOCKING, Game, start_problems
from gansmith.media.levels.games.orientation import commands_of, upright
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
WEIGHT = 3
"""Of the lower bound against the pushes made: solutions get up to this factor longer than needed
and are found many times faster."""
MOST_BOXES = 100
POSITION_BYTES, BOX_BYTES = 300, 30
"""Memory of a stored position or assignment, and for each box in it."""
FAR = 1 << 20
"""Pushes from a cell to a target that it never reaches."""

Assignment = tuple[int, tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""Cost, cell of each box, its target, and the dual values of boxes and targets."""


def solve_boxes(
    solid: Mask, boxes: Mask, targets: Mask, start: tuple[int, int], limit: Limit
) -> Verdict:
    """Solve a level whose outer border is closed to the player.

    Args:
        solid: Cells that nobody enters, `(rows, columns)`.
        boxes: Cells with a box.
        targets: As many cells as boxes.
        start: Row and column of the player.
        limit: How long to search.

    Returns:
        The verdict; a solution has capital letters where a box is pushed, and the same length for
        a turned or mirrored level.
    """
    columns = solid.shape[1]
    player = np.zeros_like(solid)
    player[start] = True
    (solid, boxes, targets, player), cells = upright([solid, boxes, targets, player])
    board = Board(solid, boxes, targets, player)
    if board.hopeless:
        return Unsolvable(board.hopeless)
    budget = Budget(limit, POSITION_BYTES + BOX_BYTES * board.boxes.bit_count())
    try:
        pushes = _pushes(board, budget)
    except Exhausted as stop:
        return Undecided(stop.limit)
    if pushes is None:
        return Unsolvable(f"all {budget.nodes} positions without a deadlock were tried")
    path, pushed = board.walk(pushes)
    steps = commands_of(cells.ravel()[path].tolist(), columns)
    moves = "".join(m.upper() if p else m for m, p in zip(steps, pushed, strict=True))
    changes = sum(a + step != b for (a, step), (b, _) in pairwise(pushes))
    difficulty = {"pushes": len(pushes), "box_changes": changes, "nodes": budget.nodes}
    return Solved(moves, len(moves), difficulty)


class Board:
    """What does not change during the search, as bits."""

    def __init__(self, solid: Mask, boxes: Mask, targets: Mask, player: Mask) -> None:
        self.columns = solid.shape[1]
        self.steps = (-1, 1, -self.columns, self.columns)
        self.player = _bits(player)
        self.floor = self.flood(self.player, _bits(~solid))
        self.boxes, self.targets = _bits(boxes) & self.floor, _bits(targets) & self.floor
        self.pushes_to = {t: self._distances(t) for t in _cells(self.targets)}
        self.alive = 0
        for distances in self.pushes_to.values():
            for cell in distances:
                self.alive |= 1 << cell
        self.hopeless = ""
        if _bits(boxes & ~targets) & ~self.floor or (
            self.boxes.bit_count() != self.targets.bit_count()
        ):
            self.hopeless = "a box or a target is out of reach"
        elif self.boxes & ~self.alive:
            self.hopeless = "a box stands where no push leads to a target"
        order = sorted(self.pushes_to)
        self.costs = {
            cell: tuple(self.pushes_to[t].get(cell, FAR) for t in order)
            for cell in _cells(self.alive)
        }

    def flood(self, seed: int, free: int) -> int:
        """Return the cells of `free` that are connected with `seed`."""
        columns = self.columns
        while True:
            seen = (seed | seed << 1 | seed >> 1) & free
            seen |= (seen << columns | seen >> columns) & free
            if seen == seed:
                return seed
            seed = seen

    def _distances(self, target: int) -> dict[int, int]:
        """Return the pushes from each cell to a target on an empty board, by pulling from it."""
        found, edge = {target: 0}, [target]
        for cell in edge:
            for step in self.steps:
                box, man = cell - step, cell - 2 * step
                if box not in found and self.floor >> box & 1 and self.floor >> man & 1:
                    found[box] = found[cell] + 1
                    edge.append(box)
        return found

    def deadlocked(self, boxes: int) -> bool:
        """Say whether boxes that can never move again stand off their targets.

        All boxes are taken as frozen, then those are released that can be pushed along a row or
        column if the others stay: what remains holds itself.
        """
        columns, walls, dead = self.columns, ~self.floor, ~self.alive
        aside, below = (dead << 1) & (dead >> 1), (dead << columns) & (dead >> columns)
        held = boxes
        while held:
            firm = walls | held
            still = held & (firm << 1 | firm >> 1 | aside)
            still &= firm << columns | firm >> columns | below
            if still == held:
                break
            held = still
        return bool(held & ~self.targets)

    def walk(self, pushes: list[tuple[int, int]]) -> tuple[list[int], list[bool]]:
        """Return the cells of the player for a list of pushes, and which of the steps push."""
        boxes, path, pushed = self.boxes, [self.player.bit_length() - 1], []
        for box, step in pushes:
            approach = self._shortest(path[-1], box - step, self.floor & ~boxes)
            path += [*approach, box]
            pushed += [False] * len(approach) + [True]
            boxes ^= 1 << box | 1 << box + step
        return path, pushed

    def _shortest(self, start: int, goal: int, free: int) -> list[int]:
        came, edge = {goal: goal}, [goal]
        for cell in edge:
            if cell == start:
                break
            for step in self.steps:
                if cell + step not in came and free >> cell + step & 1:
                    came[cell + step] = cell
                    edge.append(cell + step)
        path = []
        while start != goal:
            start = came[start]
            path.append(start)
        return path


def _pushes(board: Board, budget: Budget) -> list[tuple[int, int]] | None:
    """Return pushes (cell of the box, step) that win, or None where there are none."""
    columns, floor, alive, targets = board.columns, board.floor, board.alive, board.targets
    first = _assigned(board.costs, tuple(_cells(board.boxes)))
    if first[0] >= FAR or board.deadlocked(board.boxes):
        return None
    assignments: dict[int, Assignment | None] = {board.boxes: first}
    reach = board.flood(board.player, floor & ~board.boxes)
    nodes = [(board.boxes, reach, 0, -1, 0, 0)]
    seen = {(board.boxes, reach & -reach)}
    queue = [(WEIGHT * first[0], 0)]
    while queue:
        _, index = heapq.heappop(queue)
        budget.spend(len(nodes) + len(assignments))
        boxes, reach, made, *_ = nodes[index]
        parent = assignments[boxes]
        assert parent is not None
        free = alive & ~boxes
        for step, movable in (
            (-1, boxes & reach >> 1 & free << 1),
            (1, boxes & reach << 1 & free >> 1),
            (-columns, boxes & reach >> columns & free << columns),
            (columns, boxes & reach << columns & free >> columns),
        ):
            while movable:
                bit = movable & -movable
                movable ^= bit
                box = bit.bit_length() - 1
                moved = boxes ^ bit ^ (1 << box + step)
                if moved in assignments:
                    assignment = assignments[moved]
                else:
                    assignment = None
                    if not board.deadlocked(moved):
                        assignment = _reassigned(board.costs, parent, box, box + step)
                        if assignment[0] >= FAR:
                            assignment = None
                    assignments[moved] = assignment
                if assignment is None:
                    continue
                region = board.flood(bit, floor & ~moved)
                key = (moved, region & -region)
                if key in seen:
                    continue
                seen.add(key)
                nodes.append((moved, region, made + 1, index, box, step))
                if moved == targets:
                    return _retraced(nodes)
                heapq.heappush(queue, (made + 1 + WEIGHT * assignment[0], len(nodes) - 1))
    return None


def _retraced(nodes: list[tuple[int, int, int, int, int, int]]) -> list[tuple[int, int]]:
    pushes, index = [], len(nodes) - 1
    while index:
        *_, parent, box, step = nodes[index]
        pushes.append((box, step))
        index = parent
    return pushes[::-1]


def _assigned(costs: dict[int, tuple[int, ...]], boxes: tuple[int, ...]) -> Assignment:
    """Return the cheapest assignment of boxes to targets."""
    count = len(boxes)
    row_of, rows, columns = [-1] * count, [0] * count, [0] * count
    for row in range(count):
        _augment([costs[box] for box in boxes], row, row_of, rows, columns)
    return _assignment(costs, boxes, row_of, rows, columns)


def _reassigned(
    costs: dict[int, tuple[int, ...]], parent: Assignment, old: int, new: int
) -> Assignment:
    """Return the cheapest assignment after one box moved: one augmentation, not one per box."""
    _, boxes, owners, duals, prices = parent
    row = boxes.index(old)
    boxes = (*boxes[:row], new, *boxes[row + 1 :])
    row_of, rows, columns = list(owners), list(duals), list(prices)
    row_of[row_of.index(row)] = -1
    rows[row] = 0
    _augment([costs[box] for box in boxes], row, row_of, rows, columns)
    return _assignment(costs, boxes, row_of, rows, columns)


def _assignment(
    costs: dict[int, tuple[int, ...]],
    boxes: tuple[int, ...],
    row_of: list[int],
    rows: list[int],
    columns: list[int],
) -> Assignment:
    total = sum(costs[boxes[row]][column] for column, row in enumerate(row_of))
    return total, boxes, tuple(row_of), tuple(rows), tuple(columns)


def _augment(
    table: list[tuple[int, ...]],
    row: int,
    row_of: list[int],
    rows: list[int],
    columns: list[int],
) -> None:
    """Match one more row (Kuhn's method with dual values, one step of it), in place.

    Args:
        table: Cost of each pair of a row and a column.
        row: Without a column yet.
        row_of: Row of each column, -1 if it has none.
        rows: Dual value of each row.
        columns: Dual value of each column.
    """
    open_columns = list(range(len(columns)))
    least = [FAR * FAR] * len(columns)
    before, tree, current, last = [-1] * len(columns), list[int](), row, -1
    while True:
        costs, offset = table[current], rows[current]
        best, nearest = FAR * FAR, -1
        for column in open_columns:
            slack = costs[column] - offset - columns[column]
            if slack < least[column]:
                least[column], before[column] = slack, last
            if least[column] < best:
                best, nearest = least[column], column
        rows[row] += best
        for column in tree:
            rows[row_of[column]] += best
            columns[column] -= best
        for column in open_columns:
            least[column] -= best
        open_columns.remove(nearest)
        tree.append(nearest)
        last, current = nearest, row_of[nearest]
        if current < 0:
            break
    while last >= 0:
        previous = before[last]
        row_of[last] = row if previous < 0 else row_of[previous]
        last = previous


def _bits(mask: Mask) -> int:
    return sum(1 << cell for cell in np.flatnonzero(mask).tolist())


def _cells(bits: int) -> Iterator[int]:
    while bits:
        yield (bits & -bits).bit_length() - 1
        bits &= bits - 1


def _problems(level: Level, legend: Legend) -> list[str]:
    found = start_problems(level, legend)
    solid, boxes, targets = _masks(level, legend)
    if not boxes.any():
        found.append("it has no box")
    elif boxes.sum() > MOST_BOXES:
        found.append(f"it has {boxes.sum()} boxes, takes up to {MOST_BOXES}")
    elif boxes.sum() != targets.sum():
        found.append(f"it has {boxes.sum()} boxes and {targets.sum()} targets")
    elif not (boxes & ~targets).any():
        found.append("trivial: every box is on a target from the start")
    if (solid & (boxes | targets)).any() or (boxes & level.mask(legend, "start")).any():
        found.append("two things are on one cell")
    if not found and open_edge(solid, level.cells(legend, "start")[0]):
        found.append("the border is open")
    return found


def open_edge(solid: Mask, start: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the cells at the edge of a level that the player would get to without boxes.

    Args:
        solid: Cells that nobody enters, `(rows, columns)`.
        start: Row and column of the player.
    """
    rows, columns = solid.shape
    walls = np.pad(solid, 1, constant_values=True)
    reached, seen = [start], {start}
    for row, column in reached:
        for cell in ((row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column)):
            if cell not in seen and not walls[cell[0] + 1, cell[1] + 1]:
                seen.add(cell)
                reached.append(cell)
    return [cell for cell in reached if cell[0] in (0, rows - 1) or cell[1] in (0, columns - 1)]


def _search(level: Level, legend: Legend, limit: Limit) -> Verdict:
    return solve_boxes(*_masks(level, legend), level.cells(legend, "start")[0], limit)


def _masks(level: Level, legend: Legend) -> tuple[Mask, Mask, Mask]:
    solid = level.mask(legend, *BLOCKING)
    return solid, level.mask(legend, "box"), level.mask(legend, "target")


SOKOBAN = Game("sokoban", _problems, _search)
