from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec
from gansmith.networks.image.frozen_features import BACKBONES, FeatureNetwork
from gansmith.recipe import Recipe
from gansmith.training.duel import Batch, DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.staged import CODE_NOISE, StagedDuel
from tests.training.toy import bars, toy_recipe, toy_trainer, train_in_parts

SMALL = [
    *("duel=staged", "network.name=staged", "network.latent=8", "network.max_width=16"),
    *("network.grid_channels=4", "network.grid_width=8"),
]
ENDS = 0.4, 0.4 + 0.18


def staged_recipe(samples: int, *settings: str) -> Recipe:
    return toy_recipe(samples, *SMALL, *settings)


def staged_duel(*settings: str, spec: SampleSpec | None = None) -> StagedDuel:
    recipe = staged_recipe(400, *settings)
    shape = spec or SampleSpec(1, 16, 16, 2 if recipe.network.conditional else 0)
    duel = build_duel(DuelSetting(recipe, shape, Engine("32-true"), 0))
    assert isinstance(duel, StagedDuel)
    return duel


def batches(count: int = 2, size: int = 16) -> list[Batch]:
    dataset = bars(count * size)
    values = torch.from_numpy(dataset.samples).permute(0, 3, 1, 2).float() / 127.5 - 1
    assert dataset.labels is not None
    labels = torch.from_numpy(dataset.labels)
    return [Batch(*part) for part in zip(values.split(size), labels.split(size), strict=True)]


def weights(duel: StagedDuel, *names: str) -> list[torch.Tensor]:
    return [p.detach().clone() for n in names for p in duel.networks[n].parameters()]


@pytest.mark.parametrize(
    "setting",
    ["network.conditional=false", "network.conditional=true", "staged.features=autoencoder"],
)
def test_it_resumes_bit_equal_in_each_stage(tmp_path: Path, setting: str) -> None:
    recipe = staged_recipe(400, setting)
    whole = toy_trainer(recipe, tmp_path / "whole")
    assert whole.train()
    build = partial(toy_trainer, recipe, tmp_path / "parts")
    later = train_in_parts(build, 80, 160, 200, 240, 320)
    for name, network in whole.duel.networks.items():
        found = later.duel.networks[name].state_dict()
        assert all(torch.equal(value, found[key]) for key, value in network.state_dict().items())
    assert later.duel.state() == whole.duel.state()


@pytest.mark.parametrize(
    ("progress", "learning"),
    [
        (0.1, {"sample_encoder", "decoder"}),
        (0.5, {"code_encoder", "codes"}),
        (0.9, {"decoder", "codes", "discriminator"}),
    ],
)
def test_each_stage_trains_its_networks_only(progress: float, learning: set[str]) -> None:
    duel = staged_duel("network.conditional=false")
    parts = {
        "sample_encoder": duel.sample_encoder,
        "code_encoder": duel.code_encoder,
        "decoder": duel.staged.decoder,
        "codes": duel.staged.codes,
        "discriminator": duel.discriminator,
    }
    before = {name: [p.clone() for p in part.parameters()] for name, part in parts.items()}
    duel.set_progress(progress, samples=4000)
    duel.step(batches())
    duel.set_progress(progress, samples=4016)
    duel.step(batches())
    changed = {
        name
        for name, part in parts.items()
        if any(not torch.equal(a, b) for a, b in zip(before[name], part.parameters(), strict=True))
    }
    assert changed == learning
    assert duel.pretraining == (progress < ENDS[1])


def test_the_autoencoder_learns_to_reconstruct_and_codes_to_say_what_is_there() -> None:
    duel = staged_duel("network.conditional=false", "staged.codes_lr=0.005")
    losses = []
    for stage, start in (("autoencoder_loss", 0.0), ("code_loss", ENDS[0])):
        for step in range(60):
            duel.set_progress(start + 0.001 * step, samples=0)
            duel.step(batches())
            losses.append(duel.signals()[stage])
    assert losses[59] < 0.5 * losses[0]
    assert losses[119] < 0.7 * losses[60]


def test_anchored_samples_are_held_near_the_real_ones() -> None:
    """With a heavy anchor, the game alone brings samples of codes to their real ones."""
    duel = staged_duel(
        *("network.conditional=false", "staged.anchored=1", "staged.anchor_weight=100"),
        *("optimiser.g_lr=0.003", "optimiser.d_lr=0"),
    )
    duel.set_progress(0.7, samples=0)
    duel.step(batches())
    first = duel.signals()["anchors"]
    for _ in range(90):
        duel.set_progress(0.7, samples=4000)
        duel.step(batches())
    assert duel.signals()["anchors"] < 0.7 * first


