"""Generate samples of a trained run: files, an array, a sheet, or an interpolation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.model import GeneratorModel, load_generator
from gansmith.outputs import (
    SampleFolder,
    check_collection_file,
    format_of_file,
    sample_names,
    save_collection,
    save_output,
)
from gansmith.run import home_of, provenance_of
from gansmith.verbs import GENERATIONS, Option, resolve_function


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
    if truncation is not None and model.generator.draws_tokens:
        raise GansmithError(
            "--truncation does not apply to text models: use --temperature or --top-p"
        )
    generation, provenance = MEDIA[model.codec.name].generation, provenance_of(run, seed)
    if options and generation is not None and generation.writes is not None:
        write, folder_out = resolve_function(generation.writes), None if out is None else Path(out)
        written = write(model, home_of(run), count, options, folder_out, provenance, log)
        if written is not None:
            return Path(written)
    labels = model.labels(count, seed, label)
    classes = labels.numpy() if labels is not None and model.label_names else None
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
        names = sample_names(count, numbers, model.label_names)
        folder = SampleFolder(place, provenance, model.codec, names, format_)
    if options:
        assert generation is not None
        function = resolve_function(generation.function)
        samples: NDArray[Any] = function(model, home_of(run), count, seed, labels, options, log)
        if len(samples) < count:
            count = len(samples)
            if folder is not None:
                names = sample_names(count, numbers, model.label_names)
                folder = SampleFolder(place, provenance, model.codec, names, format_)
    else:
        samples = model.sample(count, seed=seed, label=label, truncation=truncation)
    named = None if numbers is None else [model.label_names[k] for k in numbers]
    if single is not None:
        (origin,) = provenance.of_samples(1, named)
        save_output(place, model.codec.to_bytes(samples[0], single), origin)
        log(f"{pluralize(1, 'sample')} in {place}")
        return place
    if folder is None:
        save_collection(
            model.codec,
            samples,
            place,
            provenance,
            classes=classes,
            label_names=model.label_names,
        )
        log(f"{pluralize(len(samples), 'sample')} in {place}")
        return place
    given = {"tempo": tempo, "normalise": normalise}
    facts = {"truncation": truncation} | {k: v for k, v in given.items() if v is not None}
    folder.write(samples, provenance.of_samples(count, named), **facts)
    log(f"{pluralize(len(samples), 'sample')} in {place}")
    return place


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
) -> Path:
    """Interpolate between random samples along a closed path and write the result.

    Args:
        run: A run folder or a `generator.safetensors`.
        out: An animation, `.webp` or `.gif`; for sound, one continuous sound, `.wav` or `.flac`;
            or a folder with one file per step.
        frames: Number of steps; at least 2.
        seed: Seed of the samples on the path.
        label: Name or number of a class, for a conditional generator.
        format_: Format of the files, such as `wav24` for sound.
        tempo: As for `generate`.
        normalise: As for `generate`.

    Raises:
        GansmithError: There is no trained run, the label is unknown, or `out` cannot be written.
    """
    if frames < 2:
        raise GansmithError(f"--frames must be at least 2 (got {frames})")
    model, place, provenance = load_generator(run), Path(out), provenance_of(run, seed)
    _adapt(model, format_, tempo, normalise)
    if not place.suffix or place.is_dir():
        folder = SampleFolder(place, provenance, model.codec, sample_names(frames), format_)
        walk = model.interpolate(frames, seed=seed, label=label)
        facts: dict[str, object] = {"walk": frames} | ({} if label is None else {"label": label})
        folder.write(walk, provenance.of_samples(frames), **facts)
        return place
    takes = model.codec.interpolation_suffixes
    if place.suffix.lower() not in takes:
        raise GansmithError(f"--out takes {' or '.join(takes)}, or a folder, not '{place.name}'")
    if format_ is not None and format_of_file(model.codec, place, format_) is None:
        raise GansmithError(f"--format {format_} does not fit {place.name}: leave --format out")
    walks = [
        model.interpolate(frames, seed=seed + 1000 * k, label=label)
        for k in range(model.codec.walks)
    ]
    content = model.codec.interpolation_to_bytes(walks, place.suffix.lower())
    return save_output(place, content, provenance)
