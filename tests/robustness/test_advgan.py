"""AdvGAN on a small classifier: it keeps to its threat, learns, resumes, and says if it failed."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansmith.robustness import ladder
from gansmith.robustness.advgan_training import TrainedAdvGAN, train_advgan
from gansmith.robustness.attacks import misread, noise
from gansmith.robustness.classifier import take_images
from gansmith.robustness.feed import ImageFeed
from gansmith.robustness.ladder import AdvGANBudget, robustness
from gansmith.robustness.perturbation_network import PerturbationNetwork, perturbed
from gansmith.robustness.threat import Threat
from tests.robustness.targets import held_out, spots, target

EPS = Threat(0.3)


def feed() -> ImageFeed:
    return ImageFeed(take_images(spots(), spots().train_indices), 32, 0)


@cache
def learnt() -> TrainedAdvGAN:
    return train_advgan(target().logits, feed(), EPS, steps=60)


def fooled(found: TrainedAdvGAN, threat: Threat = EPS) -> float:
    images = held_out()
    moved = found.attack(target().logits, images.x, images.y, threat, torch.Generator())
    return float(misread(target().logits, moved, images.y).float().mean())


@pytest.mark.parametrize("threat", [Threat(0.05), Threat(0.5, "L2")])
def test_perturbations_keep_to_the_threat_at_any_size(threat: Threat) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = PerturbationNetwork(3)
        for parameter in network.parameters():
            parameter.data *= 5
        x = torch.rand(4, 3, 13, 18)
    moved = perturbed(network, x, threat).detach()
    assert moved.shape == x.shape and float(moved.min()) >= 0 and float(moved.max()) <= 1
    assert float(threat.distance(moved - x).max()) <= threat.eps * (1 + 1e-5)


def test_a_network_that_breaks_the_threat_is_caught() -> None:
    class Wild(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.full_like(x, 3.0)

    with pytest.raises(AssertionError, match="exceeds"):
        perturbed(Wild(), torch.zeros(1, 1, 4, 4), Threat(0.1))


def test_it_fools_far_more_than_noise() -> None:
    images = held_out()
    by_noise = noise(target().logits, images.x, images.y, EPS, torch.Generator().manual_seed(0))
    floor = float(misread(target().logits, by_noise, images.y).float().mean())
    assert fooled(learnt()) > floor + 0.4


def test_with_an_aim_all_is_read_as_that() -> None:
    found = train_advgan(target().logits, feed(), EPS, steps=60, aim=2)
    images = held_out()
    moved = found.attack(target().logits, images.x, images.y, EPS, torch.Generator())
    said = target().logits(moved).argmax(1)
    assert float((said == 2)[images.y != 2].float().mean()) > 0.5


def test_answers_are_enough() -> None:
    def answers(x: Tensor) -> Tensor:
        with torch.no_grad():
            return target().logits(x)

    assert fooled(train_advgan(answers, feed(), EPS, steps=80, black_box=True)) > 0.4


def test_it_resumes_to_the_same_weights(tmp_path: Path) -> None:
    def train(name: str, stops: tuple[bool, ...] = (False,) * 6) -> TrainedAdvGAN:
        asked = iter(stops)
        place = tmp_path / name
        return train_advgan(
            target().logits, feed(), EPS, steps=6, folder=place, should_stop=lambda: next(asked)
        )

    whole = train("whole")
    train("parts", (False, False, True))
    parts = train("parts")
    ours, theirs = whole.network.state_dict(), parts.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_ladder_says_that_it_did_not_train_and_that_it_is_no_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train = ladder.train_advgan

    def train_for_long(*args: Any, **options: Any) -> TrainedAdvGAN:
        time.sleep(0.5)
        return train(*args, **options)

    monkeypatch.setattr(ladder, "train_advgan", train_for_long)
    budget = AdvGANBudget(steps=1, batch=16, images=100)
    found = robustness(target(), spots(), 0.15, images=20, queries=30, advgan=budget)
    names = {outcome.name: outcome for outcome in found.outcomes}
    assert min(names["AdvGAN"].seconds, names["AdvGAN transferred"].seconds) > 0.5
    assert names["AdvGAN"].access == "white-box"
    assert names["AdvGAN transferred"].access == "transfer"
    failed, trap = found.notes
    assert failed.startswith("AdvGAN did not train: it fools")
    assert "accuracy under AdvGAN is no measure of robustness" in trap
    assert found.to_json()["notes"] == [failed, trap]
