from __future__ import annotations

from itertools import pairwise, product

import pytest

from gansmith.media.text.verse.chinese import tones
from gansmith.media.text.verse.quatrain import (
    FREE,
    pattern_kept,
    patterns,
    quatrain_kept,
    quatrain_lines,
    quatrain_report,
)
from tests.media.text.verse.corpora import tang

pytest.importorskip("zhconv")

STORKS = ["白日依山盡", "黃河入海流", "欲窮千里目", "更上一層樓"]
BAIDI = ["朝辭白帝彩雲間", "千里江陵一日還", "兩岸猿聲啼不住", "輕舟已過萬重山"]
MOON = ["床前明月光", "疑是地上霜", "舉頭望明月", "低頭思故鄉"]
# One character each that has this tone only
SAY = {"平": "花", "仄": "月"}

# The sixteen lines of the four openings, as handbooks print them
BOOK = (
    "仄仄平平仄 平平仄仄平 平平平仄仄 仄仄仄平平",
    "仄仄仄平平 平平仄仄平 平平平仄仄 仄仄仄平平",
    "平平平仄仄 仄仄仄平平 仄仄平平仄 平平仄仄平",
    "平平仄仄平 仄仄仄平平 仄仄平平仄 平平仄仄平",
)


def spoken(pattern: str) -> list[str]:
    return ["".join(SAY[tone] for tone in line) for line in pattern.split()]


def seven(pattern: str) -> str:
    """Two tones more before each line, opposed to those that it begins with."""
    head = {"平": "仄仄", "仄": "平平"}
    return " ".join(head[line[1]] + line for line in pattern.split())


@pytest.mark.parametrize("pattern", [*BOOK, *map(seven, BOOK)])
def test_the_patterns_of_handbooks_are_kept(pattern: str) -> None:
    assert pattern_kept(spoken(pattern))


@pytest.mark.parametrize("pattern", [*BOOK, *map(seven, BOOK)])
def test_strict_positions_are_strict(pattern: str) -> None:
    """Turn each second, fourth, sixth and last tone but that of the first line, which is open."""
    length = pattern.index(" ")
    for line, place in product(range(1, 4), [*range(1, length, 2), length - 1]):
        lines = spoken(pattern)
        other = "月" if lines[line][place] == "花" else "花"
        lines[line] = lines[line][:place] + other + lines[line][place + 1 :]
        assert not pattern_kept(lines), (line, place)


def test_every_line_of_five_is_as_the_rules_in_words_say() -> None:
    """Twin by brute force: all 32 lines, put for the third of a poem that is else regular."""
    for made in map("".join, product("平仄", repeat=5)):
        b = made[1] == "平" and made[3] == "仄" and made[4] == "仄"
        lines = spoken(BOOK[0])
        assert pattern_kept([*lines[:2], *spoken(made), lines[3]]) is b
        big_b = (
            made[1] == "平" and made[3] == "仄" and made[4] == "平" and "平" in made[0] + made[2]
        )
        assert pattern_kept([lines[0], *spoken(made), *lines[2:]]) is big_b
        big_a = made[1:] == "仄仄平平"
        assert pattern_kept([*lines[:3], *spoken(made)]) is big_a


@pytest.mark.parametrize("length", [5, 7])
def test_couplets_are_opposed_and_adhere(length: int) -> None:
    for pattern in patterns(length):
        assert len(pattern) == 4 * length
        lines = [pattern[start : start + length] for start in range(0, 4 * length, length)]
        for index, (upper, lower) in enumerate(pairwise(lines)):
            same = [upper[place] == lower[place] for place in range(1, length - 1, 2)]
            assert same == [index == 1] * len(same)
        assert lines[1][-1] == lines[3][-1] == "平"
        assert lines[2][-1] == "仄"
        assert all(line[0] == FREE for line in lines) or length == 5


def test_poems_that_are_known_as_regular_or_not() -> None:
    assert pattern_kept(STORKS)
    assert pattern_kept(BAIDI)
    assert not pattern_kept(MOON)  # an old-style quatrain, though it rhymes
    assert not pattern_kept([*BAIDI[:3], STORKS[3]])
    assert not pattern_kept(STORKS[:3])
    assert not pattern_kept([])


def test_unknown_characters_count_as_kept_and_are_counted() -> None:
    assert not tones("X")
    odd = ["白X依山盡", *STORKS[1:]]
    assert pattern_kept(odd)
    assert quatrain_report(["\n".join(odd)], 5).unknown == 1 / 20


def test_a_report_counts_each_rule_by_itself() -> None:
    poems = [
        "，".join(STORKS) + "。",  # noqa: RUF001
        "\n".join(MOON),
        "\n".join(BAIDI),
        "\n".join(STORKS[:3]),
        "\n".join([*STORKS[:3], "更上一層" + STORKS[1][-1]]),
    ]
    report = quatrain_report(poems, 5)
    assert report.count == 5
    assert (report.lines, report.length) == (4 / 5, 4 / 5)
    assert (report.rhyme, report.tones, report.kept) == (3 / 5, 2 / 5, 1 / 5)
    assert [quatrain_kept(poem, 5) for poem in poems] == [True, False, False, False, False]
    assert quatrain_kept(poems[2], 7)


def test_a_report_of_nothing() -> None:
    report = quatrain_report([], 5)
    assert report.count == 0
    assert report.kept != report.kept
    assert quatrain_report([""], 5).lines == 0


def test_lines_end_at_line_feeds_and_punctuation() -> None:
    assert quatrain_lines("床 前,明月。\n\n光 ") == ["床前", "明月", "光"]


@pytest.mark.parametrize(("length", "rhyme", "regular"), [(5, 0.90, 0.47), (7, 0.965, 0.78)])
def test_rates_of_tang_quatrains(length: int, rhyme: float, regular: float) -> None:
    """Quatrains of seven are mostly regular; among those of five many are of the old style."""
    report = quatrain_report(tang(length), length)
    assert (report.lines, report.length) == (1, 1)
    assert report.rhyme == pytest.approx(rhyme, abs=0.01)
    assert report.tones == pytest.approx(regular, abs=0.01)
    assert report.unknown < 0.01
