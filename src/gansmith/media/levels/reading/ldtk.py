"""Projects of LDtk, versions 0.6 to 1.5: IntGrid and tile layers, and where entities stand.

The format: https://ldtk.io/json. Auto-layers are drawn by rules from an IntGrid, so they are no
levels of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, Field

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import Placed, TileGrid
from gansmith.media.levels.legend import EMPTY
from gansmith.media.levels.level import Source, check_extent
from gansmith.storage.reading import JSON_BYTES, parse_json, read_bytes

INT_GRID, TILES, ENTITIES = "IntGrid", "Tiles", "Entities"
FLIPS = (0, 8, 4, 12)
"""Flips of a level for those of LDtk: 1 horizontally, 2 vertically."""
AGAIN = "save the project again"


def _nothing_for_null(value: Any) -> Any:
    return [] if value is None else value


Pixel = Annotated[int, Field(ge=-(1 << 40), le=1 << 40)]
Share = Annotated[float, Field(ge=-16, le=16)]
Side = Annotated[int, Field(ge=0, le=1 << 24)]


class _Value(BaseModel):
    """A value of an IntGrid; old versions number them by position."""

    value: int | None = None
    identifier: str | None = None


class LayerDef(BaseModel):
    """What all layers of one kind have in common."""

    uid: int
    identifier: str
    int_grid_values: list[_Value] = Field([], alias="intGridValues")


class TilesetDef(BaseModel):
    """A tileset, sizes in pixels but for columns and rows."""

    uid: int
    identifier: str
    columns: Side = Field(1, alias="__cWid", ge=1)
    rows: Side = Field(1, alias="__cHei", ge=1)
    side: Side = Field(16, alias="tileGridSize")
    spacing: Side = 0
    padding: Side = 0


class _OldCell(BaseModel):
    """A cell of an IntGrid before 0.8."""

    at: int = Field(alias="coordId")
    position: int = Field(alias="v")


class GridTile(BaseModel):
    """A tile that somebody put on a layer of tiles."""

    px: tuple[Pixel, Pixel]
    flip: int = Field(0, alias="f", ge=0, le=3)
    tile: int = Field(alias="t", ge=0, lt=1 << 31)


class Entity(BaseModel):
    """A thing that stands somewhere."""

    identifier: str = Field(alias="__identifier")
    px: tuple[Pixel, Pixel]
    pivot: tuple[Share, Share] = Field((0.0, 0.0), alias="__pivot")
    width: Side = 0
    height: Side = 0


class Layer(BaseModel):
    """A layer of a level."""

    identifier: str = Field(alias="__identifier")
    type: str = Field(alias="__type")
    columns: Side = Field(alias="__cWid")
    rows: Side = Field(alias="__cHei")
    grid: int = Field(alias="__gridSize", ge=1, le=1 << 16)
    offset_x: Pixel = Field(0, alias="pxOffsetX")
    offset_y: Pixel = Field(0, alias="pxOffsetY")
    definition: int = Field(alias="layerDefUid")
    tileset: int | None = Field(None, alias="__tilesetDefUid")
    values: list[int] = Field([], alias="intGridCsv")
    old_values: list[_OldCell] = Field([], alias="intGrid")
    tiles: list[GridTile] = Field([], alias="gridTiles")
    auto_tiles: Annotated[list[GridTile], BeforeValidator(_nothing_for_null)] = Field(
        [], alias="autoLayerTiles"
    )
    entities: list[Entity] = Field([], alias="entityInstances")


class _FieldValue(BaseModel):
    identifier: str = Field(alias="__identifier")
    value: Any = Field(None, alias="__value")


class ProjectLevel(BaseModel):
    """A level, whose layers may be in a file of their own."""

    identifier: str
    layers: list[Layer] | None = Field(None, alias="layerInstances")
    file: str | None = Field(None, alias="externalRelPath")
    fields: Annotated[list[_FieldValue], BeforeValidator(_nothing_for_null)] = Field(
        [], alias="fieldInstances"
    )


class _World(BaseModel):
    identifier: str
    levels: list[ProjectLevel]


class _Definitions(BaseModel):
    layers: list[LayerDef]
    tilesets: list[TilesetDef] = []


class Project(BaseModel):
    """What a project has that levels need."""

    version: str = Field(alias="jsonVersion")
    definitions: _Definitions = Field(alias="defs")
    levels: list[ProjectLevel] = []
    worlds: list[_World] = []

    def all_levels(self) -> Iterator[tuple[str, ProjectLevel]]:
        """Yield every level with its name: after that of its world, where there are several."""
        for level in self.levels:
            yield level.identifier, level
        for world in self.worlds:
            for level in world.levels:
                yield f"{world.identifier}/{level.identifier}", level


def parse_ldtk(data: bytes, path: Path) -> list[TileGrid]:
    """Read the levels of a project: each of their layers that has cells.

    Args:
        data: Contents of the file.
        path: Its path; files of levels are found relative to it.

    Raises:
        GansmithError: It is no project, is damaged, or the file of a level is missing.
    """
    project = parse_json(data, Project, path, remedy=AGAIN)
    grids = []
    for name, level in project.all_levels():
        layers = level.layers
        if layers is None and level.file is not None:
            layers = _separate(level.file, path)
        reader = _LevelReader(project, name, level, layers or [], path)
        grids += [reader.grid(layer) for layer in layers or [] if layer.type in (INT_GRID, TILES)]
    return grids


def _separate(name: str, project: Path) -> list[Layer]:
    """Layers of a level that has a file of its own."""
    path = project.parent / name
    if not path.is_file():
        raise GansmithError(f"{project} needs the level {path}, which is not there: put it there")
    level = parse_json(read_bytes(path, JSON_BYTES), ProjectLevel, path, remedy=AGAIN)
    return level.layers or []


@dataclass
class _LevelReader:
    """Reads the layers of one level."""

    project: Project
    name: str
    level: ProjectLevel
    layers: Sequence[Layer]
    path: Path

    def grid(self, layer: Layer) -> TileGrid:
        """Read one layer."""
        place = f"{self.path}, {self.name}/{layer.identifier}"
        check_extent(layer.columns, layer.rows, place)
        shape, flips = (layer.rows, layer.columns), None
        if layer.type == INT_GRID:
            numbers = int_grid(layer, place).reshape(shape)
            names = self._value_names(layer)
        else:
            numbers, flips = stacked_tiles(layer, place)
            names = self._tile_names(layer, place)
        found, positions = np.unique(numbers, return_inverse=True)
        return TileGrid(
            name=self.level.identifier,
            source=Source(str(self.path), f"{self.name}/{layer.identifier}"),
            layer=layer.identifier,
            properties={
                item.identifier: item.value
                for item in self.level.fields
                if isinstance(item.value, str | int | float | bool)
            },
            palette=[names(int(number)) for number in found],
            cells=positions.reshape(shape),
            flips=flips if flips is not None and flips.any() else None,
            objects=list(self._placed(layer)),
            layers=tuple(each.identifier for each in self.layers if each.type in (INT_GRID, TILES)),
        )

    def _value_names(self, layer: Layer) -> Any:
        """Return the function that names a value of an IntGrid: its identifier and number."""
        definition = next(
            (each for each in self.project.definitions.layers if each.uid == layer.definition), None
        )
        values = definition.int_grid_values if definition else []
        times = Counter(value.identifier for value in values)
        known = {
            position if value.value is None else value.value: value.identifier
            for position, value in enumerate(values, 1)
            if value.identifier and times[value.identifier] == 1
        }

        def names(value: int) -> tuple[str, ...]:
            if not value:
                return (EMPTY,)
            return (known[value], str(value)) if value in known else (str(value),)

        return names

    def _tile_names(self, layer: Layer, place: str) -> Any:
        """Return the function that names a tile, or 0 for none: `TILESET:ID`."""
        found = [
            each.identifier
            for each in self.project.definitions.tilesets
            if each.uid == layer.tileset
        ]
        if layer.tiles and not found:
            raise GansmithError(f"{place} has tiles of a tileset that the project lacks: {AGAIN}")
        return lambda tile: (f"{found[0]}:{tile - 1}",) if tile else (EMPTY,)

    def _placed(self, layer: Layer) -> Iterator[Placed]:
        """Where the centres of entities are on a layer."""
        for other in self.layers:
            for entity in other.entities:
                thing = placed_entity(entity, layer.grid)
                if 0 <= thing.row < layer.rows and 0 <= thing.column < layer.columns:
                    yield thing


def placed_entity(entity: Entity, grid: int) -> Placed:
    """Return the cell of the centre of an entity, which may be outside its level."""
    x = entity.px[0] + (0.5 - entity.pivot[0]) * entity.width
    y = entity.px[1] + (0.5 - entity.pivot[1]) * entity.height
    return Placed((f"object:{entity.identifier}",), int(y // grid), int(x // grid))


def int_grid(layer: Layer, place: str) -> NDArray[np.int64]:
    """Return the values of an IntGrid, row by row; 0 is nothing.

    Raises:
        GansmithError: There are more or fewer than cells, or one is too large.
    """
    cells = layer.columns * layer.rows
    if layer.old_values and not layer.values:
        found = np.zeros(cells, dtype=np.int64)
        for cell in layer.old_values:
            if not 0 <= cell.at < cells or not 0 <= cell.position < 1 << 31:
                raise GansmithError(f"{place} has a value outside its {cells:,} cells: {AGAIN}")
            found[cell.at] = cell.position + 1
        return found
    if len(layer.values) != cells:
        raise GansmithError(
            f"{place} has {len(layer.values):,} values, takes {cells:,} "
            f"({layer.columns} x {layer.rows}): {AGAIN}"
        )
    if not all(0 <= value < 1 << 31 for value in layer.values):
        raise GansmithError(f"{place} has values below 0 or beyond 31 bits: {AGAIN}")
    return np.array(layer.values, dtype=np.int64)


def stacked_tiles(layer: Layer, place: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the topmost tile of each cell plus 1, or 0 for none, and its flips.

    Raises:
        GansmithError: A tile is outside the layer.
    """
    numbers = np.zeros((layer.rows, layer.columns), dtype=np.int64)
    flips = np.zeros(numbers.shape, dtype=np.uint8)
    for tile in layer.tiles:
        column, row = tile.px[0] // layer.grid, tile.px[1] // layer.grid
        if not (0 <= row < layer.rows and 0 <= column < layer.columns):
            raise GansmithError(f"{place} has a tile at {tile.px}, outside the layer: {AGAIN}")
        numbers[row, column], flips[row, column] = tile.tile + 1, FLIPS[tile.flip]
    return numbers, flips
