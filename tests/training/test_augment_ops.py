from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform
from torch import Tensor

from gansmith.training.augment_ops import OPERATIONS

LIMIT = 0.8
ALPHA = (2, 4)  # channels of pictures with opacity
ALIKE = {  # strengths that stand for all, each as likely, on sides of 8
    "flip": list(product([0.25, 0.75])),
    "rotate": list(product([0.125, 0.375, 0.625, 0.875])),
    "translation": list(product([0.25, 0.75], repeat=4)),
}


def _pictures(count: int, channels: int, height: int = 12, width: int = 12) -> Tensor:
    """Random pictures, float64, premultiplied where there is alpha; a corner is transparent."""
    random = torch.Generator().manual_seed(channels)
    shape = (count, channels, height, width)
    values = torch.rand(shape, generator=random, dtype=torch.float64) * 0.9 + 0.05
    if channels in ALPHA:
        values[:, -1, :3, :4] = 0
        values[:, :-1] *= values[:, -1:]
    return values * 2 - 1


def _strength(name: str, count: int) -> Tensor:
    random = torch.Generator().manual_seed(7)
    return torch.rand(count, OPERATIONS[name].draws, generator=random)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_can_be_differentiated_twice(name: str, channels: int) -> None:
    strength = _strength(name, 3)

    def apply(values: Tensor) -> Tensor:
        return OPERATIONS[name].apply(values, strength, channels in ALPHA)

    # Alpha away from 0 and 1, where its clamp has a corner.
    samples = _pictures(3, channels, 8, 8).clamp(-0.95, 0.95).requires_grad_()
    assert torch.autograd.gradcheck(apply, (samples,), fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda v: apply(v) ** 2, (samples,), fast_mode=True)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_sample_is_changed_alone_and_keeps_its_type(name: str, channels: int) -> None:
    samples, strength = _pictures(6, channels).float(), _strength(name, 6)
    alpha = channels in ALPHA
    changed = OPERATIONS[name].apply(samples, strength, alpha)
    assert changed.shape == samples.shape and changed.dtype == samples.dtype
    for index in range(6):
        one = slice(index, index + 1)
        alone = OPERATIONS[name].apply(samples[one], strength[one], alpha)
        torch.testing.assert_close(alone[0], changed[index])


