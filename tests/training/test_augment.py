from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.recipe import AugmentConfig, dump_recipe, load_recipe, override
from gansmith.sections import AugmentOp
from gansmith.training.augment import Augmentation, require_suitable
from gansmith.training.augment_ops import OPERATIONS
from gansmith.training.engine import Engine
from tests.training.test_augment_ops import transitions

ALL = tuple(OPERATIONS)


def _engine(seed: int = 0) -> Engine:
    return Engine("32-true", seed, accelerator="cpu")


def _augmentation(*ops: str, seed: int = 0, **settings: float) -> Augmentation:
    """Of pictures with alpha, as `_noise` makes them."""
    return Augmentation(AugmentConfig.model_validate({"ops": ops, **settings}), _engine(seed), True)


def _noise(count: int, channels: int = 4, side: int = 8) -> Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.rand(count, channels, side, side, generator=random) * 1.8 - 0.9


@pytest.mark.parametrize(("ops", "probability"), [((), 1.0), (ALL, 0.0)])
def test_without_operations_or_at_zero_nothing_is_changed_or_drawn(
    ops: tuple[str, ...], probability: float
) -> None:
    engine = _engine()
    before = engine.random.get_state()
    config = AugmentConfig.model_validate({"ops": ops, "probability": probability})
    samples = _noise(3, side=1 if not ops else 8)
    assert Augmentation(config, engine, True)(samples) is samples
    assert torch.equal(engine.random.get_state(), before)


@pytest.mark.parametrize(
    ("name", "share"),
    [("flip", 1 / 2), ("rotate", 3 / 4), ("translation", 3 / 4), ("scale", 1), ("colour", 1)],
)
@pytest.mark.parametrize("probability", [0.3, 1.0])
def test_so_many_samples_are_changed(name: str, share: float, probability: float) -> None:
    """Half of the flips change nothing, nor does a move by (0, 0), which 1 of 4 are at 8x8."""
    samples = _noise(4000)
    changed = _augmentation(name, probability=probability)(samples)
    found = (changed != samples).flatten(1).any(1).double().mean()
    expected = probability * share
    assert float(found) == pytest.approx(expected, abs=5 * (0.25 / 4000) ** 0.5 + 1e-9)
    if expected == 1:
        assert found == 1


def test_operations_are_chosen_independently_of_each_other() -> None:
    samples = _noise(6000).clamp(max=0.5)
    samples[:, -1] = 1.0
    changed = _augmentation("colour", "cutout", probability=0.4)(samples)
    cut = (changed[:, -1] == -1).flatten(1).any(1)
    recoloured = ((changed != samples) & (changed[:, -1:] == 1)).flatten(1).any(1)
    assert float(cut.double().mean()) == pytest.approx(0.4, abs=0.03)
    assert float(recoloured.double().mean()) == pytest.approx(0.4, abs=0.03)
    assert float((cut & recoloured).double().mean()) == pytest.approx(0.16, abs=0.025)


def test_the_order_in_the_recipe_does_not_matter() -> None:
    samples = _noise(16)
    forth, back = _augmentation(*ALL), _augmentation(*reversed(ALL))
    assert torch.equal(forth(samples), back(samples))


def test_chance_follows_from_the_seed_and_goes_on_from_a_state() -> None:
    samples = _noise(16)
    engine = _engine(3)
    config = AugmentConfig.model_validate({"ops": ALL})
    first = Augmentation(config, engine, True)(samples)
    kept = engine.random.get_state()
    second = Augmentation(config, engine, True)(samples)
    assert torch.equal(_augmentation(*ALL, seed=3)(samples), first)
    assert not torch.equal(first, second)
    other = _engine(8)
    other.random.set_state(kept)
    assert torch.equal(Augmentation(config, other, True)(samples), second)


def test_two_processes_draw_what_one_draws() -> None:
    whole = _engine().uniform(6, 2, 3)
    parts = []
    for rank in (0, 1):
        engine = _engine()
        engine.processes, engine.rank = 2, rank
        parts.append(engine.uniform(3, 2, 3))
    assert torch.equal(torch.cat(parts), whole)
    assert whole.dtype == torch.float32 and whole.min() >= 0 and whole.max() < 1


def test_a_penalty_on_the_gradient_reaches_through_all_operations() -> None:
    samples = _noise(8).requires_grad_()
    augmented = _augmentation(*ALL, probability=0.8)(samples)
    (gradient,) = torch.autograd.grad(augmented.pow(3).sum(), samples, create_graph=True)
    (second,) = torch.autograd.grad(gradient.pow(2).sum(), samples)
    assert second.isfinite().all() and (second.flatten(1).abs().amax(1) > 0).all()


