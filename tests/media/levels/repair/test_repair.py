from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import combinations, count, product
from types import SimpleNamespace

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels.games import Limit, Solved, game_of, verdict
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import Count, Legend
from gansmith.media.levels.level import Level, torn_cells
from gansmith.media.levels.repair import Repair, Requests, repair
from gansmith.media.levels.repair.model import _run
from tests.media.levels.games.tiny import (
    DIGGER,
    KEYDOOR,
    MAZE,
    ONE_WAY_KEYS,
    PLATFORMER,
    SOKOBAN,
    level_of,
    scattered,
    walled,
)

pytest.importorskip("ortools")
SMALL = Legend.model_validate(
    {
        "game": "keydoor",
        "tiles": {
            symbol: tile.model_dump(exclude_defaults=True)
            for symbol, tile in KEYDOOR.tiles.items()
            if symbol in "#.@>rR"
        },
    }
)
PIPES = Legend.model_validate(
    {
        **PLATFORMER.model_dump(exclude_defaults=True),
        "tiles": {
            **PLATFORMER.model_dump(exclude_defaults=True)["tiles"],
            **{symbol: {"role": "solid"} for symbol in "<>[]"},
        },
        "objects": {"pipe": ["<>", "[]"]},
    }
)


def checked(
    level: Level, legend: Legend, found: Repair, requests: Requests | None = None
) -> Repair:
    """What every repaired level must be, told by solver, replayer and plain counting."""
    assert found.level is not None, found.reason
    assert isinstance(found.verdict, Solved)
    verdict = game_of(legend).solve(found.level, legend)
    assert isinstance(verdict, Solved)
    assert replay(found.level, legend, verdict.moves).won
    assert replay(found.level, legend, found.verdict.moves).won
    assert not torn_cells(found.level, legend).any()
    differing = np.argwhere(found.level.tiles != level.tiles).tolist()
    assert [[edit.row, edit.column] for edit in found.edits] == differing
    for edit in found.edits:
        assert legend.index[edit.before] == level.tiles[edit.row, edit.column]
        assert legend.index[edit.after] == found.level.tiles[edit.row, edit.column]
    if requests is not None:
        assert not requests.faults(found.level, legend)
        if requests.locked is not None:
            assert (found.level.tiles == level.tiles)[requests.locked].all()
    return found


def fewest_edits(level: Level, legend: Legend, good: Callable[[Level], bool], most: int) -> int:
    """Try all levels with one change, two changes and so on inside the border."""
    rows, columns = level.size
    inner = list(product(range(1, rows - 1), range(1, columns - 1)))
    others = range(len(legend.symbols))

    def changed(cells: tuple[tuple[int, int], ...]) -> Iterator[Level]:
        for symbols in product(others, repeat=len(cells)):
            tiles = level.tiles.copy()
            for cell, symbol in zip(cells, symbols, strict=True):
                tiles[cell] = symbol
            if (tiles != level.tiles).sum() == len(cells):
                yield Level(tiles)

    for edits in range(most + 1):
        if any(good(each) for cells in combinations(inner, edits) for each in changed(cells)):
            return edits
    return most + 1


def wins(legend: Legend) -> Callable[[Level], bool]:
    """A level that the solver wins; with locked doors in the legend, one that has such a door."""
    locked = np.array(["door" in tile.roles and tile.locked for tile in legend.tiles.values()])

    def good(level: Level) -> bool:
        if locked.any() and not locked[level.tiles].any():
            return False
        return isinstance(game_of(legend).solve(level, legend, Limit(nodes=10_000)), Solved)

    return good


