"""Levels as projects of LDtk 1.5: new ones, or into those that people made.

The format: https://ldtk.io/json. LDtk removes values that an IntGrid does not define when it opens
a project, so none are written.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import EMPTY, Legend
from gansmith.media.levels.level import Level, check_extent
from gansmith.media.levels.reading.ldtk import (
    FLIPS,
    INT_GRID,
    TILES,
    Layer,
    Pixel,
    Project,
    ProjectLevel,
    Side,
    int_grid,
    parse_ldtk,
    stacked_tiles,
)
from gansmith.media.levels.writing.tiled_edit import dump_json
from gansmith.registry import unknown
from gansmith.storage.reading import JSON_BYTES, parse_json, read_bytes, validated

LAYER = "IntGrid"
"""Name of the layer in new projects."""
_VERSION = "1.5.3"
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "https://ldtk.io/json")
_GAP = 16
"""Pixels between levels of a world."""

Values = dict[str, Any]


class _Box(BaseModel):
    """Place and size of a level in its world."""

    x: Pixel = Field(alias="worldX")
    y: Pixel = Field(alias="worldY")
    width: Side = Field(alias="pxWid")
    height: Side = Field(alias="pxHei")


class _Numbered(BaseModel):
    """The next number that nothing in a project has."""

    next: Side = Field(alias="nextUid")


def encode_ldtk(levels: Sequence[Level], legend: Legend, *, side: int = 16) -> bytes:
    """Write levels as a new project with one IntGrid.

    The identifiers of its values follow from the legend, so that reading the project gives the
    same levels.

    Args:
        levels: At least one.
        legend: Of all levels.
        side: Of a cell, in pixels.
    """
    project = _new_project(legend, side)
    numbers = np.arange(1, len(legend.symbols) + 1)
    if EMPTY in legend.positions:
        numbers[legend.positions[EMPTY]] = 0
    for level in levels:
        taken = [each["identifier"] for each in project["levels"]]
        made = _place_level(project, None, project["levels"], level, side, taken)
        made["layerInstances"] = [_new_layer(made, level, side)]
        made["layerInstances"][0]["intGridCsv"] = numbers[level.tiles].ravel().tolist()
    return (json.dumps(project, indent="\t", ensure_ascii=False) + "\n").encode()


def replace_ldtk(
    data: bytes, path: Path, level: Level, legend: Legend, *, into: str, layer: str | None = None
) -> dict[Path, bytes]:
    """Put a level into a layer of a level of a project; nothing else changes.

    Auto-tiles of the layer on changed cells are removed. LDtk draws them anew where they are
    edited.

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
    rows, columns = level.size
    if (target.layer.rows, target.layer.columns) != level.size:
        raise GansmithError(
            f"{path}, {into}/{target.layer.identifier} is {target.layer.columns} x "
            f"{target.layer.rows} cells and the level {columns} x {rows}: take a level of that "
            "size, or add it as a new one"
        )
    target.write(level, legend)
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
    made = _place_level(project, target.level, siblings, level, grid, taken)
    made["layerInstances"] = [
        _emptied(values, validated(values, Layer, path), made)
        for values in target.level["layerInstances"]
    ]
    new = _Target(made, made, path, data, target.project, target.position)
    new.write(level, legend, fresh=True)
    if not project.get("externalLevels"):
        return {path: dump_json(project, data)}
    made["externalRelPath"] = f"{path.stem}/{made['identifier']}.ldtkl"
    separate = {**project.get("__header__", {})}
    own = {**({"__header__": separate} if separate else {}), **made, "externalRelPath": None}
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

    def write(self, level: Level, legend: Legend, *, fresh: bool = False) -> None:
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
        else:
            numbers, _ = stacked_tiles(self.layer, place)
            new, old = self._put_tiles(level, legend, numbers), numbers
        if fresh or self.layer.type != INT_GRID:
            return
        changed = {(int(row), int(column)) for row, column in np.argwhere(new != old)}
        self.values["autoLayerTiles"] = [
            tile
            for tile in self.values.get("autoLayerTiles") or []
            if self._cell(tile) not in changed
        ]

    def _cell(self, tile: Mapping[str, Any]) -> tuple[int, int]:
        x, y = tile["px"]
        return y // self.layer.grid, x // self.layer.grid

    def _values(self, level: Level, legend: Legend, old: NDArray[np.int64]) -> NDArray[np.int64]:
        """Values of an IntGrid for a level; where a cell stays what it was, its old value."""
        definition = next(
            each for each in self.project.definitions.layers if each.uid == self.layer.definition
        )
        names: dict[str, int] = {EMPTY: 0, "0": 0}
        symbols: dict[int, int] = {0: legend.positions.get(EMPTY, -1)}
        for position, value in enumerate(definition.int_grid_values, 1):
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

    def _put_tiles(self, level: Level, legend: Legend, old: NDArray[np.int64]) -> NDArray[np.int64]:
        """Put tiles on the cells that change, in the place of all that are there."""
        tileset = self._tileset()
        prefix = f"{tileset['identifier']}:"
        most = max(int(tileset.get("__cWid", 1)) * int(tileset.get("__cHei", 1)), 1)
        names = {f"{prefix}{tile}": tile + 1 for tile in range(min(most, 1 << 16))}
        numbers = _resolved(level, legend, {EMPTY: 0, "0": 0, **names}, str(self.path))
        places = {0: legend.positions.get(EMPTY, -1)}
        for tile in np.unique(old[old > 0]):
            places[int(tile)] = legend.positions.get(f"{prefix}{tile - 1}", -1)
        was = np.vectorize(lambda number: places.get(number, -1), otypes=[np.int64])(old)
        new = np.where(was == level.tiles, old, numbers[level.tiles])
        changed = was != level.tiles
        kept = [tile for tile in self.values.get("gridTiles", []) if not changed[self._cell(tile)]]
        for row, column in np.argwhere(changed & (new > 0)):
            tile = int(new[row, column]) - 1
            flips = int(level.flips[row, column]) if level.flips is not None else 0
            kept.append(self._tile(tileset, tile, int(row), int(column), flips))
        self.values["gridTiles"] = kept
        return new

    def _tile(self, tileset: Values, tile: int, row: int, column: int, flips: int) -> Values:
        side, columns = int(tileset["tileGridSize"]), max(int(tileset.get("__cWid", 1)), 1)
        step, padding = side + int(tileset.get("spacing", 0)), int(tileset.get("padding", 0))
        return {
            "px": [column * self.layer.grid, row * self.layer.grid],
            "src": [padding + tile % columns * step, padding + tile // columns * step],
            "f": FLIPS.index(flips & 12),
            "t": tile,
            "d": [column + row * self.layer.columns],
            "a": 1,
        }

    def _tileset(self) -> Values:
        root = self.root
        definitions = root.get("defs") or parse_json(self.data, dict[str, Any], self.path).get(
            "defs"
        )
        for tileset in (definitions or {}).get("tilesets", []):
            if tileset.get("uid") == self.layer.tileset:
                found: Values = tileset
                return found
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
                "LDtk, or name one in the legend under cells"
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


def _place_level(
    project: Values,
    like: Values | None,
    siblings: list[Values],
    level: Level,
    side: int,
    taken: Collection[str] = (),
) -> Values:
    """Add a level without layers to a list of levels, right of the others.

    Args:
        project: Gives it a number.
        like: A level that it takes other values from.
        siblings: Levels that it comes after.
        level: Its name becomes the identifier.
        side: Of a cell, in pixels.
        taken: Identifiers of the project.
    """
    name = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in level.name)
    name = name.strip("_") or "Level"
    name = f"Level_{name}" if name[0].isdigit() else name
    number, base = 1, name
    while name in taken:
        number, name = number + 1, f"{base}_{number + 1}"
    uid = validated(project, _Numbered, "the project").next
    project["nextUid"] = uid + 1
    rows, columns = level.size
    ends = [each["worldX"] + each["pxWid"] for each in siblings]
    linear = str(project.get("worldLayout")).startswith("Linear")
    made: Values = {
        **deepcopy({key: value for key, value in (like or _LEVEL).items() if key != "__header__"}),
        "identifier": name,
        "iid": _identity(project, f"level {uid}"),
        "uid": uid,
        "worldX": -1 if linear else max(ends, default=-_GAP) + _GAP,
        "worldY": -1 if linear else like["worldY"] if like else 0,
        "pxWid": columns * side,
        "pxHei": rows * side,
        "useAutoIdentifier": False,
        "__neighbours": [],
    }
    siblings.append(made)
    return made


