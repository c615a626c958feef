from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import Field

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks, SampleSpec
from gansmith.networks.base import check_networks
from gansmith.recipe import Recipe, load_recipe
from gansmith.schema import Section
from gansmith.sections import RECIPE_SECTIONS
from gansmith.storage.checkpoint import load_tree, save_tree
from gansmith.tasks.memory_estimate import forecast_memory
from gansmith.training.callbacks import Intervention
from gansmith.training.duel import DUELS, Batch, Duel, DuelSetting, build_duel, register_duel
from tests.training.open_duels import (
    TRANSLATED,
    PatchCritic,
    TranslationDuel,
    Translator,
    features,
    open_duels,
    open_trainer,
)
from tests.training.plane import batch, plane_duel
from tests.training.scripted import Scripted, assert_equal, checkpoint, differ
from tests.training.toy import StopAfter, toy_recipe, toy_trainer, train_in_parts
from tests.training.verses import play, text_game

NAMES = ("toy-translation", "toy-classifier")
pytestmark = pytest.mark.usefixtures("open_duels")
__all__ = ["open_duels"]


@pytest.mark.parametrize("name", NAMES)
def test_other_duels_resume_bit_equal(tmp_path: Path, name: str) -> None:
    whole = open_trainer(name, 400, tmp_path / "whole")
    assert whole.train()
    later = train_in_parts(partial(open_trainer, name, 400, tmp_path / "parts"), 20, 200)
    assert_equal(checkpoint(whole), checkpoint(later))


def test_every_shipped_network_is_averaged_and_no_frozen_one_is_saved(tmp_path: Path) -> None:
    trainer = open_trainer(
        "toy-translation", 400, tmp_path / "run", frozen={"features": features()}
    )
    duel = trainer.duel
    assert isinstance(duel, TranslationDuel)
    frozen = duel.frozen["features"]
    before = [p.clone() for p in frozen.parameters()]
    first = {name: average.network.state_dict() for name, average in trainer.averages.items()}
    first = {name: {k: v.clone() for k, v in state.items()} for name, state in first.items()}
    assert trainer.train()
    state = checkpoint(trainer)
    assert list(state["averages"]) == ["forth", "back"] == list(trainer.averages)
    for name in duel.shipped:
        assert differ(state["averages"][name], state["networks"][name])
        assert differ(state["averages"][name], first[name])
    assert set(state["networks"]) == {*duel.shipped, *duel.critics, "projection"}
    assert state["duel"].keys() == {"pool"}
    assert state["duel"]["pool"].shape == (12, 1, 16, 16)
    for old, new in zip(before, frozen.parameters(), strict=True):
        assert torch.equal(old, new) and not new.requires_grad
    assert not frozen.training


def test_a_first_shipped_network_is_the_one_that_callbacks_see(tmp_path: Path) -> None:
    seen: list[torch.nn.Module] = []

    class Look(StopAfter):
        def on_step_end(self, moment: Any) -> bool:
            seen.append(moment.network)
            return False

    trainer = open_trainer("toy-classifier", 80, tmp_path / "run", (Look(0),))
    assert trainer.train()
    assert seen[-1] is trainer.averages["classifier"].network


def test_preparation_is_the_same_in_every_session_and_leaves_chance_alone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    chance = torch.get_rng_state()
    one = open_trainer("toy-translation", 80, tmp_path / "one")
    assert torch.equal(chance, torch.get_rng_state())
    torch.rand(7)
    two = open_trainer("toy-translation", 80, tmp_path / "two")
    for name in ("projection", "forth"):
        assert_equal(one.duel.networks[name].state_dict(), two.duel.networks[name].state_dict())
    scale = one.duel.networks["forth"].state_dict()["scale"]
    assert float(scale) != 1


def test_new_weights_of_another_duel_are_prepared_too(tmp_path: Path) -> None:
    trainer = open_trainer("toy-translation", 160, tmp_path / "run")
    setting = partial(DuelSetting, trainer.recipe, TRANSLATED, trainer.engine)
    trainer.rebuild = lambda seed: build_duel(setting(seed))
    trainer.guard = Scripted({80: Intervention(back="new", stop=True)})
    assert trainer.train()
    state = checkpoint(trainer)
    assert_equal(state["averages"]["back"], state["networks"]["back"])
    assert state["optimisers"]["projection"]["state"] == {}


def test_the_classifier_learns_without_a_critic(tmp_path: Path) -> None:
    trainer = open_trainer("toy-classifier", 2400, tmp_path / "run")
    assert trainer.train()
    losses = [event["loss"] for event in trainer.run.events() if event["event"] == "step"]
    assert losses[-1] < 0.5 * losses[0]
    assert trainer.duel.critics == () and trainer.duel.discriminate(Batch(torch.zeros(1))) == {}


