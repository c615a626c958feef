"""Levels into projects of LDtk that people made: the cells of a layer, or a new level.

Cells that stay what they were keep their value, so that of several for one symbol none is replaced
by another.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import Placed
from gansmith.media.levels.legend import EMPTY, OBJECT, Legend
from gansmith.media.levels.level import Level, check_extent
from gansmith.media.levels.reading.ldtk import (
    FLIPS,
    INT_GRID,
    TILES,
    Entity,
    GridTile,
    Layer,
    Pixel,
    Project,
    ProjectLevel,
    Side,
    TilesetDef,
    int_grid,
    parse_ldtk,
    placed_entity,
    stacked_tiles,
)
from gansmith.media.levels.writing.ldtk import NAMES, Values, place_level, whole
from gansmith.media.levels.writing.objects import Move, plan_objects
from gansmith.media.levels.writing.tiled_edit import dump_json
from gansmith.registry import unknown
from gansmith.storage.reading import JSON_BYTES, parse_json, read_bytes, validated


class _Box(BaseModel):
    """Place and size of a level in its world."""

    x: Pixel = Field(alias="worldX")
    y: Pixel = Field(alias="worldY")
    width: Side = Field(alias="pxWid")
    height: Side = Field(alias="pxHei")


def replace_ldtk(
    data: bytes, path: Path, level: Level, legend: Legend, *, into: str, layer: str | None = None
) -> dict[Path, bytes]:
    """Put a level into a layer of a level of a project.

    Nothing else changes, but for the entities that the legend names. Auto-tiles of the layer on
    changed cells are removed. LDtk draws them anew where they are edited.

    Args:
        data: Contents of the project.
        path: Of the project, for its levels and for messages; nothing is written.
        level: As large as the layer.
        legend: Says with `cells` which values or tiles its symbols are.
        into: Identifier of the level, after that of its world where there are several ("World/A").
        layer: Which layer; None for the only IntGrid.

    Returns:
        The file that changes: the project, or that of the level.

    Raises:
        GansmithError: The project cannot be read, has no such level or layer, has another size, or
            a symbol is no value of it.
    """
    target = _Target.open(data, path, into, layer)
    target.check_size(level, into)
    target.write(target.place_entities(level, legend), legend)
    return {target.path: dump_json(target.root, target.data)}


def add_to_ldtk(
    data: bytes, path: Path, level: Level, legend: Legend, *, like: str, layer: str | None = None
) -> dict[Path, bytes]:
    """Add a level to a project, of any size, with empty layers but for one.

    Args:
        data: Contents of the project.
        path: Of the project; nothing is written.
        level: Its name becomes the identifier, with a number if there is such a level.
        legend: As for :func:`replace_ldtk`; so is `layer`.
        like: Identifier of a level that has the layers that it gets.
        layer: Which layer; None for the only IntGrid.

    Returns:
        The files that change: the project, and that of the level if levels have their own.

    Raises:
        GansmithError: As :func:`replace_ldtk`.
    """
    target = _Target.open(data, path, like, layer)
    project = parse_json(data, dict[str, Any], path)
    siblings, _ = _levels_by_name(project, path)[like]
    grid = target.layer.grid
    taken = [each.identifier for _, each in target.project.all_levels()]
    made = place_level(project, target.level, siblings, level, grid, taken)
    made["pxWid"] += target.layer.offset_x
    made["pxHei"] += target.layer.offset_y
    made["layerInstances"] = [
        _emptied(values, validated(values, Layer, path), made, legend)
        for values in target.level["layerInstances"]
    ]
    new = _Target(made, made, path, data, target.project, target.position)
    new.check_size(level, like)
    new.write(new.place_entities(level, legend, anywhere=True), legend)
    if not project.get("externalLevels"):
        return {path: dump_json(project, data)}
    made["externalRelPath"] = f"{path.stem}/{made['identifier']}.ldtkl"
    header = {key: value for key, value in project.items() if key == "__header__"}
    own = {**header, **made, "externalRelPath": None}
    files = {path.parent / made["externalRelPath"]: dump_json(own, data)}
    made["layerInstances"] = None
    return {path: dump_json(project, data), **files}


class _Target:
    """A layer of a level, as values that can be changed.

    Attributes:
        root: All of the file that has the level.
        level: The level in it.
        path: Of that file.
        data: Its contents.
        project: All of the project, read.
        position: Of the layer in the level.
    """

    def __init__(
        self, root: Values, level: Values, path: Path, data: bytes, project: Project, position: int
    ) -> None:
        self.root, self.level, self.path, self.data = root, level, path, data
        self.project, self.position = project, position
        self.values: Values = level["layerInstances"][position]
        self.layer = validated(self.values, Layer, path)

    @classmethod
    def open(cls, data: bytes, path: Path, name: str, layer: str | None) -> _Target:
        """Find a layer of a level in a project or in the file of the level."""
        parse_ldtk(data, path)
        project = parse_json(data, Project, path)
        root = parse_json(data, dict[str, Any], path)
        levels = _levels_by_name(root, path)
        if name not in levels:
            raise unknown(f"{path}: level", name, list(levels))
        level, place = levels[name][1], path
        if level.get("layerInstances") is None and level.get("externalRelPath"):
            place = path.parent / level["externalRelPath"]
            data = read_bytes(place, JSON_BYTES)
            root = level = parse_json(data, dict[str, Any], place)
        layers = validated(level, ProjectLevel, place).layers or []
        kinds = (INT_GRID,) if layer is None else (INT_GRID, TILES)
        found = {each.identifier: at for at, each in enumerate(layers) if each.type in kinds}
        if layer is None and len(found) != 1:
            raise GansmithError(
                f"{path}, {name} has {len(found)} layers of kind {INT_GRID} "
                f"({', '.join(found) or 'none'}): name one"
            )
        chosen = layer if layer is not None else next(iter(found))
        if chosen not in found:
            raise unknown(f"{path}, {name}: layer", chosen, list(found))
        return cls(root, level, place, data, project, found[chosen])

    def check_size(self, level: Level, name: str) -> None:
        """Refuse a level that is not as large as the layer."""
        if (self.layer.rows, self.layer.columns) != level.size:
            rows, columns = level.size
            raise GansmithError(
                f"{self.path}, {name}/{self.layer.identifier} is {self.layer.columns} x "
                f"{self.layer.rows} cells and the level {columns} x {rows}: take a level of that "
                "size, or add it as a new one"
            )

    def place_entities(self, level: Level, legend: Legend, *, anywhere: bool = False) -> Level:
        """Move the entities that the legend names.

        Args:
            level: Says where to.
            legend: Names them.
            anywhere: Whether those outside the level move, too.

        Returns:
            The level without them.
        """
        homes: list[list[Values]] = []
        things: list[Placed | None] = []
        for values in self.level["layerInstances"]:
            layer = validated(values, Layer, self.path)
            homes += [values["entityInstances"] for _ in layer.entities]
            for each in layer.entities:
                thing = placed_entity(each, self.layer.grid)
                inside = 0 <= thing.row < level.size[0] and 0 <= thing.column < level.size[1]
                things.append(thing if inside or anywhere else None)
        plan = plan_objects(things, level, legend, f"{self.path}, {self.level['identifier']}")
        lists = [values.get("entityInstances") or [] for values in self.level["layerInstances"]]
        entities: list[Values] = [entity for home in lists for entity in home]
        before = deepcopy(entities)
        for move in plan.moves:
            entity = entities[move.index]
            if move.copy:
                entity = deepcopy(before[move.index])
                name = f"{entity.get('iid')} {len(homes[move.index])}"
                entity["iid"] = str(uuid.uuid5(NAMES, name))
                homes[move.index].append(entity)
            self._move(entity, before[move.index]["px"], move)
        gone = {id(entities[index]) for index in plan.removed}
        for home in homes:
            home[:] = [each for each in home if id(each) not in gone]
        return plan.ground

    def _move(self, entity: Values, origin: Sequence[Any], move: Move) -> None:
        """Put an entity so many cells away from where it was."""
        grid = self.layer.grid
        x, y = map(whole, origin)
        entity["px"] = [x + move.columns * grid, y + move.rows * grid]
        thing = placed_entity(validated(entity, Entity, self.path), grid)
        entity["__grid"] = [thing.column, thing.row]
        for key, own, at in (("__worldX", "worldX", 0), ("__worldY", "worldY", 1)):
            if key in entity:
                entity[key] = whole(self.level[own]) + entity["px"][at]

    def write(self, level: Level, legend: Legend) -> None:
        """Put cells into the layer."""
        place = f"{self.path}, {self.layer.identifier}"
        if self.layer.type == INT_GRID:
            old = int_grid(self.layer, place).reshape(level.size)
            new = self._values(level, legend, old)
            if self.layer.old_values and not self.layer.values:
                self.values["intGrid"] = [
                    {"coordId": int(at), "v": int(new.flat[at]) - 1} for at in np.flatnonzero(new)
                ]
            else:
                self.values["intGridCsv"] = new.ravel().tolist()
            self._remove("autoLayerTiles", self.layer.auto_tiles, new != old)
        else:
            self._put_tiles(level, legend, *stacked_tiles(self.layer, place))

    def _remove(self, key: str, tiles: Sequence[GridTile], cells: NDArray[np.bool_]) -> None:
        """Remove the tiles of the layer that are on some of its cells."""
        kept = []
        for values, tile in zip(self.values.get(key) or [], tiles, strict=True):
            row, column = tile.px[1] // self.layer.grid, tile.px[0] // self.layer.grid
            inside = 0 <= row < self.layer.rows and 0 <= column < self.layer.columns
            if not (inside and cells[row, column]):
                kept.append(values)
        self.values[key] = kept

    def _values(self, level: Level, legend: Legend, old: NDArray[np.int64]) -> NDArray[np.int64]:
        """Values of an IntGrid for a level; where a cell stays what it was, its old value."""
        definitions = [
            each for each in self.project.definitions.layers if each.uid == self.layer.definition
        ]
        names: dict[str, int] = {EMPTY: 0, "0": 0}
        symbols: dict[int, int] = {0: legend.positions.get(EMPTY, -1)}
        values = definitions[0].int_grid_values if definitions else []
        for position, value in enumerate(values, 1):
            number = position if value.value is None else value.value
            for name in filter(None, (str(number), value.identifier)):
                names[name] = number
                symbols.setdefault(number, -1)
            for name in filter(None, (value.identifier, str(number))):
                if symbols[number] < 0:
                    symbols[number] = legend.positions.get(name, -1)
        numbers = _resolved(level, legend, names, f"{self.path}, {self.layer.identifier}")
        was = np.vectorize(lambda number: symbols.get(number, -1), otypes=[np.int64])(old)
        return np.where(was == level.tiles, old, numbers[level.tiles])

    def _put_tiles(
        self, level: Level, legend: Legend, old: NDArray[np.int64], old_flips: NDArray[np.uint8]
    ) -> None:
        """Put tiles on the cells that change, in the place of all that are there."""
        tileset = self._tileset()
        prefix = f"{tileset.identifier}:"
        tiles = range(min(tileset.columns * tileset.rows, 1 << 16))
        names = {f"{prefix}{tile}": tile + 1 for tile in tiles}
        numbers = _resolved(level, legend, {EMPTY: 0, "0": 0, **names}, str(self.path))
        places = {0: legend.positions.get(EMPTY, -1)}
        for tile in np.unique(old[old > 0]):
            places[int(tile)] = legend.positions.get(f"{prefix}{tile - 1}", -1)
        was = np.vectorize(lambda number: places.get(number, -1), otypes=[np.int64])(old)
        new = np.where(was == level.tiles, old, numbers[level.tiles])
        changed = was != level.tiles
        if level.flips is not None:
            changed |= (new > 0) & (level.flips & 12 != old_flips)
        self._remove("gridTiles", self.layer.tiles, changed)
        for row, column in np.argwhere(changed & (new > 0)):
            tile = int(new[row, column]) - 1
            flips = int(level.flips[row, column]) if level.flips is not None else 0
            self.values["gridTiles"].append(self._tile(tileset, tile, int(row), int(column), flips))

    def _tile(self, tileset: TilesetDef, tile: int, row: int, column: int, flips: int) -> Values:
        step = tileset.side + tileset.spacing
        x, y = tile % tileset.columns * step, tile // tileset.columns * step
        return {
            "px": [column * self.layer.grid, row * self.layer.grid],
            "src": [tileset.padding + x, tileset.padding + y],
            "f": FLIPS.index(flips & 12),
            "t": tile,
            "d": [column + row * self.layer.columns],
            "a": 1,
        }

    def _tileset(self) -> TilesetDef:
        for tileset in self.project.definitions.tilesets:
            if tileset.uid == self.layer.tileset:
                return tileset
        raise GansmithError(
            f"{self.path}, {self.layer.identifier} has no tileset: choose one for it in LDtk"
        )


def _resolved(
    level: Level, legend: Legend, names: Mapping[str, int], place: str
) -> NDArray[np.int64]:
    """Numbers of the symbols that occur in a level, by their names in a project."""
    numbers = np.zeros(len(legend.symbols), dtype=np.int64)
    for position in np.unique(level.tiles):
        symbol = legend.symbols[position]
        tile = legend.tiles[symbol]
        empty = [EMPTY] if legend.positions.get(EMPTY) == position else []
        own = legend.identifiers[position]
        wanted = (*tile.cells, *empty, symbol, tile.name, own)
        found = next((names[name] for name in wanted if name in names), None)
        if found is None:
            known = ", ".join([name for name in names if name not in (EMPTY, "0")][:10])
            raise GansmithError(
                f"{place} has nothing for '{symbol}' ({known or 'no values'}): define a value in "
                "LDtk, name one in the legend under cells, or put an entity of its name there"
            )
        numbers[position] = found
    return numbers


def _levels_by_name(project: Values, path: Path) -> dict[str, tuple[list[Values], Values]]:
    """Levels of a project by name, as `Project.all_levels` has it, each with its list.

    Raises:
        GansmithError: A level has no place or size.
    """
    found = {}
    worlds = [("", project.get("levels") or [])]
    worlds += [(f"{each['identifier']}/", each["levels"]) for each in project.get("worlds") or []]
    for world, levels in worlds:
        for level in levels:
            validated(level, _Box, f"{path}, {world}{level['identifier']}")
            found[f"{world}{level['identifier']}"] = levels, level
    return found


def _emptied(values: Values, layer: Layer, level: Values, legend: Legend) -> Values:
    """Return a layer of a level in the size of another; only entities of the legend stay in it."""
    columns = max(-(-(level["pxWid"] - layer.offset_x) // layer.grid), 1)
    rows = max(-(-(level["pxHei"] - layer.offset_y) // layer.grid), 1)
    check_extent(columns, rows, layer.identifier)
    made = {
        **deepcopy(values),
        "__cWid": columns,
        "__cHei": rows,
        "iid": str(uuid.uuid5(NAMES, f"{level['iid']} {layer.definition}")),
        "levelId": level["uid"],
        "gridTiles": [],
        "entityInstances": [
            {**deepcopy(each), "iid": str(uuid.uuid5(NAMES, f"{level['iid']} {each.get('iid')}"))}
            for each, entity in zip(
                values.get("entityInstances") or [], layer.entities, strict=True
            )
            if f"{OBJECT}{entity.identifier}" in legend.positions
        ],
        "autoLayerTiles": [],
    }
    if values.get("intGrid"):
        made["intGrid"] = []
    made["intGridCsv"] = [0] * (columns * rows if layer.type == INT_GRID else 0)
    return made
