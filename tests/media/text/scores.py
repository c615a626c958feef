"""Means that rows of text metrics are compared with."""

from __future__ import annotations

from collections.abc import Sequence

from gansmith.media.text.metrics.bleu import sentence_bleu, sentence_self_bleu
from gansmith.media.text.metrics.ngrams import LanguageModel, words_of


def bleu(hypotheses: Sequence[str], references: Sequence[str], order: int) -> float:
    return float(sentence_bleu(hypotheses, references, order)[:, -1].mean())


def self_bleu(texts: Sequence[str], order: int) -> float:
    return float(sentence_self_bleu(texts, order)[:, -1].mean())


def language_score(samples: Sequence[str], training: Sequence[str]) -> float:
    """Nats a token of samples under a model of real texts."""
    return LanguageModel(training, words_of(training)).nats(samples)


def reverse_language_score(
    samples: Sequence[str], held_out: Sequence[str], training: Sequence[str]
) -> float:
    """Nats a token of held-out texts under a model of samples."""
    return LanguageModel(samples, words_of(training)).nats(held_out)
