from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import (
    ROLES,
    Legend,
    Tile,
    dump_legend,
    load_legend,
    parse_legend,
)

PIPES = """
game: platformer
size: 28x14
tiles:
  "-": {role: empty}
  "#": {role: solid, draw: "#404040"}
  "<": {role: solid}
  ">": {role: solid}
  r: {role: key, colour: red, count: 1}
  R: {role: door, colour: red}
  B: {role: door, colour: blue}
  "@": {role: start, count: 1}
  "+": {roles: [start, target]}
  o: {role: collectible, count: {least: 1, most: 3}, name: coin, cells: ["items:4", "items:5"]}
objects: {pipe: ["<>"]}
jump: {height: 4, length: 6.5, tall: 2}
keys: {used_up: true}
goal: the right edge
"""


@pytest.fixture
def legend(tmp_path: Path) -> Legend:
    (tmp_path / "legend.yaml").write_text(PIPES)
    return load_legend(tmp_path / "legend.yaml")


def test_a_legend_is_read_as_it_is_written(legend: Legend) -> None:
    assert legend.game == "platformer" and legend.size == (28, 14)
    assert legend.symbols == ("-", "#", "<", ">", "r", "R", "B", "@", "+", "o")
    assert legend.index["#"] == 1
    assert legend.tiles["#"] == Tile(roles=("solid",), draw="#404040")
    assert legend.tiles["o"].count is not None and legend.tiles["o"].count.most == 3
    assert legend.objects == {"pipe": (("<", ">"),)}
    assert legend.jump is not None and (legend.jump.length, legend.jump.tall) == (6.5, 2)
    assert legend.keys.used_up and legend.goal == "the right edge"


def test_tiles_are_found_by_role_colour_name_and_cell(legend: Legend) -> None:
    def named(found: object) -> str:
        return "".join(s for s, yes in zip(legend.symbols, found, strict=True) if yes)  # type: ignore[call-overload]

    assert named(legend.having("solid")) == "#<>"
    assert named(legend.having("start", "target")) == "@+"
    assert named(legend.having("door")) == "RB"
    assert named(legend.having("key", "door", colour="red")) == "rR"
    assert named(legend.alike("@")) == "@+" and named(legend.alike("#")) == "#"
    place = legend.index["o"]
    assert [legend.positions[name] for name in ("o", "coin", "items:5")] == [place] * 3


def test_pictures_have_a_colour_for_every_symbol(legend: Legend) -> None:
    assert legend.palette.shape == (10, 3)
    assert legend.palette[1].tolist() == [0x40] * 3
    assert legend.palette[legend.index["R"]].tolist() == [153, 0, 0]  # darker than its key
    plain = Legend.plain("abc")
    assert len({tuple(colour) for colour in plain.palette.tolist()}) == 3


def test_a_legend_is_written_as_it_is_read(legend: Legend) -> None:
    assert parse_legend(yaml.safe_load(dump_legend(legend)), "dump") == legend
    written = (
        "game: keydoor\n"
        "tiles:\n"
        "  '#': {role: solid, draw: '#8a8f98'}\n"
        "  '@': {role: start, count: 1}\n"
        "  '+': {roles: [start, goal], count: {least: 1}}\n"
        "  R: {role: door, colour: red, cells: ['ground:12', 'ground:13']}\n"
        "objects:\n"
        "  gate: ['#R', '@+']\n"
        "keys: {used_up: true}\n"
    )
    again = dump_legend(parse_legend(yaml.safe_load(written), "written"))
    assert parse_legend(yaml.safe_load(again), "again") == parse_legend(
        yaml.safe_load(written), "written"
    )
    lines = again.splitlines()
    assert lines[2:4] == ["  '#': {role: solid, draw: '#8a8f98'}", "  '@': {role: start, count: 1}"]
    assert lines[-1] == "keys: {used_up: true}" and "  - '#R'" in lines


