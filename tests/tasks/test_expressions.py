from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

import gansmith
from gansmith.errors import GansmithError
from gansmith.expressions import ExpressionModel
from gansmith.run import Run
from gansmith.tasks.apply import apply
from gansmith.tasks.editing import FRAMES

SMALL = [
    *("network.width=4", "network.blocks=1", "network.levels=1", "network.d_width=4"),
    *(
        "network.d_features=16",
        "data.size=16",
        "data.align=none",
        "training.batch=4",
        "data.held_out=0.3",
    ),
    *("evaluation.quick_looks=1", "training.log_every=1", "expressions.reader=0.3"),
]


def mouth(random: np.random.Generator, opened: float, side: int = 16) -> NDArray[np.uint8]:
    """A light square with a dark bar, which is the higher the wider it is open."""
    picture = np.full((side, side, 3), random.integers(180, 250, 3), np.uint8)
    height = 1 + round(4 * opened)
    top = 10 - height // 2
    picture[top : top + height, 4:12] = random.integers(0, 40, 3)
    return picture


def make_faces(folder: Path, count: int = 20) -> Path:
    """Neutral, open and wide mouths, with intensities in a table."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True)
    rows = [("file", "label", "intensity")]
    for index in range(3 * count):
        name = ("neutral", "open", "wide")[index % 3]
        intensity = 0.0 if name == "neutral" else round(float(random.uniform(0.3, 1)), 2)
        Image.fromarray(mouth(random, intensity)).save(folder / f"{index:02d}.png")
        rows.append((f"{index:02d}.png", name, str(intensity)))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


def train(data: Path, out: Path, samples: int = 40, settings: tuple[str, ...] = (), **more: object):  # type: ignore[no-untyped-def]
    consent = data.parent / "consent.yaml"
    consent.write_text("{who: nobody, basis: own drawings, date: 2026-01-31}", encoding="utf-8")
    console = Console(record=True, width=200)
    model = gansmith.train(
        "expressions",
        data=data,
        out=out,
        samples=samples,
        settings=[*SMALL, *settings],
        console=console,
        **{"consent": consent, **more},
    )
    return model, console.export_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("expressions")
    make_faces(home / "faces")
    train(home / "faces", home / "run")
    return home


def test_a_run_is_judged_beside_its_input_and_reported(home: Path) -> None:
    run = Run(home / "run")
    metrics = run.quality()["metrics"]
    assert {"agreement", "input_agreement", "grading", "kept", "kernel"} <= set(metrics)
    assert metrics["agreement"]["floor"] > 0.5
    for file in (run.model_file, run.sheet_file, run.real_sheet_file, run.report_file):
        assert file.is_file()
    assert run.manifest()["label_names"] == ["open", "wide"]
    assert run.manifest()["consent"]["faces"]["basis"] == "own drawings"
    assert "Expression agreement" in run.report_file.read_text("utf-8")


def test_resuming_gives_the_same_editor(home: Path) -> None:
    stopped: list[object] = []
    parts = home / "parts"
    assert (
        train(
            home / "faces",
            parts,
            on_event=stopped.append,
            should_stop=lambda: len(stopped) > 6,
        )[0]
        is None
    )
    model, _ = train(home / "faces", parts)
    whole = gansmith.load(home / "run")
    assert isinstance(model, ExpressionModel) and isinstance(whole, ExpressionModel)
    for mine, other in zip(
        model.editor.state_dict().values(), whole.editor.state_dict().values(), strict=True
    ):
        assert mine.equal(other)
    assert model.blueprint.consent["faces"].who == "nobody"


def test_no_strength_is_the_input_and_names_are_checked(home: Path) -> None:
    model = gansmith.load(home / "run")
    assert isinstance(model, ExpressionModel)
    samples = np.random.default_rng(0).integers(0, 256, (3, 40, 56, 3), dtype=np.uint8)
    assert np.array_equal(model.apply(samples, {"open": 0.0}), samples)
    each = model.apply(samples, [{"open": 0.5}, {"wide": 1.0}, {"open": -0.5, "wide": 0.5}])
    assert each.shape == samples.shape
    assert np.array_equal(each[1:2], model.apply(samples[1:2], {"wide": 1.0}))
    with pytest.raises(GansmithError, match=r"'smile' is unknown: choose one of open, wide"):
        model.apply(samples, {"smile": 0.5})
    with pytest.raises(GansmithError, match="strength from -1 to 1"):
        model.apply(samples, {"open": 7.0})
    with pytest.raises(GansmithError, match="say which expression: open, wide"):
        model.apply(samples)


def test_files_become_pictures_strips_and_films(home: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    random = np.random.default_rng(0)
    face = mouth(random, 0.0, 24)
    alpha = random.integers(0, 256, (24, 24, 1), dtype=np.uint8)
    Image.fromarray(face).save(inputs / "plain.png")
    Image.fromarray(np.concatenate([face, alpha], axis=2)).save(inputs / "clear.png")
    (inputs / "broken.png").write_bytes(b"nothing")
    lines: list[str] = []
    run, wanted = home / "run", {"open": 0.7}
    bare = {"expression": wanted, "label": False}
    place = apply(run, inputs, tmp_path / "out", strip=5, log=lines.append, **bare)  # type: ignore[arg-type]
    assert len(lines) == 2 and "no visible label" in lines[0] and "broken.png" in lines[1]
    strip = np.asarray(Image.open(place / "clear.png"))
    assert strip.shape == (24, 5 * 24, 4)
    assert np.array_equal(strip[:, :24, :3], face)
    assert all(np.array_equal(part[..., 3:], alpha) for part in np.split(strip, 5, axis=1))
    listed = json.loads((place / "manifest.json").read_text("utf-8"))
    assert listed["expression"] == wanted and listed["label"] is False
    assert listed["consent"]["faces"]["basis"] == "own drawings"
    one = apply(run, inputs / "plain.png", tmp_path / "one.png", **bare)  # type: ignore[arg-type]
    assert np.array_equal(np.asarray(Image.open(one)), strip[:, 4 * 24 :, :3])
    half = apply(run, inputs / "plain.png", tmp_path / "h.png", strength=0.5, **bare)  # type: ignore[arg-type]
    assert np.array_equal(np.asarray(Image.open(half)), strip[:, 48:72, :3])
    for suffix in (".webp", ".gif"):
        film = apply(run, inputs / "plain.png", tmp_path / f"film{suffix}", expression=wanted)
        with Image.open(film) as frames:
            assert 1 <= frames.n_frames <= 2 * FRAMES - 2  # type: ignore[attr-defined]
    marked = apply(run, inputs / "plain.png", tmp_path / "marked.png", expression=wanted)
    assert not np.array_equal(np.asarray(Image.open(marked)), np.asarray(Image.open(one)))
    with pytest.raises(GansmithError, match="say which expression"):
        apply(run, inputs, tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"consent": None}, "takes the consent of those shown"),
        ({"settings": ("expressions.neutral=calm",)}, r"no label 'calm'.*neutral, open, wide"),
        ({"settings": ("data.labels=false",)}, "no labels: put the pictures of each expression"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    home: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(GansmithError, match=message):
        train(home / "faces", tmp_path / "run", **change)  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_three_pictures_of_an_expression_are_too_few(tmp_path: Path) -> None:
    make_faces(tmp_path / "faces", count=4)
    with pytest.raises(GansmithError, match="too few pictures to train on"):
        train(tmp_path / "faces", tmp_path / "run")
