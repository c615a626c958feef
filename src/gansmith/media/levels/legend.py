"""Legend: what the symbols of a game's levels are and do. A new game is a new legend."""

from __future__ import annotations

import colorsys
import re
import zlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import ImageColor
from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from gansmith.errors import GansmithError
from gansmith.registry import suggest, unknown
from gansmith.schema import Section
from gansmith.storage.reading import read_yaml, shorten

Game = Literal["sokoban", "keydoor", "digger", "platformer", "maze"]
Role = Literal[
    "empty",
    "solid",
    "one_way",
    "slope_up",
    "slope_down",
    "breakable",
    "block",
    "crumbling",
    "brick",
    "false_brick",
    "ladder",
    "hidden_ladder",
    "rope",
    "water",
    "hazard",
    "spring",
    "lift",
    "start",
    "goal",
    "key",
    "door",
    "box",
    "target",
    "collectible",
    "enemy",
]
GAMES: tuple[Game, ...] = get_args(Game)
ROLES: tuple[Role, ...] = get_args(Role)

LEGEND = "legend.yaml"
"""Name of the legend beside levels."""
MOST_SYMBOLS = 1 << 16
"""Symbols of a legend: a level holds their numbers in 16 bits."""
BLANK = " "
"""What short rows are filled up with, where a legend has it."""
EMPTY = "empty"
"""Name of a cell without a tile in files of Tiled and LDtk."""
OBJECT = "object:"
"""How names of things in files of Tiled and LDtk begin that are no tiles."""
_NO_WORD = re.compile(r"\W+", re.ASCII)
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_ROLE_COLOURS = {
    "empty": "#202430",
    "solid": "#8a8f98",
    "one_way": "#b08d57",
    "slope_up": "#9a9fa8",
    "slope_down": "#7a7f88",
    "breakable": "#b5653a",
    "block": "#d0a040",
    "crumbling": "#a08060",
    "brick": "#b5523a",
    "false_brick": "#8f4a3a",
    "ladder": "#d8c28a",
    "hidden_ladder": "#6e6650",
    "rope": "#c9b38c",
    "water": "#3a6ea5",
    "hazard": "#e03c31",
    "spring": "#58c46b",
    "lift": "#9d7fd1",
    "start": "#4aa3ff",
    "goal": "#5fd35f",
    "key": "#ffd23f",
    "door": "#9c6b30",
    "box": "#c8853c",
    "target": "#e57fa5",
    "collectible": "#ffe066",
    "enemy": "#d64fd6",
}


def _listed(value: Any) -> Any:
    """Accept one text or whole number for a list of one, and numbers for texts."""
    parts = value if isinstance(value, list | tuple) else (value,)
    if any(isinstance(part, bool) or not isinstance(part, str | int) for part in parts):
        return value
    return tuple(str(part) for part in parts)


def _known_role(value: Any) -> Any:
    if not isinstance(value, str) or value not in ROLES:
        raise ValueError(str(unknown("role", str(value), list(ROLES))))
    return value


def _known_game(value: Any) -> Any:
    if value is not None and value not in GAMES:
        raise ValueError(str(unknown("game", str(value), list(GAMES))))
    return value


