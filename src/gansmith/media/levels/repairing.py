"""Repair levels in files: copies in the same format, in which only the changed cells differ."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.levels.games import Solved, Undecided
from gansmith.media.levels.grid import Grid
from gansmith.media.levels.inputs import REPAIRS, check_apart, level_files, with_legends
from gansmith.media.levels.legend import Count, Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading import TEXT, read_grids
from gansmith.media.levels.reading.picture import FORMATS, PictureGrid
from gansmith.media.levels.reading.text import SOKOBAN
from gansmith.media.levels.repair import Repair, Requests, repair
from gansmith.media.levels.repair.requests import Region, cells_in, parse_counts, parse_regions
from gansmith.media.levels.solving import cells_of
from gansmith.media.levels.writing.ldtk_edit import replace_ldtk
from gansmith.media.levels.writing.picture import encode_preview
from gansmith.media.levels.writing.text import encode_csv, encode_text
from gansmith.media.levels.writing.tiled_edit import replace_tmj, replace_tmx
from gansmith.output_folder import safe_file_names
from gansmith.outputs import Provenance, save_output
from gansmith.storage.reading import JSON_BYTES, read_bytes

SUFFIX = "-repaired"
"""Added to the name of a copy beside its file."""
_REFERENCE = re.compile(
    rb"""("(?:source|image|relPath|template)"\s*:\s*"|\s(?:source|template)=")([^"]+)(")"""
)
_SEPARATE = re.compile(rb'"externalRelPath"\s*:\s*"([^"]+)"')


def repair_files(
    files: Sequence[Path],
    *,
    legend: Path | None = None,
    layer: str | None = None,
    lock: str | None = None,
    count: str | None = None,
    border: str | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    out: Path | None = None,
    log: LogFn = silent,
) -> int:
    """Repair all levels of files with few edits; each is solved, and its solution replayed.

    A file none of whose levels changes is not copied. A level that lacks cells to lock, and a file
    that cannot be read or written again, are named, and the others go on.

    Args:
        files: Files of levels, or folders of them.
        legend: What the symbols are; by default `legend.yaml` beside each file.
        layer: The layer that is the level, in files of Tiled and LDtk.
        lock: Cells that stay, such as "3,4 1-5,2-9": columns, rows, from 1.
        count: Wanted counts, such as "box=3 key=1..2", by symbol or role.
        border: Symbol that all cells at the edge get.
        seconds: Time for each level.
        seed: Of the search.
        out: Folder for the copies, pictures with the changed cells framed, and `repairs.json`; by
            default a copy is put beside each file, with "-repaired" in its name.
        log: Called with a line for each level, and a summary.

    Returns:
        Levels that are not repaired, and files that were left out.

    Raises:
        GansmithError: There is no file or legend, a request is none, or `out` cannot be written or
            holds inputs.
    """
    listed: list[dict[str, Any]] = []
    names: set[str] = set()
    regions = parse_regions((lock or "").split())
    inputs = level_files(files, log)
    if out is not None:
        check_apart(out, inputs, REPAIRS)
    else:
        inputs = _without_copies(inputs, log)
    readable = with_legends(inputs, files, legend, log)
    failed, left_out = 0, len(inputs) - len(readable)
    for path, known in readable:
        counts = parse_counts((count or "").split(), known)
        Requests(counts=counts, border=border).check_names(known)
        try:
            grids = read_grids(path, layer=layer)
            if not grids:
                raise GansmithError(
                    f"{path} has no levels: add rows of symbols, or a layer of tiles"
                )
            levels = [grid.level(known) for grid in grids]
            done, facts = [], []
            for level in levels:
                result = _repaired(level, known, regions, counts, border, seconds, seed)
                log(f"{level.source}: {describe(result, level)}")
                done.append(result)
                facts.append(_facts(path, level, result))
            if any(result.edits for result in done):
                target = _target(path, out, names)
                _write(path, target, list(zip(grids, levels, done, strict=True)), known)
                log(f"wrote {target}")
            if out is not None:
                _write_pictures(out, path, list(zip(levels, done, facts, strict=True)), known)
            failed += sum(not result.solved for result in done)
            listed += facts
        except GansmithError as error:
            left_out += 1
            log(f"warning: left out: {error}")
    if not listed and not left_out:
        raise GansmithError(f"there are no levels in {', '.join(map(str, files))}")
    if out is not None and listed:
        text = json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
        save_output(out / REPAIRS, text.encode(), Provenance(generated=False))
    repaired = sum(bool(entry["edits"]) for entry in listed)
    fine = sum(entry["repaired"] and not entry["edits"] for entry in listed)
    summary = f"{repaired} repaired, {fine} unchanged, {failed} failed"
    more = f"; {pluralize(left_out, 'file')} left out" if left_out else ""
    log(f"{pluralize(len(listed), 'level')}: {summary}{more}")
    return failed + left_out


def _repaired(
    level: Level,
    legend: Legend,
    regions: Sequence[Region],
    counts: Mapping[str, Count],
    border: str | None,
    seconds: float,
    seed: int,
) -> Repair:
    """Repair a level of a file; without the cells that are to be locked, it is not repaired."""
    try:
        locked = cells_in(regions, level.size, "the level")
    except GansmithError as error:
        return Repair(None, (), False, Undecided(None), str(error))
    requests = Requests(locked, counts, border)
    return repair(level, legend, requests=requests, seconds=seconds, seed=seed)


def describe(result: Repair, level: Level) -> str:
    """Say in a line what became of a level."""
    if not result.solved:
        return f"not repaired: {result.reason}"
    assert isinstance(result.verdict, Solved)
    moves = pluralize(result.verdict.length, "move")
    if not result.edits:
        return f"unchanged: solved in {moves}"
    shown = ", ".join(
        f"'{edit.before}' to '{edit.after}' at {edit.column + 1},{edit.row + 1}"
        for edit in result.edits[:5]
    )
    more = f" and {len(result.edits) - 5} more" if len(result.edits) > 5 else ""
    fewest = ", the fewest" if result.proved_fewest else ""
    return (
        f"repaired with {pluralize(len(result.edits), 'edit')} ({result.share:.1%} of "
        f"{level.tiles.size} cells{fewest}): {shown}{more}; solved in {moves}, replayed"
    )


def _facts(path: Path, level: Level, result: Repair) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "file": str(path),
        "level": level.name,
        "repaired": result.solved,
        "edits": [
            {"column": e.column + 1, "row": e.row + 1, "from": e.before, "to": e.after}
            for e in result.edits
        ],
        "share": round(result.share, 6),
        "proved_fewest": result.proved_fewest,
    }
    if result.reason:
        facts["reason"] = result.reason
    if isinstance(result.verdict, Solved):
        moves = result.verdict.moves
        facts["moves"] = moves if isinstance(moves, str) else [list(cell) for cell in moves]
    return facts


def _target(path: Path, out: Path | None, taken: set[str]) -> Path:
    """Name the copy of a file; in one folder, files of equal names get numbers."""
    suffix = ".png" if path.suffix.lower() in FORMATS else path.suffix
    if out is None:
        return path.with_name(f"{path.stem}{SUFFIX}{suffix}")
    name, number = f"{path.stem}{suffix}", 2
    while name.lower() in taken:
        name, number = f"{path.stem}-{number}{suffix}", number + 1
    taken.add(name.lower())
    return out / name


def _without_copies(files: Sequence[Path], log: LogFn) -> list[Path]:
    """Pass over copies that lie beside their files, where this call puts its own."""
    copies = {_target(path, None, set()) for path in files}
    for path in files:
        if path in copies:
            log(f"passed over {path}: it is the copy of another file")
    return [path for path in files if path not in copies]


def _write(
    path: Path, target: Path, levels: Sequence[tuple[Grid, Level, Repair]], legend: Legend
) -> None:
    """Write the copy of a file, with its repaired levels in the place of the old ones."""
    suffix, provenance = path.suffix.lower(), Provenance(generated=False)
    changed = [
        (grid, entry, done.level) for grid, entry, done in levels if done.edits and done.level
    ]
    every = [done.level if done.level is not None else level for _, level, done in levels]
    if suffix in TEXT:
        save_output(target, encode_text(every, legend, sokoban=suffix in SOKOBAN), provenance)
    elif suffix == ".csv":
        if len(every) > 1:
            raise GansmithError(f"{path} has {len(every)} levels, takes 1 in CSV: part it")
        save_output(target, encode_csv(every[0], legend), provenance)
    elif suffix == ".ldtk":
        _write_project(path, target, [(old, new) for _, old, new in changed], legend)
    elif suffix in (".tmx", ".tmj", ".json"):
        data = read_bytes(path, JSON_BYTES)
        replace = replace_tmx if suffix == ".tmx" else replace_tmj
        for _, old, level in changed:
            data = replace(data, path, level, legend, layer=old.source.part)
        save_output(target, _relocated(data, path.parent, target.parent), provenance)
    else:
        grid, _, level = changed[0]
        assert isinstance(grid, PictureGrid), "what is left are pictures"
        side = next(iter(grid.pictures.values())).shape[0]
        picture = encode_preview(level, legend, side=side, pictures=grid.pictures)
        save_output(target, picture, provenance)


def _write_project(
    path: Path, target: Path, levels: Sequence[tuple[Level, Level]], legend: Legend
) -> None:
    """Copy a project of LDtk with the files of its levels, and put levels into the copy."""
    provenance = Provenance(generated=False)
    data = _relocated(read_bytes(path, JSON_BYTES), path.parent, target.parent)
    folder = target.parent
    if folder.resolve() != path.parent.resolve():
        for name in {match.decode() for match in _SEPARATE.findall(data)}:
            part = folder / name
            if folder.resolve() not in part.resolve().parents:
                raise GansmithError(
                    f"{path} has a level outside its folder ({name}): leave out --out"
                )
            save_output(part, read_bytes(path.parent / name, JSON_BYTES), provenance)
    elif _SEPARATE.search(data):
        raise GansmithError(f"{path} has levels in files of their own: give --out FOLDER")
    save_output(target, data, provenance)
    for old, level in levels:
        into, _, layer = old.source.part.rpartition("/")
        files = replace_ldtk(target.read_bytes(), target, level, legend, into=into, layer=layer)
        for place, content in files.items():
            save_output(place, content, provenance)


def _relocated(data: bytes, old: Path, new: Path) -> bytes:
    """Let files that a map names be found from another folder."""
    if old.resolve() == new.resolve():
        return data

    def moved(match: re.Match[bytes]) -> bytes:
        name = match[2].decode(errors="replace")
        if name.startswith("/") or not (old / name).is_file():
            return match[0]
        place = Path(os.path.relpath((old / name).resolve(), new.resolve())).as_posix()
        return match[1] + place.encode() + match[3]

    return _REFERENCE.sub(moved, data)


def _write_pictures(
    out: Path,
    path: Path,
    levels: Sequence[tuple[Level, Repair, dict[str, Any]]],
    legend: Legend,
) -> None:
    """Draw each repaired level with its solution and frames around what changed.

    The facts of a level get the name of its picture.
    """
    digits = len(str(len(levels)))
    names = safe_file_names(
        [f"{path.stem}-{k + 1:0{digits}d}-{level.name}" for k, (level, _, _) in enumerate(levels)]
    )
    for name, (_, result, facts) in zip(names, levels, strict=True):
        if not result.edits or result.level is None:
            continue
        assert isinstance(result.verdict, Solved)
        picture = encode_preview(
            result.level,
            legend,
            solution=cells_of(result.verdict.moves, result.level, legend),
            framed=[(edit.row, edit.column) for edit in result.edits],
        )
        facts["picture"] = f"{name}.png"
        save_output(out / facts["picture"], picture, Provenance(generated=False))
