"""More like this: find a sample of one's own in latent space, and vary around it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.model import Model, load
from gansmith.outputs import SampleFolder, previous_outputs
from gansmith.run import home_of, provenance_of
from gansmith.sampling import generate_samples

DRAWN, STARTS, STEPS, RATE = 512, 8, 300, 0.05
SEARCH = 0x5EA7C4ED
"""Seed of the search, which hardly anyone asks for variations by; only its low 32 bits count."""
TYPICAL = 0.01
"""Weight of how far a latent's length is from that of drawn ones: only such make good samples."""


class Inversion(NamedTuple):
    """Where a sample lies.

    Attributes:
        latent: float32 [latent].
        label: Class, or None without labels.
        distance: Root mean square difference of network tensors, over that of drawn samples: 0 is
            the very sample, 1 is no nearer than chance.
    """

    latent: Tensor
    label: int | None
    distance: float


def similar(
    run: str | Path,
    like: str | Path,
    count: int = 8,
    *,
    spread: float = 0.4,
    seed: int = 0,
    label: str | int | None = None,
    out: str | Path | None = None,
    format_: str | None = None,
) -> tuple[Path, Inversion]:
    """Write what a generator has that comes nearest to a file, and variations of it.

    Args:
        run: A run folder or a `generator.safetensors`.
        like: A picture or a sound.
        count: How many variations.
        spread: How far they go, in (0, 1]; 1 forgets the file.
        seed: Of the variations.
        label: Class to look in; left out, all of them.
        out: Folder; left out, `like-NAME` in the run.
        format_: As for `generate`.

    Returns:
        The folder, with `original`, `nearest` and the variations; and what was found.

    Raises:
        GansmithError: There is no trained run, the file cannot be read, or `out` cannot be written.
    """
    if not 0 < spread <= 1:
        raise GansmithError(f"a spread of {spread} is none: it takes a number above 0, at most 1")
    place = Path(out) if out is not None else home_of(run) / f"like-{Path(like).stem}"
    if Path(like).resolve() in {(place / name).resolve() for name in previous_outputs(place)}:
        raise GansmithError(f"{like} lies in {place}, whose samples would go: choose another --out")
    model = load(run)
    digits = len(str(count))
    names = ["original", "nearest", *(f"variation-{i:0{digits}d}" for i in range(1, count + 1))]
    provenance = provenance_of(run, seed)
    folder = SampleFolder(place, provenance, model.codec, names, format_)
    shape = model.sample(1).shape[1:]
    original = torch.from_numpy(model.codec.read(Path(like), shape)[None])
    found = project(model, model.codec.encode(original), label)
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


def project(model: Model, target: Tensor, label: str | int | None = None) -> Inversion:
    """Find the latent whose sample comes nearest to a tensor.

    The nearest of many drawn latents are followed down the gradient of the mean square difference;
    their length is held near that of drawn ones.

    Args:
        model: A trained generator.
        target: [1, C, H, W] as networks see it.
        label: Class to look in; left out, all of them.
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


def _differences(model: Model, latents: Tensor, labels: Tensor | None, target: Tensor) -> Tensor:
    parts = [
        (model.generator(part, None if labels is None else labels[i : i + 64]) - target)
        .square()
        .flatten(1)
        .mean(1)
        for i, part in ((i, latents[i : i + 64]) for i in range(0, len(latents), 64))
    ]
    return torch.cat(parts)
