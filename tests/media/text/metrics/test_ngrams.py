from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.media.text.metrics.bleu import tokenise
from gansmith.media.text.metrics.ngrams import (
    LanguageModel,
    words_of,
)
from tests.media.text.scores import language_score, reverse_language_score

CAPTIONS = Path(__file__).parents[4] / "shared" / "data" / "captions-coco"

Gram = tuple[str, ...]

texts_of_letters = st.lists(
    st.lists(st.sampled_from("abcdx"), max_size=7).map(" ".join), min_size=1, max_size=12
)


class PlainModel:
    """Modified Kneser-Ney by the book: dictionaries of n-grams, and recursion."""

    def __init__(self, texts: list[str], words: set[str], order: int) -> None:
        self.words, self.order = words, order
        raw: Counter[Gram] = Counter()
        for text in texts:
            row = self.row(text)
            for end in range(1, len(row)):
                ending = (row[end - n + 1 : end + 1] for n in range(1, min(order, end + 1) + 1))
                raw.update(gram for gram in ending if "<unk>" not in gram)
        before: dict[Gram, set[str]] = defaultdict(set)
        for gram in raw:
            before[gram[1:]].add(gram[0])
        self.counts = {
            gram: count if len(gram) == order or gram[0] == "<s>" else len(before[gram])
            for gram, count in raw.items()
        }
        self.discounts = [self.discounts_of(n) for n in range(1, order + 1)]
        self.after: dict[Gram, list[int]] = defaultdict(list)
        for gram, count in self.counts.items():
            self.after[gram[:-1]].append(count)

    def row(self, text: str) -> Gram:
        inner = (token if token in self.words else "<unk>" for token in tokenise(text))
        return ("<s>", *inner, "</s>")

    def discounts_of(self, n: int) -> tuple[float, ...]:
        n1, n2, n3, n4 = (
            sum(len(gram) == n and count == times for gram, count in self.counts.items())
            for times in (1, 2, 3, 4)
        )
        if 0 not in (n1, n2, n3, n4):
            y = n1 / (n1 + 2 * n2)
            found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
            if min(found) > 0:
                return found
        return (0.5, 1.0, 1.5)

    def chance(self, context: Gram, token: str) -> float:
        """The probability of a token after the last `order - 1` tokens."""
        shorter = self.chance(context[1:], token) if context else 1 / (len(self.words) + 2)
        counts = self.after.get(context, [])
        if not sum(counts):
            return shorter
        discounts = (0.0, *self.discounts[len(context)])
        own = self.counts.get((*context, token), 0)
        left = sum(discounts[min(count, 3)] for count in counts)
        return (own - discounts[min(own, 3)] + left * shorter) / sum(counts)

    def text_nats(self, text: str) -> float:
        row = self.row(text)
        chances = [
            self.chance(row[max(0, end - self.order + 1) : end], row[end])
            for end in range(1, len(row))
        ]
        return -sum(map(math.log, chances)) / len(chances)


def likely(count: int, seed: int = 0) -> list[str]:
    """Texts of a small grammar."""
    random = np.random.default_rng(seed)
    parts = (["a", "the", "one"], ["red", "small", "old"], ["cat", "dog", "bus"], ["sits", "runs"])
    return [" ".join(str(random.choice(part)) for part in parts) for _ in range(count)]


@settings(max_examples=60, deadline=None)
@given(texts_of_letters, texts_of_letters, st.integers(2, 5))
def test_scores_are_those_of_the_book(texts: list[str], others: list[str], order: int) -> None:
    words = set("abcd")
    model, plain = LanguageModel(texts, words, order), PlainModel(texts, words, order)
    expected = [plain.text_nats(text) for text in others]
    assert [model.nats([text]) for text in others] == pytest.approx(expected, rel=1e-9)


