from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from gansmith.cli import app
from gansmith.errors import GansmithError
from gansmith.media.levels.games import Refused, Solved, Unsolvable, game_of
from gansmith.media.levels.legend import Legend, load_legend
from gansmith.media.levels.reading import read_levels
from gansmith.media.levels.repair import Requests, repair
from gansmith.media.levels.repair.requests import cells_in, parse_counts, parse_regions
from gansmith.media.levels.repairing import repair_files
from gansmith.media.levels.solving import solve
from gansmith.media.levels.writing.ldtk import encode_ldtk
from gansmith.media.levels.writing.picture import encode_tileset
from gansmith.media.levels.writing.text import encode_csv
from gansmith.media.levels.writing.tiled import encode_tmj, encode_tmx
from tests.media.levels.data import GAMES, OPEN, needs_games, write_levels

pytest.importorskip("ortools")
LOCKED = OPEN.replace("r", ".")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_levels(tmp_path, OPEN, LOCKED).parent


def test_levels_of_a_text_are_repaired_and_the_others_stay(folder: Path) -> None:
    lines: list[str] = []
    out = folder / "out"
    assert repair_files([folder / "levels.txt"], out=out, log=lines.append) == 0
    assert lines[0].endswith("level 1: unchanged: solved in 7 moves")
    assert "repaired with 1 edit (2.9% of 35 cells, the fewest): " in lines[1]
    assert lines[-1] == "2 levels: 1 repaired, 1 unchanged, 0 failed"
    legend = load_legend(folder / "legend.yaml")
    old, new = (read_levels(f / "levels.txt", legend).levels for f in (folder, out))
    assert (old[0].tiles == new[0].tiles).all()
    assert int((old[1].tiles != new[1].tiles).sum()) == 1
    facts = json.loads((out / "repairs.json").read_text("utf-8"))
    assert [len(entry["edits"]) for entry in facts] == [0, 1] and facts[1]["proved_fewest"]
    (edit,) = facts[1]["edits"]
    row, column = np.argwhere(old[1].tiles != new[1].tiles)[0]
    assert (edit["row"], edit["column"]) == (row + 1, column + 1)
    (picture,) = out.glob("*.png")
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB"))
    framed = (pixels[row * 16, column * 16 : column * 16 + 16] == (255, 32, 160)).all()
    assert framed and not (pixels[0, :16] == (255, 32, 160)).all()


def test_copies_are_in_the_format_of_the_file(folder: Path) -> None:
    """Maps of Tiled, projects of LDtk, CSV and pictures: each is read again, with the edit."""
    legend = load_legend(folder / "legend.yaml")
    (level,) = read_levels(_text(folder, LOCKED), legend).levels
    files = {
        "map.tmx": encode_tmx(level, legend, picture="tiles.png"),
        "map.tmj": encode_tmj(level, legend, picture="tiles.png"),
        "world.ldtk": encode_ldtk([level], legend),
        "rows.csv": encode_csv(level, legend),
    }
    (folder / "tiles.png").write_bytes(encode_tileset(legend))
    for name, data in files.items():
        path = folder / name
        path.write_bytes(data)
        assert repair_files([path]) == 0
        copy = folder / f"{path.stem}-repaired{path.suffix}"
        (again,) = read_levels(copy, legend).levels
        assert isinstance(game_of(legend).solve(again, legend), Solved)
        assert int((again.tiles != level.tiles).sum()) == 1
        assert path.read_bytes() == data


def test_a_map_in_another_folder_finds_its_tileset(folder: Path) -> None:
    legend = load_legend(folder / "legend.yaml")
    (level,) = read_levels(_text(folder, LOCKED), legend).levels
    (folder / "tiles.png").write_bytes(encode_tileset(legend))
    (folder / "map.tmx").write_bytes(encode_tmx(level, legend, picture="tiles.png"))
    assert repair_files([folder / "map.tmx"], out=folder / "deep" / "out") == 0
    assert b'source="../../tiles.png"' in (folder / "deep" / "out" / "map.tmx").read_bytes()


def test_one_bad_file_does_not_cost_the_others(folder: Path) -> None:
    (folder / "ragged.txt").write_text("#####\n#@?>#\n#####\n", "utf-8")
    result = CliRunner().invoke(app, ["repair", str(folder), "--out", str(folder / "out")])
    assert result.exit_code == 1
    said = "2 levels: 1 repaired, 1 unchanged, 0 failed; 1 file left out"
    assert "left out: " in result.output and said in result.output
    assert (folder / "out" / "levels.txt").is_file()
    assert not (folder / "out" / "ragged.txt").exists()


