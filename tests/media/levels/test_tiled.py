from __future__ import annotations

import base64
import csv
import gzip
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import zstandard

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import TileGrid
from gansmith.media.levels.legend import parse_legend
from gansmith.media.levels.reading import read_grids, read_levels
from gansmith.media.levels.reading.tiled import parse_tmj, parse_tmx
from tests.benchmarks import load
from tests.media.levels.data import GAMES, needs_games

readers = load("level_readers")

NUMBERS = [1, 0x80000002, 0, 3, 0xE0000004, 2]
TILESET = (
    '<tileset firstgid="1" name="four" tilewidth="16" tileheight="16" tilecount="4" columns="4">'
)


def tmx(data: str, *, head: str = "", size: str = 'width="3" height="2"', more: str = "") -> str:
    return (
        f'<?xml version="1.0"?>\n<map version="1.10" tiledversion="1.11" {size} tilewidth="16" '
        f'tileheight="16" {head or "orientation=" + chr(34) + "orthogonal" + chr(34)}>{TILESET}'
        f'<tile id="2" type="lava"/></tileset><layer id="1" name="ground" {size}>{data}</layer>'
        f"{more}"
        "</map>"
    )


def packed(kind: str, numbers: list[int] = NUMBERS) -> str:
    data = np.array(numbers, dtype="<u4").tobytes()
    data = {
        "": lambda data: data,
        "gzip": gzip.compress,
        "zlib": zlib.compress,
        "zstd": zstandard.compress,
    }[kind](data)
    return base64.b64encode(data).decode()


def grid_of(text: str, path: Path = Path("map.tmx")) -> TileGrid:
    (grid,) = parse_tmx(text.encode(), path).grids()
    return grid


def check(grid: TileGrid) -> None:
    """The grid of `NUMBERS`."""
    names = np.array([names[0] for names in grid.palette], dtype=object)[grid.cells]
    assert names.tolist() == [["four:0", "four:1", "empty"], ["four:2", "four:3", "four:1"]]
    assert grid.flips is not None and grid.flips.tolist() == [[0, 8, 0], [0, 14, 0]]
    assert ("four:2", "lava") in grid.palette


@pytest.mark.parametrize("kind", ["", "gzip", "zlib", "zstd"])
def test_every_encoding_gives_the_same_cells(kind: str) -> None:
    csv_text = ",".join(map(str, NUMBERS))
    check(grid_of(tmx(f'<data encoding="csv">\n{csv_text}\n</data>')))
    check(grid_of(tmx("<data>" + "".join(f'<tile gid="{n}"/>' for n in NUMBERS) + "</data>")))
    data = f'<data encoding="base64" compression="{kind}">\n {packed(kind)}\n</data>'
    check(grid_of(tmx(data)))
    values = {
        "orientation": "orthogonal",
        **{"width": 3, "height": 2, "tilewidth": 16, "tileheight": 16},
        "tilesets": [{"firstgid": 1, "name": "four", "tiles": [{"id": 2, "type": "lava"}]}],
        "layers": [{"type": "tilelayer", "name": "ground", "data": NUMBERS}],
    }
    check(parse_tmj(json.dumps(values).encode(), Path("map.tmj")).grids()[0])
    values["layers"] = [
        {"type": "tilelayer", "name": "ground", "data": packed(kind), "compression": kind}
    ]
    check(parse_tmj(json.dumps(values).encode(), Path("map.tmj")).grids()[0])


def test_chunks_of_a_map_without_bounds_are_joined() -> None:
    chunks = (
        '<data encoding="csv"><chunk x="-2" y="-1" width="2" height="2">1,2,3,4</chunk>'
        '<chunk x="0" y="0" width="1" height="2">1,2</chunk></data>'
    )
    grid = grid_of(tmx(chunks, head='infinite="1"'))
    names = np.array([names[0][-1] for names in grid.palette])[grid.cells]
    assert names.tolist() == [["0", "1", "y"], ["2", "3", "0"], ["y", "y", "1"]]
    assert grid.source.origin == (-2, -1)


def test_objects_replace_tiles_where_the_legend_names_them() -> None:
    objects = (
        '<objectgroup><object id="1" name="Spawn" x="20" y="4"><point/></object>'
        '<object id="2" type="coin" gid="1" x="0" y="32" width="16" height="16"/>'
        '<object id="3" x="0" y="0"/><object id="4" name="Spawn" x="999" y="0"/></objectgroup>'
    )
    grid = grid_of(tmx('<data encoding="csv">0,0,0,0,0,0</data>', more=objects))
    legend = parse_legend(
        {
            "tiles": {
                ".": {"role": "empty"},
                "@": {"cells": "object:Spawn"},
                "o": {"cells": ["object:coin", "four:9"]},
            }
        },
        "legend",
    )
    assert grid.level(legend).rows(legend) == [".@.", "o.."]
    without = parse_legend({"tiles": {".": {"role": "empty"}}}, "legend")
    assert grid.level(without).rows(without) == ["...", "..."]


