from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from ldtkpy.api import ldtk_json_to_dict

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import TileGrid, legend_of
from gansmith.media.levels.legend import Legend, parse_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading import read_grids, read_levels
from gansmith.media.levels.writing.ldtk import encode_ldtk
from gansmith.media.levels.writing.ldtk_edit import add_to_ldtk, replace_ldtk
from gansmith.media.levels.writing.tiled import encode_tmj, encode_tmx
from gansmith.media.levels.writing.tiled_edit import replace_tmj, replace_tmx
from tests.benchmarks import load
from tests.media.levels.data import GAMES, needs_games

readers = load("level_readers")
MAPS = (
    "rs-tiled/tiled_csv.tmx",
    "rs-tiled/tiled_base64_gzip.tmx",
    "rs-tiled/tiled_base64_zstandard.tmx",
    "rs-tiled/tiled_base64_zlib_infinite.tmx",
    "rs-tiled/tiled_base64_external.tmx",
    "rs-tiled/tiled_flipped.tmx",
    "rs-tiled/tiled_group_layers.tmx",
    "pytiled_parser/layer_tests/all_layer_types/map.tmx",
    "pytiled_parser/layer_tests/infinite_map/map.tmx",
    "pytiled_parser/layer_tests/infinite_map_b64/map.json",
    "pytiled_parser/layer_tests/b64_zstd/map.json",
    "arcade/tiled_maps/map_with_ladders.json",
    "arcade/tiled_maps/pymunk_test_map.json",
    "melonJS/platformer/map/map1.tmx",
    "melonJS/tiledMapLoader/map/desert-infinite.tmj",
    "melonJS/tiledMapLoader/map/rpg/island.tmx",
)


def shuffled(level: Level) -> Level:
    """The tiles of a level, and their flips, elsewhere."""
    order = np.random.default_rng(0).permutation(level.tiles.size)
    turns = np.zeros(level.size, np.uint8) if level.flips is None else level.flips
    return dataclasses.replace(
        level,
        tiles=level.tiles.ravel()[order].reshape(level.size),
        flips=turns.ravel()[order].reshape(level.size),
    )


def same(one: Level, other: Level) -> bool:
    turns = [0 if level.flips is None else level.flips for level in (one, other)]
    return bool((one.tiles == other.tiles).all() and (np.asarray(turns[0] == turns[1])).all())


def copied(path: Path, project: Path, folder: Path) -> Path:
    """Copy the text files of a project; return where the copy of a file is."""
    for file in project.rglob("*"):
        if file.is_file():
            target = folder / file.relative_to(project)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return folder / path.relative_to(project)


@needs_games
@pytest.mark.parametrize("name", MAPS)
def test_only_the_cells_of_the_layer_change(name: str, tmp_path: Path) -> None:
    root = GAMES / "tiled"
    path = copied(root / name, root / name.split("/")[0], tmp_path)
    legend = legend_of(read_grids(path))
    before, data = read_levels(path, legend).levels, path.read_bytes()
    layer = before[-1].source.part
    level = shuffled(before[-1])
    replace = replace_tmx if path.suffix == ".tmx" else replace_tmj
    written = replace(data, path, level, legend, layer=layer)
    path.write_bytes(written)
    *others, found = read_levels(path, legend).levels
    assert same(found, level)
    assert all(same(one, other) for one, other in zip(others, before[:-1], strict=True))
    if path.suffix == ".tmx":
        parts = re.split(rb"<data", data), re.split(rb"<data", written)
        different = [one != other for one, other in zip(*parts, strict=True)]
        assert sum(different) <= 1
    else:
        old, new = json.loads(data), json.loads(written)
        for values in (old, new):
            (at,) = [at for at, each in enumerate(values["layers"]) if each["name"] == layer]
            values["layers"][at] = {**values["layers"][at], "data": 0, "chunks": 0}
        assert old == new
    try:
        theirs = readers.with_pytiled_parser(path)[layer]
    except (ValueError, pytest.importorskip("pytiled_parser").exception.UnknownFormat):
        return  # compressed with zstd
    (grid,) = read_grids(path, layer=layer)
    assert isinstance(grid, TileGrid)
    assert (
        np.array([names[0] for names in grid.palette], dtype=object)[grid.cells] == theirs[0]
    ).all()


GROUND = parse_legend(
    {
        "tiles": {
            ".": {"role": "empty"},
            "#": {"cells": ["tiles:1", "tiles:2", "tiles:3"]},
            "@": {"cells": "tiles:4"},
        }
    },
    "legend",
)
FIVE = Legend.plain(["a", "b", "c", "d", "e"])


