from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from gansmith.media.text.metrics.texts import (
    copied_share,
    distinct,
    length_distance,
    line_copied_share,
    longest_copied,
    mean_length,
    unique_share,
)

words = st.lists(st.sampled_from("abc"), max_size=7).map(" ".join)


def plain_longest(text: str, training: list[str]) -> float:
    """Every run of the text against every place of every training text."""
    own = text.split()
    runs = [own[i:j] for i in range(len(own)) for j in range(i + 1, len(own) + 1)]
    found = [
        len(run)
        for run in runs
        for other in (line.split() for line in training)
        if any(other[k : k + len(run)] == run for k in range(len(other)))
    ]
    return max(found, default=0) / max(1, len(own))


def test_unique_and_copied_texts() -> None:
    texts = ["A cat.", "a  cat.", "a dog.", "a bus."]
    assert unique_share(texts) == 0.75
    assert unique_share(["same"] * 8) == 1 / 8
    assert copied_share(texts, ["a CAT. ", "a bird."]) == 0.5
    assert copied_share(texts, []) == 0


def test_copied_lines_of_poems() -> None:
    training = ["One line\ntwo  lines", "three lines"]
    assert line_copied_share(["two lines\nmy own\n\nTHREE lines"], training) == pytest.approx(2 / 3)
    assert line_copied_share(["床前明月光\n疑是地上霜"], ["低頭思故鄉\n疑是地上霜"]) == 0.5
    assert line_copied_share(["", "\n"], training) == 0


@settings(max_examples=80, deadline=None)
@given(st.lists(words, min_size=1, max_size=4), st.lists(words, min_size=1, max_size=4))
def test_the_longest_run_is_found(texts: list[str], training: list[str]) -> None:
    expected = np.mean([plain_longest(text, training) for text in texts])
    assert longest_copied(texts, training) == pytest.approx(expected)


def test_whole_copies_are_copied_whole() -> None:
    training = ["a man rides a red bike down the long road"]
    assert longest_copied(["Rides a red bike", "A man"], training) == 1
    assert longest_copied(["a man rides a blue bike"], training) == pytest.approx(4 / 6)
    assert longest_copied(["", "nothing there"], training) == 0


def test_distinct_grams() -> None:
    assert distinct(["a b a b"], 1) == 0.5
    assert distinct(["a b a b"], 2) == pytest.approx(2 / 3)
    assert distinct(["a b", "b a"], 2) == 1
    assert distinct(["a"], 2) == 0


@given(st.lists(words, min_size=1, max_size=9), st.lists(words, min_size=1, max_size=9))
def test_length_distance_is_scipys(texts: list[str], real: list[str]) -> None:
    sizes = [[len(text.split()) for text in side] for side in (texts, real)]
    assert length_distance(texts, real) == pytest.approx(wasserstein_distance(*sizes), abs=1e-12)
    assert mean_length(texts) == pytest.approx(np.mean(sizes[0]))


def test_longer_texts_are_as_far_as_they_are_longer() -> None:
    real = ["a b", "a b c", "a b c d e"]
    assert length_distance([f"{text} x y" for text in real], real) == pytest.approx(2)
    assert length_distance(real, real[::-1] * 2) == 0
