from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec
from gansmith.training.cycle import CycleDuel, ReplayPool
from gansmith.training.engine import Engine
from gansmith.training.state import load_training_state, training_state_dict
from tests.training.translations import GIVEN, small_duel, squares, unpaired

SPEC = replace(GIVEN, source=GIVEN)


def duel(*settings: str) -> CycleDuel:
    built = small_duel("style-cycle", SPEC, "cycle.pool=6", *settings)
    assert isinstance(built, CycleDuel)
    return built


def test_a_pool_gives_back_each_result_once_and_then_half_old_ones() -> None:
    pool = ReplayPool(20, Engine("32-true", seed=3))
    numbered = torch.arange(400.0)[:, None]
    assert torch.equal(pool(numbered[:20]), numbered[:20])
    shown = torch.cat([pool(part) for part in numbered[20:].split(10)])
    old = (shown[:, 0] < torch.arange(20, 400)).float().mean()
    assert 0.4 < float(old) < 0.6
    assert pool.kept is not None and len(pool.kept) == 20
    together = torch.cat([shown, pool.kept])[:, 0].tolist()
    assert sorted(together) == numbered[:, 0].tolist()  # nothing is lost, nothing comes twice
    assert torch.equal(ReplayPool(0, Engine("32-true"))(numbered), numbered)


def test_both_directions_are_learnt_and_lead_back() -> None:
    trained = duel()
    example = squares(77)

    def distances() -> list[float]:
        with torch.no_grad():
            there = trained.networks["generator"](example)
            back = trained.networks["back"](-example)
            again = trained.networks["back"](there)
        found = ((there, -example), (back, example), (again, example))
        return [float(F.l1_loss(made, wanted)) for made, wanted in found]

    before = distances()
    for step in range(70):
        trained.step([unpaired(2 * step), unpaired(2 * step + 1)])
    after = distances()
    assert all(now < 0.8 * then for now, then in zip(after[:2], before[:2], strict=True))
    assert after[2] < 0.5 * float(F.l1_loss(example, -example))
    signals = trained.signals()
    assert {loss.name for loss in trained.losses} <= signals.keys()
    assert trained.shipped == ("generator", "back")
    assert set(trained.discriminate(unpaired(0))) == set(trained.critics)
    assert list(trained.visuals(unpaired(0))) == ["source", "result", "returned"]


def test_a_resumed_training_goes_on_bit_for_bit() -> None:
    def steps(trained: CycleDuel, begin: int, end: int) -> None:
        for step in range(begin, end):
            trained.step([unpaired(2 * step), unpaired(2 * step + 1)])

    whole, first = duel(), duel()
    steps(whole, 0, 6)
    steps(first, 0, 3)
    state = training_state_dict(first, {})
    random = first._engine.random.get_state()
    resumed = duel()
    load_training_state(state, resumed, {})
    resumed._engine.random.set_state(random)
    steps(resumed, 3, 6)
    for name, network in whole.networks.items():
        for a, b in zip(network.parameters(), resumed.networks[name].parameters(), strict=True):
            assert torch.equal(a, b), name
    assert whole.forth.pool.kept is not None and resumed.forth.pool.kept is not None
    assert torch.equal(whole.forth.pool.kept, resumed.forth.pool.kept)


def test_domains_of_other_channels_are_refused_with_what_to_type() -> None:
    with pytest.raises(GansmithError, match=r"data\.mode=RGB"):
        small_duel("style-cycle", replace(GIVEN, source=SampleSpec(3, 16, 16)))
