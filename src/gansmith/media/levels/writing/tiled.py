"""New maps of Tiled: TMX and TMJ with one layer of tiles, and a solution as a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from gansmith.media.levels.legend import EMPTY, Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.writing.picture import sheet_extent

LAYER, TILESET = "level", "tiles"
"""Names of the layer and of the tileset."""
_MAP = (
    *("version", "tiledversion", "orientation", "renderorder", "width", "height"),
    *("tilewidth", "tileheight", "nextlayerid", "nextobjectid"),
)
_TILESET = ("firstgid", "name", "tilewidth", "tileheight", "tilecount", "columns")
_VERSIONS = {"version": "1.10", "tiledversion": "1.10.2"}

Path = Sequence[tuple[int, int]]
"""Row and column of the cells of a solution."""


def encode_tmx(
    level: Level, legend: Legend, *, picture: str, side: int = 16, solution: Path = ()
) -> bytes:
    """Write a level as a map in XML.

    The classes of its tiles are the symbols of the legend, so that reading the map gives the same
    level.

    Args:
        level: The level.
        legend: Becomes the tileset.
        picture: File name of the tileset's picture (see `encode_tileset`), beside the map.
        side: Of a tile, in pixels.
        solution: Becomes a line in the object layer `solution`.
    """
    values = _map_values(level, legend, picture, side, solution)
    tileset = values["tilesets"][0]
    root = ElementTree.Element("map", {**_texts(values, _MAP), "infinite": "0"})
    _add_properties(root, values["properties"])
    sheet = ElementTree.SubElement(root, "tileset", _texts(tileset, _TILESET))
    width, height = str(tileset["imagewidth"]), str(tileset["imageheight"])
    source = printable(picture)
    ElementTree.SubElement(sheet, "image", source=source, width=width, height=height)
    for tile in tileset["tiles"]:
        ElementTree.SubElement(sheet, "tile", _texts(tile, ("id", "type")))
    layer, *others = values["layers"]
    grid = ElementTree.SubElement(root, "layer", _texts(layer, ("id", "name", "width", "height")))
    data = ElementTree.SubElement(grid, "data", encoding="csv")
    data.text = csv_rows(numbers_of(level, legend))
    for group in others:
        things = ElementTree.SubElement(root, "objectgroup", _texts(group, ("id", "name")))
        for thing in group["objects"]:
            line = ElementTree.SubElement(things, "object", _texts(thing, ("id", "name", "x", "y")))
            points = " ".join(f"{point['x']:g},{point['y']:g}" for point in thing["polyline"])
            ElementTree.SubElement(line, "polyline", points=points)
    ElementTree.indent(root, " ")
    found: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return found + b"\n"


def encode_tmj(
    level: Level, legend: Legend, *, picture: str, side: int = 16, solution: Path = ()
) -> bytes:
    """Write a level as a map in JSON; as :func:`encode_tmx`."""
    values = _map_values(level, legend, picture, side, solution)
    return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()


def numbers_of(level: Level, legend: Legend) -> NDArray[np.uint32]:
    """Numbers of the tiles in a new map, with flags, [rows, columns]; an empty tile is 0."""
    numbers = np.arange(1, len(legend.symbols) + 1, dtype=np.uint32)
    if EMPTY in legend.positions:
        numbers[legend.positions[EMPTY]] = 0
    return with_flips(numbers[level.tiles], level.flips)


def with_flips(numbers: NDArray[np.uint32], flips: NDArray[np.uint8] | None) -> NDArray[np.uint32]:
    """Put flags for flips into numbers of tiles, where there is a tile."""
    if flips is None:
        return numbers
    return np.where(numbers > 0, numbers | flips.astype(np.uint32) << np.uint32(28), numbers)


def csv_rows(numbers: NDArray[np.uint32]) -> str:
    """Numbers as Tiled writes them in CSV."""
    return "\n" + ",\n".join(",".join(map(str, row)) for row in numbers.tolist()) + "\n"


def _map_values(
    level: Level, legend: Legend, picture: str, side: int, solution: Path
) -> dict[str, Any]:
    """Return the map as its values in JSON."""
    rows, columns = level.size
    layers: list[dict[str, Any]] = [
        {
            "id": 1,
            "name": LAYER,
            "type": "tilelayer",
            "x": 0,
            "y": 0,
            "width": columns,
            "height": rows,
            "opacity": 1,
            "visible": True,
            "data": numbers_of(level, legend).ravel().tolist(),
        }
    ]
    if solution:
        layers.append(_solution_layer(solution, side))
    return {
        "type": "map",
        **_VERSIONS,
        "orientation": "orthogonal",
        "renderorder": "right-down",
        "width": columns,
        "height": rows,
        "tilewidth": side,
        "tileheight": side,
        "infinite": False,
        "compressionlevel": -1,
        "nextlayerid": len(layers) + 1,
        "nextobjectid": len(layers),
        "properties": _properties(level),
        "tilesets": [_tileset(legend, picture, side)],
        "layers": layers,
    }


def _tileset(legend: Legend, picture: str, side: int) -> dict[str, Any]:
    columns, rows = sheet_extent(len(legend.symbols))
    return {
        "firstgid": 1,
        "name": TILESET,
        "tilewidth": side,
        "tileheight": side,
        "tilecount": len(legend.symbols),
        "columns": columns,
        "margin": 0,
        "spacing": 0,
        "image": picture,
        "imagewidth": columns * side,
        "imageheight": rows * side,
        "tiles": [{"id": place, "type": symbol} for place, symbol in enumerate(legend.symbols)],
    }


def _solution_layer(solution: Path, side: int) -> dict[str, Any]:
    """Return an object layer with a line through the centres of cells."""
    (top, left), half = solution[0], side / 2
    line = [{"x": (column - left) * side, "y": (row - top) * side} for row, column in solution]
    return {
        "id": 2,
        "name": "solution",
        "type": "objectgroup",
        "x": 0,
        "y": 0,
        "opacity": 1,
        "visible": True,
        "draworder": "index",
        "objects": [
            {
                "id": 1,
                "name": "solution",
                "type": "",
                "x": left * side + half,
                "y": top * side + half,
                "width": 0,
                "height": 0,
                "rotation": 0,
                "visible": True,
                "polyline": line,
            }
        ],
    }


def _properties(level: Level) -> list[dict[str, Any]]:
    """Name and properties of a level, as far as maps can have them."""
    kinds = {bool: "bool", int: "int", float: "float", str: "string"}
    facts = {"name": level.name, **level.properties} if level.name else level.properties
    return [
        {"name": str(key), "type": kinds[type(value)], "value": value}
        for key, value in sorted(facts.items())
        if type(value) in kinds
    ]


def _add_properties(root: ElementTree.Element, found: Sequence[Mapping[str, Any]]) -> None:
    if found:
        parent = ElementTree.SubElement(root, "properties")
        for item in found:
            value = str(item["value"]).lower() if item["type"] == "bool" else item["value"]
            values = _texts({**item, "value": value}, ("name", "type", "value"))
            ElementTree.SubElement(parent, "property", values)


def _texts(values: Mapping[str, Any], keys: Sequence[str]) -> dict[str, str]:
    """Return some of the values as attributes."""
    return {key: printable(str(values[key])) for key in keys}


def printable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")
