"""Maps of Tiled, TMX and TMJ: layers of tiles, tilesets and objects.

The format: https://doc.mapeditor.org/en/stable/reference/tmx-map-format/ and json-map-format.
Both kinds of files become one `TiledMap`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import Placed, TileGrid
from gansmith.media.levels.legend import EMPTY
from gansmith.media.levels.level import Source, check_extent
from gansmith.media.levels.reading.tile_data import (
    FLIPS,
    checked_numbers,
    decode_base64,
    decode_text,
)
from gansmith.media.levels.reading.xml_tree import Element, parse_xml
from gansmith.storage.reading import JSON_BYTES, parse_json, read_bytes, shorten

MOST_TILESETS = 1000
FARTHEST = 1 << 30
"""Cells from the origin of a map without bounds, at most."""
_NUMBER = (1 << FLIPS) - 1


@dataclass(frozen=True)
class Tileset:
    """The tiles of a tileset.

    Attributes:
        first: Number of its first tile in the map.
        name: Unlike that of any other tileset of the map.
        classes: Class of the tiles that have one, by their number in the tileset.
    """

    first: int
    name: str
    classes: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class Chunk:
    """A rectangle of cells.

    Attributes:
        column: Of its top left cell, as is `row`.
        row: May be negative in a map without bounds.
        numbers: Of tiles, with flags for flips in the upper four bits; uint32 [rows, columns].
    """

    column: int
    row: int
    numbers: NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class TileLayer:
    """A layer of tiles.

    Attributes:
        path: Its name after those of the groups that it is in, parted by "/".
        chunks: Its cells; one for a map with bounds.
        properties: Set by people.
    """

    path: str
    chunks: tuple[Chunk, ...]
    properties: Mapping[str, Any]

    def cells(self, place: str) -> tuple[NDArray[np.uint32], tuple[int, int]]:
        """Join its chunks.

        Returns:
            Numbers of tiles with flags, [rows, columns], and column and row of the first cell.

        Raises:
            GansmithError: They reach over too many cells.
        """
        left = min(chunk.column for chunk in self.chunks)
        top = min(chunk.row for chunk in self.chunks)
        right = max(chunk.column + chunk.numbers.shape[1] for chunk in self.chunks)
        bottom = max(chunk.row + chunk.numbers.shape[0] for chunk in self.chunks)
        check_extent(right - left, bottom - top, place)
        cells = np.zeros((bottom - top, right - left), dtype=np.uint32)
        for chunk in self.chunks:
            rows, columns = chunk.numbers.shape
            row, column = chunk.row - top, chunk.column - left
            cells[row : row + rows, column : column + columns] = chunk.numbers
        return cells, (left, top)


@dataclass(frozen=True)
class MapObject:
    """An object of an object layer.

    Attributes:
        names: Its name and its class, as far as it has them.
        x: Of its centre, in cells; so is `y`.
        y: Of its centre.
    """

    names: tuple[str, ...]
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class TiledMap:
    """What a map has that levels need.

    Attributes:
        path: Of its file.
        infinite: Whether it has no bounds.
        tilesets: By their first number.
        layers: Those of tiles, in the order of the file.
        tile: Width and height of a cell, in pixels.
        objects: Of all object layers, in the order of the file.
        properties: Of the map, set by people.
    """

    path: Path
    infinite: bool
    tile: tuple[int, int]
    tilesets: tuple[Tileset, ...]
    layers: tuple[TileLayer, ...]
    objects: tuple[MapObject, ...]
    properties: Mapping[str, Any]

    def names_of(self, number: int, place: str) -> tuple[str, ...]:
        """Names of a tile: `TILESET:ID` and its class.

        Args:
            number: In the map, without flags.
            place: What has the tile, for a message.

        Raises:
            GansmithError: No tileset has it.
        """
        if not number:
            return (EMPTY,)
        at = bisect_right([tileset.first for tileset in self.tilesets], number) - 1
        if at < 0:
            raise GansmithError(
                f"{place} has tile {number}, which is in no tileset of the map: add the tileset"
            )
        tileset = self.tilesets[at]
        identity = number - tileset.first
        name = f"{tileset.name}:{identity}"
        found = tileset.classes.get(identity)
        return (name, found) if found else (name,)

    def grids(self) -> list[TileGrid]:
        """Return every layer of tiles that has any cells."""
        return [self._grid(layer) for layer in self.layers if layer.chunks]

    def _grid(self, layer: TileLayer) -> TileGrid:
        place = f"{self.path}, layer '{shorten(layer.path)}'"
        cells, origin = layer.cells(place)
        numbers, positions = np.unique(cells & _NUMBER, return_inverse=True)
        flips = (cells >> FLIPS).astype(np.uint8)
        facts = {**self.properties, **layer.properties}
        return TileGrid(
            name=str(facts.pop("name", "") or self.path.stem),
            source=Source(str(self.path), layer.path, origin=origin),
            layer=layer.path,
            properties=facts,
            palette=[self.names_of(int(number), place) for number in numbers],
            cells=positions.reshape(cells.shape),
            flips=flips if flips.any() else None,
            objects=[thing for thing in self.placed(cells.shape, origin) if thing is not None],
            layers=tuple(dict.fromkeys(layer.path for layer in self.layers)),
        )

    def placed(self, shape: tuple[int, ...], origin: tuple[int, int]) -> Iterator[Placed | None]:
        """Yield where each object is on a grid whose first cell is at `origin`; None outside."""
        for thing in self.objects:
            column, row = int(thing.x // 1) - origin[0], int(thing.y // 1) - origin[1]
            inside = thing.names and 0 <= row < shape[0] and 0 <= column < shape[1]
            names = tuple(f"object:{name}" for name in thing.names)
            yield Placed(names, row, column) if inside else None


def parse_tmx(data: bytes, path: Path) -> TiledMap:
    """Read a map in XML, and the tilesets and templates that it names.

    Args:
        data: Contents of the file.
        path: Its path; other files are found relative to it.

    Raises:
        GansmithError: It is not a map, is not orthogonal, is damaged, or a tileset is missing.
    """
    root = parse_xml(data, path)
    if root.tag != "map":
        raise GansmithError(
            f"{path} has a '{root.tag[:40]}', takes a 'map' of Tiled: choose another"
        )
    return _Xml(path).read(root)


def parse_tmj(data: bytes, path: Path) -> TiledMap:
    """Read a map in JSON; as :func:`parse_tmx`."""
    values = parse_json(data, dict[str, Any], path)
    if "layers" not in values or "orientation" not in values:
        raise GansmithError(f"{path} is JSON, but no map of Tiled: choose another file")
    return _Json(path).read(values)


class _Reader:
    """What XML and JSON have in common."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.width = self.height = 0
        self.tile = (1, 1)
        self.infinite = False
        self.layers: list[TileLayer] = []
        self.objects: list[MapObject] = []

    def place(self, layer: str) -> str:
        return f"{self.path}, layer '{shorten(layer)}'"

    def start(self, values: Mapping[str, Any]) -> None:
        """Take over what the map itself states."""
        orientation = str(values.get("orientation", "orthogonal"))[:40]
        if orientation != "orthogonal":
            raise GansmithError(
                f"{self.path} is {orientation}, takes orthogonal maps: choose another map"
            )
        self.infinite = values.get("infinite") in (True, "1")
        self.width, self.height = self.whole(values, "width"), self.whole(values, "height")
        self.tile = (
            self.whole(values, "tilewidth", least=1),
            self.whole(values, "tileheight", least=1),
        )
        if not self.infinite:
            check_extent(self.width, self.height, str(self.path))

    def whole(
        self, values: Mapping[str, Any], key: str, *, least: int = 0, default: int | None = None
    ) -> int:
        """Return a whole number of the map."""
        value = values.get(key, default)
        try:
            if value is None or isinstance(value, bool):
                raise ValueError
            number = int(value)
        except (ValueError, TypeError, OverflowError):
            number = FARTHEST + 1
        if not least <= number <= FARTHEST:
            raise GansmithError(
                f"{self.path} has '{key}' {str(value)[:20]}, takes a whole number from {least}: "
                "save the map again"
            )
        return number

    def real(self, values: Mapping[str, Any], key: str) -> float:
        """Return a number of an object, 0 where it has none."""
        try:
            number = float(values.get(key, 0))
        except (ValueError, TypeError, OverflowError):
            number = float("nan")
        if not abs(number) <= FARTHEST:
            raise GansmithError(
                f"{self.path} has an object with '{key}' {str(values[key])[:20]}, takes a number"
            )
        return number

    def chunk(
        self, values: Mapping[str, Any], decode: Callable[[int], NDArray[np.uint32]]
    ) -> Chunk:
        """Read a rectangle; `decode` takes how many cells it has."""
        width, height = self.whole(values, "width", least=1), self.whole(values, "height", least=1)
        check_extent(width, height, str(self.path))
        column = self.whole(values, "x", least=-FARTHEST, default=0)
        row = self.whole(values, "y", least=-FARTHEST, default=0)
        return Chunk(column, row, decode(width * height).reshape(height, width))

    def add_object(self, values: Mapping[str, Any]) -> None:
        """Add an object, whose position is its centre, or lower left corner if it is a tile."""
        names = [values.get(key) for key in ("name", "class", "type")]
        width, height = self.real(values, "width"), self.real(values, "height")
        up = -1 if "gid" in values else 1
        self.objects.append(
            MapObject(
                tuple(dict.fromkeys(str(name) for name in names if name)),
                (self.real(values, "x") + width / 2) / self.tile[0],
                (self.real(values, "y") + up * height / 2) / self.tile[1],
            )
        )

    def beside(self, name: object, what: str) -> tuple[bytes, Path]:
        """Read a file that the map names."""
        path = self.path.parent / str(name).replace("\\", "/")
        if not path.is_file():
            raise GansmithError(
                f"{self.path} needs the {what} {path}, which is not there: put it there"
            )
        return read_bytes(path, JSON_BYTES), path

    def tilesets(self, found: list[Tileset]) -> tuple[Tileset, ...]:
        """Give tilesets of one name different ones."""
        if len(found) > MOST_TILESETS:
            raise GansmithError(f"{self.path} has more than {MOST_TILESETS:,} tilesets")
        times = Counter(tileset.name for tileset in found)
        named = [
            tileset
            if times[tileset.name] == 1
            else Tileset(tileset.first, f"{tileset.name}@{tileset.first}", tileset.classes)
            for tileset in found
        ]
        return tuple(sorted(named, key=lambda tileset: tileset.first))

    def tileset(self, source: object, first: int) -> Tileset:
        """Read a tileset that is a file of its own, of either kind."""
        data, path = self.beside(source, "tileset")
        if data.lstrip().startswith(b"{"):
            return json_tileset(parse_json(data, dict[str, Any], path), first, path)
        return xml_tileset(parse_xml(data, path), first, path)


