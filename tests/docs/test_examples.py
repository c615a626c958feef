"""The examples run, and both train the same GAN."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.docs.conftest import printed_digits
from tests.docs.pages import ROOT

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run an example in an empty folder; returns its names."""
    monkeypatch.chdir(tmp_path)

    def call(name: str, *arguments: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        return runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")

    return call


def test_plain_pytorch_writes_a_sheet(run: Run) -> None:
    run("plain_pytorch_gan.py", "--data", "mnist", "--samples", "640", "--out", "plain.png")
    with Image.open("plain.png") as sheet:
        assert sheet.size == (8 * 28, 8 * 28)
        assert np.asarray(sheet).std() > 5


def test_gansmith_writes_a_run(run: Run) -> None:
    run("gansmith_gan.py", "--data", "mnist", "--samples", "640", "--out", "twin")
    assert Path("twin/sheet-of-64.png").exists()
    assert Path("twin/report.html").exists()


def test_both_have_the_same_networks(run: Run) -> None:
    run("gansmith_gan.py", "--data", "mnist", "--samples", "640", "--out", "twin")
    manifest = json.loads(Path("twin/manifest.json").read_text("utf-8"))
    names = run("plain_pytorch_gan.py", "--samples", "64")
    generator = names["train"](torch.zeros(64, 28, 28), 64)
    count = sum(parameter.numel() for parameter in generator.parameters())
    assert manifest["parameters"]["generator"] == count


def test_both_take_an_array(run: Run) -> None:
    np.savez("own.npz", images=printed_digits(120)[0])
    run("plain_pytorch_gan.py", "--data", "own.npz", "--samples", "64", "--out", "plain.png")
    run("gansmith_gan.py", "--data", "own.npz", "--samples", "64", "--out", "twin")
    assert Path("plain.png").exists() and Path("twin/sheet-of-64.png").exists()
