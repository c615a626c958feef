from __future__ import annotations

import math
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.storage.checkpoint import Tree, all_finite
from gansmith.training.callbacks import Intervention, TrainingState
from tests.training.scripted import (
    Scripted,
    Watcher,
    assert_equal,
    checkpoint,
    differ,
    guarded,
    players,
    poison,
    trained,
)
from tests.training.toy import toy_recipe, toy_trainer

KEPT, NEW = Intervention(back="kept"), Intervention(back="new")


def test_a_guard_hears_every_logged_step_and_the_last(tmp_path: Path) -> None:
    trainer = trained(200, tmp_path / "run", {})
    assert isinstance(trainer.guard, Scripted)
    assert trainer.guard.heard == [80, 160, 200]
    assert not trainer.stopped and trainer.run.load_checkpoint("kept") is None


def test_a_guard_that_says_nothing_changes_nothing(tmp_path: Path) -> None:
    recipe = toy_recipe(240)
    free = guarded(recipe, tmp_path / "free")
    assert free.train()
    watched = trained(240, tmp_path / "watched", {80: Intervention(keep=True)})
    assert_equal(checkpoint(free), checkpoint(watched))


def test_what_is_worth_keeping_is_kept_as_it_was_then(tmp_path: Path) -> None:
    trainer = trained(240, tmp_path / "run", {80: Intervention(keep=True)})
    until_then = trained(80, tmp_path / "short", {}, "optimiser.g_lr=0", "optimiser.d_lr=0")
    kept = checkpoint(trainer, "kept")
    assert kept["clock"]["samples"] == 80 and all_finite(kept)
    assert differ(kept["networks"]["generator"], checkpoint(trainer)["networks"]["generator"])
    assert differ(kept["averages"]["generator"], checkpoint(until_then)["averages"]["generator"])
    later = trained(
        240, tmp_path / "later", {80: Intervention(keep=True), 160: Intervention(keep=True)}
    )
    assert checkpoint(later, "kept")["clock"]["samples"] == 160


def test_going_back_restores_the_players_exactly_while_the_clock_goes_on(tmp_path: Path) -> None:
    script = {80: Intervention(keep=True), 240: Intervention(back="kept", stop=True)}
    trainer = trained(400, tmp_path / "run", script)
    kept, healed = checkpoint(trainer, "kept"), checkpoint(trainer)
    assert_equal(players(kept), players(healed))
    assert healed["clock"]["samples"] == trainer.clock.samples == 240
    assert healed["clock"]["steps"] == 12
    assert differ(kept["random"], healed["random"])
    assert healed["sampler"] != kept["sampler"]
    assert trainer.stopped


def test_after_going_back_training_learns_on(tmp_path: Path) -> None:
    trainer = trained(400, tmp_path / "run", {80: Intervention(keep=True), 240: KEPT})
    kept, last = checkpoint(trainer, "kept"), checkpoint(trainer)
    assert last["clock"]["samples"] == 400 and all_finite(last)
    for player in ("generator", "discriminator"):
        steps = last["optimisers"][player]["state"][0]["step"]
        assert float(steps) == (80 + 400 - 240) / 20
        assert differ(kept["networks"][player], last["networks"][player])


def test_an_average_that_copies_is_restored_too(tmp_path: Path) -> None:
    script = {80: Intervention(keep=True), 240: Intervention(back="kept", stop=True)}
    trainer = trained(400, tmp_path / "run", script, "training.ema_half_life=0")
    kept, healed = checkpoint(trainer, "kept"), checkpoint(trainer)
    assert_equal(players(kept), players(healed))
    assert_equal(healed["averages"]["generator"], healed["networks"]["generator"])


@pytest.mark.parametrize("ruling", [NEW, KEPT], ids=["new", "nothing kept"])
def test_new_weights_are_other_weights_with_optimisers_that_know_nothing(
    tmp_path: Path, ruling: Intervention
) -> None:
    whole = Intervention(back=ruling.back, stop=True)
    trainer = trained(400, tmp_path / "run", {160: whole})
    first, new = toy_trainer(toy_recipe(400), tmp_path / "other").duel, checkpoint(trainer)
    assert all_finite(new) and new["clock"]["samples"] == 160
    for player, network in first.networks.items():
        assert new["optimisers"][player]["state"] == {}
        assert differ(new["networks"][player], network.state_dict())
    assert_equal(new["averages"]["generator"], new["networks"]["generator"])
    again = trained(400, tmp_path / "again", {240: whole})
    assert differ(checkpoint(again)["averages"]["generator"], new["averages"]["generator"])


