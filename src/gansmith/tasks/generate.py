"""Write samples of a trained run: files, an array, a sheet, or a walk between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.media.text.codec import TextCodec
from gansmith.media.text.generate import TextGenerationConfig, generate_text
from gansmith.medium import suffix
from gansmith.model import GeneratorModel, load_generator
from gansmith.outputs import claim, file_names, record
from gansmith.storage.atomic import atomic_file


def generate(
    run: str | Path,
    count: int = 64,
    *,
    seed: int = 0,
    label: str | int | None = None,
    truncation: float | None = None,
    out: str | Path | None = None,
    format_: str | None = None,
    tempo: float | None = None,
    wish: TextGenerationConfig | None = None,
) -> Path:
    """Make samples and write them.

    Args:
        run: A run folder or a `generator.safetensors`.
        count: How many samples.
        seed: The same seed gives the same samples.
        label: Name or number of a class, for a conditional generator.
        truncation: Largest latent in standard deviations; lower is more typical, less varied.
        out: `NAME.png` for a sheet, `NAME.npz` for an array, for texts `NAME.txt` or `NAME.jsonl`,
            else a folder for one file a sample. Left out, `samples-SEED` in the run: a folder, or
            a `.txt` of texts.
        format_: Kind of single files, such as `wav24` or `flac` for sound; left out, the usual.
        tempo: Beats a minute of loops, in place of those that were trained on; pitch stays.
        wish: What is asked of texts.

    Returns:
        What was written.

    Raises:
        GansmithError: There is no trained run, the label is unknown, or `out` cannot be written.
    """
    model = load_generator(run)
    if tempo is not None:
        model.codec = model.codec.time_stretched(tempo)
    if truncation is not None and model.generator.draws_tokens:
        raise GansmithError("--truncation is not for texts: ask for --temperature or --top-p")
    labels = model.labels(count, seed, label)
    if wish is not None and wish.given:
        texts = generate_text(model, home_of(run), count, seed, labels, wish)
        assert isinstance(model.codec, TextCodec)
        longest = max(map(len, texts)) if wish.form else None
        samples: NDArray[Any] = model.codec.pack(texts, longest)
    else:
        samples = model.sample(count, seed=seed, label=label, truncation=truncation)
    classes = labels if model.label_names else None
    usual = f"samples-{seed}" + "".join(model.codec.collections[:1])
    place = Path(out) if out is not None else home_of(run) / usual
    if place.suffix and not place.is_dir():
        _write_one_file(model, samples, classes, place, seed)
    else:
        facts = {"run": str(run), "seed": seed, "truncation": truncation}
        facts |= {} if tempo is None else {"tempo": tempo}
        numbers = None if classes is None else classes.tolist()
        write_files(model, samples, numbers, place, facts, format_)
    return place


def _write_one_file(
    model: GeneratorModel, samples: NDArray[Any], labels: Tensor | None, place: Path, seed: int
) -> None:
    """Write all samples as a sheet, an array, or a file of many."""
    collections = model.codec.collections
    if place.suffix == ".png":
        with atomic_file(place) as partial:
            model.codec.sheet(samples).save(partial, format="PNG")
    elif place.suffix == ".npz":
        arrays: dict[str, Any] = {"samples": samples}
        arrays |= {} if labels is None else {"labels": labels.numpy()}
        with atomic_file(place) as partial:
            np.savez_compressed(partial, **arrays)
    elif place.suffix in collections:
        names = None if labels is None else [model.label_names[k] for k in labels.tolist()]
        model.codec.write_all(samples, place, list(_facts(len(samples), seed, names)))
    else:
        takes = ", ".join(("a folder", "a .npz", *(f"a {ending}" for ending in collections)))
        raise GansmithError(
            f"--out takes {takes} or a .png, not '{place.name}'; a folder whose name has a dot "
            "must be there already"
        )


def _facts(count: int, seed: int, labels: list[str] | None) -> Iterator[dict[str, Any]]:
    """Yield what is known of each sample."""
    for index in range(count):
        yield {"seed": seed, "index": index} | ({} if labels is None else {"label": labels[index]})


def home_of(run: str | Path) -> Path:
    """Return the folder of a run that is named by itself or by a file in it."""
    return Path(run) if Path(run).is_dir() else Path(run).parent


def write_files(
    model: GeneratorModel,
    samples: NDArray[Any],
    labels: list[int] | None,
    place: Path,
    facts: dict[str, object],
    format_: str | None = None,
    names: list[str] | None = None,
) -> list[Path]:
    """Write one file a sample, what helps to look them over, and a manifest of how each was made.

    Args:
        model: Made the samples.
        samples: As its medium stores them.
        labels: Class of each, for the names of files.
        place: The folder.
        facts: For the manifest.
        format_: As for :func:`generate`.
        names: Names of the files; left out, their numbers and labels.

    Raises:
        GansmithError: The format is unknown, or the folder is a run, holds the manifest of
            something else, or cannot be written to.
    """
    digits = len(str(len(samples) - 1))
    names = names or [f"{index:0{digits}d}" for index in range(len(samples))]
    if labels is not None:
        classes = file_names(model.label_names)
        names = [f"{n}-{classes[k]}" for n, k in zip(names, labels, strict=True)]
    ending = suffix(model.codec.chosen_format(format_))
    before = claim(place, [f"{name}.{ending}" for name in names])
    paths = model.codec.write(samples, place, names, format_)
    files = [{"file": path.name, "index": index} for index, path in enumerate(paths)]
    record(place, facts, files, model.codec.write_overview(samples, place, names), before)
    return paths


def interpolate(
    run: str | Path,
    out: str | Path,
    *,
    frames: int = 120,
    seed: int = 0,
    label: str | int | None = None,
) -> Path:
    """Write a closed walk between random samples.

    Args:
        run: A run folder or a `generator.safetensors`.
        out: A film, `.webp` or `.gif`; for sound, one continuous sound, `.wav` or `.flac`; or a
            folder for one file a step.
        frames: Steps of the walk; at least 2.
        seed: Of the samples on the way.
        label: Name or number of a class, for a conditional generator.

    Raises:
        GansmithError: There is no trained run, the label is unknown, or `out` cannot be written.
    """
    if frames < 2:
        raise GansmithError(f"a walk of {frames} steps does not move: ask for at least 2")
    model, place = load_generator(run), Path(out)
    if not place.suffix or place.is_dir():
        walk = model.interpolate(frames, seed=seed, label=label)
        facts: dict[str, object] = {"run": str(run), "seed": seed, "walk": frames}
        facts |= {} if label is None else {"label": label}
        write_files(model, walk, None, place, facts)
        return place
    takes = model.codec.interpolation_suffixes
    if place.suffix.lower() not in takes:
        raise GansmithError(
            f"a walk is written as {' or '.join(takes)}, or into a folder, not as '{place.name}'"
        )
    walks = [
        model.interpolate(frames, seed=seed + 1000 * k, label=label)
        for k in range(model.codec.walks)
    ]
    model.codec.write_interpolation(walks, place)
    return place
