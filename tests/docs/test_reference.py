"""The tables of the reference pages are what the code says."""

from __future__ import annotations

import importlib.util
import re
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from gansmith.cli import training
from gansmith.evaluation.result import metric_specs
from gansmith.networks import NETWORKS
from gansmith.recipe import Recipe, recipe_names
from gansmith.sections import RECIPE_SECTIONS
from tests.docs.pages import ROOT, page


@pytest.fixture(scope="module")
def reference() -> Any:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "make_reference.py")
    assert spec and spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["recipes.md", "reading-the-report.md"])
def test_tables_are_up_to_date(reference: Any, name: str) -> None:
    text = page(f"docs/{name}").text
    assert reference.refresh(text) == text, "run: python docs/make_reference.py"


def test_every_part_of_a_recipe_has_its_table(reference: Any) -> None:
    text = page("docs/recipes.md").text
    sections = ["recipe", "schedule", *reference.SECTIONS]
    wanted = [f"fields {section}" for section in sections]
    wanted += [f"options {network}" for network in NETWORKS]
    for name in wanted:
        assert f"<!-- table: {name} -->\n| field |" in text, name
    assert set(reference.SECTIONS) | {"name", "summary", "medium", "duel", "task"} == {
        *Recipe.model_fields,
        *RECIPE_SECTIONS,
    }


def test_a_field_is_described_as_a_recipe_takes_it(reference: Any) -> None:
    rows = reference.fields("training").splitlines()
    assert (
        "| `batch` | whole number, ≥ 2, ≤ 1,048,576 | `64` | samples per step, over all processes "
        "together |" in rows
    )
    assert any(
        row.startswith("| `minutes` | number, > 0, ≤ 10,000,000, or null | `null` |")
        for row in rows
    )
    assert "| `g_lr` | number or [schedule](#schedules) | `0.0002` |" in reference.fields(
        "optimiser"
    )


def test_the_list_of_recipes_shows_whose_data_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Console(width=200, file=StringIO())
    monkeypatch.setattr(training, "console", wide)
    training.recipes()
    rows = re.findall(r"^│ (\S+) +│ .+? │ (.+?) +│", wide.file.getvalue(), re.MULTILINE)
    data = dict(rows)
    assert set(data) == set(recipe_names())
    own = ("pictures", "sounds", "loops", "notes", "texts", "captioned", "pictures-256")
    assert {data[name] for name in own} == {"your own"}
    named = {
        "digits": "mnist",
        "spoken-digits": "fsdd",
        "captions": "captions-coco",
        "grid": "grid",
    }
    assert {name: data[name] for name in named} == named


def test_every_measurement_has_a_paragraph() -> None:
    text = " ".join(page("docs/reading-the-report.md").text.lower().split())
    after = text.partition("## every measurement")[2].partition("<!-- /table -->")[2]
    for name, spec in metric_specs().items():
        assert spec.title.lower() in after, name
