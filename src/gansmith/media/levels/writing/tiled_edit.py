"""Levels into maps of Tiled that people made: only the cells of one layer change.

A map in XML keeps every other byte. Cells whose tile stays what it was keep its number too, with
its flips, so that of several tiles for one symbol none is replaced by another.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import EMPTY, Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading.tile_data import FLIPS
from gansmith.media.levels.reading.tiled import TiledMap, TileLayer, parse_tmj, parse_tmx
from gansmith.media.levels.reading.xml_tree import Element, parse_xml
from gansmith.media.levels.writing.tiled import csv_rows
from gansmith.registry import unknown
from gansmith.storage.reading import parse_json

OBJECT = "object:"
"""How names of things that are no tiles begin."""
_NUMBER = np.uint32((1 << FLIPS) - 1)


def replace_tmx(
    data: bytes, path: Path, level: Level, legend: Legend, *, layer: str | None = None
) -> bytes:
    """Put a level into a map in XML.

    Args:
        data: Contents of the map.
        path: Of the map, for its tilesets and for messages; nothing is written.
        level: As large as the layer, unless the map has no bounds.
        legend: Says with `cells` which tiles its symbols are.
        layer: Which layer of tiles; None for the only one.

    Raises:
        GansmithError: The map cannot be read, has no such layer or another size, or a symbol is no
            tile of it.
    """
    found = parse_tmx(data, path)
    chosen = _layer(found, layer)
    chunks = _chunks(found, chosen, level, _numbers(found, chosen, level, legend))
    root = parse_xml(data, path)
    element = _elements(root, "")[chosen.path]
    target = element.find("data")
    assert target is not None, "the map was read"
    if data[target.start : target.start + 5] != b"<data":
        raise GansmithError(f"{path} is not in UTF-8: save it again with Tiled")
    encode = _encoder(target.attributes.get("encoding", ""), target.attributes.get("compression"))
    if found.infinite:
        text = "".join(
            f'\n   <chunk x="{column}" y="{row}" width="{numbers.shape[1]}" '
            f'height="{numbers.shape[0]}">{encode(numbers)}</chunk>'
            for (column, row), numbers in chunks.items()
        )
    else:
        text = encode(next(iter(chunks.values())))
    inside, end = data[: target.inside], data[target.end :]
    if inside.endswith(b"/>"):
        inside, end = inside[:-2] + b">", b"</data>" + data[target.inside :]
    return inside + text.encode() + end


def replace_tmj(
    data: bytes, path: Path, level: Level, legend: Legend, *, layer: str | None = None
) -> bytes:
    """Put a level into a map in JSON; as :func:`replace_tmx`, but for white space."""
    found = parse_tmj(data, path)
    chosen = _layer(found, layer)
    chunks = _chunks(found, chosen, level, _numbers(found, chosen, level, legend))
    root = parse_json(data, dict[str, Any], path)
    target = _objects(root, "")[chosen.path]
    packed = target.get("encoding") == "base64"
    text = _encoder("base64", target.get("compression"))

    def encode(numbers: NDArray[np.uint32]) -> Any:
        return text(numbers).strip() if packed else numbers.ravel().tolist()

    if found.infinite:
        target["chunks"] = [
            {
                "x": column,
                "y": row,
                "width": numbers.shape[1],
                "height": numbers.shape[0],
                "data": encode(numbers),
            }
            for (column, row), numbers in chunks.items()
        ]
        target["startx"], target["starty"] = map(min, zip(*chunks, strict=True))
        target["height"], target["width"] = level.size
    else:
        target["data"] = encode(next(iter(chunks.values())))
    return dump_json(root, data)


def dump_json(values: Any, like: bytes) -> bytes:
    """Write JSON, indented in the manner of other JSON."""
    second = next((line for line in like.splitlines()[1:] if line.strip()), b"")
    indent = second[: len(second) - len(second.lstrip())].decode("ascii", "ignore")
    if not indent:
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    return (json.dumps(values, ensure_ascii=False, indent=indent) + "\n").encode()


def _layer(found: TiledMap, name: str | None) -> TileLayer:
    layers = {layer.path: layer for layer in found.layers}
    if name is None and len(layers) == 1:
        return found.layers[0]
    if name is None:
        raise GansmithError(
            f"{found.path} has {len(layers)} layers of tiles ({', '.join(layers)}): name one"
        )
    if name not in layers:
        raise unknown(f"{found.path}: layer", name, list(layers))
    return layers[name]


def _numbers(found: TiledMap, layer: TileLayer, level: Level, legend: Legend) -> NDArray[np.uint32]:
    """Numbers of tiles with flags for a level, [rows, columns]."""
    place = f"{found.path}, layer '{layer.path}'"
    resolve = _Tiles(found)
    numbers = np.zeros(len(legend.symbols), dtype=np.uint32)
    for tile in np.unique(level.tiles):
        numbers[tile] = resolve.number(legend, legend.symbols[tile])
    new = numbers[level.tiles]
    flips = level.flips.astype(np.uint32) << np.uint32(FLIPS) if level.flips is not None else 0
    new = np.where(new > 0, new | flips, new).astype(np.uint32)
    if not layer.chunks:
        return new
    old, _ = layer.cells(place)
    if old.shape != level.tiles.shape:
        return new
    kinds, where = np.unique(old & _NUMBER, return_inverse=True)
    places = [_symbol(found.names_of(int(kind), place), legend) for kind in kinds]
    same = np.array(places)[where.reshape(old.shape)] == level.tiles
    kept = (old & _NUMBER) | flips if level.flips is not None else old
    return np.where(same, kept, new).astype(np.uint32)


def _symbol(names: tuple[str, ...], legend: Legend) -> int:
    """Position of a tile in the legend; -1 if it has none."""
    return next((legend.positions[name] for name in names if name in legend.positions), -1)


class _Tiles:
    """Finds the numbers of tiles in a map by their names."""

    def __init__(self, found: TiledMap) -> None:
        self._map = found
        self._first = {tileset.name: tileset.first for tileset in found.tilesets}
        self._classes: dict[str, int] = {}
        for tileset in found.tilesets:
            for identity, name in sorted(tileset.classes.items()):
                self._classes.setdefault(name, tileset.first + identity)

    def number(self, legend: Legend, symbol: str) -> int:
        """Number of the tile that a symbol is in the map."""
        tile = legend.tiles[symbol]
        empty = [EMPTY] if legend.positions.get(EMPTY) == legend.index[symbol] else []
        for name in (*tile.cells, *empty, symbol, tile.name):
            found = self._named(name)
            if found is not None:
                return found
        raise GansmithError(
            f"{self._map.path} has no tile for '{symbol}': name one in the legend, such as "
            f"cells: '{next(iter(self._first), 'TILESET')}:0'"
        )

    def _named(self, name: str) -> int | None:
        if name in ("0", EMPTY):
            return 0
        tileset, _, identity = name.rpartition(":")
        if tileset in self._first and identity.isascii() and identity.isdigit():
            number = self._first[tileset] + int(identity[:10])
            if self._map.names_of(number, name)[0] == name:
                return number
        return self._classes.get(name)


def _chunks(
    found: TiledMap, layer: TileLayer, level: Level, numbers: NDArray[np.uint32]
) -> Mapping[tuple[int, int], NDArray[np.uint32]]:
    """Cut numbers into the chunks of the layer, by their column and row."""
    if not layer.chunks:
        return {(0, 0): numbers}
    _, (left, top) = layer.cells(str(found.path))
    right = max(chunk.column + chunk.numbers.shape[1] for chunk in layer.chunks)
    bottom = max(chunk.row + chunk.numbers.shape[0] for chunk in layer.chunks)
    if not found.infinite and numbers.shape != (bottom - top, right - left):
        raise GansmithError(
            f"{found.path}, layer '{layer.path}' is {right - left} x {bottom - top} cells and the "
            f"level {level.size[1]} x {level.size[0]}: take a level of that size"
        )
    whole = {(left, top): numbers}
    if numbers.shape != (bottom - top, right - left):
        return whole
    parts, covered = {}, np.zeros(numbers.shape, dtype=bool)
    for chunk in layer.chunks:
        row, column = chunk.row - top, chunk.column - left
        place = np.s_[row : row + chunk.numbers.shape[0], column : column + chunk.numbers.shape[1]]
        parts[chunk.column, chunk.row] = numbers[place]
        covered[place] = True
    return whole if numbers[~covered].any() else parts


def _encoder(encoding: str, compression: str | None) -> Callable[[NDArray[np.uint32]], str]:
    """Return the function that writes numbers as a layer has them."""
    if encoding == "csv":
        return csv_rows
    if encoding != "base64":
        return lambda numbers: (
            "".join(f'\n   <tile gid="{number}"/>' for number in numbers.ravel().tolist()) + "\n  "
        )

    def encode(numbers: NDArray[np.uint32]) -> str:
        data = numbers.astype("<u4").tobytes()
        if compression == "gzip":
            data = gzip.compress(data, mtime=0)
        elif compression == "zlib":
            data = zlib.compress(data)
        elif compression == "zstd":
            data = zstandard.ZstdCompressor().compress(data)
        return f"\n   {base64.b64encode(data).decode()}\n  "

    return encode


def _elements(parent: Element, group: str) -> dict[str, Element]:
    """Layers of tiles of a map in XML by their paths."""
    found = {}
    for element in parent.children:
        path = group + element.attributes.get("name", "")
        if element.tag == "group":
            found.update(_elements(element, f"{path}/"))
        elif element.tag == "layer":
            found[path] = element
    return found


def _objects(parent: Mapping[str, Any], group: str) -> dict[str, dict[str, Any]]:
    """Layers of tiles of a map in JSON by their paths."""
    found = {}
    for values in parent["layers"]:
        path = group + str(values.get("name", ""))
        if values.get("type") == "group":
            found.update(_objects(values, f"{path}/"))
        elif values.get("type") == "tilelayer":
            found[path] = values
    return found
