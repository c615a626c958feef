from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from gansmith.cli import app
from gansmith.errors import GansmithError
from gansmith.health.diagnosis import EXPLANATIONS
from gansmith.recipe import load_recipe
from gansmith.report.diagnosis import diagnose_run, render, run_named
from tests.report.health_folders import STEADY, diagnosis, make_watched_run
from tests.report.run_folders import edit_json, make_run


def told(run: Path) -> tuple[list[str], str]:
    """The problems of a diagnosis, and its text with its lines joined."""
    diagnosis = diagnose_run(run)
    return diagnosis.problems, " ".join(" ".join(render(diagnosis)).split())


def commands(text: str) -> list[list[str]]:
    """The command lines in a printed text."""
    lines = [line.strip() for line in text.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("gansmith ")]


def test_a_healthy_run_is_told_calmly(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    problems, text = told(run)
    assert problems == []
    for words in (
        f"digits in {run}: finished and evaluated, after 1 min 40 s and 100k samples",
        "from the final evaluation: Fréchet distance 27.4, 11\N{MULTIPLICATION SIGN} the floor",
        "good Recall 0.861, 91% of real; Coverage 0.803, 85% of real",
        "10 probes found no problem",
        "the health monitor took 1.2% of the time",
        "discriminator accuracy is 70%: discriminator and generator are balanced",
        f"picture {run / 'health.png'}",
        "no problems found",
    ):
        assert words in text, words
    with Image.open(run / "health.png") as picture:
        assert picture.width > 800


def test_two_looks_that_find_nothing_are_no_comfort(tmp_path: Path) -> None:
    _, text = told(make_watched_run(tmp_path / "run", watched=2))
    assert "2 probes found no problem, too few to rely on" in text


def test_short_measures_stand_apart_from_good_ones(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", values={"recall": 0.4, "precision": 0.94})
    _, text = told(run)
    good, _, short = text.partition(" poor ")
    assert "Precision 0.940" in good and "Recall 0.400, 42% of real" in short


def test_each_diagnosis_is_told_once_with_the_command_against_it(tmp_path: Path) -> None:
    said = [diagnosis("oscillation", 0.3), diagnosis("oscillation", 0.6, text="it swings.")]
    run = make_watched_run(tmp_path / "run", *said)
    problems, text = told(run)
    assert problems == ["oscillation: it swings."]
    times = "diagnosed 2 times, first at 30k samples (30 s, 30% of the budget), last at 60k samples"
    assert text.count("found oscillation") == 1 and times in text
    assert f"It swings. {EXPLANATIONS['oscillation']}" in text
    remedy = " ".join(f"--set {setting}" for setting in STEADY.split())
    assert f"gansmith train {run}/recipe.yaml --out {run}-2 {remedy}" in text
    assert text.endswith("problem oscillation: it swings.")


def test_commands_stand_on_one_line_and_are_recipes_that_load(tmp_path: Path) -> None:
    settings = "optimiser.d_lr=0.0001 augment.ops=translation,scale,cutout"
    run = make_watched_run(tmp_path / "my run", diagnosis("memorising", 0.5, settings=settings))
    (command,) = commands("\n".join(render(diagnose_run(run))))
    assert command[:5] == ["gansmith", "train", f"{run}/recipe.yaml", "--out", f"{run}-2"]
    recipe = load_recipe(command[2], command[6::2])
    assert recipe.optimiser.d_lr.start == 0.0001
    assert recipe.augment.ops == ("translation", "scale", "cutout")


def test_what_was_healed_is_no_problem_and_can_be_had_from_the_start(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", diagnosis("oscillation", 0.3, "heal"))
    problems, text = told(run)
    options = " ".join(f"--set {setting}" for setting in STEADY.split())
    assert problems == [] and "no problems found" in text
    assert f"Corrected: settings changed. {options}" in text
    assert "to train with the changed settings from the start:" in text
    assert f"--out {run}-2 {options}" in text


def test_a_run_that_still_improves_is_given_more_time(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", training={"minutes": 1.5})
    _, text = told(run)  # the distance is 900 / step: it still falls
    assert "still improving, from 6.03 to 4.75; train longer:" in text
    assert f"gansmith train {run}/recipe.yaml --out {run} --minutes 3" in text
    ill = make_watched_run(
        tmp_path / "ill", diagnosis("oscillation", 0.3), training={"minutes": 1.5}
    )
    assert "--minutes" not in told(ill)[1]


def test_a_stopped_run_goes_on_by_the_same_command(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", training={"samples": 400_000})
    (run / "quality.json").unlink()
    os.utime(run / "metrics.jsonl", (0, 0))
    text = told(run)[1]
    assert "stopped at 25% of its budget" in text
    assert f"last checkpoint: gansmith train {run}/recipe.yaml --out {run} quality" in text


def test_a_run_that_trains_is_told_as_it_stands(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", training={"samples": 400_000})
    (run / "quality.json").unlink()
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"event": "health", "samp')
    problems, text = told(run)
    assert problems == [] and "training at 25% of its budget" in text
    assert "from the evaluation at 100k samples: Fréchet distance 4.50, at the floor" in text


def test_a_run_ended_by_its_monitor_says_so(tmp_path: Path) -> None:
    said = diagnosis("memorising", 0.5, "heal", settings="")
    run = make_watched_run(tmp_path / "run", said, training={"samples": 200_000})
    edit_json(run / "manifest.json", stopped=True)
    problems, text = told(run)
    assert problems == []
    assert "ended by its health monitor at 50% of its budget, and evaluated" in text
    assert "Corrected: returned to the best checkpoint." in text


def test_an_old_run_is_told_by_losses_and_quality(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    _, text = told(run)
    assert "no probes of a health monitor: this diagnosis uses losses and quality only" in text
    assert "discriminator accuracy is 70%" in text
    assert not (run / "health.png").exists() and "picture" not in text


def test_brackets_in_names_are_no_markup(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run", diagnosis("x", 0.5, text="[bold]mode [/] 7[/bold]"))
    assert "[bold]mode [/] 7[/bold]" in told(run)[1]


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["doctor", *map(str, arguments)])


@pytest.mark.parametrize(("action", "code"), [("warn", 1), ("stop", 1), ("heal", 0)])
def test_the_exit_code_tells_what_is_wrong_and_not_healed(  # type: ignore[no-untyped-def]
    doctor, tmp_path: Path, action: str, code: int
) -> None:
    make_watched_run(tmp_path / "run", diagnosis("oscillation", 0.3, action))
    result = doctor("run")
    assert result.exit_code == code, result.output
    assert "found     oscillation" in result.output
    assert doctor(make_watched_run(tmp_path / "calm")).exit_code == 0


def test_a_run_is_told_from_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_named("digits") is None and run_named("cards.yaml") is None
    (tmp_path / "digits").mkdir()
    assert run_named("digits") is None  # a folder that is no run hides no recipe
    make_run(tmp_path / "textbook")
    assert run_named("textbook") == Path("textbook")
    assert run_named("digitz") is None  # the recipes' own error names what there is
    (tmp_path / "photos").mkdir()
    with pytest.raises(GansmithError, match="photos is not a gansmith run"):
        run_named("photos")
    with pytest.raises(GansmithError, match="there is no run folder runs/nowhere"):
        run_named("runs/nowhere")


def test_a_run_takes_no_settings_of_a_recipe(doctor, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make_run(tmp_path / "run")
    result = doctor("run", "--set", "training.batch=8")
    assert isinstance(result.exception, GansmithError)
    assert "--data and --set belong to a recipe" in str(result.exception)
