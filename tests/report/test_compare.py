from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from gansmith.errors import GansmithError
from gansmith.provenance.texts import HTML
from gansmith.report.compare import Comparison, compare_runs, write_comparison
from tests.report.run_folders import edit_json, make_run


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Two runs of which the second has the better distance and the worse coverage."""
    first = make_run(tmp_path / "a", "plain", network={"name": "conv", "width": 64})
    better = {"frechet": 9.0, "coverage": 0.7, "vendi": 60.0}
    second = make_run(tmp_path / "b", "wide", better, network={"name": "conv", "width": 96})
    return [first, second]


def best(comparison: Comparison) -> dict[str, set[int]]:
    return {row.title: set(row.best) for row in comparison.rows}


def shown(renderable: object) -> str:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_the_best_of_each_row(pair: list[Path]) -> None:
    comparison = compare_runs(pair)
    marks = best(comparison)
    assert not comparison.warnings
    assert marks["Fréchet distance"] == {1}  # lower is better
    assert marks["Coverage"] == {0}  # higher is better
    assert marks["Vendi score"] == {0}  # 41.2 is nearer to the floor of 48 than 60
    assert marks["Recall"] == set()  # no difference, no best
    assert comparison.rows[0].floor == "2.50"


def test_only_differences_of_recipes_are_listed(pair: list[Path]) -> None:
    assert compare_runs(pair).differences == {"network.width": ("64", "96")}


def test_a_setting_that_one_recipe_lacks(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "a", "a"), make_run(tmp_path / "b", "b", data={"mode": "L"})]
    assert compare_runs(runs).differences == {"data.mode": ("\N{EN DASH}", "L")}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"extractor": {"name": "classifier", "identity": "77", "dimensions": 8}}, "extractor"),
        ({"generated": 500}, "generated samples"),
        ({"reference": 500}, "real samples"),
        ({"resize": "32x32, bicubic"}, "resize filter"),
        ({"neighbours": 3}, "neighbours"),
    ],
)
def test_what_makes_numbers_incomparable(
    pair: list[Path], change: dict[str, object], named: str
) -> None:
    edit_json(pair[1] / "quality.json", **change)
    comparison = compare_runs(pair)
    assert len(comparison.warnings) == 1
    assert comparison.warnings[0].startswith("Not comparable: ") and named in comparison.warnings[0]
    assert not any(best(comparison).values())


def test_other_data_are_not_comparable(pair: list[Path]) -> None:
    dataset = json.loads((pair[0] / "manifest.json").read_text("utf-8"))["dataset"]
    edit_json(pair[0] / "manifest.json", dataset=dataset | {"fingerprint": "0ddba11"})
    (warning,) = compare_runs(pair).warnings
    assert "the data differs" in warning and "0ddba11" in warning and "feedbeef" in warning


def test_an_unjudged_run_has_an_empty_column(pair: list[Path]) -> None:
    (pair[1] / "quality.json").unlink()
    comparison = compare_runs(pair)
    assert comparison.warnings == ("wide has not been evaluated yet: its column is empty",)
    assert all(row.cells[1] is None and not row.best for row in comparison.rows)


def test_the_terminal_shows_numbers_floors_and_warnings(pair: list[Path]) -> None:
    edit_json(pair[1] / "manifest.json", name="[red]wide")
    edit_json(pair[1] / "quality.json", generated=500)
    text = shown(compare_runs(pair))
    for word in ("27.4", "9.00", "2.50", "Fréchet distance", "plain", "[red]wide"):
        assert word in text
    assert "Not comparable: the count of generated samples" in text


def test_runs_of_one_name_are_told_apart_by_folder(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "a"), make_run(tmp_path / "b")]
    assert compare_runs(runs).names == (str(runs[0]), str(runs[1]))


def test_one_run_is_no_comparison(pair: list[Path]) -> None:
    for runs in ([], pair[:1], [pair[0], pair[0]], [pair[0], pair[1], pair[0] / ".." / "a"]):
        with pytest.raises(GansmithError, match="two or more different"):
            compare_runs(runs)


def test_the_page(pair: list[Path], tmp_path: Path) -> None:
    edit_json(pair[1] / "manifest.json", name="<script>alert(1)</script>")
    page = write_comparison(pair, tmp_path / "out" / "compare.html").read_text("utf-8")
    assert "<script>" not in page and "&lt;script&gt;alert(1)" in page
    html = HTML.known.sub("", page)
    assert "http://" not in html and "https://" not in html
    assert page.count('<img src="data:image/png') == 2
    assert page.count("<svg") == 4  # distance and recall, by samples and by time
    assert "samples seen" in page and "training time" in page
    assert '<td class="n best">9.00' in page
    assert "network.width" in page and "612k + 548k" in page and "1 min 40 s" in page


def test_the_page_warns(pair: list[Path], tmp_path: Path) -> None:
    edit_json(pair[1] / "quality.json", resize="other")
    page = write_comparison(pair, tmp_path / "compare.html").read_text("utf-8")
    assert "Not comparable: the resize filter differs" in page and "n best" not in page