def _emptied(values: Values, layer: Layer, level: Values) -> Values:
    """Return a layer of a level without contents, in the size of another level."""
    columns = max(-(-(level["pxWid"] - layer.offset_x) // layer.grid), 1)
    rows = max(-(-(level["pxHei"] - layer.offset_y) // layer.grid), 1)
    check_extent(columns, rows, layer.identifier)
    made = {
        **deepcopy(values),
        "__cWid": columns,
        "__cHei": rows,
        "iid": str(uuid.uuid5(_NAMES, f"{level['iid']} {layer.definition}")),
        "levelId": level["uid"],
        "gridTiles": [],
        "entityInstances": [],
        "autoLayerTiles": [],
    }
    if values.get("intGrid"):
        made["intGrid"] = []
    made["intGridCsv"] = [0] * (columns * rows if layer.type == INT_GRID else 0)
    return made


def _identity(project: Values, what: str) -> str:
    return str(uuid.uuid5(_NAMES, f"{project.get('iid', '')} {what}"))


def _new_project(legend: Legend, side: int) -> Values:
    values = [
        {
            "value": place + 1,
            "identifier": legend.identifiers[place],
            "color": "#{:02X}{:02X}{:02X}".format(*legend.palette[place]),
            "tile": None,
            "groupUid": 0,
        }
        for place in range(len(legend.symbols))
        if legend.positions.get(EMPTY) != place
    ]
    layer = {
        **{"__type": INT_GRID, "identifier": LAYER, "type": INT_GRID, "uid": 1, "doc": None},
        **{"uiColor": None, "gridSize": side, "guideGridWid": 0, "guideGridHei": 0},
        **{"displayOpacity": 1, "inactiveOpacity": 1, "hideInList": False},
        **{"hideFieldsWhenInactive": False, "canSelectWhenInactive": True},
        **{"renderInWorldView": True, "pxOffsetX": 0, "pxOffsetY": 0, "parallaxFactorX": 0},
        **{"parallaxFactorY": 0, "parallaxScaling": True, "requiredTags": [], "excludedTags": []},
        **{"autoTilesKilledByOtherLayerUid": None, "uiFilterTags": [], "useAsyncRender": False},
        **{"intGridValues": values, "intGridValuesGroups": [], "autoRuleGroups": []},
        **{"autoSourceLayerDefUid": None, "tilesetDefUid": None, "tilePivotX": 0, "tilePivotY": 0},
        "biomeFieldUid": None,
    }
    identity = str(uuid.uuid5(_NAMES, "\n".join(legend.symbols)))
    return {
        "__header__": {
            "fileType": "LDtk Project JSON",
            "app": "LDtk",
            "doc": "https://ldtk.io/json",
            "schema": "https://ldtk.io/files/JSON_SCHEMA.json",
            "appAuthor": "Sebastien 'deepnight' Benard",
            "appVersion": _VERSION,
            "url": "https://ldtk.io",
        },
        **{"iid": identity, "jsonVersion": _VERSION, "appBuildId": 473703, "nextUid": 2},
        **{"identifierStyle": "Free", "toc": [], "worldLayout": "Free"},
        **{"worldGridWidth": 256, "worldGridHeight": 256},
        **{"defaultLevelWidth": 256, "defaultLevelHeight": 256},
        **{"defaultPivotX": 0, "defaultPivotY": 0, "defaultGridSize": side},
        **{"defaultEntityWidth": side, "defaultEntityHeight": side},
        **{"bgColor": "#40465B", "defaultLevelBgColor": "#696A79", "minifyJson": False},
        **{"externalLevels": False, "exportTiled": False, "simplifiedExport": False},
        **{"imageExportMode": "None", "exportLevelBg": True, "pngFilePattern": None},
        **{"backupOnSave": False, "backupLimit": 10, "backupRelPath": None},
        **{"levelNamePattern": "Level_%idx", "tutorialDesc": None, "customCommands": []},
        "flags": [],
        "defs": {
            **{"layers": [layer], "entities": [], "tilesets": []},
            **{"enums": [], "externalEnums": [], "levelFields": []},
        },
        **{"levels": [], "worlds": [], "dummyWorldIid": str(uuid.uuid5(_NAMES, identity))},
    }


_LEVEL: Values = {
    **{"identifier": "", "iid": "", "uid": 0, "worldX": 0, "worldY": 0, "worldDepth": 0},
    **{"pxWid": 0, "pxHei": 0, "__bgColor": "#696A79", "bgColor": None},
    **{"useAutoIdentifier": False, "bgRelPath": None, "bgPos": None},
    **{"bgPivotX": 0.5, "bgPivotY": 0.5, "__smartColor": "#ADADB5", "__bgPos": None},
    **{"externalRelPath": None, "fieldInstances": [], "layerInstances": [], "__neighbours": []},
}


def _new_layer(made: Values, level: Level, side: int) -> Values:
    rows, columns = level.size
    return {
        **{"__identifier": LAYER, "__type": INT_GRID, "__cWid": columns, "__cHei": rows},
        **{"__gridSize": side, "__opacity": 1, "__pxTotalOffsetX": 0, "__pxTotalOffsetY": 0},
        **{"__tilesetDefUid": None, "__tilesetRelPath": None},
        "iid": str(uuid.uuid5(_NAMES, f"{made['iid']} 1")),
        **{"levelId": made["uid"], "layerDefUid": 1, "pxOffsetX": 0, "pxOffsetY": 0},
        **{"visible": True, "optionalRules": [], "intGridCsv": [], "autoLayerTiles": []},
        **{"seed": 0, "overrideTilesetUid": None, "gridTiles": [], "entityInstances": []},
    }
