"""What the papers' penalties ask, by numpy: where the gradient is taken and what it costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]


def places(name: str, real: Tensor, fake: Tensor, uniform: Tensor) -> list[Array]:
    """Where a penalty takes the gradient, flat [N, D], one array a kind of place."""
    r, f, u = (
        kind.detach().double().numpy().reshape(len(kind), -1) for kind in (real, fake, uniform)
    )
    between = u[:, :1] * f + (1 - u[:, :1]) * r
    return {
        "none": [],
        "r1": [r],
        "r2": [f],
        "r1+r2": [r, f],
        "gradient": [between],
        "gradient-one-sided": [between],
        "dragan": [r + (u - 0.5) * r.std(ddof=1)],
    }[name]


def price(name: str, norms: Array) -> tuple[Array, Array]:
    """What gradient norms cost, and the derivative."""
    if name in ("r1", "r2", "r1+r2"):
        return norms**2 / 2, norms
    over = np.maximum(norms - 1, 0) if name == "gradient-one-sided" else norms - 1
    return over**2, 2 * over
