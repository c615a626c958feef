"""Levels in files as a collection: read with a legend, brought to one size, split by level."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.data.collection import Collection, Prepared, combined_digest
from gansmith.data.labels import folder_labels
from gansmith.data.scan import find_files
from gansmith.data.split import split_by_hash
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.levels.checking import check
from gansmith.media.levels.games import Limit
from gansmith.media.levels.grid import Grid, legend_of
from gansmith.media.levels.legend import BLANK, LEGEND, Legend, load_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.options import LevelOptions
from gansmith.media.levels.reading import SUFFIXES, read_grids
from gansmith.media.levels.reading.picture import FORMATS
from gansmith.media.levels.symmetry import FROM_ABOVE, symmetries
from gansmith.recipe import DataConfig
from gansmith.storage.file_facts import file_digest

LONG = 40
"""Columns of the longest level that is one sample, unless a window is set."""
WINDOW = 28
"""Columns of the windows that longer levels are cut into."""
LARGEST = 128
FEWEST = 64
"""Samples that train, at least: the same levels are repeated until there are so many."""
WARNINGS = 5
MEASURING = Limit(seconds=2.0, nodes=20_000)
"""How long to search for the solution by whose length a level is labelled."""
LICENCES = ("LICENSE", "LICENCE", "LICENSE.txt", "LICENCE.txt", "COPYING")
UNKNOWN = "unknown (your own data)"


@dataclass(frozen=True)
class LevelFile:
    """A file that levels were read from; plain values.

    Attributes:
        file: Relative path.
        sha256: Digest of its bytes.
        levels: How many levels it has.
        licence: Of the levels, by the file beside them or a property of them.
    """

    file: str
    sha256: str
    levels: int
    licence: str


class LevelFolder(Collection):
    """The levels in a file, or in the files of a folder and its sub-folders.

    Args:
        root: The folder or file.
        config: The options of levels, `labels` and `held_out` count here.
        log: Takes a line for each file that cannot be read.

    Attributes:
        legend: Of all levels; without rules where there is no file of it.
        levels: In the order of the files.
        files: What they were read from.
        labels: One label a level, by sub-folder; or None.

    Raises:
        GansmithError: There are no levels, or a legend or the only file cannot be read.
    """

    kind, medium = "levels", "levels"

    def __init__(self, root: Path, config: DataConfig, *, log: LogFn = silent) -> None:
        options = config.of(LevelOptions)
        self.root, files = (root, find_files(root)) if root.is_dir() else (root.parent, [root.name])
        self.name = root.resolve().name if root.is_dir() else root.stem
        self.source = f"{'folder' if root.is_dir() else 'file'} {root.resolve()}"
        self.options = options
        chosen = level_files(files)
        self.ignored = len(files) - len(chosen) - (LEGEND in files)
        known = _legend(self.root, options)
        grids, self.faults = self._read(chosen, options, alone=not root.is_dir())
        self.legend = known if known is not None else legend_of(g for _, g in grids)
        named = self._give_meaning(grids, alone=not root.is_dir())
        for name, reason in self.faults[:WARNINGS]:
            log(f"warning: left out {name}: {reason}")
        if not named:
            why = f": {self.faults[0][1]}" if self.faults else ""
            raise GansmithError(f"{root} has no levels that can be read{why or ': add some'}")
        self.levels = [level for _, level in named]
        self.files = self._described(named)
        self.licence = " and ".join(dict.fromkeys(file.licence for file in self.files))
        by_file = (
            folder_labels(self.root, [file.file for file in self.files]) if config.labels else None
        )
        self.labels = None
        if by_file is not None:
            folders = dict(zip((file.file for file in self.files), by_file, strict=True))
            self.labels = [folders[name] for name, _ in named]
        rules = self.legend.model_dump_json()
        sums = [file.sha256 for file in self.files]
        self.content = combined_digest(
            [rules, *(f.file for f in self.files), *sums, *(self.labels or ())]
        )

    def prepare(self, config: DataConfig) -> Prepared:
        """Bring the levels to one size."""
        return PreparedLevels(self, config)

    def _read(
        self, names: Sequence[str], options: LevelOptions, alone: bool
    ) -> tuple[list[tuple[str, Grid]], list[tuple[str, str]]]:
        grids: list[tuple[str, Grid]] = []
        faults = []
        for name in names:
            try:
                found = read_grids(self.root / name, layer=options.layer, side=options.tile)
            except GansmithError as error:
                if alone:
                    raise
                faults.append((name, self._reason(name, error)))
                continue
            if not found:
                faults.append((name, "no levels: add rows of symbols, or a layer of tiles"))
            grids += [(name, grid) for grid in found]
        return grids, faults

    def _give_meaning(
        self, grids: Sequence[tuple[str, Grid]], alone: bool
    ) -> list[tuple[str, Level]]:
        """Return the levels that the legend knows all symbols of, with their files."""
        named, faults = [], list(self.faults)
        for name, grid in grids:
            try:
                named.append((name, grid.level(self.legend)))
            except GansmithError as error:
                if alone:
                    raise
                faults.append((name, self._reason(name, error)))
        self.faults = faults
        return named

    def _reason(self, name: str, error: GansmithError) -> str:
        """Return what is wrong with a file, without its path, which stands beside it."""
        return str(error).removeprefix(str(self.root / name)).lstrip(", :")

    def _described(self, named: Sequence[tuple[str, Level]]) -> list[LevelFile]:
        beside = next((self.root / name for name in LICENCES if (self.root / name).is_file()), None)
        general = UNKNOWN
        if beside is not None:
            lines = beside.read_text("utf-8", errors="replace").splitlines()
            general = next((line.strip() for line in lines if line.strip()), UNKNOWN)[:80]
        found = []
        for name in dict.fromkeys(name for name, _ in named):
            own = [level for of, level in named if of == name]
            said = (
                str(level.properties[key])
                for level in own
                for key in ("licence", "license", "copyright")
                if key in level.properties
            )
            digest = file_digest(self.root / name)
            found.append(LevelFile(name, digest, len(own), next(said, general)[:80]))
        return found


def level_files(names: Sequence[str]) -> list[str]:
    """Return the files that may hold levels; pictures only where there is nothing else."""
    there = [name for name in names if name.lower().endswith(SUFFIXES)]
    pictures = [name for name in there if name.lower().endswith(tuple(FORMATS))]
    return [name for name in there if name not in pictures] or pictures


def _legend(root: Path, options: LevelOptions) -> Legend | None:
    if options.legend is not None:
        return load_legend(Path(options.legend).expanduser())
    beside = root / LEGEND
    return load_legend(beside) if beside.is_file() else None


class PreparedLevels(Prepared):
    """Levels of one size: whole ones, filled up, or windows of longer ones.

    Args:
        folder: The levels.
        config: The options of levels and `held_out` count here.

    Raises:
        GansmithError: No level has room for a window, or a level is too large.
    """

    dtype = np.dtype(np.uint16)

    def __init__(self, folder: LevelFolder, config: DataConfig) -> None:
        self.folder, self.options = folder, config.of(LevelOptions)
        self.legend = folder.legend
        self.cut = False
        self.window = self._window()
        self.shape = (*self.window, 1)
        owners, grids = self._grids()
        self._held = self._split(owners, grids, config.held_out)
        self.different = len(grids)
        self._arrange(owners, grids)

    def __len__(self) -> int:
        """Number of samples, repeated ones included."""
        return len(self._order)

    def settings(self) -> dict[str, object]:
        """The legend, the size, and the files."""
        return {
            "legend": self.legend.model_dump(mode="json", exclude_defaults=True),
            "window": list(self.window),
            "step": self.options.window_step if self.cut else 0,
            "levels": len(self.folder.levels),
            "different": self.different,
            "condition": self.options.condition,
            "files": [vars(file) for file in self.folder.files],
        }

    def fingerprint(self) -> str:
        """Of the levels, and of all that shapes samples."""
        held = "".join(map(str, self._held_order.astype(int)))
        values = (
            self.window,
            self.options.window_step,
            self.options.mirror,
            self.options.condition,
        )
        return combined_digest(["levels-1", self.folder.content, str(values), held])

    def labels(self) -> Sequence[str] | None:
        """Labels by measure, or by sub-folder."""
        if self.options.condition != "none":
            thirds = self._thirds(self.options.condition)
            return [thirds[index] for index in self._order]
        labels = self.folder.labels
        if labels is None or len(set(labels)) < 2:
            return None
        return [labels[self._owners[index]] for index in self._order]

    def held_out(self) -> NDArray[np.bool_]:
        """Whole levels, or the right end of a single one."""
        return self._held_order

    def rows(self) -> Iterator[NDArray[np.uint16]]:
        """Yield the grids, with a last axis of one."""
        for index in self._order:
            yield np.ascontiguousarray(self._tiles[index])[..., None]

    def _window(self) -> tuple[int, int]:
        sizes = [level.size for level in self.folder.levels]
        rows, columns = max(size[0] for size in sizes), max(size[1] for size in sizes)
        if self.options.window is not None:
            self.cut = (rows, columns) != self.options.window
            height, width = self.options.window
            if not any(size[0] >= height and size[1] >= width for size in sizes):
                raise GansmithError(
                    f"{self.folder.source} has no level of {height} x {width} tiles or more (the "
                    f"largest: {rows} x {columns}): set a smaller data.window"
                )
            return self.options.window
        flows = self.legend.game not in FROM_ABOVE and self.legend.game != "digger"
        if flows and (columns > LONG or len(set(sizes)) > 1):
            self.cut = True
            return min(size[0] for size in sizes), min(WINDOW, *(size[1] for size in sizes))
        if max(rows, columns) > LARGEST:
            raise GansmithError(
                f"{self.folder.source} has a level of {rows} x {columns} tiles, takes up to "
                f"{LARGEST} a side: set data.window, such as 20x28 (rows x columns)"
            )
        return max(rows, 4), max(columns, 4)

    def _grids(self) -> tuple[list[int], list[NDArray[np.uint16]]]:
        """Return all samples but repeated ones, and the number of the level that each is of."""
        owners, grids = [], []
        for number, level in enumerate(self.folder.levels):
            for tiles in self._windows(level) if self.cut else [self._filled(level.tiles)]:
                for turned in symmetries(tiles, self.legend) if self._mirrors() else [tiles]:
                    owners.append(number)
                    grids.append(turned)
        kept: dict[bytes, int] = {}
        for index, grid in enumerate(grids):
            kept.setdefault(grid.tobytes(), index)
        return [owners[index] for index in kept.values()], [grids[i] for i in kept.values()]

    def _mirrors(self) -> bool:
        few = len(self.folder.levels) < FEWEST
        return self.options.mirror == "on" or (self.options.mirror == "auto" and few)

    def _windows(self, level: Level) -> Iterator[NDArray[np.uint16]]:
        """Windows from the lowest rows upwards; starts and goals of a platformer become empty.

        Its windows are played from their left to their right edge.
        """
        tiles, (height, width) = level.tiles, self.window
        if self.legend.game == "platformer" and (empty := self._empty()) is not None:
            ends = self.legend.having("start", "goal")[tiles]
            tiles = np.where(ends, np.uint16(empty), tiles)
        rows, columns = tiles.shape
        for top in range(rows - height, -1, -max(self.options.window_step, height // 2)):
            for left in range(0, columns - width + 1, self.options.window_step):
                yield tiles[top : top + height, left : left + width]

    def _empty(self) -> int | None:
        roles = [tile.roles for tile in self.legend.tiles.values()]
        return roles.index(("empty",)) if ("empty",) in roles else None

    def _filled(self, tiles: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Fill a level up at the right and below: with walls, or else with what is empty."""
        if tiles.shape == self.window:
            return tiles
        solid = np.flatnonzero(self.legend.having("solid"))
        blank = self.legend.index.get(BLANK, self._empty() or 0)
        filling = solid[0] if solid.size and self.legend.game in FROM_ABOVE else blank
        filled = np.full(self.window, filling, np.uint16)
        filled[: tiles.shape[0], : tiles.shape[1]] = tiles
        return filled

    def _split(
        self, owners: Sequence[int], grids: Sequence[NDArray[np.uint16]], share: float
    ) -> NDArray[np.bool_]:
        """Hold out whole levels; of a single one the last windows, which overlap others."""
        levels = self.folder.levels
        digests = [hashlib.sha256(level.tiles.tobytes()).hexdigest() for level in levels]
        if len(set(digests)) > 1:
            held: NDArray[np.bool_] = split_by_hash(digests, share)[np.array(owners)]
            return held
        count = len(grids)
        if count < 2:
            raise GansmithError(
                f"{self.folder.source} gives one sample of {self.window[0]} x {self.window[1]} "
                "tiles, and one does not train: add levels, or set a smaller data.window"
            )
        last: NDArray[np.bool_] = np.arange(count) >= count - max(1, round(share * count))
        return last

    def _arrange(self, owners: Sequence[int], grids: Sequence[NDArray[np.uint16]]) -> None:
        """Decide the order of samples; where few train, each is there several times."""
        self._owners, self._tiles = owners, grids
        training, held = np.flatnonzero(~self._held), np.flatnonzero(self._held)
        times = max(1, -(-FEWEST // max(len(training), 1)))
        order = np.concatenate([np.tile(training, times), held])
        self._order: list[int] = order.tolist()
        self._held_order: NDArray[np.bool_] = np.arange(len(order)) >= len(training) * times

    def _thirds(self, condition: str) -> list[str]:
        """Label every sample by the third of a measure that it is in."""
        measured = np.array([self._measure(tiles, condition) for tiles in self._tiles])
        low, high = np.quantile(measured[~self._held], [1 / 3, 2 / 3])
        names = ("low", "medium", "high") if condition == "density" else ("short", "medium", "long")
        if condition == "size":
            names = ("small", "medium", "large")
        return [names[int(value > low) + int(value > high)] for value in measured]

    def _measure(self, tiles: NDArray[np.uint16], condition: str) -> float:
        if condition == "length":
            level = Level(np.ascontiguousarray(tiles))
            found = check(level, self.legend, MEASURING).solution
            return float(found.length) if found is not None else 0.0
        free = self.legend.having("empty")
        filled = ~free[tiles] if free.any() else tiles != np.bincount(tiles.ravel()).argmax()
        if condition == "density":
            return float(filled.mean())
        rows, columns = np.flatnonzero((~filled).any(1)), np.flatnonzero((~filled).any(0))
        return float(np.ptp(rows) * np.ptp(columns)) if rows.size else 0.0


def describe_count(levels: int, samples: int) -> str:
    """Say of how many levels samples are."""
    return f"{samples:,} of {pluralize(levels, 'level')}"
