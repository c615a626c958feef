"""Folders as people have them train and generate without special flags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gansmith

QUICK = [
    "training.frames=2",
    "evaluation.quick_looks=1",
    "evaluation.quick_samples=64",
    "evaluation.samples=64",
    "network.width=8",
]
SHAPES = {
    "sprites": (48, 48, 4),
    "grey_folder": (60, 100, 1),
    "messy_folder": (64, 64, 3),
    "labelled_folder": (32, 32, 1),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_folder_trains_and_generates(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = request.getfixturevalue(name)
    slim = ["network.max_width=8", "network.grid_width=8"]
    settings = ["training.batch=16", *QUICK, *slim]
    model = gansmith.train(
        "pictures", data=folder, out=tmp_path / "run", samples=64, settings=settings
    )
    assert model is not None
    height, width, channels = SHAPES[name]
    samples = gansmith.load(tmp_path / "run").sample(4, seed=1)
    assert samples.shape[3] == channels
    if name != "messy_folder":
        assert samples.shape[1:3] == (height, width)
    assert np.array_equal(samples, model.sample(4, seed=1))
    place = gansmith.generate(tmp_path / "run", 4, out=tmp_path / "made")
    pictures = sorted(place.glob("*.png"))
    assert len(pictures) == 4
    with Image.open(pictures[0]) as picture:
        assert picture.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]


def test_transparency_is_learnt(sprites: Path, tmp_path: Path) -> None:
    """The corners of every sprite are empty and the middle is not; so should ours be, mostly."""
    settings = ["data.size=16", "training.batch=16", "training.ema_half_life=1000", *QUICK]
    settings += ["network.max_width=16", "network.grid_width=16"]
    model = gansmith.train(
        "pictures", data=sprites, out=tmp_path / "run", samples=3200, settings=settings
    )
    assert model is not None
    alpha = model.sample(64, seed=0)[..., 3].astype(float) / 255
    corners = alpha[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean()
    assert corners < 0.25
    assert alpha[:, 7:9, 7:9].mean() > corners + 0.4
