"""Metrics of levels: style, copies, variety and whether they can be played.

The divergence of tile patterns is that of Lucas and Volz 2019 (arXiv 1905.05077). Since a chain of
copied columns wins on it, such a chain is measured beside every generator, and copies are counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.media.levels.bigram import bigram_levels
from gansmith.media.levels.checking import check
from gansmith.media.levels.codec import legend_of_dataset
from gansmith.media.levels.games import Limit
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.medium import Labels, Values
from gansmith.metric import MetricSpec

Grids = NDArray[np.uint16]

PATTERNS = (2, 3, 4)
PATCH = 8
COPIED = 0.95
"""Share of the foreground that a copied window has in common with a real one."""
MOST, PLAYED = 500, 100
"""Samples that are measured, and those of them that are solved."""
MOST_REAL = 6_000
LIMIT = Limit(seconds=1.0, nodes=20_000)
LEAST = 2
"""Moves of a level that is not trivial."""
_EPSILON = 1e-7

CHAIN = "_chain"
_STYLE = {
    "tile_kl": MetricSpec(
        "Tile patterns",
        "floor",
        "KL divergence of 2x2, 3x3 and 4x4 tile patterns from those of training levels (mean).",
    ),
    "window_copies": MetricSpec(
        "Copied windows",
        "lower",
        "Share of levels with 95 % of their foreground tiles as in a training level.",
    ),
    "patch_copies": MetricSpec(
        "Copied patches",
        "floor",
        "Share of 8x8 patches, but empty ones, that occur in a training level.",
    ),
    "hamming": MetricSpec(
        "Difference", "floor", "Share of cells in which two levels differ (mean over pairs)."
    ),
    "playable": MetricSpec(
        "Playable as drawn",
        "higher",
        "Share that is solved and replayed without repair, and not trivial.",
    ),
    "trivial": MetricSpec(
        "Trivial as drawn", "lower", "Share that breaks no rule and needs no play to win."
    ),
}
METRICS = {
    **_STYLE,
    **{
        f"{name}{CHAIN}": MetricSpec(
            f"{spec.title} (column chain)",
            spec.better,
            f"{spec.meaning[:-1]}, of a chain of copied columns.",
        )
        for name, spec in _STYLE.items()
        if name != "trivial"
    },
}


def measure(
    samples: NDArray[np.uint16], labels: Labels, dataset: Dataset, seed: int
) -> tuple[Values, Values]:
    """Measure levels as drawn, and held-out levels for the floors; see `Medium.measure`."""
    legend = legend_of_dataset(dataset)
    training = unique_grids(dataset.samples[dataset.train_indices])
    held_out = unique_grids(dataset.samples[dataset.held_out_indices])
    chosen = np.random.default_rng(seed)
    training = chosen.permutation(training)[:MOST_REAL]
    grids = np.ascontiguousarray(samples[:MOST, ..., 0])
    values = style(grids, training, legend, seed)
    chain = style(bigram_levels(training, len(grids), seed), training, legend, seed)
    values |= {f"{name}{CHAIN}": value for name, value in chain.items() if name != "trivial"}
    floors = style(chosen.permutation(held_out)[:MOST], training, legend, seed)
    return values, floors | {f"{name}{CHAIN}": value for name, value in floors.items()}


def style(grids: Grids, training: Grids, legend: Legend, seed: int) -> Values:
    """Measure levels, uint16 [N, rows, columns], against training levels."""
    values = {
        "tile_kl": tile_kl(grids, training),
        "window_copies": window_copies(grids, training),
        "patch_copies": patch_copies(grids, training),
        "hamming": hamming(grids, seed),
    }
    if legend.game is not None:
        outcomes = [
            check(Level(np.ascontiguousarray(tiles)), legend, LIMIT, LEAST).outcome
            for tiles in grids[:PLAYED]
        ]
        values["playable"] = outcomes.count("solved") / len(outcomes)
        values["trivial"] = outcomes.count("trivial") / len(outcomes)
    return values


def unique_grids(samples: NDArray[np.uint16]) -> Grids:
    """Return stored samples [N, H, W, 1] without repeated ones, in their order, [M, H, W]."""
    grids = np.ascontiguousarray(samples[..., 0])
    _, first = np.unique(pattern_numbers(grids, *grids.shape[1:]), return_index=True)
    return grids[np.sort(first)]


def pattern_numbers(grids: Grids, rows: int, columns: int) -> NDArray[np.uint64]:
    """Return a number that identifies each pattern of a size, at every place, flat.

    Numbers of different patterns are equal by a chance of 2^-64 or so.
    """
    random = np.random.default_rng(20)
    weights = random.integers(1 << 62, size=(rows, columns), dtype=np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    height, width = grids.shape[1] - rows + 1, grids.shape[2] - columns + 1
    if height < 1 or width < 1:
        return np.zeros(0, np.uint64)
    mixed = random.integers(1 << 63, size=1 << 16, dtype=np.uint64)[grids]
    total = np.zeros((len(grids), height, width), np.uint64)
    for row in range(rows):
        for column in range(columns):
            total += mixed[:, row : row + height, column : column + width] * weights[row, column]
    return total.ravel()


def tile_kl(grids: Grids, training: Grids) -> float:
    """Return the KL divergence of patterns of training levels from those of others, in nats."""
    return float(np.mean([_pattern_kl(grids, training, side) for side in PATTERNS]))


def _pattern_kl(grids: Grids, training: Grids, side: int) -> float:
    drawn, real = pattern_numbers(grids, side, side), pattern_numbers(training, side, side)
    if not drawn.size or not real.size:
        return 0.0
    kinds, numbers = np.unique(np.concatenate([real, drawn]), return_inverse=True)
    p = np.bincount(numbers[: len(real)], minlength=len(kinds))
    q = np.bincount(numbers[len(real) :], minlength=len(kinds))
    p, q = p[p > 0], q[p > 0]
    share = (p + _EPSILON) / ((len(real) + _EPSILON) * (1 + _EPSILON))
    other = (q + _EPSILON) / ((len(drawn) + _EPSILON) * (1 + _EPSILON))
    return float((share * np.log(share / other)).sum())


def window_copies(grids: Grids, training: Grids, share: float = COPIED) -> float:
    """Return the share of levels whose foreground is nearly that of a training level.

    The foreground is what is not the most frequent tile, in either of the two.
    """
    most = int(np.bincount(training.ravel()).argmax())
    real = training.reshape(len(training), -1)
    ahead = real != most
    copied = 0
    for tiles in grids.reshape(len(grids), -1):
        mine = tiles != most
        both = (ahead | mine).sum(1)
        same = ((real == tiles) & mine).sum(1)
        copied += bool((same >= share * both)[both > 0].any()) if mine.any() else 0
    return copied / len(grids)


def patch_copies(grids: Grids, training: Grids, side: int = PATCH) -> float:
    """Return the share of patches that occur in training levels, of those with several tiles."""
    side = min(side, *training.shape[1:])
    numbers, known = (pattern_numbers(some, side, side) for some in (grids, training))
    tiles = np.unique(grids)
    plain = np.broadcast_to(tiles[:, None, None], (len(tiles), side, side))
    there = numbers[~np.isin(numbers, pattern_numbers(plain, side, side))]
    return float(np.isin(there, known).mean()) if there.size else 0.0


def hamming(grids: Grids, seed: int, pairs: int = 2_000) -> float:
    """Return the mean share of cells in which two different levels of a set differ."""
    if len(grids) < 2:
        return 0.0
    random = np.random.default_rng(seed)
    first = random.integers(len(grids), size=pairs)
    second = (first + random.integers(1, len(grids), size=pairs)) % len(grids)
    return float((grids[first] != grids[second]).mean())