def test_turns_and_flips_are_numpys() -> None:
    samples = _pictures(4, 3)
    strength = torch.tensor([[0.1], [0.3], [0.6], [0.9]])
    turned = OPERATIONS["rotate"].apply(samples, strength, False)
    flipped = OPERATIONS["flip"].apply(samples, strength, False)
    for index, picture in enumerate(samples.numpy()):
        assert np.array_equal(turned[index], np.rot90(picture, index, (1, 2)))
        assert np.array_equal(flipped[index], picture[..., ::-1] if index >= 2 else picture)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_translation_brings_in_transparency_or_the_edge(channels: int) -> None:
    """Against a loop over pixels, at every move that 24x17 pixels allow (3 down, 2 across)."""
    grid = [product((k / 4 + 0.1 for k in range(4)), repeat=2), product((0.1, 0.5, 0.9), repeat=2)]
    strength = torch.tensor([[*down, *across] for down, across in product(*map(list, grid))])
    samples = _pictures(1, channels, 24, 17)
    copies = samples.expand(len(strength), -1, -1, -1)
    moved = OPERATIONS["translation"].apply(copies, strength, channels in ALPHA)
    reaches = torch.tensor([4, 4, 3, 3])
    seen = set()
    for result, steps in zip(moved, (strength * reaches).long().tolist(), strict=True):
        down, across = steps[0] - steps[1], steps[2] - steps[3]
        seen.add((down, across))
        expected = torch.empty_like(samples[0])
        for y, x in product(range(24), range(17)):
            row, column = y - down, x - across
            if channels in ALPHA and not (0 <= row < 24 and 0 <= column < 17):
                expected[:, y, x] = -1
            else:
                expected[:, y, x] = samples[0, :, min(max(row, 0), 23), min(max(column, 0), 16)]
        assert torch.equal(result, expected)
    assert seen == set(product(range(-3, 4), range(-2, 3)))


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("strength", [0.0, 0.5, 0.9])
def test_scale_is_scipys_bilinear_zoom(channels: int, strength: float) -> None:
    samples = _pictures(1, channels, 16, 10)
    zoom = 2 ** (-0.25 + 0.5 * strength)
    scaled = OPERATIONS["scale"].apply(samples, torch.tensor([[strength]]), channels == 4)[0]
    centre = (np.array([16, 10]) - 1) / 2
    beyond = {"mode": "grid-constant", "cval": -1} if channels == 4 else {"mode": "nearest"}
    for plane, result in zip(samples[0].numpy(), scaled.numpy(), strict=True):
        offset = centre - centre / zoom
        expected = affine_transform(plane, np.eye(2) / zoom, offset, order=1, **beyond)
        np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_colour_is_what_it_is_on_straight_colour(channels: int) -> None:
    """Brightness, saturation and contrast one after another, as Zhao et al. write them."""
    samples, strength = _pictures(5, channels), _strength("colour", 5)
    changed = OPERATIONS["colour"].apply(samples, strength, channels in ALPHA)
    values = (samples.numpy() + 1) / 2
    for index, (brightness, saturation, contrast) in enumerate(strength.double().numpy()):
        picture = values[index]
        has_alpha = channels in ALPHA
        alpha = picture[-1] if has_alpha else np.ones((12, 12))
        colours = picture[:-1] if has_alpha else picture
        straight = np.where(alpha > 0, colours / np.maximum(alpha, 1e-9), 0)
        straight = straight + (brightness - 0.5) / 2
        grey = straight.mean(0)
        straight = grey + 2 * saturation * (straight - grey) if len(straight) > 1 else straight
        mean = np.average(straight.mean(0), weights=alpha)
        straight = mean + (0.5 + contrast) * (straight - mean)
        expected = straight * alpha * 2 - 1
        np.testing.assert_allclose(changed[index, : len(expected)], expected, atol=1e-9)


@pytest.mark.parametrize("channels", [2, 4])
def test_colour_leaves_alpha_alone_and_the_transparent_transparent(channels: int) -> None:
    samples, strength = _pictures(50, channels).float(), _strength("colour", 50)
    changed = OPERATIONS["colour"].apply(samples, strength, True)
    assert torch.equal(changed[:, -1], samples[:, -1])
    assert (changed[:, :, :3, :4] == -1).all()
    assert not torch.allclose(changed[:, :-1], samples[:, :-1], atol=0.1)


def test_colour_stays_finite_where_a_generator_draws_nonsense() -> None:
    samples = torch.full((2, 4, 8, 8), -3.0)
    samples[1, :-1] = 50
    samples.requires_grad_()
    changed = OPERATIONS["colour"].apply(samples, _strength("colour", 2), True)
    (gradient,) = torch.autograd.grad(changed.sum(), samples)
    assert changed.abs().max() < 500 and gradient.isfinite().all()


@pytest.mark.parametrize(("channels", "filling"), [(1, 0.0), (2, -1.0), (3, 0.0), (4, -1.0)])
def test_cutout_covers_half_of_each_side_anywhere(channels: int, filling: float) -> None:
    samples = torch.full((144, channels, 12, 16), 0.7)
    centres = [
        ((row + 0.5) / 12, (column + 0.5) / 16) for row, column in product(range(12), [0, 8])
    ]
    strength, alpha = torch.tensor(centres), channels in ALPHA
    cut = OPERATIONS["cutout"].apply(samples[: len(centres)], strength, alpha)
    for index, (row, column) in enumerate(product(range(12), [0, 8])):
        expected = torch.full((12, 16), 0.7)
        expected[max(row - 3, 0) : row + 3, max(column - 4, 0) : column + 4] = filling
        assert all(torch.equal(plane, expected) for plane in cut[index])


