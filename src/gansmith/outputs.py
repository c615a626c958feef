"""Generated files: the only code through which they reach the disk, each with its provenance.

A codec, a drawing or a report makes bytes; :func:`save_output` writes them. Caches, checkpoints,
`generator.safetensors` with the tokenizer beside it, recipes, metrics and the manifests of runs are
bookkeeping of a training: they are written by `gansmith.storage.atomic` and carry their origin in
their own fields.

Samples depend on the generator, the seed and the options only: the same command gives the same
pixels. The record of a file holds its time of writing; with SOURCE_DATE_EPOCH set (see
https://reproducible-builds.org/specs/source-date-epoch), and without a certificate, files are equal
to the last byte.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.codec import Codec, suffix
from gansmith.drawing.pixels import png_bytes
from gansmith.errors import GansmithError
from gansmith.provenance.carriers import CARRIERS, SIDECAR
from gansmith.provenance.identity import load_identity
from gansmith.provenance.marking import EVERY_LAYER, Marking, marked, with_label
from gansmith.provenance.record import Record, outside_bytes, shortened, unique_id
from gansmith.storage.atomic import atomic_file


@cache
def _version() -> str:
    try:
        return version("gansmith")
    except PackageNotFoundError:
        return "not installed"


def _now() -> str:
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        now = datetime.fromtimestamp(int(fixed), UTC) if fixed.isdecimal() else datetime.now(UTC)
    except (OSError, OverflowError, ValueError):
        raise GansmithError(
            f"SOURCE_DATE_EPOCH is '{fixed[:40]}': it must be a time in seconds since 1970"
        ) from None
    return now.isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a file comes from; plain values, ready for JSON.

    Attributes:
        run: Run folder or generator file; None where no run is involved. Several runs are
            separated by commas.
        recipe: Name of the recipe that the run was trained by, where it is known.
        seed: Of the samples; of files that show a whole run, the seed of its training.
        index: Number of the sample among those of one call; None for files of many samples.
        label: Class of the sample, where it is known.
        data: Source of the real data (`Dataset.source`), for real samples outside a run.
        generated: Whether the file holds samples that a generator made. False for real samples,
            charts and labels, which must not be marked as synthetic.
        model: SHA-256 of the trained model; None while it is being trained.
        gansmith: Version that wrote the file.
        created: Time of writing, ISO 8601 in UTC.
        marking: Which marks the file gets.
    """

    run: str | None = None
    recipe: str | None = None
    seed: int | None = None
    index: int | None = None
    label: str | None = None
    data: str | None = None
    generated: bool = True
    model: str | None = None
    gansmith: str = field(default_factory=_version)
    created: str = field(default_factory=_now)
    marking: Marking = EVERY_LAYER

    def without_mark(self) -> Provenance:
        """Return the same without the invisible mark, which shows on the margins of sheets."""
        return replace(self, marking=replace(self.marking, mark=False))

    def to_json(self) -> dict[str, Any]:
        """Return what is known, as plain values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def record(self, content: bytes) -> Record:
        """Return the record of a file: what others may know of where it comes from.

        Args:
            content: The file without its record.
        """
        return Record(
            id=unique_id(content, self.created, self.run, self.seed, self.index),
            created=self.created,
            system="gansmith",
            version=self.gansmith,
            model=self.model,
            run=shortened(Path(self.run).name if self.run else None),
            recipe=shortened(self.recipe),
            seed=self.seed,
            index=self.index,
            label=shortened(self.label),
        )

    def of_samples(
        self, indices: int | Sequence[int], labels: Sequence[str] | None = None
    ) -> list[Provenance]:
        """Return the provenance of each sample.

        Args:
            indices: Numbers of the samples, or how many there are, numbered from 0.
            labels: Class of each.
        """
        numbers = range(indices) if isinstance(indices, int) else indices
        return [
            replace(self, index=k, label=labels[place] if labels is not None else None)
            for place, k in enumerate(numbers)
        ]

    @classmethod
    def of_several(cls, parts: Sequence[Provenance]) -> Provenance:
        """Return the provenance of a file that shows several runs; a seed only if all share it."""
        seeds = {part.seed for part in parts}
        return cls(
            run=", ".join(part.run or "" for part in parts),
            recipe=", ".join(dict.fromkeys(part.recipe or "" for part in parts)),
            seed=seeds.pop() if len(seeds) == 1 else None,
        )


Payload = bytes | Callable[[BinaryIO], object]
"""Content of a file, or what writes it to an open file: large arrays are not held twice."""
Finisher = Callable[[bytes, Provenance], bytes]
"""Takes the content of a file and returns it with marks or metadata of its provenance."""


def _layers(suffix: str) -> Finisher:
    """Return what puts the layers of provenance into files of a kind that can hold them."""

    def finish(content: bytes, provenance: Provenance) -> bytes:
        if not (provenance.generated and provenance.marking.layers):
            return content
        return marked(content, suffix, provenance.record(content), provenance.marking)

    return finish


def _text_label(content: bytes, provenance: Provenance) -> bytes:
    asked = provenance.generated and provenance.marking.label
    return with_label(content, ".txt") if asked else content


FINISHERS: dict[str, list[Finisher]] = {suffix: [_layers(suffix)] for suffix in CARRIERS}
"""Finishers by suffix in lower case (".png"), applied in order before a file gets its name."""
FINISHERS[".txt"] = [_text_label]


def outside_record(path: Path, provenance: Provenance) -> Record | None:
    """Return the record of a written file that does not hold one; None for all others."""
    if not (provenance.generated and provenance.marking.layers):
        return None
    content, carrier = path.read_bytes(), CARRIERS.get(path.suffix.lower())
    if carrier is not None and (carrier.mime or carrier.parts(content)[0] is not None):
        return None
    record = replace(provenance.record(content), provider=load_identity().provider)
    return record.sealed(outside_bytes(content, record))


def save_output(
    path: Path, payload: Payload, provenance: Provenance, *, sidecar: bool = True
) -> Path:
    """Write one generated file, whole or not at all; missing parent folders are made.

    Args:
        path: The file, replaced if it exists.
        payload: Its content.
        provenance: Where it comes from, for the finishers of its suffix.
        sidecar: Whether the record of a file that cannot hold one is written beside it, to
            `NAME.provenance.json`; otherwise the caller keeps it.

    Returns:
        The path.

    Raises:
        GansmithError: The disk is full, or the file cannot be written.
    """
    with atomic_file(path) as partial:
        if isinstance(payload, bytes):
            partial.write_bytes(payload)
        else:
            with partial.open("wb") as file:
                payload(file)
        for finish in FINISHERS.get(path.suffix.lower(), ()):
            partial.write_bytes(finish(partial.read_bytes(), provenance))
    if sidecar:
        _save_beside(path, outside_record(path, provenance))
    return path


def _save_beside(path: Path, record: Record | None) -> None:
    """Write the record of a file beside it, or remove that of an earlier one."""
    place = path.with_name(path.name + SIDECAR)
    if record is None:
        place.unlink(missing_ok=True)
        return
    with atomic_file(place) as partial:
        partial.write_text(json.dumps(record.to_json(), indent=1) + "\n", "utf-8")


def save_png(path: Path, image: Image.Image, provenance: Provenance) -> Path:
    """Write an image to a file whose name the user chose.

    Raises:
        GansmithError: The name does not end in .png, or as :func:`save_output`.
    """
    if path.suffix.lower() != ".png":
        raise GansmithError(f"the picture is a PNG: name it FILE.png, not '{path.name}'")
    return save_output(path, png_bytes(image), provenance)


def save_samples(
    codec: Codec,
    samples: NDArray[Any],
    directory: Path,
    names: Sequence[str],
    provenances: Sequence[Provenance],
    format_: str | None = None,
) -> list[Path]:
    """Write one file for each sample.

    Args:
        codec: Encodes the samples.
        samples: Stored samples [N, H, W, C].
        directory: Folder for the files; made if missing.
        names: N file names without suffix.
        provenances: Where each sample comes from.
        format_: One of the codec's `formats`; the first if left out.

    Returns:
        Paths of the files, in order.

    Raises:
        GansmithError: The format is unknown, or as :func:`save_output`.
    """
    chosen = codec.chosen_format(format_)
    return [
        save_output(
            directory / f"{name}.{suffix(chosen)}", codec.to_bytes(sample, chosen), provenance
        )
        for sample, name, provenance in zip(samples, names, provenances, strict=True)
    ]


def format_of_file(codec: Codec, path: Path, format_: str | None = None) -> str | None:
    """Return the format of a file with a single sample, from its name.

    Args:
        codec: Encodes the sample.
        path: The file.
        format_: Format that was asked for, if any; it must fit the name.

    Returns:
        One of the codec's `formats`, or None if the name is that of no such file.

    Raises:
        GansmithError: The format is unknown or does not fit the name.
    """
    ending = path.suffix.lower()
    if ending in codec.collections:
        return None
    fitting = [known for known in codec.formats if f".{suffix(known)}" == ending]
    if format_ is None or not fitting:
        return fitting[0] if fitting else None
    if codec.chosen_format(format_) not in fitting:
        raise GansmithError(
            f"--format {format_} does not fit {path.name}: name the file "
            f"{path.stem}.{suffix(format_)}, or leave --format out"
        )
    return format_


def format_of_only_file(
    codec: Codec, path: Path | None, count: int, format_: str | None = None
) -> str | None:
    """Return the format where a path names the file of the only sample, None where a folder.

    Args:
        codec: Encodes the samples.
        path: Where to; None for a folder by default.
        count: Number of files that would be written.
        format_: As for :func:`format_of_file`.

    Raises:
        GansmithError: It names a file, and there are several, or the codec has no such format.
    """
    if path is None or not path.suffix or path.is_dir():
        return None
    found = format_of_file(codec, path, format_)
    if found is None:
        endings = ", ".join(dict.fromkeys(f".{suffix(known)}" for known in codec.formats))
        raise GansmithError(
            f"--out takes a folder, or with -n 1 one of {endings}, not '{path.name}'; a folder "
            "whose name has a dot must exist already"
        )
    if count > 1:
        raise GansmithError(
            f"--out {path.name} is one file, and there are {count:,}: give a folder, or ask for one"
        )
    return found


def check_collection_file(codec: Codec, path: Path) -> None:
    """Check that all samples can be written to one file of this name.

    Raises:
        GansmithError: The codec has no such kind of file.
    """
    if path.suffix not in (".png", ".npz", *codec.collections):
        takes = ", ".join(("a folder", "a .npz", *(f"a {ending}" for ending in codec.collections)))
        if format_of_file(codec, path) is not None:
            raise GansmithError(f"--out {path.name} holds one sample: add -n 1, or give a folder")
        raise GansmithError(
            f"--out takes {takes} or a .png, not '{path.name}'; a folder whose name has a dot "
            "must exist already"
        )


def save_collection(
    codec: Codec,
    samples: NDArray[Any],
    path: Path,
    provenance: Provenance,
    *,
    indices: Sequence[int] | None = None,
    classes: NDArray[np.int64] | None = None,
    label_names: Sequence[str] = (),
    captions: Sequence[str] | None = None,
) -> Path:
    """Write all samples to one file: a sheet, an array, or a file that the codec knows.

    Args:
        codec: Draws or encodes the samples.
        samples: Stored samples [N, H, W, C].
        path: `.png` for a sheet, `.npz` for arrays `samples` and `labels`, or one of the codec's
            `collections`.
        provenance: Where the samples come from.
        indices: Number of each sample; from 0 if left out.
        classes: Class of each sample, where there are classes.
        label_names: Names of the classes.
        captions: Texts below the samples of a sheet, if any.

    Raises:
        GansmithError: As :func:`check_collection_file` and :func:`save_output`.
    """
    check_collection_file(codec, path)
    payload: Payload
    if path.suffix == ".png":
        payload = png_bytes(codec.sheet(samples, captions=captions))
    elif path.suffix == ".npz":
        arrays: dict[str, Any] = {"samples": samples} | (
            {} if classes is None else {"labels": classes}
        )

        def payload(file: BinaryIO) -> None:
            np.savez_compressed(file, **arrays)
    else:
        labels = None if classes is None else [label_names[k] for k in classes.tolist()]
        keys = ("seed", "index", "label")
        facts = [
            {key: value for key, value in one.to_json().items() if key in keys}
            for one in provenance.of_samples(indices or len(samples), labels)
        ]
        payload = codec.collection_to_bytes(samples, path.suffix, facts)
    return save_output(path, payload, provenance)
