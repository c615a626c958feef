from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from functools import cache

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import Recipe, load_recipe
from gansmith.tasks.memory_estimate import GAPS, MemoryTracker, forecast_memory
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine, peak_memory
from gansmith.training.noise import NoiseDuel
from tests.forked import called

MIB = 2**20
PRECISIONS = {"32-true": 32, "bf16-mixed": 16}
"""Batch by precision; many CPUs are slow in bfloat16."""
SPEC = SampleSpec(3, 64, 64)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_real_step_takes_what_was_foretold(precision: str) -> None:
    """With a map of its own for every block the heap has no gaps."""
    foretold, _, taken = _steps()[precision]
    assert foretold - GAPS == pytest.approx(taken, rel=0.15)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_gaps_of_the_heap_are_allowed_for(precision: str) -> None:
    foretold, taken, _ = _steps()[precision]
    assert taken < 1.1 * foretold


@cache
def _steps() -> dict[str, tuple[float, ...]]:
    """Foretell and take a step of each precision, in GiB: foretold, taken, taken without gaps.

    Each has a process of its own, whose memory nothing but imports has touched: a fork of one
    that has imported for all of them.
    """
    slim = ("network.name=r3gan", "network.width=8", "network.max_width=8", "network.blocks=1")
    return {
        precision: tuple(
            called(work, (*slim, f"training.precision={precision}", f"training.batch={batch}"))
            for work in (_foretold, _taken, _taken_without_gaps)
        )
        for precision, batch in PRECISIONS.items()
    }


def _foretold(settings: Sequence[str]) -> float:
    return forecast_memory(load_recipe("pictures-conv", settings), SPEC)


def _taken(settings: Sequence[str]) -> float:
    recipe = load_recipe("pictures-conv", settings)
    pair, engine = build_networks(recipe.network, SPEC), Engine(recipe.training.precision)
    duel, count = NoiseDuel(pair, recipe, engine), recipe.training.batch
    duel.set_progress(0.5, 10**6)
    duel.step([Batch(torch.rand(count, *SPEC.shape), None) for _ in range(duel.draws)])
    return peak_memory()


def _taken_without_gaps(settings: Sequence[str]) -> float:
    assert ctypes.CDLL(None).mallopt(-3, 65536)  # M_MMAP_THRESHOLD
    return _taken(settings)


def _recipe(*settings: str) -> Recipe:
    return load_recipe("pictures-conv", ["training.precision=32-true", *settings])


def test_nothing_of_the_size_of_a_step_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansmith.tasks.memory_estimate._resident", lambda: 0)
    recipe = _recipe("network.name=conv", "training.batch=200000")
    assert forecast_memory(recipe, SampleSpec(3, 64, 64)) > 500  # GiB


def test_memory_grows_with_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansmith.tasks.memory_estimate._resident", lambda: 0)
    spec = SampleSpec(3, 32, 32, classes=2)
    few, more, most = (
        forecast_memory(_recipe("network.name=dcgan", f"training.batch={batch}"), spec)
        for batch in (64, 128, 192)
    )
    assert few < more < most
    assert most - more == pytest.approx(more - few, rel=0.05)


def test_the_penalty_is_counted_even_where_it_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansmith.tasks.memory_estimate._resident", lambda: 0)
    spec = SampleSpec(3, 32, 32)
    often, rare, never = (
        forecast_memory(_recipe("training.batch=64", setting), spec)
        for setting in (
            "objective.penalty_every=1",
            "objective.penalty_every=1000",
            "objective.penalty=none",
        )
    )
    assert often == rare > never


def test_what_changes_while_training_does_not_stand_in_the_way() -> None:
    settings = ["augment.ops=colour,translation,cutout", "augment.target=0.6"]
    settings += ["augment.probability=0", "objective.constraint=spectral", "training.batch=4"]
    assert forecast_memory(_recipe(*settings), SampleSpec(3, 32, 32)) > 0


def test_mistakes_are_told_as_always() -> None:
    with pytest.raises(GansmithError, match="16 to 256"):
        forecast_memory(_recipe(), SampleSpec(3, 8, 8))


def test_the_ledger_follows_storages_as_they_come_and_go() -> None:
    with MemoryTracker() as ledger:
        a = torch.zeros(MIB, dtype=torch.uint8)
        view = a[: MIB // 2].view(-1, 2)
        assert ledger.live == MIB
        b = a + 1
        del a
        assert ledger.live == 2 * MIB
        del view
        assert ledger.live == MIB
        b.add_(1)
        assert ledger.live == MIB
        del b
        assert (ledger.live, ledger.peak) == (0, 2 * MIB)


def test_the_ledger_sees_what_autograd_keeps() -> None:
    with MemoryTracker() as ledger:
        x = torch.zeros(MIB // 4, requires_grad=True)
        y = x.exp().exp()  # both results are kept for the backward pass
        assert ledger.live == 3 * MIB
        y.sum().backward()
        assert x.grad is not None
        del y
        assert ledger.live == 2 * MIB
