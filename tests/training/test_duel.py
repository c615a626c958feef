from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks
from gansmith.objectives.losses import OBJECTIVES
from gansmith.objectives.penalties import PENALTIES
from gansmith.recipe import load_recipe
from gansmith.storage.checkpoint import all_finite
from gansmith.tasks.build import build_training
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel
from tests.training.plane import batch, copies, plane_duel, plane_recipe, ring

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
        pair = build_networks(recipe.network, SampleSpec(1, 28, 28), seed=seed)
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
def test_the_textbook_recipe_plays_the_textbooks_game_for_twenty_steps(
    seed: int, double: None
) -> None:
    """In double precision, where rounding cannot hide or feign a difference in mathematics."""
    twins = Twins(seed)
    for real in _batches(20):
        mine, program, long = twins.step(real)
        assert mine == pytest.approx(program, rel=1e-6)
        assert long == pytest.approx(program, rel=1e-6)


def test_in_single_precision_each_of_ten_steps_agrees() -> None:
    """From the same weights each time: left alone, rounding grows like weather."""
    twins = Twins(seed=0)
    for real in _batches(10):
        mine, program, long = twins.step(real)
        assert mine == pytest.approx(program, rel=1e-4)
        assert long == pytest.approx(program, rel=1e-4)
        twins.follow()


CONSTRAINTS, STEPS = ("none", "spectral", "clip"), 3


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("penalty", PENALTIES.names())
@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_every_objective_with_every_penalty_trains_the_ring(
    name: str, penalty: str, constraint: str
) -> None:
    rules = {"name": name, "penalty": penalty, "constraint": constraint, "clip": 0.1}
    settings = [f"objective.{field}={value}" for field, value in rules.items()]
    game = build_training(plane_recipe(*settings), ring())
    duel = game.duel
    before = {player: copies(network) for player, network in duel.networks.items()}
    for step in range(STEPS):
        duel.set_progress(step / STEPS, 64 * step)
        duel.step([game.feed.next() for _ in range(duel.draws)])
        assert all(map(math.isfinite, duel.signals().values()))
    for player, network in duel.networks.items():
        assert all_finite(network.state_dict())
        for key, weights in network.named_parameters():
            # no loss of a difference sees the last bias
            assert key == "body.8.bias" or not torch.equal(weights, before[player][key])


def test_every_constraint_is_played() -> None:
    assert set(CONSTRAINTS) == {"none", "spectral", "clip"}


def test_a_step_leaves_the_discriminator_trainable_and_untouched_by_the_generators_loss() -> None:
    duel = plane_duel()
    duel.step([batch(0), batch(1)])
    assert all(p.requires_grad for p in duel.discriminator.parameters())
    kept, gradients = copies(duel.discriminator), [p.grad for p in duel.discriminator.parameters()]
    duel.discriminator.requires_grad_(False)
    duel.generator_step(batch(2))
    for key, old in kept.items():
        assert torch.equal(old, duel.discriminator.state_dict()[key])
    for gradient, parameter in zip(gradients, duel.discriminator.parameters(), strict=True):
        assert gradient is parameter.grad


def test_the_generators_gradient_is_that_of_its_loss_alone() -> None:
    """By hand: noise of a second engine through copies of both players."""
    duel = plane_duel("objective.name=relativistic", "objective.penalty=none")
    twin = plane_duel().generator
    twin.load_state_dict(duel.generator.state_dict())
    real = batch(1).samples
    duel.generator_step(batch(1))
    fake = twin(Engine("32-true", seed=0, accelerator="cpu").noise(64, twin.latent))
    critic = duel.discriminator
    loss = torch.log1p(torch.exp(critic(real).detach() - critic(fake))).mean()
    expected = torch.autograd.grad(loss, list(twin.parameters()))
    for parameter, gradient in zip(duel.generator.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_a_lazy_penalty_is_due_every_so_many_steps() -> None:
    seen = []
    duel = plane_duel("objective.penalty_every=3")
    for _ in range(6):
        duel.step([batch(0), batch(1)])
        seen.append("penalty" in duel.signals())
    assert seen == [True, False, False, True, False, False]


def test_rates_and_penalty_follow_their_schedules() -> None:
    duel = plane_duel(
        "optimiser.g_lr={start: 1.0, end: 0.5}",
        "optimiser.d_lr={start: 2.0, end: 0.0, warmup: 100}",
        "objective.gamma={start: 4, end: 2, shape: linear}",
    )
    duel.set_progress(0.5, 50)
    assert duel.optimisers["generator"].param_groups[0]["lr"] == pytest.approx(0.75)
    assert duel.optimisers["discriminator"].param_groups[0]["lr"] == pytest.approx(0.5)
    assert duel._gamma == pytest.approx(3.0)


def test_each_player_moves_at_its_own_rate() -> None:
    """The first step of Adam goes as far as the rate, whatever the gradient."""
    duel = plane_duel("optimiser.g_lr=3e-3", "optimiser.d_lr=5e-4")
    before = {name: copies(net) for name, net in duel.networks.items()}
    duel.step([batch(0), batch(1)])
    for player, rate in (("generator", 3e-3), ("discriminator", 5e-4)):
        now = duel.networks[player].state_dict()
        far = max(float((now[key] - old).abs().max()) for key, old in before[player].items())
        assert far == pytest.approx(rate, rel=1e-2)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("objective.name=hing", "objective 'hing' is unknown: .* did you mean 'hinge'"),
        ("objective.penalty=r3", "penalty 'r3' is unknown: choose one of none, r1"),
        ("objective.constraint=weight", "'objective.constraint' is 'weight': it must be 'none'"),
    ],
)
def test_unknown_names_are_told_with_those_there_are(setting: str, message: str) -> None:
    with pytest.raises(GansmithError, match=message):
        plane_duel(setting)
