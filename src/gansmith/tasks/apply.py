"""Apply a trained translator to files of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.counting import pluralize
from gansmith.data.scan import find_files
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.drawing.pixels import png_bytes, to_array, to_image
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.model import load
from gansmith.output_folder import OutputFolder
from gansmith.outputs import save_output
from gansmith.provenance.marking import EVERY_LAYER, Marking
from gansmith.run import home_of, provenance_of
from gansmith.translation import TILE, TranslationModel

AT_ONCE = 32
"""Pictures of one size that are translated together."""
COMPARED = 24
"""Pairs on the sheet of inputs and results."""
COMPARISON, SIDE = "comparison.png", 128


class Input(NamedTuple):
    """One file to translate.

    Attributes:
        path: The file.
        name: Relative path of its result, with forward slashes.
        sample: Stored sample [H, W, C].
        alpha: Its opacity, uint8 [H, W, 1], kept as it is; or None.
    """

    path: Path
    name: str
    sample: NDArray[Any]
    alpha: NDArray[np.uint8] | None


def apply(
    run: str | Path,
    inputs: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    strength: float = 1.0,
    log: LogFn = silent,
    marking: Marking = EVERY_LAYER,
) -> Path:
    """Translate pictures, each in its own size, and write them as PNG.

    Args:
        run: Run folder of a translation, or its `model.safetensors`.
        inputs: A file, a folder, or several of them.
        out: Folder, or FILE.png for one input; by default `applied` in the run.
        strength: Share of the way from the input, 0, to the translation, 1.
        log: Called with one line for each file that cannot be read.
        marking: Which marks of provenance the files get.

    Returns:
        The folder with the results and a sheet of inputs and results, or the file.

    Raises:
        GansmithError: The run has no translator, no file can be read, or `out` cannot be written.
    """
    model = load(run)
    if not isinstance(model, TranslationModel):
        raise GansmithError(
            f"{run} was trained for the task '{model.blueprint.task}' and takes no input: use "
            "`gansmith generate`"
        )
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    files = list(_files(given, model))
    provenance = provenance_of(run, None, marking)
    place = Path(out) if out is not None else home_of(run) / "applied"
    if place.suffix.lower() == ".png" and not place.is_dir():
        if len(files) != 1:
            raise GansmithError(
                f"--out {place.name} holds one picture, and there are {len(files)}: give a folder"
            )
        (only,) = _read(files, model, log)
        ((_, made),) = _translated(model, [only], strength)
        return save_output(place, png_bytes(to_image(made)), provenance)
    _check_apart(place, [path for path, _ in files])
    folder = OutputFolder(place, provenance, [*(name for _, name in files), COMPARISON])
    return _write(folder, model, _read(files, model, log), strength)


def _files(given: Iterable[str | Path], model: TranslationModel) -> Iterator[tuple[Path, str]]:
    """Yield each file with the name of its result; names are different."""
    suffixes = MEDIA[model.codec.name].suffixes
    taken: set[str] = set()
    for entry in map(Path, given):
        if not entry.exists():
            raise GansmithError(f"there is no file or folder {entry}")
        below = [entry.name] if entry.is_file() else find_files(entry)
        root = entry.parent if entry.is_file() else entry
        for name in below:
            if entry.is_dir() and not name.lower().endswith(suffixes):
                continue
            plain = PurePosixPath(name)
            result, number = plain.with_suffix(".png"), 1
            while str(result).casefold() in taken:
                number += 1
                result = plain.with_name(f"{plain.stem}-{number}.png")
            taken.add(str(result).casefold())
            yield root / name, str(result)
    if not taken:
        raise GansmithError(f"there are no pictures in {', '.join(map(str, given))}")


def _check_apart(place: Path, files: Iterable[Path]) -> None:
    """Check that results do not lie among the inputs, where a later call would read them."""
    if any(path.resolve().is_relative_to(place.resolve()) for path in files):
        raise GansmithError(f"{place} holds inputs: choose another folder with --out")


def _read(
    files: Sequence[tuple[Path, str]], model: TranslationModel, log: LogFn
) -> Iterator[Input]:
    """Read files; those that cannot be read are named and left out."""
    channels, failed = model.blueprint.spec.channels, 0
    for path, name in files:
        try:
            sample, alpha = model.codec.read_original(path, channels)
        except GansmithError as error:
            if len(files) == 1:
                raise
            failed += 1
            log(f"warning: left out: {error}")
            continue
        yield Input(path, name, sample, alpha)
    if failed == len(files):
        raise GansmithError(f"none of {pluralize(failed, 'file')} can be read as a picture")


def _write(
    folder: OutputFolder, model: TranslationModel, inputs: Iterator[Input], strength: float
) -> Path:
    compared: list[NDArray[np.uint8]] = []
    index = 0
    while block := list(islice(inputs, AT_ONCE)):
        for one, made in _translated(model, block, strength):
            provenance = folder.provenance.of_samples([index])[0]
            folder.add(one.name, png_bytes(to_image(made)), provenance)
            index += 1
            if len(compared) < 2 * COMPARED:
                compared += [_small(one.sample), _small(made)]
    folder.add_overview({COMPARISON: png_bytes(contact_sheet(np.stack(compared), columns=6))})
    folder.write_manifest(strength=strength)
    return folder.path


def _translated(
    model: TranslationModel, inputs: Sequence[Input], strength: float
) -> Iterator[tuple[Input, NDArray[np.uint8]]]:
    """Yield inputs and results, those of one size translated together; opacity is kept."""
    shapes = dict.fromkeys(one.sample.shape for one in inputs)
    results: dict[int, NDArray[Any]] = {}
    for shape in shapes:
        places = [k for k, one in enumerate(inputs) if one.sample.shape == shape]
        step = AT_ONCE if max(shape[:2]) <= TILE else 1
        for at in range(0, len(places), step):
            part = places[at : at + step]
            made = model.apply(np.stack([inputs[k].sample for k in part]), strength)
            results |= dict(zip(part, made, strict=True))
    for k, one in enumerate(inputs):
        alpha = [] if one.alpha is None else [one.alpha]
        yield one, np.concatenate([results[k], *alpha], axis=2)


def _small(sample: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit a sample into a square for the sheet, on white, in RGB."""
    image = to_image(sample).convert("RGBA")
    image.thumbnail((SIDE, SIDE))
    square = Image.new("RGBA", (SIDE, SIDE), "white")
    square.alpha_composite(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
    return to_array(square.convert("RGB"))