def test_without_anchors_it_plays_the_plain_game() -> None:
    duel = staged_duel("network.conditional=false", "staged.anchored=0")
    duel.set_progress(0.7, samples=0)
    duel.step(batches())
    assert "anchors" not in duel.signals()


def test_the_game_has_a_schedule_of_its_own() -> None:
    duel = staged_duel("optimiser.g_lr={start: 0.001, end: 0.0001, warmup: 100}")
    duel.set_progress(0.57, samples=5000)
    duel.set_progress(ENDS[1], samples=5000)
    rates = []
    for progress, samples in ((ENDS[1], 5050), (0.8, 5200), (1.0, 6000)):
        duel.set_progress(progress, samples)
        rates.append(duel.optimisers["generator"].param_groups[0]["lr"])
    assert rates[0] == pytest.approx(0.0005, rel=0.02)
    assert rates[0] < rates[1] < 0.001
    assert rates[2] == pytest.approx(0.0001, rel=0.02)
    duel.set_progress(ENDS[1] + 0.05 * (1 - ENDS[1]), samples=5000)
    halfway = duel.optimisers["generator"].param_groups[0]["lr"]
    assert halfway == pytest.approx(0.0005, rel=0.02), "a tenth of the game ends the warm-up"


def test_the_average_follows_the_game_from_its_beginning(tmp_path: Path) -> None:
    trainer = toy_trainer(staged_recipe(400, "network.conditional=false"), tmp_path / "run")
    seen: list[tuple[bool, int]] = []
    update = trainer.averages["generator"].update

    def watch(batch: int, samples: int) -> None:
        seen.append((trainer.duel.pretraining, samples))
        update(batch, samples)

    trainer.averages["generator"].update = watch  # type: ignore[method-assign]
    assert trainer.train()
    before = [samples for pretraining, samples in seen if pretraining]
    game = [samples for pretraining, samples in seen if not pretraining]
    assert before == list(range(20, 20 * len(before) + 1, 20))
    assert game == list(range(20, 20 * len(game) + 1, 20)), "the ramp begins again"
    assert len(before) + len(game) == 20


FEATURES = ("network.conditional=false", "staged.features=autoencoder")


def test_features_of_the_autoencoder_are_seen_and_not_trained_in_the_game() -> None:
    duel = staged_duel(*FEATURES)
    assert duel.critics == ("discriminator", "feature_discriminator")
    before = {name: weights(duel, name) for name in ("sample_encoder", "feature_discriminator")}
    duel.set_progress(0.9, samples=4000)
    for _ in range(2):
        duel.step(batches())
    duel.set_progress(0.95, samples=4100)
    duel.step(batches())
    assert duel.signals()["feature_loss"] > 0
    changed = {
        name: any(not torch.equal(a, b) for a, b in zip(old, weights(duel, name), strict=True))
        for name, old in before.items()
    }
    assert changed == {"sample_encoder": False, "feature_discriminator": True}
    assert all(p.requires_grad for p in duel.networks["sample_encoder"].parameters())
    logits = duel.discriminate(batches()[0])
    assert {name: len(values) for name, values in logits.items()} == dict.fromkeys(duel.critics, 16)


def test_a_generator_is_taught_by_features_alone() -> None:
    """With a still discriminator of pixels, anchors off and the sample's features told apart."""
    duel = staged_duel(*FEATURES, "staged.anchored=0", "optimiser.g_lr=0.002")
    duel.set_progress(0.9, samples=4000)
    duel.discriminator.requires_grad_(False)
    for parameter in duel.discriminator.parameters():
        parameter.zero_()
    real = batches()
    before = weights(duel, "generator")
    duel.generator_step(real[1])
    assert any(
        not torch.equal(a, b) for a, b in zip(before, weights(duel, "generator"), strict=True)
    )


