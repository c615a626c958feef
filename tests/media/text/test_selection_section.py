from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.media.text.selection import CHARTS, TEMPERATURES, ModelSelection
from gansmith.media.text.temperature_sweep import Row
from gansmith.report.history import RunHistory
from gansmith.report.report import selection_section, write_report
from gansmith.run import Run
from tests.report.page_reader import Page
from tests.report.run_folders import edit_json, make_run

SAMPLES = {"likelihood": ["a dog sits", "the cat"], "adversarial": ["my sister waits", ""]}


def rows(shift: float) -> list[Row]:
    return [
        {"temperature": t, "self_bleu4": 0.8 - t / 2, **dict.fromkeys(CHARTS, t + shift)}
        for t in TEMPERATURES
    ]


def held(
    run: Path, shipped: str = "adversarial", samples: Mapping[str, list[str]] = SAMPLES
) -> Run:
    floor = {"self_bleu4": 0.4, **dict.fromkeys(CHARTS, 0.9)}
    curves = {"likelihood": rows(0.0), "adversarial": rows(0.1)}
    contest = ModelSelection(curves, floor, dict(samples), shipped, "BLEU-4 by +0.1")
    made = Run(make_run(run))
    edit_json(made.manifest_file, medium="text")
    made.save_contest(asdict(contest))
    return made


def read(run: Run) -> Page:
    return Page(str(selection_section(RunHistory.read(run.path))))


def test_a_run_without_a_contest_has_no_section(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert selection_section(RunHistory.read(run)) == ""
    assert "Language model or adversarial training" not in write_report(run).read_text("utf-8")


@pytest.mark.parametrize(
    ("shipped", "sentence"),
    [
        ("likelihood", "The language model was kept: BLEU-4 by +0.1."),
        ("adversarial", "The adversarially trained model was kept: BLEU-4 by +0.1."),
    ],
)
def test_it_says_what_was_kept_and_why(tmp_path: Path, shipped: str, sentence: str) -> None:
    assert sentence in read(held(tmp_path / "run", shipped)).text


def test_there_is_a_chart_of_every_measure_with_both_curves(tmp_path: Path) -> None:
    page = read(held(tmp_path / "run"))
    assert page.tags.count("svg") == len(CHARTS)
    drawn = [value for name, value in page.attributes if name == "points"]
    assert len(drawn) == 2 * len(CHARTS)
    assert all(value and len(value.split()) == len(TEMPERATURES) for value in drawn)
    for heading in ("BLEU-4", "Reverse language model", "Fréchet distance", "Length"):
        assert heading in page.text
    assert page.text.count("Self-BLEU-4") >= len(CHARTS)
    assert page.text.count("adversarially trained") >= len(CHARTS)


def test_curves_are_drawn_from_left_to_right(tmp_path: Path) -> None:
    drawn = [v for name, v in read(held(tmp_path / "run")).attributes if name == "points"]
    for value in drawn:
        places = [float(point.split(",")[0]) for point in (value or "").split()]
        assert places == sorted(places)


def test_samples_of_both_stand_under_their_names(tmp_path: Path) -> None:
    page = read(held(tmp_path / "run"))
    first, second = page.text.split("Samples of both")[1].split("Adversarially trained")
    assert "Language model" in first
    assert all(text in first for text in SAMPLES["likelihood"])
    assert "my sister waits" in second and "(an empty text)" in second
    assert page.tags.count("blockquote") == 4


def test_hostile_texts_stay_text(tmp_path: Path) -> None:
    evil = "</blockquote><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    page = read(held(tmp_path / "run", samples={"likelihood": [evil], "adversarial": [evil]}))
    assert evil in page.text
    assert not {"script", "img"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_the_report_has_the_section(tmp_path: Path) -> None:
    run = held(tmp_path / "run")
    page = Page(write_report(run.path).read_text("utf-8"))
    assert read(run).text in page.text


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"curves": 3}'])
def test_damage_is_named_in_one_line(tmp_path: Path, content: str) -> None:
    run = held(tmp_path / "run")
    run.contest_file.write_text(content, "utf-8")
    with pytest.raises(GansmithError, match=r"contest\.json is damaged") as caught:
        write_report(run.path)
    assert "\n" not in str(caught.value)
