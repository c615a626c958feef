from __future__ import annotations

import torch

from gansmith.networks.linear import Linear
from gansmith.objectives.penalties import zero_centred


def test_a_linear_critic_has_the_squared_norm_of_its_weights() -> None:
    weights = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    samples = torch.randn(5, 2, 2, dtype=torch.float64, requires_grad=True)
    norms = zero_centred((samples * weights).sum((1, 2)), samples)
    torch.testing.assert_close(norms, weights.square().sum().expand(5))


def test_a_quadratic_critic_has_the_closed_form_and_its_gradient() -> None:
    scale = torch.tensor(1.7, requires_grad=True)
    samples = torch.randn(4, 3, requires_grad=True)
    norms = zero_centred(scale * samples.square().sum(1) / 2, samples)
    torch.testing.assert_close(norms, scale.square() * samples.square().sum(1))
    (gradient,) = torch.autograd.grad(norms.sum(), scale)
    torch.testing.assert_close(gradient, 2 * scale * samples.square().sum())


def test_the_penalty_trains_our_linear_layer_like_the_one_of_pytorch() -> None:
    torch.manual_seed(0)
    ours, theirs = Linear(6, 4), torch.nn.Linear(6, 4)
    theirs.load_state_dict(ours.state_dict())
    samples = torch.randn(8, 6)
    gradients = []
    for layer in (ours, theirs):
        inputs = samples.clone().requires_grad_()
        penalty = zero_centred(layer(inputs).tanh().sum(1), inputs).mean()
        gradients.append(torch.autograd.grad(penalty, layer.weight)[0])
    torch.testing.assert_close(*gradients)
