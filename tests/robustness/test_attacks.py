"""Attacks against closed forms of linear networks, foolbox and pyautoattack."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansmith.robustness.attacks import (
    Attack,
    ascend,
    falling_sizes,
    fgsm,
    input_gradient,
    margins,
    misread,
    noise,
    pgd,
    run_attack,
)
from gansmith.robustness.autopgd import apgd_ce, apgd_t
from gansmith.robustness.square import square
from gansmith.robustness.threat import Norm, Threat
from tests.robustness.targets import convolutional, grey, held_out, linear, target, through

FAST_SQUARE = partial(square, queries=150)
ATTACKS: dict[str, Attack] = {
    "noise": noise,
    "fgsm": fgsm,
    "pgd": partial(pgd, steps=10, restarts=2),
    "apgd-ce": partial(apgd_ce, steps=20),
    "apgd-t": partial(apgd_t, steps=20),
    "square": FAST_SQUARE,
}
SIZES: dict[Norm, float] = {"Linf": 0.085, "L2": 0.65}
"""Sizes at which about half of the spots are still recognised."""


def attacked(
    attack: Attack, model: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, threat: Threat
) -> Tensor:
    return run_attack(attack, model, x, y, threat, seed=0).fooled


def linear_reach(layer: nn.Linear, x: Tensor, y: Tensor, norm: Norm) -> Tensor:
    """Least size of a perturbation that a linear network misreads, [N], by its closed form."""
    logits = layer(x.flatten(1))
    apart = (layer.weight[None] - layer.weight[y][:, None]).norm(
        p=1 if norm == "Linf" else 2, dim=2
    )
    sizes = (logits.gather(1, y[:, None]) - logits) / apart
    return sizes.scatter(1, y[:, None], torch.inf).amin(1)


def test_one_step_finds_the_best_perturbation_of_a_linear_network() -> None:
    layer, x = linear(classes=2), grey(20)
    y = layer(x.flatten(1)).argmax(1)
    away = (layer.weight[1] - layer.weight[0]).view(1, 1, 6, 6) * (1 - 2 * y).view(-1, 1, 1, 1)
    generator = torch.Generator()
    found = fgsm(through(layer), x, y, Threat(0.2), generator)
    torch.testing.assert_close(found, x + 0.2 * away.sign())
    found = fgsm(through(layer), x, y, Threat(0.2, "L2"), generator)
    unit = away / away.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    torch.testing.assert_close(found, x + 0.2 * unit)


@pytest.mark.parametrize("norm", ["Linf", "L2"])
@pytest.mark.parametrize("classes", [2, 5])
def test_strong_attacks_are_exact_on_linear_networks(norm: Norm, classes: int) -> None:
    layer, x = linear(classes), grey(60)
    y = layer(x.flatten(1)).argmax(1)
    reach = linear_reach(layer, x, y, norm)
    threat = Threat(float(reach.median()) + 1e-5, norm)
    assert threat.eps < 0.3
    truth = reach <= threat.eps
    found = attacked(apgd_t, through(layer), x, y, threat)
    assert not (found & ~truth).any()
    assert (truth & ~found).sum() <= 1
    by_pgd = attacked(partial(pgd, steps=40), through(layer), x, y, threat)
    assert not (by_pgd & ~truth).any()
    if classes == 2:  # of more, cross-entropy pulls towards several at once
        assert (truth & ~by_pgd).sum() <= 1


@pytest.mark.parametrize("norm", ["Linf", "L2"])
@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_keep_to_the_threat_and_repeat(name: str, norm: Norm) -> None:
    attack = partial(square, queries=60) if name == "square" else ATTACKS[name]
    images, model, threat = held_out(30), target().logits, Threat(SIZES[norm], norm)
    first = run_attack(attack, model, images.x, images.y, threat, seed=5, batch=20)
    again = run_attack(attack, model, images.x, images.y, threat, seed=5, batch=20)
    assert torch.equal(first.images, again.images)
    threat.require(first.images, images.x)
    assert torch.equal(misread(model, first.images, images.y), first.fooled)
    withstood = ~first.fooled
    assert torch.equal(first.images[withstood], images.x[withstood])


@pytest.mark.parametrize("norm", ["Linf", "L2"])
def test_stronger_attacks_fool_more(norm: Norm) -> None:
    images, model, threat = held_out(80), target().logits, Threat(SIZES[norm], norm)
    fooled = {
        name: attacked(attack, model, images.x, images.y, threat).float().mean()
        for name, attack in ATTACKS.items()
    }
    assert fooled["noise"] < 0.1
    assert fooled["noise"] < fooled["fgsm"] <= fooled["pgd"] <= fooled["apgd-t"] + 0.02
    assert 0.2 < fooled["apgd-t"] < 0.9
    assert fooled["noise"] < fooled["square"] <= fooled["apgd-t"] + 0.02


@pytest.mark.parametrize("norm", ["Linf", "L2"])
def test_steps_are_those_of_foolbox(norm: Norm) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        foolbox = pytest.importorskip("foolbox")
        images, size = held_out(30), SIZES[norm]
        reference = foolbox.PyTorchModel(trained_module(), bounds=(0, 1), device="cpu")
        many = foolbox.attacks.LinfPGD if norm == "Linf" else foolbox.attacks.L2PGD
        one = (
            foolbox.attacks.LinfFastGradientAttack
            if norm == "Linf"
            else (foolbox.attacks.L2FastGradientAttack)
        )
        attack = many(abs_stepsize=size / 4, steps=10, random_start=False)
        _, expected, _ = attack(reference, images.x, images.y, epsilons=size)
        _, expected_step, _ = one()(reference, images.x, images.y, epsilons=size)
    model, threat = convolutional().logits, Threat(size, norm)
    found = ascend(model, images.x, images.y, threat, images.x, [size / 4] * 10)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=0)
    step = fgsm(model, images.x, images.y, threat, torch.Generator())
    torch.testing.assert_close(step, expected_step, atol=2e-5, rtol=0)


@pytest.mark.parametrize("steps", [3, 5, 10])
def test_steps_that_fall_cross_the_whole_ball_and_end_small(steps: int) -> None:
    threat = Threat(0.25, "Linf")
    sizes = falling_sizes(threat, steps)
    assert sizes == sorted(sizes, reverse=True) and len(sizes) == steps
    assert sum(sizes) >= 2 * threat.eps and sizes[-1] == pytest.approx(threat.eps / steps)
    images = held_out(20)
    start = threat.random_start(images.x, torch.Generator().manual_seed(0))
    found = ascend(convolutional().logits, images.x, images.y, threat, start, sizes)
    threat.require(found, images.x)


def trained_module() -> nn.Module:
    network = convolutional().network
    assert isinstance(network, nn.Module)
    return network


def reference_attack(kind: str, norm: Norm, **options: Any) -> Any:
    autopgd = pytest.importorskip("pyautoattack.autopgd_base")
    squares = pytest.importorskip("pyautoattack.square")
    settings = {"norm": norm, "eps": SIZES[norm], "seed": 0, "device": "cpu", **options}
    model = trained_module()
    if kind == "apgd-ce":
        return autopgd.APGDAttack(model, n_iter=30, n_restarts=1, **settings)
    if kind == "apgd-t":
        return autopgd.APGDAttack_targeted(model, n_iter=20, n_target_classes=4, **settings)
    return squares.SquareAttack(model, n_queries=150, resc_schedule=True, **settings)


@pytest.mark.parametrize("norm", ["Linf", "L2"])
@pytest.mark.parametrize(
    ("kind", "attack", "tolerance"),
    [
        ("apgd-ce", partial(apgd_ce, steps=30), 1),
        ("apgd-t", partial(apgd_t, steps=20), 1),
        ("square", FAST_SQUARE, 8),
    ],
)
def test_as_many_are_fooled_as_by_pyautoattack(
    kind: str, attack: Attack, tolerance: int, norm: Norm
) -> None:
    images, model = held_out(80), convolutional().logits
    mine = attacked(attack, model, images.x, images.y, Threat(SIZES[norm], norm))
    with torch.random.fork_rng():
        found = reference_attack(kind, norm).perturb(images.x.clone(), images.y.clone())
    theirs = misread(model, found, images.y)
    assert int(mine.sum()) >= int(theirs.sum()) - tolerance
    if kind != "square":  # with few queries a better one may fool many more
        assert int(mine.sum()) <= int(theirs.sum()) + tolerance
        assert int((mine ^ theirs).sum()) <= 2 * tolerance


class Counting:
    """A network that counts the images that it sees."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, x: Tensor) -> Tensor:
        self.seen += len(x)
        return target().logits(x)