def test_looking_through_features_leaves_chance_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes must not change a training: behind transparent samples lies a fixed colour."""
    monkeypatch.setitem(BACKBONES._entries, "test-maps", PlainMaps)
    spec = SampleSpec(4, 16, 16, alpha=True)
    duel = staged_duel("network.conditional=false", "staged.features=test-maps", spec=spec)
    duel.set_progress(0.9, samples=4000)
    real = Batch(batches()[0].samples.expand(-1, 4, -1, -1))
    before = duel._engine.random.get_state()
    first, again = (duel.discriminate(real)["feature_discriminator"] for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(duel._engine.random.get_state(), before)


class PlainMaps(FeatureNetwork):
    widths = (3,)

    def maps(self, samples: torch.Tensor) -> list[torch.Tensor]:
        return [samples]


def test_unknown_features_are_answered_with_those_there_are() -> None:
    with pytest.raises(GansmithError, match="efficientnet-lite0"):
        staged_duel("staged.features=vgg")


@pytest.mark.parametrize("conditional", ["false", "true"])
def test_codes_are_drawn_as_real_ones_are_distributed(conditional: str) -> None:
    duel = staged_duel(f"network.conditional={conditional}")
    for progress in (ENDS[0] + 0.13, ENDS[0] + 0.15, ENDS[1]):
        assert torch.equal(duel.staged.prior.factors[0], torch.eye(8))
        duel.set_progress(progress, samples=0)
        if duel.pretraining:
            duel.step(batches())
    prior = duel.staged.prior
    labels = torch.arange(4_000) % 2
    codes = prior(torch.randn(4_000, 8), labels if conditional == "true" else None)
    assert not torch.equal(prior.factors[0], torch.eye(8))
    real = duel._codes(torch.cat([batch.samples for batch in batches()]))
    assert codes.mean(0) == pytest.approx(real.mean(0) / (1 + CODE_NOISE**2) ** 0.5, abs=0.3)
    assert "moments" not in duel.state()
    duel.restart(0.7)
    assert duel.pretraining and not duel._observes


def test_the_state_of_one_process_has_the_codes_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    duel = staged_duel("network.conditional=false")
    monkeypatch.setattr(duel._engine, "total", lambda values: 2 * values)  # two that see the same
    for seen in (1, 2):
        duel.set_progress(ENDS[0] + 0.14 + 0.005 * seen, samples=0)
        duel.step(batches())
        samples = sum(len(batch.samples) for batch in batches())
        assert float(duel.state()["moments"]["counts"].sum()) == 2 * seen * samples


def test_with_new_weights_all_stages_come_again() -> None:
    duel = staged_duel("network.conditional=false")
    duel.set_progress(0.7, samples=5000)
    assert not duel.pretraining
    duel.restart(0.7)
    for progress, pretraining in ((0.7, True), (0.8, True), (0.87, True), (0.88, False)):
        duel.set_progress(progress, samples=6000)
        duel.step(batches())
        assert duel.pretraining == pretraining


def test_codes_are_standard_normal_in_their_first_two_moments() -> None:
    duel = staged_duel("network.conditional=false")
    for step in range(30):
        duel.set_progress(ENDS[0] + 0.001 * step, samples=0)
        duel.step(batches())
    duel.sample_encoder.eval()
    samples = torch.cat([batch.samples for batch in batches()])
    codes = duel.code_encoder(duel.sample_encoder(samples))  # batch statistics
    assert codes.mean(0).abs().max() < 1e-4
    deviations = codes.std(0, unbiased=False)
    assert deviations.min() > 0.7 and deviations.max() < 1.001


@pytest.mark.parametrize("shape", [(1, 28, 28), (4, 16, 24), (3, 64, 40), (4, 48, 128)])
def test_it_takes_any_picture(shape: tuple[int, int, int]) -> None:
    spec = SampleSpec(*shape, alpha=shape[0] == 4)
    duel = staged_duel("network.conditional=false", spec=spec)
    real = [
        Batch(F.interpolate(batch.samples, shape[1:]).expand(-1, shape[0], -1, -1))
        for batch in batches()
    ]
    for progress in (0.1, 0.5, 0.9):
        duel.set_progress(progress, samples=0)
        duel.step(real)
        assert all(value == value for value in duel.signals().values())


@pytest.mark.parametrize("side", [128, 256])
def test_large_pictures_are_trained_in_half_precision(side: int) -> None:
    recipe = staged_recipe(400, "network.conditional=false", "network.width=4")
    setting = DuelSetting(recipe, SampleSpec(3, side, side), Engine("bf16-mixed"), 0)
    duel = build_duel(setting)
    real = [Batch(F.interpolate(b.samples[:2], side).expand(-1, 3, -1, -1)) for b in batches()]
    for progress in (0.1, 0.5, 0.9):
        duel.set_progress(progress, samples=0)
        duel.step(real)
        assert all(math.isfinite(value) for value in duel.signals().values())
    kinds = {p.dtype for network in duel.networks.values() for p in network.parameters()}
    assert kinds == {torch.float32}
    kernel = next(p for p in duel.networks["generator"].parameters() if p.dim() == 4)
    assert kernel.is_contiguous(memory_format=torch.channels_last)


def test_other_networks_are_refused_with_what_to_type() -> None:
    recipe = toy_recipe(16, "duel=staged")
    with pytest.raises(GansmithError, match=r"network\.name=staged"):
        build_duel(DuelSetting(recipe, SampleSpec(1, 16, 16), Engine("32-true"), 0))


def test_shares_leave_time_for_the_game() -> None:
    with pytest.raises(GansmithError, match="less than 1"):
        staged_recipe(16, "staged.autoencoder=0.7", "staged.codes=0.4").section(
            type(staged_duel()._config)
        )
