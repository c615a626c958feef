from __future__ import annotations

import pytest

from gansmith.counting import counted


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
    assert counted(number, "other file") == words
