"""Captions of every picture in a folder, as a text file for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from gansmith.counting import pluralize
from gansmith.data.scan import find_files
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.media.captions.codec import CaptionCodec
from gansmith.media.image.reading import SUFFIXES
from gansmith.media.text.generate import TextGenerationConfig, generate_text
from gansmith.model import GeneratorModel
from gansmith.output_folder import OutputFolder
from gansmith.outputs import Provenance, save_output
from gansmith.verbs import Request


def write_captions(
    model: GeneratorModel,
    home: Path,
    provenance: Provenance,
    request: Request,
    log: LogFn,
) -> Path | None:
    """Write captions of a folder of pictures; see `gansmith.verbs.Generation.writes`."""
    config = TextGenerationConfig(**request.options)
    if config.picture is None or not config.picture.is_dir():
        return None
    return caption_folder(model, home, config, provenance, request, log)


def caption_folder(
    model: GeneratorModel,
    home: Path,
    config: TextGenerationConfig,
    provenance: Provenance,
    request: Request,
    log: LogFn,
) -> Path:
    """Write captions of each picture in a folder and its sub-folders, one on each line.

    Args:
        model: A generator of captions.
        home: Folder of the run.
        config: Options; `picture` is the folder.
        provenance: Origin of the captions.
        request: Captions of each picture, their seed, and the folder for the text files. Without
            one, each is written beside its picture; pictures that have a text file already are
            left out, so that no caption is ever replaced.
        log: Takes pictures that are left out, one line each, and the number of files.

    Returns:
        The folder of the text files.

    Raises:
        GansmithError: There is no picture, or a file cannot be written.
    """
    folder, codec, out = config.picture, model.codec, request.out
    assert folder is not None
    if not isinstance(codec, CaptionCodec):
        raise GansmithError("--picture only works with captions models")
    names = _pictures(folder)
    if not names:
        raise GansmithError(f"{folder} holds no pictures: give --picture a file or another folder")
    files = _text_files(folder, names, beside=out is None, log=log)
    written = OutputFolder(out, provenance, files.values()) if out is not None else None
    done = 0
    for index, (name, file) in enumerate(files.items()):
        asked = replace(config, picture=folder / name)
        try:
            codec.read_picture(folder / name)
        except GansmithError as error:
            log(f"warning: left out {error}")
            continue
        texts = generate_text(model, home, request.count, request.seed, None, asked, log)
        content = "".join(" ".join(text.split()) + "\n" for text in texts).encode()
        origin = replace(provenance, index=index)
        done += 1
        if written is None:
            save_output(folder / file, content, origin)
        else:
            written.add(file, content, origin)
    if written is not None:
        written.write_manifest(picture=str(folder))
    place = folder if out is None else out
    log(f"captions of {pluralize(done, 'picture')} in {place}")
    return place


def _pictures(folder: Path) -> list[str]:
    return [name for name in find_files(folder) if name.lower().endswith(tuple(SUFFIXES))]


def _text_files(folder: Path, names: Sequence[str], *, beside: bool, log: LogFn) -> dict[str, str]:
    """Return the text file of each picture; log pictures whose file is taken."""
    taken: dict[str, str] = {}
    if beside:
        notes = (name for name in find_files(folder) if name.lower().endswith(".txt"))
        taken = {note.casefold(): f"{note} exists" for note in notes}
    found: dict[str, str] = {}
    for name in names:
        file = PurePosixPath(name).with_suffix(".txt").as_posix()
        if file.casefold() in taken:
            log(f"left out {folder / name}: {taken[file.casefold()]}")
            continue
        taken[file.casefold()] = f"{file} is of {name}"
        found[name] = file
    return found
