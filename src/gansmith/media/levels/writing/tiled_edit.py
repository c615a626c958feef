"""Levels into maps of Tiled that people made.

Only the cells of one layer change, and the objects that the legend names. A map in XML keeps every
other byte. Cells whose tile stays what it was keep its number too, with
its flips, so that of several tiles for one symbol none is replaced by another.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
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
from gansmith.media.levels.writing.objects import Move, Plan, plan_objects
from gansmith.media.levels.writing.tiled import csv_rows
from gansmith.registry import unknown
from gansmith.storage.reading import parse_json, shorten

Chunks = Mapping[tuple[int, int], NDArray[np.uint32]]
"""Numbers of tiles, [rows, columns], by column and row of the first."""
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
    plan = _plan(found, chosen, level, legend)
    chunks = _chunks(found, chosen, level, _numbers(found, chosen, plan.ground, legend))
    root = parse_xml(data, path)
    if data[root.start : root.start + 4] != b"<map":
        raise GansmithError(f"{path} is not in UTF-8: save it again with Tiled")
    edits = [_new_data(_elements(root, "")[chosen.path], data, found.infinite, chunks)]
    edits += _new_objects(root, data, plan, found.tile)
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text + data[end:]
    return data


def _new_data(
    layer: Element, data: bytes, infinite: bool, chunks: Chunks
) -> tuple[int, int, bytes]:
    """Return which bytes of a map give way to which others for the cells of a layer."""
    target = layer.find("data")
    assert target is not None, "the map was read"
    encode = _encoder(target.attributes.get("encoding", ""), target.attributes.get("compression"))
    if infinite:
        text = "".join(
            f'\n   <chunk x="{column}" y="{row}" width="{numbers.shape[1]}" '
            f'height="{numbers.shape[0]}">{encode(numbers)}</chunk>'
            for (column, row), numbers in chunks.items()
        )
    else:
        text = encode(next(iter(chunks.values())))
    if data[target.inside - 2 : target.inside] == b"/>":
        return target.inside - 2, target.inside, f">{text}</data>".encode()
    return target.inside, target.end, text.encode()


def _new_objects(
    root: Element, data: bytes, plan: Plan, tile: tuple[int, int]
) -> Iterator[tuple[int, int, bytes]]:
    """Yield which bytes of a map give way to which others for its objects."""
    things = list(_things(root))
    used = [int(thing.attributes["id"]) for thing in things if _is_number(thing, "id")]
    following = max([0, *used]) + 1
    for index in plan.removed:
        yield things[index].start, things[index].after, b""
    copies: dict[int, bytes] = {}
    for move in plan.moves:
        thing = things[move.index]
        text = _shifted(data[thing.start : thing.after], move, tile)
        if not move.copy:
            yield thing.start, thing.after, text
            continue
        text = re.sub(rb'(\sid=)(["\']).*?\2', rb'\1"%d"' % following, text, count=1)
        copies[thing.after] = copies.get(thing.after, b"") + text
        following += 1
    for place, text in copies.items():
        yield place, place, text
    if copies:
        tag = data[root.start : root.inside]
        tag = re.sub(rb'(\snextobjectid=)(["\']).*?\2', rb'\1"%d"' % following, tag, count=1)
        yield root.start, root.inside, tag


def _is_number(thing: Element, key: str) -> bool:
    value = thing.attributes.get(key, "")
    return value.isascii() and value.isdigit() and len(value) < 10


def _shifted(text: bytes, move: Move, tile: tuple[int, int]) -> bytes:
    """Move an object in XML by the attributes of its start tag."""
    for key, cells, side in ((b"x", move.columns, tile[0]), (b"y", move.rows, tile[1])):
        pattern = rb"(<[^>]*?\s" + key + rb'=)(["\'])(.*?)\2'
        match = re.match(pattern, text, re.DOTALL)
        if match and cells:
            value = f"{float(match[3]) + cells * side:.10g}".encode()
            text = match[1] + b'"' + value + b'"' + text[match.end() :]
    return text


def replace_tmj(
    data: bytes, path: Path, level: Level, legend: Legend, *, layer: str | None = None
) -> bytes:
    """Put a level into a map in JSON; as :func:`replace_tmx`, but for white space."""
    found = parse_tmj(data, path)
    chosen = _layer(found, layer)
    plan = _plan(found, chosen, level, legend)
    chunks = _chunks(found, chosen, level, _numbers(found, chosen, plan.ground, legend))
    root = parse_json(data, dict[str, Any], path)
    _move_objects(root, plan, found.tile)
    target = _values(root, "")[chosen.path]
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


def _move_objects(root: dict[str, Any], plan: Plan, tile: tuple[int, int]) -> None:
    """Move, copy and remove objects of a map in JSON."""
    places = list(_object_lists(root))
    things = [thing for things in places for thing in things]
    homes = [things for things in places for _ in things]
    used = [thing["id"] for thing in things if isinstance(thing.get("id"), int)]
    following = max([0, *used]) + 1
    before = deepcopy(things)
    for move in plan.moves:
        thing = things[move.index]
        if move.copy:
            thing = {**deepcopy(before[move.index]), "id": following}
            homes[move.index].append(thing)
            following += 1
        origin = before[move.index]
        thing["x"] = _number(origin.get("x", 0)) + move.columns * tile[0]
        thing["y"] = _number(origin.get("y", 0)) + move.rows * tile[1]
    gone = {id(things[index]) for index in plan.removed}
    for place in places:
        place[:] = [thing for thing in place if id(thing) not in gone]
    if following > max([0, *used]) + 1:
        root["nextobjectid"] = following


def _number(value: Any) -> float:
    """Return a number that some programs write as a text."""
    return float(value) if isinstance(value, str) else value


def _object_lists(parent: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Lists of the objects of a map in JSON, in the order of the file."""
    for values in parent.get("layers", []):
        if values.get("type") == "group":
            yield from _object_lists(values)
        elif values.get("type") == "objectgroup":
            yield values.get("objects", [])