class _Xml(_Reader):
    def read(self, root: Element) -> TiledMap:
        self.start(root.attributes)
        self._walk(root, "")
        tilesets = []
        for element in root.all("tileset"):
            first = self.whole(element.attributes, "firstgid", least=1)
            if "source" in element.attributes:
                tilesets.append(self.tileset(element.attributes["source"], first))
            else:
                tilesets.append(xml_tileset(element, first, self.path))
        return TiledMap(
            self.path,
            self.infinite,
            self.tile,
            self.tilesets(tilesets),
            tuple(self.layers),
            tuple(self.objects),
            xml_properties(root),
        )

    def _walk(self, parent: Element, group: str) -> None:
        for element in parent.children:
            path = group + element.attributes.get("name", "")
            if element.tag == "group":
                self._walk(element, f"{path}/")
            elif element.tag == "layer":
                self.layers.append(self._layer(element, path))
            elif element.tag == "objectgroup":
                for thing in element.all("object"):
                    self.add_object(self._with_template(thing.attributes))

    def _with_template(self, values: dict[str, str]) -> dict[str, str]:
        if not values.get("template"):
            return values
        data, path = self.beside(values["template"], "template")
        found = parse_xml(data, path).find("object")
        return {**(found.attributes if found else {}), **values}

    def _layer(self, element: Element, name: str) -> TileLayer:
        data, place = element.find("data"), self.place(name)
        if data is None:
            raise GansmithError(f"{place} has no data: save the map again")
        encoding = data.attributes.get("encoding", "")
        compression = data.attributes.get("compression", "")

        def decoded(part: Element, cells: int) -> NDArray[np.uint32]:
            if encoding == "csv":
                return decode_text(part.text, cells, place)
            if encoding == "base64":
                return decode_base64(part.text, compression, cells, place)
            if encoding:
                raise GansmithError(
                    f"{place} is encoded as '{encoding[:20]}', takes csv or base64: choose one"
                )
            return checked_numbers(part.gids, cells, place)

        def chunk(part: Element, values: Mapping[str, str]) -> Chunk:
            return self.chunk(values, lambda cells: decoded(part, cells))

        chunks = [chunk(part, part.attributes) for part in data.all("chunk")]
        if not chunks and not self.infinite:
            size = {"width": str(self.width), "height": str(self.height), **element.attributes}
            chunks = [chunk(data, {**size, "x": "0", "y": "0"})]
        return TileLayer(name, tuple(chunks), xml_properties(element))


