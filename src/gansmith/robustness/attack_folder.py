"""Folders of attacked images: pictures, a sheet and figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch.nn import functional as F

from gansmith.data.dataset import evenly_chosen
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.drawing.pixels import png_bytes, to_image
from gansmith.output_folder import OutputFolder, sample_names
from gansmith.outputs import Provenance
from gansmith.robustness.attacking import AttackResult
from gansmith.robustness.page import to_stored, triples
from gansmith.robustness.unrestricted import Readings

SHOWN = 16
PRINT_SIDE = 720
"""Pixels of a side of the patch as it is saved for printing."""


def save_attack(found: AttackResult, folder: Path, provenance: Provenance) -> Path:
    """Write the attacked images as PNG, a sheet, figures, and a patch or perturbation.

    Args:
        found: The outcome.
        folder: Where to; files that no earlier call wrote are never replaced.
        provenance: Where the files come from.

    Raises:
        GansmithError: The folder cannot be written, or holds other files of these names.
    """
    names = [f"{name}.png" for name in sample_names(found.indices)]
    overview = {"sheet.png": png_bytes(attack_sheet(found))}
    if found.extra is not None:
        overview |= _extras(found)
    content = json.dumps(found.to_json(), indent=2, ensure_ascii=False)
    overview["attack.json"] = content.encode()
    output = OutputFolder(folder, provenance, [*names, *overview])
    stored = to_stored(found.moved)
    for name, image, index, label in zip(names, stored, found.indices, found.labels, strict=True):
        own = replace(provenance, index=index, label=label)
        output.add(name, png_bytes(to_image(image)), own)
    output.add_overview(overview)
    output.write_manifest(method=found.method, data=found.data)
    return folder


def attack_sheet(found: AttackResult) -> Image.Image:
    """Draw images, what the attack made of them, and ten times the difference."""
    chosen = evenly_chosen(np.arange(len(found.originals)), SHOWN)
    captions = [(found.labels[k], f"> {found.said[k]}") for k in chosen.tolist()]
    return triples(found.originals[chosen], found.moved[chosen], captions)


def _extras(found: AttackResult) -> dict[str, bytes]:
    assert found.extra is not None
    if found.method == "patch":
        large = F.interpolate(found.extra[None], size=(PRINT_SIDE, PRINT_SIDE), mode="bicubic")
        return {
            "patch.png": png_bytes(to_image(to_stored(found.extra[None])[0])),
            "patch-to-print.png": png_bytes(to_image(to_stored(large.clamp(0, 1))[0])),
        }
    assert found.threat is not None
    span = float(found.extra.abs().amax().clamp_min(1e-6))
    shown = found.extra[None] / (2 * span) + 0.5
    return {"perturbation.png": png_bytes(to_image(to_stored(shown)[0]))}


def save_readings(
    found: Readings,
    folder: Path,
    provenance: Provenance,
    facts: Mapping[str, Any],
    only: Callable[[Readings], Any] = lambda found: found.misread,
) -> Path:
    """Write samples that a classifier misreads as PNG, with a sheet and figures.

    Args:
        found: What was read.
        folder: Where to.
        provenance: Of the samples.
        facts: Figures for `attack.json`.
        only: Which of the samples are written, bool [N].

    Raises:
        GansmithError: As :func:`save_attack`.
    """
    chosen = np.flatnonzero(only(found))
    names = [f"{name}.png" for name in sample_names(chosen.tolist())] if len(chosen) else []
    overview = {"attack.json": json.dumps(facts, indent=2, ensure_ascii=False).encode()}
    if len(chosen):
        overview["sheet.png"] = png_bytes(readings_sheet(found, chosen[:64].tolist()))
    output = OutputFolder(folder, provenance, [*names, *overview])
    for name, k in zip(names, chosen.tolist(), strict=True):
        own = replace(provenance, index=k, label=found.label_names[found.truth[k]])
        output.add(name, png_bytes(to_image(found.samples[k])), own)
    output.add_overview(overview)
    output.write_manifest()
    return folder


def readings_sheet(found: Readings, places: list[int]) -> Image.Image:
    """Draw samples; below each, what is right and what the target reads."""
    names = found.label_names
    captions = [f"{names[found.truth[k]]} > {names[found.target[k]]}" for k in places]
    return contact_sheet(found.samples[places], captions=captions)
