"""Options that makers expect of the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gansmith as library
from gansmith.errors import GansmithError
from gansmith.model import load_generator
from gansmith.run import Run
from gansmith.tasks.generate import parse_indices
from tests.conftest import make_labelled, make_sprites

QUICK = (
    *("training.batch=8", "training.frames=0", "network.width=4", "network.head=8"),
    *("evaluation.quick_looks=0", "evaluation.samples=16", "evaluation.extractor=pixels"),
    "health.probes=0",
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("options")
    shapes, sprites = make_labelled(home / "shapes", 16), make_sprites(home / "sprites", 40)
    for name, data in (("shapes-run", shapes), ("sprites-run", sprites)):
        library.train("pictures", data=data, out=home / name, samples=32, settings=QUICK)
    return home


@pytest.fixture
def run(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shared / "shapes-run", tmp_path / "run"))


@pytest.fixture
def sprites_run(shared: Path) -> Path:
    return shared / "sprites-run"


def test_the_version_is_printed(gansmith) -> None:  # type: ignore[no-untyped-def]
    assert gansmith("--version") == (0, f"gansmith {library.__version__}\n", "")


def test_help_of_generate_groups_options_by_medium_and_shows_examples(gansmith) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = gansmith("generate", "--help")
    assert code == 0
    places = [out.index(part) for part in ("Options:", "Sound:", "Text:", "Captions:", "Examples:")]
    assert places == sorted(places)
    assert places[1] < out.index("--tempo") < places[2] < out.index("--top-p") < places[3]


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("--batch-size", "--batch N"),
        ("--epochs", "--samples N"),
        ("--lr", "--set optimiser.g_lr"),
        ("--resolution", "--set data.size=N"),
        ("--gpu", "--device cuda"),
    ],
)
def test_options_of_other_tools_are_answered_with_ours(gansmith, option: str, hint: str) -> None:  # type: ignore[no-untyped-def]
    code, _, err = gansmith("train", "pictures", option, "3")
    assert code == 2 and f"No such option: {option}. Write {hint}" in err


def test_seed_and_batch_of_train_are_settings(  # type: ignore[no-untyped-def]
    gansmith, labelled_folder: Path, tmp_path: Path
) -> None:
    settings = [part for entry in QUICK[1:] for part in ("--set", entry)]
    where = ["--data", labelled_folder, "--out", tmp_path / "run", "--samples", 24]
    short = ["--seed", 5, "--batch", 12, "--device", "cpu"]
    code, out, err = gansmith("train", "pictures", *where, *short, *settings)
    assert code == 0, out + err
    config = Run(tmp_path / "run").recipe().training
    assert (config.seed, config.batch) == (5, 12)
    code, _, err = gansmith("train", "pictures", *where, "--device", "tpu")
    assert (code, err.count("\n")) == (2, 1) and "--device tpu is not available" in err


def test_an_index_chooses_samples_of_a_seed(gansmith, run: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = gansmith("generate", run, "--index", "3,7-8", "--out", tmp_path / "few")
    assert code == 0, out + err
    listed = json.loads((tmp_path / "few" / "manifest.json").read_text("utf-8"))["files"]
    assert [entry["index"] for entry in listed] == [3, 7, 8]
    samples = library.load(run).sample(9)
    for entry in listed:
        with Image.open(tmp_path / "few" / entry["file"]) as image:
            assert np.array_equal(np.asarray(image), samples[entry["index"], :, :, 0])
    library.generate(run, out=tmp_path / "few.npz", index=[8, 3])
    assert np.array_equal(np.load(tmp_path / "few.npz")["samples"], samples[[8, 3]])


@pytest.mark.parametrize("text", ["", "a", "3-", "-1", "8-3", "1e3", "12345678", "1,,2"])
def test_what_is_no_index_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(GansmithError, match="--index") as caught:
        parse_indices(text)
    assert "\n" not in str(caught.value)


def test_a_sheet_can_have_the_number_of_each_sample(run: Path, tmp_path: Path) -> None:
    plain = library.generate(run, 4, out=tmp_path / "plain.png")
    named = library.generate(run, 4, out=tmp_path / "named.png", names=True)
    with Image.open(plain) as a, Image.open(named) as b:
        assert b.height > a.height and b.width == a.width


def test_rows_of_sheets_have_the_names_of_their_classes(run: Path) -> None:
    with Image.open(run / "sheet.png") as sheet, Image.open(run / "real.png") as real:
        for image in (sheet, real):
            margin = np.asarray(image.convert("L"))[:, :40]
            assert margin.min() < 64


def _frames(path: Path) -> list[Image.Image]:
    with Image.open(path) as image:
        return [image.seek(k) or image.convert("RGBA") for k in range(image.n_frames)]  # type: ignore[func-returns-value]


def test_an_interpolation_is_one_clean_animation_with_alpha(
    sprites_run: Path, tmp_path: Path
) -> None:
    frames = _frames(library.interpolate(sprites_run, tmp_path / "walk.webp", frames=6))
    assert len(frames) == 6 and frames[0].size == (48, 48)
    expected = library.load(sprites_run).interpolate(6)  # type: ignore[attr-defined]
    assert np.array_equal(np.asarray(frames[2])[..., 3], expected[2][..., 3])
    shown = expected[2][..., 3] > 0
    assert np.array_equal(np.asarray(frames[2])[shown], expected[2][shown])
    gif = _frames(library.interpolate(sprites_run, tmp_path / "walk.gif", frames=6))
    assert gif[0].size == (48, 48)
    grid = _frames(library.interpolate(sprites_run, tmp_path / "grid.webp", frames=3, grid=4))
    assert grid[0].width > 2 * 48


def test_an_interpolation_has_chosen_ends_and_an_animation_comes_back(
    sprites_run: Path, tmp_path: Path
) -> None:
    model = load_generator(sprites_run)
    folder = library.interpolate(sprites_run, tmp_path / "steps", frames=5, start=3, end=8)
    steps = [np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))]
    assert np.array_equal(steps[0], model.sample(1, seed=3)[0])
    assert np.array_equal(steps[-1], model.sample(1, seed=8)[0])
    frames = _frames(
        library.interpolate(sprites_run, tmp_path / "w.webp", frames=5, index="2,7", truncation=0.5)
    )
    ends = model.sample(8, truncation=0.5)[[2, 7]]
    assert len(frames) == 8
    for frame, end in ((frames[0], ends[0]), (frames[4], ends[1])):
        assert np.array_equal(np.asarray(frame)[..., 3], end[..., 3])


def test_chosen_ends_must_be_whole(sprites_run: Path, tmp_path: Path) -> None:
    for wrong in ({"start": 3}, {"start": 1, "end": 2, "index": "1,2"}, {"index": "4"}):
        with pytest.raises(GansmithError, match="--index"):
            library.interpolate(sprites_run, tmp_path / "w.webp", frames=4, **wrong)  # type: ignore[arg-type]
