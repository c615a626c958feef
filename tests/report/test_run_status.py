from __future__ import annotations

import os
from pathlib import Path

import pytest

from gansmith.report.history import RunHistory
from gansmith.report.run_status import RunStatus, run_status
from tests.report.health_folders import diagnosis, look, looks, make_watched_run
from tests.report.run_folders import edit_json, events, make_run, write_events

NOW = 1_000_000_000.0


def stands(run: Path, silent: float = 0.0) -> RunStatus:
    """Where a run stands, of which nothing was heard for so many seconds."""
    os.utime(run / "metrics.jsonl", (NOW - silent, NOW - silent))
    return run_status(RunHistory.read(run), NOW)


@pytest.fixture
def running(tmp_path: Path) -> Path:
    """A run half-way through its budget, not judged."""
    run = make_watched_run(tmp_path / "run", training={"samples": 200_000})
    (run / "quality.json").unlink()
    return run


def test_a_judged_run_is_finished_where_its_budget_is_used_up(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    assert stands(run, silent=1e6).stage == "finished"
    assert stands(run).origin == "the final evaluation"


def test_a_larger_budget_makes_a_judged_run_go_on(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", training={"samples": 200_000})
    assert (stands(run).stage, stands(run, silent=500).stage) == ("training", "stopped")
    assert (
        stands(run).origin == "the evaluation at 100k samples"
    )  # the verdict is of an earlier state
    edit_json(run / "manifest.json", stopped=True)
    assert stands(run, silent=500).stage == "ended early"


def test_silence_tells_a_stopped_run_from_one_that_trains(running: Path) -> None:
    assert (stands(running, silent=60).stage, stands(running, silent=130).stage) == (
        "training",
        "stopped",
    )
    slow = [event | {"seconds": 200 * event["seconds"]} for event in events()]
    write_events(running, slow)  # a step is logged every 100 s
    assert (stands(running, silent=400).stage, stands(running, silent=600).stage) == (
        "training",
        "stopped",
    )


def test_a_run_that_said_it_stops_has_stopped(running: Path) -> None:
    clock = {"samples": 100_000, "seconds": 100.0, "level": "info"}
    note = {"event": "note", **clock, "text": "stopped and saved after 100,000 samples in x"}
    write_events(running, [*events(), note])
    assert stands(running).stage == "stopped"
    later = {"event": "step", "samples": 120_000, "seconds": 120.0}
    write_events(running, [*events(), note, later])
    assert stands(running).stage == "training"


def test_a_run_that_diverged_trains_no_more_unless_it_was_healed(running: Path) -> None:
    write_events(running, [*events(), diagnosis("diverged", 0.9 * 2, level="error")])
    assert stands(running).stage == "stopped"
    write_events(running, [*events(), diagnosis("diverged", 0.9 * 2, "heal")])
    assert stands(running).stage == "training"


def test_after_the_last_step_the_judgement_is_waited_for(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    (run / "quality.json").unlink()
    assert (stands(run).stage, stands(run, silent=1e4).stage) == ("evaluating", "stopped")


def test_only_what_is_open_is_a_problem(tmp_path: Path) -> None:
    said = [diagnosis("oscillation", 0.2, "heal"), diagnosis("memorising", 0.5, text="90%.")]
    run = make_watched_run(tmp_path / "run", *said)
    assert stands(run).problems == ["memorising: 90%."]
    assert stands(make_watched_run(tmp_path / "calm")).problems == []
    assert stands(make_watched_run(tmp_path / "healed", said[0])).problems == []


def test_poor_variety_is_a_problem_even_if_nobody_watched(tmp_path: Path) -> None:
    values = {"recall": 0.1, "coverage": 0.9}  # floors are 0.95
    run = make_run(tmp_path / "run", values=values, training={"samples": 100_000})
    assert stands(run).problems == ["recall is only 11% of that of real samples"]
    copies = {"copying_ratio": 0.5, "copying_share": 0.4}
    run = make_run(tmp_path / "copies", values=copies, training={"samples": 100_000})
    assert stands(run).problems == [
        "memorisation: the distance to training samples is 53% of that of held-out samples"
    ]
    for more in ({"copying_ratio": 0.9}, {"copying_share": 0.01}):
        run = make_run(tmp_path / str(more), values=copies | more, training={"samples": 100_000})
        assert stands(run).problems == []


def test_young_runs_may_be_poor(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", training={"samples": 10_000_000})
    poor = {"event": "quality", "samples": 1000, "seconds": 1.0, "recall": 0.0, "recall_floor": 0.9}
    write_events(run, [*events(10), poor])
    assert stands(run).problems == []


def test_losses_that_are_no_numbers_are_divergence(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    last = events()[-2] | {"event": "step", "d_loss": float("nan")}
    write_events(run, [*events(100), last])
    (problem,) = stands(run).problems
    assert problem.startswith("diverged")
    write_events(run, [*events(100), last, diagnosis("diverged", 1.0, text="said.")])
    assert stands(run).problems == ["diverged: said."]


def test_measurements_come_from_the_best_source_there_is(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    (run / "quality.json").unlink()
    assert set(stands(run).metrics) == {"frechet", "recall"}
    write_events(run, looks())
    found = stands(run)
    assert found.origin == "the health probe at 100k samples"
    assert found.metrics["coverage"].value == look(1.0)["coverage"]
    assert found.metrics["coverage"].floor == 0.92
    write_events(run, [])
    assert (stands(run).origin, stands(run).metrics) == ("", {})


def test_the_share_that_the_discriminator_has_right(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")  # signs of 0.4 and -0.4: 70% of each side
    assert RunHistory.read(run).discriminator_accuracy == pytest.approx(0.7)
    write_events(run, [{"event": "step", "samples": 1, "seconds": 1.0}])
    assert RunHistory.read(run).discriminator_accuracy is None
