from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from torch import nn

from gansmith.errors import GansmithError
from gansmith.networks import Discriminator, GANNetworks, Generator, SampleSpec
from gansmith.networks.base import check_networks

TILES = SampleSpec(12, 8, 8, output="categorical")


class _Tiles(Generator):
    latent = 3

    def __init__(self, softmax: bool) -> None:
        super().__init__()
        self.body, self.softmax = nn.Linear(3, 12 * 64), softmax

    def forward(self, latents: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        values: torch.Tensor = self.body(latents).view(-1, 12, 8, 8)
        return values.softmax(1) if self.softmax else values.tanh()


class _Patches(Discriminator):
    def __init__(self, maps: int = 1) -> None:
        super().__init__()
        self.body = nn.Conv2d(12, maps, 3, 2, 1)

    def forward(self, samples: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        logits: torch.Tensor = self.body(samples)
        return logits


@pytest.mark.parametrize(
    "spec",
    [
        SampleSpec(1, 1, 40, tokens=7, traits=2, condition_shape=(4, 32, 32)),
        SampleSpec(3, 16, 16, source=SampleSpec(4, 8, 8, 2, alpha=True)),
        TILES,
    ],
    ids=str,
)
def test_a_spec_comes_back_from_json(spec: SampleSpec) -> None:
    assert SampleSpec.from_dict(json.loads(json.dumps(asdict(spec)))) == spec


def test_a_spec_of_an_earlier_version_is_read() -> None:
    facts = {"channels": 1, "height": 1, "width": 40, "classes": 0, "tokens": 9}
    old = SampleSpec.from_dict(facts | {"picture": [4, 32, 32], "traits": 0})
    assert old == SampleSpec(1, 1, 40, tokens=9, condition_shape=(4, 32, 32))
    assert old.conditional
    assert not SampleSpec.from_dict(facts | {"picture": None}).conditional
    condition = old.dummy_condition(3)
    assert condition is not None and condition.shape == (3, 4, 32, 32)


def test_a_map_of_logits_is_taken_and_several_maps_are_not() -> None:
    check_networks("tiles", GANNetworks(_Tiles(softmax=True), _Patches()), TILES)
    with pytest.raises(
        GansmithError, match=r"shape \(2, 3, 4, 4\) for two samples.*\(2, 1, h, w\)"
    ):
        check_networks("tiles", GANNetworks(_Tiles(softmax=True), _Patches(3)), TILES)


def test_categorical_samples_must_be_distributions() -> None:
    pair = GANNetworks(_Tiles(softmax=False), _Patches())
    with pytest.raises(
        GansmithError, match=r"'tiles' does not make the categorical .*network\.name"
    ):
        check_networks("tiles", pair, TILES)
    check_networks("tiles", pair, SampleSpec(12, 8, 8))
