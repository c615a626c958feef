from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.media.text.metrics.bleu import (
    sentence_bleu,
    sentence_self_bleu,
    tokenise,
)
from tests.media.text.scores import bleu, self_bleu

CAPTIONS = Path(__file__).parents[4] / "shared" / "data" / "captions-coco"

words = st.lists(st.sampled_from("abcd"), max_size=8).map(" ".join)


def grams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def plain_bleu(hypothesis: str, references: Sequence[str], order: int) -> float:
    """Sentence BLEU as nltk computes it with `method1`, one reference after the other."""
    own, others = hypothesis.split(), [reference.split() for reference in references]
    precisions = []
    for n in range(1, order + 1):
        counts, most = grams(own, n), Counter[tuple[str, ...]]()
        for other in others:
            most |= grams(other, n)
        matches = sum((counts & most).values())
        if n == 1 and matches == 0:
            return 0.0
        precisions.append((matches or 0.1) / max(1, sum(counts.values())))
    closest = min((len(o) for o in others), key=lambda size: (abs(size - len(own)), size))
    penalty = 1.0 if len(own) > closest else math.exp(1 - closest / len(own))
    return penalty * math.prod(precisions) ** (1 / order)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (
            "A man's well-known Dog, asleep.",
            ["a", "man's", "well-known", "dog", ",", "asleep", "."],
        ),
        ("床前明月光\n疑是地上霜。", list("床前明月光疑是地上霜。")),
        ("Wi-Fi の ポスト box", ["wi-fi", "の", "ポ", "ス", "ト", "box"]),
        ("two  blanks\tand\n\nlines", ["two", "blanks", "and", "lines"]),
        ("É 3.5 -- 'x'", ["é", "3", ".", "5", "-", "-", "'", "x", "'"]),
        ("", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenise(text) == tokens


@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=1, max_size=5), st.lists(words, min_size=1, max_size=6))
def test_each_sentence_scores_as_one_by_one(hypotheses: list[str], references: list[str]) -> None:
    scores = sentence_bleu(hypotheses, references, 5)
    for text, row in zip(hypotheses, scores, strict=True):
        expected = [plain_bleu(text, references, n) for n in range(1, 6)]
        assert row.tolist() == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=2, max_size=8))
def test_self_bleu_leaves_out_the_text_itself_and_no_copy(texts: list[str]) -> None:
    scores = sentence_self_bleu(texts, 4)
    for place, (text, row) in enumerate(zip(texts, scores, strict=True)):
        others = texts[:place] + texts[place + 1 :]
        expected = [plain_bleu(text, others, n) for n in range(1, 5)]
        assert row.tolist() == pytest.approx(expected, abs=1e-12)


def test_sacrebleu_agrees_but_for_texts_shorter_than_the_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its `floor` gives a text of fewer tokens than the order 0, nltk's `method1` a tenth."""
    metrics = pytest.importorskip("sacrebleu.metrics", reason="a development package")
    caplog.set_level(logging.CRITICAL, "sacrebleu")
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(list("abcdef"), size)) for size in random.integers(1, 12, 40)]
    references, hypotheses = texts[:20], texts[20:]
    for order in (2, 4, 5):
        other = metrics.BLEU(
            tokenize="none", smooth_method="floor", smooth_value=0.1, max_ngram_order=order
        )
        scores = sentence_bleu(hypotheses, references, order)[:, -1]
        for text, score in zip(hypotheses, scores, strict=True):
            expected = other.sentence_score(text, references).score / 100
            if len(text.split()) >= order:
                assert score == pytest.approx(expected, rel=1e-6)
            else:
                assert expected == 0 < score


def test_closed_forms() -> None:
    assert bleu(["a b c d e"], ["x", "a b c d e"], 5) == pytest.approx(1)
    assert bleu(["x y z"], ["a b c"], 2) == 0
    assert bleu(["a b"], ["a b c d"], 2) == pytest.approx(math.exp(1 - 4 / 2))
    assert bleu(["a b", "x y"], ["a b"], 2) == pytest.approx(0.5)
    assert self_bleu(["a b c"] * 5, 3) == pytest.approx(1)
    assert self_bleu(["a b", "c d", "e f"], 2) == 0
    assert self_bleu(["a a a", "a a"], 1) == pytest.approx((2 / 3 + math.exp(1 - 3 / 2)) / 2)


def test_what_cannot_be_measured_is_refused() -> None:
    for hypotheses, references in (([], ["a"]), (["a"], [])):
        with pytest.raises(ValueError, match="at least one"):
            bleu(hypotheses, references, 2)
    with pytest.raises(ValueError, match="two texts"):
        self_bleu(["a"], 2)


def test_real_captions() -> None:
    """The plain way on some; on many the means that fast-bleu gives, of another random thousand."""
    if not CAPTIONS.is_dir():
        pytest.skip("the captions are not there: shared/data/captions-coco beside the repository")
    texts = (CAPTIONS / "test.txt").read_text("utf-8").splitlines()
    texts = [texts[index] for index in np.random.default_rng(0).permutation(len(texts))]
    spaced = [" ".join(tokenise(text)) for text in texts[:120]]
    few = sentence_bleu(texts[:20], texts[20:120], 5)
    expected = [plain_bleu(text, spaced[20:], 5) for text in spaced[:20]]
    assert few[:, 4].tolist() == pytest.approx(expected, rel=1e-9)
    many = sentence_bleu(texts[:1000], texts[1000:], 5).mean(axis=0)
    assert many[3:].tolist() == pytest.approx([0.594, 0.436], abs=0.015)
