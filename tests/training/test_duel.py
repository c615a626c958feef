from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from gansmith.networks import SampleSpec, build_pair
from gansmith.objectives.losses import OBJECTIVES
from gansmith.recipe import load_recipe
from gansmith.training.duel import Batch, NoiseDuel
from gansmith.training.engine import Engine
from tests.training.toy import toy_recipe

BASELINES = Path(__file__).parents[2] / "benchmarks" / "baselines"


def _baseline(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BASELINES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _batches(count: int) -> list[torch.Tensor]:
    """Pictures with a bright blob each: something a discriminator can learn."""
    random = torch.Generator().manual_seed(3)
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    centres = torch.rand(count, 64, 2, 1, 1, generator=random) * 12 + 8
    distance = (x - centres[:, :, 0]) ** 2 + (y - centres[:, :, 1]) ** 2
    return list((2 * torch.exp(-distance / 20) - 1).unsqueeze(2))


class Twins:
    """The textbook program, its long form and the recipe, from the same weights and latents."""

    def __init__(self, seed: int) -> None:
        recipe = load_recipe("textbook")
        pair = build_pair(recipe.network, SampleSpec(1, 28, 28), seed=seed)
        self.duel = NoiseDuel(pair, recipe, _Engine(seed))
        noise = torch.Generator().manual_seed(seed)
        draw = lambda: _single((64, 100), noise)  # noqa: E731
        self.program = _baseline("textbook").Program(draw)
        self.long = _baseline("textbook_long").Game()
        self._noise = torch.Generator().manual_seed(seed)
        self.follow()

    def follow(self) -> None:
        """Give the others the recipe's weights."""
        for other in (self.program, self.long):
            for player in ("generator", "discriminator"):
                mine = getattr(self.duel, player).parameters()
                for source, copy in zip(mine, getattr(other, player).parameters(), strict=True):
                    copy.data.copy_(source.data)

    def step(self, real: torch.Tensor) -> tuple[list[float], list[float], list[float]]:
        """Play one step each; losses of (recipe, program, long form)."""
        real = real.to(_dtype())
        self.duel.set_progress(0.0, 0)
        self.duel.step([Batch(real, None)])
        signals = self.duel.signals()
        noises = [_single((64, 100), self._noise) for _ in range(2)]
        long = [float(loss) for loss in self.long.step(real.flatten(1), *noises)]
        return [signals["d_loss"], signals["g_loss"]], list(self.program.step(real)), long


class _Engine(Engine):
    """Draws the float32 noise of a seed in whatever type is the default."""

    def __init__(self, seed: int) -> None:
        super().__init__("32-true", seed)

    def noise(self, count: int, size: int) -> torch.Tensor:
        return _single((count, size), self.random)


def _single(shape: tuple[int, int], random: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=random, dtype=torch.float32).to(_dtype())


def _dtype() -> torch.dtype:
    return torch.get_default_dtype()


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("seed", [0])
def test_the_textbook_recipe_plays_the_textbooks_game_for_fifty_steps(
    seed: int, double: None
) -> None:
    """In double precision, where rounding cannot hide or feign a difference in mathematics."""
    twins = Twins(seed)
    for real in _batches(50):
        mine, program, long = twins.step(real)
        assert mine == pytest.approx(program, rel=1e-6)
        assert long == pytest.approx(program, rel=1e-6)


def test_in_single_precision_each_of_fifty_steps_agrees() -> None:
    """From the same weights each time: left alone, rounding grows like weather."""
    twins = Twins(seed=0)
    for real in _batches(50):
        mine, program, long = twins.step(real)
        assert mine == pytest.approx(program, rel=1e-4)
        assert long == pytest.approx(program, rel=1e-4)
        twins.follow()


def _duel(*settings: str) -> NoiseDuel:
    recipe = toy_recipe(80, *settings)
    pair = build_pair(recipe.network, SampleSpec(1, 16, 16), seed=0)
    return NoiseDuel(pair, recipe, Engine("32-true", seed=0))


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_every_objective_with_its_penalty_trains_both_players(name: str) -> None:
    duel = _duel(f"objective.name={name}", "objective.penalty_every=2")
    before = {n: [p.clone() for p in net.parameters()] for n, net in duel.networks.items()}
    duel.set_progress(0.5, 10_000)
    for _ in range(4):
        duel.step([Batch(torch.rand(8, 1, 16, 16), None)] * duel.draws)
    signals = duel.signals()
    assert all(torch.isfinite(torch.tensor(value)) for value in signals.values())
    for player, network in duel.networks.items():
        for old, new in zip(before[player], network.parameters(), strict=True):
            assert old.dim() == 1 or not torch.equal(old, new)


def test_a_step_leaves_the_discriminator_trainable_and_untouched_by_the_generators_loss() -> None:
    duel = _duel()
    batch = Batch(torch.rand(8, 1, 16, 16), None)
    duel.discriminator_step(batch)
    kept = [p.clone() for p in duel.discriminator.parameters()]
    duel.discriminator.requires_grad_(False)
    duel.generator_step(batch)
    duel.discriminator.requires_grad_(True)
    for old, new in zip(kept, duel.discriminator.parameters(), strict=True):
        assert torch.equal(old, new)


def test_a_lazy_penalty_is_due_every_so_many_steps_and_weighs_as_much() -> None:
    batch = Batch(torch.rand(8, 1, 16, 16), None)
    seen = []
    duel = _duel("objective.penalty_every=3")
    duel.set_progress(0.0, 10_000)
    for _ in range(6):
        duel.step([batch, batch])
        seen.append("penalty" in duel.signals())
    assert seen == [True, False, False, True, False, False]


def test_rates_and_penalty_follow_their_schedules() -> None:
    duel = _duel(
        "optimiser.g_lr={start: 1.0, end: 0.5}",
        "optimiser.d_lr={start: 2.0, end: 0.0, warmup: 100}",
        "objective.gamma={start: 4, end: 2, shape: linear}",
    )
    duel.set_progress(0.5, 50)
    assert duel.optimisers["generator"].param_groups[0]["lr"] == pytest.approx(0.75)
    assert duel.optimisers["discriminator"].param_groups[0]["lr"] == pytest.approx(0.5)
    assert duel._gamma == pytest.approx(3.0)