def test_estimated_discounts_are_those_of_the_book() -> None:
    """Enough text, and uneven enough, that no length of n-gram falls back."""
    random = np.random.default_rng(0)
    letters = [f"w{n}" for n in range(400)]
    weights = 1 / np.arange(1, 401)
    texts = [
        " ".join(random.choice(letters, 8, p=weights / weights.sum()).tolist()) for _ in range(150)
    ]
    plain = PlainModel(texts, set(letters), 3)
    assert (0.5, 1.0, 1.5) not in plain.discounts
    model = LanguageModel(texts, letters, 3)
    others = ["w0 w1 w2 w0", "w399 nothing w0", "", *texts[:20]]
    expected = [plain.text_nats(text) for text in others]
    assert [model.nats([text]) for text in others] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_probabilities_sum_to_one_after_any_beginning(order: int) -> None:
    texts = ["a b c", "a b b", "c", "", "b x a", "a b c a b c", "c c"]
    model = LanguageModel(texts, "abc", order)

    def last(text: str, end: bool) -> float:
        """The probability of the end of a text, or of the token before it."""
        return float(model._probabilities(model._stream([text]))[-1 if end else -2])

    for size in range(5):
        for beginning in map(" ".join, itertools.product("abcx", repeat=size)):
            chances = [last(f"{beginning} {token}", end=False) for token in "abcx"]
            assert min(chances) > 0
            assert sum(chances) + last(beginning, end=True) == pytest.approx(1, rel=1e-12)


def test_nats_weigh_texts_by_their_tokens() -> None:
    model = LanguageModel(likely(50), words_of(likely(50)))
    texts = ["the red cat sits", "", "dog dog"]
    single = np.array([model.nats([text]) for text in texts])
    assert model.nats(texts) == pytest.approx(single @ [5, 1, 3] / 9)


def test_a_text_never_seen_before_costs_more() -> None:
    model = LanguageModel(likely(300), words_of(likely(300)))
    good, shuffled, first_unknown = (
        model.nats([text]) for text in ("the old dog runs", "runs the dog old", "zyx wvu tsr qpo")
    )
    assert good < 1.5 < shuffled < first_unknown < math.inf


def test_both_scores_see_what_they_are_for() -> None:
    real, held_out = likely(400, seed=1), likely(200, seed=2)
    fair, collapsed = likely(200, seed=3), ["the old dog runs"] * 200
    noise = [" ".join(reversed(text.split())) for text in fair]
    assert language_score(fair, real) == pytest.approx(language_score(held_out, real), abs=0.05)
    assert language_score(collapsed, real) < language_score(fair, real) + 0.05
    assert language_score(noise, real) > language_score(fair, real) + 1
    best = reverse_language_score(fair, held_out, real)
    assert reverse_language_score(collapsed, held_out, real) > best + 1
    assert reverse_language_score(noise, held_out, real) > best + 1


def test_made_up_words_never_pay() -> None:
    """Held-out texts hold words that are unknown: samples of such words must not gain by that."""
    real, fair = likely(300, seed=1), likely(100, seed=3)
    held_out = [*likely(100, seed=2), *["the odd yak sits"] * 30]
    made_up = [*fair[:80], *["the xqz zvq sits"] * 20]
    plain, first_unknown = (reverse_language_score(s, held_out, real) for s in (fair, made_up))
    assert first_unknown > plain


def test_texts_of_no_tokens_are_learnt_and_scored() -> None:
    model = LanguageModel(["", " "], ["a"], 3)
    empty, word = (model.nats([text]) for text in ("", "a"))
    assert empty < word < math.inf


def test_what_cannot_be_learnt_or_scored_is_refused() -> None:
    with pytest.raises(ValueError, match="needs texts"):
        LanguageModel([], ["a"])
    with pytest.raises(ValueError, match="order of 2"):
        LanguageModel(["a"], ["a"], 1)
    with pytest.raises(ValueError, match="no texts to score"):
        LanguageModel(["a"], ["a"]).nats([])


def test_real_captions() -> None:
    if not CAPTIONS.is_dir():
        pytest.skip("the captions are not there: shared/data/captions-coco beside the repository")
    texts = (CAPTIONS / "train.txt").read_text("utf-8").splitlines()
    train, held_out = texts[::2], texts[1::2]
    shuffled = [" ".join(sorted(text.split())) for text in held_out]
    fair = language_score(held_out, train)
    assert 3.3 < fair < 3.9
    assert language_score(shuffled, train) > fair + 1.5
    assert reverse_language_score(held_out[:500], held_out[500:], train) > fair
