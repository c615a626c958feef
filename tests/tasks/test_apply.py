"""Applying models that invert pictures, without training: names, places and faces."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.faceswap import FaceSwapModel
from gansmith.media.image.codec import ImageCodec
from gansmith.networks import SampleSpec
from gansmith.outputs import Provenance
from gansmith.tasks import face_choice
from gansmith.tasks.apply import apply
from gansmith.translation import TranslationModel

SIDE = 24
FACE = [[7.0, 8.0], [17.0, 8.0], [12.0, 14.0], [9.0, 19.0], [15.0, 19.0]]


class Inverting(TranslationModel):
    """Turns pictures into their negatives."""

    def __init__(self, *domains: str) -> None:
        spec = SampleSpec(3, SIDE, SIDE, classes=len(domains))
        self.blueprint: Any = SimpleNamespace(spec=spec, label_names=domains, consent={})
        self.codec, self.back = ImageCodec(), None

    def graded(self, inputs: Any, strengths: Any, to: Any = None) -> NDArray[Any]:
        """Invert samples [N, H, W, C]."""
        return 255 - np.stack([inputs] * len(strengths), axis=1)


class InvertingFaces(Inverting, FaceSwapModel):
    """Turns pictures with a face into their negatives."""

    def swap(self, picture: NDArray[np.uint8], *_: Any, **__: Any) -> NDArray[np.uint8]:
        """Invert a picture [H, W, C]."""
        return 255 - picture


def use(monkeypatch: pytest.MonkeyPatch, model: TranslationModel) -> None:
    module = importlib.import_module("gansmith.tasks.apply")
    monkeypatch.setattr(module, "load", lambda run: model)
    monkeypatch.setattr(module, "provenance_of", lambda *_: Provenance(run="r", recipe="style"))
    monkeypatch.setattr(face_choice, "face_finder", lambda: lambda picture: [])


def make(folder: Path, *names: str) -> Path:
    for shade, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (SIDE, SIDE), (shade, shade, shade)).save(folder / name)
    return folder


def shade(path: Path) -> int:
    return int(np.asarray(Image.open(path))[0, 0, 0])


def test_an_input_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Inverting("a", "b"))
    one = make(tmp_path, "one.png") / "one.png"
    before = one.read_bytes()
    (tmp_path / "link.png").symlink_to(one)
    for inputs, out in ((one, one), (one, tmp_path / "link.png"), (tmp_path / "link.png", one)):
        with pytest.raises(GansmithError, match="is the input: choose another file with --out"):
            apply("run", inputs, out)
    assert one.read_bytes() == before
    assert shade(apply("run", one, tmp_path / "other.png")) > 200


def test_results_are_named_apart_from_the_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = make(tmp_path / "in", "comparison.png", "domains.png", "deep/comparison.png")
    sheets = {"comparison.png", "domains.png"}
    use(monkeypatch, Inverting("a", "b", "c"))
    listed = json.loads(
        (apply("run", inputs, tmp_path / "out", to="c") / "manifest.json").read_text()
    )
    names = {entry["file"] for entry in listed["files"]}
    assert names == {"comparison-2.png", "domains-2.png", "deep/comparison.png"}
    assert set(listed["overview"]) == sheets
    assert all(shade(tmp_path / "out" / name) > 200 for name in names)
    use(monkeypatch, Inverting("a", "b"))
    listed = json.loads((apply("run", inputs, tmp_path / "two") / "manifest.json").read_text())
    assert "domains.png" in {entry["file"] for entry in listed["files"]}


def test_odd_names_are_replaced_when_applied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Inverting("a", "b"))
    inputs = make(tmp_path / "in", "a:b.png", "a\\b.png", "a_b.png")
    for _ in range(2):
        place = apply("run", inputs, tmp_path / "out")
        made = {path.name for path in place.glob("*.png")}
        assert made == {"a_b.png", "a_b-2.png", "a_b-3.png", "comparison.png"}


def test_a_wrong_entry_of_landmarks_costs_one_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, InvertingFaces("ann", "ben"))
    inputs = make(tmp_path / "in", "0.png", "1.png", "2.png", "3.png")
    known = {"0.png": FACE, "1.png": [[0, 0]] * 5, "2.png": FACE, "3.png": [[1, 2]]}
    (inputs / "landmarks.json").write_text(json.dumps(known))
    lines: list[str] = []
    place = apply("run", inputs, tmp_path / "out", log=lines.append)
    assert {path.name for path in place.glob("?.png")} == {"0.png", "2.png"}
    assert len(lines) == 2 and all("landmarks.json" in line for line in lines)
    assert "1.png are no face" in lines[0] and "3.png has 1 points" in lines[1]
    (inputs / "landmarks.json").write_text(json.dumps(dict.fromkeys(known, [[0, 0]] * 5)))
    with pytest.raises(GansmithError, match=r"none of 4 pictures .*0\.png are no face"):
        apply("run", inputs, tmp_path / "none")


def test_a_file_of_landmarks_that_cannot_be_read_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, InvertingFaces("ann", "ben"))
    inputs = make(tmp_path / "in", "0.png", "1.png")
    (inputs / "landmarks.json").write_text("{")
    lines: list[str] = []
    with pytest.raises(GansmithError, match=r"landmarks\.json is damaged"):
        apply("run", inputs, tmp_path / "out", log=lines.append)
    assert not lines and not (tmp_path / "out").exists()
