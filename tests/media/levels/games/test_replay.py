from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels import games
from gansmith.media.levels.games import GAMES, game_of
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import GAMES as NAMES
from gansmith.media.levels.legend import Legend
from tests.media.levels.games.tiny import DIGGER, KEYDOOR, MAZE, ONE_WAY_KEYS, SOKOBAN, level_of

FOLDER = Path(games.__file__).parent


def imports_of(path: Path) -> set[str]:
    """Modules of this package that a file imports."""
    tree = ast.parse(path.read_text("utf-8"))
    named = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    named |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return {name.rpartition(".")[2] for name in named if name.startswith(games.__name__)}


def test_the_replayer_and_the_solvers_share_no_code() -> None:
    assert imports_of(FOLDER / "replay.py") == set()
    for path in FOLDER.glob("*.py"):
        if path.name != "__init__.py":
            assert "replay" not in imports_of(path), path.name


def test_every_game_of_a_legend_has_a_solver() -> None:
    assert set(GAMES) == set(NAMES)
    plain = Legend.plain("#.")
    with pytest.raises(GansmithError, match="names no game"):
        game_of(plain)
    with pytest.raises(GansmithError, match="names no game"):
        replay(level_of(plain, "#."), plain, "")


@pytest.mark.parametrize(
    ("legend", "rows", "moves", "fault", "at"),
    [
        (SOKOBAN, ["@$."], "r", "", None),
        (SOKOBAN, ["@$."], "R", "", None),
        (SOKOBAN, ["@$."], "", "not every box is on a target at the end", None),
        (SOKOBAN, ["@$."], "l", "the player runs into a wall", 0),
        (SOKOBAN, ["@$$."], "r", "a box does not move", 0),
        (SOKOBAN, ["@$."], "rx", "there is no command 'x'", 1),
        (SOKOBAN, ["@@$."], "r", "the level has not exactly one start", None),
        (MAZE, ["@.>"], "rr", "", None),
        (MAZE, ["@^>"], "rr", "the player runs into something", 0),
        (MAZE, ["@.>"], "r", "the player is not on the goal at the end", None),
        (KEYDOOR, ["@rRR>"], "rrrr", "", None),
        (ONE_WAY_KEYS, ["@rRR>"], "rrrr", "the door is locked and its key not in hand", 2),
        (ONE_WAY_KEYS, ["@rR>"], "rrllrrr", "", None),
        (KEYDOOR, ["@r+>"], "rrr", "", None),
        (KEYDOOR, [">@r"], "l", "the goal is locked and no key in hand", 0),
        (KEYDOOR, ["@bR>"], "rrr", "the door is locked and its key not in hand", 1),
    ],
)
def test_walking(legend: Legend, rows: list[str], moves: str, fault: str, at: int | None) -> None:
    played = replay(level_of(legend, *rows), legend, moves)
    assert (played.won, played.fault, played.at) == (not fault, fault, at)


@pytest.mark.parametrize(
    ("rows", "moves", "fault", "at"),
    [
        (["RN", "XX"], "r", "", None),
        (["RN", "XX"], "", "1 gold is left at the end", None),
        (["..", "RN", "XX"], "r", "the hero is not in the top row at the end", None),
        (["RX", "XX"], "r", "the hero runs into something", 0),
        (["..", "R.", "XX"], "u", "the hero is on no ladder", 0),
        # A command is lost while the hero falls, and he falls onto rope and ladder only.
        (["R.", "..", "T."], "rrr", "the hero is not in the top row at the end", None),
        (["HRN", "HMX", "HXX"], "r", "", None),
        # False bricks let through from above, hold nobody, and shut from the side.
        (["R.", "F.", "N.", "XX"], "...", "the hero is not in the top row at the end", None),
        (["RF", "XX"], "r", "the hero runs into something", 0),
        # A hole closes on who is in it when 20 turns are over.
        (["R..", "XMX", "XXX"], "xr" + "." * 18, "the hero is not in the top row at the end", None),
        (["R..", "XMX", "XXX"], "xr" + "." * 19, "a hole closes on the hero", 20),
        (["R..", "XMX", "XXX"], "x" + "." * 18 + "rrl", "", None),
        (["R..", "XMX", "XXX"], "x" + "." * 19 + "rr", "", None),
        (["R.", "XX"], "x", "there is no brick to dig", 0),
        (["RH", "XM"], "x", "something is on top of the brick", 0),
        # Hidden ladders are air until the last gold is taken.
        (["..Z", "R.Z", "XXX"], "rru", "", None),
        (["..Z", "RNZ", "XXX"], "rru", "", None),
        (["..ZN", "R.Z.", "XXXX"], "rru", "the hero is on no ladder", 2),
    ],
)
def test_digging(rows: list[str], moves: str, fault: str, at: int | None) -> None:
    played = replay(level_of(DIGGER, *rows), DIGGER, moves)
    assert (played.won, played.fault, played.at) == (not fault, fault, at)
