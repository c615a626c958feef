"""A medium that is registered here alone is measured, reported and watched over."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from torch import Tensor

from gansmith.codec import Codec
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import evaluate
from gansmith.evaluation.features import build_extractor
from gansmith.evaluation.result import EvaluationResult, metric_specs
from gansmith.extractor import EXTRACTORS, Extractor, digest
from gansmith.health.diagnosis import Diagnosis
from gansmith.health.interventions import intervention
from gansmith.medium import MEDIA, Labels, Medium, Values
from gansmith.metric import MetricSpec
from gansmith.recipe import EvaluationConfig, load_recipe
from gansmith.report.metric_formatting import result_table
from gansmith.report.report import write_report
from tests.evaluation.bars import bars
from tests.report.page_reader import Page
from tests.report.run_folders import edit_json, make_run, write_json

WALL = 3


class TilesCodec(Codec):
    """Maps of tiles, uint8 [N, H, W, 1]."""

    name = "tiles"
    stored = np.uint8
    formats = ("txt",)

    def encode(self, samples: Tensor) -> Tensor:
        return samples.movedim(-1, 1).float()

    def decode(self, tensors: Tensor) -> NDArray[Any]:
        return tensors.movedim(1, -1).to(torch.uint8).numpy()

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[Any]:
        raise NotImplementedError

    def write_one(self, sample: NDArray[Any], path: Path, format_: str) -> None:
        raise NotImplementedError

    def sheet(self, samples: NDArray[Any], **options: Any) -> Image.Image:
        raise NotImplementedError


class TileCounts(Extractor):
    """How many tiles of each kind a map has."""

    description = "tiles counted"

    def __init__(self) -> None:
        self.name, self.preprocessing, self.details = "tile-counts", self, {}  # type: ignore[assignment]
        self.dimensions, self.identity = 4, digest("tile-counts")

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        return self.features(samples)

    def features(self, samples: NDArray[Any]) -> Tensor:
        counts = [np.bincount(sample.ravel(), minlength=4) for sample in samples]
        return torch.from_numpy(np.array(counts, np.float32))


def wall_share(
    samples: NDArray[Any], labels: Labels, dataset: Dataset, seed: int
) -> tuple[Values, Values]:
    real = dataset.samples[dataset.held_out_indices]
    return {"wall_share": float((samples == WALL).mean())}, {
        "wall_share": float((real == WALL).mean())
    }


def describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return f"maps of {shape[1]} by {shape[2]} tiles"


TILES = Medium(
    name="tiles",
    codec=TilesCodec,
    extractor=lambda dataset: "tile-counts",
    metrics={"wall_share": MetricSpec("Walls", "floor", "Share of tiles that are walls.")},
    measure=wall_share,
    describe=describe,
    augmentations=lambda recipe: (("translation",),),
    first_penalty=("objective.gamma.start=2", "objective.gamma.end=2"),
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in (MEDIA, EXTRACTORS):
        registry.names()
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    MEDIA.register("tiles")(TILES)
    EXTRACTORS.register("tile-counts")(lambda dataset: TileCounts())


def maps(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 4, (count, 6, 8, 1), dtype=np.uint8)


def dataset() -> Dataset:
    held_out = np.arange(300) < 100
    facts = ("tiles-made-by-tests", "made by the tests", "CC0")
    return Dataset("levels", maps(300), None, (), held_out, *facts, medium="tiles")


def measured(samples: NDArray[np.uint8]) -> EvaluationResult:
    return evaluate(samples, dataset(), EvaluationConfig(samples=100, quick_samples=50))


def test_it_is_measured_by_its_own_extractor_and_metric() -> None:
    result = measured(maps(100, seed=1))
    assert result.extractor["name"] == "tile-counts" and result.resize == "tiles counted"
    metric = result.metrics["wall_share"]
    assert metric.value == pytest.approx(0.25, abs=0.02)
    assert metric.floor == float((maps(300)[:100] == WALL).mean())
    assert (metric.better, metric.meaning) == ("floor", "Share of tiles that are walls.")
    assert list(metric_specs())[-1] == list(result.metrics)[-1] == "wall_share"
    walls = measured(np.full((100, 6, 8, 1), WALL, np.uint8)).metrics
    assert walls["wall_share"].value == 1 and walls["recall"].value == 0


def test_other_datasets_do_not_have_its_metric() -> None:
    config = EvaluationConfig(extractor="random-conv", samples=50)
    assert "wall_share" not in evaluate(bars(seed=1).samples[:50], bars(), config).metrics


def test_extractors_of_pictures_name_the_medium_that_they_do_not_apply_to() -> None:
    for name in ("pixels", "random-conv"):
        with pytest.raises(GansmithError, match="does not apply to samples of medium 'tiles'"):
            build_extractor(name, dataset())
    for name in ("coordinates", "reading"):
        with pytest.raises(GansmithError, match="'levels' of medium 'tiles' holds none"):
            build_extractor(name, dataset())


def test_it_is_printed_and_reported(tmp_path: Path) -> None:
    result = measured(maps(100, seed=1))
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(result_table(result, "levels"))
    assert "Walls" in console.export_text()
    run = make_run(tmp_path / "run")
    edit_json(run / "manifest.json", medium="tiles", shape=[4, 6, 8])
    write_json(run / "quality.json", result.to_json())
    text = Page(write_report(run).read_text("utf-8")).text
    assert "maps of 6 by 8 tiles" in text
    assert "Walls" in text and "Share of tiles that are walls." in text


def test_a_run_of_an_unknown_medium_still_gives_a_report(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    edit_json(run / "manifest.json", medium="smells")
    assert "samples of medium 'smells'" in write_report(run).read_text("utf-8").replace(
        "&#39;", "'"
    )


def test_health_proposes_its_augmentations_and_its_penalty() -> None:
    recipe = load_recipe("digits", ["objective.penalty=none"])
    recipe = recipe.model_copy(update={"medium": "tiles"})
    found = intervention(Diagnosis("memorising", ""), recipe).settings
    assert "augment.ops=translation" in found
    found = intervention(Diagnosis("discriminator overpowers", ""), recipe).settings
    assert "objective.gamma.start=2" in found
    assert not any(setting.startswith("objective.penalty_every") for setting in found)
