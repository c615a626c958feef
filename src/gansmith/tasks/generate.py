"""Write samples of a trained run: files, an array, a sheet, or a walk between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.captions.caption_folder import caption_folder
from gansmith.media.text.codec import TextCodec
from gansmith.media.text.generate import TextGenerationConfig, generate_text
from gansmith.model import load
from gansmith.outputs import (
    SampleFolder,
    check_collection_file,
    sample_names,
    save_collection,
    save_output,
)
from gansmith.run import home_of, provenance_of


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
    log: LogFn = silent,
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
        wish: Options of texts. If its picture is a folder, each picture in it gets a text file of
            `count` captions, beside it or in the folder `out`.
        log: Takes what was written, and what was left out, one line each.

    Returns:
        What was written.

    Raises:
        GansmithError: There is no trained run, the label is unknown, or `out` cannot be written.
    """
    model = load(run)
    if tempo is not None:
        model.codec = model.codec.time_stretched(tempo)
    if truncation is not None and model.generator.draws_tokens:
        raise GansmithError("--truncation is not for texts: ask for --temperature or --top-p")
    provenance, folder = provenance_of(run, seed), None
    if wish is not None and wish.picture is not None and wish.picture.is_dir():
        place_of_texts = None if out is None else Path(out)
        return caption_folder(model, home_of(run), count, wish, place_of_texts, provenance, log)
    labels = model.labels(count, seed, label)
    classes = labels.numpy() if labels is not None and model.label_names else None
    numbers = None if classes is None else classes.tolist()
    usual = f"samples-{seed}" + "".join(model.codec.collections[:1])
    place = Path(out) if out is not None else home_of(run) / usual
    if place.suffix and not place.is_dir():
        check_collection_file(model.codec, place)
    else:
        names = sample_names(count, numbers, model.label_names)
        folder = SampleFolder(place, provenance, model.codec, names, format_)
    if wish is not None and wish.given:
        texts = generate_text(model, home_of(run), count, seed, labels, wish, log)
        if len(texts) < count:  # of one picture, which has no class
            count = len(texts)
            if folder is not None:
                names = sample_names(count)
                folder = SampleFolder(place, provenance, model.codec, names, format_)
        assert isinstance(model.codec, TextCodec)
        longest = max(map(len, texts)) if wish.form else None
        samples: NDArray[Any] = model.codec.pack(texts, longest)
    else:
        samples = model.sample(count, seed=seed, label=label, truncation=truncation)
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
    named = None if numbers is None else [model.label_names[k] for k in numbers]
    facts = {"truncation": truncation} | ({} if tempo is None else {"tempo": tempo})
    folder.write(samples, provenance.of_samples(count, named), **facts)
    log(f"{pluralize(len(samples), 'sample')} in {place}")
    return place


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
    model, place, provenance = load(run), Path(out), provenance_of(run, seed)
    if not place.suffix or place.is_dir():
        folder = SampleFolder(place, provenance, model.codec, sample_names(frames))
        walk = model.interpolate(frames, seed=seed, label=label)
        facts: dict[str, object] = {"walk": frames} | ({} if label is None else {"label": label})
        folder.write(walk, provenance.of_samples(frames), **facts)
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
    content = model.codec.interpolation_to_bytes(walks, place.suffix.lower())
    return save_output(place, content, provenance)
