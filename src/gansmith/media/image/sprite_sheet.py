"""Sprite sheets: all samples on one PNG, with the JSON table of frames that Aseprite exports.

Engines and frameworks read that table: Phaser, Godot and Unity importers, Bevy, LibGDX, Pixi.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.model import GeneratorModel
from gansmith.output_folder import OutputFolder, sample_names
from gansmith.outputs import Provenance
from gansmith.registry import unknown
from gansmith.sampling import generate_samples
from gansmith.verbs import Request

IMAGE, TABLE = "sprites.png", "sprites.json"
DURATION = 100
"""Milliseconds of a frame, Aseprite's own default."""
MOST_SIDE = 16_384
"""Pixels a side of the largest texture that most graphics cards take."""


def write_sprite_sheet(
    model: GeneratorModel,
    home: Path,
    provenance: Provenance,
    request: Request,
    log: LogFn,
) -> Path:
    """Write `sprites.png` and `sprites.json` to a folder; see `gansmith.verbs.Generation.writes`.

    Samples of a class stand together, and each class is a tag.

    Raises:
        GansmithError: The format is unknown, the samples are too many for one picture, or the
            folder cannot be written.
    """
    kind = request.options["sheet"]
    if kind not in TABLES:
        raise unknown("sheet", kind, list(TABLES))
    place = request.out or home / f"sheet-{request.seed}"
    if place.suffix and not place.is_dir():
        raise GansmithError(f"--sheet writes two files: give --out a folder, not {place.name}")
    output = OutputFolder(place, provenance, [IMAGE, TABLE])
    seed, total = request.seed, max(request.indices) + 1
    labels = model.labels(total, seed, request.label)
    classes = None if labels is None or not model.label_names else labels.tolist()
    chosen = sorted(request.indices, key=lambda k: (classes[k] if classes else 0, k))
    latents = model.latents(total, seed, request.truncation)[chosen]
    asked = None if labels is None else labels[chosen]
    samples = generate_samples(model.generator, model.codec, latents, asked)
    numbers = None if classes is None else [classes[k] for k in chosen]
    names = sample_names(chosen, numbers, model.label_names)
    tagged = [""] * len(chosen) if numbers is None else [model.label_names[k] for k in numbers]
    sheet, places = pack(samples)
    table = TABLES[kind](names, places, samples.shape[1:3], sheet.shape[:2], tagged)
    content = json.dumps(table, indent=1, ensure_ascii=False).encode() + b"\n"
    output.add_overview({IMAGE: model.codec.to_bytes(sheet, "png"), TABLE: content})
    output.write_manifest(sheet=kind)
    log(f"{pluralize(len(chosen), 'sprite')} in {place / IMAGE} and {TABLE}")
    if model.blueprint.spec.alpha and (empty := int((~samples[..., -1].any((1, 2))).sum())):
        log(f"warning: {empty} of them wholly transparent: train longer")
    return place


def pack(samples: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], list[tuple[int, int]]]:
    """Lay samples [N, H, W, C] out in a grid that is about square.

    Returns:
        The sheet [H', W', C], empty cells transparent or black; and x and y of each sample.

    Raises:
        GansmithError: The sheet would be larger than textures may be.
    """
    count, height, width, channels = samples.shape
    columns = min(count, max(1, math.ceil(math.sqrt(count * height / width))))
    rows = math.ceil(count / columns)
    if max(rows * height, columns * width) > MOST_SIDE:
        raise GansmithError(
            f"{count:,} samples of {height} x {width} do not fit on a sheet of {MOST_SIDE:,} "
            "pixels a side: ask for fewer with -n"
        )
    sheet = np.zeros((rows * height, columns * width, channels), np.uint8)
    places = [(k % columns * width, k // columns * height) for k in range(count)]
    for sample, (x, y) in zip(samples, places, strict=True):
        sheet[y : y + height, x : x + width] = sample
    return sheet, places


def _aseprite(
    names: Sequence[str],
    places: Sequence[tuple[int, int]],
    size: tuple[int, int],
    sheet: tuple[int, int],
    tagged: Sequence[str],
) -> dict[str, Any]:
    """Return the table as `aseprite --format json-hash --list-tags` writes it.

    Args:
        names: Of the frames.
        places: x and y of each.
        size: Height and width of a frame.
        sheet: Height and width of the sheet.
        tagged: Tag of each frame, equal ones together; "" for none.
    """
    height, width = size
    whole = {"w": width, "h": height}
    frames = {
        name: {
            "frame": {"x": x, "y": y, **whole},
            "rotated": False,
            "trimmed": False,
            "spriteSourceSize": {"x": 0, "y": 0, **whole},
            "sourceSize": whole,
            "duration": DURATION,
        }
        for name, (x, y) in zip(names, places, strict=True)
    }
    tags, start = [], 0
    for tag, members in groupby(tagged):
        end = start + len(list(members)) - 1
        if tag:
            tags.append({"name": tag, "from": start, "to": end, "direction": "forward"})
        start = end + 1
    meta = {
        "app": "gansmith",
        "version": "1.3",
        "image": IMAGE,
        "format": "RGBA8888",
        "size": {"w": sheet[1], "h": sheet[0]},
        "scale": "1",
        "frameTags": tags,
        "slices": [],
    }
    return {"frames": frames, "meta": meta}


TABLES: dict[str, Callable[..., dict[str, Any]]] = {"aseprite": _aseprite}
"""Tables of frames by name: functions of names, places, sizes of frame and sheet, and tags."""
