"""Signs that follow from a key, and the score of samples against them.

The statistic of both marks is a sum of values times signs of the key, over the root of the sum of
the squared values. For a sample that was made without the key, the signs are independent of the
values, so that the statistic has mean 0 and variance 1 whatever the sample holds, and is close to
normal if no value dominates.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

PUBLIC_KEY = b"gansmith public mark, version 1"
"""Marks files of users without a key of their own: anyone can look for it, and remove it."""


def key_signs(key: bytes, purpose: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return signs -1 and 1 that follow from a key, the same on every machine and for ever.

    Args:
        key: Any bytes.
        purpose: What the signs are for; others are independent.
        shape: Of the result.
    """
    count = math.prod(shape)
    stream = hashlib.shake_256(key + b"\0" + purpose.encode()).digest((count + 7) // 8)
    bits = np.unpackbits(np.frombuffer(stream, np.uint8), count=count)
    return (2.0 * bits - 1).astype(np.float32).reshape(shape)


def key_name(key: bytes) -> str:
    """Return the name of a key, which does not give it away."""
    return "public" if key == PUBLIC_KEY else hashlib.sha256(b"name " + key).hexdigest()[:8]


def upper_tail(score: float) -> float:
    """Return the probability that a standard normal value is above a score."""
    return 0.5 * math.erfc(score / math.sqrt(2))
