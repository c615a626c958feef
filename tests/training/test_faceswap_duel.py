from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec
from gansmith.recipe import load_recipe
from gansmith.training.duel import Batch, DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.faceswap import FaceSwapDuel, dissimilarity

SETTINGS = ["network.width=8", "network.max_width=16", "network.code=16", "network.d_width=8"]
SPEC = SampleSpec(3, 32, 32, source=SampleSpec(3, 32, 32))


def build(*settings: str) -> FaceSwapDuel:
    recipe = load_recipe("faceswap", [*SETTINGS, *settings])
    duel = build_duel(DuelSetting(recipe, SPEC, Engine("32-true", 0), seed=0))
    assert isinstance(duel, FaceSwapDuel)
    return duel


def batch(count: int = 4) -> Batch:
    random = torch.Generator().manual_seed(0)
    first, second = torch.rand(2, count, 3, 32, 32, generator=random) * 2 - 1
    return Batch(second, source=first * 0.5)


def unchanged(before: list[torch.Tensor], network: nn.Module) -> int:
    """Return how many parameters are as they were."""
    return sum(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_dissimilarity_is_one_less_the_structural_similarity_of_every_window() -> None:
    random = np.random.default_rng(0)
    made, real = random.uniform(-1, 1, (2, 1, 1, 12, 12))
    found = []
    for row in range(6):
        for column in range(6):
            x, y = ((s[0, 0, row : row + 7, column : column + 7] + 1) / 2 for s in (made, real))
            covariance = ((x - x.mean()) * (y - y.mean())).mean()
            top = (2 * x.mean() * y.mean() + 1e-4) * (2 * covariance + 9e-4)
            found.append(
                top / ((x.mean() ** 2 + y.mean() ** 2 + 1e-4) * (x.var() + y.var() + 9e-4))
            )
    ours = dissimilarity(torch.from_numpy(made), torch.from_numpy(real))
    assert float(ours) == pytest.approx(1 - np.mean(found))
    assert float(dissimilarity(ours.new_zeros(1, 3, 9, 9), ours.new_zeros(1, 3, 9, 9))) == 0


def test_a_view_has_both_sides_and_warps_what_the_encoder_sees() -> None:
    duel = build()
    view = duel._view(batch())
    assert view.labels.tolist() == [0] * 4 + [1] * 4
    assert view.faces.shape == view.seen.shape == (8, 3, 32, 32)
    assert not torch.equal(view.faces, view.seen)
    assert torch.allclose(view.weights.mean((1, 2, 3)), torch.ones(8))
    assert float(view.masks.min()) >= 0 and float(view.masks.max()) <= 1
    assert view.faces.abs().max() <= 1
    unwarped = build("faceswap.warp=0")._view(batch())
    assert torch.allclose(unwarped.faces, unwarped.seen, atol=1e-5)


def test_colours_are_measured_and_the_game_begins_when_it_is_due() -> None:
    duel = build("faceswap.game_from=0.5", "objective.penalty_every=1")
    duel.prepare(batch())
    before = duel.swapper.colours.clone()
    assert before.shape == (2, 3, 1, 1) and not torch.allclose(before[0], before[1])
    duel.set_progress(0.1, 100)
    assert duel.pretraining
    critic = [p.clone() for p in duel.discriminator.parameters()]
    duel.step([batch()])
    assert set(duel.signals()) == {"face_loss", "mask_loss"}
    assert unchanged(critic, duel.discriminator) == len(critic)
    duel.set_progress(0.6, 600)
    duel.step([batch()])
    assert not duel.pretraining and {"d_loss", "g_loss", "penalty"} <= set(duel.signals())
    assert unchanged(critic, duel.discriminator) < len(critic)
    assert torch.equal(duel.swapper.colours, before)
    assert set(duel.visuals(batch())) == {"first", "first as second", "second", "second as first"}
    assert duel.discriminate(batch())["discriminator"].shape == (4,)


def test_both_decoders_learn_by_the_perceptual_term_too() -> None:
    duel = build("faceswap.perceptual=1")
    duel.prepare(batch())
    duel.set_progress(0.1, 10_000)
    before = [p.clone() for p in duel.swapper.decoders.parameters()]
    duel.step([batch()])
    assert unchanged(before, duel.swapper.decoders) == 0
    assert all(p.grad is None for p in duel.landmarks.parameters())


def test_another_network_is_refused_in_one_line() -> None:
    recipe = load_recipe("faceswap", ["network.name=translator"])
    with pytest.raises(GansmithError, match=r"set network\.name=faceswap"):
        build_duel(DuelSetting(recipe, SPEC, Engine("32-true", 0), seed=0))
