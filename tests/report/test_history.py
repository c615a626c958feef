from __future__ import annotations

import json
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.report.history import RunHistory
from tests.report.health_folders import MODES, diagnosis, look, looks, make_watched_run
from tests.report.run_folders import edit_json, events, make_run, write_events


def test_looks_and_diagnoses_are_read_with_all_they_say(tmp_path: Path) -> None:
    said = diagnosis("oscillation", 0.4, "heal", settings="a.b=1 c=x,y", modes="3, 7")
    record = RunHistory.read(make_watched_run(tmp_path / "run", said))
    assert record.probes == looks()
    assert record.probes[0]["counts"] == looks()[0]["counts"]
    assert record.diagnoses == [said]
    assert record.manifest.health.modes == MODES
    assert record.monitor_share == pytest.approx(10 * 0.12 / 100)


def test_a_run_without_a_monitor_has_neither(tmp_path: Path) -> None:
    record = RunHistory.read(make_run(tmp_path / "run"))
    assert (record.probes, record.diagnoses) == ([], [])
    assert record.manifest.health.modes == [] and not record.manifest.stopped
    assert record.monitor_share is None


@pytest.mark.parametrize("counts", [None, "many", [1, "two"], [1, -2], {"1": 2}, [0.5]])
def test_counts_that_are_none_are_left_out(tmp_path: Path, counts: object) -> None:
    run = make_run(tmp_path / "run")
    write_events(run, [look(0.5) | {"counts": counts}])
    (found,) = RunHistory.read(run).probes
    assert "counts" not in found and found["coverage"] == look(0.5)["coverage"]


@pytest.mark.parametrize("missing", ["diagnosis", "action", "samples"])
def test_a_diagnosis_that_lacks_a_field_is_skipped(tmp_path: Path, missing: str) -> None:
    run = make_run(tmp_path / "run")
    event = diagnosis("oscillation", 0.4)
    del event[missing]
    write_events(run, [event])
    record = RunHistory.read(run)
    assert record.diagnoses == []
    assert [note["text"] for note in record.notes] == [
        "1 line of metrics.jsonl cannot be read: skipped"
    ]


def test_progress_follows_the_budget(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")  # 100,000 samples in 100 s of 3 minutes
    assert RunHistory.read(run).progress == pytest.approx(100 / 180)
    other = make_run(tmp_path / "other", training={"samples": 400_000})
    assert RunHistory.read(other).progress == 0.25
    (run / "recipe.yaml").write_text("name: x\n")
    assert RunHistory.read(run).progress is None


def test_a_diagnosis_is_progress_too_where_its_step_was_not_logged(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", training={"samples": 100_000})
    write_events(run, [*events(100), diagnosis("diverged", 0.75)])
    record = RunHistory.read(run)
    assert record.last["samples"] == 50_000
    assert (record.progress, record.reached) == (0.75, 75_000)


def test_facts_of_the_wrong_kind_are_named(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    edit_json(run / "manifest.json", health={"modes": 3})
    with pytest.raises(GansmithError, match=r"manifest\.json is damaged \(health\.modes"):
        RunHistory.read(run)
    assert json.loads((run / "manifest.json").read_text())["health"] == {"modes": 3}


def test_a_time_that_is_no_number_is_damage(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    edit_json(run / "quality.json", seconds=float("nan"))
    with pytest.raises(GansmithError, match=r"quality\.json is damaged \(a metric or its time"):
        RunHistory.read(run)