def test_visuals_are_named_and_change_nothing(tmp_path: Path) -> None:
    trainer = open_trainer("toy-translation", 80, tmp_path / "run")
    example = trainer.feed.example()
    before = trainer.engine.random.get_state()
    shown = trainer.duel.visuals(example)
    assert list(shown) == ["source", "result", "reconstruction"]
    assert all(tensor.shape == (20, 1, 16, 16) for tensor in shown.values())
    assert torch.equal(before, trainer.engine.random.get_state())
    assert example.source is not None and torch.equal(shown["source"], example.source)
    with pytest.raises(ValueError, match="no source"):
        trainer.duel.draw_input(Batch(example.samples))


def _after_steps(name: str, tmp_path: Path) -> tuple[Duel, dict[str, float]]:
    if name == "noise":
        duel = plane_duel()
        duel.step([batch(0), batch(1)])
        return duel, duel.signals()
    if name == "sequence":
        game = text_game()
        for progress in (0.1, 0.45, 0.9):
            signals = play(game, 2, progress)
        return game.duel, signals
    trainer = open_trainer(name, 80, tmp_path / "run")
    assert trainer.train()
    return trainer.duel, trainer.duel.signals()


@pytest.mark.parametrize("name", ["noise", "sequence", *NAMES])
def test_declared_losses_are_the_losses_among_the_signals(name: str, tmp_path: Path) -> None:
    duel, signals = _after_steps(name, tmp_path)
    declared = {loss.name for loss in duel.losses}
    assert declared == {signal for signal in signals if signal.endswith("loss")}
    assert all(loss.network in duel.networks and loss.title for loss in duel.losses)
    assert set(duel.shipped) | set(duel.critics) <= duel.networks.keys()
    assert not duel.frozen.keys() & duel.networks.keys()


@pytest.mark.parametrize("name", ["noise", "sequence"])
def test_options_of_a_duel_are_the_recipe_section_of_its_name(name: str) -> None:
    options = DUELS[name].options
    field = Recipe.model_fields.get(name)
    assert (field and field.annotation) is options


def test_a_translation_generator_is_checked_with_its_source() -> None:
    pair = GANNetworks(Translator(), PatchCritic())
    assert pair.generator.example_input(TRANSLATED, 3).shape == (3, 1, 16, 16)
    check_networks("toy", pair, TRANSLATED)


@pytest.mark.parametrize(
    ("name", "spec"),
    [("toy-translation", TRANSLATED), ("toy-classifier", SampleSpec(1, 16, 16, classes=2))],
)
def test_the_memory_of_other_duels_is_estimated(name: str, spec: SampleSpec) -> None:
    few, many = (
        forecast_memory(toy_recipe(400, f"duel={name}", f"training.batch={batch}"), spec)
        for batch in (16, 8192)
    )
    assert many > few + 8192 * 256 * 4 / 2**30


def test_a_checkpoint_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    """It holds one average, under another name."""
    recipe = toy_recipe(400)
    whole = toy_trainer(recipe, tmp_path / "whole")
    assert whole.train()
    assert not toy_trainer(recipe, tmp_path / "parts", (StopAfter(200),)).train()
    path = tmp_path / "parts" / "checkpoints" / "last.safetensors"
    state = load_tree(path)
    state["average"] = state.pop("averages")["generator"]
    save_tree(state, path)
    later = toy_trainer(recipe, tmp_path / "parts")
    assert later.resume() and later.train()
    assert_equal(checkpoint(whole), checkpoint(later))


@pytest.mark.parametrize("name", NAMES)
def test_a_training_in_a_thread_is_stopped_from_another_and_tells_what_it_logs(
    tmp_path: Path, name: str
) -> None:
    stop, events = threading.Event(), list[dict[str, Any]]()

    def listen(event: dict[str, Any]) -> None:
        events.append(event)
        if event["event"] == "step" and event["samples"] >= 160:
            stop.set()

    trainer = open_trainer(name, 10**9, tmp_path / "run", should_stop=stop.is_set, on_event=listen)
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(trainer.train()))
    thread.start()
    thread.join(timeout=120)
    assert ended == [False]
    assert trainer.clock.samples == checkpoint(trainer)["clock"]["samples"] <= 200
    assert events == list(trainer.run.events()) and len(events) > 2
    assert [event["samples"] for event in events][:2] == [80, 160]


def test_options_of_a_duel_are_a_section_of_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    class CycleConfig(Section):
        weight: float = Field(10.0, gt=0, description="of the cycle consistency loss")

    monkeypatch.setattr(DUELS, "_entries", dict(DUELS._entries))
    monkeypatch.setattr(RECIPE_SECTIONS, "_entries", dict(RECIPE_SECTIONS._entries))
    register_duel("toy-cycle", CycleConfig)(TranslationDuel)
    recipe = load_recipe("digits", ["duel=toy-cycle", "toy-cycle.weight=5"])
    assert recipe.section(CycleConfig).weight == 5
    assert load_recipe("digits").section(CycleConfig).weight == 10
    with pytest.raises(GansmithError, match=r"'toy-cycle\.weight' is -1.*greater than 0"):
        load_recipe("digits", ["toy-cycle.weight=-1"])
