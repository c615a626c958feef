from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.media.text.code_points import to_texts
from gansmith.model import rebuild
from gansmith.networks import SampleSpec, build_networks
from gansmith.networks.sequence.language_model import SequenceGenerator, uniform
from gansmith.recipe import NetworkConfig, override
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree, load_tree
from gansmith.tasks.build import TrainingSetup, build_training
from gansmith.training.callbacks import Callback
from gansmith.training.ema import EMA
from gansmith.training.engine import Engine
from gansmith.training.sequence.duel import (
    ADVERSARIAL,
    LIKELIHOOD,
    WARM_UP,
    SequenceDuel,
    contenders,
)
from gansmith.training.trainer import Trainer
from tests.training.scripted import assert_equal
from tests.training.toy import train_in_parts
from tests.training.verses import TEXTS, play, text_game, text_recipe, verses, weights

FAST = "sequence.likelihood_lr=1e-2"


def _duel(game: TrainingSetup) -> SequenceDuel:
    assert isinstance(game.duel, SequenceDuel)
    return game.duel


def test_phases_follow_the_budget() -> None:
    game = text_game()
    phases = []
    for progress in (0.0, 0.39, 0.4, 0.59, 0.61, 0.99):
        phases.append(play(game, 1, progress)["phase"])
    assert phases == [LIKELIHOOD, LIKELIHOOD, WARM_UP, WARM_UP, ADVERSARIAL, ADVERSARIAL]


def test_likelihood_alone_never_plays() -> None:
    game = text_game("sequence.likelihood=1")
    assert play(game, 3, 1.0)["phase"] == LIKELIHOOD


def test_likelihood_falls_towards_what_the_grammar_leaves_open() -> None:
    game = text_game(FAST, "training.batch=32", "sequence.check_every=1000")
    first = play(game, 1, 0.0)["g_loss"]
    play(game, 120, 0.1)
    duel = _duel(game)
    assert first > 3 and duel.signals()["g_loss"] < 0.5
    texts = to_texts(game.blueprint.codec.decode(_written(duel, 200)))
    assert sum(text in TEXTS for text in texts) > 150


def _written(duel: SequenceDuel, count: int) -> torch.Tensor:
    generator = duel.generator.eval()
    latents = torch.randn(count, generator.latent, generator=torch.Generator().manual_seed(1))
    written = generator(latents)
    generator.train()
    return written


def test_the_game_begins_with_the_language_model_of_its_best_moment() -> None:
    game = text_game(FAST)
    play(game, 40, 0.1)
    duel = _duel(game)
    best = weights(duel.start)
    with torch.no_grad():
        for parameter in duel.generator.parameters():
            parameter.add_(torch.randn_like(parameter))
    duel.set_progress(0.5, 0)
    assert torch.equal(weights(duel.generator), best)
    assert torch.equal(weights(duel.discriminator.reader), weights(duel.generator.reader))


@pytest.mark.parametrize("steps", [10, 60])
def test_a_short_likelihood_phase_keeps_what_was_learnt(steps: int) -> None:
    game = text_game(FAST, "sequence.check_every=100")
    duel = _duel(game)
    play(game, steps, 0.1)
    learnt = weights(duel.generator)
    duel.set_progress(0.5, 0)
    assert duel.signals()["phase"] == WARM_UP
    assert torch.equal(weights(duel.generator), learnt)
    assert torch.equal(weights(duel.start), learnt)


def test_the_steps_since_the_last_check_count() -> None:
    game = text_game(FAST, "sequence.check_every=20")
    duel = _duel(game)
    play(game, 20, 0.1)
    checked = duel.signals()["nats"]
    play(game, 15, 0.1)
    learnt = weights(duel.generator)
    duel.set_progress(0.5, 0)
    assert torch.equal(weights(duel.start), learnt)
    assert duel.signals()["nats"] < checked


def test_the_language_model_is_kept_without_held_out_texts() -> None:
    dataset = verses()
    dataset.held_out[:] = False
    game = text_game(FAST, dataset=dataset)
    duel = _duel(game)
    play(game, 25, 0.1)
    learnt = weights(duel.generator)
    assert "nats" not in duel.signals()
    duel.set_progress(0.5, 0)
    assert torch.equal(weights(duel.generator), learnt)


def test_a_training_that_ends_in_the_likelihood_phase_keeps_its_last_steps(tmp_path: Path) -> None:
    recipe = text_recipe(FAST, "training.samples=160", "sequence.likelihood=1")
    recipe = override(recipe, ["sequence.check_every=1000", "training.checkpoint_seconds=0"])
    game, run = build_training(recipe, verses()), Run(tmp_path)
    run.create(recipe, {})
    assert Trainer(game.duel, game.feed, game.engine, recipe, run).train()
    state = _final(tmp_path)
    assert set(contenders(state)) == {"likelihood"}
    assert_equal(state["networks"]["start"], state["networks"]["generator"])


