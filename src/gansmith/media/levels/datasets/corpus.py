"""Small sets of levels that are written by rules: for first steps, demonstrations and tests.

Each level is solved before it is kept. The same seed gives the same levels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gansmith.data.named_dataset import NamedDataset
from gansmith.log import LogFn, silent
from gansmith.media.levels.checking import check
from gansmith.media.levels.collection import LevelFolder
from gansmith.media.levels.games import Limit
from gansmith.media.levels.legend import LEGEND, Legend, dump_legend, parse_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.writing.text import encode_text
from gansmith.outputs import Provenance, save_output
from gansmith.recipe import DataConfig
from gansmith.storage.atomic import cache_dir

Cells = NDArray[np.str_]
Random = np.random.Generator
VERSION = "1"
"""Raise it with any change that gives other levels."""
LIMIT = Limit(seconds=30.0, nodes=50_000)
LICENCE = "Apache-2.0 (written by gansmith)"


def dungeon(random: Random) -> Cells:
    """Draw rooms behind a locked door, 11 x 11: the key lies on this side of it."""
    cells = np.full((11, 11), ".")
    cells[[0, -1]] = "#"
    cells[:, [0, -1]] = "#"
    wall, cross = int(random.integers(4, 7)), int(random.integers(3, 8))
    cells[:, wall] = "#"
    cells[random.integers(1, 10), wall] = "R"
    side = slice(1, wall) if random.random() < 0.5 else slice(wall + 1, 10)
    cells[cross, side] = "#"
    cells[cross, random.choice(np.arange(side.start, side.stop))] = "."
    for _ in range(int(random.integers(2, 7))):
        row, column = random.integers(2, 9, 2)
        if cells[row, column] == "." and column not in (wall - 1, wall + 1):
            cells[row, column] = "#"
    near, far = (slice(1, wall), slice(wall + 1, 10))[:: 1 if random.random() < 0.5 else -1]
    for symbol, part in (("@", near), ("r", near), (">", far)):
        rows, columns = np.nonzero(cells[:, part] == ".")
        chosen = int(random.integers(len(rows)))
        cells[rows[chosen], columns[chosen] + part.start] = symbol
    return cells


def warehouse(random: Random) -> Cells:
    """Draw a room of Sokoban, 9 x 9, whose three boxes were pulled off their targets."""
    cells = np.full((9, 9), "#")
    row, column = 4, 4
    for _ in range(60):
        cells[row, column] = " "
        down, right = _STEPS[random.integers(4)]
        row, column = int(np.clip(row + down, 1, 7)), int(np.clip(column + right, 1, 7))
    free = np.argwhere(cells == " ")
    targets = {tuple(map(int, free[at])) for at in random.permutation(len(free))[:3]}
    boxes = set(targets)
    player = next(
        tuple(map(int, place)) for place in random.permutation(free) if tuple(place) not in boxes
    )
    for _ in range(400):
        down, right = _STEPS[random.integers(4)]
        ahead = player[0] + down, player[1] + right
        behind = player[0] - down, player[1] - right
        if cells[ahead] == "#" or ahead in boxes:
            continue
        if behind in boxes and random.random() < 0.7:
            boxes = (boxes - {behind}) | {player}
        player = ahead
    for place in targets:
        cells[place] = "."
    for place in boxes:
        cells[place] = "*" if place in targets else "$"
    cells[player] = "+" if player in targets else "@"
    return cells


def hills(random: Random) -> Cells:
    """Draw a stretch of ground with gaps, steps, ledges and coins, 14 x 72."""
    cells = np.full((14, 72), "-")
    height, column = 3, 0
    while column < 72:
        length = min(int(random.integers(4, 11)), 72 - column)
        cells[14 - height :, column : column + length] = "#"
        if random.random() < 0.5 and 4 < column < 60:
            ledge = max(14 - height - int(random.integers(3, 5)), 3)
            cells[ledge, column + 1 : column + length - 1] = "="
            cells[ledge - 1, column + 2 : column + length - 1 : 2] = "o"
        if random.random() < 0.3 and length > 5:
            cells[13 - height, column + length // 2] = "^"
        column += length
        if random.random() < 0.6 and column < 64:
            column += int(random.integers(2, 5))
        height = int(np.clip(height + random.integers(-2, 3), 2, 6))
    cells[:, :3] = "-"
    cells[11:, :3] = "#"
    cells[:, -3:] = "-"
    cells[11:, -3:] = "#"
    cells[10, 1], cells[10, -2] = "S", "G"
    return cells


def mine(random: Random) -> Cells:
    """Draw floors of brick with ladders between them and gold to collect, 12 x 20."""
    cells = np.full((12, 20), ".")
    floors = (3, 7, 11)
    for floor in floors:
        cells[floor] = "M"
    cells[-1] = "X"
    for floor, above in zip(floors, (0, 4, 8), strict=True):
        for column in random.choice(np.arange(1, 19), 2, replace=False):
            cells[above:floor, column] = "H"
            if floor > 3:
                cells[above - 1, column] = "H"
        gap = int(random.integers(2, 14))
        if floor < 11:
            cells[floor, gap : gap + 3] = "."
            cells[floor - 2, gap - 1 : gap + 4] = "T"
        for column in random.choice(np.arange(1, 19), 3, replace=False):
            if cells[floor - 1, column] == "." and cells[floor, column] != ".":
                cells[floor - 1, column] = "N"
    place = np.flatnonzero(cells[10] == ".")
    cells[10, place[random.integers(len(place))]] = "R"
    return cells


_STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_DUNGEON = parse_legend(
    {
        "game": "keydoor",
        "tiles": {
            "#": {"role": "solid"},
            ".": {"role": "empty"},
            "@": {"role": "start", "count": 1},
            ">": {"role": "goal", "count": 1},
            "r": {"role": "key", "colour": "red"},
            "R": {"role": "door", "colour": "red"},
        },
    },
    "dungeons",
)
_WAREHOUSE = parse_legend(
    {
        "game": "sokoban",
        "tiles": {
            "#": {"role": "solid"},
            " ": {"role": "empty"},
            "@": {"role": "start", "count": 1},
            "$": {"role": "box"},
            ".": {"role": "target"},
            "*": {"roles": ["box", "target"]},
            "+": {"roles": ["start", "target"]},
        },
    },
    "warehouses",
)
_HILLS = parse_legend(
    {
        "game": "platformer",
        "tiles": {
            "-": {"role": "empty", "draw": "#9fc5e8"},
            "#": {"role": "solid", "draw": "#6b4f35"},
            "=": {"role": "one_way"},
            "o": {"role": "collectible"},
            "^": {"role": "hazard"},
            "S": {"role": "start"},
            "G": {"role": "goal"},
        },
        "jump": {"height": 4, "length": 8},
    },
    "hills",
)
_MINE = parse_legend(
    {
        "game": "digger",
        "tiles": {
            ".": {"role": "empty"},
            "M": {"role": "brick"},
            "X": {"role": "solid"},
            "H": {"role": "ladder"},
            "T": {"role": "rope"},
            "N": {"role": "collectible"},
            "R": {"role": "start", "count": 1},
        },
    },
    "mines",
)


@dataclass(frozen=True)
class LevelSet(NamedDataset):
    """Levels that are written by rules, as text with a legend.

    Attributes:
        legend: Of all levels.
        draw: Draws one; it need not be solvable.
        levels: How many are kept.
    """

    medium: ClassVar[str] = "levels"
    legend: Legend
    draw: Callable[[Random], Cells]
    levels: int = 60

    def fetch(self, folder: Path | None = None, log: LogFn = silent) -> Path:
        """Return a folder with the levels in the cache; write them if they are missing."""
        place = cache_dir() / "downloads" / f"{self.name}-{VERSION}"
        if not (place / f"{self.name}.txt").is_file():
            log(f"{self.name}: writing {self.levels} levels")
            write_levels(place, self, self.levels)
        return place

    def collect(
        self, config: DataConfig, folder: Path | None = None, log: LogFn = silent
    ) -> LevelFolder:
        """Return the levels as a collection."""
        found = LevelFolder(self.fetch(folder, log), config, log=log)
        found.name, found.licence = self.name, self.licence
        return found


def make_levels(of: LevelSet, count: int, seed: int = 0) -> list[Level]:
    """Return levels that are solved, with their solutions in their properties.

    Args:
        of: The set.
        count: How many.
        seed: Fixes them.
    """
    random = np.random.default_rng(seed)
    found: list[Level] = []
    while len(found) < count:
        rows: Sequence[str] = ["".join(row) for row in of.draw(random)]
        level = Level.from_rows(rows, of.legend, name=f"{of.name} {len(found) + 1}")
        if check(level, of.legend, LIMIT, least=4).outcome == "solved":
            found.append(level)
    return found


def write_levels(folder: Path, of: LevelSet, count: int, seed: int = 0) -> None:
    """Write levels and their legend into a folder."""
    provenance = Provenance(generated=False)
    text = encode_text(make_levels(of, count, seed), of.legend)
    save_output(folder / "LICENSE", f"{LICENCE}\n".encode(), provenance)
    save_output(folder / LEGEND, dump_legend(of.legend).encode(), provenance)
    save_output(folder / f"{of.name}.txt", text, provenance)


def _set(name: str, summary: str, legend: Legend, draw: Callable[[Random], Cells]) -> LevelSet:
    return LevelSet(name, f"{summary}, 60 levels", LICENCE, "none needed", legend, draw)


LEVEL_SETS = {
    made.name: made
    for made in (
        _set("level-dungeons", "rooms with a locked door and its key, 11 x 11", _DUNGEON, dungeon),
        _set(
            "level-warehouses", "boxes to push to targets (Sokoban), 9 x 9", _WAREHOUSE, warehouse
        ),
        _set("level-hills", "a platformer's ground, gaps and ledges, 14 x 72", _HILLS, hills),
        _set("level-mines", "floors of brick, ladders and gold, 12 x 20", _MINE, mine),
    )
}
"""By name, in the order in which they are listed."""
