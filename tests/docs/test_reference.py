"""The tables of the reference pages are what the code says."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

import pytest

from gansmith.evaluation.result import metric_specs
from gansmith.networks import NETWORKS
from gansmith.recipe import Recipe
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
    assert set(reference.SECTIONS) | {"name", "summary", "medium", "duel"} == set(
        Recipe.model_fields
    )


def test_a_field_is_told_as_a_recipe_takes_it(reference: Any) -> None:
    rows = reference.fields("training").splitlines()
    assert (
        "| `batch` | whole number, ≥ 2 | `64` | samples a step, over all processes together |"
        in rows
    )
    assert any(row.startswith("| `minutes` | number, > 0, or null | `null` |") for row in rows)
    assert "| `g_lr` | number or [schedule](#schedules) | `0.0002` |" in reference.fields(
        "optimiser"
    )


def test_every_measurement_has_a_paragraph() -> None:
    text = page("docs/reading-the-report.md").text.lower()
    after = text.partition("## every measurement")[2].partition("<!-- /table -->")[2]
    for name, spec in metric_specs().items():
        assert spec.title.lower() in after, name
