"""Pixel art: sprites are placed and not blurred; generated ones have hard edges and a palette."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.blueprint import Blueprint
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.inspect import Inspection
from gansmith.media.image.resizing import conform
from gansmith.model import rebuild
from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import DataConfig, load_recipe

COLOURS = np.array([[0, 0, 0], [250, 20, 30], [40, 200, 90], [255, 255, 255]], np.uint8)


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """24 sprites of 12 to 20 pixels a side, of four colours and hard alpha."""
    rng = np.random.default_rng(0)
    place = tmp_path / "tiles"
    place.mkdir()
    for index in range(24):
        height, width = rng.integers(12, 21, 2)
        colour = COLOURS[rng.integers(0, 4, (height, width))]
        alpha = np.where(rng.random((height, width)) < 0.7, 255, 0)
        Image.fromarray(np.dstack([colour, alpha]).astype(np.uint8)).save(place / f"{index}.png")
    return place


def visible(samples: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(row) for row in samples[samples[..., 3] > 0][:, :3].tolist()}


def test_the_recipe_places_sprites_unchanged(tiles: Path) -> None:
    config = load_recipe("pixel-art").data.model_copy(update={"source": str(tiles)})
    dataset = open_dataset(config, minimum=1)
    assert dataset.samples.shape[1:] == (20, 20, 4)
    assert visible(dataset.samples) == {tuple(row) for row in COLOURS.tolist()}
    assert set(np.unique(dataset.samples[..., 3])) == {0, 255}
    for name, sample in zip(sorted(p.name for p in tiles.iterdir()), dataset.samples, strict=True):
        sprite = np.asarray(Image.open(tiles / name)).copy()
        sprite[sprite[..., 3] == 0] = 0
        y, x = (20 - sprite.shape[0]) // 2, (20 - sprite.shape[1]) // 2
        assert np.array_equal(sample[y : y + sprite.shape[0], x : x + sprite.shape[1]], sprite)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("side", [10, 33, 60])
def test_placing_mixes_no_colours(mode: str, side: int) -> None:
    pixels = COLOURS[np.random.default_rng(side).integers(0, 4, (side, side // 2))]
    pixels[0] = COLOURS[2]
    image = Image.fromarray(pixels).convert(mode)
    sample = conform(image, (32, 32), mode, "place", "nearest")
    channels = sample.shape[-1]
    before = {tuple(row) for row in np.asarray(image).reshape(-1, channels).tolist()}
    after = {tuple(row) for row in sample.reshape(-1, channels).tolist()}
    assert after <= before | ({(0,) * channels} if mode in ("LA", "RGBA") else set())


def test_larger_sprites_are_scaled_down_and_smaller_are_not_enlarged() -> None:
    small = conform(Image.new("RGBA", (5, 6), "red"), (16, 16), "RGBA", "place", "nearest")
    assert (small[..., 3] > 0).sum() == 30
    large = conform(Image.new("RGBA", (64, 32), "red"), (16, 16), "RGBA", "place", "nearest")
    assert (large[..., 3] > 0).sum() == 16 * 8


def test_generated_sprites_have_hard_alpha_and_the_palette(tiles: Path) -> None:
    recipe = load_recipe("pixel-art", [f"data.source={tiles}"])
    dataset = open_dataset(recipe.data, minimum=1)
    lines: list[str] = []
    codec = ImageCodec.fit(recipe, dataset, lines.append)
    assert "pictures are made of 4 colours, learnt from the data" in lines
    tensors = 2 * torch.randn(50, 4, 20, 20, generator=torch.Generator().manual_seed(0))
    samples = codec.decode(tensors)
    assert set(np.unique(samples[..., 3])) == {0, 255}
    assert visible(samples) == {tuple(row) for row in COLOURS.tolist()}
    assert not samples[samples[..., 3] == 0].any()
    assert np.array_equal(
        codec.decode(codec.encode(torch.from_numpy(dataset.samples[:9].copy()))),
        dataset.samples[:9],
    )


def test_palette_and_alpha_are_part_of_the_model(tiles: Path) -> None:
    recipe = load_recipe("pixel-art", [f"data.source={tiles}"])
    codec = ImageCodec.fit(recipe, open_dataset(recipe.data, minimum=1))
    spec = SampleSpec(4, 20, 20)
    blueprint = Blueprint(codec, recipe.network, spec)
    again = Blueprint.from_dict(blueprint.to_dict(), codec.state_dict())
    weights = build_networks(recipe.network, spec, 0).generator.state_dict()
    samples = rebuild(again, weights).sample(20)
    assert set(np.unique(samples[..., 3])) <= {0, 255}
    assert visible(samples) <= {tuple(row) for row in COLOURS.tolist()}


def test_grey_and_opaque_pictures_take_the_palette_too() -> None:
    palette = torch.tensor([[7], [200]], dtype=torch.uint8)
    codec = ImageCodec(palette=palette)
    assert set(np.unique(codec.decode(torch.randn(2, 1, 8, 8)))) == {7, 200}


def test_the_usual_codec_has_nothing_to_keep() -> None:
    codec = ImageCodec()
    assert codec.config() == {} and codec.state_dict() == {}


def test_inspection_advises_the_recipe(tiles: Path, grey_folder: Path) -> None:
    found = inspect_path(str(tiles), DataConfig())
    assert isinstance(found, Inspection) and found.pixel_art
    assert any("recipe pixel-art" in text for _, text in found.planned())
    placed = inspect_path(str(tiles), DataConfig(resize="place"))
    photos = inspect_path(str(grey_folder), DataConfig(size=(32, 32)))
    assert not placed.pixel_art and not photos.pixel_art


def test_tiny_sprites_may_have_many_colours_and_photographs_have_more(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for number in range(6):
        many = random.integers(0, 256, (100, 3), np.uint8)[random.integers(0, 100, (30, 28))]
        photo = random.integers(0, 256, (30, 28, 3), np.uint8)
        for folder, pixels in (("sprites", many), ("photos", photo)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    for folder, sprites in (("sprites", True), ("photos", False)):
        found = inspect_path(str(tmp_path / folder), DataConfig(size=(64, 64)))
        assert isinstance(found, Inspection) and found.pixel_art is sprites
