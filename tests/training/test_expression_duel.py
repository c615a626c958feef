from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.medium import MEDIA
from gansmith.networks import SampleSpec
from gansmith.recipe import Recipe, load_recipe
from gansmith.training.duel import Batch, DuelSetting, build_duel
from gansmith.training.engine import Engine
from gansmith.training.expression_loader import ExpressionLoader
from gansmith.training.expressions import TINT, ExpressionDuel, _painted
from gansmith.training.loader import BatchLoader
from tests.training.toy import bars

SMALL = [
    *("network.width=8", "network.blocks=1", "network.levels=1", "network.d_width=8"),
    *("network.d_features=32", "augment.ops=[]", "training.batch=8", "optimiser.g_lr=0.004"),
    *("optimiser.d_lr=0.002", "objective.gamma=0.05"),
]
SPEC = SampleSpec(1, 16, 16, condition_shape=(2, 1, 1), source=SampleSpec(1, 16, 16))


def recipe(*settings: str) -> Recipe:
    return load_recipe("expressions", [*SMALL, *settings])


def duel(*settings: str) -> ExpressionDuel:
    built = build_duel(DuelSetting(recipe(*settings), SPEC, Engine("32-true"), 0))
    assert isinstance(built, ExpressionDuel)
    built.set_progress(0.0, 10_000)
    return built


def blobs(strengths: Tensor) -> Tensor:
    """A bright spot that goes up by the first strength and to the left by the second."""
    y, x = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    up, left = (8 - 4 * strengths[:, k, None, None] for k in range(2))
    return 2 * torch.exp(-((y - up) ** 2 + (x - left) ** 2) / 8) - 1


def batch(seed: int, count: int = 8) -> Batch:
    random = torch.Generator().manual_seed(seed)

    def conditions() -> Tensor:
        which = torch.randint(0, 3, (count,), generator=random)
        return F.one_hot(which, 3)[:, 1:].float() * torch.rand(count, 1, generator=random)

    own, other = conditions(), conditions()
    return Batch(blobs(own)[:, None], own, blobs(other)[:, None], other)


def test_the_discriminator_learns_to_read_before_the_editor_begins() -> None:
    trained = duel("expressions.reader=0.5")
    before = [p.clone() for p in trained.editor.parameters()]
    trained.set_progress(0.49, 10_000)
    assert trained.pretraining
    for step in range(120):
        trained.step([batch(2 * step), batch(2 * step + 1)])
    assert trained.signals()["reading_loss"] < 0.55 < 0.8 < trained.state()["reading"]
    after = trained.editor.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    trained.set_progress(0.2, 10_000)
    assert not trained.pretraining  # it reads well already
    late = duel("expressions.reader=0.5")
    late.set_progress(0.5, 10_000)
    assert not late.pretraining


def test_the_editor_moves_what_expressions_move() -> None:
    """Edits come nearer to the true answer than samples left as they are."""
    trained = duel("expressions.reader=0.3", "expressions.attention=0")
    neutral, wish = torch.zeros(2, 2), torch.eye(2)
    truth = blobs(wish)[:, None]
    source = blobs(neutral)[:, None]
    for step in range(200):
        trained.set_progress(step / 200, 10_000 + step)
        trained.step([batch(2 * step), batch(2 * step + 1)])
    with torch.no_grad():
        made = trained.editor(source, wish)
    assert (made - truth).abs().mean() < 0.75 * (source - truth).abs().mean()
    signals = trained.signals()
    assert {"cycle", "tearing", "paint", "attention", "reading_loss", "reading"} <= set(signals)


def test_needless_change_costs_nothing_until_expressions_can_be_read() -> None:
    """A penalty before that leads to doing nothing; after it, the attention falls."""
    costs = {}
    for reading in (0.5, 1.0):
        asked = duel("expressions.attention=1", "expressions.cycle=0", "expressions.paint=0")
        asked.set_progress(0.5, 10_000)
        state = asked.state()
        asked.restore({**state, "reading": reading})
        one = batch(0)
        samples = asked._generated(one)
        costs[reading] = float(asked.regulariser(samples, one).detach())
        assert asked.state()["reading"] == reading
    assert costs[0.5] < 0.01 < costs[1.0]


def test_visuals_show_where_edits_apply() -> None:
    shown = duel().visuals(batch(0))
    assert list(shown) == ["source", "result", "attention"]
    assert shown["attention"].shape == shown["source"].shape


def test_other_networks_are_refused_with_what_to_type() -> None:
    plain = load_recipe("pictures-conv", ["duel=expressions"])
    with pytest.raises(GansmithError, match=r"network\.name=editor"):
        build_duel(DuelSetting(plain, SampleSpec(1, 16, 16), Engine("32-true"), 0))


def test_all_batches_come_with_the_strengths_of_their_labels() -> None:
    dataset = replace(bars(), held_out=np.arange(64) % 3 == 0)
    engine, codec = Engine("32-true"), MEDIA["image"].codec()
    loaders = (BatchLoader(dataset, codec, engine, 8, seed, True) for seed in range(2))
    table = np.array([[0.25, 0.0], [0.0, 1.0]], np.float32)
    loader = ExpressionLoader(*loaders, table)
    for given in (loader.next(), loader.example(), loader.held_out(100)):
        for samples, strengths in (
            (given.samples, given.condition),
            (given.source, given.source_condition),
        ):
            assert samples is not None and strengths is not None
            across = (samples == samples[..., :1]).all(3).all(2).all(1)  # the bar's direction
            assert torch.equal(strengths, torch.from_numpy(table)[across.long()])
    assert len(loader.held_out(100).samples) == dataset.held_out.sum()


def test_paint_that_colours_costs_more_than_paint_that_shades() -> None:
    """Closed forms of one position: shade, pure colour of the same amount, and opacity."""
    shade = torch.full((1, 3, 1, 1), -0.3)
    colour = torch.tensor([0.3, -0.3, 0.0])[None, :, None, None]
    assert float(_painted(shade)) == pytest.approx(0.3)
    assert float(_painted(colour)) == pytest.approx(0.2 * (1 + TINT))
    assert float(_painted(torch.tensor([0.0, 0.0, 0.0, 0.4])[None, :, None, None])) == (
        pytest.approx(0.1)
    )
    assert float(_painted(torch.full((2, 1, 3, 3), -0.5))) == pytest.approx(0.5)