@pytest.mark.parametrize(
    ("legend", "ground", "things"), [(SMALL, ".", "@>rR"), (SMALL, "#", "@>R"), (MAZE, "#", "@>")]
)
def test_no_level_with_fewer_edits_is_right(legend: Legend, ground: str, things: str) -> None:
    """The twin: all levels with up to two edits of the cells inside the border."""
    rng = np.random.default_rng(3)
    compared = 0
    for _ in range(2):
        level = level_of(legend, *walled(scattered(rng, 2, 4, ground, "##", things)))
        border = np.ones(level.size, dtype=bool)
        border[1:-1, 1:-1] = False
        fewest = fewest_edits(level, legend, wins(legend), 2)
        found = repair(level, legend, requests=Requests(locked=border), seconds=30)
        if isinstance(game_of(legend).solve(level, legend), Solved):
            assert found.edits == () and fewest in (0, 1, 2)
            continue
        checked(level, legend, found)
        assert found.proved_fewest
        assert len(found.edits) == fewest if fewest <= 2 else len(found.edits) > 2
        compared += 1
    assert compared >= 1


@pytest.mark.parametrize("legend", [KEYDOOR, ONE_WAY_KEYS])
def test_levels_of_keys_that_are_noise_are_repaired(legend: Legend) -> None:
    rng = np.random.default_rng(1)
    for _ in range(2):
        level = level_of(legend, *walled(scattered(rng, 5, 6, ".", "#" * 9, "@>rbRBR")))
        found = checked(level, legend, repair(level, legend, seconds=30))
        assert found.proved_fewest


def test_of_equally_few_edits_the_ones_with_the_highest_scores_are_made() -> None:
    level = level_of(MAZE, "#######", "#@.#.>#", "#..#..#", "#..#..#", "#######")
    for row in (1, 2, 3):
        logits = np.zeros((*level.size, len(MAZE.symbols)), dtype=np.float32)
        np.put_along_axis(logits, level.tiles[..., None].astype(int), 4.0, axis=2)
        logits[row, 3, MAZE.index["#"]] = 1.0
        found = checked(level, MAZE, repair(level, MAZE, logits=logits, seconds=30))
        assert [(edit.row, edit.column) for edit in found.edits] == [(row, 3)]
    with pytest.raises(ValueError, match="logits are"):
        repair(level, MAZE, logits=logits[1:])


def test_one_seed_gives_one_repair() -> None:
    rng = np.random.default_rng(5)
    level = level_of(KEYDOOR, *walled(scattered(rng, 5, 5, ".", "#" * 8, "@>rRb")))
    first, second = (repair(level, KEYDOOR, seconds=30, seed=4) for _ in range(2))
    assert first.edits == second.edits and first.edits


def test_requests_are_kept() -> None:
    level = level_of(SMALL, ".......", ".@.#..#", "#..#.>#", "#r.#..#", "#######")
    locked = np.zeros(level.size, dtype=bool)
    locked[1:, 3:] = True
    counts = {"key": Count(least=2, most=2), "R": Count(most=1), ">": Count(least=1, most=1)}
    requests = Requests(locked, counts, "#")
    impossible = repair(level, SMALL, requests=requests, seconds=30)
    assert impossible.level is None and impossible.impossible
    assert "the locked cells" in impossible.reason and "rules" in impossible.reason
    requests = Requests(locked & False, requests.counts, "#")
    found = checked(level, SMALL, repair(level, SMALL, requests=requests, seconds=30), requests)
    assert found.level is not None
    assert found.level.rows(SMALL)[0] == "#######"


@pytest.mark.parametrize(
    ("counts", "conflict"),
    [
        ({"start": Count(least=2, most=2)}, "exactly 2 of 'start' and the rules of the game"),
        ({"#": Count(most=3)}, "the border"),
        ({"r": Count(most=0)}, "exactly 0 of 'r'"),
    ],
)
def test_requests_that_no_level_keeps_are_named(counts: dict[str, Count], conflict: str) -> None:
    level = level_of(SMALL, "#######", "#@.R.>#", "#r.#..#", "#######")
    found = repair(level, SMALL, requests=Requests(counts=counts, border="#"), seconds=30)
    assert found.level is None and found.impossible and found.edits == ()
    assert conflict in found.reason and found.reason.startswith("no level keeps ")


