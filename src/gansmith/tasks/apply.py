"""Apply a trained translator, face swap or editor of expressions to files of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from gansmith.expressions import ExpressionModel
from gansmith.faceswap import FaceSwapModel
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.model import Model, load
from gansmith.output_folder import OutputFolder
from gansmith.outputs import save_output
from gansmith.run import home_of, provenance_of
from gansmith.tasks.editing import FILMS, Editing
from gansmith.tasks.swapping import FACE_CHOICES, Swapping
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
    expression: Mapping[str, float] | None = None,
    strip: int | None = None,
    to: str | None = None,
    face: str = "largest",
    frames: bool = False,
    label: bool = True,
    log: LogFn = silent,
) -> Path:
    """Translate pictures, each in its own size, and write them as PNG.

    Args:
        run: Run folder of a translation, or its `model.safetensors`.
        inputs: A file, a folder, or several of them.
        out: Folder, or FILE.png for one input; by default `applied` in the run. With expressions
            also FILE.webp or FILE.gif: a film of one input, from no strength to the whole.
        strength: Share of the way from the input, 0, to the translation, 1.
        expression: Strengths by name, such as `{"smile": 0.7}`, of an editor of expressions.
        strip: Of an editor: make of each picture a row of this many, from the input on.
        to: Of a face swap: name of the person faces become; the second one where it is left out.
        face: Of faces: `largest`, or `all` faces of a picture.
        frames: Of a face swap: the files are frames of a film, in the order of their names; where
            the face lies is smoothed over time.
        label: Of faces: write a visible label on each result.
        log: Called with one line for each file that is left out.

    Returns:
        The folder with the results and a sheet of inputs and results, or the file.

    Raises:
        GansmithError: The run has no translator, no file can be read, or `out` cannot be written.
    """
    model = load(run)
    changing = _changing(model, str(run), strength, expression, strip, to, face, frames, label, log)
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    files = list(_files(given, model))
    if isinstance(changing, Swapping) and frames:
        changing.track((one.path, one.sample) for one in _read(files, model, silent))
    provenance = provenance_of(run, None)
    place = Path(out) if out is not None else home_of(run) / "applied"
    suffix = "" if place.is_dir() else place.suffix.lower()
    film = suffix in FILMS and isinstance(changing, Editing)
    if suffix == ".png" or film:
        if len(files) != 1:
            raise GansmithError(
                f"--out {place.name} holds one picture, and there are {len(files)}: give a folder"
            )
        (only,) = _read(files, model, log)
        if film:
            assert isinstance(changing, Editing)
            content = changing.film(only.path, only.sample, only.alpha, suffix)
            return save_output(place, content, provenance)
        if changing is not None:
            made = changing(only.path, only.sample, only.alpha)
        else:
            assert isinstance(model, TranslationModel)
            ((_, made),) = _translated(model, [only], strength)
        return save_output(place, png_bytes(to_image(made)), provenance)
    _check_apart(place, [path for path, _ in files])
    folder = OutputFolder(place, provenance, [*(name for _, name in files), COMPARISON])
    read = _read(files, model, log)
    if changing is None:
        assert isinstance(model, TranslationModel)
        return _write(folder, _blocks(model, read, strength), strength=strength)
    changed = _changed(changing, read, len(files), log)
    return _write(folder, changed, strength=strength, **changing.facts())


def _changing(
    model: Model,
    run: str,
    strength: float,
    expression: Mapping[str, float] | None,
    strip: int | None,
    to: str | None,
    face: str,
    frames: bool,
    label: bool,
    log: LogFn,
) -> Swapping | Editing | None:
    """Return what changes the faces of a picture; None for a model that translates whole ones."""
    changing: Swapping | Editing | None = None
    if face not in FACE_CHOICES:
        raise GansmithError(f"--face is '{face}': it takes {' or '.join(FACE_CHOICES)}")
    if isinstance(model, ExpressionModel):
        changing = Editing(model, expression or {}, strip, face, label, strength, log)
    elif not isinstance(model, TranslationModel):
        raise GansmithError(
            f"{run} was trained for the task '{model.blueprint.task}' and takes no input: use "
            "`gansmith generate`"
        )
    elif expression is not None or strip is not None:
        raise GansmithError(
            f"{run} has no expressions: --expression and --strip are for runs of `gansmith train "
            "expressions`"
        )
    elif isinstance(model, FaceSwapModel):
        changing = Swapping(model, to, face, label, strength, log)
    if not isinstance(changing, Swapping) and (to is not None or frames):
        raise GansmithError(f"{run} is no face swap: --to and --frames are for those")
    if changing is None and face != "largest":
        raise GansmithError(f"{run} changes whole pictures: leave --face out")
    if changing is not None and not label:
        log("warning: results carry no visible label (--no-label); say yourself what they are")
    return changing


def _files(given: Iterable[str | Path], model: Model) -> Iterator[tuple[Path, str]]:
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


def _read(files: Sequence[tuple[Path, str]], model: Model, log: LogFn) -> Iterator[Input]:
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
    folder: OutputFolder, results: Iterator[tuple[Input, NDArray[np.uint8]]], **facts: Any
) -> Path:
    compared: list[NDArray[np.uint8]] = []
    for index, (one, made) in enumerate(results):
        provenance = folder.provenance.of_samples([index])[0]
        folder.add(one.name, png_bytes(to_image(made)), provenance)
        if len(compared) < 2 * COMPARED:
            compared += [_small(one.sample), _small(made)]
    folder.add_overview({COMPARISON: png_bytes(contact_sheet(np.stack(compared), columns=6))})
    folder.write_manifest(**facts)
    return folder.path


def _blocks(
    model: TranslationModel, inputs: Iterator[Input], strength: float
) -> Iterator[tuple[Input, NDArray[np.uint8]]]:
    while block := list(islice(inputs, AT_ONCE)):
        yield from _translated(model, block, strength)


def _changed(
    changing: Swapping | Editing, inputs: Iterator[Input], total: int, log: LogFn
) -> Iterator[tuple[Input, NDArray[np.uint8]]]:
    """Yield inputs and pictures with other faces; those without a face are named and left out."""
    done = 0
    for one in inputs:
        try:
            made = changing(one.path, one.sample, one.alpha)
        except GansmithError as error:
            if total == 1:
                raise
            log(f"warning: left out: {error}")
            continue
        done += 1
        yield one, made
    if not done:
        raise GansmithError(f"no face is found in any of {pluralize(total, 'picture')}")


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
