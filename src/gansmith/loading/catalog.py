"""The catalogue: the named data sets of all media."""

from __future__ import annotations

from collections.abc import Iterator

from gansmith.data.named_dataset import NamedDataset
from gansmith.medium import MEDIA
from gansmith.registry import unknown


class Catalog:
    """The named data sets of every registered medium, by name; a view on their records."""

    def __getitem__(self, name: str) -> NamedDataset:
        for medium in MEDIA:
            if name in MEDIA[medium].datasets:
                return MEDIA[medium].datasets[name]
        raise unknown("data set", name, self.names())

    def __contains__(self, name: str) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def names(self) -> list[str]:
        """All names, medium by medium."""
        return [name for medium in MEDIA for name in MEDIA[medium].datasets]


CATALOG = Catalog()
