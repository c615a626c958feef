"""Resolve what is trained: the recipe with all replacements, its run folder, and resuming."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.mirror_symmetry import mirror_symmetry
from gansmith.loading.catalog import CATALOG
from gansmith.log import LogFn
from gansmith.recipe import Recipe, load_recipe, override, parse_recipe, recipe_names
from gansmith.run import Run
from gansmith.storage.stored_array import store_array

FREE_ON_RESUME = {
    ("summary",),
    ("data", "consent"),
    ("training", "minutes"),
    ("training", "samples"),
    ("training", "checkpoint_seconds"),
    ("training", "log_every"),
    ("training", "frames"),
    ("evaluation",),
    ("health",),
}


def resolve(
    recipe: str | Recipe,
    data: str | Path | NDArray[Any] | Sequence[str | Path] | None = None,
    minutes: float | None = None,
    samples: int | None = None,
    settings: Iterable[str] = (),
) -> Recipe:
    """Return the recipe with everything replaced that the caller gave.

    Raises:
        GansmithError: A name or value is wrong.
    """
    if minutes is not None and samples is not None:
        raise GansmithError("give a budget in minutes or in samples, not both")
    chosen = (
        load_recipe(recipe, settings) if isinstance(recipe, str) else override(recipe, settings)
    )
    content = chosen.model_dump(mode="json")
    if minutes is not None or samples is not None:
        content["training"] |= {"minutes": minutes, "samples": samples}
    if isinstance(data, list | tuple):
        content["data"]["domains"] = [str(Path(part).expanduser().resolve()) for part in data]
        data = Path(content["data"]["domains"][-1]) if data else None
    if data is not None:
        content["data"]["source"] = str(store_array(data) if isinstance(data, np.ndarray) else data)
    source = Path(content["data"]["source"]).expanduser()
    if source.exists() and str(source) not in CATALOG:
        content["data"]["source"] = str(source.resolve())
    elif data is None and str(source) not in CATALOG and _is_built_in(recipe, str(source)):
        raise GansmithError(
            f"recipe '{chosen.name}' trains on your own files: give --data FOLDER (there are none "
            f"at ./{source})"
        )
    start = content["training"]["start_from"]
    if start is not None and Path(start).expanduser().exists():
        content["training"]["start_from"] = str(Path(start).expanduser().resolve())
    return parse_recipe(content)


def keep_choices(run: Run, recipe: Recipe) -> Recipe:
    """Return a recipe with what was chosen by the data when its run began."""
    if not recipe.augment.flip_if_symmetric:
        return recipe
    before = run.recipe().augment
    chosen = before.flip_if_symmetric and {*before.ops} == {*recipe.augment.ops, "flip"}
    return with_flip(recipe) if chosen else recipe


def choose_by_data(recipe: Recipe, dataset: Dataset, log: LogFn) -> Recipe:
    """Return a recipe with what the data decides: `augment.flip_if_symmetric`."""
    if not recipe.augment.flip_if_symmetric or "flip" in recipe.augment.ops:
        return recipe
    found = mirror_symmetry(dataset, recipe.training.seed)
    if found.p_value is None:
        log("augmentation: no flip, there are too few samples to ask whether they are symmetric")
        return recipe
    verdict = "cannot" if found.symmetric else "can"
    log(
        f"augmentation: {'flip' if found.symmetric else 'no flip'}, mirrored samples {verdict} be "
        f"told from real ones (p = {found.p_value:.3f})"
    )
    return with_flip(recipe) if found.symmetric else recipe


def with_flip(recipe: Recipe) -> Recipe:
    """Return a recipe whose augmentation mirrors."""
    return override(recipe, [f"augment.ops={','.join((*recipe.augment.ops, 'flip'))}"])


def _is_built_in(recipe: str | Recipe, source: str) -> bool:
    """Return whether this source is what a recipe of the package names."""
    if not isinstance(recipe, str) or recipe not in recipe_names():
        return False
    return load_recipe(recipe).data.source == source


def default_folder(recipe: Recipe, named: bool) -> Path:
    """Return `runs/RECIPE`, or `runs/RECIPE-DATA` where the caller named the data."""
    source = Path(recipe.data.source)
    if recipe.data.domains:
        parts = "-".join(Path(domain).name for domain in recipe.data.domains)
        return Path("runs") / f"{recipe.name}-{parts}"
    stem = source.name if source.is_dir() else source.stem
    return Path("runs") / (f"{recipe.name}-{stem}" if named else recipe.name)


def check_recipe(run: Run, recipe: Recipe) -> None:
    """Check that a recipe may be trained in a run folder, anew or going on.

    Raises:
        GansmithError: The folder holds something else, or a run of another recipe.
    """
    if not run.exists:
        run.check_usable()
        return
    changed = [".".join(path) for path in differences(run.recipe(), recipe)]
    if changed:
        raise GansmithError(
            f"{run.path} was started with another recipe ({', '.join(changed)} changed): repeat "
            "the old command to go on, or choose another folder with --out"
        )


def check_data(run: Run, dataset: Dataset) -> None:
    """Check that a run resumes with the data it was started with.

    Raises:
        GansmithError: The data has changed.
    """
    if run.facts().dataset.fingerprint != dataset.fingerprint:
        raise GansmithError(
            f"the data of {run.path} has changed since it was started ({dataset.source}): put it "
            "back as it was, or start again in another folder with --out"
        )


def differences(old: Recipe, new: Recipe) -> list[tuple[str, ...]]:
    """Return the paths of settings that differ and would change the training."""

    def walk(a: object, b: object, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        if a == b or path in FREE_ON_RESUME:
            return []
        if isinstance(a, dict) and isinstance(b, dict):
            keys = sorted({*a, *b})
            return [p for key in keys for p in walk(a.get(key), b.get(key), (*path, key))]
        return [path]

    return walk(old.model_dump(mode="json"), new.model_dump(mode="json"), ())
