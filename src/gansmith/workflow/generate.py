"""Write samples of a trained run: files, an array, a sheet or a film."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from gansmith.data.cache import atomic_file
from gansmith.errors import GansmithError
from gansmith.media.film import film_format, write_film
from gansmith.model import Model, load


def generate(
    run: str | Path,
    count: int = 64,
    *,
    seed: int = 0,
    label: str | int | None = None,
    truncation: float | None = None,
    out: str | Path | None = None,
) -> Path:
    """Make samples and write them.

    Args:
        run: A run folder or a `generator.safetensors`.
        count: How many samples.
        seed: The same seed gives the same samples.
        label: Name or number of a class, for a conditional generator.
        truncation: Largest latent in standard deviations; lower is more typical, less varied.
        out: `NAME.png` for a sheet, `NAME.npz` for an array, else a folder for one file a sample.
            Left out, a folder `samples-SEED` in the run.

    Returns:
        What was written.

    Raises:
        GansmithError: There is no trained run, the label is unknown, or `out` cannot be written.
    """
    model = load(run)
    samples = model.sample(count, seed=seed, label=label, truncation=truncation)
    labels = model.labels(count, seed, label)
    home = Path(run) if Path(run).is_dir() else Path(run).parent
    place = Path(out) if out is not None else home / f"samples-{seed}"
    if place.suffix == ".png":
        with atomic_file(place) as partial:
            model.medium.sheet(samples).save(partial, format="PNG")
    elif place.suffix == ".npz":
        arrays = {"samples": samples} | ({} if labels is None else {"labels": labels.numpy()})
        with atomic_file(place) as partial:
            np.savez_compressed(partial, **arrays)
    elif place.suffix:
        raise GansmithError(f"--out takes a folder, a .npz or a .png, not '{place.name}'")
    else:
        facts = {"run": str(run), "seed": seed, "truncation": truncation}
        _write_files(model, samples, None if labels is None else labels.tolist(), place, facts)
    return place


def _write_files(
    model: Model,
    samples: np.ndarray,
    labels: list[int] | None,
    place: Path,
    facts: dict[str, object],
) -> None:
    """Write one file a sample, and a manifest that tells how each was made."""
    digits = len(str(len(samples) - 1))
    names = [f"{index:0{digits}d}" for index in range(len(samples))]
    if labels is not None:
        names = [f"{n}-{model.label_names[k]}" for n, k in zip(names, labels, strict=True)]
    names = [name.replace("/", "_") for name in names]
    _forget_earlier(place)
    paths = model.medium.write(samples, place, names)
    files = [{"file": path.name, "index": index} for index, path in enumerate(paths)]
    with atomic_file(place / "manifest.json") as partial:
        partial.write_text(json.dumps(facts | {"files": files}, indent=1) + "\n", "utf-8")


def _forget_earlier(place: Path) -> None:
    """Remove the samples that an earlier call listed in this folder's manifest, and only those."""
    try:
        listed = json.loads((place / "manifest.json").read_text("utf-8"))["files"]
        names = [Path(entry["file"]).name for entry in listed]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in names:
        (place / name).unlink(missing_ok=True)


def interpolate(
    run: str | Path,
    out: str | Path,
    *,
    frames: int = 120,
    seed: int = 0,
    label: str | int | None = None,
) -> Path:
    """Write a film of a closed walk between random samples.

    Args:
        run: A run folder or a `generator.safetensors`.
        out: A `.webp` or `.gif`.
        frames: Pictures in the film; at least 2.
        seed: Of the samples on the way.
        label: Name or number of a class, for a conditional generator.

    Raises:
        GansmithError: There is no trained run, the label is unknown, or `out` cannot be written.
    """
    film_format(Path(out))
    if frames < 2:
        raise GansmithError(f"a film of {frames} frames does not move: ask for at least 2")
    model = load(run)
    walks = [model.interpolate(frames, seed=seed + 1000 * k, label=label) for k in range(16)]
    pictures: list[Image.Image] = [
        model.medium.sheet(np.stack([walk[frame] for walk in walks]), columns=4)
        for frame in range(frames)
    ]
    write_film(pictures, Path(out))
    return Path(out)
