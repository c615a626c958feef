from __future__ import annotations

import numpy as np
import pytest
import torch

from gansmith.blueprint import Blueprint
from gansmith.expressions import FADE, ExpressionModel
from gansmith.faces.alignment import Alignment
from gansmith.medium import MEDIA
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.translation.editor import Editor
from gansmith.recipe import NetworkConfig


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    """An untrained editor of 32 pixels whose fields are strong."""
    source = SampleSpec(3, 32, 32)
    spec = SampleSpec(3, 32, 32, condition_shape=(2, 1, 1), source=source)
    config = NetworkConfig(name="editor", width=8, blocks=1, d_width=8)
    editor = build_networks(config, spec, seed=0).generator
    assert isinstance(editor, Editor)
    torch.manual_seed(0)
    torch.nn.init.normal_(editor.exit[1].bias, std=2.0)  # type: ignore[arg-type]
    codec = MEDIA["image"].codec()
    return ExpressionModel(editor, Blueprint(codec, config, spec, ("smile", "open"), task="x"))


def whole(side: int, left: float = 0.0, top: float = 0.0) -> Alignment:
    """The crop of a square of a picture."""
    return Alignment(np.eye(2) / side, np.array([-left / side, -top / side]))


def smooth_picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width] / 9.0
    channels = [np.sin(x + 0.3 * k) * np.cos(y - 0.2 * k) for k in range(3)]
    picture: np.ndarray = np.rint(127 + 100 * np.stack(channels, -1)).astype(np.uint8)
    return picture


def test_a_crop_that_is_the_whole_picture_is_edited_as_the_picture(model: ExpressionModel) -> None:
    picture, strengths = smooth_picture(32, 32), np.array([[1.0, 0.0], [0.3, -0.5]], np.float32)
    made = model.edit_faces(picture, [whole(32)], strengths)
    plain = model.edit_faces(picture, None, strengths)
    inside = slice(round(FADE * 32) + 1, -round(FADE * 32) - 1)
    for one, other in zip(made, plain, strict=True):
        assert np.abs(one.astype(int) - other)[inside, inside].max() <= 4
        assert np.abs(one.astype(int) - picture).max() > 10


def test_a_face_within_a_picture_moves_and_nothing_else_does(model: ExpressionModel) -> None:
    """Cutting the face out, editing it and putting it back gives the same."""
    picture, strengths = smooth_picture(90, 120), np.array([[0.8, 0.2]], np.float32)
    (made,) = model.edit_faces(picture, [whole(64, left=40, top=12)], strengths)
    face = (slice(12, 76), slice(40, 104))
    outside = np.ones((90, 120), np.bool_)
    outside[face] = False
    assert np.array_equal(made[outside], picture[outside])
    alone = model.edit(picture[face][None], strengths)[0]
    inner = slice(8, -8)
    apart = np.abs(made[face].astype(int) - alone)[inner, inner]
    assert apart.max() <= 12 and apart.mean() < 1.5
    assert np.abs(made.astype(int) - picture)[face].max() > 10


def test_a_turned_face_is_edited_along_its_own_axes(model: ExpressionModel) -> None:
    """A picture turned by a quarter, with the face turned likewise, gives the turned result."""
    picture, strengths = smooth_picture(48, 48), np.array([[0.0, 1.0]], np.float32)
    (upright,) = model.edit_faces(picture, [whole(48)], strengths)
    quarter = Alignment(np.array([[0.0, -1.0], [1.0, 0.0]]) / 48, np.array([1.0, 0.0]))
    (turned,) = model.edit_faces(np.ascontiguousarray(np.rot90(picture)), [quarter], strengths)
    assert np.abs(np.rot90(upright).astype(int) - turned).max() <= 4


def test_no_strength_changes_nothing(model: ExpressionModel) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    (made,) = model.edit_faces(picture, [whole(30, 5, 5)], np.zeros((1, 2), np.float32))
    assert np.array_equal(made, picture)