@pytest.mark.parametrize("name", ["pgd", "apgd-ce", "apgd-t", "square"])
def test_no_work_is_done_on_what_is_fooled(name: str) -> None:
    images, model = held_out(40), Counting()
    outcome = run_attack(ATTACKS[name], model, images.x, images.y, Threat(1.0), seed=0)
    assert outcome.fooled.all()
    assert model.seen < 40 * 20


def test_misread_images_are_left_alone() -> None:
    images = held_out(10)
    wrong = (images.y + 1) % 5
    outcome = run_attack(fgsm, target().logits, images.x, wrong, Threat(0.3))
    assert outcome.fooled.all()
    assert torch.equal(outcome.images, images.x)


def test_a_warm_start_is_used() -> None:
    images, model, threat = held_out(20), target().logits, Threat(0.3)
    generator = torch.Generator()
    found = run_attack(pgd, model, images.x, images.y, threat)
    assert found.fooled.all()
    again = pgd(model, images.x, images.y, threat, generator, steps=1, start=found.images)
    assert torch.equal(again, found.images)


def test_an_attack_may_follow_another_network() -> None:
    images, threat = held_out(), Threat(SIZES["Linf"])
    other = partial(torch.roll, shifts=1, dims=1)

    def surrogate(x: Tensor) -> Tensor:
        return other(other(target().logits(x)))

    own = run_attack(fgsm, target().logits, images.x, images.y, threat)
    led_astray = run_attack(fgsm, surrogate, images.x, images.y, threat, target=target().logits)
    assert led_astray.fooled.sum() < own.fooled.sum()
    assert torch.equal(misread(target().logits, led_astray.images, images.y), led_astray.fooled)


def test_gradients_that_are_missing_or_broken_are_zero() -> None:
    x, y = grey(3), torch.tensor([0, 1, 2])
    layer = linear()

    def detached(x: Tensor) -> Tensor:
        return layer(x.detach().flatten(1))

    def broken(x: Tensor) -> Tensor:
        return layer(x.flatten(1)) * (x.sum() * 0).sqrt()

    for model in (detached, broken):
        gradient, _, _ = input_gradient(model, x, lambda logits: logits.sum(1))
        assert not gradient.any()
        for attack in ATTACKS.values():
            run_attack(attack, model, x, y, Threat(0.1))


def test_margins() -> None:
    logits = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 1.0]])
    torch.testing.assert_close(margins(logits, torch.tensor([0, 2])), torch.tensor([1.0, -4.0]))
