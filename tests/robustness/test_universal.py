"""One perturbation for all images, against the closed form of a linear classifier."""

from __future__ import annotations

import torch

from gansmith.robustness.attacks import misread, noise
from gansmith.robustness.classifier import Images, take_images
from gansmith.robustness.feed import ImageFeed
from gansmith.robustness.threat import Threat
from gansmith.robustness.universal import train_universal
from tests.robustness.targets import LABELS, grey, held_out, linear, spots, target, through


def test_for_two_classes_of_a_linear_network_it_is_the_sign_of_the_difference() -> None:
    layer = linear(classes=2)
    x = grey(40)
    network = through(layer)
    y = torch.zeros(40, dtype=torch.int64)
    feed = ImageFeed(Images(x, y, torch.arange(40).numpy(), ("a", "b")), 20, 0)
    found = train_universal(network, feed, Threat(0.2), steps=40, aim=1)
    expected = 0.2 * (layer.weight[1] - layer.weight[0]).sign().view(1, 1, 6, 6)
    assert torch.allclose(found.delta, expected)


def test_it_fools_more_than_noise_and_keeps_to_its_size() -> None:
    images, threat = held_out(), Threat(0.3)
    feed = ImageFeed(take_images(spots(), spots().train_indices), 64, 0)
    found = train_universal(target().logits, feed, threat, steps=60)
    assert float(found.delta.abs().max()) <= 0.3 + 1e-6
    moved = found.attack(target().logits, images.x, images.y, threat, torch.Generator())
    threat.require(moved, images.x)
    by_noise = noise(target().logits, images.x, images.y, threat, torch.Generator())
    ours, floor = (
        float(misread(target().logits, some, images.y).float().mean()) for some in (moved, by_noise)
    )
    assert ours > floor + 0.2
    aimed = train_universal(target().logits, feed, threat, steps=60, aim=4)
    assert LABELS[4] == "middle"
    said = (
        target()
        .logits(aimed.attack(target().logits, images.x, images.y, threat, torch.Generator()))
        .argmax(1)
    )
    assert float((said == 4)[images.y != 4].float().mean()) > 0.3
