"""Platformers: A* over where the feet are and what the body is doing.

Time is counted in steps of one tile sideways. A jump follows the parabola that rises by `height`
and comes down again after `length` tiles, in whole tiles: rounded down on the rise and up on the
fall, so a gap is never called passable because of rounding. The rise may be cut short at any step;
a spring doubles it under the same gravity. Within one step the body moves down or up, aside once,
and on. The heuristic is the way sideways to a goal, so solutions have the fewest steps.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.games.game import Game
from gansmith.media.levels.games.verdict import (
    Budget,
    Exhausted,
    Limit,
    Solved,
    Undecided,
    Unsolvable,
    Verdict,
)
from gansmith.media.levels.legend import Jump, Legend
from gansmith.media.levels.level import Level

Mask = NDArray[np.bool_]
POSITION_BYTES = 250
EDGE = 2
"""Columns in which a level without a start or goal begins and ends."""
FASTEST = 3
"""Tiles that a body falls in one step at most."""
STEP = 1024
"""Cost of a step; one of a jump is 1, so that of all shortest ways one with few jumps is found."""
SLOWEST = 1 / 4096
"""Least tiles that a body falls in its first step; below, jumps would last for thousands."""
STAND, SWIM, FALL = 0, 1, 2


@dataclass(frozen=True)
class Scene:
    """Masks of a platformer level, `(rows, columns)` each.

    Attributes:
        solid: Stops the body, and carries it.
        carrying: Carries it from above only.
        slope: Is walked on, within its cell and over it.
        water: Is swum in.
        hazard: Kills.
        spring: Carries, and doubles jumps.
        start: At most one cell, of the feet.
        goal: Any of them ends the level.
    """

    solid: Mask
    carrying: Mask
    slope: Mask
    water: Mask
    hazard: Mask
    spring: Mask
    start: Mask
    goal: Mask


def solve_platformer(scene: Scene, jump: Jump, limit: Limit) -> Verdict:
    """Find a way with the fewest steps.

    Args:
        scene: What is where.
        jump: How the body jumps.
        limit: How long to search.

    Returns:
        The verdict; moves are the cells `(x, y)` of the feet, with the start. A jump over the top
        of the level has negative `y`. Measures: `jumps`, the `longest_flight` in steps, and
        `detour`, steps over the distance sideways.
    """
    body = Body(scene, jump)
    starts = body.starts()
    if not starts:
        return Unsolvable("there is no place to stand in the first two columns")
    if not body.ends:
        return Unsolvable("the goal is out of reach: nobody fits into it or stands there")
    budget = Budget(limit, POSITION_BYTES)
    try:
        states = _searched(body, starts, budget)
    except Exhausted as stop:
        return Undecided(stop.limit)
    if states is None:
        return Unsolvable(f"all {budget.nodes} positions that are reached were tried")
    cells = [body.place(cell) for cell, _ in states]
    motions = [motion for _, motion in states]
    leaps = [b for a, b in pairwise(motions) if b > FALL and a <= SWIM]
    flight = longest = 0
    for motion in motions:
        flight = flight + 1 if motion >= FALL else 0
        longest = max(longest, flight)
    sideways = abs(cells[-1][0] - cells[0][0])
    difficulty = {
        "jumps": len(leaps),
        "longest_flight": longest,
        "detour": (len(cells) - 1) / max(sideways, 1),
        "nodes": budget.nodes,
    }
    return Solved(cells, len(cells) - 1, difficulty)


class Body:
    """How a body moves in a scene.

    A state is a cell and a motion: `STAND`, `SWIM`, or a number of the table `motions` of falls and
    rises. Cells are numbers in a grid with air above the level and nothing that fits around it.
    """

    def __init__(self, scene: Scene, jump: Jump) -> None:
        self.rows, self.columns = scene.solid.shape
        self.above = 2 * math.ceil(jump.height) + jump.tall + 2
        self.wide = self.columns + 2
        solid, hazard = self._padded(scene.solid, True), self._padded(scene.hazard)
        room = ~(solid | hazard)
        room[-FASTEST - 1 :] = False
        fits = room.copy()
        for part in range(1, jump.tall):
            fits[part:] &= room[:-part]
        springs, slopes = self._padded(scene.spring), self._padded(scene.slope)
        carries = self._padded(scene.solid | scene.carrying | scene.slope | scene.spring)
        self.fits = fits.ravel().tolist()
        self.carried = (_over(carries) | slopes).ravel().tolist()
        self.wet = self._padded(scene.water).ravel().tolist()
        self.slopes = (slopes | _over(slopes)).ravel().tolist()
        self.springs = (springs | _over(springs)).ravel().tolist()
        self.start = np.flatnonzero(self._padded(scene.start)).tolist()
        touched = self._padded(scene.goal)
        for part in range(1, jump.tall):
            touched[part:] |= self._padded(scene.goal)[:-part]
        self.rests_at_end = not scene.goal.any()
        if self.rests_at_end:
            touched[:, -1 - EDGE : -1] = True
            touched &= np.array(self.carried).reshape(touched.shape)
        self.ends = set(np.flatnonzero(touched & fits).tolist())
        self._plan_motions(jump)

    def _padded(self, mask: Mask, border: bool = False) -> Mask:
        """Add air above, and columns at both sides and rows below that nobody is in."""
        sides = np.pad(mask, ((0, FASTEST + 1), (1, 1)), constant_values=border)
        sky = np.zeros((self.above, self.wide), dtype=bool)
        sky[:, [0, -1]] = border
        return np.concatenate([sky, sides])

    def _plan_motions(self, jump: Jump) -> None:
        """List the motions in the air: tiles of the next step, and the motion after it."""
        half = jump.length / 2
        curve = jump.height / half**2
        # Falls: numbers from FALL on; the last repeats itself.
        drops, step = [], 0
        while True:
            step += 1
            tiles = _ceil(curve * step**2) - _ceil(curve * (step - 1) ** 2)
            drops.append(min(tiles, FASTEST))
            if curve * (2 * step - 1) >= FASTEST + 1:
                break
        self.drops = drops
        self.rises: dict[int, tuple[int, int]] = {}
        self.leaps = []
        number = FALL + len(drops)
        for scale in (1.0, 2.0):
            peak = half * math.sqrt(scale)
            height = jump.height * scale
            heights = [
                math.floor(height * (1 - (max(peak - k, 0) / peak) ** 2) + 1e-9)
                for k in range(math.ceil(peak) + 1)
            ]
            self.leaps.append(number)
            for before, after in pairwise(heights):
                self.rises[number] = after - before, number + 1
                number += 1
            self.rises[number] = -1, -1
            number += 1
        self.motions = number

    def place(self, cell: int) -> tuple[int, int]:
        """Return column and row of a cell."""
        row, column = divmod(cell, self.wide)
        return column - 1, row - self.above

    def starts(self) -> list[tuple[int, int]]:
        """Return the states in which the level may begin."""
        if self.start:
            return [(cell, self.rest(cell)) for cell in self.start if self.fits[cell]]
        return [
            (cell, self.rest(cell))
            for row in range(self.above, self.above + self.rows)
            for cell in range(row * self.wide + 1, row * self.wide + 1 + EDGE)
            if self.fits[cell] and self.carried[cell]
        ]

    def rest(self, cell: int) -> int:
        """Return what a body does that came to a cell without rising."""
        if self.wet[cell]:
            return SWIM
        return STAND if self.carried[cell] else FALL

    def following(self, cell: int, motion: int) -> Iterator[tuple[int, int]]:
        """Yield the states after one step; motions in the air are those that were carried out."""
        if motion == SWIM:
            yield from self._strokes(cell)
        if motion <= SWIM:
            yield from self._walks(cell)
            yield from self._rise(cell, self.leaps[0])
            if self.springs[cell]:
                yield from self._rise(cell, self.leaps[1])
        elif motion in self.rises:
            yield from self._rise(cell, motion)
        if motion != SWIM:
            begun = motion - FALL if FALL <= motion < FALL + len(self.drops) else 0
            yield from self._fall(cell, begun)

    def _walks(self, cell: int) -> Iterator[tuple[int, int]]:
        for side in (-1, 1):
            if self.fits[cell + side] and self.carried[cell + side]:
                yield cell + side, self.rest(cell + side)
            for climb in (-self.wide, self.wide):
                to = cell + side + climb
                if (
                    (self.slopes[cell] or self.slopes[to])
                    and self.fits[to]
                    and self.carried[to]
                    and (self.fits[cell + side] or self.fits[cell + climb])
                ):
                    yield to, self.rest(to)

    def _strokes(self, cell: int) -> Iterator[tuple[int, int]]:
        for climb in (-self.wide, 0, self.wide):
            for side in (-1, 0, 1):
                to = cell + side + climb
                if self.fits[to] and (self.fits[cell + side] or self.fits[cell + climb]):
                    yield to, self.rest(to)

    def _rise(self, cell: int, motion: int) -> Iterator[tuple[int, int]]:
        """One step of a jump, or the part of it that the ceiling leaves."""
        tiles, after = self.rises[motion]
        if tiles < 0:
            return
        fits, wide = self.fits, self.wide
        column = 0
        while column < tiles and fits[cell - (column + 1) * wide]:
            column += 1
        for side in (-1, 0, 1):
            # How high the body gets on that side, leaving its column at any height.
            for up in range(tiles + 1):
                to = cell + side - up * wide
                if not fits[to] or not self._climbs(cell, side, up, column):
                    continue
                if up == tiles:
                    yield to, after
                elif not fits[to - wide]:
                    yield to, FALL

    def _climbs(self, cell: int, side: int, up: int, column: int) -> bool:
        """Say whether a body gets aside and up, if its own column is free for some tiles."""
        if side == 0:
            return up <= column
        for turn in range(min(up, column), -1, -1):
            if all(self.fits[cell + side - k * self.wide] for k in range(turn, up + 1)):
                return True
        return False

    def _fall(self, cell: int, begun: int) -> Iterator[tuple[int, int]]:
        """One step of a fall, until something carries the body or water takes it."""
        tiles, wide = self.drops[begun], self.wide
        after = FALL + min(begun + 1, len(self.drops) - 1)
        for side in (-1, 0, 1):
            for turn in range(tiles + 1) if side else (0,):
                # Down its own column for `turn` tiles, then aside, then down.
                at, down = cell, 0
                while down < turn and self._sinks(at):
                    at += wide
                    down += 1
                if down < turn or (turn and self._held(at)):
                    break
                if not self.fits[at + side]:
                    continue
                at += side
                while down < tiles and self._sinks(at):
                    at += wide
                    down += 1
                if self._held(at):
                    yield at, self.rest(at)
                elif down == tiles:
                    yield at, after

    def _held(self, cell: int) -> bool:
        return self.carried[cell] or self.wet[cell]

    def _sinks(self, cell: int) -> bool:
        return not self._held(cell) and self.fits[cell + self.wide]


def _over(mask: Mask) -> Mask:
    """Return the cells above those of a mask."""
    found = np.zeros_like(mask)
    found[:-1] = mask[1:]
    return found


def _ceil(tiles: float) -> int:
    return math.ceil(tiles - 1e-9)


def _searched(
    body: Body, starts: list[tuple[int, int]], budget: Budget
) -> list[tuple[int, int]] | None:
    """Return the states of a way with the fewest steps, or None if no goal is reached."""
    columns = np.array(sorted({cell % body.wide for cell in body.ends}))
    far = [STEP * int(np.abs(columns - column).min()) for column in range(body.wide)]
    wide, kinds, leaps = body.wide, body.motions, [leap + 1 for leap in body.leaps]
    came: dict[int, tuple[int, int]] = {}
    queue: list[tuple[int, int, int]] = []
    for cell, motion in starts:
        came[cell * kinds + motion] = 0, -1
        queue.append((far[cell % wide], 0, cell * kinds + motion))
    heapq.heapify(queue)
    while queue:
        _, left, state = heapq.heappop(queue)
        if came[state][0] < -left:
            continue
        cell, motion = divmod(state, kinds)
        if cell in body.ends and (motion == STAND or not body.rests_at_end):
            found = []
            while state >= 0:
                found.append(divmod(state, kinds))
                state = came[state][1]
            return found[::-1]
        budget.spend(len(came))
        for to, doing in body.following(cell, motion):
            cost, after = STEP - left + (doing in leaps), to * kinds + doing
            if after not in came or came[after][0] > cost:
                came[after] = cost, state
                heapq.heappush(queue, (cost + far[to % wide], -cost, after))
    return None


def _problems(level: Level, legend: Legend) -> list[str]:
    scene, jump = scene_of(level, legend), jump_of(legend)
    body = Body(scene, jump)
    found = []
    if scene.start.sum() > 1:
        found.append(f"it has {scene.start.sum()} starts, takes 1 or none")
    if len(body.starts()) == 0:
        place = "at the start" if scene.start.any() else "in the first two columns"
        found.append(f"there is no place for the body {place}")
    if scene.goal.any() and body.ends & set(body.start):
        found.append("trivial: the start is on the goal")
    return found


def _search(level: Level, legend: Legend, limit: Limit) -> Verdict:
    return solve_platformer(scene_of(level, legend), jump_of(legend), limit)


def jump_of(legend: Legend) -> Jump:
    """Return how the body of a legend jumps.

    Raises:
        GansmithError: The legend does not say, or the jump is too flat.
    """
    if legend.jump is None:
        raise GansmithError("the legend has no 'jump:': add height and length in tiles")
    if legend.jump.height / (legend.jump.length / 2) ** 2 < SLOWEST:
        raise GansmithError(
            f"a jump of height {legend.jump.height:g} and length {legend.jump.length:g} is too "
            "flat: make it higher or shorter"
        )
    return legend.jump


def scene_of(level: Level, legend: Legend) -> Scene:
    """Return the masks of a level."""
    return Scene(
        solid=level.mask(legend, "solid", "block", "brick", "false_brick", "crumbling"),
        carrying=level.mask(legend, "one_way", "breakable"),
        slope=level.mask(legend, "slope_up", "slope_down"),
        water=level.mask(legend, "water"),
        hazard=level.mask(legend, "hazard"),
        spring=level.mask(legend, "spring"),
        start=level.mask(legend, "start"),
        goal=level.mask(legend, "goal"),
    )


PLATFORMER = Game("platformer", _problems, _search)
