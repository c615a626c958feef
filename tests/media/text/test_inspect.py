from __future__ import annotations

import json
import random
import sys
from collections import Counter
from io import StringIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gansmith.cli import main
from gansmith.cli.rendering import inspection_tables
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.inspect import TextInspection
from gansmith.media.text.near_duplicates import LIMIT, compared, find_near_duplicates
from gansmith.media.text.scripts import han_forms, script, scripts, words
from gansmith.recipe import DataConfig
from gansmith.tasks.inspect_data import inspect_data

POEMS = Path(__file__).resolve().parents[2] / "../shared/data/poems/tang-quatrains-5.jsonl"
SENTENCES = [f"The {n}th cat can't see {n * n} birds." for n in range(40)]


def inspect(path: Path, *settings: str) -> TextInspection:
    found, trip = inspect_data(str(path), "pictures", settings)
    assert isinstance(found, TextInspection) and trip is None
    return found


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A table of sentences with labels, one repeated, one empty, one far too long, one broken."""
    rows = [{"text": text, "label": "even" if n % 2 else "odd"} for n, text in enumerate(SENTENCES)]
    rows += [{"text": SENTENCES[3].upper(), "label": "odd"}, {"text": " ", "label": "odd"}]
    rows += [{"text": "One two three. " * 10, "label": "odd"}]
    lines = [json.dumps(row) for row in rows]
    path = tmp_path / "notes" / "all.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join([*lines, "{"]))
    (path.parent / "about.md").write_text("notes")
    return path.parent


def test_texts_are_counted(notes: Path) -> None:
    found = inspect(notes, "data.longest=40")
    assert (found.name, found.texts, found.files, found.ignored) == ("notes", 41, 1, 1)
    assert (found.duplicates, found.empty, found.cut) == (1, 1, 1)
    whole = [*SENTENCES, " ".join(["One two three."] * 10)]
    assert found.characters == (len(SENTENCES[0]), len(SENTENCES[20]), 149)
    assert found.alphabet == len(set("".join(whole)))
    assert found.words == (7, 7, 30)
    split = {word.strip(".").lower() for text in whole for word in text.split()}
    assert found.vocabulary == len(split)
    assert found.labels == {"even": 20, "odd": 21}
    assert [place for place, _ in found.unreadable] == ["all.jsonl, line 44"]


@pytest.mark.parametrize("settings", [(), ("data.longest=12",), ("data.labels=false",)])
def test_it_foretells_what_opening_does(notes: Path, settings: tuple[str, ...]) -> None:
    found = inspect(notes, *settings)
    options = dict(setting.removeprefix("data.").split("=") for setting in settings)
    dataset = open_dataset(DataConfig.model_validate({"source": str(notes), **options}))
    assert found.plan == dataset.settings and found.samples == len(dataset)
    sides = (len(dataset.train_indices), len(dataset.held_out_indices))
    assert (found.training, found.held_out) == sides
    texts = to_texts(dataset.samples)
    assert len(set(found.drawn)) == 5 and set(found.drawn) <= set(texts)
    assert found.drawn == inspect(notes, *settings).drawn


def test_the_table_shows_it_and_json_holds_it(notes: Path) -> None:
    found = inspect(notes)
    console = Console(width=120, file=StringIO())
    console.print(inspection_tables(found))
    text = console.file.getvalue()
    for word in (
        *("41 in 1 file (1 other file ignored)", "1 repeated, 1 empty", "Latin 100.0%"),
        *("2: even (20), odd (21)", "1 (all.jsonl, line 44: is not JSON", "a record (column text)"),
        *("held out", "near copies", found.drawn[0]),
    ):
        assert word in text, word
    assert json.loads(json.dumps(found.to_json()))["plan"]["longest"] == found.plan["longest"]


def test_the_command_tells_of_texts(
    notes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["gansmith", "data", "inspect", str(notes / "all.jsonl"), "--json"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ending:
        main()
    assert ending.value.code == 0
    assert json.loads(capsys.readouterr().out)["texts"] == 41


@pytest.mark.parametrize("option", ["sheet", "pairs"])
def test_texts_are_not_drawn(notes: Path, tmp_path: Path, option: str) -> None:
    with pytest.raises(GansmithError, match=r"is for .*sounds.*, and .*notes holds texts"):
        inspect_data(str(notes), "pictures", **{option: tmp_path / "out"})
    assert not (tmp_path / "out").exists()


def grams(text: str) -> set[str]:
    text = text.casefold()
    return {text[start : start + 5] for start in range(max(1, len(text) - 4))}


def jaccard(a: str, b: str) -> float:
    return len(grams(a) & grams(b)) / len(grams(a) | grams(b))


def test_near_copies_are_those_of_brute_force() -> None:
    draw = random.Random(0)
    texts = ["", "abc", "ABC", "abcd", "abcde"]
    for _ in range(150):
        text = "".join(draw.choices("abc ", k=draw.randrange(3, 60)))
        place = draw.randrange(len(text))
        texts += [text, text[:place] + draw.choice(["", "x", "yz"]) + text[place + 1 :]]
    held_out = np.array([draw.random() < 0.4 for _ in texts])
    near = {
        (a, b)
        for a, b in product(np.flatnonzero(held_out), np.flatnonzero(~held_out))
        if jaccard(texts[a], texts[b]) >= 0.8
    }
    pairs = find_near_duplicates(texts, held_out)
    assert len(near) > 20
    assert set(pairs) <= near and [a for a, _ in pairs] == sorted({a for a, _ in near})


def test_the_border_counts_as_near() -> None:
    """4 of 5 pieces are shared exactly."""
    texts = ["abcdefgh", "abcdefghi", "abcdefghij"]
    assert jaccard(*texts[:2]) == 0.8 and jaccard(texts[0], texts[2]) < 0.8
    assert find_near_duplicates(texts, np.array([True, False, True])) == [(0, 1), (2, 1)]
    assert find_near_duplicates([texts[0], texts[2]], np.array([True, False])) == []


def test_of_too_many_characters_some_are_compared() -> None:
    assert compared(["ab"] * 7).tolist() == list(range(7))
    assert compared(["a" * 100] * (LIMIT // 50)).tolist() == list(range(0, LIMIT // 50, 3))


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        *(("a", "Latin"), ("é", "Latin"), ("ª", "Latin"), ("\uff41", "Latin"), ("ж", "Cyrillic")),
        *(("月", "Han"), ("々", "Han"), ("あ", "Kana"), ("ー", "Kana"), ("ｱ", "Kana")),
        *(("한", "Hangul"), ("ق", "Arabic"), ("א", "Hebrew"), ("λ", "Greek"), ("ก", "Thai")),
        *(("🌙", "Emoji"), ("☀", "Emoji"), ("7", None), (" ", None), ("\n", None), ("。", None)),
    ],
)
def test_scripts_have_names(sign: str, expected: str | None) -> None:
    assert script(sign) == expected


def test_scripts_are_counted() -> None:
    assert scripts(Counter("ab 月! c🌙")) == {"Latin": 3, "Han": 1, "Emoji": 1}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # zhconv's file
def test_forms_of_chinese_are_told_apart() -> None:
    assert han_forms(Counter("東西南北")) == (0, 1)
    assert han_forms(Counter("东西南北")) == (1, 0)
    zhconv = pytest.importorskip("zhconv")
    if not POEMS.exists():
        pytest.skip("the poems are not there: shared/data/poems beside the repository")
    rows = [json.loads(line) for line in POEMS.read_text("utf-8").splitlines()[:1000]]
    poems = "".join("".join(row["lines"]) for row in rows)
    simple = zhconv.convert(poems, "zh-hans")
    changed = sum(a != b for a, b in zip(poems, simple, strict=True))
    assert han_forms(Counter(poems))[1] == pytest.approx(changed, rel=0.15)
    assert han_forms(Counter(simple))[0] == pytest.approx(changed, rel=0.15)


def test_words_are_cut_by_script() -> None:
    assert words("Don't stop: A well-known café, 3 cats_dogs!") == [
        *("don't", "stop", "a", "well-known", "café", "3", "cats", "dogs")
    ]
    assert words("床前明月 moon ひかり") == [*"床前明月", "moon", *"ひかり"]
