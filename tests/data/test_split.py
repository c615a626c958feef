from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.data.split import split_by_hash


def digests(names: list[int]) -> list[str]:
    return [hashlib.sha256(str(name).encode()).hexdigest() for name in names]


@given(st.lists(st.integers(0, 50), min_size=1), st.floats(0.01, 0.89))
def test_equal_samples_are_on_one_side_and_no_side_is_empty(names: list[int], share: float) -> None:
    held = split_by_hash(digests(names), share)
    sides = {(name, bool(side)) for name, side in zip(names, held, strict=True)}
    assert len(sides) == len(set(names))
    if len(set(names)) > 1:
        assert 0 < held.sum() < len(names)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_the_share_is_met(share: float) -> None:
    count = 20_000
    deviation = np.sqrt(share * (1 - share) / count)
    held = split_by_hash(digests(list(range(count))), share)
    assert abs(held.mean() - share) < 4 * deviation


def test_samples_stay_on_their_side_when_others_come() -> None:
    few = split_by_hash(digests(list(range(100))), 0.1)
    many = split_by_hash(digests(list(range(1000))), 0.1)
    assert (many[:100] == few).all()


def test_a_larger_share_keeps_what_was_held_out() -> None:
    names = digests(list(range(500)))
    assert (split_by_hash(names, 0.1) <= split_by_hash(names, 0.2)).all()