def test_settings_take_effect_at_once(tmp_path: Path) -> None:
    settings = (
        *("optimiser.g_lr=3e-5", "optimiser.d_lr=7e-5", "optimiser.beta1=0.5"),
        *("objective.penalty=none", "augment.ops=translation", "augment.probability=0.4"),
        "objective.critic_steps=2",
    )
    recipe, watcher = toy_recipe(400, "objective.penalty_every=1"), Watcher()
    guard = Scripted({160: Intervention(settings=settings)})
    trainer = guarded(recipe, tmp_path / "run", guard, watcher)
    assert trainer.train()
    assert watcher.rates[140] != pytest.approx((3e-5, 7e-5))
    assert 160 not in watcher.rates and 180 not in watcher.rates
    assert watcher.rates[200] == pytest.approx((3e-5, 7e-5))
    assert trainer.duel.optimisers["generator"].param_groups[0]["betas"] == (0.5, 0.99)
    steps = [event for event in trainer.run.events() if event["event"] == "step"]
    assert "penalty" in steps[0] and "augment" not in steps[0]
    assert "penalty" not in steps[-1] and steps[-1]["augment"] == 0.4
    assert trainer.clock.steps == 8 + 240 / 40
    assert checkpoint(trainer)["settings"] == list(settings)
    assert trainer.run.recipe() == recipe


def test_settings_add_up_and_the_later_one_wins(tmp_path: Path) -> None:
    script = {
        80: Intervention(settings=("optimiser.g_lr=3e-5", "objective.gamma=5")),
        160: Intervention(settings=("optimiser.g_lr=4e-5",)),
    }
    trainer = trained(240, tmp_path / "run", script)
    assert trainer.duel.optimisers["generator"].param_groups[0]["lr"] == pytest.approx(4e-5)
    assert checkpoint(trainer)["settings"] == [*script[80].settings, *script[160].settings]


def test_averaging_can_be_changed_and_is_so_after_resuming(tmp_path: Path) -> None:
    script = {160: Intervention(settings=("training.ema_half_life=400", "training.ema_ramp=1"))}
    recipe = toy_recipe(400, "training.ema_half_life=0")
    whole = trained(400, tmp_path / "whole", script, "training.ema_half_life=0")
    last = checkpoint(whole)
    assert differ(last["averages"]["generator"], last["networks"]["generator"])
    first = guarded(recipe, tmp_path / "parts", Scripted(script), Watcher(stop_at=240))
    assert not first.train()
    later = guarded(recipe, tmp_path / "parts", Scripted(script))
    assert later.resume() and later.train()
    assert_equal(last, checkpoint(later))


def test_stronger_augmentation_outlives_going_back_to_weaker(tmp_path: Path) -> None:
    def augment(probability: float) -> Intervention:
        return Intervention(settings=(f"augment.probability={probability}",), back="kept")

    script = {80: Intervention(keep=True), 160: augment(0.8), 240: KEPT}
    base = ("augment.ops=translation", "augment.probability=0.5")
    trainer = trained(320, tmp_path / "run", script, *base)
    steps = [event for event in trainer.run.events() if event["event"] == "step"]
    assert [(event["samples"], event["augment"]) for event in steps] == [(80, 0.5), (320, 0.8)]


def test_steered_augmentation_goes_back_with_the_players(tmp_path: Path) -> None:
    base = ("augment.ops=translation", "augment.probability=0.1", "augment.target=0.01")
    script = {80: Intervention(keep=True), 240: Intervention(back="kept", stop=True)}
    trainer = trained(320, tmp_path / "run", script, *base, "augment.span=1000")
    kept = checkpoint(trainer, "kept")["duel"]["augment"]["probability"]
    assert checkpoint(trainer)["duel"]["augment"]["probability"] == kept != 0.1


def test_a_healed_run_that_is_stopped_and_resumed_equals_one_never_stopped(tmp_path: Path) -> None:
    augment = ("augment.ops=translation,scale", "augment.probability=0.3")
    script = {
        80: Intervention(keep=True),
        160: Intervention(settings=("objective.gamma=4", *augment), back="kept"),
        320: Intervention(settings=("optimiser.g_lr=1e-4", "optimiser.d_lr=1e-4"), back="kept"),
        400: Intervention(settings=("objective.gamma=1",), back="new"),
    }
    recipe = toy_recipe(480)
    whole = trained(480, tmp_path / "whole", script)
    first = guarded(recipe, tmp_path / "parts", Scripted(script), Watcher(stop_at=240))
    assert not first.train()
    later = guarded(recipe, tmp_path / "parts", Scripted(script))
    assert later.resume() and 240 <= later.clock.samples <= 260
    assert later.train()
    assert isinstance(later.guard, Scripted)
    assert later.guard.settings == list(script[160].settings)
    assert_equal(checkpoint(whole), checkpoint(later))
    assert_equal(checkpoint(whole, "kept"), checkpoint(later, "kept"))