def test_a_legend_gives_tiles_by_cells_and_classes() -> None:
    legend = parse_legend(
        {
            "tiles": {
                ".": {"cells": "0"},
                "#": {"cells": ["four:0", "four:1", "four:3"]},
                "~": {"name": "lava"},
            }
        },
        "legend",
    )
    level = grid_of(tmx(f'<data encoding="base64">{packed("")}</data>')).level(legend)
    assert level.rows(legend) == ["##.", "~##"]
    poor = parse_legend({"tiles": {".": {"cells": "0"}, "#": {"cells": "four:0"}}}, "legend")
    message = r"map.tmx, ground, row 1, column 2: 'four:1' is not in the legend"
    with pytest.raises(GansmithError, match=message):
        grid_of(tmx(f'<data encoding="base64">{packed("")}</data>')).level(poor)


CSV = '<data encoding="csv">{}</data>'
BASE = '<data encoding="base64" compression="zlib">{}</data>'
ISOMETRIC = 'orientation="isometric"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (tmx(CSV.format("1,2,3,4,1")), "layer 'ground' has 5 cells, takes 6"),
        (tmx(CSV.format("1,2,3,4,1,x")), "cell 6 is 'x', takes a whole number"),
        (tmx(CSV.format("1,2,3,4,1,-1")), "cell 6 is '-1', takes a whole number"),
        (tmx(CSV.format("1,2,3,4,1," + "9" * 5000)), "cell 6 is '9999"),
        (tmx(CSV.format("1,2,3,4,1,1"), head='orientation="hexagonal"'), "is hexagonal, takes"),
        (tmx(CSV.format("1,2,3,4,1,1"), head=ISOMETRIC), "is isometric, takes orthogonal"),
        (tmx(BASE.format("%%%")), "has damaged data"),
        (tmx(BASE.format(packed("zlib", [1, 2]))), "has fewer than 6 cells"),
        (tmx(BASE.format(packed("zlib", [1] * 9))), "has more than 6 cells"),
        (tmx(BASE.format(packed("zlib")[:-8])), "has damaged data"),
        (tmx('<data encoding="base64" compression="lzma">AA</data>'), "compressed with 'lzma'"),
        (tmx('<data encoding="utf-7">AA</data>'), "is encoded as 'utf-7', takes csv or base64"),
        (tmx(""), "has no data"),
        (tmx(CSV.format("1"), size='width="99999999" height="99999999"'), "takes up to 16,000,000"),
        (tmx(CSV.format("1"), size='width="0" height="2"'), "make it at least 1 x 1"),
        (tmx(CSV.format("1"), size='width="x" height="2"'), "'width' x, takes a whole number"),
        (tmx(CSV.format("1"), size='width="1e9" height="2"'), "'width' 1e9, takes a whole number"),
        ('<!DOCTYPE map [<!ENTITY a "b">]>' + tmx("")[22:], "declares a document type"),
        ("<map><layer></map>", "line 1, column 15 is not XML .mismatched tag"),
        ("", "is not XML .no element found"),
        ("<svg/>", "has a 'svg', takes a 'map' of Tiled"),
        ("<a>" * 100 + "</a>" * 100, "more than 64 levels of nesting"),
        ('<?xml version="1.0" encoding="klingon"?><map/>', "is not XML"),
        (tmx(CSV.format("1,2,3,4,1,1")).replace('firstgid="1"', 'firstgid="5"'), "in no tileset"),
        (
            tmx(
                '<data><chunk x="0" y="0" width="9999" height="9999"/></data>', head='infinite="1"'
            ),
            "takes up to 16,000,000",
        ),
        (
            tmx(
                '<data encoding="csv"><chunk x="0" y="0" width="1" height="1">1</chunk>'
                '<chunk x="9999999" y="9" width="1" height="1">1</chunk></data>',
                head='infinite="1"',
            ),
            "takes up to 16,000,000",
        ),
    ],
)
def test_damaged_maps_are_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(GansmithError, match=message) as caught:
        parse_tmx(text.encode(), Path("map.tmx")).grids()
    assert str(caught.value).startswith("map.tmx") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "no map of Tiled"),
        ({"layers": 3, "orientation": "orthogonal"}, "'layers' is no list of objects"),
        ({"layers": [{"type": "tilelayer"}]}, "has no data"),
        ({"layers": [{"type": "tilelayer", "data": [1, 2, 3, 4, 5, 6.5]}]}, "cell 6 is '6.5'"),
        ({"layers": [{"type": "tilelayer", "data": [1, 2, 3, 4, 5, None]}]}, "cell 6 is 'None'"),
        ({"layers": [], "tilesets": [{"firstgid": 1, "source": "no.tsj"}]}, "needs the tileset"),
        ({"layers": [], "tilesets": [{"firstgid": True}]}, "'firstgid' True"),
        ({"layers": [{"type": "objectgroup", "objects": [{"x": "a"}]}]}, "object with 'x' a"),
        (
            {"layers": [{"type": "objectgroup", "objects": [{"template": "no.tj"}]}]},
            "needs the template no.tj",
        ),
    ],
)
def test_damaged_json_is_refused_in_one_line(values: dict[str, object], message: str) -> None:
    whole = {"width": 3, "height": 2, "tilewidth": 1, "tileheight": 1, **values}
    if values:
        whole = {"orientation": "orthogonal", **whole}
    with pytest.raises(GansmithError, match=message) as caught:
        parse_tmj(json.dumps(whole).encode(), Path("map.tmj")).grids()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["gzip", "zlib", "zstd"])
