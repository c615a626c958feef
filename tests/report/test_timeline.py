from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith.report.history import RunHistory
from gansmith.report.timeline import ModeStrip, mode_colour, mode_strip, timeline
from tests.report.health_folders import MODES, diagnosis, look, looks, make_watched_run
from tests.report.run_folders import edit_json, events, make_run, write_events


def test_rows_stand_in_the_order_in_which_things_were_first_said(tmp_path: Path) -> None:
    said = [
        diagnosis("memorising", 0.3),
        diagnosis("oscillation", 0.5, "heal"),
        diagnosis("memorising", 0.7, level="error"),
        diagnosis("diverged", 0.9, "stop"),
    ]
    line = timeline(RunHistory.read(make_watched_run(tmp_path / "run", *said)))
    assert [row.name for row in line.rows] == ["memorising", "oscillation", "diverged"]
    assert [(m.at, m.level) for m in line.rows[0].marks] == [(30_000, "warning"), (70_000, "error")]
    assert line.changes == (50_000, 90_000)
    assert line.probes == tuple(range(10_000, 100_001, 10_000))
    assert line.end == 100_000
    (mark,) = line.rows[1].marks
    assert mark.text == (
        "oscillation: settings changed at 50k samples (50 s, 50% of the budget)\n"
        "oscillation in figures."
    )


def test_a_run_of_which_nothing_was_noted_has_an_empty_line(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    write_events(run, [])
    line = timeline(RunHistory.read(run))
    assert (line.rows, line.probes, line.end) == ((), (), 1.0)
    assert mode_strip(RunHistory.read(run)) is None


def test_the_strip_holds_shares_of_generated_over_real(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    strip = mode_strip(RunHistory.read(run))
    assert strip is not None and strip.names == tuple(MODES)
    counts = np.array([event["counts"] for event in looks()], dtype=float)
    expected = counts / counts.sum(1, keepdims=True) / 0.1
    found = [[strip.ratio(column, row) for row in range(10)] for column in range(10)]
    np.testing.assert_allclose(found, expected)
    assert found[-1][7] == 0.0


def test_columns_meet_half_way_between_looks_and_stay_in_the_run(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    write_events(run, [*events(), look(0.2), look(0.4), look(0.9)])
    strip = mode_strip(RunHistory.read(run))
    assert strip is not None
    assert strip.edges == pytest.approx((10_000, 30_000, 65_000, 100_000))
    write_events(run, [*events(100), look(0.2)])
    alone = mode_strip(RunHistory.read(run))
    assert alone is not None and alone.edges == (0.0, 50_000)


def test_many_looks_are_thinned_but_first_and_last_stay(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    many = [look(i / 1000) | {"counts": [i] + [1] * 9} for i in range(1, 1001)]
    write_events(run, many)
    strip = mode_strip(RunHistory.read(run))
    assert strip is not None and len(strip.generated) == 60 == len(strip.edges) - 1
    assert strip.generated[0][0] == pytest.approx(1 / 10)
    assert strip.generated[-1][0] == pytest.approx(1000 / 1009)


@pytest.mark.parametrize(
    "facts",
    [
        {"modes": [], "shares": [], "floors": {}},
        {"modes": MODES[:5], "shares": [0.2] * 5},
        {"modes": MODES, "shares": [0.1] * 9},
        {"modes": [str(i) for i in range(31)], "shares": [1 / 31] * 31},
    ],
)
def test_counts_that_fit_no_modes_give_no_strip(tmp_path: Path, facts: dict[str, Any]) -> None:
    run = make_watched_run(tmp_path / "run")
    edit_json(run / "manifest.json", health=facts)
    if len(facts["modes"]) > 30:
        write_events(run, [look(0.5) | {"counts": [1] * 31}])
    assert mode_strip(RunHistory.read(run)) is None


def test_mode_colour_runs_from_never_over_real_to_four_times() -> None:
    ratios = (0.0, 0.5, 1.0, 2.0, 4.0, 100.0, math.inf)
    assert [mode_colour(r) for r in ratios] == pytest.approx([-1, -0.5, 0, 0.5, 1, 1, 1])
    strip = ModeStrip(("a", "b"), (0.0, 1.0), (0.0, 1.0), ((0.5, 0.5),))
    assert (strip.ratio(0, 0), strip.ratio(0, 1)) == (math.inf, 0.5)