def test_a_heal_is_saved_at_once_and_need_not_be_done_again(tmp_path: Path) -> None:
    recipe, settings = toy_recipe(400), ("objective.gamma=4",)
    script = {80: Intervention(keep=True), 160: Intervention(settings=settings, back="kept")}
    trainer = guarded(recipe, tmp_path / "run", Scripted(script), Watcher(stop_at=-2))
    saved: list[Tree] = []

    def crash(moment: TrainingState) -> bool:
        if moment.samples == 180:
            saved.append(checkpoint(trainer))
            raise RuntimeError
        return False

    trainer.observers[0].on_step_end = crash  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        trainer.train()
    assert saved[0]["clock"]["samples"] == 160 and saved[0]["settings"] == list(settings)
    later = guarded(recipe, tmp_path / "run", Scripted(script))
    assert later.resume() and later.train()
    assert isinstance(later.guard, Scripted)
    assert later.guard.settings == list(settings) and 160 not in later.guard.heard
    assert_equal(checkpoint(later), checkpoint(trained(400, tmp_path / "whole", script)))


def test_a_guard_can_end_the_training(tmp_path: Path) -> None:
    watcher = Watcher()
    guard = Scripted({160: Intervention(stop=True)})
    trainer = guarded(toy_recipe(400), tmp_path / "run", guard, watcher)
    assert trainer.train() and trainer.stopped
    assert checkpoint(trainer)["clock"]["samples"] == 160
    assert watcher.told_at == [80, 160] and max(watcher.rates) == 160
    later = guarded(toy_recipe(400), tmp_path / "run", Scripted({}))
    assert later.resume() and later.train() and not later.stopped
    assert later.clock.samples == 400


@pytest.mark.parametrize("cadence", [1000, 0], ids=["rare checkpoints", "a checkpoint each step"])
def test_a_nan_is_healed_and_training_ends_finite(tmp_path: Path, cadence: int) -> None:
    recipe = toy_recipe(400, f"training.checkpoint_seconds={cadence}")
    guard = Scripted(
        {80: Intervention(keep=True)}, Intervention(settings=("optimiser.d_lr=1e-4",), back="kept")
    )
    trainer = guarded(recipe, tmp_path / "run", guard)
    poison(trainer, at=100)
    assert trainer.train()
    last = checkpoint(trainer)
    assert last["clock"]["samples"] == 400 and last["settings"] == ["optimiser.d_lr=1e-4"]
    assert all_finite(last)
    assert all(map(math.isfinite, trainer.duel.signals().values()))
    steps = [event for event in trainer.run.events() if event["event"] == "step"]
    assert [event["samples"] for event in steps] == [80, 240, 320, 400]
    assert all(math.isfinite(v) for e in steps for v in e.values() if not isinstance(v, str))


@pytest.mark.parametrize("cadence", [1000, 0], ids=["rare checkpoints", "a checkpoint each step"])
@pytest.mark.parametrize(
    "ruling", [Intervention(), Intervention(stop=True), Intervention(keep=True)]
)
def test_a_nan_that_is_not_healed_ends_as_without_a_guard(
    tmp_path: Path, ruling: Intervention, cadence: int
) -> None:
    recipe = toy_recipe(400, f"training.checkpoint_seconds={cadence}")
    watcher = Watcher(best_at=100)
    guard = Scripted({80: Intervention(keep=True)}, ruling)
    trainer = guarded(recipe, tmp_path / "run", guard, watcher)
    poison(trainer, at=100)
    with pytest.raises(GansmithError, match=r"no longer a number.*what was saved is intact"):
        trainer.train()
    assert checkpoint(trainer, "kept")["clock"]["samples"] == 80
    assert checkpoint(trainer, "best")["clock"]["samples"] == 100
    assert all(all_finite(checkpoint(trainer, name)) for name in ("kept", "best"))
    if cadence == 0:
        assert checkpoint(trainer)["clock"]["samples"] == 100


def test_without_a_guard_a_broken_state_is_noticed_when_it_would_be_saved(tmp_path: Path) -> None:
    trainer = guarded(toy_recipe(400, "training.checkpoint_seconds=0"), tmp_path / "run")
    poison(trainer, at=100)
    with pytest.raises(GansmithError, match="no longer a number"):
        trainer.train()
    assert trainer.clock.samples == 120
    assert checkpoint(trainer)["clock"]["samples"] == 100
