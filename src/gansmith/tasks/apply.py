"""Apply a trained translator, face swap or editor of expressions to files of any size."""

from __future__ import annotations

import re
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
from gansmith.drawing.pixels import MODES, png_bytes, to_array, to_image
from gansmith.errors import GansmithError
from gansmith.expressions import ExpressionModel
from gansmith.faceswap import FaceSwapModel
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.model import Model, load
from gansmith.output_folder import UNLISTED, OutputFolder
from gansmith.outputs import save_output
from gansmith.provenance.marking import EVERY_LAYER, Marking
from gansmith.registry import unknown
from gansmith.run import home_of, provenance_of
from gansmith.tasks.editing import FILMS, Editing
from gansmith.tasks.face_choice import FaceChoice
from gansmith.tasks.swapping import Swapping
from gansmith.translation import TILE, TranslationModel

AT_ONCE = 32
"""Pictures of one size that are translated together."""
COMPARED = 24
"""Pairs on the sheet of inputs and results."""
COMPARISON, GRID, SIDE = "comparison.png", "domains.png", 128
IN_GRID = 8
"""Inputs on the sheet of all domains."""
LONGEST_STRIP = 64


class Input(NamedTuple):
    """One file to translate.

    Attributes:
        path: The file.
        name: Relative path of its result, with forward slashes.
        sample: Stored sample [H, W, C].
        alpha: Its opacity, uint8 [H, W, 1], kept as it is; or None.
        exif: Its EXIF data, kept but for the orientation, which is applied; empty without.
    """

    path: Path
    name: str
    sample: NDArray[Any]
    alpha: NDArray[np.uint8] | None
    exif: bytes = b""


class Wanted(NamedTuple):
    """What is made of each input.

    Attributes:
        strengths: One, or those of a strip.
        to: Name of the domain; None for the only one.
    """

    strengths: tuple[float, ...]
    to: str | None


Results = Iterator[tuple[Input, NDArray[np.uint8]]]
"""Inputs, each with results [S, H, W, C], one for each strength."""


def apply(
    run: str | Path,
    inputs: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    strength: float = 1.0,
    to: str | None = None,
    expression: Mapping[str, float] | None = None,
    strip: int | None = None,
    face: str = "largest",
    frames: bool = False,
    label: bool = True,
    log: LogFn = silent,
    marking: Marking = EVERY_LAYER,
) -> Path:
    """Translate pictures, each in its own size, and write them as PNG.

    Opacity and EXIF data are kept; pictures are turned upright and their colours are sRGB.

    Args:
        run: Run folder of a translation, a face swap or expressions, or its `model.safetensors`.
        inputs: A file, a folder, or several of them.
        out: Folder, or FILE.png for one input; by default `applied` in the run. With expressions
            also FILE.webp or FILE.gif: a film of one input, from no strength to the whole.
        strength: Share of the way from the input, 0, to the translation, 1.
        to: Name of the domain to translate to, where the run knows several. Of a face swap: whose
            faces they become; those of the second folder where it is left out.
        expression: Strengths by name, such as `{"smile": 0.7}`, of an editor of expressions.
        strip: Write strips of so many pictures side by side, from the input to `strength`.
        face: Of faces: `largest`, or `all` faces of a picture.
        frames: Of a face swap: the files are frames of a film, in the order of their names; where
            the face lies is smoothed over time.
        label: Of faces: write a visible label on each result.
        log: Called with one line for each file that is left out, or is an animation.
        marking: Which marks of provenance the files get.

    Returns:
        The folder with the results and a sheet of inputs and results, or the file.

    Raises:
        GansmithError: The run takes no input, an option is not for it, a name is unknown or
            missing, no file can be read, or `out` cannot be written.
    """
    if strip is not None and not 2 <= strip <= LONGEST_STRIP:
        raise GansmithError(
            f"a strip has 2 to {LONGEST_STRIP} pictures, not {strip}: give --strip 5"
        )
    if not 0 <= strength <= 1:
        raise GansmithError(f"strength is {strength:g}: it takes a number from 0 to 1")
    strengths = (strength,) if strip is None else tuple(np.linspace(0, strength, strip).tolist())
    model = load(run)
    _check_options(model, run, to=to, expression=expression, face=face, frames=frames)
    choice = FaceChoice(face, log)
    changing = _changing(model, to, expression, choice, label, strengths)
    if changing is not None and not label:
        log("warning: results carry no visible label (--no-label); say yourself what they are")
    if isinstance(model, TranslationModel) and changing is None:
        to = _domain(model, to)
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    grid = changing is None and isinstance(model, TranslationModel) and len(model.targets) > 2
    sheets = [COMPARISON, GRID] if grid else [COMPARISON]
    files = list(_files(given, model, sheets))
    if isinstance(model, FaceSwapModel) or (
        isinstance(model, ExpressionModel) and model.finds_faces
    ):
        choice.read(path for path, _ in files)
    if isinstance(changing, Swapping) and frames:
        changing.track((one.path, one.sample) for one in _read(files, model, silent))

    def results() -> Results:
        read = _read(files, model, log)
        if changing is not None:
            return _changed(changing, read, len(files), log)
        assert isinstance(model, TranslationModel)
        return _translated_all(model, read, Wanted(strengths, to))

    provenance = provenance_of(run, None, marking)
    place = Path(out) if out is not None else home_of(run) / "applied"
    suffix = "" if place.is_dir() else place.suffix.lower()
    film = suffix in FILMS and isinstance(changing, Editing)
    if suffix and suffix != ".png" and not film:
        films = f", or {' or '.join(FILMS)} for a film" if isinstance(changing, Editing) else ""
        raise GansmithError(
            f"--out {place.name} is no folder, and results are PNG: give a folder, or .png for one "
            f"picture{films}"
        )
    _check_apart(place, [path for path, _ in files])
    if suffix == ".png" or film:
        if len(files) != 1:
            raise GansmithError(
                f"--out {place.name} holds one picture, and there are {len(files)}: give a folder"
            )
        if film:
            assert isinstance(changing, Editing)
            (one,) = _read(files, model, log)
            content = changing.film(one.path, one.sample, one.alpha, suffix)
            return save_output(place, content, provenance)
        ((only, made),) = results()
        return save_output(place, _encoded(only, made), provenance)
    folder = OutputFolder(place, provenance, [*(name for _, name in files), *sheets])
    facts: dict[str, Any] = {} if to is None else {"to": to}
    if strip is not None:
        facts["strip"] = list(strengths)
    if changing is not None:
        facts |= changing.facts()
    shown = _write(folder, results())
    if grid:
        assert isinstance(model, TranslationModel)
        folder.add_overview({GRID: png_bytes(_grid(model, shown))})
    folder.write_manifest(strength=strength, **facts)
    return folder.path


