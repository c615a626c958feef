from __future__ import annotations

import numpy as np
import pytest
import torch

from gansmith.data.domains import split_domains
from gansmith.evaluation.features import classifier as classifier_module
from gansmith.evaluation.translation import TranslationEvaluator, content_kept
from gansmith.recipe import EvaluationConfig
from tests.evaluation.bars import bars


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_module, "SEEN", (2_000, 2_000))


def test_own_sources_are_found_in_spite_of_a_change_that_all_share() -> None:
    features = torch.randn(150, 20, generator=torch.Generator().manual_seed(0))
    assert content_kept(features, features + 7) == 1.0
    assert content_kept(features, features.roll(1, 0)) == 0.0
    strangers = torch.randn(150, 20, generator=torch.Generator().manual_seed(1))
    assert content_kept(features, strangers) < 0.1


def test_a_perfect_translation_and_a_copy_are_told_apart() -> None:
    """Upright bars become lying ones by turning; left as they are, nothing is translated."""
    dataset = bars(600, held_out=200)
    domains = split_domains(dataset, "lying")
    assert (domains.source.name, domains.target.name) == ("upright", "lying")
    evaluator = TranslationEvaluator(dataset, domains, EvaluationConfig(samples=200))
    evaluator.prepare()
    turned = np.ascontiguousarray(evaluator.sources.transpose(0, 2, 1, 3))
    right, copied = (evaluator.full(results).metrics for results in (turned, evaluator.sources))
    assert right["target_share"].value > 0.95 > 0.05 > copied["target_share"].value
    assert right["kernel"].value < 0.2 * copied["kernel"].value
    assert copied["kernel"].value == copied["input_kernel"].value == right["input_kernel"].value
    assert (copied["change"].value, copied["content_kept"].value) == (0.0, 1.0)
    assert right["change"].value > 0.05
    quick = evaluator.quick(turned)
    assert quick["target_share"] == right["target_share"].value
