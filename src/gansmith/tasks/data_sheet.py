"""A look at a dataset before any training: samples from all over it, on one sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.captions.sheet import CAPTIONED, captioned_sheet
from gansmith.media.image.codec import ImageCodec
from gansmith.media.text.code_points import to_texts
from gansmith.medium import Codec
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
        GansmithError: The disk is full, or the place cannot be written to.
    """
    origin = Provenance(data=dataset.source, generated=False)
    if dataset.pictures is not None:
        assert dataset.labels is not None
        save_png(out, sheet_of_captions(dataset, dataset.train_indices), origin)
        return min(CAPTIONED, len(np.unique(dataset.labels[dataset.train_indices])))
    chosen = evenly_chosen(dataset, count)
    captions = None
    if dataset.labels is not None:
        captions = [dataset.label_names[label] for label in dataset.labels[chosen]]
    save_png(out, _medium(dataset).sheet(dataset.samples[chosen], captions=captions), origin)
    return len(chosen)


def sheet_of_captions(dataset: Dataset, side: NDArray[np.int64]) -> Image.Image:
    """Draw pictures of one side of the split with what is really written of them.

    Args:
        dataset: Captions and their pictures.
        side: Indices of the captions of that side.
    """
    assert dataset.pictures is not None and dataset.labels is not None
    labels = dataset.labels[side]
    chosen = np.random.default_rng(0).permutation(np.unique(labels))[:CAPTIONED]
    of = [to_texts(dataset.samples[side[labels == number]]) for number in chosen]
    return captioned_sheet(dataset.pictures[chosen], of)


def _medium(dataset: Dataset) -> Codec:
    """What draws the samples; nothing need be learnt for that."""
    if dataset.samples.dtype == AudioCodec.stored:
        return AudioCodec(dataset.rate, dataset.samples.shape[2])
    return ImageCodec()