def test_levels_without_a_legend_get_their_symbols() -> None:
    found = Legend.plain("##.#", {".": "floor"})
    assert found.symbols == ("#", ".") and found.game is None
    assert found.tiles["."].name == "floor" and found.tiles["."].roles == ()
    with pytest.raises(GansmithError, match="0 kinds of tiles, takes 1 to 65,536"):
        Legend.plain("")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiles: {'#': {role: solud}}", "role 'solud' is unknown: .*did you mean 'solid'"),
        ("tiles: {'#': {rolle: solid}}", "'tiles.#.rolle' is unknown: .*did you mean 'role'"),
        ("tiles: {'#': {role: solid, roles: [box]}}", "both role and roles"),
        ("tiles: {~: {role: solid}}", "None for a symbol: put symbols in quotes"),
        ("tiles: {true: {role: solid}}", "True for a symbol: put symbols in quotes"),
        ("tiles: {'': {role: solid}}", "an empty symbol"),
        ("tiles: {'#': {count: many}}", "takes a number, or {least: 1, most: 4}, not 'many'"),
        ("tiles: {'#': {count: [1]}}", r"takes a number, or {least: 1, most: 4}, not \[1\]"),
        (
            "tiles: {'#': solid}",
            "'tiles.#' is 'solid': it must be a mapping, such as {role: solid}",
        ),
        ("tiles:\n  a: {}\n  b: {}\n  a: {}", "line 4, column 3: 'a' is there twice.* in line 2"),
        ("tiles: {1: {}, '1': {}}", "has '1' twice, with quotes and without"),
        ("tiles:\n\t'#': {}", "line 2, column 1: a tab, where YAML takes spaces only"),
        ("tiles:\n  @: {}", "line 2, column 3: .*put symbols such as @, .* in quotes"),
        ("tiles:\n  #: {role: solid}", "'tiles' is empty: it must be a mapping, such as"),
        ("", r'it is empty: begin with tiles: {"#": {role: solid}'),
        ("# tiles", "it is empty"),
        ("tiles: {'#': {count: {least: 3, most: 2}}}", "least is 3 and most 2"),
        ("tiles: {'#': {draw: grey}}", "takes a colour such as '#8a8f98', not 'grey'"),
        ("tiles: {'#': {}}\ngame: chess", "game 'chess' is unknown: choose one of sokoban"),
        ("tiles: {'#': {}}\nobjects: {pipe: ['##', '#']}", "rows of several lengths"),
        ("tiles: {'#': {}}\nobjects: {pipe: '#x'}", "has 'x', which is not under tiles"),
        ("tiles: {a: {cells: '1'}, b: {cells: '1'}}", "cells '1' stand for 'a' and 'b'"),
        ("tiles: {'#': {}}\nobjects: {pipe: 3}", "has '3', which is not under tiles"),
        ("tiles: {'#': {}}\nobjects: {pipe: ~}", "'objects.pipe' is empty"),
        ("tiles: {'#': {}}\nsize: '0x4'", "'size.0' is '0'"),
        ("tiles: {'#': {}}\nsize: big", "size: takes columns x rows, such as 28x20, not 'big'"),
        ("game: maze", "field 'tiles' is missing"),
        ("tiles: {}", "tiles"),
        ("- 3", "must be a mapping"),
        ("tiles: {'#': {}}\njump: {height: .inf, length: 1}", "jump.height"),
    ],
)
def test_mistakes_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "legend.yaml"
    path.write_text(text)
    with pytest.raises(GansmithError, match=message) as caught:
        load_legend(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_numbers_of_cells_need_no_quotes() -> None:
    legend = parse_legend({"tiles": {"#": {"cells": 12}, ".": {"cells": [13, "0"]}}}, "legend")
    assert [tile.cells for tile in legend.tiles.values()] == [("12",), ("13", "0")]


def test_every_role_has_a_colour() -> None:
    tiles = {role: Tile(roles=(role,)) for role in ROLES}
    assert len({tuple(colour) for colour in Legend(tiles=tiles).palette.tolist()}) == len(ROLES)
