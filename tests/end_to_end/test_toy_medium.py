"""A medium in a temporary folder goes through every verb; no file of the package knows it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import gansmith
from gansmith.loading.catalog import CATALOG
from gansmith.medium import MEDIA
from gansmith.report.report import write_report
from gansmith.sections import DATA_OPTIONS

SOURCE = '''
"""Bar charts: eight heights from 0 to 9 in a line of a `.bars` file."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from pydantic import Field

from gansmith.data.collection import Collection, Prepared, combined_digest
from gansmith.data.inspection import Inspected
from gansmith.data.split import split_by_hash
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.medium import CERTAIN, MEDIA, Codec, Medium
from gansmith.metric import MetricSpec
from gansmith.schema import Section


class BarsOptions(Section):
    highest: int = Field(9, ge=1, le=9, description="greatest height that is kept")


class BarsCodec(Codec):
    name, stored, formats = "bars", np.int16, ("bars",)

    def encode(self, samples):
        return samples.permute(0, 3, 1, 2).float() / 4.5 - 1

    def decode(self, tensors):
        heights = ((tensors.detach().float() + 1) * 4.5).clamp(0, 9).round().short()
        return heights.permute(0, 2, 3, 1).cpu().numpy()

    def read(self, path, stored):
        return np.array(path.read_text().split(), np.int16).reshape(stored[-3:])

    def to_bytes(self, sample, format_):
        return (" ".join(map(str, sample.ravel())) + "\\n").encode()

    def sheet(self, samples, **options):
        rows = np.arange(9, -1, -1)[None, :, None]
        filled = (samples[:, 0, :, 0][:, None] > rows) * np.uint8(255)
        return contact_sheet(filled[..., None], **options)


@dataclass(frozen=True)
class BarsInspection(Inspected):
    charts: int

    def found(self):
        yield "charts", str(self.charts)

    def planned(self):
        yield "samples", "8 bars"


class PreparedBars(Prepared):
    shape, dtype = (1, 8, 1), np.dtype(np.int16)

    def __init__(self, lines, config):
        self.share, self.highest = config.held_out, config.of(BarsOptions).highest
        self.lines = [line for line in lines if max(map(int, line.split())) <= self.highest]

    def __len__(self):
        return len(self.lines)

    def settings(self):
        return {"highest": self.highest}

    def fingerprint(self):
        return combined_digest([*self.lines, str(self.share)])

    def labels(self):
        return None

    def held_out(self):
        return split_by_hash([combined_digest([line]) for line in self.lines], self.share)

    def rows(self):
        for line in self.lines:
            yield np.array(line.split(), np.int16).reshape(1, 8, 1)


class BarsFolder(Collection):
    kind, medium = "charts", "bars"

    def __init__(self, folder):
        self.name, self.source = folder.name, str(folder)
        files = sorted(folder.rglob("*.bars"))
        self.lines = [line for file in files for line in file.read_text().splitlines()]
        self.content = combined_digest(self.lines)

    def prepare(self, config):
        return PreparedBars(self.lines, config)


def rising(samples):
    return float(np.mean(samples[:, 0, -1] > samples[:, 0, 0]))


def measure(samples, labels, dataset, seed):
    real = dataset.samples[dataset.held_out_indices]
    return {"rising": rising(samples)}, {"rising": rising(real)}


BARS = Medium(
    name="bars",
    codec=BarsCodec,
    kind="charts",
    reads="a folder of .bars files",
    suffixes=(".bars",),
    options=BarsOptions,
    claims=lambda listing: CERTAIN if listing.count("bars") else 0.0,
    collect=lambda path, config, log: BarsFolder(path),
    inspect=lambda found, config: BarsInspection(
        found.name, found.source, found.licence, len(found.lines)
    ),
    draw=None,
    extractor=lambda dataset: "random-conv",
    to_extractor=lambda dataset, limit, centre, scale: Heights(),
    metrics={"rising": MetricSpec("Rising charts", "floor", "Share of charts that rise.")},
    measure=measure,
    describe=lambda shape, settings: "charts of 8 bars",
)


@dataclass(frozen=True)
class Heights:
    channels: int = 1
    height: int = 8
    width: int = 8
    description: str = "eight heights, repeated"

    def __call__(self, samples):
        import torch

        heights = torch.from_numpy(np.ascontiguousarray(samples[:, 0, :, 0])).float()
        return (heights / 4.5 - 1)[:, None, None].expand(-1, 1, 8, 8)


MEDIA.register(BARS.name)(BARS)
'''

QUICK = (
    "medium=bars",
    "network={name: mlp, latent: 8}",
    "training.batch=16",
    "training.frames=2",
    "evaluation.samples=32",
    "evaluation.quick_samples=16",
    "evaluation.quick_looks=1",
    "data.highest=8",
)


@pytest.fixture
def charts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of charts, and the medium that reads them, both in the temporary folder."""
    (tmp_path / "toy_bars.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    invalidate_caches()
    import_module("toy_bars")
    folder = tmp_path / "charts"
    folder.mkdir()
    heights = np.random.default_rng(0).integers(0, 9, (200, 8))
    heights.sort(axis=1)
    np.savetxt(folder / "all.bars", heights, fmt="%d")
    yield folder
    for registry in (MEDIA, DATA_OPTIONS):
        registry._entries.pop("bars", None)
    sys.modules.pop("toy_bars", None)


def test_it_trains_is_evaluated_generates_is_inspected_and_reported(
    charts: Path, tmp_path: Path
) -> None:
    quiet = Console(quiet=True)
    assert gansmith.inspect(charts, settings=("data.highest=8",)).to_json()["charts"] == 200
    run = tmp_path / "run"
    model = gansmith.train(
        "pictures-conv", data=charts, out=run, samples=320, settings=QUICK, console=quiet
    )
    assert model is not None and model.sample(4, seed=1).shape == (4, 1, 8, 1)
    metrics = json.loads((run / "quality.json").read_text("utf-8"))["metrics"]
    assert metrics["rising"]["floor"] > 0.9  # the real charts are sorted
    assert {"frechet", "recall", "rising"} <= metrics.keys()
    again = gansmith.evaluate(run, samples=32, console=quiet)
    assert again.metrics["rising"].value == metrics["rising"]["value"]
    made = gansmith.generate(run, 3, out=tmp_path / "made")
    files = sorted(made.glob("*.bars"))
    assert len(files) == 3
    assert all(len(file.read_text().split()) == 8 for file in files)
    page = write_report(run).read_text("utf-8")
    assert "Rising charts" in page and "charts of 8 bars" in page
    assert not [name for name in CATALOG if "bars" in name]
    assert gansmith.diagnose(run).problems is not None
