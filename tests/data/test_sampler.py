from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gansmith.data.sampler import EpochSampler
from gansmith.errors import GansmithError

sizes = st.integers(1, 40).flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size)))


@given(sizes, st.integers(0, 2**40))
def test_an_epoch_holds_no_index_twice_and_drops_only_the_ragged_end(
    shape: tuple[int, int], seed: int
) -> None:
    size, batch = shape
    sampler = EpochSampler(size, batch, seed)
    for _ in range(3):
        epoch = torch.cat([sampler.next() for _ in range(size // batch)])
        assert len(epoch.unique()) == len(epoch) == size - size % batch
        assert epoch.min() >= 0 and epoch.max() < size
        assert epoch.dtype == torch.int64


@given(sizes, st.integers(0, 30), st.integers(1, 10))
def test_going_on_from_a_state_gives_the_same_batches(
    shape: tuple[int, int], before: int, after: int
) -> None:
    size, batch = shape
    one = EpochSampler(size, batch, seed=5)
    for _ in range(before):
        one.next()
    other = EpochSampler(size, batch, seed=5)
    other.load_state_dict(one.state_dict())
    for _ in range(after):
        assert torch.equal(one.next(), other.next())


def test_the_state_is_two_integers() -> None:
    sampler = EpochSampler(10, 4, seed=0)
    for _ in range(5):
        sampler.next()
    assert sampler.state_dict() == {"epoch": 2, "position": 4}


def test_epochs_and_seeds_differ() -> None:
    orders = set()
    for seed in range(10):
        sampler = EpochSampler(1000, 1000, seed)
        orders |= {tuple(sampler.next().tolist()) for _ in range(10)}
    assert len(orders) == 100


def test_every_index_comes_as_often_as_any_other() -> None:
    sampler = EpochSampler(10, 4, seed=1)
    counts = torch.bincount(torch.cat([sampler.next() for _ in range(5000)]), minlength=10)
    assert counts.sum() == 20_000
    assert (counts - 2000).abs().max() < 120  # five standard deviations of a dropped share of 1/5


def test_the_global_random_state_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    EpochSampler(10, 2, seed=0).next()
    assert torch.equal(torch.rand(1), expected)


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(GansmithError, match=r"lower training\.batch to 7"):
        EpochSampler(7, 8, seed=0)


def test_a_position_of_other_data_is_refused() -> None:
    with pytest.raises(GansmithError, match=r"sample 64 .* only 10"):
        EpochSampler(10, 2, seed=0).load_state_dict({"epoch": 0, "position": 64})