def five_map(path: Path) -> bytes:
    """A map of tiles 0 to 4, whose tile 0 is empty and of which some are flipped."""
    legend = parse_legend({"tiles": {"a": {"role": "empty"}, **dict.fromkeys("bcde")}}, "l")
    flips = np.zeros((2, 4), np.uint8)
    flips[0, 1] = 8
    level = dataclasses.replace(Level.from_rows(["abcd", "eeba"], legend), flips=flips)
    encode = encode_tmx if path.suffix == ".tmx" else encode_tmj
    return encode(level, legend, picture="t.png")


@pytest.mark.parametrize("suffix", ["tmx", "tmj"])
def test_cells_that_stay_what_they_are_keep_their_tile(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(five_map(path))
    (level,) = read_levels(path, GROUND).levels
    assert level.rows(GROUND) == [".###", "@@#."]
    edited = dataclasses.replace(
        Level.from_rows(["####", "@.#@"], GROUND, source=level.source), flips=None
    )
    replace = replace_tmx if suffix == "tmx" else replace_tmj
    path.write_bytes(replace(path.read_bytes(), path, edited, GROUND))
    names, flips = readers.with_pytiled_parser(path)["level"]
    assert names.tolist() == [
        ["tiles:1", "tiles:1", "tiles:2", "tiles:3"],
        ["tiles:4", "empty", "tiles:1", "tiles:4"],
    ]
    assert flips.tolist() == [[0, 8, 0, 0], [0, 0, 0, 0]]


def test_an_export_that_others_edit_is_read_with_the_edit(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    path.write_bytes(five_map(path))
    text = path.read_text().replace("\n5,5,2,0\n", "\n5,5,2147483650,4\n")
    path.write_text(text)
    (level,) = read_levels(path, GROUND).levels
    assert level.rows(GROUND) == [".###", "@@##"]
    assert level.flips is not None and level.flips[1].tolist() == [0, 0, 8, 0]
    project = encode_ldtk([level], GROUND)
    values = readers.whole_with_ldtkpy(project)
    values.levels[0].layer_instances[0].int_grid_csv[0] = 3
    path = tmp_path / "a.ldtk"
    path.write_text(json.dumps(ldtk_json_to_dict(values)))
    (level,) = read_levels(path, GROUND).levels
    assert level.rows(GROUND) == ["@###", "@@##"]


def test_what_does_not_fit_a_map_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    data = five_map(path)
    with pytest.raises(GansmithError, match="'level' is 4 x 2 cells and the level 3 x 1"):
        replace_tmx(data, path, Level.from_rows(["@#."], GROUND), GROUND)
    with pytest.raises(GansmithError, match=r"no tile for '%': name one .* cells: 'tiles:0'"):
        legend = Legend.plain("%")
        replace_tmx(data, path, Level.from_rows(["%%%%"] * 2, legend), legend)
    with pytest.raises(GansmithError, match="layer 'walls' is unknown"):
        replace_tmx(data, path, Level.from_rows(["@#.."] * 2, GROUND), GROUND, layer="walls")
    twice = re.sub(rb"(?s)(<layer.*?</layer>)", rb"\1\1", data).replace(b'"level"', b'"b"', 1)
    with pytest.raises(GansmithError, match=r"2 layers of tiles \(b, level\): name one"):
        replace_tmx(twice, path, Level.from_rows(["@#.."] * 2, GROUND), GROUND)
    alike = twice.replace(b'name="b"', b'name="level"', 1)
    with pytest.raises(GansmithError, match=r"2 layers of tiles \(level, level\): name one"):
        replace_tmx(alike, path, Level.from_rows(["@#.."] * 2, GROUND), GROUND)
    with pytest.raises(GansmithError, match=r"2 layers of tiles 'level': give them different"):
        replace_tmx(alike, path, Level.from_rows(["@#.."] * 2, GROUND), GROUND, layer="level")


def test_a_map_without_bounds_takes_a_level_of_any_size(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    empty = re.sub(rb"(?s)<data.*</data>", b'<data encoding="csv"/>', five_map(path))
    path.write_bytes(empty.replace(b'infinite="0"', b'infinite="1"'))
    for rows in (["@#.#", "..##"], ["@"], ["#" * 40] * 3):
        level = Level.from_rows(rows, GROUND)
        path.write_bytes(replace_tmx(path.read_bytes(), path, level, GROUND))
        assert read_levels(path, GROUND).levels[0].rows(GROUND) == rows
        assert readers.with_pytiled_parser(path)["level"][0].shape == level.size


@needs_games
def test_a_level_goes_into_an_int_grid_and_nothing_else_changes() -> None:
    path = GAMES / "ldtk" / "ldtk" / "Typical_2D_platformer_example.ldtk"
    legend = legend_of(read_grids(path))
    level = shuffled(read_levels(path, legend).levels[1])
    files = replace_ldtk(path.read_bytes(), path, level, legend, into="Top", layer="Collisions")
    assert list(files) == [path]
    old, new = json.loads(path.read_bytes()), json.loads(files[path])
    changed = new["levels"][1]["layerInstances"]
    at = [each["__identifier"] for each in changed].index("Collisions")
    was = old["levels"][1]["layerInstances"][at]
    values = {"empty": 0, "dirt": 1, "ladder": 2, "stone": 3}
    expected = [values[legend.symbols[tile]] for tile in level.tiles.ravel()]
    assert changed[at]["intGridCsv"] == expected != was["intGridCsv"]
    moved = np.array(expected) != np.array(was["intGridCsv"])
    for tile in changed[at]["autoLayerTiles"]:
        assert not moved[tile["px"][1] // 16 * was["__cWid"] + tile["px"][0] // 16]
    changed[at] = was
    assert old == new


@needs_games
def test_tiles_go_into_a_layer_of_tiles(tmp_path: Path) -> None:
    root = GAMES / "ldtk" / "ldtk"
    path = tmp_path / "a.ldtk"
    path.write_bytes((root / "Test_file_for_API_showing_all_features.ldtk").read_bytes())
    legend = legend_of(read_grids(path, layer="Tiles"))
    level = shuffled(read_levels(path, legend, layer="Tiles").levels[0])
    path.write_bytes(
        replace_ldtk(path.read_bytes(), path, level, legend, into="Everything", layer="Tiles")[path]
    )
    found = read_levels(path, legend, layer="Tiles").levels[0]
    assert same(found, level)
    names, _ = readers.with_ldtkpy(path)["Everything/Tiles"]
    assert (names == np.array(legend.symbols, dtype=object)[level.tiles]).all()
    layers = json.loads(path.read_bytes())["levels"][0]["layerInstances"]
    tiles = next(each for each in layers if each["__identifier"] == "Tiles")["gridTiles"]
    sources = {tile["t"]: tuple(tile["src"]) for tile in tiles}
    assert all(tuple(tile["src"]) == sources[tile["t"]] for tile in tiles)


@needs_games
@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("LDtkToUnity/TestIntGrids.ldtk", "World_Level_0"),
        ("ldtk/SeparateLevelFiles.ldtk", "World_Level_1"),
        ("ldtk/multiWorldsTest.ldtk", "GridVania/Gridvania_Level_1"),
        ("bevy_ecs_ldtk/collectathon.ldtk", "Level_0"),
        ("ldtk/offsetDemo.ldtk", "World_Level_0"),
        ("ldtk/0.5.0 demo.ldtk", "Level2"),
    ],
)
def test_a_level_is_added_to_a_project(name: str, like: str, tmp_path: Path) -> None:
    path = copied(GAMES / "ldtk" / name, (GAMES / "ldtk" / name).parent, tmp_path)
    before = read_grids(path)
    names = [grid.source.part.rpartition("/")[0] for grid in before]
    like = like if like in names else names[-1]
    legend = legend_of(before)
    random = np.random.default_rng(0)
    tiles = random.integers(0, len(legend.symbols), (7, 11)).astype(np.uint16)
    level = Level(tiles, "New one")
    files = add_to_ldtk(path.read_bytes(), path, level, legend, like=like)
    for file, data in files.items():
        file.write_bytes(data)
    levels = {each.source.part: each for each in read_levels(path, legend).levels}
    added = [part for part in levels if part.rpartition("/")[0].endswith("New_one")]
    assert len(added) == 1 and (levels[added[0]].tiles == tiles).all()
    assert len(levels) == len(before) + 1
    if "0.5" not in name:
        names_found, _ = readers.with_ldtkpy(path)[added[0]]
        assert names_found.shape == (7, 11)
    project = json.loads(path.read_bytes())
    every = [*project["levels"], *(x for w in project.get("worlds", []) for x in w["levels"])]
    uids = [each["uid"] for each in every]
    assert len(set(uids)) == len(uids) and max(uids) < project["nextUid"]


@needs_games
def test_what_does_not_fit_a_project_is_refused() -> None:
    path = GAMES / "ldtk" / "LDtkToUnity" / "TestIntGrids.ldtk"
    data = path.read_bytes()
    level = Level.from_rows(["#."], Legend.plain("#."))
    legend = parse_legend({"tiles": {"#": {"cells": "2"}, ".": {"role": "empty"}}}, "l")
    with pytest.raises(
        GansmithError, match="World_Level_0/IntGrid is 16 x 16 cells and the level 2"
    ):
        replace_ldtk(data, path, level, legend, into="World_Level_0")
    with pytest.raises(
        GansmithError, match="level 'World' is unknown: choose one of World_Level_0"
    ):
        replace_ldtk(data, path, level, legend, into="World")
    with pytest.raises(GansmithError, match="layer 'a' is unknown: choose one of IntGrid"):
        replace_ldtk(data, path, level, legend, into="World_Level_0", layer="a")
    odd = Legend.plain("#.")
    with pytest.raises(GansmithError, match=r"nothing for '#' \(6, new_thing_, 8"):
        add_to_ldtk(data, path, level, odd, like="World_Level_0")


COINS = parse_legend(
    {
        "tiles": {
            ".": {"role": "empty"},
            "#": {"cells": ["tiles:1", "1"]},
            "@": {"cells": "object:Spawn"},
            "o": {"cells": "object:Coin"},
        }
    },
    "legend",
)
NAMED = parse_legend(
    {
        "tiles": {
            ".": {"role": "empty"},
            "#": {"cells": ["tiles:1", "1"]},
            "@": {"name": "Spawn"},
            "o": {"name": "Coin"},
        }
    },
    "legend",
)
"""The same without cells: an object stands for the tile of its name."""
ROWS = ["o..@", "#o#o"], ["....", "@#o#"]
"""More and fewer coins than there are."""


@pytest.mark.parametrize("suffix", ["tmx", "tmj"])
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(
    ("coins", "missing"),
    [
        (COINS, "no object Spawn for '@': put one there"),
        (NAMED, "no tile for '@': name one in the legend"),
    ],
)
def test_objects_go_with_a_level(
    rows: list[str], suffix: str, coins: Legend, missing: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{suffix}"
    legend = parse_legend({"tiles": {"a": {"role": "empty"}, "b": None}}, "l")
    ground = Level.from_rows(["aaaa", "bbbb"], legend)
    encode = encode_tmx if suffix == "tmx" else encode_tmj
    text = encode(ground, legend, picture="t.png", solution=[(0, 0)]).decode()
    things = [("Spawn", 3, 5, 20), ("Coin", 7, 40, 8), ("Coin", 8, 50, 30.5), ("Other", 9, 1, 1)]
    if suffix == "tmx":
        objects = "\n".join(
            f'  <object id="{number}" name="{name}" x="{x}" y="{y}"><point/></object>'
            for name, number, x, y in things
        )
        path.write_text(re.sub("(?s)<object .*</object>", objects, text))
    else:
        values = json.loads(text)
        values["layers"][1]["objects"] = [
            {**values["layers"][1]["objects"][0], "name": name, "id": number, "x": x, "y": y}
            for name, number, x, y in things
        ]
        path.write_text(json.dumps(values))
    assert read_levels(path, coins).levels[0].rows(coins) == ["..o.", "@##o"]
    replace = replace_tmx if suffix == "tmx" else replace_tmj
    path.write_bytes(replace(path.read_bytes(), path, Level.from_rows(rows, coins), coins))
    assert read_levels(path, coins).levels[0].rows(coins) == rows
    objects = readers.pytiled_parser.parse_map(path).layers[1].tiled_objects
    found = [(each.name, each.coordinates.x, each.coordinates.y) for each in objects]
    assert ("Other", 1, 1) in found and len({each.id for each in objects}) == len(objects)
    if rows == ROWS[0]:
        assert sorted(found)[:3] == [("Coin", 8, 8), ("Coin", 18, 30.5), ("Coin", 50, 30.5)]
        assert ("Spawn", 53, 4) in found
    with pytest.raises(GansmithError, match=missing):
        gone = path.read_bytes().replace(b"Spawn", b"Spam")
        replace(gone, path, Level.from_rows(rows, coins), coins)


def test_numbers_that_are_texts_are_numbers(tmp_path: Path) -> None:
    """Some programs write "16" for 16."""
    path = tmp_path / "a.tmj"
    legend = parse_legend({"tiles": {"a": {"role": "empty"}, "b": None}}, "l")
    level = Level.from_rows(["aaaa", "bbbb"], legend)
    values = json.loads(encode_tmj(level, legend, picture="t.png", solution=[(0, 0)]))
    thing = values["layers"][1]["objects"][0]
    values["layers"][1]["objects"] = [{**thing, "name": "Coin", "x": "8", "y": "8.5"}]
    path.write_text(json.dumps(values))
    edited = Level.from_rows(["...o", "####"], COINS)
    path.write_bytes(replace_tmj(path.read_bytes(), path, edited, COINS))
    assert read_levels(path, COINS).levels[0].rows(COINS) == ["...o", "####"]
    (thing,) = json.loads(path.read_bytes())["layers"][1]["objects"]
    assert (thing["x"], thing["y"]) == (56, 8.5)

    path = tmp_path / "a.ldtk"
    legend = parse_legend({"tiles": {"b": None, "a": {"role": "empty"}}}, "l")
    project = json.loads(encode_ldtk([Level.from_rows(["aaaa", "bbbb"], legend)], legend))
    for key in ("worldX", "worldY", "pxWid", "pxHei"):
        project["levels"][0][key] = str(project["levels"][0][key])
    layer = project["levels"][0]["layerInstances"][0]
    entity = {"__identifier": "Coin", "px": ["8", "8"], "iid": "1", "fieldInstances": []}
    layer["entityInstances"] = [{**entity, "__worldX": 8, "__worldY": 8}]
    path.write_text(json.dumps(project))
    files = replace_ldtk(path.read_bytes(), path, edited, COINS, into="Level")
    path.write_bytes(files[path])
    assert read_levels(path, COINS).levels[0].rows(COINS) == ["...o", "####"]
    small = Level.from_rows([".o", "##"], COINS, name="Small")
    path.write_bytes(add_to_ldtk(path.read_bytes(), path, small, COINS, like="Level")[path])
    new = json.loads(path.read_bytes())["levels"][1]
    assert (new["worldX"], new["worldY"], new["pxWid"]) == (4 * 16 + 16, 0, 32)
    assert read_grids(path)[-1].level(COINS).rows(COINS) == [".o", "##"]


@needs_games
@pytest.mark.parametrize("field", ["cells", "name"])
def test_entities_go_with_a_level(field: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ldtk"
    path.write_bytes((GAMES / "ldtk" / "bevy_ecs_ldtk" / "collectathon.ldtk").read_bytes())
    prefix = "object:" if field == "cells" else ""
    tiles = {".": {"role": "empty"}, "#": {"cells": "Wall"}, "o": {field: f"{prefix}Coin"}}
    tiles["@"] = {field: f"{prefix}Player"}
    legend = parse_legend({"tiles": tiles}, "legend")
    before = {grid.name: grid.level(legend) for grid in read_grids(path)}
    level = next(each for each in before.values() if legend.index["@"] in each.tiles)
    edited = shuffled(level)
    for coin in (legend.index["o"], legend.index["."]):  # fewer, then more
        edited.tiles[tuple(np.argwhere(edited.tiles == legend.index["o"])[0])] = legend.index["."]
        files = replace_ldtk(path.read_bytes(), path, edited, legend, into=level.name)
        path.write_bytes(files[path])
        after = {grid.name: grid.level(legend) for grid in read_grids(path)}
        assert (after[level.name].tiles == edited.tiles).all()
        edited.tiles[edited.tiles == coin] = legend.index["o"]
    assert all((after[n].tiles == b.tiles).all() for n, b in before.items() if n != level.name)
    small = Level.from_rows(["@..", "ooo"], legend, name="Small")
    files = add_to_ldtk(path.read_bytes(), path, small, legend, like=level.name)
    path.write_bytes(files[path])
    assert read_grids(path)[-1].level(legend).rows(legend) == ["@..", "ooo"]
    every = re.findall(r'"iid": "([^"]+)"', path.read_text())
    assert len(set(every)) == len(every)


def test_where_there_are_several_layers_the_choice_of_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    data, legend = five_map(path), Legend.plain("%")
    path.write_bytes(data)
    with pytest.raises(GansmithError, match="is not in the legend") as caught:
        read_levels(path, legend)
    assert "--layer" not in str(caught.value)
    path.write_bytes(re.sub(rb"(?s)(<layer.*?</layer>)", rb"\1\1", data).replace(b"level", b"b", 1))
    with pytest.raises(GansmithError, match=r"--layer NAME, or data\.layer \(b, level\)"):
        read_levels(path, legend)
