"""Inspection of the domains of a translation, beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.data.inspection import Inspected
from gansmith.drawing.contact_sheet import side_by_side
from gansmith.errors import GansmithError
from gansmith.loading.open import each_domain, open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.outputs import Provenance, save_png
from gansmith.recipe import load_recipe

SHOWN, COLUMNS = 48, 16
"""Samples on a sheet, and in a row of it, over all domains."""


@dataclass(frozen=True)
class InspectedDomains:
    """What the inspection of several domains found.

    Attributes:
        domains: One inspection for each collection.
        warnings: What is likely to spoil a translation, one line each.
    """

    domains: tuple[Inspected, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `json.dumps` takes."""
        found = [domain.to_json() for domain in self.domains]
        return {"domains": found, "warnings": list(self.warnings)}


def inspect_domains(
    paths: Sequence[str],
    recipe: str = "style",
    settings: Iterable[str] = (),
    *,
    sheet: Path | None = None,
    log: LogFn = silent,
) -> InspectedDomains:
    """Inspect the domains of a translation and compare them.

    Args:
        paths: A path for each domain, or one whose sub-folders are the domains.
        recipe: Name or file of the recipe whose data settings apply.
        settings: Entries such as `data.size=64`.
        sheet: File for samples of all domains, side by side.
        log: Called with one line for each thing that takes long.

    Raises:
        GansmithError: The data cannot be read, or a domain is given twice.
    """
    chosen = load_recipe(recipe, settings)
    config = chosen.data.model_copy(update={"source": paths[0], "paired": False})
    if len(paths) > 1:
        config = config.model_copy(update={"domains": tuple(paths)})
    parts = each_domain(config) if config.domains else [config]
    collections = [resolve_source(part, log) for part in parts]
    medium = MEDIA[collections[0].medium]
    if others := {one.medium for one in collections} - {medium.name}:
        raise GansmithError(
            f"{collections[0].source} holds {medium.kind}, and another domain "
            f"{MEDIA[min(others)].kind}: give domains of one kind"
        )
    found = [medium.inspect(one, part) for one, part in zip(collections, parts, strict=True)]
    warnings = medium.compare(collections) if medium.compare is not None else []
    if sheet is not None:
        _draw(open_dataset(config, log=log), sheet)
    return InspectedDomains(tuple(found), tuple(warnings))


def _draw(dataset: Dataset, sheet: Path) -> None:
    if dataset.labels is None:
        raise GansmithError(
            f"{dataset.source} has no domains: give two paths, or a folder with sub-folders"
        )
    codec, count = MEDIA[dataset.medium].codec(), dataset.classes
    columns = max(2, COLUMNS // count)
    blocks = []
    for label in range(count):
        places = evenly_chosen(np.flatnonzero(dataset.labels == label), max(8, SHOWN // count))
        blocks.append(codec.sheet(dataset.samples[places], columns=columns))
    image = side_by_side(blocks, dataset.label_names)
    save_png(sheet, image, Provenance(data=dataset.source, generated=False))
