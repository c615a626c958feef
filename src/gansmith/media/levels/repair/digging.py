"""Digging: gold, and the way to the top, come within reach of one part of the level.

Without open holes, a level is a graph that nothing changes (`games/digger.py`). Of its strongly
connected parts, the one with most of the gold and cells is home. Three things are then missing, or
not: a way from the start to home; for each piece of gold elsewhere, a way there and back; after the
last gold, a way from home to the top row. Each missing way is the cheapest in a second graph, whose
edges may change tiles: to a ladder or a rope, or to nothing where there is ground below. Gold
whose ways would cost more than to move it is put home instead. Where all gold is at home, the
solver has only to walk; it judges the result all the same, and changes that it does not need are
taken back.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.games import Limit
from gansmith.media.levels.games.cave import Cave, Edge
from gansmith.media.levels.games.digger import ROUNDS, Parts, tiles_of
from gansmith.media.levels.games.game import BLOCKING
from gansmith.media.levels.games.verdict import Budget
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level

Tiles = NDArray[np.uint16]
Change = dict[tuple[int, int], int]
"""New symbols of cells."""
FREE, LADDER, ROPE = range(3)
"""What a cell of a way is: nothing to hold on to, or one of these."""
State = tuple[int, int]
"""A cell, and what it is."""
STEPS = 60
"""Changes that are made one after another, at most."""
WORTH = 2.5
"""Changes that a way to a piece of gold is worth; to move the gold are two."""
CHEAP = 1.5
"""What a way to a piece of gold costs that is built at once, before others are looked at."""
UNSURE, SURE = 0.5, 8.0
"""What a change costs besides 1, at most, and the difference of scores from which on it does."""
STEP = 1e-3
"""What a step costs, so that of equally cheap ways a short one is taken."""
NOWHERE = 0
"""A cell of the border, where nobody is."""


@dataclass(frozen=True)
class Made:
    """A change that was made.

    Attributes:
        after: Symbols of its cells since then.
        before: Those that they had.
    """

    after: Change
    before: Change

    def stands(self, tiles: Tiles) -> bool:
        """Say whether no later change touched its cells."""
        return all(tiles[cell] == symbol for cell, symbol in self.after.items())

    def undone(self, tiles: Tiles) -> Tiles:
        """Return the tiles without it."""
        found = tiles.copy()
        for cell, symbol in self.before.items():
            found[cell] = symbol
        return found


@dataclass(frozen=True)
class Way:
    """A way that changes tiles.

    Attributes:
        cost: Of its changes.
        end: Cell where it ends.
        states: Cells that change, and to what.
    """

    cost: float
    end: int
    states: Mapping[int, int]


class Plan:
    """What a level is before and after the last gold, and what changes of it cost."""

    def __init__(
        self,
        tiles: Tiles,
        legend: Legend,
        scores: NDArray[np.float32],
        editable: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> None:
        self.tiles, self.legend, self.scores, self.editable = tiles, legend, scores, editable
        self.rng = rng
        level = Level(tiles)
        masks = tiles_of(level, legend)
        self.before, self.after = Cave(masks, finished=False), Cave(masks, finished=True)
        start = level.cells(legend, "start")[0]
        self.start = (start[0] + 1) * self.before.columns + start[1] + 1
        having, other = legend.having, legend.having(*BLOCKING, "start", "collectible", "hazard")
        pure = ~other & ~legend.having("false_brick", "enemy")
        holds = having("ladder", "rope", "hidden_ladder")
        self.empty = having("empty") & pure & ~holds
        self.kinds = {
            FREE: self.empty,
            LADDER: having("ladder") & pure & ~having("hidden_ladder"),
            ROPE: having("rope") & pure & ~having("ladder", "hidden_ladder"),
        }
        self.hidden = having("hidden_ladder") & pure
        self.gold = having("collectible") & ~legend.having(*BLOCKING, "start")

    def place(self, cell: int) -> tuple[int, int]:
        """Return row and column of a cell."""
        row, column = divmod(cell, self.before.columns)
        return row - 1, column - 1

    def best(self, cell: int, symbols: NDArray[np.bool_]) -> int:
        """Return the symbol with the highest score at a cell."""
        members = np.flatnonzero(symbols)
        return int(members[self.scores[self.place(cell)][members].argmax()])

    def symbols(self, kind: int, *, finished: bool) -> NDArray[np.bool_]:
        """Return the symbols that a cell of a kind may get."""
        late = finished and kind == LADDER
        return np.asarray(self.kinds[kind] | self.hidden if late else self.kinds[kind])

    def change(self, states: Mapping[int, int], *, finished: bool) -> Change:
        """Return what a way changes."""
        return {
            self.place(cell): self.best(cell, self.symbols(kind, finished=finished))
            for cell, kind in states.items()
        }

    @cached_property
    def costs(self) -> list[list[float]]:
        """What it costs to change a cell to each kind, infinite where it must not."""
        return self._costs(finished=False)

    @cached_property
    def late_costs(self) -> list[list[float]]:
        """The same after the last gold, when hidden ladders serve too."""
        return self._costs(finished=True)

    def _costs(self, *, finished: bool) -> list[list[float]]:
        kept = ~self.editable | self.legend.having("start", "collectible")[self.tiles]
        held = np.take_along_axis(self.scores, self.tiles[..., None].astype(np.int64), 2)[..., 0]
        found = []
        for kind in self.kinds:
            symbols = self.symbols(kind, finished=finished)
            if not symbols.any():
                found.append([math.inf] * len(self.before.wall))
                continue
            gap = (held - self.scores[..., symbols].max(2)).clip(-SURE, SURE) / SURE
            price = np.where(kept, math.inf, 1 + UNSURE * gap)
            found.append(np.pad(price, 1, constant_values=math.inf).ravel().tolist())
        return found

    @cached_property
    def graph(self) -> dict[int, list[Edge]]:
        """Edges of all cells on which the hero can stay, before the last gold."""
        return _graph(self.before)

    @cached_property
    def parts(self) -> Parts:
        """Its strongly connected parts, as seen from a place that leads everywhere."""
        everywhere = [Edge(cell, "", 0) for cell in self.graph]
        return Parts({**self.graph, NOWHERE: everywhere}, NOWHERE, _unlimited())

    @cached_property
    def home(self) -> set[int]:
        """Cells of the part that is best: with gold, room for all of it, and many cells."""
        cells: dict[int, set[int]] = {}
        for cell, part in self.parts.of.items():
            if cell != NOWHERE:
                cells.setdefault(part, set()).add(cell)
        gold, total = self.parts.gold, max(self.before.everything.bit_count(), 1)

        def worth(part: int) -> float:
            size = len(cells[part])
            room = min(size / 2, total)
            return (gold[part].bit_count() + room) / total + size / len(self.graph)

        return cells[max(cells, key=lambda part: (worth(part), part))]

    @property
    def taken(self) -> int:
        """Bits of the gold that is free at home."""
        return self.parts.gold[self.parts.of[next(iter(self.home))]]

    @cached_property
    def upstream(self) -> set[int]:
        """Cells from which home is reached."""
        sources: dict[int, list[int]] = {}
        for cell, edges in self.graph.items():
            for edge in edges:
                sources.setdefault(edge.target, []).append(cell)
        return _spread(self.home, lambda cell: sources.get(cell, ()))

    @cached_property
    def downstream(self) -> set[int]:
        """Cells that are reached from home."""
        return _spread(self.home, lambda cell: [edge.target for edge in self.graph.get(cell, ())])

    def ways(
        self,
        sources: Iterable[int],
        targets: Iterable[int],
        *,
        most: float = math.inf,
        finished: bool = False,
    ) -> Iterator[Way]:
        """Yield the cheapest way from some cells to each of others, the cheapest first.

        Args:
            sources: Where ways begin.
            targets: Where they may end.
            most: What they may cost.
            finished: Whether it is after the last gold.
        """
        cave = self.after if finished else self.before
        costs = self.late_costs if finished else self.costs
        free = {} if finished else self.graph
        left = set(targets)
        trail: list[tuple[State, int, bool]] = []
        queue: list[tuple[float, int]] = []
        known: dict[State, float] = {}

        def enter(cell: int, cost: float, parent: int, sideways: bool) -> None:
            stops = cave.shut[cell] or cave.hazard[cell] or (sideways and cave.false_brick[cell])
            if not stops:
                push((cell, _kind(cave, cell)), cost, parent, False)
            for kind in self.kinds:
                price = costs[kind][cell]
                if price < math.inf and (kind == LADDER or _carries_nothing(cave, cell)):
                    push((cell, kind), cost + price, parent, True)

        def push(state: State, cost: float, parent: int, changed: bool) -> None:
            if cost < known.get(state, most):
                known[state] = cost
                trail.append((state, parent, changed))
                heapq.heappush(queue, (cost, len(trail) - 1))

        for source in sources:
            enter(source, 0.0, -1, False)
        while queue and left:
            cost, index = heapq.heappop(queue)
            (cell, kind), _, changed = trail[index]
            if cost > known[cell, kind]:
                continue
            if cell in left:
                left.discard(cell)
                yield Way(cost, cell, _states(trail, index))
            below = cell + cave.columns
            cost += STEP
            if kind == FREE and not cave.shut[below] and not cave.ladder[below]:
                enter(below, cost, index, False)
                continue
            if not changed:
                for edge in free.get(cell, ()):
                    push((edge.target, _kind(cave, edge.target)), cost, index, False)
            for command, step in cave.steps.items():
                if command != "u" or kind == LADDER:
                    enter(cell + step, cost, index, command != "d")


def improved(
    tiles: Tiles,
    legend: Legend,
    scores: NDArray[np.float32],
    editable: NDArray[np.bool_],
    rng: np.random.Generator,
    ends: float,
) -> tuple[Tiles, list[Made]] | None:
    """Bring all gold and the top row within reach.

    Args:
        tiles: Of a level with one start.
        legend: What they are.
        scores: Of each symbol, [rows, columns, symbols].
        editable: Cells that may change.
        rng: Draws places.
        ends: Until when, by `time.monotonic`.

    Returns:
        New tiles, and the changes in the order in which they were made; None where there are none
        that help, or no time.
    """
    tiles, made = tiles.copy(), list[Made]()
    for _ in range(STEPS):
        if time.monotonic() > ends:
            return None
        plan = Plan(tiles, legend, scores, editable, rng)
        if not plan.graph:
            return None
        changes = next_changes(plan)
        if changes is None:
            return tiles, made
        if not any(changes):
            return None
        for change in changes:
            made.append(Made(change, {cell: int(tiles[cell]) for cell in change}))
            for cell, symbol in change.items():
                tiles[cell] = symbol
    return None


def next_changes(plan: Plan) -> list[Change] | None:
    """Return changes that help together; none if nothing does, None if none is needed."""
    start = plan.start
    while not plan.before.firm[start]:
        start += plan.before.columns
    if start not in plan.upstream:
        return [_to_home(plan, start)]
    if not plan.before.everything:
        place = _place(plan, plan.gold)
        return [] if place is None else [{plan.place(place): plan.best(place, plan.gold)}]
    missing = plan.before.everything & ~plan.taken & ~plan.before.gold[plan.start]
    if missing:
        return _to_gold(plan, missing)
    top = range(plan.after.columns + 1, 2 * plan.after.columns - 1)
    way = next(plan.ways(plan.home, top, finished=True), None)
    if way is None:
        return []
    return [plan.change(way.states, finished=True)] if way.states else None


def _to_home(plan: Plan, start: int) -> Change:
    """Build a way from the start to home, or put the start there."""
    reached = _spread({start}, lambda cell: [edge.target for edge in plan.graph.get(cell, ())])
    way = next(plan.ways(reached, plan.upstream), None)
    movable = plan.editable[plan.place(plan.start)] and plan.empty.any()
    symbols = plan.legend.having("start") & ~plan.legend.having(*BLOCKING)
    place = _place(plan, symbols) if movable and symbols.any() else None
    if place is not None and (way is None or way.cost > WORTH):
        return {
            plan.place(plan.start): plan.best(plan.start, plan.empty),
            plan.place(place): plan.best(place, symbols),
        }
    return plan.change(way.states, finished=False) if way is not None else {}


def _to_gold(plan: Plan, missing: int) -> list[Change]:
    """Build ways to gold and back, or put it home."""
    lost = [cell for cell, bit in enumerate(plan.before.gold) if bit & missing]
    moved = _moved(plan, lost)
    group_of = {cell: plan.parts.of.get(cell, -cell) for cell in lost}
    numbers = Counter(group_of.values())
    best: dict[int, int] = {}
    least = WORTH if moved else math.inf
    for there in plan.ways(plan.downstream, lost, most=least * max(numbers.values())):
        number = numbers.pop(group_of[there.end], 0)
        if not number or there.cost >= least * number:
            continue
        back = next(plan.ways([there.end], plan.upstream, most=least * number - there.cost), None)
        if back is None:
            continue
        best, least = {**there.states, **back.states}, (there.cost + back.cost) / number
        if least < CHEAP:
            break
    if best:
        return [plan.change(best, finished=False)]
    gone = [cell for cell in lost if plan.editable[plan.place(cell)] and plan.empty.any()]
    return moved or [{plan.place(cell): plan.best(cell, plan.empty)} for cell in gone]


def _moved(plan: Plan, lost: list[int]) -> list[Change]:
    """Put gold home, as far as there is room for it."""
    found: list[Change] = []
    taken: set[int] = set()
    for cell in lost:
        place = _place(plan, plan.gold, taken)
        if place is None or not plan.editable[plan.place(cell)]:
            continue
        taken.add(place)
        found.append(
            {
                plan.place(cell): plan.best(cell, plan.empty),
                plan.place(place): plan.best(place, plan.gold),
            }
        )
    return found


def _place(plan: Plan, symbols: NDArray[np.bool_], taken: Collection[int] = ()) -> int | None:
    """Draw an empty cell at home, by the scores of some symbols there."""
    rooms = [
        cell
        for cell in sorted(plan.home)
        if plan.empty[plan.tiles[plan.place(cell)]]
        and plan.editable[plan.place(cell)]
        and cell not in taken
    ]
    if not rooms:
        return None
    scores = [float(plan.scores[plan.place(cell)][symbols].max()) for cell in rooms]
    return rooms[int((scores + plan.rng.gumbel(size=len(rooms))).argmax())]


def _graph(cave: Cave) -> dict[int, list[Edge]]:
    budget = _unlimited()
    return {
        cell: [*cave.walks(cell), *cave.digs(cell, (), 0, ROUNDS[0], budget)]
        for cell in range(len(cave.wall))
        if cave.stays(cell)
    }


def _unlimited() -> Budget:
    return Budget(Limit(seconds=math.inf, nodes=10**9), 1)


def _kind(cave: Cave, cell: int) -> int:
    """Say what a cell is that does not change."""
    return LADDER if cave.ladder[cell] else ROPE if cave.rope[cell] else FREE


def _carries_nothing(cave: Cave, cell: int) -> bool:
    """Say whether nothing stands on a cell, so that it need not carry after a change."""
    above = cell - cave.columns
    carries = cave.shut[cell] or cave.ladder[cell]
    return not carries or cave.shut[above] or cave.hangs[above]


def _states(trail: list[tuple[State, int, bool]], index: int) -> dict[int, int]:
    """Return the cells that change on a way; a ladder stays one where it is passed twice."""
    found: dict[int, int] = {}
    while index >= 0:
        (cell, kind), index, changed = trail[index]
        if changed and found.get(cell) != LADDER:
            found[cell] = kind
    return found


def _spread(cells: Iterable[int], following: Callable[[int], Iterable[int]]) -> set[int]:
    """Return some cells, and all that follow them."""
    seen = set(cells)
    pending = list(seen)
    while pending:
        fresh = set(following(pending.pop())) - seen
        seen |= fresh
        pending.extend(fresh)
    return seen
