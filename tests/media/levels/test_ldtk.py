from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import TileGrid
from gansmith.media.levels.legend import parse_legend
from gansmith.media.levels.reading import read_grids
from gansmith.media.levels.reading.ldtk import parse_ldtk
from tests.benchmarks import load
from tests.media.levels.data import GAMES, needs_games

with_ldtkpy = load("level_readers").with_ldtkpy

PROJECTS = 15
"""Projects that have layers with cells."""


def layer(kind: str = "IntGrid", **values: Any) -> dict[str, Any]:
    return {
        "__identifier": kind,
        "__type": kind,
        **{"__cWid": 3, "__cHei": 2, "__gridSize": 8, "layerDefUid": 1},
        **{"intGridCsv": [0, 1, 3, 3, 0, 1] if kind == "IntGrid" else []},
        **values,
    }


def project(*layers: dict[str, Any], **values: Any) -> dict[str, Any]:
    level = {"identifier": "One", "layerInstances": list(layers)}
    definitions = {"value": 1, "identifier": "wall"}, {"value": 3, "identifier": None}
    return {
        "jsonVersion": "1.5.3",
        "defs": {
            "layers": [{"uid": 1, "identifier": "IntGrid", "intGridValues": definitions}],
            "tilesets": [{"uid": 7, "identifier": "Ground"}],
        },
        "levels": [level],
        **values,
    }


def grids_of(values: dict[str, Any], path: Path = Path("a.ldtk")) -> list[TileGrid]:
    return parse_ldtk(json.dumps(values).encode(), path)


def test_values_of_an_int_grid_have_numbers_and_identifiers() -> None:
    (grid,) = grids_of(project(layer()))
    assert list(grid.palette) == [("empty",), ("wall", "1"), ("3",)]
    assert grid.cells.tolist() == [[0, 1, 2], [2, 0, 1]]
    assert (grid.name, grid.layer, grid.source.part) == ("One", "IntGrid", "One/IntGrid")
    tiles = {".": {"role": "empty"}, "#": {"cells": "1"}, "~": {"cells": ["2", "3"]}}
    legend = parse_legend({"tiles": tiles}, "legend")
    assert grid.level(legend).rows(legend) == [".#~", "~.#"]


def test_old_int_grids_count_from_the_position_of_a_value() -> None:
    old = layer(intGrid=[{"coordId": 1, "v": 0}, {"coordId": 5, "v": 1}])
    del old["intGridCsv"]
    values = project(old)
    values["defs"]["layers"][0]["intGridValues"] = [{"identifier": "a"}, {"identifier": "b"}]
    (grid,) = grids_of(values)
    assert list(grid.palette) == [("empty",), ("a", "1"), ("b", "2")]
    assert grid.cells.tolist() == [[0, 1, 0], [0, 0, 2]]


def test_the_topmost_of_stacked_tiles_counts() -> None:
    tiles = [
        {"px": [8, 0], "f": 0, "t": 4},
        {"px": [8, 0], "f": 3, "t": 5},
        {"px": [16, 8], "f": 2, "t": 4},
    ]
    (grid,) = grids_of(project(layer("Tiles", gridTiles=tiles, __tilesetDefUid=7)))
    assert list(grid.palette) == [("empty",), ("Ground:4",), ("Ground:5",)]
    assert grid.cells.tolist() == [[0, 2, 0], [0, 0, 1]]
    assert grid.flips is not None and grid.flips.tolist() == [[0, 12, 0], [0, 0, 4]]


def test_entities_are_objects_on_the_cells_of_their_centres() -> None:
    things = [
        {"__identifier": "Player", "px": [8, 16], "__pivot": [0.5, 1], "width": 8, "height": 8},
        {"__identifier": "Coin", "px": [16, 0], "__pivot": [0, 0], "width": 8, "height": 8},
        {"__identifier": "Coin", "px": [99, 0]},
    ]
    entities = layer("Entities", entityInstances=things, __gridSize=16)
    (grid,) = grids_of(project(entities, layer()))
    found = [(thing.names[0], thing.row, thing.column) for thing in grid.objects]
    assert found == [("object:Player", 1, 1), ("object:Coin", 0, 2)]


