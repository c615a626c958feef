from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console

import gansmith
from gansmith.errors import GansmithError
from gansmith.run import Run
from gansmith.tasks.apply import apply
from gansmith.translation import OVERLAP, TILE, TranslationModel

SMALL = [
    *("network.width=8", "network.blocks=1", "network.d_width=8", "network.d_levels=2"),
    *("data.size=16", "training.batch=4", "contrastive.patches=16", "contrastive.projection=8"),
    *("data.held_out=0.3", "evaluation.quick_looks=1", "training.log_every=1"),
]


def make_domain(folder: Path, count: int, warm: bool, seed: int, size: int = 16) -> Path:
    """Bright squares on dark ground: blue, or orange."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for index in range(count):
        picture = random.integers(0, 40, (size, size, 3), dtype=np.uint8)
        row, column = random.integers(0, size - 6, 2)
        picture[row : row + 6, column : column + 6] = (230, 140, 20) if warm else (40, 90, 230)
        Image.fromarray(picture).save(folder / f"{index:02d}.png")
    return folder


def train(data: object, out: Path, samples: int = 24, **more: object):  # type: ignore[no-untyped-def]
    console = Console(record=True, width=200)
    model = gansmith.train(
        "style", data=data, out=out, samples=samples, settings=SMALL, console=console, **more
    )
    return model, console.export_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("style")
    make_domain(home / "cold", 40, warm=False, seed=0)
    make_domain(home / "warm", 44, warm=True, seed=1)
    train([home / "cold", home / "warm"], home / "run")
    return home


def test_a_run_is_judged_beside_its_input_and_reported(home: Path) -> None:
    run = Run(home / "run")
    metrics = run.quality()["metrics"]
    assert {"frechet", "kernel", "input_kernel", "target_share", "content_kept"} <= set(metrics)
    assert 0 <= metrics["target_share"]["value"] <= 1 and metrics["target_share"]["floor"] > 0.9
    for file in (run.model_file, run.sheet_file, run.real_sheet_file, run.report_file):
        assert file.is_file()
    assert run.manifest()["label_names"] == ["cold", "warm"]
    assert len(run.manifest()["judged"]) >= 1
    assert "Taken for the target" in run.report_file.read_text("utf-8")


def test_the_same_command_finds_it_finished_and_more_samples_go_on(home: Path) -> None:
    domains = [home / "cold", home / "warm"]
    _, text = train(domains, home / "run")
    assert "is finished" in text
    stopped: list[object] = []
    parts = home / "parts"
    assert (
        train(domains, parts, on_event=stopped.append, should_stop=lambda: len(stopped) > 2)[0]
        is None
    )
    model, _ = train(domains, parts)
    whole = gansmith.load(home / "run")
    pictures = np.stack([np.asarray(Image.open(p)) for p in sorted((home / "cold").iterdir())[:4]])
    assert np.array_equal(model.apply(pictures), whole.apply(pictures))


def test_files_of_any_size_keep_size_and_opacity(home: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    (inputs / "deep").mkdir(parents=True)
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (21, 34, 3), dtype=np.uint8)
    alpha = random.integers(0, 256, (21, 34, 1), dtype=np.uint8)
    Image.fromarray(picture).save(inputs / "plain.png")
    Image.fromarray(np.concatenate([picture, alpha], axis=2)).save(inputs / "clear.png")
    Image.fromarray(picture).convert("L").save(inputs / "deep" / "plain.jpg")
    Image.fromarray(picture[:16, :16]).save(inputs / "plain.webp", lossless=True)
    (inputs / "broken.png").write_bytes(b"nothing")
    (inputs / "notes.txt").write_text("left alone")
    lines: list[str] = []
    place = apply(home / "run", inputs, tmp_path / "out", log=lines.append)
    names = {p.relative_to(place).as_posix() for p in place.rglob("*.png")}
    assert names == {"plain.png", "plain-2.png", "clear.png", "deep/plain.png", "comparison.png"}
    assert len(lines) == 1 and "broken.png" in lines[0]
    clear = np.asarray(Image.open(place / "clear.png"))
    assert clear.shape == (21, 34, 4) and np.array_equal(clear[:, :, 3:], alpha)
    assert np.array_equal(clear[:, :, :3], np.asarray(Image.open(place / "plain.png")))
    listed = json.loads((place / "manifest.json").read_text("utf-8"))
    assert listed["strength"] == 1.0 and len(listed["files"]) == 4
    one = apply(home / "run", inputs / "plain.png", tmp_path / "one.png")
    assert np.array_equal(np.asarray(Image.open(one)), np.asarray(Image.open(place / "plain.png")))


def test_an_animation_is_translated_by_its_first_frame_with_a_word(
    home: Path, tmp_path: Path
) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "pages.tiff", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "photo.mpo", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "still.gif")
    inputs = sorted(tmp_path.iterdir())
    lines: list[str] = []
    place = apply(home / "run", inputs, tmp_path / "out", log=lines.append)
    assert [line.split(str(tmp_path))[1] for line in lines] == [
        "/moving.gif has 3 frames: only the first is taken",
        "/pages.tiff has 3 frames: only the first is taken",
    ]
    made = [np.asarray(Image.open(place / f"{path.stem}.png").convert("RGB")) for path in inputs]
    assert np.array_equal(made[0], made[3])


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 300), (300, 9)])
def test_tiny_and_narrow_pictures_are_translated_too(home: Path, shape: tuple[int, int]) -> None:
    pictures = np.full((1, *shape, 3), 100, np.uint8)
    assert gansmith.load(home / "run").apply(pictures).shape == pictures.shape


def test_strength_leads_from_the_input_to_the_translation(home: Path) -> None:
    model = gansmith.load(home / "run")
    assert isinstance(model, TranslationModel)
    samples = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    whole = model.apply(samples).astype(int)
    assert np.array_equal(model.apply(samples, strength=0.0), samples)
    half = model.apply(samples, strength=0.5).astype(int)
    inside = (whole > 0) & (whole < 255)
    assert np.abs(half - (samples + whole) / 2)[inside].max() <= 1
    with pytest.raises(GansmithError, match="strength is 2"):
        model.apply(samples, strength=2.0)


def test_tiles_leave_no_seam(home: Path) -> None:
    """Tiles overlap by more than what decides about a pixel, so they agree with the whole."""
    model = gansmith.load(home / "run")
    assert isinstance(model, TranslationModel)
    large = np.random.default_rng(0).integers(0, 256, (1, TILE + 64, 64, 3), dtype=np.uint8)
    made = model.apply(large).astype(int)
    whole = model.codec.decode(model.generator(model.codec.encode(torch.from_numpy(large))))
    assert made.shape == large.shape
    assert np.abs(made - whole.astype(int)).max() <= 1
    assert OVERLAP < TILE // 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda home: [home / "cold", home / "cold"], "two different folders"),
        (lambda home: [home / "cold"], "two different folders"),
        (lambda home: home / "cold", "--data FROM --data TO"),
    ],
)
def test_what_is_no_pair_of_domains_is_refused_in_one_line(
    home: Path, tmp_path: Path, change: object, message: str
) -> None:
    with pytest.raises(GansmithError, match=message):
        train(change(home), tmp_path / "run")  # type: ignore[operator]
    assert not (tmp_path / "run").exists()


def test_equal_content_in_two_folders_is_refused(home: Path, tmp_path: Path) -> None:
    make_domain(tmp_path / "again", 40, warm=False, seed=0)
    with pytest.raises(GansmithError, match="hold the same samples"):
        train([home / "cold", tmp_path / "again"], tmp_path / "run")


def test_three_pictures_a_side_are_too_few(tmp_path: Path) -> None:
    folders = [make_domain(tmp_path / name, 3, name == "b", seed=2) for name in ("a", "b")]
    with pytest.raises(GansmithError, match="to train on"):
        train(folders, tmp_path / "run")


def test_two_sub_folders_are_domains_and_the_target_can_be_named(
    home: Path, tmp_path: Path
) -> None:
    both = tmp_path / "both"
    make_domain(both / "cold", 30, warm=False, seed=3)
    make_domain(both / "warm", 30, warm=True, seed=4)
    settings = [*SMALL, "data.target=cold"]
    model = gansmith.train(
        "style",
        data=both,
        out=tmp_path / "run",
        samples=8,
        settings=settings,
        console=Console(quiet=True),
    )
    assert model is not None and model.label_names == ("warm", "cold")


def test_a_run_that_generates_says_what_to_use_instead(home: Path, tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="gansmith apply"):
        gansmith.generate(home / "run", 4, out=tmp_path / "samples")
    with pytest.raises(GansmithError, match="holds inputs"):
        apply(home / "run", home / "cold", home / "cold")
    with pytest.raises(GansmithError, match="there is no file or folder"):
        apply(home / "run", home / "nowhere", tmp_path / "out")


@pytest.mark.parametrize("name", ["out.jpg", "out.mp4", "out.gif"])
def test_a_file_of_another_kind_becomes_no_folder(name: str, home: Path, tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="results are PNG: give a folder"):
        apply(home / "run", home / "cold" / "00.png", tmp_path / name)
    assert not (tmp_path / name).exists()