class _Json(_Reader):
    def read(self, root: Mapping[str, Any]) -> TiledMap:
        self.start(root)
        self._walk(root, "")
        tilesets = []
        for values in self._list(root, "tilesets"):
            first = self.whole(values, "firstgid", least=1)
            if values.get("source"):
                tilesets.append(self.tileset(values["source"], first))
            else:
                tilesets.append(json_tileset(values, first, self.path))
        return TiledMap(
            self.path,
            self.infinite,
            self.tile,
            self.tilesets(tilesets),
            tuple(self.layers),
            tuple(self.objects),
            json_properties(root),
        )

    def _list(self, values: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        found = values.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise GansmithError(f"{self.path}: '{key}' is no list of objects: save the map again")
        return found

    def _walk(self, parent: Mapping[str, Any], group: str) -> None:
        for values in self._list(parent, "layers"):
            path, kind = group + str(values.get("name", "")), values.get("type")
            if kind == "group":
                self._walk(values, f"{path}/")
            elif kind == "tilelayer":
                self.layers.append(self._layer(values, path))
            elif kind == "objectgroup":
                for thing in self._list(values, "objects"):
                    self.add_object(self._with_template(thing))

    def _with_template(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values.get("template"):
            return values
        data, path = self.beside(values["template"], "template")
        if data.lstrip().startswith(b"{"):
            found = parse_json(data, dict[str, Any], path).get("object")
            return {**(found if isinstance(found, dict) else {}), **values}
        element = parse_xml(data, path).find("object")
        return {**(element.attributes if element else {}), **values}

    def _layer(self, values: Mapping[str, Any], name: str) -> TileLayer:
        place = self.place(name)
        compression = str(values.get("compression") or "")

        def decoded(data: object, cells: int) -> NDArray[np.uint32]:
            if isinstance(data, str):
                return decode_base64(data, compression, cells, place)
            if isinstance(data, list):
                return checked_numbers(data, cells, place)
            raise GansmithError(f"{place} has no data: save the map again")

        def chunk(part: Mapping[str, Any], size: Mapping[str, Any]) -> Chunk:
            return self.chunk(size, lambda cells: decoded(part.get("data"), cells))

        chunks = [chunk(part, part) for part in self._list(values, "chunks")]
        if not chunks and not self.infinite:
            size = {"width": self.width, "height": self.height, **values}
            chunks = [chunk(values, {**size, "x": 0, "y": 0})]
        return TileLayer(name, tuple(chunks), json_properties(values))


def xml_tileset(element: Element, first: int, path: Path) -> Tileset:
    """Read a tileset in XML.

    Raises:
        GansmithError: It is none.
    """
    if element.tag != "tileset":
        raise GansmithError(f"{path} has a '{element.tag[:40]}', takes a tileset: choose another")
    classes = {}
    for tile in element.all("tile"):
        found = tile.attributes.get("class") or tile.attributes.get("type")
        identity = tile.attributes.get("id", "")
        if found and identity.isascii() and identity.isdigit():
            classes[int(identity[:10])] = found
    return Tileset(first, element.attributes.get("name") or path.stem, classes)


def json_tileset(values: Mapping[str, Any], first: int, path: Path) -> Tileset:
    """Read a tileset in JSON."""
    classes = {}
    tiles = values.get("tiles")
    for tile in tiles if isinstance(tiles, list) else []:  # an older format has no list
        if isinstance(tile, dict):
            found = tile.get("class") or tile.get("type")
            if found and isinstance(tile.get("id"), int):
                classes[tile["id"]] = str(found)
    return Tileset(first, str(values.get("name") or path.stem), classes)


def xml_properties(element: Element) -> dict[str, Any]:
    """Return properties that people set on an element."""
    found = element.find("properties")
    return {
        item.attributes.get("name", ""): item.attributes.get("value", item.text)
        for item in (found.all("property") if found else ())
    }


def json_properties(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties that people set: a list, or a mapping in older files."""
    found = values.get("properties")
    if isinstance(found, dict):
        return {str(key): value for key, value in found.items()}
    pairs = found if isinstance(found, list) else []
    return {
        str(pair.get("name", "")): pair.get("value") for pair in pairs if isinstance(pair, dict)
    }
