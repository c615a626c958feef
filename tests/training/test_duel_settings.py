"""What each setting of a duel changes: constraints, steps, packing, passes, going on."""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec
from gansmith.storage.checkpoint import load_tree, save_tree
from gansmith.tasks.build import build_training
from gansmith.training.duel import Batch
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel
from tests.training.plane import NormedCritic, batch, copies, plane_duel, plane_recipe, ring


class Passes:
    """Every pass through a discriminator: what went in and what came out."""

    def __init__(self, network: nn.Module) -> None:
        self.inputs, self.outputs = list[Tensor](), list[Tensor]()
        network.register_forward_hook(self)

    def __call__(self, _: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        self.inputs.append(inputs[0].detach().clone())
        self.outputs.append(output.detach().clone())


def _play(duel: NoiseDuel, steps: int, first: int = 0) -> None:
    for step in range(first, first + steps):
        duel.step([batch(duel.draws * step + k) for k in range(duel.draws)])


def _same(one: nn.Module, two: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def _layers(network: nn.Module) -> list[nn.Linear]:
    return [module for module in network.modules() if isinstance(module, nn.Linear)]


def _largest(layers: list[nn.Linear]) -> list[float]:
    return [float(torch.linalg.matrix_norm(layer.weight.detach(), ord=2)) for layer in layers]


def test_spectral_holds_the_largest_singular_value_of_every_weight_at_one() -> None:
    """Nearly, while weights move: two close singular values take some passes to tell apart."""
    duel = plane_duel("objective.constraint=spectral")
    layers = _layers(duel.discriminator)
    assert len(layers) == 5 and all(map(is_parametrized, layers))
    assert not any(map(is_parametrized, _layers(duel.generator)))
    _play(duel, 30)
    assert _largest(layers) == pytest.approx([1] * 5, abs=0.15)
    for _ in range(200):
        duel.discriminator(batch().samples)
    assert _largest(layers) == pytest.approx([1] * 5, abs=1e-3)


def test_spectral_comes_back_from_a_checkpoint(tmp_path: Path) -> None:
    """Weights and power iterations both: the next steps are the same to the last bit."""
    settings = ("objective.constraint=spectral", "objective.name=hinge")
    duel, other = plane_duel(*settings), plane_duel(*settings, "training.seed=9")
    assert not _same(duel.discriminator, other.discriminator)
    _play(duel, 3)
    networks = {name: network.state_dict() for name, network in duel.networks.items()}
    save_tree({"networks": networks}, tmp_path / "state")
    for name, weights in load_tree(tmp_path / "state")["networks"].items():
        other.networks[name].load_state_dict(weights)
    logits = [one.discriminate(batch())["discriminator"] for one in (duel, other)]
    assert torch.equal(*logits)
    for name, optimiser in duel.optimisers.items():
        other.optimisers[name].load_state_dict(copy.deepcopy(optimiser.state_dict()))
    other._engine.random.set_state(duel._engine.random.get_state())
    for game in (duel, other):
        _play(game, 2, first=3)
    assert all(_same(duel.networks[name], other.networks[name]) for name in duel.networks)


def test_clipping_keeps_every_weight_within_the_limit_after_each_step() -> None:
    duel = plane_duel("objective.constraint=clip", "objective.clip=0.02", "optimiser.d_lr=0.05")
    for step in range(5):
        _play(duel, 1, first=step)
        largest = [float(p.detach().abs().max()) for p in duel.discriminator.parameters()]
        assert max(largest) == pytest.approx(0.02)
    assert max(float(p.detach().abs().max()) for p in duel.generator.parameters()) > 0.02


@pytest.mark.parametrize(("name", "paired"), [("wasserstein", 0), ("relativistic", 1)])
@pytest.mark.parametrize("steps", [1, 3])
def test_the_discriminator_takes_so_many_steps_each_on_its_own_batch(
    name: str, paired: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    duel = plane_duel(f"objective.name={name}", f"objective.critic_steps={steps}")
    assert (duel.shown, duel.draws) == (steps, steps + paired)
    descents: Counter[int] = Counter()
    backward_and_step = duel._engine.backward_and_step
    monkeypatch.setattr(
        duel._engine,
        "backward_and_step",
        lambda loss, to: (descents.update([id(to)]), backward_and_step(loss, to)),
    )
    passes, batches = Passes(duel.discriminator), [batch(k) for k in range(duel.draws)]
    duel.step(batches)
    assert descents[id(duel.optimisers["discriminator"])] == steps
    assert descents[id(duel.optimisers["generator"])] == 1
    real = [inputs[:64] for inputs in passes.inputs[: steps + paired]]
    assert all(torch.equal(a, b.samples) for a, b in zip(real, batches, strict=True))
    assert len(passes.inputs) == steps + paired + 1


def _packs(samples: Tensor, packing: int) -> Tensor:
    groups = range(0, len(samples), packing)
    return torch.stack([torch.cat(list(samples[start : start + packing])) for start in groups])


@pytest.mark.parametrize("packing", [2, 4])
def test_packing_shows_the_discriminator_several_samples_as_one(packing: int) -> None:
    duel = plane_duel(f"objective.packing={packing}", "objective.name=hinge")
    passes, real = Passes(duel.discriminator), batch()
    engine = Engine("32-true", seed=0, accelerator="cpu")
    fakes = [duel.generator(engine.noise(64, 8)).detach() for _ in range(2)]
    duel.step([real])
    both = torch.cat([_packs(real.samples, packing), _packs(fakes[0], packing)])
    assert both.shape == (2 * 64 // packing, 2 * packing, 1, 1)
    assert torch.equal(passes.inputs[0], both)
    assert torch.equal(passes.inputs[1], _packs(fakes[1], packing))
    logits = duel.discriminate(real)["discriminator"]
    assert logits.shape == (64 // packing,)
    unfilled = batch(0, count=64 + packing - 1)  # what does not fill a pack is left out
    rest = duel.discriminate(unfilled)["discriminator"]
    assert rest.shape == logits.shape


def test_a_batch_that_packs_do_not_fill_is_refused() -> None:
    with pytest.raises(GansmithError, match=r"'training.batch' is 9: .* multiple of .*, 2") as told:
        plane_duel("objective.packing=2", "training.batch=9")
    assert "\n" not in str(told.value)


def test_packing_is_refused_with_labels_and_plays_without() -> None:
    packed = "objective.packing=2"
    with pytest.raises(GansmithError, match=r"objective.packing=2 .*network.conditional=false"):
        build_training(plane_recipe(packed, "network.conditional=true"), ring())
    game = build_training(plane_recipe(packed), ring())
    game.duel.set_progress(0, 0)
    game.duel.step([game.feed.next() for _ in range(game.duel.draws)])
    assert game.duel.discriminate(game.feed.next())["discriminator"].shape == (32,)


def test_labels_reach_both_players_beside_their_own_samples() -> None:
    game = build_training(plane_recipe("network.conditional=true", "objective.name=hinge"), ring())
    told: list[Tensor] = []
    for player in game.duel.networks.values():
        player.register_forward_pre_hook(lambda _, inputs: told.append(inputs[1]))
    real = game.feed.next()
    assert real.condition is not None
    game.duel.step([real])
    expected = [real.condition, real.condition.repeat(2), real.condition, real.condition]
    assert len(told) == 4 and all(map(torch.equal, told, expected))


def test_a_discriminator_that_mixes_its_batch_judges_real_and_fake_apart() -> None:
    critic = NormedCritic()
    twin = copy.deepcopy(critic)
    duel = plane_duel("objective.penalty=none", critic=critic)
    passes, real = Passes(critic), batch()
    duel.discriminator_step(real)
    assert [len(inputs) for inputs in passes.inputs] == [64, 64]
    assert torch.equal(passes.inputs[0], real.samples)
    for inputs, outputs in zip(passes.inputs, passes.outputs, strict=True):
        assert torch.equal(twin(inputs), outputs)
    assert not torch.allclose(twin(torch.cat(passes.inputs))[:64], passes.outputs[0])


def test_others_judge_both_in_one_pass() -> None:
    duel = plane_duel("objective.penalty=r1+r2")
    passes = Passes(duel.discriminator)
    duel.discriminator_step(batch())
    assert [len(inputs) for inputs in passes.inputs] == [128]


@pytest.mark.parametrize("constraint", ["none", "spectral"])
def test_judging_returns_logits_and_changes_nothing(constraint: str) -> None:
    duel = plane_duel(f"objective.constraint={constraint}", critic=NormedCritic())
    _play(duel, 2)
    before, random = copies(duel.discriminator), duel._engine.random.get_state()
    gradients = [p.grad for p in duel.discriminator.parameters()]
    logits = duel.discriminate(batch(7, count=10))["discriminator"]
    assert logits.shape == (10,) and not logits.requires_grad
    assert all(torch.equal(before[key], now) for key, now in copies(duel.discriminator).items())
    assert all(
        old is p.grad for old, p in zip(gradients, duel.discriminator.parameters(), strict=True)
    )
    assert torch.equal(random, duel._engine.random.get_state())
    assert all(module.training for module in duel.discriminator.modules())
    critic = duel.discriminator.eval()
    assert torch.equal(logits, critic(batch(7, count=10).samples).detach())


def test_retuning_changes_the_game_from_the_next_step() -> None:
    duel = plane_duel("objective.name=relativistic", "objective.gamma=1")
    optimisers = dict(duel.optimisers)
    _play(duel, 2)
    assert "penalty" in duel.signals()
    other = ("objective.name=wasserstein", "objective.penalty=none", "objective.critic_steps=2")
    duel.reconfigure(plane_recipe(*other, "optimiser.g_lr=5e-5", "optimiser.beta1=0.5"))
    duel.set_progress(0.5, 100)
    assert (duel.shown, duel.draws) == (2, 2)
    _play(duel, 1, first=2)
    signals = duel.signals()
    assert signals["d_loss"] == pytest.approx(signals["fake"] - signals["real"], abs=1e-6)
    assert "penalty" not in signals
    assert duel.optimisers == optimisers
    (group,) = optimisers["generator"].param_groups
    assert group["lr"] == pytest.approx(5e-5) and group["betas"] == (0.5, 0.99)


def test_state_carries_the_beat_of_a_lazy_penalty() -> None:
    settings = ("objective.penalty_every=3",)
    duel, other = plane_duel(*settings), plane_duel(*settings)
    _play(duel, 2)
    other.restore(duel.state())
    seen = []
    for step in range(3):
        _play(other, 1, first=step)
        seen.append("penalty" in other.signals())
    assert seen == [False, True, False]


ADAPTIVE = ("augment.ops=flip", "augment.target=0.5", "augment.span=1000")
PICTURE = SampleSpec(1, 8, 8)


def _pictures(seed: int, level: float = 0.0, count: int = 64) -> torch.Tensor:
    return level + torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("held_out", "sign"), [("training", -1), ("generated", 1)])
def test_augmentation_follows_how_far_held_out_samples_lie_towards_generated_ones(
    held_out: str, sign: int
) -> None:
    settings = (*ADAPTIVE[:2], "augment.span=100000", "optimiser.g_lr=0", "optimiser.d_lr=0.01")
    duel = plane_duel(*settings, spec=PICTURE)
    real = Batch(_pictures(0, level=2.0), None)
    duel.set_progress(0.0, 0)
    for _ in range(40):
        duel.set_validation_source(lambda most: real)
        duel.step([real] * duel.draws)
    with torch.no_grad():
        latents = torch.randn(64, duel.generator.latent)
        made = duel.generator(latents, None)
    answer = {"training": real, "generated": Batch(made, None)}[held_out]
    duel.set_validation_source(lambda most: answer)
    before = duel.augmentation.probability
    for _ in range(8):
        duel.step([real] * duel.draws)
    change = duel.augmentation.probability - before
    assert change == pytest.approx(sign * 2 * 4 * 64 / 100_000)


def test_state_carries_the_probability_of_augmentation() -> None:
    duel, other = (plane_duel(*ADAPTIVE, spec=PICTURE) for _ in range(2))
    start = duel.state()
    duel.set_validation_source(lambda most: Batch(_pictures(1), None))
    for step in range(3):
        duel.step([Batch(_pictures(2 + step), None)] * duel.draws)
    assert duel.augmentation.probability in (
        pytest.approx(0.5 - 0.256),
        pytest.approx(0.5 + 0.256),
    )
    assert duel.state() != start
    other.restore(duel.state())
    assert other.state() == duel.state()
    assert other.augmentation.probability == duel.signals()["augment"]


def test_an_adaptive_augmentation_needs_held_out_samples() -> None:
    duel = plane_duel(*ADAPTIVE, spec=PICTURE)
    duel.set_validation_source(lambda most: Batch(_pictures(0, count=0), None))
    with pytest.raises(GansmithError, match="there are 0: set augment"):
        duel.step([Batch(_pictures(1), None)] * duel.draws)
    duel.set_validation_source(lambda most: Batch(_pictures(0, count=10), None))
    duel.step([Batch(_pictures(1), None)] * duel.draws)
    assert duel.augmentation.probability != 0.5
