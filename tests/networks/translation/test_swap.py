from __future__ import annotations

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.translation.swap import FaceSwapper, lit
from gansmith.recipe import NetworkConfig

SPEC = SampleSpec(3, 32, 32, source=SampleSpec(3, 32, 32))


def swapper() -> FaceSwapper:
    config = NetworkConfig.model_validate({"name": "faceswap", "width": 8, "code": 16})
    generator = build_networks(config, SPEC, seed=0).generator
    assert isinstance(generator, FaceSwapper)
    return generator.eval().requires_grad_(False)


def test_a_swap_is_drawn_by_the_other_decoder_under_the_smaller_mask() -> None:
    network = swapper()
    faces = torch.rand(4, 3, 32, 32) * 2 - 1
    labels = torch.tensor([1, 0, 1, 0])
    network.colours[1] = network.colours[0] * 0.6
    drawn, mask = network.swap(faces, labels)
    codes = network.codes(faces)
    both = [network.decode(codes, side) for side in (0, 1)]
    for k, label in enumerate(labels.tolist()):
        colour = network.measured(faces[k : k + 1]) * (0.6 if label else 1 / 0.6)
        assert torch.allclose(drawn[k], lit(both[label][0][k : k + 1], colour)[0], atol=1e-5)
    assert torch.allclose(mask, torch.minimum(both[0][1].sigmoid(), both[1][1].sigmoid()))
    assert torch.allclose(network(faces, labels), faces + (drawn - faces) * mask)
    assert torch.allclose(network(faces[:1]), network(faces[:1], torch.tensor([1])))


def test_light_and_skin_do_not_pass_through_the_code() -> None:
    """A darker picture of a face has the same code, and its swap is darker by as much."""
    network = swapper()
    light = torch.rand(2, 3, 32, 32)
    dark = light * torch.tensor([0.6, 0.5, 0.7])[:, None, None]
    ours, theirs = (network.codes(faces * 2 - 1) for faces in (light, dark))
    assert torch.allclose(ours, theirs, atol=1e-5)
    ones = torch.ones(2, dtype=torch.long)
    bright, dim = (network.swap(faces * 2 - 1, ones)[0] + 1 for faces in (light, dark))
    assert torch.allclose(dim, bright * torch.tensor([0.6, 0.5, 0.7])[:, None, None], atol=1e-5)


def test_the_colour_of_a_face_is_that_of_its_middle() -> None:
    network = swapper()
    faces = torch.full((1, 3, 32, 32), 1.0)
    faces[:, :, 6:29, 7:25] = -0.5
    assert torch.allclose(network.measured(faces), torch.tensor(0.25))
    assert 0.2 < network.oval.mean() < 0.4


def test_codes_tell_faces_apart_from_the_start() -> None:
    network = swapper()
    random = torch.Generator().manual_seed(0)
    plain = torch.randn(16, 3, 4, 4, generator=random)
    faces = torch.nn.functional.interpolate(plain, 32, mode="bilinear").clamp(-1, 1)
    codes = network.squeeze[0](network.encoder(faces))
    assert codes.std(0).mean() > 0.1 and codes.std(0).mean() > 0.5 * codes.mean(0).abs().mean()
    drawn, logits = network.decode(network.codes(faces), 0)
    assert drawn.std(0).mean() > 0.01 and logits.abs().max() < 10


@pytest.mark.parametrize(("channels", "side"), [(1, 64), (3, 48), (3, 16), (4, 64)])
def test_other_samples_are_refused_in_one_line(channels: int, side: int) -> None:
    spec = SampleSpec(channels, side, side)
    with pytest.raises(GansmithError, match=r"set data\.size=64 data\.mode=RGB"):
        build_networks(NetworkConfig(name="faceswap"), spec, seed=0)
