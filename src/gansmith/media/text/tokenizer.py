"""Tokenizers of text: characters, or subwords learnt by byte pair encoding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from gansmith.networks.sequence.special_tokens import END, PAD, SPECIAL, UNKNOWN

Kind = Literal["auto", "characters", "pieces"]
LONG = 40
"""Mean length of a text from which subwords are used instead of characters."""
MOST_CHARACTERS = 20_000
SPACED = 0.05
"""Share of spaces from which words are taken to be separated by them."""


class TextTokenizer:
    """Converts texts to token numbers and back.

    Args:
        tokenizer: Of the `tokenizers` library; numbers 0 to 2 are padding, end and unknown.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        tokenizer.encode_special_tokens = True  # '<end>' in a text is text

    @classmethod
    def learn(cls, texts: Sequence[str], kind: Kind, size: int) -> TextTokenizer:
        """Learn a vocabulary from training texts.

        Args:
            texts: At least one.
            kind: `auto` uses subwords for long texts with spaces between words.
            size: Maximum number of different subwords; all single characters are kept.
        """
        chosen = _fitting(texts) if kind == "auto" else kind
        return cls(_characters(texts) if chosen == "characters" else _pieces(texts, size))

    @classmethod
    def restore(cls, written: str) -> TextTokenizer:
        """Restore what :meth:`written` returned."""
        return cls(Tokenizer.from_str(written))

    def written(self) -> str:
        """Return the content of `tokenizer.json`."""
        return str(self._tokenizer.to_str())

    def __len__(self) -> int:
        """Number of different tokens."""
        return int(self._tokenizer.get_vocab_size())

    def symbols(self) -> list[str]:
        """Return the text of each token, in order of their numbers."""
        found = [self._tokenizer.id_to_token(number) for number in range(len(self))]
        return [str(symbol) for symbol in found]

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token numbers of each text, without an end."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def first_unknown(self, text: str) -> str | None:
        """Return the first character of a text that is in no token; None if all are known."""
        return next((sign for sign in text if UNKNOWN in self.numbers([sign])[0]), None)

    def longest(self, texts: Sequence[str]) -> int:
        """Return the number of tokens of the longest text, its end included."""
        return 1 + max(map(len, self.numbers(texts)))

    def encode(self, texts: Sequence[str], length: int) -> Tensor:
        """Return int64 [N, length]: each text with its end, padded or truncated."""
        found = torch.full((len(texts), length), PAD)
        for row, numbers in zip(found, self.numbers(texts), strict=True):
            kept = torch.tensor([*numbers, END][:length])
            row[: len(kept)] = kept
        return found

    def decode(self, numbers: Tensor) -> list[str]:
        """Return the texts of int64 [N, T], each up to its end."""
        rows = [row[: row.index(END)] if END in row else row for row in numbers.tolist()]
        texts = self._tokenizer.decode_batch(rows, skip_special_tokens=True)
        return [str(text) for text in texts]


def _fitting(texts: Sequence[str]) -> Literal["characters", "pieces"]:
    whole = sum(map(len, texts))
    spaced = sum(text.count(" ") for text in texts) >= SPACED * max(1, whole)
    return "pieces" if spaced and whole >= LONG * len(texts) else "characters"


def _characters(texts: Sequence[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({}, unk_token=SPECIAL[UNKNOWN]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return _trained(
        tokenizer,
        texts,
        trainers.WordLevelTrainer(
            vocab_size=MOST_CHARACTERS, special_tokens=list(SPECIAL), show_progress=False
        ),
    )


def _pieces(texts: Sequence[str], size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL[UNKNOWN]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Metaspace(prepend_scheme="first")]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return _trained(
        tokenizer,
        texts,
        trainers.BpeTrainer(vocab_size=size, special_tokens=list(SPECIAL), show_progress=False),
    )


def _trained(tokenizer: Tokenizer, texts: Iterable[str], trainer: trainers.Trainer) -> Tokenizer:
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
