from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import gansmith as package
from gansmith.errors import GansmithError
from tests.conftest import make_labelled

QUICK = [
    "training.batch=8",
    "training.frames=3",
    "network.width=8",
    "network.max_width=8",
    "network.grid_width=8",
    "network.head=16",
    "evaluation.quick_looks=2",
    "evaluation.quick_samples=16",
    "evaluation.samples=32",
    "evaluation.extractor=random-conv",
]


def _train(gansmith, data: Path, run: Path, samples: int = 96, *extra: str):  # type: ignore[no-untyped-def]
    settings = [part for entry in (*QUICK, *extra) for part in ("--set", entry)]
    where = ["--data", data, "--out", run, "--samples", samples]
    return gansmith("train", "pictures", *where, *settings)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, which no test may change, and a run trained on them."""
    home = tmp_path_factory.mktemp("cli")
    data, quiet = make_labelled(home / "shapes", 16), Console(quiet=True)
    package.train(
        "pictures", data=data, out=home / "run", samples=96, settings=QUICK, console=quiet
    )
    return home


@pytest.fixture
def labelled_folder(shared: Path) -> Path:
    return shared / "shapes"


@pytest.fixture
def trained(shared: Path, tmp_path: Path) -> Path:
    """A copy of the run, which a test may change."""
    return Path(shutil.copytree(shared / "run", tmp_path / "run"))


def test_training_leaves_everything_the_readme_promises(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert {"sheet.png", "real.png", "film.webp", "curves.png", "report.html"} <= names
    assert {"generator.safetensors", "quality.json", "metrics.jsonl", "recipe.yaml"} <= names
    assert len(list((trained / "frames").iterdir())) == 3
    verdict = json.loads((trained / "quality.json").read_text("utf-8"))
    assert verdict["generated"] == 32
    assert verdict["metrics"]["frechet"]["floor"] is not None


def test_the_same_command_again_goes_on_and_a_larger_budget_trains_more(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, labelled_folder: Path
) -> None:
    code, out, _ = _train(gansmith, labelled_folder, trained)
    assert (code, "is finished" in out) == (0, True)
    code, out, _ = _train(gansmith, labelled_folder, trained, 160)
    assert (code, "goes on at 96 samples" in out, "ends after 160" in out) == (0, True, True)


def test_a_larger_budget_that_ends_before_it_is_judged_is_judged_the_next_time(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, labelled_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (trained / "generator.safetensors").read_bytes()

    def broken(*_: object) -> None:
        raise GansmithError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("gansmith.tasks.generation.finish", broken)
        assert _train(gansmith, labelled_folder, trained, 240)[0] == 2
    code, out, _ = _train(gansmith, labelled_folder, trained, 240)
    assert (code, "is finished" in out) == (0, False)
    assert (trained / "quality.json").exists()
    assert (trained / "generator.safetensors").read_bytes() != before


def test_generate_writes_files_arrays_and_sheets(gansmith, trained: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, _, _ = gansmith("generate", trained, "-n", 5, "--label", "cross", "--out", tmp_path / "f")
    assert code == 0
    files = sorted(path.name for path in (tmp_path / "f").iterdir())
    assert files == [*(f"{index}-cross.png" for index in range(5)), "manifest.json"]
    array = tmp_path / "a.npz"
    assert gansmith("generate", trained, "-n", 3, "--seed", 2, "--out", array)[0] == 0
    with np.load(array) as loaded:
        assert loaded["samples"].shape == (3, 32, 32, 1)
        assert loaded["labels"].shape == (3,)
    sheet = tmp_path / "s.png"
    assert gansmith("generate", trained, "--truncation", 0.5, "--out", sheet)[0] == 0
    with Image.open(sheet) as picture:
        assert picture.width > 300


def test_a_seed_gives_the_same_samples_however_many(
    gansmith, trained: Path, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    for count in (3, 100):
        path = tmp_path / f"{count}.npz"
        assert gansmith("generate", trained, "-n", count, "--seed", 5, "--out", path)[0] == 0
    few, many = (np.load(tmp_path / f"{count}.npz")["samples"] for count in (3, 100))
    difference = np.abs(few.astype(int) - many[:3].astype(int))
    assert difference.max() <= 1


def test_interpolate_films_a_walk(gansmith, trained: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    film = tmp_path / "walk.webp"
    assert gansmith("interpolate", trained, "--frames", 5, "--out", film)[0] == 0
    with Image.open(film) as picture:
        assert picture.n_frames == 5


def test_evaluate_judges_runs_folders_and_arrays(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, labelled_folder: Path, tmp_path: Path
) -> None:
    code, out, _ = gansmith("evaluate", trained, "--samples", 16, "--json")
    assert code == 0
    assert json.loads(out)["generated"] == 16
    folder, array = tmp_path / "made", tmp_path / "made.npz"
    for place in (folder, array):
        assert gansmith("generate", trained, "-n", 20, "--out", place)[0] == 0
        (place / "manifest.json").unlink() if place.is_dir() else None
        code, out, err = gansmith("evaluate", place, "--reference", labelled_folder, "--json")
        assert code == 0, err
        assert json.loads(out)["generated"] == 20
    code, _, err = gansmith("evaluate", folder)
    assert (code, "--reference" in err) == (2, True)


def test_report_compare_recipes_doctor_and_data(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, labelled_folder: Path, tmp_path: Path
) -> None:
    (trained / "report.html").unlink()
    assert gansmith("report", trained)[0] == 0
    assert (trained / "report.html").exists()
    other = tmp_path / "other"
    shutil.copytree(trained, other)
    page = tmp_path / "page.html"
    assert gansmith("compare", trained, other, "--out", page)[0] == 0
    assert page.exists()
    recipe = (trained / "recipe.yaml").read_bytes()
    code, _, err = gansmith("compare", trained, other, "--out", trained / "recipe.yaml")
    assert (code, "name it FILE.html" in err) == (2, True)
    assert (trained / "recipe.yaml").read_bytes() == recipe
    code, out, _ = gansmith("recipes")
    assert code == 0 and "digits" in out and "textbook" in out
    code, out, _ = gansmith("data")
    assert code == 0 and "mnist" in out
    code, out, _ = gansmith("data", "inspect", labelled_folder, "--json")
    assert code == 0
    assert json.loads(out)["pictures"] == 48
    settings = [part for entry in QUICK for part in ("--set", entry)]
    code, out, _ = gansmith("doctor", "pictures", "--data", labelled_folder, *settings)
    assert code == 0, out
    assert "ms a step" in out and "no problems" in out


def _one_line(err: str) -> bool:
    return err.startswith("gansmith: ") and err.count("\n") == 1 and "Traceback" not in err


@pytest.mark.parametrize("kind", ["missing", "empty", "few", "text"])
def test_bad_data_is_one_line_and_code_two(gansmith, kind: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "data"
    if kind != "missing":
        folder.mkdir()
    if kind == "few":
        for index in range(5):
            Image.new("L", (32, 32), index).save(folder / f"{index}.png")
    if kind == "text":
        (folder / "a.png").write_text("no picture")
    code, _, err = _train(gansmith, folder, tmp_path / "run")
    assert code == 2
    assert _one_line(err), err
    assert "data" in err
    assert not (tmp_path / "run").exists()


def test_other_mistakes_are_one_line_and_code_two(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, labelled_folder: Path, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "thesis.doc").write_text("mine")
    mistakes = [
        ("train", "digitz"),
        ("train", "digits", "--set", "training.batchh=4"),
        ("train", "pictures", "--data", labelled_folder, "--out", stranger),
        ("train", "pictures", "--data", labelled_folder, "--out", trained),
        ("train", "digits", "--minutes", 1, "--samples", 5),
        ("generate", stranger),
        ("generate", tmp_path / "nowhere"),
        ("generate", trained, "--label", "hexagon"),
        ("generate", trained, "--truncation", -1),
        ("generate", trained, "--out", tmp_path / "x.mp3"),
        ("interpolate", trained, "--out", tmp_path / "x.avi"),
        ("evaluate", tmp_path / "nowhere"),
        ("report", stranger),
        ("compare", trained, stranger),
        ("data", "get", "mnits"),
        ("data", "inspect", tmp_path / "nowhere"),
    ]
    for mistake in mistakes:
        code, out, err = gansmith(*mistake)
        assert code == 2, (mistake, out)
        assert _one_line(err), (mistake, err)
    assert (stranger / "thesis.doc").read_text() == "mine"


def test_changed_data_is_not_resumed(gansmith, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = make_labelled(tmp_path / "shapes", 16)
    code, out, err = _train(gansmith, folder, tmp_path / "run")
    assert code == 0, out + err
    Image.new("L", (32, 32), 90).save(folder / "circle" / "new.png")
    code, _, err = _train(gansmith, folder, tmp_path / "run")
    assert code == 2
    assert "has changed since" in err


def test_not_enough_disk_is_said_before_anything_is_written(  # type: ignore[no-untyped-def]
    gansmith, labelled_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 1000))
    code, _, err = _train(gansmith, labelled_folder, tmp_path / "run")
    assert code == 2
    assert _one_line(err) and "not enough disk" in err


def test_a_read_only_place_is_said(  # type: ignore[no-untyped-def]
    gansmith, labelled_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    place = tmp_path / "closed" / "run"
    original = Path.mkdir
    monkeypatch.setattr(
        Path,
        "mkdir",
        lambda self, *a, **k: refuse(self) if "closed" in self.parts else original(self, *a, **k),
    )
    code, _, err = _train(gansmith, labelled_folder, place)
    assert code == 2
    assert _one_line(err) and "--out" in err


def test_help_needs_no_torch() -> None:
    code = "import sys, gansmith.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_file_is_inverted_and_the_former_name_still_works(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, labelled_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansmith.tasks.invert.STEPS", 5)
    file = next(labelled_folder.rglob("*.png"))
    for verb in ("invert", "similar"):
        code, out, err = gansmith(verb, trained, file, "-n", 2, "--out", tmp_path / verb)
        assert (code, "2 variations" in out) == (0, True), err
    with pytest.warns(DeprecationWarning, match="gansmith.invert"):
        assert package.similar is package.invert
    code, _, err = gansmith("invert", trained, file, "--spread", 0)
    assert (code, "--spread must be above 0 and at most 1 (got 0)" in err) == (2, True)


def test_options_and_commands_of_another_medium_are_one_line(gansmith, trained: Path) -> None:  # type: ignore[no-untyped-def]
    code, _, err = gansmith("generate", trained, "--prompt", "a")
    assert (code, "--prompt only works with text and captions models" in err) == (2, True)
    code, _, err = gansmith("kit", trained, "--out", trained / "kit")
    assert code == 2 and _one_line(err)


def test_doctor_and_diagnose_return_data(gansmith, trained: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = gansmith("doctor", "--json")
    report = json.loads(out)
    assert report["machine"]["cores"] >= 1 and report["estimate"] is None
    assert code == bool(report["problems"])
    code, out, _ = gansmith("doctor", trained, "--json")
    found = json.loads(out)
    assert found == json.loads(json.dumps(package.diagnose(trained).to_json()))
    assert code == bool(found["problems"])
    assert package.inspect(trained / "frames", "pictures").to_json()["pictures"] == 3