def test_levels_are_in_worlds_and_in_files_of_their_own(tmp_path: Path) -> None:
    values = project(layer())
    level = values.pop("levels")[0]
    away = {"identifier": "Two", "layerInstances": None, "externalRelPath": "a b/Two.ldtkl"}
    values |= {"levels": [], "worlds": [{"identifier": "W", "levels": [level, away]}]}
    with pytest.raises(GansmithError, match=r"needs the level .*Two\.ldtkl, which is not there"):
        grids_of(values, tmp_path / "a.ldtk")
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "Two.ldtkl").write_text(json.dumps({**level, "identifier": "Two"}))
    parts = [grid.source.part for grid in grids_of(values, tmp_path / "a.ldtk")]
    assert parts == ["W/One/IntGrid", "W/Two/IntGrid"]


def broken(**values: Any) -> dict[str, Any]:
    return project(layer(**values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "a.ldtk is damaged .jsonVersion: field required"),
        ({"jsonVersion": "1", "defs": {"layers": 3}}, "defs.layers: input should be a valid list"),
        (broken(intGridCsv=[1, 2]), r"One/IntGrid has 2 values, takes 6 \(3 x 2\)"),
        (broken(intGridCsv=[1, 2, 3, 4, 5, "x"]), "intGridCsv.5"),
        (broken(intGridCsv=[1, 2, 3, 4, 5, -6]), "below 0"),
        (broken(__cWid=1 << 23, __cHei=1 << 23), "takes up to 16,000,000"),
        (broken(__cWid=0), "make it at least 1 x 1"),
        (broken(__gridSize=0), "__gridSize"),
        (broken(intGridCsv=[], intGrid=[{"coordId": 6, "v": 0}]), "a value outside its 6 cells"),
        (project(layer("Tiles", gridTiles=[{"px": [0, 0], "t": 1}])), "a tileset that the project"),
        (
            project(layer("Tiles", gridTiles=[{"px": [24, 0], "t": 1}], __tilesetDefUid=7)),
            r"a tile at \(24, 0\), outside the layer",
        ),
    ],
)
def test_damaged_projects_are_refused_in_one_line(values: dict[str, Any], message: str) -> None:
    with pytest.raises(GansmithError, match=message) as caught:
        grids_of(values)
    assert str(caught.value).startswith("a.ldtk") and "\n" not in str(caught.value)


@needs_games
def test_cells_are_those_that_ldtkpy_finds() -> None:
    compared, with_cells = 0, 0
    for path in sorted((GAMES / "ldtk").rglob("*.ldtk")):
        grids = read_grids(path)
        with_cells += bool(grids)
        try:
            theirs = with_ldtkpy(path)
        except AssertionError:  # a version that it does not read
            continue
        assert sorted(theirs) == sorted(grid.source.part for grid in grids)
        for grid in grids:
            assert isinstance(grid, TileGrid)
            names, flips = theirs[grid.source.part]
            own = np.array([names[-1] for names in grid.palette], dtype=object)[grid.cells]
            assert (own == names).all() and own.shape == names.shape
            assert ((grid.flips if grid.flips is not None else 0) == flips).all()
        compared += bool(grids)
    assert (with_cells, compared) == (PROJECTS, 12)


@needs_games
@pytest.mark.parametrize(
    "name", ["0.5.0 demo.ldtk", "Typical_TopDown_example.ldtk", "0.9.3/SeparateLevelFiles.ldtk"]
)
def test_old_versions_give_the_values_of_their_json(name: str) -> None:
    path = GAMES / "ldtk" / "ldtk" / name
    levels = {level["identifier"]: level for level in json.loads(path.read_text())["levels"]}
    for grid in read_grids(path):
        assert isinstance(grid, TileGrid)
        level = deepcopy(levels[grid.name])
        if level["layerInstances"] is None:
            level = json.loads((path.parent / level["externalRelPath"]).read_text())
        layers = {each["__identifier"]: each for each in level["layerInstances"]}
        values = layers[grid.layer]
        expected = dict(enumerate(values.get("intGridCsv") or []))
        expected |= {cell["coordId"]: cell["v"] + 1 for cell in values.get("intGrid") or []}
        for tile in values["gridTiles"]:
            expected[tile["d"][0]] = f"TopDown_by_deepnight:{tile['t']}"
        names = ["0" if names == ("empty",) else names[-1] for names in grid.palette]
        for at, cell in enumerate(grid.cells.ravel()):
            assert names[cell] == str(expected.get(at, 0))
