from __future__ import annotations

import pytest

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation import model_evaluator
from gansmith.evaluation.features import Extractor, build_extractor
from gansmith.evaluation.model_evaluator import result_evaluator
from gansmith.recipe import EvaluationConfig
from tests.evaluation.bars import bars


@pytest.mark.parametrize(
    ("asked_for", "installed", "tried"),
    [
        ("auto", True, ["efficientnet-lite0"]),
        ("auto", False, ["efficientnet-lite0", "random-conv"]),
        ("random-conv", True, ["random-conv"]),
    ],
)
def test_features_that_know_other_images_are_preferred_where_they_are_installed(
    monkeypatch: pytest.MonkeyPatch, asked_for: str, installed: bool, tried: list[str]
) -> None:
    found: list[str] = []

    def build(name: str, dataset: Dataset) -> Extractor:
        found.append(name)
        if name != "random-conv" and not installed:
            raise GansmithError("is not installed")
        return build_extractor("random-conv", dataset)

    monkeypatch.setattr(model_evaluator, "build_extractor", build)
    result_evaluator(bars(), EvaluationConfig(extractor=asked_for))
    assert found == tried
