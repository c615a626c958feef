"""The code keeps to the layers, and to the places of libraries, of docs/architecture.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from tests.docs.pages import ROOT, page

SOURCE = ROOT / "src" / "gansmith"
TEXT = page("docs/architecture.md").text


def rows(heading: str) -> Iterator[list[str]]:
    """Cells of the table that begins with this cell."""
    table = TEXT.partition(f"| {heading} |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def names(cell: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", cell)


LAYERS = {name: int(number) for number, modules, _ in rows("layer") for name in names(modules)}
LIBRARIES = {names(library)[0]: names(where) for library, where in rows("library")}


def module_name(file: Path) -> str:
    """Name below `gansmith`; `gansmith` for the package itself."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "gansmith"


MODULES = {module_name(file): file for file in SOURCE.rglob("*.py")}
MEDIA = {name.split(".")[1] for name in MODULES if re.fullmatch(r"media\.\w+\.\w+", name)}
CHECKED = sorted(set(MODULES) - {"__main__"})


def best_match(module: str, choices: Iterable[str]) -> str | None:
    """The longest of the names that stand for a module or one of its packages."""
    fitting = [name for name in choices if f"{module}.".startswith(f"{name}.")]
    return max(fitting, key=len, default=None)


def layer(module: str) -> int:
    name = best_match(module, LAYERS)
    assert name is not None, f"{module} is in no layer of docs/architecture.md"
    return LAYERS[name]


def imported(nodes: Iterable[ast.AST], file: Path) -> Iterator[str]:
    """Full names that import statements among the nodes name."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports by a relative name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_modules(full_names: Iterable[str]) -> Iterator[str]:
    """Modules of gansmith among imported names: the name itself or the module that holds it."""
    for name in full_names:
        parts = name.split(".")
        if parts[0] == "gansmith":
            candidates = [".".join(parts[1:end]) for end in range(len(parts), 1, -1)]
            yield next((module for module in candidates if module in MODULES), "gansmith")


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


@cache
def everywhere(module: str) -> tuple[str, ...]:
    """Names that a module imports, at the top, inside functions and for type checkers."""
    return tuple(imported(ast.walk(parsed(module)), MODULES[module]))


def at_import(module: str) -> set[str]:
    """Our modules that are imported when a module is: at the top, and not for type checkers.

    Importing `a.b` runs `a/__init__.py` too. A package may import its own modules, though, so
    only edges to packages that do not contain the importing module count.
    """
    found = set(own_modules(imported(_executed(parsed(module).body), MODULES[module])))
    for name in tuple(found):
        parts = name.split(".")
        packages = {".".join(parts[:end]) for end in range(1, len(parts))}
        found |= {p for p in packages if p in MODULES and not f"{module}.".startswith(f"{p}.")}
    return found - {module}


def _executed(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run on import, without those under `if TYPE_CHECKING`."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            if "TYPE_CHECKING" not in ast.unparse(statement.test):
                yield from _executed(statement.body)
            yield from _executed(statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from _executed([*statement.body, *statement.orelse, *statement.finalbody])
            for handler in statement.handlers:
                yield from _executed(handler.body)
        elif isinstance(statement, ast.With | ast.For | ast.ClassDef):
            yield from _executed(statement.body)


def cycles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Strongly connected components of more than one node (Tarjan 1972), each sorted."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted(found)


def test_cycles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert cycles(graph) == [["a", "b", "c"], ["d", "e"]]
    assert cycles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_the_tables_name_what_exists() -> None:
    missing = [
        n for n in (*LAYERS, *(m for w in LIBRARIES.values() for m in w)) if n not in MODULES
    ]
    assert not missing, f"docs/architecture.md names modules that do not exist: {missing}"
    assert {"image", "audio", "text"} <= MEDIA


def test_imports_point_downwards() -> None:
    upward = {
        f"{module} (layer {layer(module)}): {name} (layer {layer(name)})"
        for module in CHECKED
        for name in own_modules(everywhere(module))
        if layer(name) > layer(module)
    }
    assert not upward, "modules import upwards:\n" + "\n".join(sorted(upward))


def test_no_module_imports_itself_in_a_circle() -> None:
    assert cycles({module: at_import(module) for module in CHECKED}) == []


def test_the_inside_of_a_medium_is_private() -> None:
    inside = {
        f"{module}: {name}"
        for module in CHECKED
        if module.split(".")[0] != "media"
        for name in own_modules(everywhere(module))
        if name.startswith("media.") and name.split(".")[1] in MEDIA
    }
    assert not inside, "modules import the inside of a medium:\n" + "\n".join(sorted(inside))


def test_a_library_is_imported_where_the_table_says() -> None:
    wrong = {}
    for library, said in LIBRARIES.items():
        users = {
            module
            for module in MODULES
            if any(name.split(".")[0] == library for name in everywhere(module))
        }
        places = {user: best_match(user, said) for user in users}
        unused = set(said) - set(places.values())
        stray = {user for user, place in places.items() if place is None}
        if unused or stray:
            wrong[library] = f"not imported in {sorted(unused)}, also imported in {sorted(stray)}"
    assert not wrong
