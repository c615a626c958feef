"""Repair: the fewest changes after which a level can be won and keeps what was asked for.

Where reachability can be put into a model (keys and doors, mazes, platformers), CP-SAT finds the
edits; for boxes a search tries edits with the solver as judge; for digging the cheapest missing
ways are built. A repaired level is always solved, and its solution replayed by the second
implementation of the rules.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.games import Limit, Solved, Undecided, Verdict, game_of
from gansmith.media.levels.games.game import BLOCKING
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.games.sokoban import open_edge
from gansmith.media.levels.legend import Count, Legend
from gansmith.media.levels.level import Level, torn_cells
from gansmith.media.levels.repair.digging import improved
from gansmith.media.levels.repair.model import (
    Found,
    Infeasible,
    Needs,
    TileModel,
    conflict,
    solve,
)
from gansmith.media.levels.repair.paths import WayModel
from gansmith.media.levels.repair.platforms import Planner, platform_model
from gansmith.media.levels.repair.requests import (
    Edit,
    Repair,
    Requests,
    edge_of,
    edits_between,
    with_tiles,
)
from gansmith.media.levels.repair.search import BoxTrouble, search

__all__ = ["Edit", "Repair", "Requests", "repair"]

MOST_CELLS = 20_000
"""Cells of the largest level that is repaired."""
MODELLED, SEARCHED = ("keydoor", "maze"), ("sokoban", "digger")
PROVING = 0.6
"""Share of the time in which a proof is sought that there are no fewer edits."""
NODES = 20_000
"""Positions that the solver expands for a repaired level of digging."""
TRIES = 3
"""Draws of places for gold in a level of digging."""
PLANS = 8
"""Ways that are tried in a platformer."""


def repair(
    level: Level,
    legend: Legend,
    *,
    logits: NDArray[np.float32] | None = None,
    requests: Requests | None = None,
    verdict: Verdict | None = None,
    seconds: float = 10.0,
    seed: int = 0,
) -> Repair:
    """Repair a level with few edits.

    Args:
        level: Any level of a game; one that is solved and keeps the requests stays as it is.
        legend: What its tiles are, and the game.
        logits: Scores that a generator gave to each symbol, float32 [rows, columns, symbols] in
            the order of `legend.symbols`. Of repairs with equally few edits, the one with the
            highest scores is taken. None stands for the frequencies of the level's own tiles, at
            its edge and inside.
        requests: What else must be true of it.
        verdict: Of the solver on the level; None asks it.
        seconds: Time for all of it.
        seed: Of the search.

    Returns:
        The repaired level, its edits, and whether they are proved to be the fewest; or the reason
        why there is none.

    Raises:
        GansmithError: The legend names no game, a request names an unknown symbol, the level has
            more than 20,000 cells, or the package `ortools` is missing.
    """
    wanted = requests or Requests()
    wanted.check(level, legend)
    game = game_of(legend)
    if level.tiles.size > MOST_CELLS:
        raise GansmithError(
            f"{level.source} has {level.tiles.size:,} cells, takes up to {MOST_CELLS:,} to repair: "
            "cut it up"
        )
    ends = time.monotonic() + seconds
    if verdict is None:
        verdict = game.solve(level, legend, Limit(seconds=seconds / 3, nodes=10**9))
    if _accepted(verdict, level, legend, wanted):
        return Repair(level, (), True, verdict)
    scores = logits if logits is not None else _frequencies(level, legend)
    if scores.shape != (*level.size, len(legend.symbols)):
        raise ValueError(f"logits are {scores.shape}, takes {(*level.size, len(legend.symbols))}")
    task = _Task(level, legend, scores, wanted, ends, seed)
    try:
        found = task.modelled() if game.name in MODELLED else None
        found = found or (task.platforms() if game.name == "platformer" else None)
        found = found or (task.searched() if game.name in SEARCHED else None)
    except Infeasible:
        names = conflict(task.needs, task.possible, time.monotonic() + seconds)
        reason = "no level keeps " + _joined(names)
        return Repair(None, (), False, verdict, reason, impossible=True)
    if found is None:
        return Repair(None, (), False, verdict, f"no repair was found in {seconds:g} seconds")
    repaired = with_tiles(level, found.tiles)
    left = max(ends - time.monotonic(), seconds / 3)
    after = game.solve(repaired, legend, Limit(seconds=left, nodes=10**9))
    if not _accepted(after, repaired, legend, wanted):
        return Repair(None, (), False, verdict, "the repair that was found is not valid")
    edits = edits_between(level, repaired, legend)
    known = found.fewest or (len(edits) == 1 and not isinstance(verdict, Undecided))
    return Repair(repaired, edits, known, after)


def _accepted(verdict: Verdict, level: Level, legend: Legend, requests: Requests) -> bool:
    """Say whether a level is solved, replayed, whole and as it was asked for."""
    return (
        isinstance(verdict, Solved)
        and replay(level, legend, verdict.moves).won
        and not requests.faults(level, legend)
        and not torn_cells(level, legend).any()
    )


def _frequencies(level: Level, legend: Legend) -> NDArray[np.float32]:
    """Scores without a generator: logarithms of how often a symbol is at the edge, or inside."""
    edge = edge_of(level.size)
    scores = np.zeros((*level.size, len(legend.symbols)), dtype=np.float32)
    for part in (edge, ~edge):
        counts = np.bincount(level.tiles[part], minlength=len(legend.symbols))
        scores[part] = np.log(counts + 0.5)
    return scores


def _joined(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


class _Task:
    """One level that is being repaired."""

    def __init__(
        self,
        level: Level,
        legend: Legend,
        scores: NDArray[np.float32],
        requests: Requests,
        ends: float,
        seed: int,
    ) -> None:
        self.level, self.legend, self.scores = level, legend, scores
        self.requests, self.ends, self.seed = requests, ends, seed
        self.needs = Needs.of(legend, requests)

    def possible(self, needs: Needs, ends: float) -> bool:
        """Say whether some level may keep these needs."""
        try:
            if self.legend.game in MODELLED:
                model = WayModel(self.level, self.legend, self.scores, needs)
                solve(model.tiles, model.check, ends, self.seed)
            elif self.legend.game == "platformer":
                self._platforms(needs, ends)
            else:
                solve(self._base(needs), lambda tiles: (), ends, self.seed)
        except Infeasible:
            return False
        return True

    def modelled(self) -> Found | None:
        """Repair keys and doors, or a maze."""
        model = WayModel(self.level, self.legend, self.scores, self.needs)
        begun = time.monotonic()
        soon = begun + PROVING * (self.ends - begun)
        found = solve(model.tiles, model.check, soon, self.seed)
        return found or self._anchored()

    def _anchored(self) -> Found | None:
        """Repair a level whose fewest edits are hard to prove, with things left where they are.

        One start, goal, key and door stay, which leaves far fewer choices. A start or goal that is
        missing is put on an empty cell first.
        """
        having = self.legend.having
        tiles = self.level.tiles.copy()
        locked = self.needs.locked
        locked = np.zeros(self.level.size, dtype=bool) if locked is None else locked.copy()
        rng = np.random.default_rng(self.seed)
        wanted = [having("start"), having("goal")]
        colours = {tile.colour for tile in self.legend.tiles.values() if "key" in tile.roles}
        for colour in sorted(colours, key=str):
            pair = [having(role, colour=colour) for role in ("key", "door")]
            if all(mask[self.level.tiles].any() for mask in pair):
                wanted += pair
                break
        inside = having("empty")[tiles] & ~edge_of(tiles.shape)
        for mask in wanted:
            cells = np.argwhere(mask[tiles])
            missing = not len(cells)
            if missing:
                cells = np.argwhere(inside & ~locked & having("empty")[tiles])
            if len(cells):
                cell = tuple(cells[rng.integers(len(cells))])
                locked[cell] = True
                if missing:
                    symbols = np.flatnonzero(mask)
                    tiles[cell] = symbols[self.scores[cell][symbols].argmax()]
        level = with_tiles(self.level, tiles)
        model = WayModel(level, self.legend, self.scores, replace(self.needs, locked=locked))
        try:
            found = solve(model.tiles, model.check, self.ends, self.seed)
        except Infeasible:
            return None
        return replace(found, fewest=False) if found is not None else None

    def platforms(self) -> Found | None:
        """Repair a platformer."""
        return self._platforms(self.needs, self.ends)

    def _platforms(self, needs: Needs, ends: float) -> Found | None:
        asked = self.level.tiles.copy()
        edge = edge_of(self.level.size)
        locked = needs.locked.copy() if needs.locked is not None else np.zeros(edge.shape, bool)
        if needs.border is not None:
            asked[edge & ~locked] = needs.border
            locked |= edge
        planner = Planner(with_tiles(self.level, asked), self.legend, locked)
        best: Found | None = None
        infeasible = False
        for _ in range(PLANS):
            plan = planner.plan() if needs.rules else None
            if needs.rules and plan is None:
                infeasible = best is None
                break
            model = platform_model(self.level, self.legend, self.scores, needs, planner, plan)
            try:
                found = solve(model, lambda tiles: (), ends, self.seed)
            except Infeasible:
                infeasible, found = best is None, None
            if found is not None:
                infeasible = False
                if not needs.rules or self._wins(found):
                    return replace(found, fewest=not needs.rules)
            if plan is None or time.monotonic() > ends:
                break
            planner.avoid(plan)
        if infeasible:
            raise Infeasible
        return best

    def _wins(self, found: Found) -> bool:
        level = with_tiles(self.level, found.tiles)
        left = max(self.ends - time.monotonic(), 0.5)
        verdict = game_of(self.legend).solve(level, self.legend, Limit(left, 10**9))
        return _accepted(verdict, level, self.legend, self.requests)

    def searched(self) -> Found | None:
        """Repair a level of boxes, or of digging."""
        base = Found(self.level.tiles, 0, True)
        if not self._begun():
            begun = self._lawful()
            if begun is None:
                return None
            base = begun
        editable = np.ones(self.level.size, dtype=bool)
        if self.requests.locked is not None:
            editable &= ~self.requests.locked
        if self.requests.border is not None:
            editable &= ~edge_of(self.level.size)
        rng = np.random.default_rng(self.seed)
        if self.legend.game == "digger":
            return self._dug(base, editable, rng)
        trouble = BoxTrouble(self.level, self.legend, self.scores, editable, rng)
        found = search(trouble, base.tiles, self._keeps, self.ends)
        if found is None:
            return None
        tiles, _ = found
        edits = int((tiles != self.level.tiles).sum())
        return Found(tiles, edits, base.fewest and edits == base.edits)

    def _lawful(self) -> Found | None:
        """Return the fewest edits after which the solver does not refuse a level.

        Where a player could leave a level of boxes, cells at its edge are closed.
        """
        locked = self.needs.locked
        closed: set[tuple[int, int]] = set()
        while True:
            found = solve(self._base(self.needs, closed), lambda tiles: (), self.ends, self.seed)
            if found is None or self.legend.game != "sokoban":
                return found
            level = with_tiles(self.level, found.tiles)
            start = level.cells(self.legend, "start")[0]
            out = open_edge(level.mask(self.legend, *BLOCKING), start)
            if not out:
                return replace(found, fewest=found.fewest and not closed)
            if all(locked is not None and locked[cell] for cell in out):
                return None
            closed.update(cell for cell in out if locked is None or not locked[cell])

    def _begun(self) -> bool:
        """Say whether a level lacks nothing but a solution."""
        problems = game_of(self.legend).find_problems(self.level, self.legend)
        asked = self.requests.faults(self.level, self.legend)
        return not problems and not asked and self._keeps(self.level)

    def _dug(
        self, base: Found, editable: NDArray[np.bool_], rng: np.random.Generator
    ) -> Found | None:
        """Repair a level of digging."""
        if base.edits and self._solves(base.tiles, NODES):
            return base
        solved: Solved | None = None
        for _ in range(TRIES):
            found = improved(base.tiles, self.legend, self.scores, editable, rng, self.ends)
            solved = self._solves(found[0], NODES) if found is not None else None
            if solved is not None or time.monotonic() > self.ends:
                break
        if found is None or solved is None:
            return None
        tiles, changes = found
        nodes = 2 * int(solved.difficulty["nodes"])
        for change in reversed(changes):
            if time.monotonic() > self.ends or not change.stands(tiles):
                continue
            without = change.undone(tiles)
            if self._solves(without, nodes):
                tiles = without
        return Found(tiles, int((tiles != self.level.tiles).sum()), False)

    def _solves(self, tiles: NDArray[np.uint16], nodes: int) -> Solved | None:
        """Return the solution of a level that is as it was asked for, within some positions."""
        level = with_tiles(self.level, tiles)
        if not self._keeps(level):
            return None
        left = max(self.ends - time.monotonic(), 0.01)
        verdict = game_of(self.legend).solve(level, self.legend, Limit(left, nodes))
        accepted = _accepted(verdict, level, self.legend, self.requests)
        return verdict if isinstance(verdict, Solved) and accepted else None

    def _keeps(self, level: Level) -> bool:
        counted = all(
            int(mask[level.tiles].sum()) in count for mask, count in self.needs.counts.values()
        )
        return counted and not torn_cells(level, self.legend).any()

    def _base(self, needs: Needs, closed: Collection[tuple[int, int]] = ()) -> TileModel:
        """Model what the solver refuses: starts, and boxes and targets that are not as many.

        Args:
            needs: What the level must keep.
            closed: Cells that nobody may enter.
        """
        having = self.legend.having
        masks = [having(role) for role in ("start", "box", "target", "collectible", "solid")]
        signatures = [tuple(bool(mask[s]) for mask in masks) for s in range(len(masks[0]))]
        offered = np.ones(len(masks[0]), dtype=bool)
        tiles = TileModel(self.level, self.legend, self.scores, needs, signatures, offered)
        if not needs.rules:
            return tiles
        start, box, target = masks[:3]
        tiles.count(start, Count(least=1, most=1))
        if self.legend.game == "sokoban":
            total = tiles.cp.LinearExpr.sum
            cells = list(tiles.cells())
            boxes = total([x for cell in cells for x in tiles.chosen(cell, box)])
            targets = total([x for cell in cells for x in tiles.chosen(cell, target)])
            tiles.model.add(boxes == targets)
            off = [x for cell in cells for x in tiles.chosen(cell, box & ~target)]
            tiles.model.add_bool_or(off)
            for cell in closed:
                tiles.model.add_bool_or(tiles.chosen(cell, having("solid")))
        return tiles