def test_requests_on_the_command_line(folder: Path) -> None:
    lines: list[str] = []
    path = _text(folder, LOCKED)
    assert repair_files([path], count="key=2 R=1..1", lock="4,2-4", log=lines.append) == 0
    legend = load_legend(folder / "legend.yaml")
    (level,) = read_levels(path.with_name("one-repaired.txt"), legend).levels
    assert int(level.mask(legend, "key").sum()) == 2
    assert repair_files([path], lock="1-7,1-5", log=lines.append) == 1
    assert "not repaired: no level keeps the locked cells and the rules of the game" in lines[-2]
    assert lines[-1] == "1 level: 0 repaired, 0 unchanged, 1 failed"


def test_a_level_without_the_cells_to_lock_does_not_cost_the_others(tmp_path: Path) -> None:
    lines: list[str] = []
    folder = write_levels(tmp_path, LOCKED, "#####\n#@r>#\n#####\n").parent
    assert repair_files([folder / "levels.txt"], lock="6,2", log=lines.append) == 1
    assert "level 1: repaired with 1 edit" in lines[0]
    assert "level 2: not repaired: the level has columns 1 to 5 and rows 1 to 3" in lines[1]
    assert lines[-1] == "2 levels: 1 repaired, 0 unchanged, 1 failed"
    assert (folder / "levels-repaired.txt").read_text("utf-8").endswith("#####\n#@r>#\n#####\n")


def test_options_that_are_repeated_add_up(folder: Path) -> None:
    given = ["--lock", "1-7,1-2", "--lock", "1-7,3-5", "--count", "key=1", "--count", "R=1"]
    result = CliRunner().invoke(app, ["repair", str(_text(folder, LOCKED)), *given])
    assert result.exit_code == 1
    assert "not repaired: no level keeps the locked cells" in " ".join(result.output.split())


def test_a_place_that_cannot_be_written_is_named_before_the_work(folder: Path) -> None:
    taken, lines = _text(folder, LOCKED), list[str]()
    for verb in (repair_files, solve):
        with pytest.raises(GansmithError, match=r"one\.txt is no folder"):
            verb([taken], out=taken / "out", log=lines.append)
    assert not lines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kay=2", "'kay'"),
        ("key", "write box=3"),
        ("key=3..1", "exchange them"),
        ("=2", "is none"),
        ("key=9223372036854775808", "beyond the 4,000,000 cells of the largest level"),
        ("key=1.." + "9" * 5_000, "ask for fewer"),
    ],
)
def test_counts_that_are_none_are_refused(text: str, message: str) -> None:
    legend = Legend.model_validate({"tiles": {"k": {"role": "key"}}})
    with pytest.raises(GansmithError, match=message):
        parse_counts([text], legend)


def test_counts_and_cells_are_parsed() -> None:
    legend = Legend.model_validate({"tiles": {"k": {"role": "key"}, "=": {"role": "solid"}}})
    counts = parse_counts(["key=3", "k=1..", "==..2"], legend)
    assert {name: str(count) for name, count in counts.items()} == {
        "key": "exactly 3",
        "k": "at least 1",
        "=": "at most 2",
    }
    found = cells_in(parse_regions(["2,1", "1-2,3-4"]), (4, 3), "level")
    assert found is not None and cells_in([], (4, 3), "level") is None
    assert found.tolist() == [[0, 1, 0], [0, 0, 0], [1, 1, 0], [1, 1, 0]]
    for text, message in (
        ("4,1", "columns 1 to 3"),
        ("1;2", "COLUMN,ROW"),
        ("0,1", "not '0,1'"),
        ("1,3-2", "'1,3-2' end before they begin"),
    ):
        with pytest.raises(GansmithError, match=message):
            cells_in(parse_regions([text]), (4, 3), "level")


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"lock": "a,b"}, "COLUMN,ROW"), ({"border": "ZZ"}, "'ZZ'"), ({"count": "kay=2"}, "'kay'")],
)
def test_requests_that_are_none_are_no_fault_of_a_file(
    folder: Path, asked: dict[str, str], message: str
) -> None:
    said: list[str] = []
    with pytest.raises(GansmithError, match=message):
        repair_files([folder / "levels.txt"], log=said.append, **asked)  # type: ignore[arg-type]
    assert said == []


def test_a_seed_may_have_63_bits(folder: Path) -> None:
    path, copies = _text(folder, LOCKED), []
    for seed in (2**63 - 1, 2**31 - 1):  # CP-SAT gets 31 bits
        assert repair_files([path], seed=seed) == 0
        copies.append((folder / "one-repaired.txt").read_text("utf-8"))
    assert copies[0] == copies[1]


def test_a_count_of_the_legend_that_no_level_has_is_not_met(folder: Path) -> None:
    legend = folder / "legend.yaml"
    more = f"{{role: key, colour: red, count: {2**63}}}"
    legend.write_text(legend.read_text("utf-8").replace("{role: key, colour: red}", more), "utf-8")
    lines: list[str] = []
    assert repair_files([_text(folder, LOCKED)], log=lines.append) == 1
    assert "not repaired: " in lines[0]


