from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree, load_tree
from gansmith.training.trainer import Trainer
from tests.training.scripted import assert_equal
from tests.training.toy import StopAfter, toy_recipe, toy_trainer, train_in_parts

FAST = "optimiser.d_lr=2e-3", "optimiser.g_lr=2e-3"


def _final(folder: Path) -> Tree:
    return load_tree(folder / "checkpoints" / "last.safetensors")


def test_a_stopped_and_resumed_run_equals_one_never_stopped(tmp_path: Path) -> None:
    recipe = toy_recipe(400)
    assert toy_trainer(recipe, tmp_path / "whole").train()
    train_in_parts(partial(toy_trainer, recipe, tmp_path / "parts"), 20, 200, 320)
    assert_equal(_final(tmp_path / "whole"), _final(tmp_path / "parts"))


def test_ctrl_c_saves_too_and_the_handler_is_put_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    trainer = toy_trainer(toy_recipe(400), tmp_path / "run", (StopAfter(80, signal.SIGINT),))
    assert not trainer.train()
    assert signal.getsignal(signal.SIGINT) is before
    assert _final(tmp_path / "run")["clock"]["samples"] in (80, 100)


def test_nothing_to_resume_is_told_and_nothing_of_it_is_remembered(tmp_path: Path) -> None:
    trainer = toy_trainer(toy_recipe(80), tmp_path / "run")
    trainer.run.log("step", samples=40)
    assert not trainer.resume()
    assert [event for event in trainer.run.events() if event.get("samples")] == []


def test_resuming_forgets_what_was_logged_after_the_checkpoint(tmp_path: Path) -> None:
    recipe = toy_recipe(400)
    trainer = toy_trainer(recipe, tmp_path / "run", (StopAfter(160),))
    trainer.train()
    trainer.run.log("step", samples=10_000)
    (trainer.run.frames_dir / "000010000.png").touch()
    later = toy_trainer(recipe, tmp_path / "run")
    later.resume()
    assert max(event["samples"] for event in later.run.events()) <= 180
    assert not later.run.frames()


def test_the_discriminator_learns_on_a_toy(tmp_path: Path) -> None:
    recipe = toy_recipe(800, *FAST, "optimiser.g_lr=0", "objective.name=nonsaturating")
    trainer = toy_trainer(recipe, tmp_path / "run")
    trainer.train()
    losses = [event["d_loss"] for event in trainer.run.events() if event["event"] == "step"]
    assert losses[-1] < 0.5 * losses[0]


def test_the_generator_moves_towards_a_fixed_discriminators_taste(tmp_path: Path) -> None:
    recipe = toy_recipe(400, *FAST, "optimiser.d_lr=0", "objective.name=nonsaturating")
    trainer = toy_trainer(recipe, tmp_path / "run")
    trainer.train()
    losses = [event["g_loss"] for event in trainer.run.events() if event["event"] == "step"]
    assert losses[-1] < losses[0]


def _poison(trainer: Trainer) -> None:
    parameter = next(trainer.duel.networks["generator"].parameters())
    parameter.data[0] = float("nan")


def test_a_nan_stops_with_advice_and_saves_nothing_broken(tmp_path: Path) -> None:
    recipe = toy_recipe(400)
    toy_trainer(recipe, tmp_path / "run", (StopAfter(160),)).train()
    good = _final(tmp_path / "run")
    trainer = toy_trainer(recipe, tmp_path / "run")
    trainer.resume()
    _poison(trainer)
    with pytest.raises(GansmithError, match=r"no longer a number.*optimiser\.d_lr") as caught:
        trainer.train()
    assert "\n" not in str(caught.value)
    assert_equal(good, _final(tmp_path / "run"))


def test_broken_weights_are_never_saved(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.create(toy_recipe(80), {})
    with pytest.raises(GansmithError, match="NaN"):
        run.save_checkpoint("last", {"weights": torch.tensor([float("nan")])})
    assert run.load_checkpoint("last") is None


def test_the_clock_counts_samples_and_keeps_seconds(tmp_path: Path) -> None:
    recipe = toy_recipe(160)
    trainer = toy_trainer(recipe, tmp_path / "run")
    trainer.train()
    again = toy_trainer(recipe, tmp_path / "run")
    again.resume()
    assert again.clock.samples == 160
    assert again.clock.steps == 8
    assert 0 < again.clock.spent <= trainer.clock.seconds
