from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gansmith.media.text.code_points import (
    Hidden,
    copy_key,
    hidden,
    normalise,
    split_title,
    to_points,
    to_texts,
    visible,
    with_line_feeds,
)

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


@pytest.mark.parametrize(
    ("raw", "expected", "kinds"),
    [
        ("\x1b[1;30mred\x1b[0m fox", "red fox", Hidden(codes=True, invisible=False)),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link", Hidden(codes=True, invisible=False)),
        ("\x1b(Bplain\x9b31m", "plain", Hidden(codes=True, invisible=False)),
        ("soft\xadhyphen", "softhyphen", Hidden(codes=False, invisible=True)),
        ("zero\u200bwidth\u2060", "zerowidth", Hidden(codes=False, invisible=True)),
        ("\u202ebackwards\u202c\u200e", "backwards", Hidden(codes=False, invisible=True)),
        ("stray\u200d joiner\u200c", "stray joiner", Hidden(codes=False, invisible=True)),
        ("x\U000e0041y", "xy", Hidden(codes=False, invisible=True)),
        ("\ufeffplain text", "plain text", Hidden(codes=False, invisible=False)),
    ],
)
def test_codes_and_invisible_characters_are_removed(raw: str, expected: str, kinds: Hidden) -> None:
    assert normalise(raw) == expected and hidden(raw) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f3f3\ufe0f\u200d\U0001f308 \u2764\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\U0001f1e9\U0001f1ea",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
    ],
)
def test_emoji_and_joined_letters_stay_whole(text: str) -> None:
    assert normalise(text) == text and hidden(text) == Hidden(codes=False, invisible=False)


def test_copies_may_differ_in_case_and_joiners() -> None:
    assert copy_key("A \u2764\ufe0f") == copy_key("a \u2764")
    assert copy_key("\u0645\u06cc\u200c\u062e") == copy_key("\u0645\u06cc\u062e")
    assert copy_key("one") != copy_key("two")


def test_titles_are_split_off() -> None:
    assert split_title("title\n\none\n\ntwo") == ("title", "one\n\ntwo")
    assert split_title("title\n\n\none") == ("title", "one")
    assert split_title("no title\nat all") == ("", "no title\nat all")


@given(messy)
@example("a \0 b")
@example("\U0001f469\u200d\ud800 ")
@example("\U0001f469\u200d\u115f ")
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
        text = visible(text)
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