def test_requests_about_nothing_there_are_refused() -> None:
    level = level_of(SMALL, "#####", "#@.>#", "#####")
    for requests, text in (
        (Requests(counts={"kay": Count(least=1)}), "symbol or role.*'kay'.*key"),
        (Requests(border="x"), "symbol of the border"),
        (Requests(locked=np.zeros((2, 2), dtype=bool)), "give one for each cell"),
    ):
        with pytest.raises(GansmithError, match=text):
            repair(level, SMALL, requests=requests)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "ortools"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ortools", None)
    level = level_of(SMALL, "#####", "#@.>#", "#####")
    with pytest.raises(GansmithError, match=r"pip install 'gansmith\[games\]'"):
        repair(level, SMALL)


GAP = ("--------------------", "-S----------------G-", "####------------####")


def test_gaps_get_platforms_and_walls_openings() -> None:
    level = level_of(PLATFORMER, *("-" * 20,) * 2, *GAP)
    found = checked(level, PLATFORMER, repair(level, PLATFORMER, seconds=30))
    assert 1 <= len(found.edits) <= 4
    wall = level_of(PLATFORMER, *("----##--",) * 6, "-S--##G-", "########")
    found = checked(wall, PLATFORMER, repair(wall, PLATFORMER, seconds=30))
    assert len(found.edits) == 2


def test_platforms_keep_locked_cells_counts_and_whole_objects() -> None:
    rows = (*("-" * 20,) * 2, "-----<>-------------", "-S---[>-----------G-", GAP[2])
    level = level_of(PIPES, *rows)
    locked = np.zeros(level.size, dtype=bool)
    locked[-1, 4:10] = True
    requests = Requests(locked, {"^": Count(least=1, most=1)})
    found = checked(level, PIPES, repair(level, PIPES, requests=requests, seconds=30), requests)
    assert found.level is not None
    ends = [PIPES.index[symbol] for symbol in "SG"]
    assert (np.isin(level.tiles, ends) == np.isin(found.level.tiles, ends)).all()
    locked[:] = True
    found = repair(level, PIPES, requests=Requests(locked), seconds=30)
    assert found.level is None and found.impossible and "locked" in found.reason


@pytest.mark.parametrize(
    "rows",
    [
        ("#######", "#$ . @#", "#     #", "#     #", "#######"),
        ("########", "#@ #  .#", "# $#   #", "########"),
        ("#######", "#@@ $ #", "# $ . #", "#     #", "#######"),
    ],
)
def test_boxes_are_brought_to_where_they_can_be_pushed(rows: tuple[str, ...]) -> None:
    level = level_of(SOKOBAN, *rows)
    assert not isinstance(game_of(SOKOBAN).solve(level, SOKOBAN), Solved)
    found = checked(level, SOKOBAN, repair(level, SOKOBAN, seconds=30))
    assert 1 <= len(found.edits) <= 4


@pytest.mark.parametrize(
    ("edits", "rows"),
    [
        (1, ("########", "#@ $  .#", "#      #", "### ####")),
        (2, ("## #####", "#@ $  ..", "#      #", "########")),
        (3, ("####.###", "#@ $   #", "#       ", "########")),
    ],
)
def test_holes_in_the_border_around_boxes_are_closed(edits: int, rows: tuple[str, ...]) -> None:
    level = level_of(SOKOBAN, *rows)
    found = checked(level, SOKOBAN, repair(level, SOKOBAN, seconds=30))
    assert len(found.edits) == edits


def test_boxes_keep_their_number_if_that_is_asked() -> None:
    level = level_of(SOKOBAN, "########", "#$   . #", "#  $ . #", "#@     #", "########")
    locked = level.tiles == SOKOBAN.index["."]
    requests = Requests(locked, {"box": Count(least=2, most=2)})
    checked(level, SOKOBAN, repair(level, SOKOBAN, requests=requests, seconds=30), requests)


