"""A sheet of samples from all over a dataset, before any training."""

from __future__ import annotations

from pathlib import Path

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.medium import MEDIA
from gansmith.outputs import Provenance, save_png


def write_data_sheet(dataset: Dataset, out: Path, count: int = 64) -> int:
    """Draw training samples as PNG, whole or not at all: pictures, or spectrograms of sounds.

    Args:
        dataset: Pictures or sounds, their labels below them; or pictures with their captions.
        out: The file.
        count: Samples to draw; fewer where there are fewer to train on.

    Returns:
        How many were drawn.

    Raises:
        GansmithError: Samples of this medium are not drawn, the disk is full, or the place cannot
            be written to.
    """
    medium = MEDIA[dataset.medium]
    if medium.draw is None:
        raise GansmithError(f"{dataset.source} holds {medium.kind}, which are not drawn")
    sheet, drawn = medium.draw(dataset, dataset.train_indices, count)
    save_png(out, sheet, Provenance(data=dataset.source, generated=False))
    return drawn