def test_a_distribution_is_changed_by_an_operator_that_can_be_undone() -> None:
    """Lit pixels through the real thing are where the exact operators take their distribution."""
    random = np.random.default_rng(0)
    clean = random.dirichlet(np.full(64, 0.3))
    lit = torch.from_numpy(random.choice(64, 40_000, p=clean))
    samples = (2 * torch.nn.functional.one_hot(lit, 64).float() - 1).view(-1, 1, 8, 8)
    moves = ("flip", "rotate", "translation")
    augmented = _augmentation(*moves, probability=0.8)(samples.expand(-1, 2, -1, -1))
    found = (augmented[:, 0].flatten(1) == 1).double().mean(0).numpy()
    flip, turn, move = (transitions(name, 0.8) for name in moves)
    operator = move @ turn @ flip
    assert abs(found - operator @ clean).max() < 5 * (found.max() / 40_000) ** 0.5
    assert np.linalg.solve(operator, operator @ clean) == pytest.approx(clean, abs=1e-6)


def test_the_probability_follows_the_sign_within_its_limit() -> None:
    augmentation = _augmentation("flip", probability=0.1, target=0.6, span=1000, limit=0.3)
    assert augmentation.adaptive
    augmentation.adapt(0.9, 64)
    assert augmentation.probability == pytest.approx(0.164)
    augmentation.adapt(0.6, 64)
    assert augmentation.probability == pytest.approx(0.164)
    augmentation.adapt(1.0, 500)
    assert augmentation.probability == 0.3
    augmentation.adapt(-1.0, 100)
    assert augmentation.probability == pytest.approx(0.2)
    augmentation.adapt(0.0, 500)
    assert augmentation.probability == 0


def test_without_a_target_the_probability_stays() -> None:
    augmentation = _augmentation("flip", probability=0.4)
    augmentation.adapt(1.0, 10**6)
    assert augmentation.probability == 0.4 and not augmentation.adaptive


def test_another_configuration_counts_from_its_own_probability() -> None:
    augmentation = _augmentation("flip", probability=0.4)
    augmentation.restore({"probability": 0.5})
    augmentation.reconfigure(AugmentConfig(ops=("flip", "colour"), probability=0.4))
    assert augmentation.probability == pytest.approx(0.5)
    assert not torch.equal(augmentation(_noise(32))[:, 0], _noise(32)[:, 0])
    augmentation.reconfigure(AugmentConfig(ops=("flip",), probability=0.2))
    assert augmentation.probability == 0.2


def test_the_state_is_the_probability() -> None:
    augmentation = _augmentation("flip", probability=0.1, target=0.5)
    augmentation.adapt(1.0, 10_000)
    other = _augmentation("flip", probability=0.1, target=0.5)
    other.restore(augmentation.state())
    assert other.probability == augmentation.probability == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("ops", "shape", "parts"),
    [
        (("flip",), (1, 1), ["8x8 pixels or more", "1x1", "leave augment.ops empty"]),
        (("flip", "rotate"), (16, 12), ["'rotate'", "square", "16x12", "take it out"]),
    ],
)
def test_samples_that_do_not_suit_are_told(
    ops: tuple[str, ...], shape: tuple[int, int], parts: list[str]
) -> None:
    with pytest.raises(GansmithError) as caught:
        _augmentation(*ops)(torch.zeros(2, 1, *shape))
    assert all(part in str(caught.value) for part in parts)
    require_suitable((), *shape)
    require_suitable(("flip",), 16, 12)


def test_a_recipe_names_operations_in_a_list_or_in_text() -> None:
    assert set(get_args(AugmentOp)) == set(OPERATIONS)
    assert load_recipe("digits").augment.ops == ()
    listed = load_recipe("digits", ["augment.ops=[flip, colour]"])
    assert listed == load_recipe("digits", ["augment.ops=flip,colour"])
    assert listed.augment.ops == ("flip", "colour")
    assert override(listed, []) == listed and "- colour" in dump_recipe(listed)


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        (["augment.ops=flip,blur"], ["augment.ops.1", "'blur'", "'cutout'"]),
        (["augment.ops=flip,flip"], ["'augment'", "once", "flip, flip"]),
        (["augment.probability=1.5"], ["augment.probability", "1.5", "less than or equal to 1"]),
        (
            ["augment.target=0.6", "augment.probability=0.9"],
            ["'augment'", "starts at probability 0.9", "limit 0.8"],
        ),
    ],
)
def test_a_wrong_configuration_is_explained(settings: list[str], parts: list[str]) -> None:
    with pytest.raises(GansmithError) as caught:
        load_recipe("digits", settings)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
