from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels.inputs import level_files
from gansmith.media.levels.repairing import repair_files
from gansmith.media.levels.solving import solve
from tests.media.levels.data import LEGEND, OPEN, write_levels

Verb = Callable[..., Any]
LOCKED = OPEN.replace("r", ".")
VERBS = pytest.mark.parametrize(
    ("verb", "results"), [(solve, "solutions.json"), (repair_files, "repairs.json")]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("ortools")
    return write_levels(tmp_path, OPEN, LOCKED).parent


@VERBS
def test_inputs_are_not_replaced(verb: Verb, results: str, folder: Path) -> None:
    path, lines = folder / "levels.txt", list[str]()
    before = path.read_bytes()
    for given, out in ((path, folder), (folder, folder), (path, folder.parent)):
        with pytest.raises(GansmithError, match="holds inputs: choose another folder"):
            verb([given], out=out, log=lines.append)
    assert not lines and path.read_bytes() == before
    assert {file.name for file in folder.iterdir()} == {"levels.txt", "legend.yaml"}


@VERBS
@pytest.mark.parametrize("foreign", ["{}", "[]", '[{"file": "a", "level": "b"}]', "no JSON"])
def test_results_of_others_are_not_replaced(
    verb: Verb, results: str, foreign: str, folder: Path
) -> None:
    out = folder / "out"
    out.mkdir()
    (out / results).write_text(foreign)
    with pytest.raises(GansmithError, match=rf"{results} exists and gansmith did not write it"):
        verb([folder / "levels.txt"], out=out)
    assert [(file.name, file.read_text()) for file in out.iterdir()] == [(results, foreign)]


@VERBS
def test_results_of_earlier_calls_are_replaced_and_not_read(
    verb: Verb, results: str, folder: Path
) -> None:
    lines: list[str] = []
    for _ in range(2):
        lines.clear()
        verb([folder], out=folder / "out", log=lines.append)
    assert lines[0] == f"passed over {folder / 'out'}: gansmith wrote the results in it"
    assert lines[-1].startswith("2 levels: ") and not any("left out" in line for line in lines)
    facts = json.loads((folder / "out" / results).read_text("utf-8"))
    assert any(
        (folder / "out" / entry["picture"]).is_file() for entry in facts if "picture" in entry
    )


@VERBS
def test_a_file_is_no_folder_for_results(verb: Verb, results: str, folder: Path) -> None:
    taken, lines = folder / "taken", list[str]()
    taken.write_text("mine")
    with pytest.raises(GansmithError, match="taken is no folder"):
        verb([folder / "levels.txt"], out=taken, log=lines.append)
    assert not lines and taken.read_text() == "mine"


def test_copies_are_read_where_they_were_written(folder: Path) -> None:
    out = folder / "out"
    assert repair_files([folder], out=out) == 0
    shutil.copyfile(folder / "legend.yaml", out / "legend.yaml")
    assert level_files([out]) == [out / "levels.txt"]
    lines: list[str] = []
    assert solve([out], out=folder / "solved", log=lines.append) == 0
    assert lines[-1] == "2 levels: 2 solved"


def test_copies_beside_their_files_are_not_repaired_again(folder: Path) -> None:
    lines: list[str] = []
    assert repair_files([folder]) == 0
    assert repair_files([folder], log=lines.append) == 0
    assert lines[0].startswith(f"passed over {folder / 'levels-repaired.txt'}: ")
    assert lines[-1] == "2 levels: 1 repaired, 1 unchanged, 0 failed"
    assert not (folder / "levels-repaired-repaired.txt").exists()


@VERBS
def test_folders_without_a_right_legend_do_not_cost_the_others(
    verb: Verb, results: str, folder: Path
) -> None:
    for name, legend in (("a", None), ("b", "tiles: 3"), ("z", LEGEND)):
        (folder / name).mkdir()
        _text(folder / name / "more.txt")
        if legend is not None:
            (folder / name / "legend.yaml").write_text(legend, "utf-8")
    lines: list[str] = []
    verb([folder], log=lines.append)
    warned = [line for line in lines if line.startswith("warning: left out: ")]
    assert len(warned) == 2 and "more.txt has no legend: write " in warned[0]
    assert str(folder / "b" / "legend.yaml") in warned[1]
    assert lines[-1].startswith("3 levels: ") and lines[-1].endswith("; 2 files left out")
    with pytest.raises(GansmithError, match="has no legend"):
        verb([folder / "a" / "more.txt"])


@VERBS
def test_files_without_levels_are_named(verb: Verb, results: str, folder: Path) -> None:
    (folder / "empty.txt").write_text("; nothing\n")
    lines: list[str] = []
    verb([folder], log=lines.append)
    assert any("left out: " in line and "empty.txt has no levels" in line for line in lines)
    assert lines[-1].endswith("; 1 file left out")


def _text(path: Path) -> Path:
    path.write_text(OPEN, "utf-8")
    return path
