from __future__ import annotations

import torch

from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import NetworkConfig


def test_the_pair_for_waveforms_has_two_hidden_layers() -> None:
    spec = SampleSpec(1, 1, 8000, classes=10)
    pair = build_networks(NetworkConfig(name="mlp-wave"), spec, seed=0)
    shapes = [tuple(p.shape) for p in pair.generator.parameters() if p.dim() == 2]
    assert shapes == [(256, 110), (512, 256), (8000, 512)]
    shapes = [tuple(p.shape) for p in pair.discriminator.parameters() if p.dim() == 2]
    assert shapes == [(512, 8010), (256, 512), (1, 256)]
    labels = torch.arange(4)
    samples = pair.generator(50 * torch.randn(4, 100), labels)
    assert samples.shape == (4, 1, 1, 8000)
    assert samples.abs().max() <= 1
    assert pair.discriminator(samples, labels).shape == (4,)
