"""Preview of an augmentation: what the discriminator would see, before any training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.outputs import Provenance, save_png
from gansmith.recipe import AugmentConfig, Recipe
from gansmith.tasks.build import fit_codec
from gansmith.training.augment import Augmentation, require_suitable
from gansmith.training.augment_ops import OPERATIONS
from gansmith.training.engine import Engine


def preview(recipe: Recipe, dataset: Dataset, count: int = 8, log: LogFn = silent) -> Image.Image:
    """Draw training samples, what each operation does to them, and all operations together.

    Args:
        recipe: Names the operations and their probability.
        dataset: Where the samples come from.
        count: Samples a row, at least 1; fewer where there are fewer to train on.
        log: Takes what takes long: sounds may have their decoder trained first.

    Returns:
        A sheet of rows with captions: the samples; one row for each operation alone, applied to
        all of them; and all operations at the recipe's probability, or at its limit where the
        probability moves.

    Raises:
        GansmithError: The recipe has no operations, or they do not suit the samples.
    """
    config = recipe.augment
    if not config.ops:
        raise GansmithError(
            f"recipe '{recipe.name}' has no augmentation to show; choose some operations, such as "
            "--set augment.ops=flip,translation"
        )
    codec = fit_codec(recipe, dataset, log)
    require_suitable(config.ops, *codec.shape(dataset.samples.shape)[1:])
    chosen = np.ascontiguousarray(dataset.samples[evenly_chosen(dataset.train_indices, count)])
    samples = codec.encode(torch.from_numpy(chosen))
    alpha = codec.has_alpha(dataset.samples.shape)
    rows = {"real": samples, **_augmented(config, samples, recipe.training.seed, alpha)}
    captions = [text for caption in rows for text in (caption, *[""] * (len(samples) - 1))]
    shown = codec.decode(torch.cat(list(rows.values())))
    return codec.sheet(shown, columns=len(samples), captions=captions)


def write_preview(recipe: Recipe, dataset: Dataset, out: Path, log: LogFn = silent) -> None:
    """Write a :func:`preview` as PNG, whole or not at all.

    Raises:
        GansmithError: As :func:`preview`; or the disk is full or cannot be written to.
    """
    seed = recipe.training.seed
    origin = Provenance(recipe=recipe.name, seed=seed, data=dataset.source, generated=False)
    save_png(out, preview(recipe, dataset, log=log), origin)


def _augmented(config: AugmentConfig, samples: Tensor, seed: int, alpha: bool) -> dict[str, Tensor]:
    """Rows of changed samples by caption."""
    engine = Engine("32-true", seed, accelerator="cpu")
    fixed = config.target is None
    highest = config.probability if fixed else config.limit
    together = f"all, p = {highest:g}" if fixed else f"all, p up to {highest:g}"
    settings = {name: ((name,), 1.0) for name in OPERATIONS if name in config.ops}
    return {
        caption: Augmentation(AugmentConfig(ops=ops, probability=p), engine, alpha)(samples)
        for caption, (ops, p) in [*settings.items(), (together, (config.ops, highest))]
    }
