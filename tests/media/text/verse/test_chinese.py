from __future__ import annotations

import importlib.metadata

import pytest

from gansmith.errors import GansmithError
from gansmith.media.text.verse import dictionaries
from gansmith.media.text.verse.chinese import (
    level_groups,
    rhyme_groups,
    rhymes,
    tones,
)

pytest.importorskip("zhconv")


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("花山人春風", {"平"}),
        ("月一十白雪國日", {"仄"}),  # entering tone too, level today
        ("看中為重", {"平", "仄"}),
        ("Aa,，\n", set()),  # noqa: RUF001
    ],
)
def test_tones_are_those_of_the_tables(characters: str, expected: set[str]) -> None:
    assert [tones(character) for character in characters] == [expected] * len(characters)


@pytest.mark.parametrize("pair", ["東同", "斜家", "家花", "回來", "流樓", "間還", "月雪"[::-1]])
def test_middle_chinese_rhymes(pair: str) -> None:
    """斜, 家 and 回, 來 rhyme in the tables though not in today's Mandarin."""
    expected = pair != "雪月"  # 屑 and 月 are two groups
    assert rhymes(*pair) is expected
    assert rhymes(*reversed(pair)) is expected


def test_groups_that_sound_alike_today_do_not_rhyme() -> None:
    assert not rhymes("東", "冬")
    assert not rhymes("花", "花")
    assert not rhymes("X", "Y")


def test_there_are_thirty_level_groups_whose_characters_are_level() -> None:
    assert len(level_groups()) == 30
    assert rhyme_groups("東") == {"上平聲一東"}
    assert {"上平聲一東", "下平聲一先", "下平聲十五咸"} <= set(level_groups())


@pytest.mark.parametrize(
    ("simplified", "traditional"), ["烟煙", "东東", "云雲", "马馬", "钟鐘", "观觀"]
)
def test_simplified_characters_are_read_as_traditional_ones(
    simplified: str, traditional: str
) -> None:
    assert rhyme_groups(traditional) <= rhyme_groups(simplified)
    assert tones(simplified) == tones(traditional)


def test_a_simplified_form_that_is_a_character_of_its_own_is_read_as_both() -> None:
    assert tones("宁") == {"平", "仄"}  # 寧 is level, 宁 itself oblique
    assert tones("寧") == {"平"}


@pytest.mark.parametrize(("variant", "usual"), ["爲為", "羣群", "溪谿", "衆眾", "爐鑪", "炉鑪"])
def test_variants_are_read_as_the_usual_form(variant: str, usual: str) -> None:
    assert rhyme_groups(usual)
    assert rhyme_groups(variant) == rhyme_groups(usual)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(dictionaries, "distribution", absent)
    with pytest.raises(GansmithError, match=r"'zhconv'.*pip install 'gansmith\[poems\]'"):
        dictionaries.package_json("zhconv", "zhconv/zhcdict.json")
    with pytest.raises(GansmithError, match=r"'no_such_module'.*gansmith\[poems\]"):
        dictionaries.package_module("no_such_module")
