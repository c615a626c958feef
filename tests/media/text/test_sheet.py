from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ImageFont

from gansmith.drawing import fonts
from gansmith.media.text import sheet as module
from gansmith.media.text.sheet import (
    LEADING,
    MARGIN,
    MOST_LINES,
    PAPER,
    RULE,
    SIZE,
    WIDEST,
    text_sheet,
)

CHINESE = ["床前明月光", "疑是地上霜"]
LATIN = ImageFont.load_default(SIZE)
words = st.text(st.sampled_from("abcimwW,."), min_size=1, max_size=9)


def pixels(texts: list[str], columns: int | None = None, widest: int = WIDEST) -> NDArray[np.uint8]:
    sheet = text_sheet(texts, columns, widest)
    assert sheet.mode == "L" and sheet.width == widest
    return np.asarray(sheet)


def inked(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return picture < RULE


def rows_of(picture: NDArray[np.uint8]) -> int:
    return int((picture[:, MARGIN:-MARGIN] == RULE).all(axis=1).sum())


def bands(marked: NDArray[np.bool_]) -> int:
    """Runs of True."""
    return int((np.diff(marked.astype(int), prepend=0) == 1).sum())


def without_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_fonts", lambda size: (LATIN,))


def alike(one: list[str], two: list[str]) -> bool:
    return np.array_equal(pixels(one), pixels(two))


def is_told(texts: list[str]) -> bool:
    return alike(texts, [module._NO_FONT])


def test_a_text_is_drawn_dark_on_paper() -> None:
    picture = pixels(["a dog sits here"])
    assert inked(picture).sum() > 50
    assert (picture == PAPER).mean() > 0.9
    assert not inked(picture[:MARGIN]).any() and not inked(picture[:, :MARGIN]).any()


@pytest.mark.parametrize("widest", [200, 300, 500])
@pytest.mark.parametrize("text", ["mill hill " * 12, "m" * 90])
def test_a_long_line_is_wrapped(text: str, widest: int) -> None:
    picture = pixels([text.strip()], widest=widest)
    ink = inked(picture)
    assert not ink[:, :MARGIN].any() and not ink[:, -MARGIN:].any()
    needed = LATIN.getlength(text) / (widest - 2 * MARGIN)
    assert min(needed, MOST_LINES) <= bands(ink.max(axis=1)) <= MOST_LINES
    assert picture.shape[0] >= bands(ink.max(axis=1)) * LEADING


@given(st.lists(words, min_size=1, max_size=30), st.integers(120, 400))
@settings(max_examples=60, deadline=None)
def test_lines_break_between_words_and_fit(parts: list[str], width: int) -> None:
    lines = list(module.wrapped(" ".join(parts), LATIN, width))
    assert " ".join(lines) == " ".join(parts)
    assert all(LATIN.getlength(line) <= width for line in lines)
    for line, following in pairwise(lines):
        assert LATIN.getlength(f"{line} {following.split(' ')[0]}") > width


@given(st.text(st.sampled_from("abimW"), min_size=1, max_size=80), st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_a_word_wider_than_a_column_is_broken_within(word: str, width: int) -> None:
    lines = list(module.wrapped(word, LATIN, width))
    assert "".join(lines) == word
    assert all(len(line) <= 1 or LATIN.getlength(line) <= width for line in lines)


def test_line_breaks_of_a_text_are_kept() -> None:
    ink = inked(pixels(["one\ntwo\n\nthree"])).max(axis=1)
    starts = [MARGIN + line * LEADING for line in range(4)]
    assert [bool(ink[start : start + LEADING].any()) for start in starts] == [
        True,
        True,
        False,
        True,
    ]


def test_a_text_takes_eight_lines_at_most() -> None:
    eight, twenty = ("\n".join(["line"] * count) for count in (8, 20))
    assert alike([eight], [twenty])


@pytest.mark.parametrize(("columns", "rows"), [(1, 8), (2, 4), (3, 3), (4, 2), (9, 2), (0, 8)])
def test_texts_are_laid_out_in_columns(columns: int, rows: int) -> None:
    assert rows_of(pixels(["short"] * 8, columns)) == rows


@pytest.mark.parametrize(
    ("length", "columns"), [(4, 4), (30, 4), (35, 3), (40, 3), (45, 2), (60, 2), (70, 1), (400, 1)]
)
def test_longer_lines_leave_room_for_fewer_columns(length: int, columns: int) -> None:
    longest = LATIN.getlength("o" * length)
    room = [count for count in range(1, 5) if count * (longest + MARGIN) + MARGIN <= WIDEST]
    assert max(room, default=1) == columns
    assert rows_of(pixels(["o" * length, *["a"] * 59])) == 60 // columns


@pytest.mark.parametrize("place", range(4))
def test_texts_are_read_from_left_to_right_and_down(place: int) -> None:
    texts = ["here" if number == place else "" for number in range(4)]
    ink = inked(pixels(texts, columns=2))
    half = ink.shape[0] // 2, ink.shape[1] // 2
    quarters = [part for half_ in (ink[: half[0]], ink[half[0] :]) for part in _halves(half_)]
    assert [bool(part.any()) for part in quarters] == [number == place for number in range(4)]


def _halves(ink: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    middle = ink.shape[1] // 2
    return ink[:, :middle], ink[:, middle:]


def test_a_row_is_as_high_as_its_longest_text() -> None:
    flat, high = (pixels(texts, 2).shape[0] for texts in (["a", "b"], ["a", "b\nc\nd"]))
    assert high - flat == 2 * LEADING


@pytest.mark.parametrize("texts", [[""], ["", ""], ["\n"]])
def test_empty_texts_give_an_empty_sheet(texts: list[str]) -> None:
    assert not inked(pixels(texts)).any()


def test_the_sheet_says_where_no_font_has_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    without_fonts(monkeypatch)
    assert is_told(CHINESE) and is_told(["a dog", *CHINESE])
    assert inked(pixels(CHINESE)).sum() > 500
    assert not is_told(["a dog"])


def test_one_sign_that_no_font_has_leaves_the_others_legible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_fonts(monkeypatch)
    assert not is_told(["a dog sits here and waits for its meal 床"])


def test_the_first_font_that_has_all_signs_draws_them(monkeypatch: pytest.MonkeyPatch) -> None:
    larger = ImageFont.load_default(SIZE + 6)
    monkeypatch.setattr(fonts, "_fonts", lambda size: (LATIN, larger))
    monkeypatch.setattr(
        fonts, "_lacks", lambda font, sign: font is LATIN and sign in "".join(CHINESE)
    )
    assert not is_told(CHINESE) and inked(pixels(CHINESE)).any()
    latin, other = pixels(["a dog"]), pixels(["a dog", CHINESE[0]])
    assert inked(latin).any() and inked(other).sum() > 1.5 * inked(latin).sum()


@pytest.mark.parametrize(("one", "two"), [("é", "ü"), ("Ж", "Ф"), ("ω", "λ"), ("“", "—")])
def test_signs_that_no_font_has_are_never_drawn_alike(
    monkeypatch: pytest.MonkeyPatch, one: str, two: str
) -> None:
    without_fonts(monkeypatch)
    assert is_told([one]) or not alike([one], [two])
