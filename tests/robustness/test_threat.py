from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.robustness.threat import Norm, Threat
from tests.robustness.targets import grey

NORMS: tuple[Norm, ...] = ("Linf", "L2")


@pytest.mark.parametrize(
    ("eps", "norm", "message"),
    [
        (8, "Linf", r"eps is 8, but values .* for 8 of 255 levels write 0\.03137"),
        (0, "Linf", "above 0"),
        (math.nan, "L2", "above 0"),
        (math.inf, "L2", "above 0"),
        (0.1, "L1", "choose Linf or L2"),
    ],
)
def test_what_no_threat_is(eps: float, norm: Any, message: str) -> None:
    with pytest.raises(GansmithError, match=message):
        Threat(eps, norm)


def test_projection_on_a_box() -> None:
    x = torch.tensor([0.1, 0.5, 0.9]).view(1, 3, 1, 1)
    far = torch.tensor([-1.0, 0.55, 2.0]).view(1, 3, 1, 1)
    found = Threat(0.2).project(far, x).flatten()
    torch.testing.assert_close(found, torch.tensor([0.0, 0.55, 1.0]))


def test_projection_on_a_ball_keeps_the_direction() -> None:
    x = grey(3)
    delta = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    moved = Threat(0.2, "L2").project(x + delta, x) - x
    expected = 0.2 * delta / delta.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    torch.testing.assert_close(moved, expected)
    torch.testing.assert_close(Threat(50, "L2").project(x + delta / 50, x), x + delta / 50)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("border", [False, True])
def test_random_starts_keep_to_the_threat(norm: Norm, border: bool) -> None:
    threat, x = Threat(0.25, norm), grey(50)
    found = threat.random_start(x, torch.Generator().manual_seed(3), border=border)
    threat.require(found, x)
    distances = threat.distance(found - x)
    assert not torch.equal(found[0] - x[0], found[1] - x[1])
    if border:
        torch.testing.assert_close(distances, torch.full_like(distances, 0.25))
    elif norm == "L2":
        assert distances.min() < 0.05
        assert 0.1 < distances.mean() < 0.15


@pytest.mark.parametrize("norm", NORMS)
def test_the_whole_range_reaches_every_image(norm: Norm) -> None:
    x = torch.zeros(1, 3, 4, 5)
    most = Threat.whole_range(norm, x.shape[1:])
    torch.testing.assert_close(most.project(torch.ones_like(x), x), torch.ones_like(x))


@pytest.mark.parametrize("norm", NORMS)
def test_the_step_is_the_best_one_of_a_linear_loss(norm: Norm) -> None:
    gradient = torch.randn((4, 1, 3, 3), generator=torch.Generator().manual_seed(0))
    threat = Threat(1.0, norm)
    step = threat.direction(gradient)
    torch.testing.assert_close(threat.distance(step), torch.ones(4))
    gain = (gradient * step).sum((1, 2, 3))
    dual = gradient.flatten(1).norm(p=1 if norm == "Linf" else 2, dim=1)
    torch.testing.assert_close(gain, dual)
    assert not threat.direction(torch.zeros(1, 1, 2, 2)).any()


def test_a_broken_promise_is_noticed() -> None:
    x = grey(2)
    with pytest.raises(AssertionError, match="exceeds"):
        Threat(0.1).require(x + 0.11, x)
    with pytest.raises(AssertionError, match="outside"):
        Threat(1.0).require(x - 0.8, x)
