from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from gansmith.cli import app
from gansmith.errors import GansmithError
from gansmith.media.levels.solving import solve
from tests.media.levels.data import OPEN, write_levels

LOCKED = OPEN.replace("r", ".").replace(".>", "r>")
TWO = OPEN.replace("@.", "@@")


@pytest.fixture
def levels(tmp_path: Path) -> Path:
    return write_levels(tmp_path, OPEN, LOCKED, TWO)


def test_each_level_gets_its_answer(levels: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    assert solve([levels], out=tmp_path / "out", log=lines.append) == 2
    assert "solved in 7 moves" in lines[0] and lines[0].endswith("replayed")
    assert ": unsolvable: " in lines[1] and ": refused: " in lines[2]
    assert lines[3] == "3 levels: 1 solved, 1 unsolvable, 1 refused"
    facts = json.loads((tmp_path / "out" / "solutions.json").read_text("utf-8"))
    assert [entry["outcome"] for entry in facts] == ["solved", "unsolvable", "refused"]
    assert len(facts[0]["moves"]) == facts[0]["length"] == 7 and "moves" not in facts[1]
    pictures = []
    for file in sorted((tmp_path / "out").glob("*.png")):
        with Image.open(file) as picture:
            pictures.append(picture.convert("RGB"))
    assert [picture.size for picture in pictures] == [(7 * 16, 5 * 16)] * 3
    drawn, plain = (len(picture.getcolors(10_000)) for picture in pictures[:2])
    assert drawn > plain


def test_a_folder_is_searched_and_the_exit_code_says_whether_all_are_solved(levels: Path) -> None:
    levels.write_text(OPEN, "utf-8")
    (levels.parent / "notes.md").write_text("left alone")
    (levels.parent / "ragged.txt").write_text("#####\n#@?>#\n#####\n", "utf-8")
    result = CliRunner().invoke(app, ["solve", str(levels.parent)])
    assert result.exit_code == 0 and "1 level: 1 solved" in result.output
    assert "left out: " in result.output and "ragged.txt" in result.output
    levels.write_text(LOCKED, "utf-8")
    assert CliRunner().invoke(app, ["solve", str(levels)]).exit_code == 1


def test_what_is_missing_is_said_with_what_to_type(levels: Path, tmp_path: Path) -> None:
    (tmp_path / "legend.yaml").unlink()
    with pytest.raises(GansmithError, match=r"no legend: write .*legend\.yaml .*--legend FILE"):
        solve([levels])
    with pytest.raises(GansmithError, match="there is no file or folder"):
        solve([tmp_path / "nowhere.txt"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(GansmithError, match="there are no levels"):
        solve([tmp_path / "empty"])
