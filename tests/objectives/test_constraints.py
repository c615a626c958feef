from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gansmith.networks.linear import Linear
from gansmith.objectives.constraints import clip_weights, normalise_spectrally


class Layers(nn.Module):
    """One layer of each kind that has a weight matrix, and one that has none."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.convolution = nn.Conv2d(3, 8, 3)
            self.norm = nn.BatchNorm2d(8)
            self.linear, self.logit = Linear(8 * 4, 16), nn.Linear(16, 1)
            self.label = nn.Embedding(5, 16)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        features = self.linear(self.norm(self.convolution(x)).flatten(1)).relu()
        logits: Tensor = self.logit(features).squeeze(1) + (features * self.label(labels)).sum(1)
        return logits


def _matrices(network: Layers) -> list[Tensor]:
    layers = (network.convolution, network.linear, network.logit, network.label)
    return [layer.weight.detach().flatten(1) for layer in layers]


def _norms(network: Layers) -> Tensor:
    return torch.stack([torch.linalg.matrix_norm(m, ord=2) for m in _matrices(network)])


INPUTS = torch.rand(6, 3, 4, 4, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 5


def test_every_matrix_is_divided_by_its_largest_singular_value() -> None:
    plain, network = Layers(), Layers()
    normalise_spectrally(network, seed=0)
    for _ in range(100):
        network(*INPUTS)
    network.eval()
    torch.testing.assert_close(_norms(network), torch.ones(4), rtol=1e-4, atol=0)
    for found, matrix in zip(_matrices(network), _matrices(plain), strict=True):
        expected = matrix / torch.linalg.matrix_norm(matrix, ord=2)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_the_value_is_found_again_while_weights_move() -> None:
    network = Layers()
    normalise_spectrally(network, seed=0)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05)
    for _ in range(30):
        optimiser.zero_grad()
        network(*INPUTS).square().mean().backward()
        optimiser.step()
    network.eval()
    torch.testing.assert_close(_norms(network), torch.ones(4), rtol=0.02, atol=0)


def test_a_seed_fixes_the_iterations_and_leaves_the_global_random_state() -> None:
    before = torch.get_rng_state()
    states = []
    for seed in (3, 3, 4):
        network = Layers()
        normalise_spectrally(network, seed)
        states.append(network.state_dict()["linear.parametrizations.weight.0._u"])
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


@pytest.mark.parametrize("limit", [0.01, 0.2])
def test_clipping_moves_only_weights_beyond_the_limit_and_only_to_it(limit: float) -> None:
    plain, network = Layers(), Layers()
    clip_weights(network, limit)
    for found, weight in zip(network.parameters(), plain.parameters(), strict=True):
        assert found.requires_grad
        torch.testing.assert_close(found.detach(), weight.detach().clamp(-limit, limit))
