from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gansmith.media.text.code_points import normalise, to_points, to_texts, with_line_feeds

ODD = (
    "\0\x01\x08\t\n\x0b\x0c\r\x1b\x1c\x1f \x7f\x85\xa0"
    "\u0301\u2009\u2028\u2029\u200d\u3000\ufeff\ud800"
)
messy = st.text(st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=())))
clean = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  a  b\t c ", "a b c"),
        ("one\r\ntwo\rthree\u2028four\x85five", "one\ntwo\nthree\nfour\nfive"),
        ("one  \n\t two\n", "one\ntwo"),
        ("one\n\n\ntwo", "one\n\n\ntwo"),
        ("\ufeffcafe\u0301", "caf\xe9"),
        ("床前\u3000明月光\u3000", "床前 明月光"),
        ("a\0b\x07c\x7f", "abc"),
        ("e\0\u0301", "\xe9"),
        ("half \ud83d gone", "half gone"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        (" \n\t\r\n ", ""),
    ],
)
def test_texts_get_one_form(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


@given(messy)
@example("a \0 b")
@example("\r\0\n")
def test_normal_texts_stay_and_can_be_stored(raw: str) -> None:
    text = normalise(raw)
    assert normalise(text) == text and unicodedata.is_normalized("NFC", text)
    assert text.encode("utf-8").decode("utf-8") == text
    assert "  " not in text and text == text.strip()
    for sign in text:
        assert sign == "\n" or not (sign.isspace() and sign != " ")
        assert sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs")
    lines = text.split("\n")
    assert lines == [line.strip() for line in lines]


@given(messy)
def test_what_is_left_out_is_only_white_space_and_controls(raw: str) -> None:
    def signs(text: str) -> str:
        kept = (sign for sign in text if not sign.isspace() and sign != "\ufeff")
        letters = "".join(sign for sign in kept if unicodedata.category(sign) not in ("Cc", "Cs"))
        return unicodedata.normalize("NFC", letters)

    assert signs(normalise(raw)) == signs(raw)


@given(st.lists(clean, max_size=5), st.integers(0, 3))
def test_points_go_there_and_back(texts: list[str], spare: int) -> None:
    longest = max(map(len, texts), default=0) + spare
    points = to_points(texts, longest)
    assert points.shape == (len(texts), 1, longest, 1) and points.dtype == np.int32
    for row, text in zip(points[:, 0, :, 0], texts, strict=True):
        assert row.tolist() == [ord(sign) for sign in text] + [0] * (longest - len(text))
    assert to_texts(points) == texts


def test_a_row_ends_at_its_first_zero() -> None:
    points = np.array([[65, 0, 66], [0, 65, 66], [65, 66, 67]], np.int64)[:, None, :, None]
    assert to_texts(points) == ["A", "", "ABC"]


def test_nothing_is_cut_off_in_silence() -> None:
    with pytest.raises(ValueError, match="4 characters, more than 3"):
        to_points(["abc", "abcd"], 3)


def test_line_ends_alone_are_turned() -> None:
    assert with_line_feeds("a \r\n b\t\rc") == "a \n b\t\nc"
