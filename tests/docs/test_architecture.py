"""Imports go one way only, as docs/architecture.md says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, page

SOURCE = ROOT / "src" / "gansmith"
TEXT = page("docs/architecture.md").text


def _rows(heading: str) -> Iterator[list[str]]:
    """Cells of the table that begins with this cell."""
    table = TEXT.partition(f"| {heading} |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _names(cell: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", cell)


ROOMS = {_names(room)[0]: _names(may) for room, _, may in _rows("room")}
LIBRARIES = {_names(library)[0]: _names(where) for library, where in _rows("library")}


def _module(file: Path) -> str:
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "gansmith"


MODULES = {_module(file): file for file in SOURCE.rglob("*.py")}


def _room(module: str) -> str:
    """The row that a module belongs to: the longest name that it begins with."""
    fitting = [room for room in ROOMS if f"{module}.".startswith(f"{room}.")]
    assert fitting, f"{module} belongs to no room of docs/architecture.md"
    return max(fitting, key=len)


def _imports(file: Path) -> Iterator[str]:
    """Full names of what a file imports, at the top or inside functions."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports by a relative name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _ours(file: Path) -> Iterator[str]:
    """Our own modules among a file's imports."""
    for name in _imports(file):
        parts = name.split(".")
        if parts[0] == "gansmith":
            known = [".".join(parts[1:end]) for end in range(len(parts), 1, -1)]
            yield next((module for module in known if module in MODULES), "gansmith")


def test_every_room_stands_on_rooms_above_it_in_the_table() -> None:
    above: set[str] = set()
    for room, may in ROOMS.items():
        assert set(may) <= above, f"{room} may import {set(may) - above}, which comes later"
        above.add(room)


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"__main__"}))
def test_a_module_imports_what_its_room_may(module: str) -> None:
    room = _room(module)
    wanted = {_room(name) for name in _ours(MODULES[module])} - {room}
    assert wanted <= set(ROOMS[room]), f"{module} may not import {wanted - set(ROOMS[room])}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_known_in_one_place(library: str) -> None:
    users = {
        module
        for module, file in MODULES.items()
        if any(name.split(".")[0] == library for name in _imports(file))
    }
    assert users == set(LIBRARIES[library])


def test_the_table_allows_nothing_that_no_module_needs() -> None:
    used: dict[str, set[str]] = {room: set() for room in ROOMS}
    for module in set(MODULES) - {"__main__"}:
        used[_room(module)] |= {_room(name) for name in _ours(MODULES[module])}
    for room, may in ROOMS.items():
        assert set(may) <= used[room], f"{room} need not import {set(may) - used[room]}"
