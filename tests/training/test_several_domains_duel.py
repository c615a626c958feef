from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.training.duel import Batch
from gansmith.training.several_domains import DomainsDuel
from tests.training.translations import GIVEN, small_duel, squares

SPEC = replace(GIVEN, source=GIVEN, classes=3)
LEVELS = torch.tensor([-0.8, 0.0, 0.8])
"""Brightness of the ground in each domain; squares are 0.4 darker."""


def in_domains(shown: Tensor, labels: Tensor) -> Tensor:
    ground = LEVELS[labels].view(-1, 1, 1, 1)
    return torch.where(shown > 0, ground - 0.4, ground)


def batch(seed: int) -> Batch:
    random = torch.Generator().manual_seed(seed)
    wanted, own = torch.randint(0, 3, (2, 8), generator=random)
    real, given = squares(seed + 10_000), squares(seed)
    return Batch(in_domains(real, wanted), wanted, in_domains(given, own), own)


def test_samples_are_translated_to_the_domain_that_is_asked_for() -> None:
    trained = small_duel("domains", SPEC)
    assert isinstance(trained, DomainsDuel)
    own, places = torch.zeros(8, dtype=torch.long), squares(55)
    inputs = in_domains(places, own)

    def distance(label: int) -> float:
        wanted = torch.full((8,), label)
        with torch.no_grad():
            made = trained.generator(inputs, wanted)
        return float(F.l1_loss(made, in_domains(places, wanted)))

    before = [distance(label) for label in range(3)]
    for step in range(90):
        trained.step([batch(2 * step), batch(2 * step + 1)])
    after = [distance(label) for label in range(3)]
    assert max(after) < 0.35 * before[2]
    assert {loss.name for loss in trained.losses} <= trained.signals().keys()
    assert list(trained.visuals(batch(0))) == ["source", "result", "returned"]


def test_without_labelled_domains_it_says_what_to_set() -> None:
    with pytest.raises(GansmithError, match=r"task=translate-domains"):
        small_duel("domains", replace(GIVEN, source=GIVEN))
