"""Excerpts: a few generated samples beside real ones, to be heard or read in the report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.counting import linspace_indices
from gansmith.data.dataset import Dataset
from gansmith.medium import MEDIA
from gansmith.model import GeneratorModel
from gansmith.outputs import save_samples
from gansmith.run import Run
from gansmith.sampling import generate_samples

CLIPS, TEXTS = 12, 24


def write_excerpts(run: Run, model: GeneratorModel, dataset: Dataset, seed: int) -> None:
    """Keep in the run what its report lets people hear or read, where there is such a thing."""
    showcase = MEDIA[model.codec.name].showcase
    if showcase == "audio":
        for kind, samples, labels in excerpts(model, dataset, CLIPS, seed):
            names = [f"{index:02d}" for index in range(len(samples))]
            if labels is not None:
                names = [f"{n} {label}" for n, label in zip(names, labels, strict=True)]
            names = [name.replace("/", "_") for name in names]
            origin = run.provenance(generated=kind == "generated").of_samples(len(names), labels)
            save_samples(model.codec, samples, run.clips_dir / kind, names, origin, "flac")
    if showcase == "text":
        found = excerpts(model, dataset, TEXTS, seed)
        run.save_texts({kind: model.codec.texts(samples) for kind, samples, _ in found})


def excerpts(
    model: GeneratorModel, dataset: Dataset, count: int, seed: int
) -> Iterator[tuple[str, NDArray[Any], list[str] | None]]:
    """Yield `generated` and `real` with samples and the names of their labels.

    Both are asked for by the same labels, where there are any, and every class has its turn.
    """
    classes, labels, held_out = len(model.label_names), None, dataset.held_out_indices
    real = held_out[linspace_indices(len(held_out), count)]
    if classes and dataset.labels is not None:
        labels = torch.arange(count) * max(1, classes // count) % classes
        of = dataset.labels[held_out]
        turns = ((k, i // classes) for i, k in enumerate(labels.tolist()))
        real = np.concatenate([held_out[of == k][turn : turn + 1] for k, turn in turns])
    asked = model.labels(count, seed) if labels is None else labels
    made = generate_samples(model.generator, model.codec, model.latents(count, seed), asked)
    told = None if labels is None or dataset.labels is None else dataset.labels[real]
    yield "generated", made, None if labels is None else _named(model, labels.numpy())
    yield "real", dataset.samples[real], None if told is None else _named(model, told)


def _named(model: GeneratorModel, labels: NDArray[np.int64]) -> list[str]:
    return [model.label_names[label] for label in labels]