def _things(parent: Element) -> Iterator[Element]:
    """Objects of a map in XML, in the order of the file."""
    for element in parent.children:
        if element.tag == "group":
            yield from _things(element)
        elif element.tag == "objectgroup":
            yield from element.all("object")


def dump_json(values: Any, like: bytes) -> bytes:
    """Write JSON, indented in the manner of other JSON."""
    second = next((line for line in like.splitlines()[1:] if line.strip()), b"")
    indent = second[: len(second) - len(second.lstrip())].decode("ascii", "ignore")
    if not indent:
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    return (json.dumps(values, ensure_ascii=False, indent=indent) + "\n").encode()


def _layer(found: TiledMap, name: str | None) -> TileLayer:
    paths = [layer.path for layer in found.layers]
    if name is None and len(paths) == 1:
        return found.layers[0]
    if name is None:
        raise GansmithError(
            f"{found.path} has {len(paths)} layers of tiles ({', '.join(paths)}): name one"
        )
    if name not in paths:
        raise unknown(f"{found.path}: layer", name, paths)
    if paths.count(name) > 1:
        raise GansmithError(
            f"{found.path} has {paths.count(name)} layers of tiles '{shorten(name)}': give them "
            "different names in Tiled"
        )
    return found.layers[paths.index(name)]


def _plan(found: TiledMap, layer: TileLayer, level: Level, legend: Legend) -> Plan:
    origin = layer.cells(str(found.path))[1] if layer.chunks else (0, 0)
    return plan_objects(list(found.placed(level.size, origin)), level, legend, str(found.path))


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


def _chunks(found: TiledMap, layer: TileLayer, level: Level, numbers: NDArray[np.uint32]) -> Chunks:
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


def _values(parent: Mapping[str, Any], group: str) -> dict[str, dict[str, Any]]:
    """Layers of tiles of a map in JSON by their paths."""
    found = {}
    for values in parent.get("layers", []):
        path = group + str(values.get("name", ""))
        if values.get("type") == "group":
            found.update(_values(values, f"{path}/"))
        elif values.get("type") == "tilelayer":
            found[path] = values
    return found
