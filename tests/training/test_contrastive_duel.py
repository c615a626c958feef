from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe, load_recipe
from gansmith.training.contrastive import ContrastiveDuel, PatchProjection, patch_contrast
from gansmith.training.duel import Batch, DuelSetting, build_duel
from gansmith.training.engine import Engine

SMALL = [
    *("network.width=8", "network.blocks=1", "network.levels=1", "network.d_width=8"),
    *("network.d_levels=2", "contrastive.projection=16", "contrastive.patches=32"),
]
SPEC = SampleSpec(1, 16, 16, source=SampleSpec(1, 16, 16))


def recipe(*settings: str) -> Recipe:
    return load_recipe("style", [*SMALL, *settings])


def duel(*settings: str) -> ContrastiveDuel:
    built = build_duel(DuelSetting(recipe(*settings), SPEC, Engine("32-true"), 0))
    assert isinstance(built, ContrastiveDuel)
    built.set_progress(0.0, 10_000)
    return built


def batch(seed: int, count: int = 8) -> Batch:
    """Dark sources with a bright bar, and their negatives in another order as the target."""
    random = torch.Generator().manual_seed(seed)
    sources = torch.full((count, 1, 16, 16), -0.8)
    places = torch.randint(0, 12, (count, 2), generator=random)
    for sample, place in zip(sources, places, strict=True):
        sample[:, place[0] : place[0] + 4, place[1] : place[1] + 4] = 0.8
    return Batch(-sources.flip(0), source=sources)


def test_contrast_is_the_cross_entropy_of_the_own_place() -> None:
    """Closed form for orthonormal vectors: -log(e^(1/t) / (e^(1/t) + P - 1))."""
    vectors = torch.eye(6).expand(3, 6, 6)
    for temperature in (0.07, 0.5, 1.0):
        own = math.exp(1 / temperature)
        expected = -math.log(own / (own + 5))
        found = patch_contrast([vectors], [vectors], temperature)
        assert float(found) == pytest.approx(expected, abs=1e-5)
    moved = patch_contrast([vectors], [vectors.roll(1, 1)], 1.0)
    assert float(moved) == pytest.approx(math.log(math.e + 5), abs=1e-5)


def test_a_projection_gives_unit_vectors_of_the_chosen_places() -> None:
    torch.manual_seed(0)
    network = PatchProjection([4, 6], 5)
    maps = [torch.randn(2, 4, 8, 8), torch.randn(2, 6, 4, 4)]
    places = [torch.tensor([0, 9, 63]), torch.tensor([3])]
    found = network(maps, places)
    assert [v.shape for v in found] == [(2, 3, 5), (2, 1, 5)]
    assert all(torch.allclose(v.norm(dim=2), torch.ones(v.shape[:2])) for v in found)
    alone = F.normalize(network.levels[0](maps[0][1, :, 1, 1]), dim=0)
    assert torch.allclose(found[0][1, 1], alone, atol=1e-6)


def test_the_translator_learns_the_target_and_keeps_the_content() -> None:
    trained = duel("optimiser.g_lr=0.002", "optimiser.d_lr=0.002")
    example = batch(99)
    assert example.source is not None
    negative = -example.source

    def distance() -> float:
        with torch.no_grad():
            made = trained.generator(example.source, None)
        return float(F.l1_loss(made, negative))

    before = distance()
    for step in range(150):
        trained.step([batch(2 * step), batch(2 * step + 1)])
    signals = trained.signals()
    assert distance() < 0.5 * before
    assert signals["contrast"] < math.log(32) and {"identity", "d_loss", "g_loss"} <= signals.keys()


def test_the_projection_is_trained_with_the_translator() -> None:
    trained = duel()
    before = [p.clone() for p in trained.projection.parameters()]
    trained.step([batch(0), batch(1)])
    after = trained.projection.parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert trained.shipped == ("generator",)


def test_visuals_show_sources_and_results() -> None:
    shown = duel().visuals(batch(0))
    assert list(shown) == ["source", "result"]
    assert torch.equal(shown["source"], batch(0).source)


def test_other_networks_are_refused_with_what_to_type() -> None:
    plain = load_recipe("pictures-conv", ["duel=contrastive"])
    with pytest.raises(GansmithError, match=r"network\.name=translator"):
        build_duel(DuelSetting(plain, SampleSpec(1, 16, 16), Engine("32-true"), 0))
