"""Generate samples of a trained run: files, an array, a sheet, or an interpolation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.model import GeneratorModel, load_generator
from gansmith.output_folder import SampleFolder, sample_names
from gansmith.outputs import check_collection_file, format_of_file, save_collection, save_output
from gansmith.provenance.marking import EVERY_LAYER, Marking
from gansmith.run import home_of, provenance_of
from gansmith.sampling import generate_samples
from gansmith.storage.atomic import require_writable
from gansmith.verbs import GENERATIONS, Option, Request, resolve_function

ANIMATIONS = (".webp", ".gif")


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
    normalise: str | None = None,
    log: LogFn = silent,
    index: str | Sequence[int] | None = None,
    names: bool = False,
    marking: Marking = EVERY_LAYER,
    **options: Any,
) -> Path:
    """Generate samples and write them.

    Args:
        run: A run folder or a `generator.safetensors`.
        count: Number of samples.
        seed: The same seed gives the same samples.
        label: Name or number of a class, for a conditional generator.
        truncation: Largest latent in standard deviations; lower is more typical, less varied.
        out: `NAME.png` for a sheet, `NAME.npz` for an array, for texts `NAME.txt` or `NAME.jsonl`,
            else a folder with one file per sample. With a count of 1 also the file of one sample,
            such as `kick.wav`. By default `samples-SEED` in the run: a folder,
            or a `.txt` of texts.
        format_: Format of single files, such as `wav24` or `flac` for sound.
        tempo: Tempo of loops in beats per minute, instead of that of the data; pitch is kept.
        normalise: Loudness of sounds in LUFS such as "-14", or "peak"; by default as generated.
        log: Called with one line for what was written, and for what was left out.
        index: Numbers of samples of this seed, such as `[3, 7]` or "3,7,10-12", in place of the
            first `count`.
        names: Write number and class below each sample of a sheet.
        marking: Which marks of provenance the files get; recorded in the manifest of a folder.
        **options: Options of the medium, such as `prompt` and `temperature` for texts; see
            `gansmith generate --help`. None is the same as leaving an option out.

    Returns:
        Path of what was written.

    Raises:
        GansmithError: There is no trained run, the label is unknown, or `out` cannot be written.
    """
    model = load_generator(run)
    options = {name: value for name, value in options.items() if value is not None}
    _check_options(model, options)
    _adapt(model, format_, tempo, normalise)
    _check_truncation(model, truncation)
    generation, provenance = MEDIA[model.codec.name].generation, provenance_of(run, seed, marking)
    chosen = list(range(count) if index is None else dict.fromkeys(parse_indices(index)))
    folder_out = None if out is None else Path(out)
    request = Request(chosen, seed, label, truncation, folder_out, format_, options)
    require_writable(home_of(run) if folder_out is None else folder_out)
    if generation is not None and generation.delivers is not None:
        if index is not None or tempo is not None or normalise is not None:
            raise GansmithError(
                f"--index, --tempo and --normalise do not apply to {MEDIA[model.codec.name].kind}"
            )
        return Path(resolve_function(generation.delivers)(model, provenance, request, log))
    if options and generation is not None and generation.writes is not None:
        write = resolve_function(generation.writes)
        written = write(model, home_of(run), provenance, request, log)
        if written is not None:
            return Path(written)
    total, count = max(chosen) + 1, len(chosen)
    labels = model.labels(total, seed, label)
    classes = labels.numpy()[chosen] if labels is not None and model.label_names else None
    numbers = None if classes is None else classes.tolist()
    usual = f"samples-{seed}" + "".join(model.codec.collections[:1])
    place = Path(out) if out is not None else home_of(run) / usual
    folder, single = None, None
    if place.suffix and not place.is_dir():
        single = format_of_file(model.codec, place, format_) if count == 1 else None
        if single is not None:
            _adapt(model, single)
        else:
            check_collection_file(model.codec, place)
    else:
        stems = sample_names(chosen, numbers, model.label_names)
        folder = SampleFolder(place, provenance, model.codec, stems, format_)
    if options:
        assert generation is not None and generation.function is not None
        function = resolve_function(generation.function)
        every: NDArray[Any] = function(model, home_of(run), total, seed, labels, options, log)
        if len(every) < total:
            chosen = [number for number in chosen if number < len(every)]
            if folder is not None:
                stems = sample_names(chosen, numbers, model.label_names)
                folder = SampleFolder(place, provenance, model.codec, stems, format_)
        samples = every[chosen]
    else:
        latents = model.latents(total, seed, truncation)[chosen]
        asked = None if labels is None else labels[chosen]
        samples = generate_samples(model.generator, model.codec, latents, asked)
    named = None if numbers is None else [model.label_names[k] for k in numbers]
    if single is not None:
        (origin,) = provenance.of_samples(chosen, named)
        save_output(place, model.codec.to_bytes(samples[0], single), origin)
        log(f"{pluralize(1, 'sample')} in {place}")
        return place
    if folder is None:
        save_collection(
            model.codec,
            samples,
            place,
            provenance,
            indices=chosen,
            classes=classes,
            label_names=model.label_names,
            captions=sample_names(chosen, numbers, model.label_names) if names else None,
        )
        log(f"{pluralize(len(samples), 'sample')} in {place}")
        return place
    given = {"tempo": tempo, "normalise": normalise}
    facts = {"truncation": truncation} | {k: v for k, v in given.items() if v is not None}
    folder.write(samples, provenance.of_samples(chosen, named), **facts)
    earlier = pluralize(folder.removed, "file")
    replaced = f", and {earlier} of an earlier call removed" if folder.removed else ""
    log(f"{pluralize(len(samples), 'sample')} in {place}{replaced}")
    return place


def parse_indices(index: str | Sequence[int]) -> list[int]:
    """Return the numbers of samples, from a list or from text such as "3,7,10-12".

    Raises:
        GansmithError: It is something else, or there are none.
    """
    text = index if isinstance(index, str) else ",".join(map(str, index))
    parts = text.replace(" ", "").split(",")
    if not all(re.fullmatch(r"\d{1,6}(-\d{1,6})?", part) for part in parts):
        raise GansmithError(
            "--index takes numbers of samples, counted from 0 and below a million, such as "
            f"3,7,10-12 (got '{text}')"
        )
    ends = (part.split("-") for part in parts)
    found = [k for pair in ends for k in range(int(pair[0]), int(pair[-1]) + 1)]
    if not found:
        raise GansmithError(f"--index {text} names no sample: write ranges upwards, such as 3-7")
    return found


def _adapt(
    model: GeneratorModel,
    format_: str | None,
    tempo: float | None = None,
    normalise: str | None = None,
) -> None:
    """Give a model a codec for a file format, a tempo and a level.

    Raises:
        GansmithError: Samples of its medium have no such format, tempo or level.
    """
    if tempo is not None:
        model.codec = model.codec.time_stretched(tempo)
    if normalise is not None:
        model.codec = model.codec.normalised(normalise)
    if format_ is not None:
        model.codec = model.codec.for_format(format_)


def _check_truncation(model: GeneratorModel, truncation: float | None) -> None:
    if truncation is not None and model.generator.draws_tokens:
        raise GansmithError(
            "--truncation does not apply to text models: use --temperature or --top-p"
        )


def _ends(
    model: GeneratorModel,
    seed: int,
    truncation: float | None,
    start: int | None,
    end: int | None,
    index: str | Sequence[int] | None,
) -> Tensor | None:
    """Return the latents [N, latent] that an interpolation passes, or None for random ones.

    Raises:
        GansmithError: One end is missing, or there are two kinds of ends.
    """
    if (start is None) != (end is None) or (start is not None and index is not None):
        raise GansmithError("give both --from and --to, or --index with two or more numbers")
    if index is not None:
        chosen = parse_indices(index)
        if len(chosen) < 2:
            raise GansmithError("--index needs two or more numbers to interpolate between: 3,7")
        return model.latents(max(chosen) + 1, seed, truncation)[chosen]
    if start is None or end is None:
        return None
    return torch.cat([model.latents(1, of, truncation) for of in (start, end)])


def _check_options(model: GeneratorModel, options: dict[str, Any]) -> None:
    """Check that the model's medium has these options.

    Raises:
        GansmithError: It has not.
    """
    generation = MEDIA[model.codec.name].generation
    own = () if generation is None else [option.name for option in generation.options]
    for name in options:
        if name in own:
            continue
        media = [m for m in GENERATIONS if name in {o.name for o in GENERATIONS[m].options}]
        if not media:
            raise TypeError(f"generate() got an unexpected option '{name}'")
        flag = Option(name, str, "").flag
        raise GansmithError(
            f"{flag} only works with {' and '.join(media)} models; this one generates "
            f"'{model.codec.name}'"
        )


def interpolate(
    run: str | Path,
    out: str | Path,
    *,
    frames: int = 120,
    seed: int = 0,
    label: str | int | None = None,
    format_: str | None = None,
    tempo: float | None = None,
    normalise: str | None = None,
    truncation: float | None = None,
    start: int | None = None,
    end: int | None = None,
    index: str | Sequence[int] | None = None,
    grid: int | None = None,
    marking: Marking = EVERY_LAYER,
) -> Path:
    """Interpolate between samples and write the result.

    Without chosen ends, the path through random samples is closed. With ends, it begins and ends
    there; an animation plays it forwards and backwards.

    Args:
        run: A run folder or a `generator.safetensors`.
        out: An animation, `.webp` or `.gif`, of images with alpha; for sound, one continuous sound,
            `.wav` or `.flac`; or a folder with one file per step.
        frames: Number of steps; at least 2.
        seed: Seed of the samples on the path.
        label: Name or number of a class, for a conditional generator.
        truncation: As for `generate`.
        start: Seed of the sample to begin with; needs `end`.
        end: Seed of the sample to end with.
        index: Numbers of samples of `seed` to pass, in order, at least two; see `generate`.
        grid: Number of interpolations side by side in an animation.
        format_: Format of the files, such as `wav24` for sound.
        tempo: As for `generate`.
        normalise: As for `generate`.
        marking: As for `generate`.

    Raises:
        GansmithError: There is no trained run, the label is unknown, or `out` cannot be written.
    """
    if frames < 2:
        raise GansmithError(f"--frames must be at least 2 (got {frames})")
    model, place = load_generator(run), Path(out)
    provenance = provenance_of(run, seed, marking)
    _adapt(model, format_, tempo, normalise)
    _check_truncation(model, truncation)
    ends = _ends(model, seed, truncation, start, end, index)
    if not place.suffix or place.is_dir():
        stems = sample_names(range(frames))
        folder = SampleFolder(place, provenance, model.codec, stems, format_)
        walk = model.interpolate(frames, seed=seed, label=label, truncation=truncation, ends=ends)
        facts: dict[str, object] = {"walk": frames} | ({} if label is None else {"label": label})
        folder.write(walk, provenance.of_samples(range(frames)), **facts)
        return place
    takes = model.codec.interpolation_suffixes
    if place.suffix.lower() not in takes:
        raise GansmithError(f"--out takes {' or '.join(takes)}, or a folder, not '{place.name}'")
    if format_ is not None and format_of_file(model.codec, place, format_) is None:
        raise GansmithError(f"--format {format_} does not fit {place.name}: leave --format out")
    animated = place.suffix.lower() in ANIMATIONS
    if grid is not None and (not animated or ends is not None):
        raise GansmithError("--grid is for animations of random samples: leave it out")
    walks = [
        model.interpolate(
            frames, seed=seed + 1000 * k, label=label, truncation=truncation, ends=ends
        )
        for k in range(grid or (model.codec.walks if ends is None else 1))
    ]
    if animated and ends is not None:
        walks = [np.concatenate([walk, walk[-2:0:-1]]) for walk in walks]
    content = model.codec.interpolation_to_bytes(walks, place.suffix.lower())
    return save_output(place, content, provenance)
