from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from gansmith.cli import app
from gansmith.errors import GansmithError
from gansmith.robustness import ladder


def make_halves(folder: Path, count: int) -> Path:
    """Images that are bright at the left, or at the right."""
    random = np.random.default_rng(0)
    for label in ("left", "right"):
        (folder / label).mkdir(parents=True)
        for index in range(count):
            picture = random.integers(0, 120, (8, 8), dtype=np.uint8)
            half = slice(0, 4) if label == "left" else slice(4, 8)
            picture[:, half] += 100
            Image.fromarray(picture).save(folder / label / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("halves")
    make_halves(home / "data", 60)
    settings = ["--set", "data.held_out=0.3", "--set", "data.size=8"]
    result = CliRunner().invoke(
        app, ["classifier", str(home / "data"), "--out", str(home / "reader"), *settings]
    )
    assert result.exit_code == 0, result.output
    assert "held-out images are right" in result.output
    return home


def measure(home: Path, *more: str, target: str | None = None):  # type: ignore[no-untyped-def]
    words = ["robustness", target or str(home / "reader"), str(home / "data"), "--images", "12"]
    settings = ["--set", "data.held_out=0.3", "--set", "data.size=8"]
    return CliRunner().invoke(app, [*words, *more, *settings])


def test_a_trained_classifier_is_measured(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = partial(ladder.robustness, queries=20)
    monkeypatch.setattr(ladder, "robustness", quick)
    table = measure(home, "--eps", "0.05")
    assert "APGD-T" in table.output and "worst case of each image" in table.output
    found = json.loads(measure(home, "--eps", "0.05", "--json").stdout)
    accuracies = {entry["name"]: entry["accuracy"] for entry in found["outcomes"]}
    assert {"clean", "noise", "FGSM", "PGD-40", "APGD-CE", "APGD-T", "Square"} <= set(accuracies)
    assert found["threat"]["eps"] == 0.05 and len(found["images"]) == 12
    assert table.exit_code == (0 if found["reliable"] else 1)


def test_mistakes_are_answered_in_one_line(home: Path) -> None:
    for words, message in (
        (("--eps", "0.1", "--norm", "L3"), "takes Linf or L2"),
        (("--eps", "2"), "eps"),
    ):
        error = measure(home, *words).exception
        assert isinstance(error, GansmithError) and message in str(error)
    error = measure(home, "--eps", "0.1", target=str(home / "nowhere")).exception
    assert isinstance(error, GansmithError) and "is no classifier" in str(error)
    again = CliRunner().invoke(
        app, ["classifier", str(home / "data"), "--out", str(home / "reader")]
    )
    assert isinstance(again.exception, GansmithError) and "another folder" in str(again.exception)
