from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from gansmith.health.discriminator_probe import DiscriminatorProbe, spectra
from gansmith.medium import MEDIA
from gansmith.networks import SampleSpec, build_networks
from gansmith.training.duel import Batch, Duel
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel
from tests.health.blobs import blobs, flat
from tests.training.plane import NormedCritic, batch, copies, plane_duel
from tests.training.toy import bars, toy_recipe

POINTS = blobs(train=100, held_out=50)


def _critic(duel: Duel) -> DiscriminatorProbe:
    return DiscriminatorProbe(duel, POINTS, MEDIA["points"].codec(), False, torch.device("cpu"))


def _matrix(values: list[float], rows: int, columns: int, seed: int = 0) -> Tensor:
    """A matrix of these singular values."""
    random = torch.Generator().manual_seed(seed)
    left, right = (torch.randn(n, len(values), generator=random) for n in (rows, columns))
    left, right = torch.linalg.qr(left).Q, torch.linalg.qr(right).Q
    matrix: Tensor = left @ torch.diag(torch.tensor(values)) @ right.T
    return matrix


class _Weights(nn.Module):
    def __init__(self, *weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.ParameterList(weights)


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (40, 5)])
def test_spectra_are_those_of_a_decomposition(shape: tuple[int, int]) -> None:
    matrix = _matrix([8.0, 2.0, 1.0, 0.5, 0.1], *shape)
    singular = torch.linalg.svdvals(matrix)
    found = spectra(_Weights(matrix))
    assert found["d_spectral"] == pytest.approx(float(singular[0]), rel=1e-4)
    rank = float(singular.square().sum() / singular[0] ** 2)
    assert found["d_rank"] == pytest.approx(rank, rel=1e-3)


def test_power_iteration_never_says_too_much_and_not_much_too_little() -> None:
    matrix = torch.randn(64, 32, generator=torch.Generator().manual_seed(1))
    top = float(torch.linalg.svdvals(matrix)[0])
    assert 0.85 * top < spectra(_Weights(matrix))["d_spectral"] <= top * (1 + 1e-5)


def test_a_weight_of_rank_one_is_told_exactly() -> None:
    rows, columns = torch.arange(1.0, 5.0), torch.tensor([1.0, -1.0, 2.0, -2.0])
    found = spectra(_Weights(3 * torch.outer(rows, columns)))
    assert found["d_spectral"] == pytest.approx(3 * float(rows.norm() * columns.norm()), rel=1e-5)
    assert found["d_rank"] == pytest.approx(1, rel=1e-5)


def test_the_largest_and_the_flattest_of_all_weights_count_and_vectors_do_not() -> None:
    loud, flat_one = _matrix([9.0, 2.0, 1.0], 6, 12), _matrix([0.2, 0.001], 5, 5)
    kernel = loud.view(6, 3, 2, 2)
    vectors = (torch.full((50,), 100.0), torch.full((1, 7), 100.0), torch.full((7, 1), 100.0))
    found = spectra(_Weights(kernel, flat_one, *vectors))
    assert found["d_spectral"] == pytest.approx(9, rel=1e-4)
    assert found["d_rank"] == pytest.approx(1, rel=1e-3)


def test_seen_and_unseen_are_mean_logits_of_each_kind() -> None:
    duel = plane_duel()
    found = _critic(duel).measure()
    samples = flat(POINTS.samples).view(-1, 2, 1, 1)
    with torch.no_grad():
        logits = duel.discriminator(samples)
    seen, unseen = logits[POINTS.train_indices], logits[POINTS.held_out_indices]
    assert found["seen"] == pytest.approx(float(seen.mean()), rel=1e-5)
    assert found["unseen"] == pytest.approx(float(unseen.mean()), rel=1e-5)
    assert found["spread"] == pytest.approx(float(logits.std()), rel=1e-5)
    assert set(found) == {"seen", "unseen", "spread", "d_spectral", "d_rank"}


def test_labels_are_shown_where_the_discriminator_takes_them() -> None:
    recipe, dataset = toy_recipe(80), bars()
    assert dataset.labels is not None
    duel = NoiseDuel(build_networks(recipe.network, SampleSpec(1, 16, 16, 2), 0), recipe, Engine())
    found = DiscriminatorProbe(
        duel, dataset, MEDIA["image"].codec(), True, torch.device("cpu")
    ).measure()
    chosen = dataset.held_out_indices
    samples = MEDIA["image"].codec().encode(torch.from_numpy(dataset.samples[chosen]))
    labels = torch.from_numpy(dataset.labels[chosen])
    expected = float(duel.discriminate(Batch(samples, labels))["discriminator"].mean())
    assert found["unseen"] == pytest.approx(expected, rel=1e-5)
    assert found["unseen"] != pytest.approx(
        float(duel.discriminate(Batch(samples, 1 - labels))["discriminator"].mean())
    )


def test_packs_are_judged_as_packs() -> None:
    duel = plane_duel("objective.packing=2")
    found = _critic(duel).measure()
    samples = flat(POINTS.samples[POINTS.held_out_indices]).view(-1, 2, 1, 1)
    assert len(duel.discriminate(Batch(samples, None))["discriminator"]) == 25
    assert all(torch.isfinite(torch.tensor(list(found.values()))))


class _Several(SimpleNamespace):
    """Two critics, of which the second overfits; or none."""

    def discriminate(self, batch: Batch) -> dict[str, torch.Tensor]:
        means = batch.samples.flatten(1).mean(1)
        gaps = {"even": 0.0, "overfit": 5.0}
        unseen = len(batch.samples) == len(POINTS.held_out_indices)
        return {name: means + gaps[name] * (not unseen) for name in self.critics}


def _several(critics: tuple[str, ...], networks: dict[str, _Weights]) -> DiscriminatorProbe:
    return _critic(cast(Duel, _Several(critics=critics, networks=networks)))


def test_of_several_critics_the_one_that_overfits_most_is_reported() -> None:
    spectra_of = {"even": [2.0, 1.0], "overfit": [9.0, 1.0]}
    networks = {name: _Weights(_matrix(values, 4, 4)) for name, values in spectra_of.items()}
    found = _several(tuple(networks), networks).measure()
    alone = _several(("overfit",), networks).measure()
    assert found == pytest.approx(alone, rel=1e-4)
    assert found["seen"] - found["unseen"] > 4 and found["d_spectral"] == pytest.approx(9, rel=1e-3)


def test_without_critics_there_is_nothing_to_report() -> None:
    assert _several((), {}).measure() == {}


@pytest.mark.parametrize("kind", ["plain", "batch normalisation", "spectral normalisation"])
def test_a_look_leaves_the_duel_as_it_was(kind: str) -> None:
    norm = NormedCritic() if kind.startswith("batch") else None
    settings = ("objective.constraint=spectral",) if kind.startswith("spectral") else ()
    duel = plane_duel(*settings, critic=norm)
    duel.step([batch(0), batch(1)])
    critic, engine = _critic(duel), duel._engine
    states = [copies(network) for network in duel.networks.values()]
    random = engine.random.get_state(), torch.get_rng_state()
    signals = duel.signals()
    critic.measure()
    for before, network in zip(states, duel.networks.values(), strict=True):
        assert all(torch.equal(before[name], v) for name, v in network.state_dict().items())
    assert torch.equal(engine.random.get_state(), random[0])
    assert torch.equal(torch.get_rng_state(), random[1])
    assert duel.signals() == signals
    assert all(module.training for module in duel.discriminator.modules())
    assert all(p.requires_grad for p in duel.discriminator.parameters())