def _exactly(value: Any) -> Any:
    """Accept a whole number for an exact count."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {"least": value, "most": value}
    if value is not None and not isinstance(value, Mapping | Section):
        raise ValueError(f"takes a number, or {{least: 1, most: 4}}, not {value!r}")
    return value


def _extent(value: Any) -> Any:
    """Accept `28x20`, columns times rows."""
    parts = value.split("x") if isinstance(value, str) else value
    if value is not None and (not isinstance(parts, list | tuple) or len(parts) != 2):
        raise ValueError(f"takes columns x rows, such as 28x20, not {value!r}")
    return parts


def _hex(value: str | None) -> str | None:
    if value is not None and not _HEX.fullmatch(value):
        raise ValueError(f"takes a colour such as '#8a8f98', not {value!r}")
    return value


class Count(Section):
    """How many cells of a level are of a tile."""

    least: int = Field(0, ge=0, description="fewest cells")
    most: int | None = Field(None, ge=0, description="most cells; no limit by default")

    @model_validator(mode="after")
    def _ordered(self) -> Count:
        if self.most is not None and self.most < self.least:
            raise ValueError(f"least is {self.least} and most {self.most}: exchange them")
        return self

    def __contains__(self, cells: int) -> bool:
        return self.least <= cells and (self.most is None or cells <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        if self.least == self.most:
            return f"exactly {self.least}"
        return f"{self.least} to {self.most}" if self.least else f"at most {self.most}"


class Tile(Section):
    """What one symbol is and does."""

    name: str = Field("", description="what people call it")
    roles: Annotated[
        tuple[Annotated[Role, BeforeValidator(_known_role)], ...], BeforeValidator(_listed)
    ] = Field((), description="what it does in the game; `role` takes a single one")
    colour: str | None = Field(None, description="colour of a key, and of the doors that it opens")
    locked: bool = Field(True, description="whether a door needs a key")
    draw: str | None = Field(None, description="colour in pictures, such as '#8a8f98'")
    count: Annotated[Count | None, BeforeValidator(_exactly)] = Field(
        None, description="how many a level has: a number, or `least` and `most`"
    )
    cells: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (), description="what it is in files of Tiled and LDtk, such as 'ground:12' or '3'"
    )
    means: str = Field("", description="a note")

    _draw = field_validator("draw")(_hex)

    @model_validator(mode="before")
    @classmethod
    def _single_role(cls, value: Any) -> Any:
        if isinstance(value, dict) and "role" in value:
            if "roles" in value:
                raise ValueError("has both role and roles: leave one out")
            value = {**value, "roles": value["role"]}
            del value["role"]
        return value


class Jump(Section):
    """How far a player of a platformer jumps, in tiles."""

    height: float = Field(gt=0, le=64, description="tiles up")
    length: float = Field(gt=0, le=256, description="tiles across, over level ground")
    tall: int = Field(1, ge=1, le=16, description="height of the body")


class Keys(Section):
    """What becomes of keys."""

    used_up: bool = Field(False, description="whether a door takes the key that opened it")


Columns = Annotated[int, Field(ge=1, le=100_000)]


class Legend(Section):
    """The symbols of a game's levels, and its rules.

    Attributes:
        symbols: All symbols; a level holds positions in this tuple.
    """

    game: Annotated[Game | None, BeforeValidator(_known_game)] = Field(
        None, description="whose rules solve the levels; by default none"
    )
    size: Annotated[tuple[Columns, Columns] | None, BeforeValidator(_extent)] = Field(
        None, description="columns and rows of a level, such as 28x20"
    )
    tiles: dict[str, Tile] = Field(description="what each symbol is", min_length=1)
    objects: dict[str, tuple[tuple[str, ...], ...]] = Field(
        {}, description="several tiles that belong together: rows of symbols, by a name"
    )
    jump: Jump | None = Field(None, description="for a platformer")
    keys: Keys = Field(Keys(), description="for a game of keys and doors")
    goal: str = Field("", description="a note on when a level is finished")

    @field_validator("tiles", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """Take whole numbers as symbols; what YAML reads as something else must be in quotes."""
        if not isinstance(value, dict):
            return value
        for symbol in value:
            if not isinstance(symbol, str | int) or isinstance(symbol, bool):
                raise ValueError(f"has {symbol!r} for a symbol: put symbols in quotes")
            if symbol == "":
                raise ValueError("has an empty symbol: give it a character")
            if isinstance(symbol, int) and str(symbol) in value:
                raise ValueError(f"has '{symbol}' twice, with quotes and without: leave one out")
        if len(value) > MOST_SYMBOLS:
            raise ValueError(f"has {len(value):,} symbols, takes up to {MOST_SYMBOLS:,}")
        return {str(symbol): {} if tile is None else tile for symbol, tile in value.items()}

    @field_validator("objects", mode="before")
    @classmethod
    def _rows(cls, value: Any) -> Any:
        """Accept a text for a row of symbols of one character."""
        if not isinstance(value, dict):
            return value
        listed = {name: _listed(rows) for name, rows in value.items()}
        return {
            name: tuple(tuple(row) if isinstance(row, str) else row for row in rows)
            if isinstance(rows, list | tuple)
            else rows
            for name, rows in listed.items()
        }

    @model_validator(mode="after")
    def _consistent(self) -> Legend:
        for name, rows in self.objects.items():
            if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
                raise ValueError(f"objects.{name} has rows of several lengths: make them equal")
            for symbol in (symbol for row in rows for symbol in row):
                if symbol not in self.tiles:
                    raise ValueError(f"objects.{name} has '{symbol}', which is not under tiles")
        taken: dict[str, str] = {}
        for symbol, tile in self.tiles.items():
            for cell in tile.cells:
                if taken.setdefault(cell, symbol) != symbol:
                    raise ValueError(
                        f"cells '{cell}' stand for '{taken[cell]}' and '{symbol}': leave one out"
                    )
        return self

    @classmethod
    def plain(cls, symbols: Iterable[str], names: Mapping[str, str] | None = None) -> Legend:
        """Make the legend of levels that come without one: their symbols, and no rules.

        Args:
            symbols: All that occur; repeated ones count once.
            names: What some of them are called.

        Raises:
            GansmithError: There are none, or more than 65,536.
        """
        found = sorted(set(symbols))
        if not 0 < len(found) <= MOST_SYMBOLS:
            raise GansmithError(
                f"the levels have {len(found):,} kinds of tiles, takes 1 to {MOST_SYMBOLS:,}"
            )
        known = names or {}
        return cls(tiles={symbol: Tile(name=known.get(symbol, "")) for symbol in found})

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """All symbols, in the order of the legend."""
        return tuple(self.tiles)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each symbol in `symbols`."""
        return {symbol: position for position, symbol in enumerate(self.tiles)}

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Position of the tile that anything in a file stands for: its cells, symbol or name.

        An object or entity is "object:NAME" or "object:CLASS": a cell, or the name of a tile
        without cells. "empty" stands for no tile in files of Tiled and LDtk: the tile with that
        name, or the one that has "0" among its cells, else the first whose only role is to be
        empty, or else "0".
        """
        roles = [tile.roles for tile in self.tiles.values()]
        free = {EMPTY: self.index["0"]} if "0" in self.tiles and not self.tiles["0"].roles else {}
        if ("empty",) in roles:
            free = {EMPTY: roles.index(("empty",))}
        called = {identifier: place for place, identifier in enumerate(self.identifiers)}
        named = {tile.name: place for place, tile in enumerate(self.tiles.values()) if tile.name}
        cells = {
            cell: place for place, tile in enumerate(self.tiles.values()) for cell in tile.cells
        }
        objects = {
            OBJECT + name: place
            for name, place in named.items()
            if not self.tiles[self.symbols[place]].cells
        }
        nothing = {EMPTY: cells["0"]} if "0" in cells else {}
        return {**called, **free, **named, **objects, **self.index, **nothing, **cells}

    @cached_property
    def identifiers(self) -> tuple[str, ...]:
        """A name for each symbol of letters, digits and underscores, no two alike."""
        found: dict[str, None] = {}
        for symbol, tile in self.tiles.items():
            words = tile.name, symbol, "_".join([*filter(None, [tile.colour]), *tile.roles]), "tile"
            word = next(filter(None, (_NO_WORD.sub("_", word).strip("_") for word in words)))
            word = f"tile_{word}" if word[0].isdigit() else word
            name = word
            while name in found:
                name = f"{word}_{len(found)}"
                word += "_" if name in found else ""
            found[name] = None
        return tuple(found)

    def having(self, *roles: Role, colour: str | None = None) -> NDArray[np.bool_]:
        """Return which symbols have one of the roles, bool [symbols].

        Args:
            roles: At least one.
            colour: Only tiles of this colour.
        """
        return np.array(
            [
                not set(roles).isdisjoint(tile.roles) and colour in (None, tile.colour)
                for tile in self.tiles.values()
            ]
        )

    def alike(self, symbol: str) -> NDArray[np.bool_]:
        """Return which symbols count as a tile, bool [symbols]: it, and those that do more.

        A box on a target is a box, so it counts as one.
        """
        this = self.tiles[symbol]
        return np.array(
            [
                other is this
                or (set(other.roles) > set(this.roles) > set() and other.colour == this.colour)
                for other in self.tiles.values()
            ]
        )

    @cached_property
    def palette(self) -> NDArray[np.uint8]:
        """Colour of each symbol in pictures, uint8 [symbols, 3]."""
        return np.array(
            [_colour(symbol, tile) for symbol, tile in self.tiles.items()], dtype=np.uint8
        )


_REMEDY = "correct it, and put symbols such as @, * and # in quotes"
_EXAMPLE = 'tiles: {"#": {role: solid}, ".": {role: empty}}'
_MAPPINGS = {
    "tiles": _EXAMPLE.removeprefix("tiles: "),
    "objects": '{pipe: ["<>", "[]"]}',
    "jump": "{height: 4, length: 6}",
    "keys": "{used_up: true}",
}
"""What mappings look like; that of a tile is `{role: solid}`."""
_PARTS: dict[str, type[Section]] = {"tiles": Tile, "jump": Jump, "keys": Keys}


def load_legend(path: Path) -> Legend:
    """Read a legend from a YAML file of at most 64 KiB.

    Raises:
        GansmithError: It cannot be read, or is not a legend; the message names the first field.
    """
    return parse_legend(read_yaml(path, remedy=_REMEDY), path)


def parse_legend(values: object, origin: Path | str) -> Legend:
    """Check plain values and return them as a legend.

    Args:
        values: As YAML or JSON has them.
        origin: What they come from, for messages.

    Raises:
        GansmithError: They are no legend; the message names the first field.
    """
    try:
        return Legend.model_validate(values)
    except ValidationError as error:
        raise GansmithError(f"{origin}: {_explain(error)}") from None


def dump_legend(legend: Legend) -> str:
    """Return a legend as YAML that :func:`load_legend` reads, as people write it: a tile a line."""
    values = legend.model_dump(mode="json", exclude_defaults=True)
    if legend.size:
        values["size"] = "{}x{}".format(*legend.size)
    values["tiles"] = {symbol: _Line(_short(tile)) for symbol, tile in values["tiles"].items()}
    for name in {"jump", "keys"} & values.keys():
        values[name] = _Line(values[name])
    if legend.objects:
        one_character = all(len(symbol) == 1 for symbol in legend.symbols)
        values["objects"] = {
            name: ["".join(row) if one_character else list(row) for row in rows]
            for name, rows in legend.objects.items()
        }
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


class _Line(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes `_Line` on one line."""


