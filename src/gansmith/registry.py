"""Registries: from names in recipes to code."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Generic, TypeVar

from gansmith.errors import GansmithError

T = TypeVar("T")

_LONGEST = 80
"""Characters of an unknown name that a message repeats."""


def unknown(kind: str, name: str, choices: list[str]) -> GansmithError:
    """Build the error for an unknown name: what it got, what it takes, what was likely meant."""
    name, hint = suggest(name, choices)
    return GansmithError(f"{kind} '{name}' is unknown: choose one of {', '.join(choices)}{hint}")


def suggest(name: str, choices: list[str]) -> tuple[str, str]:
    """Return an unknown name, shortened for a message, and a hint at the choice that is meant."""
    if len(name) > _LONGEST:
        return f"{name[:_LONGEST]}...", ""
    near = difflib.get_close_matches(name, choices, n=1)
    return name, f"; did you mean '{near[0]}'?" if near else ""


class Registry(Generic[T]):
    """A table of named entries of one kind.

    Args:
        kind: What an entry is, in words for error messages ("network", "objective").
        provided_by: Module that registers the built-in entries; it is imported on the first lookup,
            so that a registry can be in a lower layer than the code that fills it.
    """

    def __init__(self, kind: str, provided_by: str | None = None) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}
        self._aliases: dict[str, str] = {}
        self._provided_by = provided_by

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that registers its target under `name`."""

        def enter(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} '{name}' is registered twice")
            self._entries[name] = entry
            return entry

        return enter

    def alias(self, old: str, new: str) -> None:
        """Accept a former name of an entry."""
        self._aliases[old] = new

    def canonical(self, name: str) -> str:
        """Return the current name of an entry; other names are returned unchanged."""
        self._fill()
        return self._aliases.get(name, name)

    def __getitem__(self, name: str) -> T:
        name = self.canonical(name)
        if name not in self._entries:
            raise unknown(self.kind, name, self.names())
        return self._entries[name]

    def __contains__(self, name: str) -> bool:
        return self.canonical(name) in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def names(self) -> list[str]:
        """All current names, in order of registration."""
        self._fill()
        return list(self._entries)

    def _fill(self) -> None:
        if self._provided_by is not None:
            module, self._provided_by = self._provided_by, None
            import_module(module)