def _check_options(
    model: Model,
    run: str | Path,
    *,
    to: str | None,
    expression: Mapping[str, float] | None,
    face: str,
    frames: bool,
) -> None:
    """Check that a model takes inputs, and that options are for its kind."""
    if not isinstance(model, TranslationModel | ExpressionModel):
        raise GansmithError(
            f"{run} was trained for the task '{model.blueprint.task}' and takes no input: use "
            "`gansmith generate`"
        )
    if expression is not None and not isinstance(model, ExpressionModel):
        raise GansmithError(
            f"{run} has no expressions: --expression is for runs of `gansmith train expressions`"
        )
    if frames and not isinstance(model, FaceSwapModel):
        raise GansmithError(f"{run} is no face swap: --frames is for those")
    if face != "largest" and not isinstance(model, FaceSwapModel | ExpressionModel):
        raise GansmithError(f"{run} changes whole pictures: leave --face out")
    if to is not None and isinstance(model, ExpressionModel):
        raise GansmithError(f"{run} changes expressions: use --expression instead of --to")


def _changing(
    model: Model,
    to: str | None,
    expression: Mapping[str, float] | None,
    choice: FaceChoice,
    label: bool,
    strengths: Sequence[float],
) -> Swapping | Editing | None:
    """Return what changes the faces of a picture; None for a model that translates whole ones."""
    if isinstance(model, ExpressionModel):
        return Editing(model, expression or {}, choice, label, strengths)
    if isinstance(model, FaceSwapModel):
        return Swapping(model, to, choice, label, strengths)
    return None


def _domain(model: TranslationModel, to: str | None) -> str | None:
    """Check that a domain is one of those that a model translates to."""
    if to is None and len(model.targets) <= 2:
        return None
    known = ", ".join(model.targets)
    if to is None:
        raise GansmithError(
            f"this run translates to {known}: say which, with --to {model.targets[0]}"
        )
    if to not in model.targets:
        raise unknown("domain", to, list(model.targets))
    return to


def _files(
    given: Iterable[str | Path], model: Model, sheets: Iterable[str]
) -> Iterator[tuple[Path, str]]:
    """Yield each file with the name of its result; names are different, also from the sheets'."""
    suffixes = MEDIA[model.codec.name].suffixes
    taken = {name.casefold() for name in sheets}
    before = len(taken)
    for entry in map(Path, given):
        if not entry.exists():
            raise GansmithError(f"there is no file or folder {entry}")
        below = [entry.name] if entry.is_file() else find_files(entry)
        root = entry.parent if entry.is_file() else entry
        for name in below:
            if entry.is_dir() and not name.lower().endswith(suffixes):
                continue
            plain = PurePosixPath(re.sub(f"[{re.escape(UNLISTED)}]", "_", name))
            result, number = plain.with_suffix(".png"), 1
            while str(result).casefold() in taken:
                number += 1
                result = plain.with_name(f"{plain.stem}-{number}.png")
            taken.add(str(result).casefold())
            yield root / name, str(result)
    if len(taken) == before:
        raise GansmithError(f"there are no pictures in {', '.join(map(str, given))}")