def _on_one_line(dumper: _Dumper, values: _Line) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", values, flow_style=True)


_Dumper.add_representer(_Line, _on_one_line)


def _short(tile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a tile with one role as `role`, and an exact count as a number."""
    short: dict[str, Any] = {}
    for name, value in tile.items():
        if name == "roles" and len(value) == 1:
            short["role"] = value[0]
        elif name == "count" and value.get("least", 0) == value.get("most"):
            short["count"] = value["most"]
        else:
            short[name] = value
    return short


def _explain(error: ValidationError) -> str:
    """Turn a validation error into one line that names the field."""
    found = error.errors(include_url=False)[0]
    path = [str(part) for part in found["loc"]]
    name = ".".join(path)
    if found["type"] == "extra_forbidden":
        model: type[Section] = Legend
        if len(path) > 1:
            model = _PARTS.get(path[0], Legend)
        if path[-2:-1] == ["count"]:
            model = Count
        fields = [*model.model_fields, *(["role"] if model is Tile else [])]
        field, hint = suggest(path[-1], fields)
        where = ".".join([*path[:-1], field])
        return f"field '{where}' is unknown: takes {', '.join(fields)}{hint}"
    if found["type"] == "missing":
        return f"field '{name}' is missing: add it"
    if found["input"] is None and not path:
        return f"it is empty: begin with {_EXAMPLE}"
    value = "empty" if found["input"] is None else shorten(repr(found["input"]), 60)
    if found["type"] in ("dict_type", "model_type"):
        example = (_MAPPINGS.get(name) or "{role: solid}") if path else _EXAMPLE
        field = f"field '{name}'" if path else "it"
        return f"{field} is {value}: it must be a mapping, such as {example}"
    reason = found["msg"].removeprefix("Value error, ").removeprefix("Input ")
    reason = reason.replace("should be", "must be")
    if "error" in found.get("ctx", {}):
        return f"{name}: {reason}" if name else reason
    return f"field '{name}' is {value}: it {reason}"


def _colour(symbol: str, tile: Tile) -> tuple[int, int, int]:
    """Colour of a tile: its own, that of its key, that of its first role, or one by its symbol."""
    named = tile.draw or _named(tile.colour) or next((_ROLE_COLOURS[r] for r in tile.roles), None)
    if named:
        red, green, blue = ImageColor.getrgb(named)[:3]
        if "door" in tile.roles and not tile.draw and tile.colour:  # darker than its key
            return red * 3 // 5, green * 3 // 5, blue * 3 // 5
        return red, green, blue
    number = zlib.crc32(symbol.encode())
    hue, light = number % 360 / 360, 0.35 + number // 360 % 100 / 250
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, light, 0.5))
    return red, green, blue


def _named(colour: str | None) -> str | None:
    """Return the colour of a key where its name is one that pictures know."""
    return colour if colour in ImageColor.colormap else None
