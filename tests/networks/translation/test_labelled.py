from __future__ import annotations

import pytest
import torch

from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.translation.labelled import LabelledTranslator
from gansmith.networks.translation.residual import PatchDiscriminator, Translator, TranslatorOptions
from gansmith.recipe import NetworkConfig

OPTIONS = TranslatorOptions(width=8, blocks=2, d_width=8)
SPEC = SampleSpec(3, 32, 32, classes=4, source=SampleSpec(3, 32, 32))


def test_the_code_of_the_domain_decides_what_becomes_of_a_sample() -> None:
    torch.manual_seed(0)
    network = LabelledTranslator(SPEC, OPTIONS)
    samples = torch.rand(1, 3, 33, 17).expand(4, -1, -1, -1)
    made = network(samples, torch.arange(4))
    assert made.shape == (4, 3, 33, 17)
    assert all(not torch.allclose(made[0], other, atol=1e-4) for other in made[1:])
    assert torch.allclose(network(samples, torch.full((4,), 2))[0], made[2], atol=1e-5)


def test_with_codes_of_zero_it_is_the_plain_translator() -> None:
    torch.manual_seed(0)
    network = LabelledTranslator(SPEC, OPTIONS)
    network.codes.weight.data.zero_()
    plain = Translator(SPEC, OPTIONS)
    weights = {k: v for k, v in network.state_dict().items() if not k.startswith("codes")}
    plain.load_state_dict(weights)
    samples = torch.rand(2, 3, 32, 32)
    assert torch.allclose(network(samples, torch.tensor([1, 3])), plain(samples), atol=1e-6)


def test_a_target_must_be_given() -> None:
    with pytest.raises(ValueError, match="target"):
        LabelledTranslator(SPEC, OPTIONS)(torch.rand(1, 3, 32, 32))


def test_the_discriminator_has_logits_for_each_domain() -> None:
    torch.manual_seed(0)
    network = PatchDiscriminator(SPEC, OPTIONS)
    sample = torch.rand(1, 3, 32, 32).expand(4, -1, -1, -1)
    logits = network(sample, torch.arange(4))
    assert logits.shape == (4, 1, 1, 4 * 4 + 2 * 2)
    every = torch.cat([scale(x) for scale, x in zip(network.scales, [sample[:1]], strict=False)])
    assert torch.allclose(logits[:, 0, 0, :16], every[0].flatten(1), atol=1e-5)


def test_the_family_is_registered_with_both_conditioned_on_the_domain() -> None:
    config = NetworkConfig(name="labelled-translator", width=4, blocks=1, d_width=4)
    pair = build_networks(config, SPEC, seed=0)
    assert isinstance(pair.generator, LabelledTranslator)
