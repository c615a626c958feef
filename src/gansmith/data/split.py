"""The split into training and held-out samples, fixed by content."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def split_by_hash(digests: Sequence[str], share: float) -> NDArray[np.bool_]:
    """Choose held-out samples by the digest of their content.

    A sample's side depends on its own content alone, so it stays where it is when others come or
    go, and equal samples are always on the same side. Only where this leaves one side empty is the
    distinct sample nearest to the border moved there (its equals with it).

    Args:
        digests: One hex digest of at least 64 bits a sample, equal for equal samples.
        share: Expected share of distinct samples that are held out, in (0, 1).

    Returns:
        bool [N]; True for held-out samples. Both sides have samples if there are two distinct ones.
    """
    places = np.array([int(digest[:16], 16) / 2**64 for digest in digests])
    held = places < share
    if len(np.unique(places)) > 1:
        if not held.any():
            held = places == places.min()
        elif held.all():
            held = places < places.max()
    return held
