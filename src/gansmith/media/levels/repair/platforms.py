"""Platformers: a way with few changes, and CP-SAT for all that the changes must keep.

A* of the solver becomes a search over edits: a step that a wall stops costs one edit a cell that
has to be emptied, a landing in the air one for the platform below. The cheapest way is found over
the whole level, so only the columns around its edits change. It says which cells must be free, and
which must carry; CP-SAT then chooses the tiles, with counts, borders, locked cells and objects. A
way whose demands contradict each other or a request is planned again with these cells dearer.

Not every motion is tried (a body leaves its column first or last), and an edit that serves the way
twice may be paid twice, so no proof that there is none with fewer edits comes from this.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games.platformer import FALL, STAND, SWIM, Body, jump_of, scene_of
from gansmith.media.levels.legend import Count, Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.repair.model import Cell, Needs, TileModel

EDIT = 1 << 16
"""Cost of an edit; one of a step is 1."""
NEVER = 1 << 40
STOPS = ("solid", "block", "brick", "false_brick", "crumbling")
CARRIES = (*STOPS, "one_way", "breakable", "slope_up", "slope_down", "spring")

Demand = tuple[str, int]
"""What a way needs of a cell, by its number: that it is "free", "carries" or "drops" a body there,
or is "kept" as it is."""


class Step(NamedTuple):
    """A step of the body, and what it needs."""

    cell: int
    motion: int
    cost: int
    demands: tuple[Demand, ...]


@dataclass(frozen=True)
class Plan:
    """A way through a level.

    Attributes:
        cells: Of the feet, as in the solutions of the solver.
        demands: What it needs of cells.
    """

    cells: list[tuple[int, int]]
    demands: frozenset[Demand]


class Planner:
    """Finds ways through a level that may be changed."""

    def __init__(self, level: Level, legend: Legend, locked: NDArray[np.bool_] | None) -> None:
        """Look at a level.

        Args:
            level: As it is, but for cells that are asked to be something else.
            legend: What its tiles are.
            locked: Cells that no edit may change.
        """
        self.scene = scene_of(level, legend)
        self.body = body = Body(self.scene, jump_of(legend))
        self.size, self.tall = level.size, jump_of(legend).tall
        inside = np.zeros((body.above + level.size[0] + FASTEST_ROWS, body.wide), dtype=bool)
        inside[body.above : body.above + level.size[0], 1:-1] = True
        fixed = np.zeros_like(inside)
        if locked is not None:
            fixed[body.above : body.above + level.size[0], 1:-1] = locked
        ends = self.scene.start | self.scene.goal
        fixed[body.above : body.above + level.size[0], 1:-1] |= ends
        self.free_to_edit = (inside & ~fixed).ravel()
        blocked = np.zeros_like(inside)
        blocked[body.above : body.above + level.size[0], 1:-1] = (
            self.scene.solid | self.scene.hazard
        )
        blocked[:, [0, -1]] = True
        blocked[body.above + level.size[0] :] = True
        self.blocked = blocked.ravel()
        self.dear: dict[int, int] = {}

    def avoid(self, plan: Plan) -> None:
        """Make the cells dearer that a way changes, or needs in two ways."""
        needs: dict[int, set[str]] = {}
        for kind, cell in plan.demands:
            where = cell + self.body.wide if kind == "carries" else cell
            if 0 <= where < self.blocked.size:
                needs.setdefault(where, set()).add(kind)
        for cell, kinds in needs.items():
            if {"free", "carries"} <= kinds or (kinds & {"free", "carries"} and len(kinds) > 1):
                self.dear[cell] = self.dear.get(cell, 0) + EDIT
        for kind, cell in plan.demands:
            where = cell + self.body.wide if kind == "carries" else cell
            if 0 <= where < self.blocked.size and self.free_to_edit[where]:
                self.dear[where] = self.dear.get(where, 0) + EDIT // 4

    def costs(self) -> None:
        """Work out what it costs that a body fits on, is carried or falls at each cell."""
        wide, count = self.body.wide, self.blocked.size
        edit = np.where(self.free_to_edit, EDIT, NEVER)
        for cell, more in self.dear.items():
            edit[cell] += more
        clear = np.where(self.blocked, edit, 0)
        fits = clear.copy()
        for part in range(1, self.tall):
            fits[part * wide :] += clear[: count - part * wide]
        below = np.full(count, NEVER)
        below[:-wide] = edit[wide:]
        carried = np.array(self.body.carried)
        wet = np.array(self.body.wet)
        slope = np.array(self.body.slopes)
        self.fit = fits.tolist()
        self.carry = np.where(carried, 0, below).tolist()
        self.drop = np.where(wet | slope, NEVER, np.where(carried, below, 0)).tolist()

    def plan(self) -> Plan | None:
        """Return the cheapest way, or None if there is none."""
        self.costs()
        body, kinds = self.body, self.body.motions
        columns = np.array(sorted({cell % body.wide for cell in self._goals()}))
        far = [int(np.abs(columns - column).min()) for column in range(body.wide)]
        goals = set(self._goals())
        came: dict[int, tuple[int, int, tuple[Demand, ...]]] = {}
        queue: list[tuple[int, int, int]] = []

        def reach(step: Step, cost: int, before: int) -> None:
            state = step.cell * kinds + step.motion
            total = cost + step.cost
            if total < NEVER and (state not in came or came[state][0] > total):
                came[state] = total, before, step.demands
                heapq.heappush(queue, (total + far[step.cell % body.wide], total, state))

        for step in self._starts():
            reach(step, 0, -1)
        while queue:
            _, cost, state = heapq.heappop(queue)
            if came[state][0] < cost:
                continue
            cell, motion = divmod(state, kinds)
            if cell in goals and (motion == STAND or not body.rests_at_end):
                return self._plan(came, state)
            for step in self._steps(cell, motion):
                reach(step, cost + 1, state)
        return None

    def _plan(self, came: dict[int, tuple[int, int, tuple[Demand, ...]]], state: int) -> Plan:
        cells, demands = [], set[Demand]()
        while state >= 0:
            cells.append(self.body.place(state // self.body.motions))
            demands.update(came[state][2])
            state = came[state][1]
        return Plan(cells[::-1], frozenset(demands))

    def _goals(self) -> list[int]:
        if self.body.rests_at_end:
            rows = range(self.body.above, self.body.above + self.size[0])
            return [
                r * self.body.wide + c
                for r in rows
                for c in (self.body.wide - 3, self.body.wide - 2)
            ]
        rows_, columns = np.nonzero(self.scene.goal)
        found = (rows_ + self.body.above) * self.body.wide + columns + 1
        return [int(c) + part * self.body.wide for c in found for part in range(self.tall)]

    def _starts(self) -> Iterator[Step]:
        body = self.body
        if body.start:
            for cell in body.start:
                yield Step(cell, body.rest(cell), self.fit[cell], self._fitting(cell))
            return
        for row in range(body.above, body.above + self.size[0]):
            for cell in (row * body.wide + 1, row * body.wide + 2):
                cost = self.fit[cell] + self.carry[cell]
                yield Step(cell, self._rest(cell), cost, self._standing(cell))

    def _rest(self, cell: int) -> int:
        return SWIM if self.body.wet[cell] else STAND

    def _fitting(self, *cells: int) -> tuple[Demand, ...]:
        wide = self.body.wide
        return tuple(("free", cell - part * wide) for cell in cells for part in range(self.tall))

    def _standing(self, cell: int) -> tuple[Demand, ...]:
        held: Demand = ("kept", cell) if self.body.wet[cell] else ("carries", cell)
        return (*self._fitting(cell), held)

    def _steps(self, cell: int, motion: int) -> Iterator[Step]:
        """Yield what a body can do next, and what that costs and needs."""
        body = self.body
        if motion == SWIM:
            yield from self._strokes(cell)
        if motion <= SWIM:
            for side in (-1, 1):
                to = cell + side
                yield Step(to, self._rest(to), self._landing(to), self._standing(to))
            yield from self._slopes(cell)
            yield from self._rise(cell, body.leaps[0])
            if body.springs[cell]:
                yield from self._rise(cell, body.leaps[1])
        elif motion in body.rises:
            yield from self._rise(cell, motion)
        if motion != SWIM:
            begun = motion - FALL if FALL <= motion < FALL + len(body.drops) else 0
            yield from self._fall(cell, begun, standing=motion == STAND)

    def _landing(self, cell: int) -> int:
        """Cost of coming to rest on a cell."""
        held = 0 if self.body.wet[cell] else self.carry[cell]
        cost: int = self.fit[cell] + held
        return cost

    def _slopes(self, cell: int) -> Iterator[Step]:
        body = self.body
        for side in (-1, 1):
            for climb in (-body.wide, body.wide):
                to = cell + side + climb
                sloping = body.slopes[cell] or body.slopes[to]
                if not sloping or not body.carried[to] or not body.fits[to]:
                    continue
                way = cell + side if body.fits[cell + side] else cell + climb
                if body.fits[way]:
                    kept = tuple(("kept", c) for c in (cell, cell + body.wide, to, to + body.wide))
                    yield Step(to, self._rest(to), 0, (*self._fitting(way), *kept))

    def _strokes(self, cell: int) -> Iterator[Step]:
        for climb in (-self.body.wide, 0, self.body.wide):
            for side in (-1, 0, 1):
                to = cell + side + climb
                way = min((cell + side, cell + climb), key=lambda c: self.fit[c])
                motion = self.body.rest(to)
                held = ("kept", to) if motion == SWIM else ("drops", to)
                if motion == STAND:
                    held = ("carries", to)
                cost = self.fit[to] + (self.fit[way] if way not in (cell, to) else 0)
                yield Step(to, motion, cost, (*self._fitting(to, way), held, ("kept", cell)))

    def _rise(self, cell: int, motion: int) -> Iterator[Step]:
        tiles, after = self.body.rises[motion]
        if tiles < 0:
            return
        wide, fit = self.body.wide, self.fit
        column = [cell - k * wide for k in range(1, tiles + 1)]
        for side in (-1, 0, 1):
            to = cell + side - tiles * wide
            ways = [column]
            if side:
                beside = [cell + side - k * wide for k in range(tiles + 1)]
                ways = [[*column, to], beside] if tiles else [beside]
            way = min(ways, key=lambda cells: sum(fit[c] for c in cells))
            yield Step(to, after, sum(fit[c] for c in way), self._fitting(*way))
            for up in range(tiles):
                under = cell + side - up * wide
                if not self.body.fits[under] or self.body.fits[under - wide]:
                    continue
                way = [cell + side - k * wide for k in range(up + 1)] if side else column[:up]
                if all(self.body.fits[c] for c in way):
                    kept = self._fitting(*way)
                    yield Step(under, FALL, 0, (*kept, ("blocks", under - wide)))

    def _fall(self, cell: int, begun: int, *, standing: bool) -> Iterator[Step]:
        """One step of a fall: aside first, or last."""
        body, wide = self.body, self.body.wide
        tiles = body.drops[begun]
        after = FALL + min(begun + 1, len(body.drops) - 1)
        for side in (-1, 0, 1):
            if side == 0 and standing:
                continue
            at = cell + side
            cost = self.fit[at] if side else self.drop[at]
            demands = self._fitting(at) if side else (("drops", at),)
            for down in range(tiles + 1):
                if side or down:
                    land = 0 if body.wet[at] else self.carry[at]
                    held = self._standing(at)
                    yield Step(at, self._rest(at), cost + land, (*demands, *held))
                    if down == tiles:
                        yield Step(at, after, cost + self.drop[at], (*demands, ("drops", at)))
                if down < tiles:
                    through = self.drop[at] if side or down else 0
                    cost += through + self.fit[at + wide]
                    if cost >= NEVER:
                        break
                    demands = (*demands, ("drops", at), *self._fitting(at + wide))
                    at += wide
            if side and not standing and tiles:
                yield from self._aside_last(cell, side, tiles, after)

    def _aside_last(self, cell: int, side: int, tiles: int, after: int) -> Iterator[Step]:
        wide, cost, demands = self.body.wide, 0, list[Demand]()
        at = cell
        for _ in range(tiles):
            cost += self.drop[at] + self.fit[at + wide]
            demands += [("drops", at), *self._fitting(at + wide)]
            at += wide
        cost += self.drop[at] + self.fit[at + side]
        demands += [("drops", at), *self._fitting(at + side)]
        to = at + side
        land = 0 if self.body.wet[to] else self.carry[to]
        yield Step(to, self._rest(to), cost + land, (*demands, *self._standing(to)))
        yield Step(to, after, cost + self.drop[to], (*demands, ("drops", to)))


FASTEST_ROWS = 4
"""Rows below a level that nobody is in."""


def platform_model(
    level: Level,
    legend: Legend,
    scores: NDArray[np.float32],
    needs: Needs,
    planner: Planner,
    plan: Plan | None,
) -> TileModel:
    """Model a platformer on which one way must stay possible.

    Args:
        level: As it is.
        legend: What its tiles are.
        scores: Of each symbol, [rows, columns, symbols].
        needs: What to keep; the rules are the way.
        planner: Whose plan it is.
        plan: The way.
    """
    roles = _Roles(legend)
    tiles = TileModel(level, legend, scores, needs, roles.signatures(), roles.offered())
    if not needs.rules or plan is None:
        return tiles
    tiles.count(roles.start, Count(least=0, most=1))
    rows, columns = level.size
    body = planner.body

    def inside(cell: int) -> Cell | None:
        column, row = body.place(cell)
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    for kind, number in sorted(plan.demands):
        here, below = inside(number), inside(number + body.wide)
        if kind == "free" and here:
            tiles.model.add_bool_or(tiles.chosen(here, roles.room))
        elif kind == "carries":
            literals = tiles.chosen(here, roles.slope) if here else []
            literals += tiles.chosen(below, roles.carries) if below else []
            tiles.model.add_bool_or(literals)
        elif kind == "drops":
            if here:
                tiles.model.add_bool_or(tiles.chosen(here, ~roles.slope & ~roles.water))
            if below:
                tiles.model.add_bool_or(tiles.chosen(below, ~roles.carries))
        elif kind == "blocks" and here:
            tiles.model.add_bool_or(tiles.chosen(here, ~roles.room))
        elif kind == "kept":
            for cell in (here,) if here else ():
                same = tiles.kind_of == tiles.kind_of[level.tiles[cell]]
                tiles.model.add_bool_or(tiles.chosen(cell, same))
    # The way begins and ends where the level does.
    ends = roles.start | roles.goal
    for cell in tiles.cells():
        for literal in tiles.chosen(cell, ends):
            if not ends[level.tiles[cell]] and not _asked(needs, ends):
                tiles.model.add(literal == 0)
    (first_column, first_row), (last_column, last_row) = plan.cells[0], plan.cells[-1]
    if roles.start[level.tiles].any():
        tiles.model.add_bool_or(tiles.chosen((first_row, first_column), roles.start))
    if roles.goal[level.tiles].any():
        body_rows = [row for row in range(last_row - planner.tall + 1, last_row + 1) if row >= 0]
        touched = [x for row in body_rows for x in tiles.chosen((row, last_column), roles.goal)]
        tiles.model.add_bool_or(touched)
    return tiles


def _asked(needs: Needs, symbols: NDArray[np.bool_]) -> bool:
    return any((mask & symbols).any() for mask, _ in needs.counts.values())


class _Roles:
    """Which symbols of a legend do what in a platformer, bool [symbols] each."""

    def __init__(self, legend: Legend) -> None:
        self.room = ~legend.having(*STOPS, "hazard")  # type: ignore[arg-type]
        self.carries = legend.having(*CARRIES)  # type: ignore[arg-type]
        self.slope = legend.having("slope_up", "slope_down")
        self.water, self.spring = legend.having("water"), legend.having("spring")
        self.start, self.goal = legend.having("start"), legend.having("goal")
        self.special = self.slope | self.water | self.spring

    def signatures(self) -> list[object]:
        masks = (self.room, self.carries, self.slope, self.water, self.spring)
        return [
            tuple(bool(mask[s]) for mask in (*masks, self.start, self.goal))
            for s in range(len(self.room))
        ]

    def offered(self) -> NDArray[np.bool_]:
        """Symbols that cells may get; slopes, water and springs are never put anywhere."""
        return np.asarray(~self.special)
