"""Names that recipes know, joined to the code that answers to them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from gansmith.errors import GansmithError

T = TypeVar("T")


def unknown(kind: str, name: str, choices: list[str]) -> GansmithError:
    """Build the error for an unknown name: what it got, what it takes, what was likely meant."""
    near = difflib.get_close_matches(name, choices, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return GansmithError(f"{kind} '{name}' is unknown: choose one of {', '.join(choices)}{hint}")


class Registry(Generic[T]):
    """A table of named entries of one kind.

    Args:
        kind: What an entry is, in words for error messages ("network", "objective").
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters its target under `name`."""

        def enter(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} '{name}' is registered twice")
            self._entries[name] = entry
            return entry

        return enter

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            raise unknown(self.kind, name, self.names())
        return self._entries[name]

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def names(self) -> list[str]:
        """All names, in order of registration."""
        return list(self._entries)