def test_a_discriminator_learns_to_tell_texts_of_the_grammar_from_noise() -> None:
    game = text_game("sequence.warm_up=0.5", "optimiser.d_lr=3e-3")
    play(game, 2, 0.1)
    signals = play(game, 30, 0.5)
    assert signals["phase"] == WARM_UP
    assert signals["real_sign"] > 0.5 and signals["fake_sign"] < -0.5
    real = game.feed.next().samples
    judged = game.duel.discriminate(game.feed.next())["discriminator"]
    assert judged.shape == (len(real),) and judged.mean() > 0


def test_the_generator_moves_towards_a_fixed_discriminators_taste() -> None:
    game = text_game(FAST, "optimiser.d_lr=3e-3")
    play(game, 20, 0.1)
    play(game, 20, 0.45)
    duel = _duel(game)

    def liked() -> float:
        with torch.no_grad():
            return float(duel.discriminator(_written(duel, 200)).mean())

    before = liked()
    loose = ("sequence.kl=0", "sequence.replay=0", "optimiser.g_lr=2e-3", "optimiser.d_lr=0")
    duel.reconfigure(text_recipe(*loose))
    signals = play(game, 20, 0.9)
    assert signals["phase"] == ADVERSARIAL and signals["kl"] > 0
    assert liked() > before + 0.5


def test_a_stronger_pull_keeps_it_nearer() -> None:
    strayed = []
    for pull in (0.0, 10.0):
        game = text_game(
            FAST,
            "sequence.replay=0",
            f"sequence.kl={pull}",
            "optimiser.g_lr=3e-3",
        )
        play(game, 15, 0.1)
        play(game, 5, 0.45)
        strayed.append(play(game, 15, 0.9)["kl"])
    assert strayed[1] < 0.5 * strayed[0]


def test_batches_are_cut_to_their_longest_text_without_changing_anything() -> None:
    game = text_game()
    duel, batch = _duel(game), game.feed.next()
    tokens = batch.samples[:, 0, 0]
    with torch.no_grad():
        whole = duel.generator.logits(tokens)
    shares = whole.log_softmax(2).gather(2, tokens[:, :, None])[:, :, 0]
    there = tokens != 0
    expected = -(shares * there).sum() / there.sum()
    duel.set_progress(0.0, 0)
    duel.step([batch])
    assert duel.signals()["g_loss"] == pytest.approx(float(expected), rel=1e-4)


def test_other_pairs_are_refused() -> None:
    pair = build_networks(NetworkConfig(name="conv"), SampleSpec(1, 28, 28), seed=0)
    with pytest.raises(GansmithError, match="set network=sequence"):
        SequenceDuel(pair, text_recipe(), Engine("32-true", seed=0, accelerator="cpu"))


def _trainer(folder: Path, observers: Sequence[Callback] = ()) -> Trainer:
    """Each of the three phases takes about a third of 240 samples."""
    recipe = text_recipe("training.samples=240", "sequence.check_every=3", "network.dropout=0.2")
    game, run = build_training(recipe, verses()), Run(folder)
    if not run.exists:
        run.create(recipe, {})
    return Trainer(game.duel, game.feed, game.engine, recipe, run, observers)


def _final(folder: Path) -> Tree:
    return load_tree(folder / "checkpoints" / "last.safetensors")


def test_a_stopped_and_resumed_training_equals_one_never_stopped(tmp_path: Path) -> None:
    assert _trainer(tmp_path / "whole").train()
    train_in_parts(partial(_trainer, tmp_path / "parts"), 48, 128, 192)
    whole, parts = (_final(tmp_path / name) for name in ("whole", "parts"))
    assert whole["duel"]["phase"] == ADVERSARIAL
    assert_equal(whole, parts)


def test_labels_reach_both_players() -> None:
    game = text_game(dataset=verses(labels=True))
    assert game.blueprint.spec.classes == 2
    for progress in (0.1, 0.45, 0.9):
        signals = play(game, 2, progress)
    assert signals["phase"] == ADVERSARIAL
    generator = _duel(game).generator
    assert isinstance(generator, SequenceGenerator)
    uniforms = uniform(torch.randn(8, generator.latent))
    one, two = (generator.write(uniforms, torch.full((8,), kind)) for kind in (0, 1))
    assert one.shape == two.shape


def test_average_and_start_are_the_contenders_once_both_are_there() -> None:
    game = text_game(FAST)
    duel = _duel(game)
    average = EMA(duel.networks["generator"], 100, 0.1)

    def offered() -> set[str]:
        networks = {name: net.state_dict() for name, net in duel.networks.items()}
        state = {
            "duel": duel.state(),
            "networks": networks,
            "averages": {"generator": average.network.state_dict()},
        }
        return set(contenders(state))

    assert offered() == {"likelihood"}
    play(game, 20, 0.1)
    assert offered() == {"likelihood"}
    play(game, 2, 0.5)
    assert offered() == {"likelihood"}
    play(game, 2, 0.9)
    assert offered() == {"likelihood", "adversarial"}
    assert rebuild(game.blueprint, duel.start.state_dict()).generator.draws_tokens
