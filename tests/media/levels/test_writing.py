from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import Legend, parse_legend
from gansmith.media.levels.level import Level, Source
from gansmith.media.levels.reading import read_levels
from gansmith.media.levels.writing.ldtk import encode_ldtk
from gansmith.media.levels.writing.picture import encode_tileset
from gansmith.media.levels.writing.text import encode_csv, encode_text
from gansmith.media.levels.writing.tiled import encode_tmj, encode_tmx
from tests.benchmarks import load

readers = load("level_readers")

LEGEND = parse_legend(
    {
        "tiles": {
            " ": {"role": "empty"},
            "#": {"role": "solid"},
            "@": {"role": "start"},
            "<": {"role": "goal", "name": "way out"},
            '"': {"role": "hazard"},
            "&": {"role": "key", "colour": "red"},
            "1": {"role": "enemy"},
            "0": {"role": "box"},
            "é": {"role": "box"},
        }
    },
    "legend",
)


def random_level(legend: Legend = LEGEND, *, flips: bool = False, seed: int = 0) -> Level:
    random = np.random.default_rng(seed)
    shape = tuple(int(side) for side in random.integers(2, 30, 2))
    tiles = random.integers(0, len(legend.symbols), shape).astype(np.uint16)
    turns = random.integers(0, 8, shape).astype(np.uint8) * 2 if flips else None
    properties = {"author": "me & <you>", "solution": "LuR", "depth": 3, "easy": True}
    return Level(tiles, "A level", Source(), properties, turns)


def check_equal(found: Level, level: Level) -> None:
    assert found.tiles.dtype == np.uint16 and (found.tiles == level.tiles).all()
    own = np.zeros(level.size, np.uint8) if level.flips is None else level.flips
    theirs = np.zeros(level.size, np.uint8) if found.flips is None else found.flips
    assert (np.where(level.tiles > 0, own, 0) == theirs).all()


@pytest.mark.parametrize("sokoban", [False, True])
def test_text_is_read_again(sokoban: bool, tmp_path: Path) -> None:
    symbols = "# @$.*+" if sokoban else "".join(LEGEND.symbols)
    legend = Legend.plain(symbols)
    levels = [
        Level.from_rows(
            [f"#{row}#" for row in random_level(legend, seed=seed).rows(legend)], legend
        )
        for seed in range(5)
    ]
    levels = [
        dataclasses.replace(level, name=f"No. {at}", properties={"author": "me", "solution": "LuR"})
        for at, level in enumerate(levels)
    ]
    path = tmp_path / ("a.sok" if sokoban else "a.txt")
    path.write_bytes(encode_text(levels, legend, sokoban=sokoban))
    for level, found in zip(levels, read_levels(path, legend).levels, strict=True):
        assert found.rows(legend) == level.rows(legend)
        assert (found.name, found.properties) == (level.name, level.properties)


def test_rows_that_text_cannot_hold_are_refused() -> None:
    legend = Legend.plain("; ab:id")
    for rows in ([";a", "aa"], ["  "], ["id:a", "aaaa"]):
        with pytest.raises(GansmithError, match=r"'one' has rows .*: write it as CSV"):
            encode_text([Level.from_rows(rows, legend, name="one")], legend)
        assert encode_csv(Level.from_rows(rows, legend), legend)


def test_csv_is_read_again_by_us_and_by_python(tmp_path: Path) -> None:
    level = random_level()
    data = encode_csv(level, LEGEND)
    (tmp_path / "a.csv").write_bytes(data)
    (found,) = read_levels(tmp_path / "a.csv", LEGEND).levels
    check_equal(found, level)
    rows = list(csv.reader(io.StringIO(data.decode())))
    assert [[cell or " " for cell in row] for row in rows] == [list(r) for r in level.rows(LEGEND)]


def test_csv_of_numbers_keeps_flips(tmp_path: Path) -> None:
    legend = Legend.plain("0123")
    level = random_level(legend, flips=True)
    (tmp_path / "a.csv").write_bytes(encode_csv(level, legend))
    (found,) = read_levels(tmp_path / "a.csv", legend).levels
    assert (found.tiles == level.tiles).all()
    assert found.flips is not None and level.flips is not None
    assert (found.flips == level.flips).all()


@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("suffix", ["tmx", "tmj"])
def test_maps_are_read_again_by_us_and_by_others(suffix: str, flips: bool, tmp_path: Path) -> None:
    level, path = random_level(flips=flips), tmp_path / f"a.{suffix}"
    encode = encode_tmx if suffix == "tmx" else encode_tmj
    solution = [(0, 0), (0, 1), (1, 1)]
    path.write_bytes(encode(level, LEGEND, picture="tiles.png", side=8, solution=solution))
    (tmp_path / "tiles.png").write_bytes(encode_tileset(LEGEND, side=8))
    (found,) = read_levels(path, LEGEND).levels
    check_equal(found, level)
    assert found.name == "A level" and found.properties["author"] == "me & <you>"
    names = np.array(["empty", *(f"tiles:{at}" for at in range(1, 9))], dtype=object)[level.tiles]
    others = [readers.with_pytiled_parser]
    others += [readers.with_pytmx] if suffix == "tmx" else []
    for reader in others:
        theirs, turns = reader(path)["level"]
        assert (theirs == names).all()
        if level.flips is not None:
            assert (turns == np.where(level.tiles > 0, level.flips, 0)).all()
    lines = readers.pytiled_parser.parse_map(path).layers[1].tiled_objects
    points = [
        (point.x + lines[0].coordinates.x, point.y + lines[0].coordinates.y)
        for point in lines[0].points
    ]
    assert points == [(4, 4), (12, 4), (12, 12)]


def test_projects_are_read_again_by_us_and_by_ldtkpy(tmp_path: Path) -> None:
    levels = [random_level(seed=seed) for seed in range(3)]
    path = tmp_path / "a.ldtk"
    data = encode_ldtk(levels, LEGEND, side=8)
    path.write_bytes(data)
    found = read_levels(path, LEGEND).levels
    for level, again in zip(levels, found, strict=True):
        check_equal(again, level)
    assert [level.name for level in found] == ["A_level", "A_level_2", "A_level_3"]
    theirs = readers.whole_with_ldtkpy(data)
    assert theirs.json_version == "1.5.3" and theirs.next_uid == 5
    ends = [-16]
    for level, other in zip(levels, theirs.levels, strict=True):
        (layer,) = other.layer_instances
        assert (layer.c_hei, layer.c_wid) == level.size
        values = np.array(layer.int_grid_csv).reshape(level.size)
        assert (values == np.where(level.tiles > 0, level.tiles + 1, 0)).all()
        assert other.world_x == ends[-1] + 16
        ends.append(other.world_x + other.px_wid)
    identifiers = {
        each["identifier"] for each in json.loads(data)["defs"]["layers"][0]["intGridValues"]
    }
    assert {"solid", "way_out", "red_key", "tile_1", "tile_0"} < identifiers
    assert len({level.iid for level in theirs.levels}) == 3


def test_the_same_levels_give_the_same_bytes() -> None:
    for _ in range(2):
        encoded = [
            encode_ldtk([random_level()], LEGEND),
            encode_tmx(random_level(), LEGEND, picture="a"),
        ]
    assert encoded[0] == encode_ldtk([random_level()], LEGEND)
    assert encoded[1] == encode_tmx(random_level(), LEGEND, picture="a")
