from __future__ import annotations

import json
from typing import Literal

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from gansmith.media.text import tokenizer as module
from gansmith.media.text.code_points import normalise
from gansmith.media.text.tokenizer import TextTokenizer
from gansmith.networks.sequence.special_tokens import END, PAD, SPECIAL, UNKNOWN
from tests.training.verses import TEXTS

Kind = Literal["characters", "pieces"]

CHINESE = ["床前明月光 疑是地上霜。", "举头望明月、低头思故乡。", "春眠不觉晓\n处处闻啼鸟"]
MIXED = [
    *("the cat sings \U0001f600", "one line\nand another\n\nand a third", "caf\xe9 über Ωmega"),
    *(
        "\U0001f469\u200d\U0001f4bb at work",
        "a b c",
        "x",
        "月 and moon",
        "1 + 1 = 2; 'so' \"it\" is!",
    ),
]
KINDS: tuple[Kind, ...] = ("characters", "pieces")
CORPORA = {"english": TEXTS, "chinese": CHINESE, "mixed": MIXED}

both_kinds = pytest.mark.parametrize("kind", KINDS)
every_corpus = pytest.mark.parametrize("texts", CORPORA.values(), ids=CORPORA)
# Pieces write a blank as U+2581, so that one sign comes back as a blank.
signs = st.characters(exclude_characters="\0\u2581", exclude_categories=["Cs"])
some_texts = st.lists(st.text(signs, max_size=20).map(normalise), min_size=1, max_size=4)


def there_and_back(tokens: TextTokenizer, texts: list[str]) -> list[str]:
    return tokens.decode(tokens.encode(texts, tokens.longest(texts)))


@both_kinds
@every_corpus
def test_a_text_comes_back_as_it_was(kind: Kind, texts: list[str]) -> None:
    assert there_and_back(TextTokenizer.learn(texts, kind, 300), texts) == texts


@both_kinds
@given(some_texts)
@example(["", "a"])
@example([""])
@example(["a\nb", "\U0001f600\n\n\U0001f600", "天 地"])
@settings(max_examples=60, deadline=None)
def test_any_normal_text_comes_back(kind: Kind, texts: list[str]) -> None:
    assert there_and_back(TextTokenizer.learn(texts, kind, 100), texts) == texts


@both_kinds
@pytest.mark.parametrize("name", SPECIAL)
def test_a_text_that_holds_the_name_of_a_special_token_comes_back(kind: Kind, name: str) -> None:
    texts = [f"what {name} means", "nothing else"]
    assert there_and_back(TextTokenizer.learn(texts, kind, 100), texts) == texts


@every_corpus
def test_characters_are_numbered_one_by_one(texts: list[str]) -> None:
    tokens = TextTokenizer.learn(texts, "characters", 64)
    symbols = tokens.symbols()
    assert sorted(symbols[3:]) == sorted({sign for text in texts for sign in text})
    for text, numbers in zip(texts, tokens.numbers(texts), strict=True):
        assert [symbols[number] for number in numbers] == list(text)


def test_the_most_common_characters_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CHARACTERS", 5)
    tokens = TextTokenizer.learn(["aaaabbbcc", "d"], "characters", 64)
    assert set(tokens.symbols()) == {*SPECIAL, "a", "b"}


def test_pieces_are_words_or_parts_of_them() -> None:
    tokens = TextTokenizer.learn(TEXTS, "pieces", 120)
    assert len(tokens) <= 120
    words = {"▁" + word for text in TEXTS for word in text.split()}
    for piece in tokens.symbols()[3:]:
        assert any(piece in word for word in words)
    (numbers,) = tokens.numbers(["the cat sings softly by the river"])
    assert [tokens.symbols()[number] for number in numbers[:2]] == ["▁the", "▁cat"]
    assert len(numbers) == 7


def test_the_first_piece_joins_the_most_common_pair() -> None:
    tokens = TextTokenizer.learn(["ab xab yab", "xy"], "pieces", 9)
    assert set(tokens.symbols()) == {*SPECIAL, "a", "b", "x", "y", "▁", "ab"}


def test_a_line_break_is_a_piece_of_its_own() -> None:
    texts = ["one\ntwo", "one\n\ntwo"] * 20
    tokens = TextTokenizer.learn(texts, "pieces", 100)
    assert [symbol for symbol in tokens.symbols() if "\n" in symbol] == ["\n"]
    counts = [row.count(tokens.symbols().index("\n")) for row in tokens.numbers(texts[:2])]
    assert counts == [1, 2]


@both_kinds
@every_corpus
def test_the_first_three_numbers_are_special(kind: Kind, texts: list[str]) -> None:
    tokens = TextTokenizer.learn(texts, kind, 300)
    symbols = tokens.symbols()
    assert (PAD, END, UNKNOWN) == (0, 1, 2) and symbols[:3] == list(SPECIAL)
    assert len(symbols) == len(tokens) == len(set(symbols))
    found = [number for row in tokens.numbers(texts) for number in row]
    assert min(found) > UNKNOWN and max(found) < len(tokens)