def _check_apart(place: Path, files: Iterable[Path]) -> None:
    """Check that results replace no input, nor lie among them, where a later call reads them."""
    for path in files:
        if place.is_file() and place.samefile(path):
            raise GansmithError(f"{place} is the input: choose another file with --out")
        if path.resolve().is_relative_to(place.resolve()):
            raise GansmithError(f"{place} holds inputs: choose another folder with --out")


def _read(files: Sequence[tuple[Path, str]], model: Model, log: LogFn) -> Iterator[Input]:
    """Read files; those that cannot be read are named and left out."""
    channels, failed = model.blueprint.spec.channels, 0
    for path, name in files:
        try:
            sample, alpha = model.codec.read_original(path, channels)
            exif = model.codec.read_exif(path)
        except GansmithError as error:
            if len(files) == 1:
                raise
            failed += 1
            log(f"warning: left out: {error}")
            continue
        if (frames := model.codec.count_frames(path)) > 1:
            log(f"warning: {path} has {frames} frames: only the first is taken")
        yield Input(path, name, sample, alpha, exif)
    if failed == len(files):
        raise GansmithError(f"none of {pluralize(failed, 'file')} can be read as a picture")


def _write(folder: OutputFolder, results: Results) -> list[NDArray[np.uint8]]:
    """Write results and a sheet that compares them with their inputs; return some inputs."""
    compared, first = list[NDArray[np.uint8]](), list[NDArray[Any]]()
    for index, (one, made) in enumerate(results):
        provenance = folder.provenance.of_samples([index])[0]
        folder.add(one.name, _encoded(one, made), provenance)
        if len(compared) < 2 * COMPARED:
            compared += [_in_square(one.sample), _in_square(made[-1])]
        if len(first) < IN_GRID:
            first.append(one.sample)
    folder.add_overview({COMPARISON: png_bytes(contact_sheet(np.stack(compared), columns=6))})
    return first


def _grid(model: TranslationModel, inputs: Sequence[NDArray[Any]]) -> Image.Image:
    """Draw inputs in a row, and below them their translations to each domain, with its name."""
    shown = [to_image(one).convert(MODES[model.blueprint.spec.channels]) for one in inputs]
    for image in shown:
        image.thumbnail((SIDE, SIDE))
    small = [to_array(image) for image in shown]
    rows = [small, *([model.apply(one[None], to=to)[0] for one in small] for to in model.targets)]
    drawn = [_in_square(sample) for row in rows for sample in row]
    names = ("input", *model.targets)
    return contact_sheet(np.stack(drawn), columns=len(inputs), row_names=names)


def _changed(
    changing: Swapping | Editing, inputs: Iterator[Input], total: int, log: LogFn
) -> Results:
    """Yield inputs and pictures with other faces; those without a face are named and left out."""
    done, first = 0, ""
    for one in inputs:
        try:
            made = changing(one.path, one.sample, one.alpha)
        except GansmithError as error:
            if total == 1:
                raise
            log(f"warning: left out: {error}")
            first = first or str(error)
            continue
        done += 1
        yield one, made
    if not done:
        raise GansmithError(f"none of {pluralize(total, 'picture')} can be changed; first: {first}")


def _translated_all(model: TranslationModel, inputs: Iterator[Input], wanted: Wanted) -> Results:
    while block := list(islice(inputs, AT_ONCE)):
        yield from _translated(model, block, wanted)


def _translated(model: TranslationModel, inputs: Sequence[Input], wanted: Wanted) -> Results:
    """Yield inputs and results, those of one size translated together.

    Opacity is kept.
    """
    shapes = dict.fromkeys(one.sample.shape for one in inputs)
    results: dict[int, NDArray[Any]] = {}
    for shape in shapes:
        places = [k for k, one in enumerate(inputs) if one.sample.shape == shape]
        step = AT_ONCE if max(shape[:2]) <= TILE else 1
        for at in range(0, len(places), step):
            part = places[at : at + step]
            stored = np.stack([inputs[k].sample for k in part])
            made = model.graded(stored, wanted.strengths, wanted.to)
            results |= dict(zip(part, made, strict=True))
    for k, one in enumerate(inputs):
        made = results[k]
        if one.alpha is not None:
            alpha = np.broadcast_to(one.alpha, (*made.shape[:3], 1))
            made = np.concatenate([made, alpha], axis=3)
        yield one, made


def _encoded(one: Input, made: NDArray[np.uint8]) -> bytes:
    """Encode results [S, H, W, C] side by side as PNG."""
    return png_bytes(to_image(np.concatenate(list(made), axis=1)), exif=one.exif)


def _in_square(sample: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit a sample into a square for the sheet, on white, in RGB; small ones are enlarged."""
    image = to_image(sample).convert("RGBA")
    image.thumbnail((SIDE, SIDE))
    factor = SIDE // max(image.size)
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    square = Image.new("RGBA", (SIDE, SIDE), "white")
    square.alpha_composite(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
    return to_array(square.convert("RGB"))