def test_gold_is_brought_within_reach() -> None:
    rows = ("......H.XX", "......H.XN", "..R...H.XX", "XXXXXXXXXX")
    level = level_of(DIGGER, *rows)
    found = checked(level, DIGGER, repair(level, DIGGER, seconds=30))
    assert found.level is not None and "N" in "".join(found.level.rows(DIGGER))


def test_a_way_to_the_top_is_built() -> None:
    level = level_of(DIGGER, "........", "........", "..R..N..", "XXXXXXXX")
    found = checked(level, DIGGER, repair(level, DIGGER, seconds=30))
    assert {edit.after for edit in found.edits} == {"H"}


def test_gold_keeps_its_number_and_ways_lead_back_from_it() -> None:
    """A pit of concrete, an island and a closed room, each with gold; nothing has to go."""
    level = level_of(
        DIGGER,
        "H...................",
        "H.......N...........",
        "H......XXX.....XXXXX",
        "H..............XN.NX",
        "H....R.........XXXXX",
        "XXXXXXXXX.XXXXXXXXXX",
        "XXXXXXXXX.XXXXXXXXXX",
        "XXXXXXXXXNXXXXXXXXXX",
    )
    found = checked(level, DIGGER, repair(level, DIGGER, seconds=30))
    assert found.level is not None
    assert (found.level.tiles == DIGGER.index["N"]).sum() == 4
    assert len(found.edits) <= 8


@pytest.mark.parametrize("seed", range(3))
def test_levels_of_digging_that_are_noise_are_repaired(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = scattered(rng, 10, 14, ".", "M" * 40 + "X" * 20 + "H" * 15 + "T" * 10, "RNNNNNEZF")
    level = level_of(DIGGER, *rows)
    locked = np.zeros(level.size, dtype=bool)
    locked[:, 0] = True
    requests = Requests(locked, {"collectible": Count(least=1, most=5)})
    found = checked(level, DIGGER, repair(level, DIGGER, requests=requests, seconds=30), requests)
    again = repair(level, DIGGER, requests=requests, seconds=30)
    assert found.level is not None and again.level is not None
    assert (found.level.tiles == again.level.tiles).all()


def test_a_machine_that_sleeps_during_a_repair_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock of the solvers is an hour later than the last."""
    hours = count(start=0, step=3_600)
    monkeypatch.setattr(verdict, "time", SimpleNamespace(monotonic=lambda: float(next(hours))))
    level = level_of(DIGGER, "........", "........", "..R..N..", "XXXXXXXX")
    assert not repair(level, DIGGER, seconds=5).solved


def test_what_is_solved_stays() -> None:
    level = level_of(SMALL, "#######", "#@.R.>#", "#r.#..#", "#######")
    found = repair(level, SMALL)
    assert found.level is level and found.edits == () and found.proved_fewest and found.share == 0


def test_ctrl_c_is_not_taken_by_the_solver() -> None:
    """CP-SAT replaces the handler of SIGINT while it runs; then Ctrl-C would not reach Python."""
    cp = pytest.importorskip("ortools.sat.python.cp_model")
    pigeons = cp.CpModel()  # 12 in 11 holes, which takes resolution far longer than the test
    sits = [[pigeons.new_bool_var("") for _ in range(11)] for _ in range(12)]
    for pigeon in sits:
        pigeons.add_bool_or(pigeon)
    for hole in zip(*sits, strict=True):
        for one, other in combinations(hole, 2):
            pigeons.add_bool_or(one.negated(), other.negated())
    timer = threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,))
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            _run(SimpleNamespace(cp=cp, model=pigeons), time.monotonic() + 5.0, 0, 1e9)  # type: ignore[arg-type]
            timer.join()
    finally:
        timer.join()
        signal.signal(signal.SIGINT, former)
