"""The tiles of a level as Booleans of CP-SAT, and what every repaired level must keep."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.extractor import optional_module
from gansmith.media.levels.legend import Count, Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.repair.requests import Requests, edge_of

Expression = Any
"""Of CP-SAT: linear, of Booleans."""
Cell = tuple[int, int]
RULES = "the rules of the game"
LOCKED = "the locked cells"
OBJECTS = "whole objects"
SURE, STEPS = 8.0, 5
"""Differences of scores beyond which they count the same, and steps for one of 1."""


@dataclass(frozen=True)
class Needs:
    """What a repaired level must keep, by the name that a conflict has.

    Attributes:
        counts: Symbols, bool [symbols], and how many cells have them.
        border: Position of the symbol at the edge, or None.
        locked: Cells that keep their tile, or None.
        objects: Whether parts of objects stand only where all of the object does.
        rules: Whether the rules of the game hold.
    """

    counts: Mapping[str, tuple[NDArray[np.bool_], Count]]
    border: int | None
    locked: NDArray[np.bool_] | None
    objects: bool
    rules: bool = True

    @classmethod
    def of(cls, legend: Legend, requests: Requests) -> Needs:
        """Collect those of a legend and of the requests; a request replaces a count."""
        counts = {
            f"{tile.count} of '{symbol}'": (legend.alike(symbol), tile.count)
            for symbol, tile in legend.tiles.items()
            if tile.count is not None and symbol not in requests.counts
        }
        for name, count in requests.counts.items():
            counts[f"{count} of '{name}'"] = requests.members(name, legend), count
        border = None if requests.border is None else legend.index[requests.border]
        locked = requests.locked if requests.locked is not None else None
        return cls(counts, border, locked, bool(legend.objects))

    @property
    def names(self) -> list[str]:
        """Names of all of them."""
        found = [*self.counts]
        if self.border is not None:
            found.append("the border")
        if self.locked is not None and self.locked.any():
            found.append(LOCKED)
        return [*found, *([OBJECTS] if self.objects else []), *([RULES] if self.rules else [])]

    def only(self, names: Sequence[str]) -> Needs:
        """Leave out all others."""
        return Needs(
            {name: pair for name, pair in self.counts.items() if name in names},
            self.border if "the border" in names else None,
            self.locked if LOCKED in names else None,
            self.objects and OBJECTS in names,
            self.rules and RULES in names,
        )


class TileModel:
    """A level whose tiles are to be chosen.

    Symbols that no rule tells apart are one kind: a cell that changes takes the symbol of its new
    kind with the highest score.

    Attributes:
        cp: The module of CP-SAT.
        model: Its model.
        kinds: First symbol of each kind.
        size: Rows and columns.
    """

    def __init__(
        self,
        level: Level,
        legend: Legend,
        scores: NDArray[np.float32],
        needs: Needs,
        signatures: Sequence[object],
        offered: NDArray[np.bool_],
    ) -> None:
        """Make the Booleans, and constrain them by all needs but the rules.

        Args:
            level: As it is.
            legend: What its tiles are.
            scores: Of each symbol, [rows, columns, symbols].
            needs: What to keep.
            signatures: Equal for symbols that the rules of the game do not tell apart.
            offered: Which symbols a cell may change to, bool [symbols].
        """
        self.cp = optional_module("ortools.sat.python.cp_model", "games")
        self.model = self.cp.CpModel()
        self.level, self.legend, self.size = level, legend, level.size
        kind_of = self._kinds(needs, signatures)
        self.kind_of = kind_of
        self.kinds = [int(np.flatnonzero(kind_of == kind)[0]) for kind in range(kind_of.max() + 1)]
        self._choose(scores, needs, offered)
        for mask, count in needs.counts.values():
            self.count(mask, count)
        if needs.objects:
            self._whole_objects()

    def _kinds(self, needs: Needs, signatures: Sequence[object]) -> NDArray[np.int64]:
        """Number the kinds of all symbols."""
        parts = {symbol for rows in self.legend.objects.values() for row in rows for symbol in row}
        numbers: dict[object, int] = {}
        found = []
        for place, symbol in enumerate(self.legend.symbols):
            counted = tuple(bool(mask[place]) for mask, _ in needs.counts.values())
            single = place if place == needs.border or symbol in parts else -1
            key = signatures[place], counted, single
            found.append(numbers.setdefault(key, len(numbers)))
        return np.array(found, dtype=np.int64)

    def _choose(
        self, scores: NDArray[np.float32], needs: Needs, offered: NDArray[np.bool_]
    ) -> None:
        """Make a Boolean for each kind that a cell can have."""
        rows, columns = self.size
        kinds = len(self.kinds)
        tiles = self.level.tiles.astype(np.int64)
        self.now = self.kind_of[tiles]
        best = np.zeros((rows, columns, kinds), dtype=np.int64)
        for kind in range(kinds):
            members = np.flatnonzero((self.kind_of == kind) & offered)
            if members.size:
                best[:, :, kind] = members[scores[:, :, members].argmax(axis=2)]
            else:
                best[:, :, kind] = -1
        np.put_along_axis(best, self.now[..., None], tiles[..., None], axis=2)
        self.symbol = best
        held = np.take_along_axis(scores, tiles[..., None], axis=2)
        loss = held - np.take_along_axis(scores, best.clip(0), axis=2)
        self.loss = np.rint((loss.clip(-SURE, SURE) + SURE) * STEPS).astype(np.int64)
        edge, locked = edge_of(self.size), needs.locked
        one, zero = self.model.new_constant(1), self.model.new_constant(0)
        self.zero = zero
        self.cell: list[list[list[Any]]] = []
        self.changes: list[tuple[Any, int]] = []
        for row in range(rows):
            line = []
            for column in range(columns):
                now = int(self.now[row, column])
                allowed = [k for k in range(kinds) if best[row, column, k] >= 0]
                if locked is not None and locked[row, column]:
                    allowed = [now]
                if needs.border is not None and edge[row, column]:
                    wanted = int(self.kind_of[needs.border])
                    best[row, column, wanted] = needs.border
                    allowed = [k for k in [wanted] if k in allowed or now not in allowed[:1]]
                if len(allowed) == 1:
                    literals = {allowed[0]: one}
                else:
                    literals = {k: self.model.new_bool_var("") for k in allowed}
                    self.model.add_exactly_one(literals.values())
                line.append([literals.get(kind, zero) for kind in range(kinds)])
                for kind, literal in literals.items():
                    if kind != now:
                        self.changes.append((literal, int(self.loss[row, column, kind])))
            self.cell.append(line)

    def cells(self) -> Iterator[Cell]:
        """All cells, in reading order."""
        rows, columns = self.size
        return ((row, column) for row in range(rows) for column in range(columns))

    def chosen(self, cell: Cell, symbols: NDArray[np.bool_]) -> list[Any]:
        """Return the Booleans of a cell for kinds of these symbols, at most one of which is true.

        Args:
            cell: Row and column.
            symbols: bool [symbols].
        """
        line = self.cell[cell[0]][cell[1]]
        return [
            line[k] for k, s in enumerate(self.kinds) if symbols[s] and line[k] is not self.zero
        ]

    def is_one_of(self, cell: Cell, symbols: NDArray[np.bool_]) -> Expression:
        """Return 1 or 0: whether a cell has one of these symbols."""
        return self.cp.LinearExpr.sum(self.chosen(cell, symbols))

    def count(self, symbols: NDArray[np.bool_], count: Count) -> None:
        """Demand a number of cells with these symbols."""
        total = self.cp.LinearExpr.sum(
            [literal for cell in self.cells() for literal in self.chosen(cell, symbols)]
        )
        cells = self.level.tiles.size
        least = min(count.least, cells + 1)  # CP-SAT takes no number of more than 63 bits
        most = cells if count.most is None else min(count.most, cells)
        self.model.add_linear_constraint(total, least, max(most, least))

    def _whole_objects(self) -> None:
        """Allow a symbol that is in an object only where all of the object stands."""
        rows, columns = self.size
        covers: dict[tuple[int, int, int], list[Any]] = {}
        parts: set[int] = set()
        for stamp_rows in self.legend.objects.values():
            stamp = np.array([[self.legend.index[s] for s in row] for row in stamp_rows])
            parts.update(stamp.ravel().tolist())
            tall, wide = stamp.shape
            for row in range(rows - tall + 1):
                for column in range(columns - wide + 1):
                    cells = [
                        (row + y, column + x, int(stamp[y, x]))
                        for y in range(tall)
                        for x in range(wide)
                    ]
                    literals = [self.cell[r][c][self.kind_of[s]] for r, c, s in cells]
                    if any(literal is self.zero for literal in literals):
                        continue
                    whole = self.model.new_bool_var("")
                    for literal, cell in zip(literals, cells, strict=True):
                        self.model.add_implication(whole, literal)
                        covers.setdefault(cell, []).append(whole)
        for row, column in self.cells():
            for part in parts:
                literal = self.cell[row][column][self.kind_of[part]]
                if literal is not self.zero:
                    self.model.add_bool_or(
                        [*covers.get((row, column, part), []), literal.negated()]
                    )


@dataclass(frozen=True, eq=False)
class Found:
    """Tiles that a model has chosen.

    Attributes:
        tiles: Positions of symbols, uint16 [rows, columns].
        edits: Cells that changed.
        fewest: Whether no choice has fewer.
    """

    tiles: NDArray[np.uint16]
    edits: int
    fewest: bool


class Infeasible(Exception):
    """No choice of tiles keeps all constraints."""


Check = Callable[[NDArray[np.uint16]], Sequence[Sequence[Any]]]
"""Takes tiles and returns clauses that every level keeps and these tiles do not; none if they are
right. A clause is a list of Booleans, one of which must be true."""


def solve(tiles: TileModel, check: Check, ends: float, seed: int) -> Found | None:
    """Choose tiles with the fewest edits, and of those ones with high scores.

    Clauses are added until the choice passes the check, so the last choice is the best of all that
    pass it.

    Args:
        tiles: The model.
        check: Finds what the model does not know yet.
        ends: Until when, by `time.monotonic`.
        seed: Of the search.

    Returns:
        The tiles; None if none were found in time.

    Raises:
        Infeasible: It is proved that there are none.
    """
    cp, model = tiles.cp, tiles.model
    edits = cp.LinearExpr.sum([literal for literal, _ in tiles.changes])
    model.minimize(edits)
    first = _passing(tiles, check, ends, seed)
    if first is None:
        return None
    status, solver, chosen = first
    count, fewest = round(solver.objective_value), status == cp.OPTIMAL
    if count and fewest:
        model.clear_objective()
        model.add(edits == count)
        losses = [loss for _, loss in tiles.changes]
        model.minimize(cp.LinearExpr.weighted_sum([lit for lit, _ in tiles.changes], losses))
        better = _passing(tiles, check, ends, seed, CHOOSING)
        chosen = better[2] if better is not None else chosen
    return Found(chosen, count, fewest)


CHOOSING = 1.0
"""Effort, at most, in which one of several repairs with equally few edits is chosen: about a
second, by the count of CP-SAT, which is the same on a busy machine."""


def _passing(
    tiles: TileModel, check: Check, ends: float, seed: int, effort: float = math.inf
) -> tuple[Any, Any, NDArray[np.uint16]] | None:
    """Solve again with further clauses until the tiles pass the check."""
    while time.monotonic() < ends and effort > 0:
        status, solver = _run(tiles, ends, seed, effort)
        effort -= solver.response_proto.deterministic_time
        if status == tiles.cp.INFEASIBLE:
            raise Infeasible
        if status not in (tiles.cp.OPTIMAL, tiles.cp.FEASIBLE):
            return None
        chosen = _read(tiles, solver)
        clauses = check(chosen)
        if not clauses:
            return status, solver, chosen
        for clause in clauses:
            tiles.model.add_bool_or(clause)
    return None


def _run(tiles: TileModel, ends: float, seed: int, effort: float) -> tuple[Any, Any]:
    solver = tiles.cp.CpSolver()
    parameters = solver.parameters
    parameters.max_time_in_seconds = max(ends - time.monotonic(), 0.05)
    parameters.max_deterministic_time = effort
    parameters.random_seed = seed % 2**31  # which takes no more
    parameters.num_workers = 1
    parameters.catch_sigint_signal = False  # or Ctrl-C ends one search, and the program goes on
    # Few edits are proved fastest from below: by what cannot all stay as it is.
    parameters.linearization_level = 0
    parameters.optimize_with_core = True
    parameters.cp_model_probing_level = 0
    parameters.symmetry_level = 0
    return solver.solve(tiles.model), solver


def _read(tiles: TileModel, solver: Any) -> NDArray[np.uint16]:
    found = np.zeros(tiles.size, dtype=np.uint16)
    for row, column in tiles.cells():
        literals = tiles.cell[row][column]
        kind = next(
            k
            for k, literal in enumerate(literals)
            if literal is not tiles.zero and solver.boolean_value(literal)
        )
        found[row, column] = tiles.symbol[row, column, kind]
    return found


def conflict(needs: Needs, possible: Callable[[Needs, float], bool], ends: float) -> list[str]:
    """Name needs that no level keeps together, and none of which can be left out.

    Args:
        needs: No level keeps all.
        possible: Whether there may be a level that keeps those it is given, found in some seconds.
        ends: Until when; needs that are not tried by then stay.
    """
    core = needs.names
    for name in list(core):
        without = [other for other in core if other != name]
        if time.monotonic() < ends and not possible(needs.only(without), ends):
            core = without
    return core


def check_size(level: Level, most: int) -> None:
    """Refuse a level that is too large for a model.

    Raises:
        GansmithError: It has more than so many cells.
    """
    if level.tiles.size > most:
        raise GansmithError(
            f"{level.source} has {level.tiles.size:,} cells, takes up to {most:,} to repair: "
            "cut it up"
        )