@pytest.mark.parametrize("name", ["flip", "rotate", "translation", "scale", "cutout"])
def test_two_channels_without_alpha_are_each_treated_as_one_alone(name: str) -> None:
    """Log-mel spectrograms of stereo sounds, beside those of mono ones."""
    stereo, strength = _pictures(40, 2), _strength(name, 40)
    changed = OPERATIONS[name].apply(stereo, strength, False)
    for channel in (0, 1):
        alone = OPERATIONS[name].apply(stereo[:, channel : channel + 1], strength, False)
        assert torch.equal(changed[:, channel : channel + 1], alone)
    assert not torch.equal(changed, OPERATIONS[name].apply(stereo, strength, True)) or (
        name in ("flip", "rotate")
    )


def transitions(name: str, probability: float) -> np.ndarray:
    """Chances [to, from] that an operation takes one lit pixel of 8x8 to another.

    What moves out leaves an empty picture, which stays empty: that state needs no row.
    """
    lit = (2 * torch.eye(64).view(64, 1, 8, 8) - 1).expand(-1, 2, -1, -1)
    moves = [
        OPERATIONS[name].apply(lit, strength.expand(64, -1), True)[:, 0].flatten(1).T
        for strength in torch.tensor(ALIKE[name])
    ]
    mean = (torch.stack(moves).double().mean(0) + 1) / 2
    return ((1 - probability) * torch.eye(64) + probability * mean).numpy()


@pytest.mark.parametrize("name", ALIKE)
def test_an_operation_can_be_undone_up_to_the_limit(name: str) -> None:
    """The mixture is a normal matrix without negative eigenvalues: 1 - p bounds it from below."""
    for probability in (0.2, 0.5, LIMIT, 0.95):
        values = np.linalg.svd(transitions(name, probability), compute_uv=False)
        assert values.min() >= 1 - probability - 1e-6


def test_all_moves_together_can_be_undone_at_the_limit_and_leak_at_one() -> None:
    def least(probability: float) -> float:
        flip, turn, move = (transitions(name, probability) for name in ALIKE)
        return float(np.linalg.svd(move @ turn @ flip, compute_uv=False).min())

    assert least(LIMIT) >= (1 - LIMIT) ** 3 - 1e-6
    assert least(1.0) < 1e-6
    for name in ("flip", "rotate"):
        assert np.linalg.matrix_rank(transitions(name, 1.0), tol=1e-6) < 64


def test_moves_keep_frequencies_that_uniform_ones_would_lose() -> None:
    """Moves of 16 pixels, by up to 2: of uniform ones a frequency vanishes just at 0.8."""
    thirds = (1 / 6, 1 / 2, 5 / 6)
    strength = torch.tensor([[down, up, 0.0, 0.0] for down, up in product(thirds, repeat=2)])
    lit = torch.full((9, 2, 16, 16), -1.0)
    lit[:, :, 8, 8] = 1
    moved = OPERATIONS["translation"].apply(lit, strength, True)
    ours = (moved[:, 0, 6:11, 8] == 1).double().mean(0).numpy()
    assert ours.sum() == pytest.approx(1)
    waves = np.cos(np.outer(np.linspace(0, np.pi, 1001), np.arange(-2, 3)))
    kept = 1 - LIMIT + LIMIT * waves @ np.stack([ours, np.full(5, 0.2)], axis=1)
    assert kept[:, 0].min() >= 1 - LIMIT - 1e-9
    assert kept[:, 1].min() == pytest.approx(0, abs=1e-5)


def test_rolling_is_a_shift_on_a_torus() -> None:
    samples = torch.rand(5, 3, 8, 12)
    strength = torch.tensor([[0.0, 0.0], [0.3, 0.6], [0.99, 0.99], [0.5, 0.0], [0.0, 0.5]])
    moved = OPERATIONS["roll"].apply(samples, strength, False)
    for sample, (y, x), result in zip(samples, strength.tolist(), moved, strict=True):
        assert torch.equal(result, sample.roll((int(y * 8), int(x * 12)), (1, 2)))
