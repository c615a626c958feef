"""Levels as one-hot tensors, and as files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from gansmith.codec import Codec, Placed
from gansmith.data.dataset import Dataset
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.levels.checking import shortest_solution
from gansmith.media.levels.games import Limit
from gansmith.media.levels.legend import Legend, Role, parse_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.novelty import digest
from gansmith.media.levels.reading import read_levels
from gansmith.media.levels.writing.ldtk import encode_ldtk
from gansmith.media.levels.writing.picture import encode_preview
from gansmith.media.levels.writing.text import encode_csv, encode_text
from gansmith.media.levels.writing.tiled import encode_tmj, encode_tmx
from gansmith.recipe import Recipe

TILESET = "tileset.png"
PLACED: tuple[Role, ...] = ("start", "goal", "key", "door", "box", "target")
"""Roles whose tiles are drawn by place, where all levels have the same number of them."""
MOST_PLACED = 12
MEASURED = 48
"""Training levels whose solutions say how short a trivial one is."""
LIMIT = Limit(seconds=2.0, nodes=20_000)


class LevelCodec(Codec):
    """Grids of tiles as samples uint16 [N, H, W, 1], positions in the symbols of a legend.

    Networks see the symbols that occur in the data, one-hot: float32 [N, C, H, W].

    Args:
        legend: What the tiles are.
        used: Positions of the symbols that occur, ascending.
        placed: Channels that occur a fixed number of times.
        known: Digests of all real levels.
        facts: What a delivery should know of the data: `files`, `window`, `least` moves of a level
            that is not trivial.
    """

    name = "levels"
    stored = np.uint16
    formats = ("txt", "csv", "json", "tmx", "tmj", "ldtk", "png")
    collections = (".txt", ".ldtk", ".json")
    output = "categorical"

    def __init__(
        self,
        legend: Legend,
        used: Sequence[int],
        placed: Sequence[Placed] = (),
        known: Tensor | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.legend, self.used, self.placed = legend, tuple(used), tuple(placed)
        self.known = known if known is not None else torch.zeros(0, dtype=torch.int64)
        self.facts = dict(facts or {})
        places = np.zeros(len(legend.symbols), np.int64)
        places[list(used)] = np.arange(len(used))
        self._channel = torch.from_numpy(places)

    @classmethod
    def fit(cls, recipe: Recipe, dataset: Dataset, log: LogFn = silent) -> LevelCodec:
        """Learn which symbols occur, what has a fixed number, and how short solutions are."""
        legend = legend_of_dataset(dataset)
        used = np.unique(dataset.samples).tolist()
        training = np.unique(dataset.samples[dataset.train_indices][..., 0], axis=0)
        least = 0
        if legend.game is not None:
            chosen = np.linspace(0, len(training) - 1, min(MEASURED, len(training))).astype(int)
            levels = [Level(training[index]) for index in chosen]
            least = max(2, shortest_solution(levels, legend, LIMIT) // 2)
        known = sorted({digest(sample[..., 0]) for sample in dataset.samples})
        facts = {
            "files": dataset.settings.get("files", []),
            "window": dataset.settings.get("window"),
            "least": least,
        }
        numbers = torch.tensor(known, dtype=torch.int64)
        return cls(legend, used, find_placed(training, legend, used), numbers, facts)

    def adapted(self, dataset: Dataset) -> LevelCodec:
        """Return this codec, for other levels of the same symbols.

        Raises:
            GansmithError: The levels have a symbol that these do not have.
        """
        if legend_of_dataset(dataset).symbols != self.legend.symbols or not set(
            np.unique(dataset.samples).tolist()
        ) <= set(self.used):
            raise GansmithError(
                f"'{dataset.name}' has other symbols than the levels of the run to start from: "
                "train without training.start_from"
            )
        known = {digest(sample[..., 0]) for sample in dataset.samples} | set(self.known.tolist())
        numbers = torch.tensor(sorted(known), dtype=torch.int64)
        return LevelCodec(self.legend, self.used, self.placed, numbers, self.facts)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], state_dict: Mapping[str, Tensor]) -> LevelCodec:
        """Rebuild a codec from its :meth:`config` and :meth:`state_dict`."""
        legend = parse_legend(config["legend"], "the legend of the model")
        placed = [
            Placed(tuple(channels), times, like) for channels, times, like in config["placed"]
        ]
        used = [int(place) for place in config["used"]]
        if not used or min(used) < 0 or max(used) >= len(legend.symbols):
            raise ValueError("a symbol that is used is not in the legend")
        return cls(legend, used, placed, state_dict["known"], config["facts"])

    def config(self) -> dict[str, Any]:
        """Return the legend, the symbols that are used, and facts of the data."""
        return {
            "legend": self.legend.model_dump(mode="json", exclude_defaults=True),
            "used": list(self.used),
            "placed": [[list(group.channels), group.times, group.like] for group in self.placed],
            "facts": self.facts,
        }

    def state_dict(self) -> dict[str, Tensor]:
        """Return the digests of real levels."""
        return {"known": self.known}

    def shape(self, stored: tuple[int, ...]) -> tuple[int, int, int]:
        """Return (C, H, W), one channel a symbol that occurs."""
        height, width, _ = stored[-3:]
        return len(self.used), height, width

    def encode(self, samples: Tensor) -> Tensor:
        """Turn stored samples into one-hot tensors float32 [N, C, H, W]."""
        channels = self._channel.to(samples.device)[samples[..., 0].long()]
        return F.one_hot(channels, len(self.used)).permute(0, 3, 1, 2).float().contiguous()

    def decode(self, tensors: Tensor) -> NDArray[np.uint16]:
        """Turn distributions over channels into the likeliest tiles, which are those drawn."""
        channels = tensors.detach().argmax(1).cpu().numpy()
        tiles: NDArray[np.uint16] = np.array(self.used, np.uint16)[channels]
        return tiles[..., None]

    def level(self, sample: NDArray[Any], name: str = "") -> Level:
        """Return a stored sample [H, W, 1] as a level."""
        return Level(np.ascontiguousarray(sample[..., 0], dtype=np.uint16), name)

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[np.uint16]:
        """Read the first level of a file."""
        level = read_levels(path, self.legend).levels[0]
        return level.tiles[..., None]

    def to_bytes(self, sample: NDArray[Any], format_: str) -> bytes:
        """Encode one level as a file."""
        return encode_level(self.level(sample), self.legend, format_)

    def collection_to_bytes(
        self, samples: NDArray[Any], suffix: str, facts: Sequence[Mapping[str, Any]]
    ) -> bytes:
        """Encode levels as one text file, project of LDtk, or list of JSON."""
        names = [str(fact.get("index", place)) for place, fact in enumerate(facts)]
        levels = [self.level(s, name) for s, name in zip(samples, names, strict=True)]
        return encode_levels(levels, self.legend, suffix)

    def sheet(self, samples: NDArray[Any], **options: Any) -> Image.Image:
        """Draw levels in the colours of the legend."""
        return contact_sheet(self.legend.palette[samples[..., 0]], **options)


def legend_of_dataset(dataset: Dataset) -> Legend:
    """Return the legend that a dataset of levels was read with."""
    return parse_legend(dataset.settings["legend"], f"the legend of '{dataset.name}'")


def encode_level(
    level: Level,
    legend: Legend,
    format_: str,
    path: Sequence[tuple[int, int]] = (),
    picture: str = TILESET,
) -> bytes:
    """Encode a level, with its solution where the format has a place for it.

    Args:
        level: The level.
        legend: Its legend.
        format_: One of `LevelCodec.formats`.
        path: Row and column of the cells that its solution leads through.
        picture: File name of the picture of the tiles, beside a map of Tiled.
    """
    match format_:
        case "txt":
            return encode_text([level], legend)
        case "csv":
            return encode_csv(level, legend)
        case "json":
            return encode_levels([level], legend, ".json")
        case "tmx":
            return encode_tmx(level, legend, picture=picture, solution=path)
        case "tmj":
            return encode_tmj(level, legend, picture=picture, solution=path)
        case "ldtk":
            return encode_ldtk([level], legend)
        case _:
            return encode_preview(level, legend, solution=path)


def encode_levels(levels: Sequence[Level], legend: Legend, suffix: str) -> bytes:
    """Encode several levels as one file that ends in `.txt`, `.ldtk` or `.json`."""
    if suffix == ".txt":
        return encode_text(levels, legend)
    if suffix == ".ldtk":
        return encode_ldtk(levels, legend)
    plain = [
        {
            "name": level.name,
            "size": list(level.size),
            "rows": [[legend.symbols[tile] for tile in row] for row in level.tiles.tolist()],
            **level.properties,
        }
        for level in levels
    ]
    values = {"symbols": list(legend.symbols), "levels": plain}
    return (json.dumps(values, ensure_ascii=False) + "\n").encode()


def find_placed(
    tiles: NDArray[np.uint16], legend: Legend, used: Sequence[int]
) -> tuple[Placed, ...]:
    """Find what all levels have the same number of.

    Args:
        tiles: The levels, uint16 [N, rows, columns].
        legend: Says what tiles have one of the roles `PLACED`.
        used: Positions of the symbols that occur.

    Returns:
        A group for each role that has 1 to 12 cells in every level, each of another symbol if the
        role has several. Groups whose colours are the same in every level follow each other.
    """
    symbols = list(legend.tiles.values())
    found: list[Placed] = []
    coloured: list[tuple[tuple[str | None, ...], NDArray[np.int64]]] = []
    for role in PLACED:
        mine = [
            place
            for place in used
            if role in symbols[place].roles and (role != "door" or symbols[place].locked)
        ]
        if not mine or any(len(symbols[place].roles) > 1 for place in mine):
            continue
        mine.sort(key=lambda place: (symbols[place].colour or "", place))
        numbers = np.stack([(tiles == place).sum(axis=(1, 2)) for place in mine], axis=1)
        total = numbers.sum(axis=1)
        if total.min() != total.max() or not 1 <= total[0] <= MOST_PLACED:
            continue
        if len(mine) > 1 and numbers.max() > 1:
            continue
        colours = tuple(symbols[place].colour for place in mine)
        like = -1
        for number, (known, counted) in enumerate(coloured):
            if len(mine) > 1 and known == colours and (counted == numbers).all():
                like = number
                break
        coloured.append((colours, numbers))
        found.append(Placed(tuple(used.index(place) for place in mine), int(total[0]), like))
    return tuple(found)
