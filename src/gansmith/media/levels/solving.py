"""Solve levels from files, replay the solutions, and draw them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.levels.games import (
    Limit,
    Refused,
    Solved,
    Undecided,
    Unsolvable,
    Verdict,
    game_of,
)
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.inputs import SOLUTIONS, check_apart, level_files, with_legends
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading import read_levels
from gansmith.media.levels.writing.picture import encode_preview
from gansmith.output_folder import safe_file_names
from gansmith.outputs import Provenance, save_output

STEPS = {"l": (0, -1), "r": (0, 1), "u": (-1, 0), "d": (1, 0)}
PREVIEWED = ("sokoban", "keydoor", "maze", "platformer")
"""Games whose solutions say where the player is, command by command."""


def solve(
    files: Sequence[Path],
    *,
    legend: Path | None = None,
    layer: str | None = None,
    seconds: float = 10.0,
    out: Path | None = None,
    log: LogFn = silent,
) -> int:
    """Solve all levels of files, each solution replayed by a second implementation of the rules.

    Args:
        files: Files of levels, or folders of them.
        legend: What the symbols are; by default `legend.yaml` beside each file.
        layer: The layer that is the level, in files of Tiled and LDtk.
        seconds: Time for each level.
        out: Folder for pictures with the solution drawn, and `solutions.json`.
        log: Called with one line for each level, and a summary.

    Returns:
        Levels that are not solved.

    Raises:
        GansmithError: A file that is named cannot be read or has no legend, there are no levels,
            or `out` cannot be written or holds inputs.
    """
    inputs = level_files(files, log)
    if out is not None:
        check_apart(out, inputs, SOLUTIONS)
    readable = with_legends(inputs, files, legend, log)
    left_out = len(inputs) - len(readable)
    outcomes: Counter[str] = Counter()
    listed: list[dict[str, Any]] = []
    drawn: list[tuple[Legend, Level]] = []
    for path, known in readable:
        try:
            levels = read_levels(path, known, layer=layer).levels
        except GansmithError as error:
            if path in files:
                raise
            left_out += 1
            log(f"warning: left out: {error}")
            continue
        for level in levels:
            drawn.append((known, level))
            verdict = game_of(known).solve(level, known, Limit(seconds=seconds, nodes=10**9))
            outcome, text = _described(verdict, level, known)
            outcomes[outcome] += 1
            log(f"{level.source}: {text}")
            listed.append(_facts(path, level, verdict, outcome))
    if not listed:
        raise GansmithError(f"there are no levels in {', '.join(map(str, files))}")
    if out is not None:
        _write(out, listed, drawn)
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.most_common())
    more = f"; {pluralize(left_out, 'file')} left out" if left_out else ""
    log(f"{pluralize(len(listed), 'level')}: {counts}{more}")
    return len(listed) - outcomes["solved"]


def _described(verdict: Verdict, level: Level, legend: Legend) -> tuple[str, str]:
    """Return the name of an outcome, and a line about it."""
    match verdict:
        case Solved():
            checked = replay(level, legend, verdict.moves)
            if not checked.won:
                return "undecided", f"undecided: the solution found is not valid ({checked.fault})"
            measures = ", ".join(f"{name} {value:g}" for name, value in verdict.difficulty.items())
            moves = pluralize(verdict.length, "move")
            return "solved", f"solved in {moves}{f' ({measures})' if measures else ''}, replayed"
        case Unsolvable():
            return "unsolvable", f"unsolvable: {verdict.reason}"
        case Refused():
            return "refused", f"refused: {'; '.join(verdict.problems)}"
        case Undecided():
            why = f"it ran out of {verdict.limit}" if verdict.limit else "nothing is left to try"
            return "undecided", f"undecided: {why}"


def _facts(path: Path, level: Level, verdict: Verdict, outcome: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"file": str(path), "level": level.name, "outcome": outcome}
    if isinstance(verdict, Solved) and outcome == "solved":
        moves = verdict.moves
        facts["moves"] = moves if isinstance(moves, str) else [list(cell) for cell in moves]
        facts |= {"length": verdict.length, "difficulty": dict(verdict.difficulty)}
    return facts


def _write(
    out: Path, listed: Sequence[dict[str, Any]], levels: Sequence[tuple[Legend, Level]]
) -> None:
    """Draw the levels, and list their results with the names of the pictures."""
    provenance = Provenance(generated=False)
    digits = len(str(len(levels)))
    names = safe_file_names([f"{k:0{digits}d}-{level.name}" for k, (_, level) in enumerate(levels)])
    for name, facts, (legend, level) in zip(names, listed, levels, strict=True):
        cells = cells_of(facts.get("moves", ""), level, legend)
        picture = encode_preview(level, legend, solution=cells)
        facts["picture"] = f"{name}.png"
        save_output(out / facts["picture"], picture, provenance)
    text = json.dumps(list(listed), indent=1, ensure_ascii=False) + "\n"
    save_output(out / SOLUTIONS, text.encode(), provenance)


def cells_of(
    moves: str | Sequence[Sequence[int]], level: Level, legend: Legend
) -> list[tuple[int, int]]:
    """Return row and column of the cells that a solution leads through, where they are known."""
    if legend.game not in PREVIEWED or not moves:
        return []
    if not isinstance(moves, str):
        return [(y, x) for x, y in moves]
    row, column = level.cells(legend, "start")[0]
    cells = [(row, column)]
    for command in moves.lower():
        down, right = STEPS[command]
        row, column = row + down, column + right
        cells.append((row, column))
    return cells
