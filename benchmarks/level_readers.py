"""Levels as other libraries read them: pytiled-parser, PyTMX and ldtkpy, and Tiled itself."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

with redirect_stdout(sys.stderr):  # PyTMX says that there is no pygame
    import pytmx
import pytiled_parser
from ldtkpy.api import (
    LayerInstance,
    LdtkJSON,
    ldtk_json_from_dict,
)

Cells = tuple[NDArray[Any], NDArray[np.uint8]]
"""Names of tiles, such as "ground:12" or "empty", and their flips, [rows, columns]."""
NUMBER = (1 << 28) - 1


def with_pytiled_parser(path: Path) -> dict[str, Cells]:
    """Layers of a map of Tiled by their paths."""
    found = pytiled_parser.parse_map(path)
    tilesets = [(first, tileset.name) for first, tileset in found.tilesets.items()]
    return {name: _named(numbers, tilesets) for name, numbers in _pytiled(found.layers, "")}


def _pytiled(layers: Sequence[Any], group: str) -> Iterator[tuple[str, NDArray[np.int64]]]:
    for layer in layers:
        if isinstance(layer, pytiled_parser.LayerGroup):
            yield from _pytiled(layer.layers or [], f"{group}{layer.name}/")
        elif isinstance(layer, pytiled_parser.TileLayer):
            parts = [
                (int(chunk.coordinates.x), int(chunk.coordinates.y), np.array(chunk.data, np.int64))
                for chunk in layer.chunks or []
            ]
            if layer.data:
                parts = [(0, 0, np.array(layer.data, np.int64))]
            if parts:
                yield group + layer.name, _joined(parts)


def _joined(parts: list[tuple[int, int, NDArray[np.int64]]]) -> NDArray[np.int64]:
    """Put rectangles, each at its column and row, together."""
    left, top = min(x for x, _, _ in parts), min(y for _, y, _ in parts)
    right = max(x + part.shape[1] for x, _, part in parts)
    bottom = max(y + part.shape[0] for _, y, part in parts)
    cells = np.zeros((bottom - top, right - left), np.int64)
    for x, y, part in parts:
        cells[y - top : y - top + part.shape[0], x - left : x - left + part.shape[1]] = part
    return cells


def with_pytmx(path: Path) -> dict[str, Cells]:
    """Layers of a map in XML by their names; PyTMX knows no groups and no maps without bounds."""
    found = pytmx.TiledMap(str(path))
    tilesets = [(tileset.firstgid, tileset.name) for tileset in found.tilesets]
    numbers = {0: 0}
    for number, entries in found.gidmap.items():
        for own, flags in entries:
            flips = 8 * bool(flags.flipped_horizontally) + 4 * bool(flags.flipped_vertically)
            flips += 2 * bool(flags.flipped_diagonally)
            numbers[own] = number | flips << 28
    return {
        layer.name: _named(np.vectorize(numbers.get)(np.array(layer.data)), tilesets)
        for layer in found.layers
        if isinstance(layer, pytmx.TiledTileLayer)
    }


def _named(numbers: NDArray[np.int64], tilesets: list[tuple[int, str]]) -> Cells:
    times = Counter(name for _, name in tilesets)
    names = {0: "empty"}
    for number in np.unique(numbers & NUMBER).tolist():
        if number:
            first, name = max(pair for pair in tilesets if pair[0] <= number)
            name = name if times[name] == 1 else f"{name}@{first}"
            names[number] = f"{name}:{number - first}"
    return np.vectorize(names.get, otypes=[object])(numbers & NUMBER), (numbers >> 28).astype(
        np.uint8
    )


def with_ldtkpy(path: Path) -> dict[str, Cells]:
    """Layers of a project by level and layer; values of an IntGrid are names, 0 is "empty".

    The levels are found by hand, because ldtkpy refuses whole projects for enumerations and fields
    that have nothing to do with cells.
    """
    project = json.loads(path.read_text("utf-8"))
    levels = [(level["identifier"], level) for level in project["levels"]]
    for world in project.get("worlds") or []:
        levels += [
            (f"{world['identifier']}/{each['identifier']}", each) for each in world["levels"]
        ]
    tilesets = {each["uid"]: each["identifier"] for each in project["defs"]["tilesets"]}
    found = {}
    for name, level in levels:
        if level["layerInstances"] is None and level.get("externalRelPath"):
            level = json.loads((path.parent / level["externalRelPath"]).read_text("utf-8"))
        for values in level["layerInstances"] or []:
            if values["__type"] == "IntGrid":
                layer = LayerInstance.from_dict(values)
                cells = np.array(layer.int_grid_csv).reshape(layer.c_hei, layer.c_wid)
                names = np.where(cells > 0, cells.astype(str).astype(object), "empty")
                found[f"{name}/{layer.identifier}"] = names, np.zeros(cells.shape, np.uint8)
            elif values["__type"] == "Tiles":
                layer = LayerInstance.from_dict(values)
                found[f"{name}/{layer.identifier}"] = _stacked(layer, tilesets)
    return found


def _stacked(layer: LayerInstance, tilesets: dict[int, str]) -> Cells:
    """The topmost tile of each cell."""
    names = np.full((layer.c_hei, layer.c_wid), "empty", dtype=object)
    flips = np.zeros(names.shape, np.uint8)
    for tile in layer.grid_tiles:
        cell = tile.px[1] // layer.grid_size, tile.px[0] // layer.grid_size
        names[cell] = f"{tilesets[layer.tileset_def_uid]}:{tile.t}"
        flips[cell] = 8 * (tile.f & 1) + 2 * (tile.f & 2)
    return names, flips


def whole_with_ldtkpy(data: bytes) -> LdtkJSON:
    """A project as ldtkpy checks all of it."""
    return ldtk_json_from_dict(json.loads(data))


def tiled_program() -> str | None:
    """The program Tiled, if it is installed."""
    return shutil.which("tiled")


def with_tiled(path: Path, project: Path) -> dict[str, Cells]:
    """Layers of a map by their names, as Tiled exports them, without the names of tilesets.

    The names are numbers in tilesets. The layer of a map that has only one is named "". Tiled drops
    tiles whose pictures are missing, so it gets a copy of the map's project with blank ones.

    Args:
        path: The map.
        project: A folder above it that has all of its files.
    """
    program = tiled_program()
    assert program is not None
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "a", "b", "c", "project")
        shutil.copytree(project, copy)
        _blank_pictures(copy, Path(folder))
        inside = copy / path.relative_to(project)
        command = [program, "--export-map", "csv", str(inside), f"{folder}/map.csv"]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=60)
        for file in sorted(Path(folder).glob("*.csv")):
            with file.open(newline="") as rows:
                cells = np.array([[int(cell) for cell in row] for row in csv.reader(rows)])
            names = np.where(cells == -1, "empty", (cells & NUMBER).astype(str).astype(object))
            flips = np.where(cells == -1, 0, cells >> 28 & 15).astype(np.uint8)
            found[file.stem.removeprefix("map").removeprefix("_")] = names, flips
    return found


_XML_IMAGE = re.compile(r"<image\b[^>]*>")
_ATTRIBUTE = re.compile(r'(source|width|height)="([^"]*)"')
_JSON_IMAGE = re.compile(r'"(image|imagewidth|imageheight)"\s*:\s*(?:"([^"]*)"|(\d+))')


def _blank_pictures(project: Path, limit: Path) -> None:
    """Write the pictures that maps and tilesets name, in their sizes, without contents."""
    for file in [file for file in project.rglob("*") if file.is_file()]:
        if file.suffix in (".json", ".tmj", ".tsj"):
            text, known = file.read_text("utf-8"), dict[str, str]()
            for key, name, number in _JSON_IMAGE.findall(text):
                known[key.removeprefix("image") or "source"] = name or number
                if len(known) == 3:
                    _blank(file.parent / known["source"], known, limit)
                    known = {}
        elif file.suffix in (".tmx", ".tsx", ".xml"):
            for image in _XML_IMAGE.findall(file.read_text("utf-8", "replace")):
                known = dict(_ATTRIBUTE.findall(image))
                if len(known) == 3:
                    _blank(file.parent / known["source"], known, limit)


def _blank(path: Path, known: dict[str, str], limit: Path) -> None:
    path = Path(os.path.normpath(path))
    if path.is_relative_to(limit) and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (int(known["width"]), int(known["height"]))).save(
            path.with_suffix(".png")
        )
        path.with_suffix(".png").rename(path)
