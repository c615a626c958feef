"""Files that `solve` and `repair` take, apart from what earlier calls of them wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from gansmith.data.scan import find_files
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.levels.legend import LEGEND, Legend, load_legend
from gansmith.media.levels.reading import SUFFIXES
from gansmith.storage.atomic import require_writable
from gansmith.storage.reading import read_json

REPAIRS, SOLUTIONS = "repairs.json", "solutions.json"
"""What `repair` and `solve` write into `--out`: an entry a level."""


class _Entry(BaseModel):
    """What counts here of an entry."""

    file: str
    level: str
    picture: str | None = None


class _Repaired(_Entry):
    repaired: bool
    edits: list[Any]


class _Answered(_Entry):
    outcome: str


def level_files(given: Sequence[Path], log: LogFn = silent) -> list[Path]:
    """List files, and those in folders that may hold levels, but for earlier results.

    Args:
        given: Files and folders.
        log: Takes a line for each sub-folder that is passed over.

    Raises:
        GansmithError: There is no such file or folder.
    """
    found: list[Path] = []
    for entry in given:
        if not entry.exists():
            raise GansmithError(f"there is no file or folder {entry}")
        found += _below(entry, log) if entry.is_dir() else [entry]
    return found


def _below(root: Path, log: LogFn) -> Iterator[Path]:
    """Yield files of levels in a folder; sub-folders with results are passed over as a whole."""
    names = [PurePosixPath(name) for name in sorted(find_files(root, log))]
    results: dict[PurePosixPath, set[str]] = {}
    for name in names:
        if name.name in (REPAIRS, SOLUTIONS):
            written = _written(root / name)
            if written:
                results.setdefault(name.parent, set()).update(written)
    own = results.pop(PurePosixPath("."), set())
    for folder in results:
        log(f"passed over {root / folder}: gansmith wrote the results in it")
    for name in names:
        ours = str(name) in own or not results.keys().isdisjoint(name.parents)
        if name.suffix.lower() in SUFFIXES and not ours:
            yield root / name


def _written(path: Path) -> set[str]:
    """Names of a list of results and of its pictures; none if it is not of gansmith."""
    try:
        entries: Sequence[_Entry] = (
            read_json(path, list[_Repaired])
            if path.name == REPAIRS
            else read_json(path, list[_Answered])
        )
    except GansmithError:
        return set()
    pictures = {entry.picture for entry in entries if entry.picture}
    return {path.name, *pictures} if entries else set()


def with_legends(
    paths: Sequence[Path], named: Sequence[Path], legend: Path | None, log: LogFn
) -> list[tuple[Path, Legend]]:
    """Load the legend of each file; those of folders that have none are named and left out.

    Args:
        paths: Files of levels.
        named: Those that were given themselves, without which a call cannot go on.
        legend: Of all files; by default `legend.yaml` beside each.
        log: Takes a line for each file that is left out.

    Raises:
        GansmithError: The given legend, or that of a named file, is missing or cannot be read.
    """
    found = []
    for path in paths:
        try:
            found.append((path, legend_of_file(path, legend)))
        except GansmithError as error:
            if legend is not None or path in named:
                raise
            log(f"warning: left out: {error}")
    return found


def legend_of_file(path: Path, legend: Path | None) -> Legend:
    """Load the legend of a file of levels: the given one, or `legend.yaml` beside it.

    Raises:
        GansmithError: There is none, or it cannot be read.
    """
    place = legend or path.parent / LEGEND
    if not place.is_file():
        raise GansmithError(
            f"{path} has no legend: write {place} with the roles of its symbols, or give "
            "--legend FILE"
        )
    return load_legend(place)


def check_apart(out: Path, inputs: Sequence[Path], results: str) -> None:
    """Check that results replace neither inputs nor what others wrote.

    Args:
        out: Folder of the results; it need not exist.
        inputs: Files of levels.
        results: Name of the list of results.

    Raises:
        GansmithError: They would, or `out` cannot be written.
    """
    require_writable(out, folder=True)
    if any(path.resolve().is_relative_to(out.resolve()) for path in inputs):
        raise GansmithError(f"{out} holds inputs: choose another folder with --out")
    if (out / results).exists() and not _written(out / results):
        raise GansmithError(
            f"{out / results} exists and gansmith did not write it: choose another folder with "
            "--out"
        )
