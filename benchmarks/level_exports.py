"""Level exports: does everybody read from an exported file what was written to it?

    GANSMITH_DATA=FOLDER python benchmarks/level_exports.py [--levels 100] [--tiled 5]

Levels of FOLDER/games that are text are written in each format and read again, by gansmith and by
other readers: pytiled-parser, PyTMX, ldtkpy, and Tiled itself, for the first few of each set, where
it is installed. Then every layer of the maps and projects of other people there gets its own tiles
in another order, in place, and is read again; all other layers must have stayed.

A row is a set of levels and a format: how many levels were written, and how many of them each
reader found equal in every cell.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import Grid, TileGrid, legend_of
from gansmith.media.levels.legend import EMPTY, Legend, load_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading import read_grids, read_levels
from gansmith.media.levels.writing.ldtk import encode_ldtk
from gansmith.media.levels.writing.ldtk_edit import replace_ldtk
from gansmith.media.levels.writing.picture import encode_tileset
from gansmith.media.levels.writing.text import encode_csv, encode_text
from gansmith.media.levels.writing.tiled import encode_tmj, encode_tmx
from gansmith.media.levels.writing.tiled_edit import replace_tmj, replace_tmx
from harness import write_rows
from level_formats import compared, tiled_readers
from level_readers import with_ldtkpy

SETS = ("boxoban", "sokoban-human", "goldrunner", "keydoor", "supertux", "gvgai", "vaults")
FORMATS = ("txt", "csv", "tmx", "tmj", "ldtk")
Row = dict[str, Any]


def encoded(level: Level, legend: Legend, format_: str) -> bytes:
    if format_ in ("tmx", "tmj"):
        encode = encode_tmx if format_ == "tmx" else encode_tmj
        return encode(level, legend, picture="tiles.png", side=8)
    if format_ == "csv":
        return encode_csv(level, legend)
    return (encode_text if format_ == "txt" else encode_ldtk)([level], legend)


def exported(name: str, levels: list[Level], legend: Legend, format_: str, tiled: int) -> Row:
    """Write levels in a format, and count who reads them again as they were."""
    row: Row = {"set": name, "format": format_, "levels": len(levels), "ours": 0}
    readers = {"ldtk": {"ldtkpy": with_ldtkpy}, "txt": {}, "csv": {}}.get(format_)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"level.{format_}")
        Path(folder, "tiles.png").write_bytes(encode_tileset(legend, side=8))
        for at, level in enumerate(levels):
            path.write_bytes(encoded(level, legend, format_))
            again = read_levels(path, legend).levels
            row["ours"] += len(again) == 1 and bool((again[0].tiles == level.tiles).all())
            others = tiled_readers(Path(folder)) if readers is None else readers
            if format_ == "tmj":
                others = {key: read for key, read in others.items() if key != "pytmx"}
            others = {key: read for key, read in others.items() if key != "tiled" or at < tiled}
            grids = [grid for grid in read_grids(path) if isinstance(grid, TileGrid)]
            for reader, verdict in compared(path, grids, others).items():
                row[reader] = row.get(reader, 0) + (verdict == "1 of 1")
                row[f"{reader} asked"] = row.get(f"{reader} asked", 0) + 1
    return row


def shuffled(grid: Grid, legend: Legend) -> Level:
    level = grid.level(legend)
    order = np.random.default_rng(0).permutation(level.tiles.size)
    flips = np.zeros(level.size, np.uint8) if level.flips is None else level.flips
    return dataclasses.replace(
        level,
        tiles=level.tiles.ravel()[order].reshape(level.size),
        flips=flips.ravel()[order].reshape(level.size),
    )


def edited(root: Path, kind: str) -> Row:
    """Shuffle the tiles of each layer of the maps or projects in a folder."""
    row: Row = {"set": kind, "format": "in place", "levels": 0, "ours": 0}
    for original in sorted(root.rglob("*")):
        if original.suffix not in (".tmx", ".tmj", ".json", ".ldtk"):
            continue
        project = root / original.relative_to(root).parts[0]
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(project, Path(folder, "copy"))
            path = copy / original.relative_to(project)
            try:
                grids = read_grids(path)
            except GansmithError:  # a tileset, or a map that is not orthogonal
                continue
            for at in range(len(grids)):
                one = _edited(path, copy, at)
                row = {**row, **{key: row.get(key, 0) + value for key, value in one.items()}}
    return row


def _edited(path: Path, project: Path, at: int) -> dict[str, int]:
    """Shuffle one layer, read the file again, and restore it."""
    before, data = read_grids(path), path.read_bytes()
    legend = legend_of(before)
    grid = before[at]
    level, changed = shuffled(grid, legend), {path: data}
    if path.suffix == ".ldtk":
        place, _, layer = grid.source.part.rpartition("/")
        changed = replace_ldtk(data, path, level, legend, into=place, layer=layer)
    else:
        replace = replace_tmx if path.suffix == ".tmx" else replace_tmj
        changed = {path: replace(data, path, level, legend, layer=grid.layer)}
    originals = {file: file.read_bytes() for file in changed}
    for file, new in changed.items():
        file.write_bytes(new)
    after = read_grids(path)
    expected = [level if number == at else each.level(legend) for number, each in enumerate(before)]
    same = [_equal(each.level(legend), own) for each, own in zip(after, expected, strict=True)]
    counts = {"levels": 1, "ours": int(all(same))}
    readers: dict[str, Callable[[Path], Any]] = {"ldtkpy": with_ldtkpy}
    if path.suffix != ".ldtk":
        readers = tiled_readers(project)
    layers = [each for each in after if isinstance(each, TileGrid)]
    for reader, verdict in compared(path, layers, readers).items():
        if not verdict.startswith("fails"):
            counts[reader] = int(verdict == f"{len(layers)} of {len(layers)}")
            counts[f"{reader} asked"] = 1
    for file, old in originals.items():
        file.write_bytes(old)
    return counts


def _equal(one: Level, other: Level) -> bool:
    flips = [np.asarray(0 if level.flips is None else level.flips) for level in (one, other)]
    return bool((one.tiles == other.tiles).all() and (flips[0] == flips[1]).all())


def levels_of(root: Path, most: int) -> tuple[list[Level], Legend]:
    """Some levels of a folder of text files, evenly over its files."""
    files = [file for file in sorted(root.rglob("*")) if file.suffix in (".txt", ".sok")]
    grids = [grid for file in files if "legend" not in file.name for grid in read_grids(file)]
    file = root / "legend.yaml"
    legend = load_legend(file) if file.exists() else legend_of(grids)
    chosen = grids[:: max(1, len(grids) // most)][:most]
    return [grid.level(legend) for grid in chosen], legend


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--levels", type=int, default=100)
    parser.add_argument("--tiled", type=int, default=5)
    parsed = parser.parse_args()
    root = Path(os.environ["GANSMITH_DATA"]) / "games"
    rows = []
    for name in SETS:
        levels, legend = levels_of(root / name, parsed.levels)
        print(name, len(levels), "levels;", "empty tile" if EMPTY in legend.positions else "none")
        for format_ in FORMATS:
            rows.append(exported(name, levels, legend, format_, parsed.tiled))
            print(rows[-1])
    for kind in ("tiled", "ldtk"):
        rows.append(edited(root / kind, kind))
        print(rows[-1])
    readers = ["pytiled-parser", "pytmx", "tiled", "ldtkpy"]
    columns = ["set", "format", "levels", "ours"]
    columns += [key for reader in readers for key in (reader, f"{reader} asked")]
    print(write_rows("level_exports", [{key: row.get(key, "") for key in columns} for row in rows]))


if __name__ == "__main__":
    main()
