from __future__ import annotations

from itertools import pairwise

import pytest

from gansmith.counting import linspace_indices, pluralize


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 other files"),
        (1, "1 other file"),
        (2, "2 other files"),
        (12345, "12,345 other files"),
    ],
)
def test_nouns_go_with_their_numbers(number: int, words: str) -> None:
    assert pluralize(number, "other file") == words


@pytest.mark.parametrize(("count", "most"), [(0, 5), (3, 5), (5, 5), (10, 5), (11, 4)])
def test_positions_are_chosen_evenly(count: int, most: int) -> None:
    found = linspace_indices(count, most)
    assert len(found) == min(count, most)
    gaps = [after - before for before, after in pairwise([*found, count])] or [0]
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize(("count", "most"), [(0, 5), (1, 5), (3, 5), (5, 1), (10, 5), (11, 4)])
def test_with_ends_the_first_and_the_last_are_chosen(count: int, most: int) -> None:
    found = linspace_indices(count, most, ends=True)
    assert len(set(found)) == min(count, most) and found == sorted(found)
    if len(found) > 1:
        assert (found[0], found[-1]) == (0, count - 1)
