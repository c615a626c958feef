from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from gansmith.health.diagnosis import EXPLANATIONS, TRANSLATION_EXPLANATIONS
from gansmith.health.expressions import EXPRESSION_EXPLANATIONS
from gansmith.health.hardening import HARDENING_EXPLANATIONS
from gansmith.report.findings import (
    changed_settings,
    find,
    longer_command,
    retrain_command,
)
from gansmith.report.history import RunHistory
from tests.report.health_folders import diagnosis, make_watched_run
from tests.report.run_folders import edit_json


def read(path: Path, *diagnoses: dict[str, Any], **options: Any) -> RunHistory:
    return RunHistory.read(make_watched_run(path, *diagnoses, **options))


def test_each_diagnosis_is_one_finding_with_its_latest_evidence(tmp_path: Path) -> None:
    record = read(
        tmp_path / "run",
        diagnosis("oscillation", 0.2, text="first."),
        diagnosis("memorising", 0.5),
        diagnosis("oscillation", 0.8, text="it is worse.", level="error"),
    )
    one, other = find(record)
    assert (one.name, len(one.events), one.level) == ("oscillation", 2, "error")
    assert (one.first["samples"], one.last["samples"]) == (20_000, 80_000)
    assert one.evidence == "It is worse."
    assert one.explanation == EXPLANATIONS["oscillation"]
    assert (other.name, other.level) == ("memorising", "warning")


def test_what_was_healed_is_told_from_what_is_open_or_past(tmp_path: Path) -> None:
    record = read(
        tmp_path / "run",
        diagnosis("generator stalled", 0.1, settings="a=1"),
        diagnosis("oscillation", 0.2, "heal", settings="a=2 b=3"),
        diagnosis("diverged", 0.4, "heal", settings="b=4", level="error"),
        diagnosis("memorising", 0.6, settings="c=5"),
    )
    states = {finding.name: finding.state for finding in find(record)}
    assert states == {
        "memorising": "open",
        "generator stalled": "past",
        "oscillation": "healed",
        "diverged": "healed",
    }
    assert find(record)[0].name == "memorising"  # what is open comes first
    assert changed_settings(record) == ("a=2", "b=4")
    assert find(record)[0].settings == ("a=2", "b=4", "c=5")  # a remedy of the healed recipe


def test_healing_without_settings_counts_only_where_it_ended_the_run(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", diagnosis("memorising", 0.9, "heal", settings=""))
    assert find(RunHistory.read(run))[0].state == "open"
    edit_json(run / "manifest.json", stopped=True)
    assert find(RunHistory.read(run))[0].state == "healed"


def test_where_no_setting_helps_there_is_advice(tmp_path: Path) -> None:
    names = list(EXPLANATIONS)
    record = read(tmp_path / "run", *(diagnosis(name, 0.5, settings="") for name in names))
    assert {f.name for f in find(record)} == set(names)
    assert all(f.advice for f in find(record))
    assert "inspect" in next(f for f in find(record) if f.name == "labels ignored").advice
    helped = read(tmp_path / "helped", diagnosis("memorising", 0.5))
    assert find(helped)[0].advice == ""


@pytest.mark.parametrize(
    ("task", "name", "known"),
    [
        ("translate", "identity collapse", TRANSLATION_EXPLANATIONS),
        ("expressions", "identity collapse", EXPRESSION_EXPLANATIONS),
        ("harden", "robust overfitting", HARDENING_EXPLANATIONS),
    ],
)
def test_a_diagnosis_is_explained_in_the_words_of_its_task(
    tmp_path: Path, task: str, name: str, known: dict[str, str]
) -> None:
    run = make_watched_run(tmp_path / "run", diagnosis(name, 1.0))
    recipe = yaml.safe_load((run / "recipe.yaml").read_text("utf-8")) | {"task": task}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe), "utf-8")
    (finding,) = find(RunHistory.read(run))
    assert finding.explanation == known[name]


def test_a_diagnosis_of_a_later_version_is_told_without_explanation(tmp_path: Path) -> None:
    (finding,) = find(read(tmp_path / "run", diagnosis("boredom", 0.5, "yawn", level="grave")))
    assert (finding.explanation, finding.level, finding.state) == ("", "warning", "open")


def test_the_command_survives_the_shell_and_names_a_new_folder(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "my run")
    (tmp_path / "my run-2").mkdir()
    words = shlex.split(retrain_command(run, ["a.b=1", "c=x;y z"]))
    assert words[:3] == ["gansmith", "train", str(run / "recipe.yaml")]
    assert words[3:5] == ["--out", str(tmp_path / "my run-3")]
    assert words[5:] == ["--set", "a.b=1", "--set", "c=x;y z"]


@pytest.mark.parametrize("here", [".", "../run"])
def test_a_run_named_from_within_gets_a_folder_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str
) -> None:
    monkeypatch.chdir(make_watched_run(tmp_path / "run"))
    out = Path(shlex.split(retrain_command(Path(here), []))[4])
    assert out.resolve() == tmp_path / "run-2"


def test_more_time_is_twice_the_budget_there_was(tmp_path: Path) -> None:
    record = read(tmp_path / "a")
    assert longer_command(record).endswith("--samples 200000")
    record = read(tmp_path / "b", training={"minutes": 2.5})
    assert longer_command(record).endswith("--minutes 5")
    assert yaml.safe_load(record.recipe_text)["training"] == {"minutes": 2.5}
