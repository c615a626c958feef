"""The archive of a run: what is asked for, how far its axes go, and what is written."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels import archiving
from gansmith.media.levels.archiving import Ends, choose_axes, parse_measures
from gansmith.media.levels.control import density, length, verified
from tests.media.levels.games.tiny import MAZE
from tests.media.levels.test_control import combs

pytest.importorskip("cma")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("density length", (Ends("density"), Ends("length"))),
        ("density=0..0.6, jumps", (Ends("density", 0.0, 0.6), Ends("jumps"))),
        ("length=-2..8.5 difficulty", (Ends("length", -2.0, 8.5), Ends("difficulty"))),
    ],
)
def test_measures_are_read_with_their_ranges(text: str, expected: tuple[Ends, Ends]) -> None:
    assert parse_measures(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("density", "takes two, such as 'density length', not 'density'"),
        ("density density", "takes two"),
        ("density length jumps", "takes two"),
        ("density=0.6 length", "takes ranges such as density=0..0.6, not 'density=0.6'"),
        ("density=0.6..0.1 length", "takes ranges"),
        ("density=a..b length", "takes ranges"),
        ("den/sity length", "measure 'den/sity' is unknown: choose one of length"),
    ],
)
def test_what_are_no_measures_is_named(text: str, message: str) -> None:
    with pytest.raises(GansmithError, match=message):
        parse_measures(text)


def test_axes_hold_what_random_levels_have() -> None:
    asked = Ends("length"), Ends("density")
    first, second = choose_axes(asked, combs, 4, MAZE, seed=3)
    levels = combs(np.random.default_rng(3).standard_normal((300, 4)).astype(np.float32))
    found = [(level, verdict) for level in levels if (verdict := verified(level, MAZE))]
    for axis, measure in ((first, length), (second, density)):
        values = [measure(level, MAZE, verdict) for level, verdict in found]
        assert axis.low <= min(values) and max(values) < axis.high
        assert axis.high - axis.low < 2 * (max(values) - min(values)) + 2
    assert first.low == int(first.low) and first.cells == min(20, first.high - first.low)
    given, _ = choose_axes((Ends("length", 5, 30), asked[1]), combs, 4, MAZE, seed=3)
    assert (given.low, given.high, given.cells) == (5, 30, 20)


def test_a_solver_without_the_measure_and_levels_that_nobody_wins_are_named() -> None:
    with pytest.raises(GansmithError, match="measure 'jumps' is unknown: choose one of length"):
        choose_axes((Ends("length"), Ends("jumps")), combs, 4, MAZE, 0)
    walled = [np.full((300, 4), 9.0, np.float32)]
    with pytest.raises(GansmithError, match="none of 300 random levels can be won"):
        choose_axes((Ends("length"), Ends("density")), lambda _: combs(walled[0]), 4, MAZE, 0)


def test_other_runs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "load_generator", lambda run: SimpleNamespace(codec=None))
    with pytest.raises(GansmithError, match="some/run makes no levels of a game"):
        archiving.write_archive("some/run")
