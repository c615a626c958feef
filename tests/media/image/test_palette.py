from __future__ import annotations

import numpy as np
import pytest
import torch

from gansmith.media.image.palette import learn_palette, snap

COLOURS = np.array([[0, 0, 0], [10, 200, 30], [250, 240, 5], [90, 90, 90]], np.uint8)


def test_few_colours_are_kept_exactly() -> None:
    chosen = np.random.default_rng(0).integers(0, 4, (5, 8, 8))
    assert np.array_equal(learn_palette([COLOURS[chosen]], 4), COLOURS[[0, 1, 3, 2]])


def test_hidden_colours_do_not_count() -> None:
    samples = np.full((1, 8, 8, 4), 255, np.uint8)
    samples[0, :, :, :3] = COLOURS[1]
    samples[0, 0, 0] = 9, 9, 9, 0
    assert learn_palette([samples], 64).tolist() == [COLOURS[1].tolist()]
    assert learn_palette([samples * 0], 64).shape == (1, 3)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("most", [2, 16, 256])
def test_many_colours_become_few_that_there_are(channels: int, most: int) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (4, 32, 32, channels), np.uint8)
    palette = learn_palette([samples], most)
    assert palette.shape[1] == channels and 2 <= len(palette) <= most
    known = {tuple(row) for row in samples.reshape(-1, channels).tolist()}
    assert {tuple(row) for row in palette.tolist()} <= known
    assert np.array_equal(palette, learn_palette([samples[:2], samples[2:]], most))


def test_snapping_takes_the_nearest_colour() -> None:
    colours = torch.rand(3, 3, 9, 7, generator=torch.Generator().manual_seed(0)) * 255
    snapped = snap(colours, torch.from_numpy(COLOURS))
    flat = colours.permute(0, 2, 3, 1).reshape(-1, 1, 3).numpy()
    nearest = ((flat - COLOURS.astype(float)) ** 2).sum(-1).argmin(-1)
    assert np.array_equal(snapped.permute(0, 2, 3, 1).reshape(-1, 3).numpy(), COLOURS[nearest])
