from __future__ import annotations

import numpy as np

from gansmith.faces.points import LANDMARKS
from gansmith.faces.smoothing import smoothed

HEAD = np.random.default_rng(0).normal(size=(len(LANDMARKS), 2)) * 10


def test_jitter_shrinks_and_movement_stays() -> None:
    random = np.random.default_rng(1)
    true = [HEAD + np.array([0.5, 0.2]) * k for k in range(30)]
    noisy = [points + random.normal(size=points.shape) * 0.3 for points in true]
    calm = smoothed(noisy)

    def error(track: list) -> float:  # type: ignore[type-arg]
        return float(
            np.mean([np.abs(a - b).mean() for a, b in zip(track, true, strict=True)][4:-4])
        )

    assert error(calm) < 0.65 * error(noisy)
    followed = zip(smoothed(true), true, strict=True)
    assert all(made is not None and np.allclose(made, wanted) for made, wanted in followed)


def test_nothing_is_smoothed_across_cuts_and_missing_faces() -> None:
    there, elsewhere = HEAD, HEAD + 500
    track = smoothed([there, there, elsewhere, None, there + 0.1])
    assert track[3] is None
    wanted = {0: there, 1: there, 2: elsewhere, 4: there + 0.1}
    for frame, points in wanted.items():
        found = track[frame]
        assert found is not None and np.allclose(found, points)
