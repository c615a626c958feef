"""GAN inversion: find the latent closest to a file, and generate variations of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.model import GeneratorModel, load_generator
from gansmith.output_folder import SampleFolder, previous_outputs
from gansmith.provenance.marking import EVERY_LAYER, Marking
from gansmith.run import home_of, provenance_of
from gansmith.sampling import generate_samples

DRAWN, STARTS, STEPS, RATE = 512, 8, 300, 0.05
SEARCH = 0x5EA7C4ED
"""Seed of the starting points; unlikely to be that of the variations. Its low 32 bits count."""
TYPICAL = 0.01
"""Weight of the penalty on latents whose length is unlike that of drawn ones."""


class Inversion(NamedTuple):
    """Result of an inversion.

    Attributes:
        latent: float32 [latent].
        label: Class, or None without labels.
        distance: Root mean square difference of network tensors, divided by that of random
            samples: 0 is an exact match, 1 is no closer than chance.
    """

    latent: Tensor
    label: int | None
    distance: float


def invert(
    run: str | Path,
    like: str | Path,
    count: int = 8,
    *,
    spread: float = 0.4,
    seed: int = 0,
    label: str | int | None = None,
    out: str | Path | None = None,
    format_: str | None = None,
    marking: Marking = EVERY_LAYER,
) -> tuple[Path, Inversion]:
    """Find the latent closest to a file, and write its sample and variations of it.

    Args:
        run: A run folder or a `generator.safetensors`.
        like: An image or a sound.
        count: Number of variations.
        spread: How much variations differ, in (0, 1]; 1 ignores the file.
        seed: Seed of the variations.
        label: Class to search in; by default all classes.
        out: Folder; by default `like-NAME` in the run.
        format_: As for `generate`.
        marking: As for `generate`.

    Returns:
        The folder, with `original`, `nearest` and the variations; and the result of the inversion.

    Raises:
        GansmithError: There is no trained run, the file cannot be read, or `out` cannot be written.
    """
    if not 0 < spread <= 1:
        raise GansmithError(f"--spread must be above 0 and at most 1 (got {spread:g})")
    place = Path(out) if out is not None else home_of(run) / f"like-{Path(like).stem}"
    if Path(like).resolve() in {(place / name).resolve() for name in previous_outputs(place)}:
        raise GansmithError(
            f"--out {place} contains the input file {like} and would be overwritten; choose "
            "another folder"
        )
    model = load_generator(run)
    model.codec = model.codec.for_format(format_)
    digits = len(str(count))
    names = ["original", "nearest", *(f"variation-{i:0{digits}d}" for i in range(1, count + 1))]
    provenance = provenance_of(run, seed, marking)
    folder = SampleFolder(place, provenance, model.codec, names, format_)
    shape = model.sample(1).shape[1:]
    original = torch.from_numpy(model.codec.read(Path(like), shape)[None])
    found = find_latent(model, model.codec.encode(original), label)
    around = model.latents(count, seed)
    varied = math.sqrt(1 - spread**2) * found.latent + spread * around
    latents = torch.cat([found.latent[None], varied])
    labels = None if found.label is None else torch.full((len(latents),), found.label)
    made = torch.from_numpy(generate_samples(model.generator, model.codec, latents, labels))
    samples = torch.cat([original, made]).numpy()
    facts: dict[str, object] = {"like": str(like), "spread": spread}
    facts["distance"] = round(found.distance, 4)
    if found.label is not None:
        facts["label"] = model.label_names[found.label]
    first, *others = provenance.of_samples(len(samples))
    folder.write(samples, [replace(first, generated=False), *others], **facts)
    return place, found


def find_latent(model: GeneratorModel, target: Tensor, label: str | int | None = None) -> Inversion:
    """Find the latent whose sample is closest to a tensor.

    Starts from the closest of many random latents and minimises the mean square difference by
    gradient descent; a penalty keeps the length of the latents near that of random ones.

    Args:
        model: A trained generator.
        target: [1, C, H, W] as networks see it.
        label: Class to search in; by default all classes.
    """
    latents = model.latents(DRAWN, SEARCH)
    typical = float(latents.square().mean())
    labels = model.labels(DRAWN, 0, label)
    if labels is not None and label is None:
        labels = torch.arange(DRAWN) % len(model.label_names)
    with torch.no_grad():
        drawn = _differences(model, latents, labels, target)
    best = drawn.argsort()[:STARTS]
    chosen = None if labels is None else labels[best]
    moved = latents[best].clone().requires_grad_(True)
    adam = torch.optim.Adam([moved], lr=RATE)
    for _ in range(STEPS):
        lengths = moved.square().mean(1)
        strange = TYPICAL * (lengths - typical).square()
        loss = (_differences(model, moved, chosen, target) + strange).sum()
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
    with torch.no_grad():
        reached = _differences(model, moved, chosen, target)
    first = int(reached.argmin())
    distance = math.sqrt(float(reached[first]) / max(float(drawn.median()), 1e-12))
    return Inversion(
        moved[first].detach(), None if chosen is None else int(chosen[first]), distance
    )


def _differences(
    model: GeneratorModel, latents: Tensor, labels: Tensor | None, target: Tensor
) -> Tensor:
    parts = [
        (model.generator(part, None if labels is None else labels[i : i + 64]) - target)
        .square()
        .flatten(1)
        .mean(1)
        for i, part in ((i, latents[i : i + 64]) for i in range(0, len(latents), 64))
    ]
    return torch.cat(parts)
