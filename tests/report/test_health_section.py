from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gansmith.health.diagnosis import EXPLANATIONS
from gansmith.report.report import write_report
from tests.report.health_folders import STEADY, diagnosis, looks, make_watched_run
from tests.report.page_reader import Page
from tests.report.run_folders import edit_json, make_run, write_events


def html_of(run: Path) -> str:
    html = write_report(run).read_text("utf-8")
    Page(html)  # every tag is closed
    return html


def section(run: Path) -> str:
    found = re.search(r'<section class="health">.*?</section>', html_of(run), re.DOTALL)
    return found[0] if found else ""


def words(html: str) -> str:
    return Page(html).text


def marks(html: str) -> list[tuple[str, float, float]]:
    found = re.findall(
        r'<g class="mark (\w+ \w+)" transform="translate\(([\d.]+) ([\d.]+)\)"', html
    )
    return [(kind, float(x), float(y)) for kind, x, y in found]


@pytest.fixture
def sick(tmp_path: Path) -> Path:
    return make_watched_run(
        tmp_path / "run",
        diagnosis("oscillation", 0.25, "heal", text="it moves by 80%."),
        diagnosis("mode collapse (partial)", 0.75, text="7: 0% of 10%.", modes="7", settings=""),
        diagnosis("diverged", 1.0, "stop", level="error", settings="optimiser.g_lr.start=0.0001"),
    )


def test_the_section_follows_quality_over_time(sick: Path) -> None:
    text = words(html_of(sick))
    places = [text.index(h) for h in ("Quality over time", "Health", "All metrics")]
    assert places == sorted(places)


def test_marks_stand_at_their_time_in_their_row(sick: Path) -> None:
    html = section(sick)
    assert [kind for kind, *_ in marks(html)] == ["heal warning", "warn warning", "stop error"]
    (_, a, top), (_, b, middle), (_, c, bottom) = marks(html)
    assert [a, b, c] == pytest.approx([190 + 854 * share for share in (0.25, 0.75, 1)], abs=0.1)
    assert top < middle < bottom
    names = re.findall(r'<text class="name" x="0" y="([\d.]+)">([^<]+)<', html)[:3]
    assert [name for _, name in names] == ["oscillation", "mode collapse (partial)", "diverged"]
    assert [float(y) - 4.5 for y, _ in names] == [top, middle, bottom]
    assert "oscillation: settings changed at 25k samples (25 s, 25% of the budget)" in html
    assert html.count('class="change"') == 2  # healed, and ended


def test_each_diagnosis_says_what_it_means_and_what_to_do(sick: Path) -> None:
    text = words(section(sick))
    for name in ("oscillation", "mode collapse (partial)", "diverged"):
        assert EXPLANATIONS[name] in text
    assert "It moves by 80%." in text
    assert "Corrected: settings were changed and training continued." in text
    assert "".join(f"--set {setting} " for setting in STEADY.split()).strip() in text
    assert "a wider network or more samples of the rare kinds" in text
    assert "Training was stopped because of it. To train again with other settings:" in text
    remedy = "--set objective.gamma.end=1 --set optimiser.g_lr.start=0.0001"
    assert f"gansmith train {sick}/recipe.yaml --out {sick}-2" in text and remedy in text


def test_charts_of_the_monitor_stand_beside_their_floors(sick: Path) -> None:
    text = words(section(sick))
    for heading in ("Coverage", "Distinct samples", "Distance to a copy", "Near-duplicates"):
        assert heading in text, heading
    for legend in ("floor 0.92", "floor 46", "floor 1", "training held out"):
        assert legend in text, legend
    assert "Label agreement" not in text


def test_a_lost_mode_shows_in_the_strip(sick: Path) -> None:
    html = section(sick)
    cells = re.findall(
        r'<rect class="(less|more)" [^>]*fill-opacity="([\d.]+)"><title>([^<]*)', html
    )
    assert len(cells) == 100
    gone = [(kind, float(heat)) for kind, heat, text in cells if text.startswith("7: 0.0%")]
    assert gone == [("less", 1.0)] * 5
    assert all(float(heat) < 0.2 for _, heat, text in cells if not text.startswith("7: 0.0%"))


def test_a_calm_run_says_so_in_a_sentence(tmp_path: Path) -> None:
    html = section(make_watched_run(tmp_path / "run"))
    text = words(html)
    assert "The health monitor found no problem. It took 10 probes and 1.2%" in text
    assert "Diagnoses" not in text and not marks(html)
    assert "Modes over time" in text and "Coverage" in text


@pytest.mark.parametrize("count", [1, 2])
def test_few_looks_that_find_nothing_are_no_comfort(tmp_path: Path, count: int) -> None:
    run = make_watched_run(tmp_path / "run", watched=count)
    text = words(section(run))
    assert "found no problem, but with too few probes to rely on" in text
    assert f"It took {'one probe' if count == 1 else '2 probes'}" in text


def test_a_run_that_nobody_watched_has_no_section(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert section(run) == "" and "Health" not in words(html_of(run))


def test_a_diagnosis_before_the_first_look_is_shown(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    write_events(run, [diagnosis("diverged", 0.1)])
    html = section(run)
    assert len(marks(html)) == 1 and "Modes over time" not in html


def test_the_cost_of_the_monitor_is_told(tmp_path: Path) -> None:
    assert "Health monitor 1.2% of the training" in words(
        html_of(make_watched_run(tmp_path / "run"))
    )


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    evil = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    fields = dict.fromkeys(("action", "level", "text", "settings", "modes"), evil)
    event: dict[str, Any] = diagnosis("x", 0.5) | fields | {"diagnosis": evil}
    run = make_watched_run(tmp_path / "run", event)
    facts = {"modes": [evil] * 10, "shares": [0.1] * 10, "floors": {evil: 1.0}}
    edit_json(run / "manifest.json", health=facts)
    page = Page(html_of(run))
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all((v or "").startswith("data:") for k, v in page.attributes if k == "src")
    assert evil in page.text


def test_numbers_that_are_none_do_no_harm(tmp_path: Path) -> None:
    run = make_watched_run(tmp_path / "run")
    broken = dict.fromkeys(("coverage", "vendi", "seen", "copying"), float("nan"))
    write_events(run, [event | broken | {"d_rank": float("inf")} for event in looks()])
    assert "nan" not in section(run).replace("nance", "")
