"""Rules for edited expressions, on the figures of runs that were judged against true edits."""

from __future__ import annotations

import pytest

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.expressions import (
    EXPRESSION_EXPLANATIONS,
    diagnose_expressions,
    expression_remedy,
)
from gansmith.recipe import load_recipe, override
from gansmith.sections import ExpressionsConfig


def names(agreement: float, progress: float = 1.0, grading: float = 0.9) -> list[str]:
    """Agreement beside that of true edits, .605, and of samples left as they are, .107."""
    values = {"agreement": agreement, "input_agreement": 0.107, "grading": grading}
    return [d.name for d in diagnose_expressions(values, {"agreement": 0.605}, progress)]


def test_stripes_that_please_a_reader_more_than_the_truth_are_named() -> None:
    assert names(0.845) == ["patterns instead of expressions"]
    assert names(0.845, progress=0.4) == []


def test_doing_nothing_is_named() -> None:
    assert names(0.107) == names(0.2, progress=0.6) == ["identity collapse"]


def test_edits_that_are_read_as_often_as_true_ones_are_healthy() -> None:
    assert names(0.45) == names(0.605) == names(0.62) == []


def test_strength_must_be_followed_at_the_end() -> None:
    assert names(0.6, grading=0.1) == ["strength ignored"]
    assert names(0.6, progress=0.9, grading=0.1) == []


@pytest.mark.parametrize("name", EXPRESSION_EXPLANATIONS)
def test_every_remedy_is_a_recipe_with_other_values(name: str) -> None:
    recipe = load_recipe("expressions")
    changed = override(recipe, expression_remedy(Diagnosis(name, ""), recipe))
    assert changed != recipe
    if name == "identity collapse":
        weight = changed.section(ExpressionsConfig).attention
        assert weight == recipe.section(ExpressionsConfig).attention / 4