def test_no_more_is_decompressed_than_there_are_cells(kind: str) -> None:
    bomb = {"gzip": gzip.compress, "zlib": zlib.compress, "zstd": zstandard.compress}[kind](
        bytes(20_000_000)
    )
    data = f'<data encoding="base64" compression="{kind}">{base64.b64encode(bomb).decode()}</data>'
    with pytest.raises(GansmithError, match="has more than 6 cells"):
        grid_of(tmx(data))


def test_tilesets_are_files_of_either_kind_and_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "a.tsx").write_text(
        '<tileset name="a"><tile id="1" class="wall"/></tileset>'
    )
    (tmp_path / "a.json").write_text('{"name": "a", "tiles": [{"id": 0, "type": "door"}]}')
    text = tmx(CSV.format("1,2,11,0,0,12")).replace(
        TILESET + '<tile id="2" type="lava"/></tileset>',
        '<tileset firstgid="1" source="sets\\a.tsx"/><tileset firstgid="11" source="a.json"/>',
    )
    (tmp_path / "map.tmx").write_text(text)
    (grid,) = read_grids(tmp_path / "map.tmx")
    assert isinstance(grid, TileGrid)
    names = [("empty",), ("a@1:0",), ("a@1:1", "wall"), ("a@11:0", "door"), ("a@11:1",)]
    assert list(grid.palette) == names
    (tmp_path / "a.json").unlink()
    with pytest.raises(GansmithError, match=r"needs the tileset .*a\.json, which is not there"):
        read_grids(tmp_path / "map.tmx")


@needs_games
@pytest.mark.parametrize("reader", ["with_pytiled_parser", "with_pytmx"])
def test_cells_are_those_that_other_readers_find(reader: str) -> None:
    compared = 0
    with (GAMES / "tiled" / "index.csv").open(newline="") as file:
        paths = [GAMES / "tiled" / row["file"] for row in csv.DictReader(file)]
    for path in paths:
        try:
            grids = read_grids(path)
            theirs = getattr(readers, reader)(path)
        except GansmithError:
            continue
        except Exception:  # what the other reader cannot read
            continue
        for grid in grids:
            assert isinstance(grid, TileGrid)
            key = grid.layer if reader == "with_pytiled_parser" else grid.layer.split("/")[-1]
            names, flips = theirs[key]
            own = np.array([names[0] for names in grid.palette], dtype=object)[grid.cells]
            assert own.shape == names.shape and (own == names).all(), path
            assert ((grid.flips if grid.flips is not None else 0) == flips).all(), path
        compared += 1
    assert compared == {"with_pytiled_parser": 29, "with_pytmx": 16}[reader]


@needs_games
def test_the_other_maps_are_refused_by_name() -> None:
    refused, read, layers = [], 0, 0
    with (GAMES / "tiled" / "index.csv").open(newline="") as file:
        paths = [GAMES / "tiled" / row["file"] for row in csv.DictReader(file)]
    for path in paths:
        try:
            layers += len(read_grids(path))
            read += 1
        except GansmithError as error:
            refused.append(str(error).removeprefix(str(path)).strip(" ,").split(",")[0])
    assert (read, layers) == (35, 65)
    assert refused == ["is oblique", "is hexagonal", "is staggered", "line 5"]


@needs_games
def test_layers_are_chosen_by_name() -> None:
    path = GAMES / "tiled" / "arcade" / "tiled_maps" / "map_with_ladders.json"
    (level,) = read_levels(path, layer="Ladders").levels
    assert level.source.part == "Ladders" and level.size == (17, 20)
    with pytest.raises(GansmithError, match=r"layer 'Ladder' is unknown: .*did you mean 'Ladders'"):
        read_levels(path, layer="Ladder")