@pytest.mark.parametrize("suffix", ["tmx", "tmj"])
def test_layers_of_one_name_are_not_mistaken_for_each_other(folder: Path, suffix: str) -> None:
    legend = load_legend(folder / "legend.yaml")
    (level,) = read_levels(_text(folder, LOCKED), legend).levels
    path = folder / f"map.{suffix}"
    if suffix == "tmx":
        data = encode_tmx(level, legend, picture="tiles.png")
        layer = data[data.index(b"<layer") : data.index(b"</layer>") + len(b"</layer>")]
        path.write_bytes(data.replace(layer, layer + layer))
    else:
        values = json.loads(encode_tmj(level, legend, picture="tiles.png"))
        path.write_text(json.dumps({**values, "layers": values["layers"] * 2}))
    lines: list[str] = []
    assert repair_files([path], log=lines.append) == 1
    assert "map." in lines[-2] and "has 2 layers of tiles 'level': give them diff" in lines[-2]
    assert not (folder / f"map-repaired.{suffix}").exists()


def _text(folder: Path, level: str) -> Path:
    path = folder / "one.txt"
    path.write_text(level, "utf-8")
    return path


LOCKS = Legend.model_validate(
    {
        "game": "keydoor",
        "tiles": {
            "#": {"role": "solid"},
            ".": {"role": "empty"},
            "@": {"role": "start", "count": 1},
            ">": {"role": "goal", "count": 1},
            "a": {"role": "key", "colour": "red"},
            "A": {"role": "door", "colour": "red"},
        },
    }
)


@needs_games
def test_generated_levels_that_are_trivial_are_refused_or_measured() -> None:
    """A generator's levels were won by one push, or led past the lock."""
    folder = GAMES / "complaints" / "4-procgen-59"
    boxes = load_legend(GAMES / "sokoban-human" / "legend.yaml")
    (level,) = read_levels(folder / "one-push.txt", boxes).levels
    verdict = game_of(boxes).solve(level, boxes)
    assert isinstance(verdict, Solved) and verdict.difficulty["pushes"] == 1
    (level,) = read_levels(folder / "on-the-goal.txt", LOCKS).levels
    refused = game_of(LOCKS).solve(level, LOCKS)
    assert isinstance(refused, Refused) and "trivial" in refused.problems[0]
    found = repair(level, LOCKS, seconds=30)
    assert found.level is not None and isinstance(found.verdict, Solved) and found.proved_fewest
    assert found.verdict.difficulty["doors"] == 1
    platforms = load_legend(GAMES / "supertux" / "legend.yaml")
    (level,) = read_levels(folder / "enemy-on-start.txt", platforms).levels
    asked = Requests(counts=parse_counts(["enemy=0"], platforms))
    found = repair(level, platforms, requests=asked, seconds=30)
    assert [(edit.before, edit.row, edit.column) for edit in found.edits] == [("E", 2, 2)]


@needs_games
def test_a_gap_under_a_ceiling_is_unsolvable_and_repaired() -> None:
    """Whether a gap can be jumped depends on what is above it."""
    folder = GAMES / "complaints" / "5-level-headed-6"
    legend = load_legend(GAMES / "supertux" / "legend.yaml")
    (gap,) = read_levels(folder / "gap-open.txt", legend).levels
    assert isinstance(game_of(legend).solve(gap, legend), Solved)
    (under,) = read_levels(folder / "gap-under-ceiling.txt", legend).levels
    assert isinstance(game_of(legend).solve(under, legend), Unsolvable)
    found = repair(under, legend, seconds=30)
    assert found.solved and len(found.edits) == 1 and found.proved_fewest


@needs_games
def test_a_map_by_people_keeps_all_but_the_edits(tmp_path: Path) -> None:
    """A map of Tiled with a maze drawn into it: only bytes of the layer differ."""
    source = GAMES / "complaints" / "2-tiled-2016"
    for file in source.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    legend = tmp_path / "legend.yaml"
    legend.write_text(
        "game: maze\ntiles:\n"
        '  e: {role: empty, cells: [empty]}\n  a: {role: start, cells: ["four:3"], count: 1}\n'
        '  b: {role: solid, cells: ["four:0"]}\n  c: {role: goal, cells: ["four:1"]}\n'
        '  d: {role: empty, cells: ["four:2"]}\n',
        "utf-8",
    )
    path = tmp_path / "flipped.tmx"
    before = path.read_bytes()
    assert repair_files([path], legend=legend) == 0
    after = (tmp_path / "flipped-repaired.tmx").read_bytes()
    assert after != before
    head, tail = before.split(b"<data")[0], before.split(b"</data>")[1]
    assert after.startswith(head) and after.endswith(tail)
