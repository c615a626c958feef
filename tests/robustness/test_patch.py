"""Patches: how they lie, and that a trained one fools more than random colours."""

from __future__ import annotations

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.robustness.classifier import take_images
from gansmith.robustness.feed import ImageFeed
from gansmith.robustness.patch import PRINTABLE, Scene, patch_success, train_patch
from tests.robustness.targets import held_out, spots, target


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_an_unturned_patch_is_a_square_in_the_middle() -> None:
    scene = Scene(area=0.16, rotation=0, smallest=1, reach=0, light=0)
    patch = torch.arange(16.0).view(1, 4, 4) / 20
    seen = scene.paste(torch.ones(1, 1, 10, 10), patch, generator())
    assert torch.allclose(seen[0, 0, 3:7, 3:7], patch[0], atol=1e-5)
    assert float((seen == 1).sum()) == 84


@pytest.mark.parametrize(("height", "width"), [(32, 32), (24, 40)])
def test_it_covers_at_most_its_area_and_stays_inside(height: int, width: int) -> None:
    seen = Scene(area=0.1, reach=1).paste(
        torch.full((200, 1, height, width), 2.0), torch.full((1, 8, 8), 0.5), generator()
    )
    covered = (seen <= 1).float()
    share = covered.mean((1, 2, 3))
    assert float(share.max()) < 0.115 and float(share.min()) > 0.05
    # all of it is inside: none is cut off at a border
    assert float(share.min()) > 0.8**2 * 0.1 * 0.85
    places = covered.mean(0)[0]
    assert float((places > 0).float().mean()) > 0.8  # it comes nearly everywhere


def test_a_trained_patch_fools_more_than_random_colours() -> None:
    images = held_out()
    feed = ImageFeed(take_images(spots(), spots().train_indices), 32, 0)
    scene = Scene(area=0.1)
    patch = train_patch(target().logits, feed, scene, steps=60)
    low, high = PRINTABLE
    assert low <= float(patch.min()) and float(patch.max()) <= high
    ours, total, first = patch_success(target().logits, images.x, images.y, patch, scene)
    random = torch.rand(patch.shape, generator=generator())
    floor, _, _ = patch_success(target().logits, images.x, images.y, random, scene)
    assert total == 8 * len(images.x) and first.shape == images.x.shape
    assert ours > floor + 0.1 * total


def test_an_aim_leaves_out_images_of_it() -> None:
    images = held_out()
    patch = torch.full((1, 4, 4), 0.5)
    _, total, _ = patch_success(target().logits, images.x, images.y, patch, Scene(), views=3, aim=1)
    assert total == 3 * int((images.y != 1).sum())


def test_an_area_that_is_no_share_is_refused() -> None:
    with pytest.raises(GansmithError, match="a share of the image"):
        Scene(area=10)
