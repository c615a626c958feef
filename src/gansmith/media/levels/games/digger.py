"""Digger: gold, ladders, and holes that close again; enemies are ignored.

All holes close, so a level without open holes is a graph that nothing changes: its nodes are the
cells on which the hero can stay, its edges what he walks, climbs and falls, and what he digs. An
edge of the second kind is a short search with open holes that ends where he can wait until they
have closed (`cave.py`). In a strongly connected part of this graph all gold is free; a depth-first
search over the parts finds an order that loses none, and the way to the top after the last gold
uses a second graph, in which hidden ladders are ladders.

The graph lacks edges that need longer digging than was tried, so no plan is no proof. Proofs come
from a relaxation, in which the hero walks through bricks and falls only if he wants to, and for
small levels from a search over all positions with all ages of holes.

Holes close after 20 turns; whether a hole still is one in its last turn is a matter of counting, so
solutions never depend on it.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import pairwise
from operator import or_

import numpy as np

from gansmith.media.levels.games.cave import (
    HOLE_TURNS,
    Cave,
    Edge,
    Effort,
    Position,
    Tiles,
    carry_out,
    next_position,
)
from gansmith.media.levels.games.game import Game, start_problems
from gansmith.media.levels.games.orientation import upright
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

POSITION_BYTES = 600
ROUNDS = (
    Effort(digs=1, positions=40, near=2),
    Effort(digs=3, positions=300, near=2),
    Effort(digs=15, positions=1500, near=2, dive=10),
    Effort(digs=3, positions=2500, near=8),
    Effort(digs=8, positions=6000, near=3),
    Effort(digs=20, positions=8000, near=4, dive=10),
)
FEW_BRICKS = 8
"""Bricks up to which all positions are tried."""
MOST_PLANS = 50
"""Orders of the gold that are carried out to the end in one round."""
COUNTS = (HOLE_TURNS, HOLE_TURNS + 1)
"""Turns after which a hole closes: solutions are right with either."""
AVOIDED = 1_000_000
"""Added to the length of an edge that would take the gold that is to be last."""


def solve_digger(
    tiles: Tiles, start: tuple[int, int], limit: Limit, *, enemies: bool = False
) -> Verdict:
    """Solve a level.

    Args:
        tiles: What is where.
        start: Row and column of the hero.
        enemies: Whether there are any. No rule is about them, but in play the hero walks on their
            heads, so that a search over all positions without them is no proof.
        limit: How long to search.

    Returns:
        The verdict; a mirrored level gets the same one.
    """
    hero = np.zeros_like(tiles.solid)
    hero[start] = True
    masks, cells = upright([*vars(tiles).values(), hero], gravity=True)
    tiles, hero = Tiles(*masks[:-1]), masks[-1]
    caves = Cave(tiles, finished=False), Cave(tiles, finished=True)
    origin = int(np.flatnonzero(np.pad(hero, 1))[0])
    budget = Budget(limit, POSITION_BYTES)
    out_of_reach = _out_of_reach(caves[1], origin, budget)
    if out_of_reach:
        return Unsolvable(out_of_reach)
    planner = Planner(caves, origin, budget)
    commands = None
    try:
        for effort in ROUNDS:
            commands = planner.plan(effort)
            if commands is not None:
                commands = planner.shortened(commands)
                break
        else:
            if enemies or sum(caves[0].brick) > FEW_BRICKS:
                return Undecided(None)
            commands = _tried(caves, origin, budget)
            if commands is None:
                return Unsolvable(f"all {budget.nodes} positions were tried")
    except Exhausted as stop:
        return Undecided(stop.limit)
    if cells[0, 0] > cells[0, -1]:
        commands = commands.translate(str.maketrans("lrzx", "rlxz"))
    difficulty = {
        "digs": sum(commands.count(command) for command in "zx"),
        "waits": commands.count("."),
        "digs_at_once": effort.digs,
        "nodes": budget.nodes,
    }
    return Solved(commands, len(commands), difficulty)


class Planner:
    """Finds commands in the graphs of a level."""

    def __init__(self, caves: tuple[Cave, Cave], origin: int, budget: Budget) -> None:
        self.caves, self.origin, self.budget = caves, origin, budget
        self.first = Position(origin, caves[0].gold[origin], ())
        self.everything = caves[0].everything
        self.effort = ROUNDS[0]
        self.ends: dict[int, list[Edge]] = {}
        self.tops: dict[int, str | None] = {}

    def plan(self, effort: Effort) -> str | None:
        """Return commands that win, or None where no edges of this effort do."""
        self.effort = effort
        self.ends, self.tops = {}, {}
        landing, cell = "", self.origin
        while not self.caves[0].firm[cell]:
            cell += self.caves[0].columns
            landing += "."
        landed, _ = carry_out(self.caves, self.first, landing)
        if landed is None or landed.gold == self.everything:
            return self.finished(landing) if landed else None
        graph = self.grown(cell)
        parts = Parts(graph, cell, self.budget)
        for count, ways in enumerate(self.orders(parts, cell, landed.gold)):
            commands = self.carried_out(parts, landing, landed, ways)
            if commands is not None or count == MOST_PLANS:
                return commands
        return None

    def grown(self, origin: int) -> dict[int, list[Edge]]:
        """Return the edges of all cells that are reached from one before the last gold."""
        cave, graph, edge = self.caves[0], dict[int, list[Edge]](), [origin]
        seen = {origin}
        for cell in edge:
            self.budget.spend()
            digs = cave.digs(cell, (), 0, self.effort, self.budget)
            graph[cell] = _best([*cave.walks(cell), *digs])
            fresh = {target for target, _, _ in graph[cell]} - seen
            seen |= fresh
            edge.extend(sorted(fresh))
        return graph

    def orders(self, parts: Parts, start: int, gold: int) -> Iterator[list[tuple[int, Edge]]]:
        """Yield ways through the parts that take all gold, depth first: edges between parts."""
        first = (parts.of[start], gold | parts.gold[parts.of[start]])
        seen = {first}
        stack: list[tuple[tuple[int, int], list[tuple[int, Edge]]]] = [(first, [])]
        while stack:
            (part, had), ways = stack.pop()
            self.budget.spend(len(seen))
            if had == self.everything:
                yield ways
            following = []
            for source, edge in parts.exits[part]:
                to = parts.of[edge.target]
                has = had | edge.gold | parts.gold[to]
                if (to, has) not in seen and not self.everything & ~(has | parts.downstream[to]):
                    seen.add((to, has))
                    following.append(((to, has), [*ways, (source, edge)]))
            # The last is tried first: the one that leaves most gold within reach.
            following.sort(key=lambda s: (parts.downstream[s[0][0]].bit_count(), s[0]))
            stack.extend(following)

    def carried_out(
        self, parts: Parts, landing: str, landed: Position, ways: list[tuple[int, Edge]]
    ) -> str | None:
        """Return commands for a way through the parts, or None if the top is out of reach."""
        cell, gold, commands = landed.cell, landed.gold, landing
        for source, edge in ways:
            trip = parts.tour(cell, gold, parts.gold[parts.of[cell]])
            trip += parts.route(trip[-1].target if trip else cell, source)
            for step in (*trip, edge):
                commands += step.commands
                gold |= step.gold
            cell = edge.target
        missing = self.everything & ~gold
        if not missing:
            return self.finished(commands)
        lasts = [cell for cell, bit in enumerate(self.caves[0].gold) if bit & missing]
        for last in sorted(lasts, key=lambda last: self.top(last) is None):
            bit = self.caves[0].gold[last]
            trip = parts.tour(cell, gold, missing & ~bit, avoid=bit)
            had = reduce(or_, (step.gold for step in trip), gold)
            trip += parts.tour(trip[-1].target if trip else cell, had, bit)
            found = self.finished(commands + "".join(step.commands for step in trip))
            if found is not None:
                return found
        return None

    def finished(self, commands: str) -> str | None:
        """Go to the top after the last gold; None where no way is known."""
        position, turn = carry_out(self.caves, self.first, commands, until_complete=True)
        if position is None or position.gold != self.everything:
            return None
        commands, cave = commands[:turn], self.caves[1]
        if cave.stays(position.cell) and not position.holes:
            ends = [Edge(position.cell, "", 0)]
        else:
            holes = tuple((hole, turn - 1 - HOLE_TURNS + left) for hole, left in position.holes)
            ends = cave.digs(position.cell, holes, turn, self.effort, self.budget)
        found = [
            commands + end.commands + rest
            for end in ends
            if (rest := self.top(end.target)) is not None
        ]
        return next((c for c in sorted(found, key=len) if self.wins(c)), None)

    def top(self, cell: int) -> str | None:
        """Return the way from a cell to the top row after the last gold, by digging if need be."""
        if cell not in self.tops:
            cave = self.caves[1]
            way = None
            if cave.stays(cell):
                way = self.climbed(cell, cave.walks)
            if way is None and cave.stays(cell):
                way = self.climbed(cell, self.final_edges)
            self.tops[cell] = way
        return self.tops[cell]

    def climbed(self, cell: int, edges_of: Callable[[int], list[Edge]]) -> str | None:
        """Return the commands of a shortest way to the top row."""
        below = 2 * self.caves[1].columns
        if cell < below:
            return ""
        steps = _shortest(cell, edges_of, lambda edge: edge.target < below)
        return None if steps is None else "".join(step.commands for step in steps)

    def final_edges(self, cell: int) -> list[Edge]:
        """Return the edges of a cell after the last gold."""
        if cell not in self.ends:
            cave = self.caves[1]
            self.budget.spend()
            digs = cave.digs(cell, (), 0, self.effort, self.budget)
            self.ends[cell] = [*cave.walks(cell), *digs]
        return self.ends[cell]

    def wins(self, commands: str) -> bool:
        """Say whether commands win, however the last turn of a hole is counted."""
        return all(self.wins_from(self.first, commands, turns) for turns in COUNTS)

    def wins_from(self, position: Position | None, commands: str, turns: int) -> bool:
        """Say whether commands win from a position on if holes close after some turns."""
        last, _ = carry_out(self.caves, position, commands, hole_turns=turns)
        top = 2 * self.caves[0].columns
        return last is not None and last.gold == self.everything and last.cell < top

    def shortened(self, commands: str) -> str:
        """Leave out waiting that is not needed, as far as the budget goes."""
        done, parts = "", re.split(r"(\.+)", commands)
        positions: list[Position | None] = [self.first for _ in COUNTS]
        for index, part in enumerate(parts):
            try:
                self.budget.spend()
            except Exhausted:
                return done + "".join(parts[index:])
            rest = "".join(parts[index + 1 :])
            for left in (0, 1, 2, 4, 8):
                if left < len(part) and part[0] == ".":
                    tried = zip(positions, COUNTS, strict=True)
                    if all(self.wins_from(p, "." * left + rest, turns) for p, turns in tried):
                        part = "." * left
                        break
            positions = [
                carry_out(self.caves, position, part, hole_turns=turns)[0]
                for position, turns in zip(positions, COUNTS, strict=True)
            ]
            done += part
        return done


class Parts:
    """Strongly connected parts of a graph: within one, gold is taken in any order.

    Attributes:
        of: Part of each cell.
        gold: Bits of the gold on the edges within each part.
        exits: Edges from each part to others, with the cell where they begin; of those that lead
            to the same part, none whose gold another one has too.
        downstream: Bits of the gold that is taken somewhere from each part on.
    """

    def __init__(self, graph: dict[int, list[Edge]], start: int, budget: Budget) -> None:
        self.graph, self.budget = graph, budget
        self.of = _components(graph, start)
        count = max(self.of.values()) + 1
        self.gold, self.downstream = [0] * count, [0] * count
        exits: list[dict[tuple[int, int], tuple[int, Edge]]] = [{} for _ in range(count)]
        for cell, edges in graph.items():
            part = self.of[cell]
            for edge in edges:
                to = self.of[edge.target]
                if to == part:
                    self.gold[part] |= edge.gold
                else:
                    known = exits[part].get((to, edge.gold))
                    if known is None or len(edge.commands) < len(known[1].commands):
                        exits[part][to, edge.gold] = cell, edge
        self.exits = [
            [
                (cell, edge)
                for (to, gold), (cell, edge) in found.items()
                if not any(t == to and gold != g and not gold & ~g for t, g in found)
            ]
            for found in exits
        ]
        # Parts are numbered so that edges lead to lower numbers.
        for part in range(count):
            self.downstream[part] = self.gold[part]
            for _, edge in self.exits[part]:
                self.downstream[part] |= edge.gold | self.downstream[self.of[edge.target]]

    def tour(self, cell: int, gold: int, wanted: int, avoid: int = 0) -> list[Edge]:
        """Return edges within the part of a cell that take all wanted gold, the nearest first.

        Args:
            cell: Where the tour begins.
            gold: That is taken already.
            wanted: To take.
            avoid: Not to take if there is another way.
        """
        steps: list[Edge] = []
        while missing := wanted & ~gold:

            def takes(edge: Edge, bits: int = missing) -> bool:
                return bool(edge.gold & bits)

            way = self._way(cell, takes, avoid & ~gold)
            for step in way:
                gold |= step.gold
            steps += way
            cell = way[-1].target
        return steps

    def route(self, cell: int, to: int) -> list[Edge]:
        """Return the edges of a shortest way within a part."""
        return [] if cell == to else self._way(cell, lambda edge: edge.target == to, 0)

    def _way(self, cell: int, ends: Callable[[Edge], bool], avoid: int) -> list[Edge]:
        part, of = self.of[cell], self.of
        self.budget.spend()

        def inner(cell: int) -> list[Edge]:
            return [edge for edge in self.graph[cell] if of[edge.target] == part]

        way = _shortest(cell, inner, ends, avoid)
        assert way is not None, "a part is strongly connected"
        return way


def _components(graph: dict[int, list[Edge]], start: int) -> dict[int, int]:
    """Number the strongly connected parts, later ones of a way lower (Tarjan's algorithm)."""
    order: dict[int, int] = {start: 0}
    low, part, pending = {start: 0}, dict[int, int](), [start]
    stack = [(start, iter(graph[start]))]
    parts = 0
    while stack:
        cell, edges = stack[-1]
        for edge in edges:
            to = edge.target
            if to not in order:
                order[to] = low[to] = len(order)
                pending.append(to)
                stack.append((to, iter(graph[to])))
                break
            if to not in part:
                low[cell] = min(low[cell], order[to])
        else:
            stack.pop()
            if stack:
                above = stack[-1][0]
                low[above] = min(low[above], low[cell])
            if low[cell] == order[cell]:
                member = -1
                while member != cell:
                    member = pending.pop()
                    part[member] = parts
                parts += 1
    return part


def _best(edges: list[Edge]) -> list[Edge]:
    """Leave out edges for which a shorter one with the same target and gold exists."""
    kept: dict[int, list[Edge]] = {}
    for edge in sorted(edges, key=lambda edge: len(edge.commands)):
        rivals = kept.setdefault(edge.target, [])
        if all(edge.gold & ~rival.gold for rival in rivals):
            rivals.append(edge)
    return [edge for rivals in kept.values() for edge in rivals]


def _shortest(
    start: int,
    edges_of: Callable[[int], list[Edge]],
    ends: Callable[[Edge], bool],
    avoid: int = 0,
) -> list[Edge] | None:
    """Return the edges of a way with the fewest commands, up to the first edge that ends it."""
    trail: list[tuple[Edge, int]] = []
    queue, done = [(0, -1)], set[int]()
    while queue:
        cost, index = heapq.heappop(queue)
        if index >= 0 and ends(trail[index][0]):
            steps = []
            while index >= 0:
                edge, index = trail[index]
                steps.append(edge)
            return steps[::-1]
        cell = trail[index][0].target if index >= 0 else start
        if cell in done:
            continue
        done.add(cell)
        for edge in edges_of(cell):
            if edge.target not in done or ends(edge):
                trail.append((edge, index))
                price = len(edge.commands) + AVOIDED * bool(edge.gold & avoid)
                heapq.heappush(queue, (cost + price, len(trail) - 1))
    return None


def _out_of_reach(cave: Cave, start: int, budget: Budget) -> str:
    """Say what the hero cannot get even if he walks through bricks and falls only if he wants to.

    Args:
        cave: With hidden ladders as ladders.
        start: Cell of the hero.
        budget: Pays for the search.
    """
    columns, top = cave.columns, 2 * cave.everything + 1 & ~cave.everything
    graph: dict[int, list[Edge]] = {}
    edge = [start]
    for cell in edge:
        graph[cell] = []
        for command, step in cave.steps.items():
            to = cell + step
            if cave.wall[to] or cave.hazard[to] or (command == "u" and not cave.ladder[cell]):
                continue
            graph[cell].append(Edge(to, "", cave.gold[to] | (top if to < 2 * columns else 0)))
            if to not in graph:
                graph[to] = []
                edge.append(to)
    parts = Parts(graph, start, budget)
    golden = [cell for cell, bit in enumerate(cave.gold) if bit]
    if any(cell not in graph for cell in golden):
        return "a piece of gold is out of reach, even through bricks"
    golden.sort(key=lambda cell: -parts.of[cell])
    for cell, after in pairwise(golden):
        if (
            parts.of[cell] != parts.of[after]
            and not parts.downstream[parts.of[cell]] & cave.gold[after]
        ):
            return "two pieces of gold are in places of which neither leads to the other"
    last = golden[-1] if golden else start
    if last >= 2 * columns and not parts.downstream[parts.of[last]] & top:
        return "no way leads from the last gold to the top row"
    return ""


def _tried(caves: tuple[Cave, Cave], start: int, budget: Budget) -> str | None:
    """Try all positions of a small level; return the shortest commands that win, if any do."""
    first = Position(start, caves[0].gold[start], ())
    came: dict[Position, tuple[Position, str]] = {first: (first, "")}
    edge = [first]
    for position in edge:
        budget.spend(len(came))
        if position.gold == caves[0].everything and position.cell < 2 * caves[0].columns:
            commands = []
            while position != first:
                position, command = came[position]
                commands.append(command)
            return "".join(commands[::-1])
        for command in "lrudzx.":
            after = next_position(caves, position, command)
            if after is not None and after not in came:
                came[after] = position, command
                edge.append(after)
    return None


def _problems(level: Level, legend: Legend) -> list[str]:
    found = start_problems(level, legend)
    if not level.mask(legend, "collectible").any() and level.mask(legend, "start")[0].any():
        found.append("trivial: it has no gold, and the start is in the top row")
    return found


def tiles_of(level: Level, legend: Legend) -> Tiles:
    """Return the masks of a level."""
    return Tiles(
        solid=level.mask(legend, "solid", "block", "breakable", "crumbling"),
        brick=level.mask(legend, "brick"),
        false_brick=level.mask(legend, "false_brick"),
        ladder=level.mask(legend, "ladder"),
        hidden_ladder=level.mask(legend, "hidden_ladder"),
        rope=level.mask(legend, "rope"),
        hazard=level.mask(legend, "hazard"),
        gold=level.mask(legend, "collectible"),
    )


def _search(level: Level, legend: Legend, limit: Limit) -> Verdict:
    enemies = bool(level.mask(legend, "enemy").any())
    start = level.cells(legend, "start")[0]
    return solve_digger(tiles_of(level, legend), start, limit, enemies=enemies)


DIGGER = Game("digger", _problems, _search)
