"""Pictures that are there more than once, or nearly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

LIMIT = 10_000
TOLERANCE = 0.05


def equal_groups(digests: Sequence[str]) -> list[list[int]]:
    """Group the indices of equal digests; digests that stand alone are left out."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, digest in enumerate(digests):
        groups[digest].append(index)
    return [group for group in groups.values() if len(group) > 1]


def similar_pairs(looks: Sequence[str]) -> list[tuple[int, int]]:
    """Find pairs whose difference hashes differ in at most 5 % of the bits that are set in them.

    Plain pictures, whose hash has no bit set, are never paired. All pairs are compared, which is
    quick up to about 10,000 pictures.

    Args:
        looks: Hex digits of one 256-bit hash a picture.

    Returns:
        Pairs (i, j) with i < j.
    """
    words = np.frombuffer(bytes.fromhex("".join(looks)), np.uint64).reshape(-1, 4)
    weights = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    pairs = []
    for index, weight in enumerate(weights):
        apart = np.bitwise_count(words[index + 1 :] ^ words[index]).sum(axis=1, dtype=np.int64)
        set_bits = (weights[index + 1 :] + weight) / 2
        close = np.flatnonzero((apart <= TOLERANCE * set_bits) & (set_bits > 0))
        pairs += [(index, index + 1 + int(other)) for other in close]
    return pairs