@both_kinds
def test_rows_are_the_text_its_end_and_blanks(kind: Kind) -> None:
    texts = ["a dog", "", "the old man"]
    tokens = TextTokenizer.learn(TEXTS, kind, 60)
    rows = tokens.encode(texts, 15)
    assert rows.shape == (3, 15) and rows.dtype == torch.int64
    for row, numbers in zip(rows.tolist(), tokens.numbers(texts), strict=True):
        assert row == [*numbers, END, *[PAD] * (14 - len(numbers))]


@both_kinds
def test_the_longest_text_just_fits_with_its_end(kind: Kind) -> None:
    tokens = TextTokenizer.learn(TEXTS, kind, 60)
    rows = tokens.encode(TEXTS, tokens.longest(TEXTS))
    assert (rows == END).sum(1).tolist() == [1] * len(TEXTS)
    assert (rows[:, -1] == END).any()


@both_kinds
@pytest.mark.parametrize("length", [2, 3, 5])
def test_what_is_too_long_is_cut_off_with_its_end(kind: Kind, length: int) -> None:
    text = "under the old tree my sister sleeps"
    tokens = TextTokenizer.learn(TEXTS, kind, 60)
    rows = tokens.encode([text, "x"], length)
    assert rows[0].tolist() == tokens.numbers([text])[0][:length]
    (kept, _) = tokens.decode(rows)
    assert kept and text.startswith(kept) and kept != text


def test_a_text_as_long_as_can_be_has_no_end() -> None:
    tokens = TextTokenizer.learn(["abcd"], "characters", 64)
    assert END not in tokens.encode(["abcd"], 4) and tokens.decode(tokens.encode(["abcd"], 4)) == [
        "abcd"
    ]
    assert tokens.encode(["abcd"], 5)[0, -1] == END


@both_kinds
def test_texts_are_read_up_to_their_first_end(kind: Kind) -> None:
    tokens = TextTokenizer.learn(TEXTS, kind, 60)
    (cat, dog) = tokens.numbers(["the cat", "a dog"])
    row = torch.tensor([[*cat, END, *dog, END, PAD], [END, *cat, *dog, END, PAD]])
    assert tokens.decode(row) == ["the cat", ""]


@both_kinds
def test_what_no_training_text_holds_is_unknown_and_left_out(kind: Kind) -> None:
    tokens = TextTokenizer.learn(TEXTS, kind, 60)
    (numbers,) = tokens.numbers(["the Q\U0001f600月 cat"])
    assert numbers.count(UNKNOWN) == 3
    assert there_and_back(tokens, ["the Q\U0001f600月 cat"]) == ["the  cat"]


@both_kinds
@every_corpus
def test_a_written_vocabulary_restores_equal(kind: Kind, texts: list[str]) -> None:
    tokens = TextTokenizer.learn(texts, kind, 300)
    again = TextTokenizer.restore(tokens.written())
    assert again.written() == tokens.written() and again.symbols() == tokens.symbols()
    first_unknown = [*texts, "Q never\nseen \U0001f680"]
    assert again.numbers(first_unknown) == tokens.numbers(first_unknown)
    assert torch.equal(again.encode(first_unknown, 9), tokens.encode(first_unknown, 9))
    assert there_and_back(again, texts) == texts


@both_kinds
@every_corpus
def test_the_tokenizers_library_reads_what_is_written(kind: Kind, texts: list[str]) -> None:
    tokens = TextTokenizer.learn(texts, kind, 300)
    foreign = Tokenizer.from_str(json.dumps(json.loads(tokens.written())))
    assert foreign.get_vocab_size() == len(tokens)
    assert [foreign.id_to_token(number) for number in range(3)] == list(SPECIAL)
    for text, numbers in zip(texts, tokens.numbers(texts), strict=True):
        assert foreign.encode(text).ids == numbers
        assert foreign.decode([*numbers, END, PAD]) == text


@both_kinds
def test_the_same_texts_give_the_same_vocabulary(kind: Kind) -> None:
    one, two = (TextTokenizer.learn(MIXED, kind, 100).written() for _ in range(2))
    assert one == two


def _with_blanks(length: int, blanks: int) -> str:
    return "".join(" " if n % 2 and n < 2 * blanks else "x" for n in range(length))


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        (["the cat sleeps here and the dog runs to the river"], "pieces"),
        (["the cat sleeps"], "characters"),
        (["床前明月光疑是地上霜举头望明月低头思故乡" * 5], "characters"),
        ([_with_blanks(40, 2)], "pieces"),
        ([_with_blanks(39, 2)], "characters"),
        ([_with_blanks(40, 1)], "characters"),
        ([_with_blanks(79, 10), "x"], "pieces"),
        ([_with_blanks(78, 10), "x"], "characters"),
        ([""], "characters"),
    ],
)
def test_long_texts_whose_words_blanks_part_become_pieces(texts: list[str], chosen: Kind) -> None:
    expected = TextTokenizer.learn(texts, chosen, 64).written()
    assert TextTokenizer.learn(texts, "auto", 64).written() == expected
    assert json.loads(expected)["model"]["type"] == ("BPE" if chosen == "pieces" else "WordLevel")
