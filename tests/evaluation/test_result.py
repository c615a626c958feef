from __future__ import annotations

import json
import math

import pytest

from gansmith.evaluation.result import EvaluationResult, metric_specs, tabulate
from gansmith.medium import MEDIA
from gansmith.metric import (
    EXPRESSION_METRICS,
    METRICS,
    PRETRAINED_METRICS,
    TRANSLATION_METRICS,
    Metric,
)


@pytest.fixture
def verdict() -> EvaluationResult:
    values = {"recall": 0.5, "frechet": 12.3456, "kernel": 0.00123, "kernel_std": 0.0004}
    return EvaluationResult(
        extractor={"name": "pixels", "identity": "ab12", "dimensions": 784, "details": {}},
        generated=1000,
        reference=900,
        floor_samples=1000,
        training_reference=10_000,
        resize="none",
        seeds={"judge": 0, "latents": 7},
        neighbours=5,
        metrics=tabulate(values, {"frechet": 2.5, "recall": 0.9}),
        notes=("One thing.", "Another."),
        seconds=1.5,
    )


def test_survives_json(verdict: EvaluationResult) -> None:
    text = json.dumps(verdict.to_json(), allow_nan=False)
    assert EvaluationResult.from_json(json.loads(text)) == verdict


def test_json_keeps_to_the_run_format(verdict: EvaluationResult) -> None:
    plain = verdict.to_json()
    assert plain["metrics"]["frechet"] == {
        "value": 12.3456,
        "floor": 2.5,
        "better": "lower",
        "meaning": METRICS["frechet"].meaning,
    }
    assert plain["metrics"]["kernel"]["std"] == 0.0004
    assert plain["metrics"]["kernel"]["floor"] is None


def test_metrics_stand_in_the_order_of_the_table_and_are_finite() -> None:
    specs = metric_specs()
    values = dict.fromkeys(reversed(specs), 1.0) | {"label_kl": math.inf, "kernel": math.nan}
    expected = [name for name in specs if name not in ("label_kl", "kernel")]
    assert list(tabulate(values, {})) == expected


def test_rows_are_readable(verdict: EvaluationResult) -> None:
    rows = [row[:3] for row in verdict.rows()]
    assert rows == [
        ("frechet", "12.35", "2.500"),
        ("kernel", "0.001230 ± 0.000400", ""),
        ("recall", "0.5000", "0.9000"),
    ]


@pytest.mark.parametrize("value", [0.0, -0.00001, 123456.7])
def test_odd_figures_have_a_reading(verdict: EvaluationResult, value: float) -> None:
    metric = Metric(value, None, "lower", "")
    odd = EvaluationResult.from_json(verdict.to_json() | {"metrics": {"frechet": vars(metric)}})
    assert float(odd.rows()[0][1]) == pytest.approx(value, abs=0.5)


def test_every_metric_has_title_direction_and_meaning_in_one_place() -> None:
    specs = metric_specs()
    own = [name for medium in MEDIA for name in MEDIA[medium].metrics]
    every = (METRICS, PRETRAINED_METRICS, TRANSLATION_METRICS, EXPRESSION_METRICS, own)
    assert set(specs) == {name for group in every for name in group}
    assert not set(METRICS) & set(own)
    assert len({spec.title for spec in specs.values()}) == len(specs)
    for spec in specs.values():
        assert spec.title[0].isupper() and spec.better in ("lower", "higher", "floor")
        assert spec.meaning[0].isupper()
        assert spec.meaning.count(".") == 1 and spec.meaning.endswith(".")
