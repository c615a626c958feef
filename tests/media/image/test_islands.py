from __future__ import annotations

import numpy as np
import pytest

from gansmith.media.image.islands import count_islands, islands


def flooded(visible: np.ndarray, small: int) -> tuple[np.ndarray, int]:
    """Find components one by one, by flood fill."""
    found, seen, count = np.zeros_like(visible), np.zeros_like(visible), 0
    for start in zip(*np.nonzero(visible), strict=True):
        if seen[start]:
            continue
        component, open_ = [], [start]
        seen[start] = True
        while open_:
            y, x = open_.pop()
            component.append((y, x))
            for near in ((y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)):
                inside = 0 <= near[0] < visible.shape[0] and 0 <= near[1] < visible.shape[1]
                if inside and visible[near] and not seen[near]:
                    seen[near] = True
                    open_.append(near)
        if len(component) <= small:
            count += 1
            found[tuple(np.transpose(component))] = True
    return found, count


@pytest.mark.parametrize("small", [1, 2, 4, 7])
@pytest.mark.parametrize("density", [0.08, 0.2, 0.5])
def test_islands_are_those_of_a_flood_fill(small: int, density: float) -> None:
    random = np.random.default_rng(small)
    samples = np.zeros((6, 19, 23, 4), np.uint8)
    samples[..., 3] = np.where(random.random(samples.shape[:3]) < density, 200, 90)
    found, counts = islands(samples, small), count_islands(samples, small)
    for sample, mask, count in zip(samples, found, counts, strict=True):
        expected, number = flooded(sample[..., 3] >= 128, small)
        assert np.array_equal(mask, expected) and count == number


def test_a_long_line_is_no_island() -> None:
    samples = np.zeros((1, 16, 16, 2), np.uint8)
    samples[0, 3, :, 1] = 255
    assert not islands(samples).any() and count_islands(samples).tolist() == [0]
