from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.media.image.folder import PictureFolder
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.files import likely_unit
from gansmith.media.text.folder import TextFolder
from gansmith.media.text.preparation import cut_at_border, usual_length
from gansmith.media.text.tables import read_table
from gansmith.recipe import DataConfig

LINES = [f"line {number} of this file" for number in range(12)]
POEM = "the moon is up\nthe night is still"


def open_(source: Path, minimum: int = 1, **settings: Any) -> Dataset:
    return open_dataset(DataConfig(source=str(source), **settings), minimum=minimum)


def texts(dataset: Dataset) -> list[str]:
    return to_texts(dataset.samples)


def folder(source: Path, **settings: Any) -> TextFolder:
    found = resolve_source(DataConfig(source=str(source), **settings))
    assert isinstance(found, TextFolder)
    return found


def fails(source: Path, **settings: Any) -> str:
    with pytest.raises(GansmithError) as caught:
        open_(source, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_json(path: Path, rows: Iterable[object]) -> Path:
    return write(path, "".join(json.dumps(row) + "\n" for row in rows))


def write_table(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, dialect="excel-tab" if path.suffix == ".tsv" else "excel").writerows(rows)
    return path


def test_each_line_is_a_sample(tmp_path: Path) -> None:
    dataset = open_(write(tmp_path / "lines.txt", "\r\n".join(["", *LINES, " "])))
    assert texts(dataset) == LINES
    assert dataset.samples.dtype == np.int32 and dataset.samples.shape == (12, 1, 20, 1)
    assert (dataset.name, dataset.source) == ("lines", f"file {tmp_path / 'lines.txt'}")
    assert dataset.settings["unit"] == "line" and dataset.settings["longest"] == 20
    assert dataset.labels is None


def test_paragraphs_keep_their_line_breaks(tmp_path: Path) -> None:
    poems = [f"{POEM}\nand {number} birds" for number in range(8)]
    path = write(tmp_path / "poems.txt", "\n \n\n".join(poems))
    assert texts(open_(path)) == poems
    assert open_(path).settings["unit"] == "paragraph"
    assert len(open_(path, unit="line")) == 2 + 8


def test_files_can_be_samples(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / "poems" / f"{number}.txt", f"{POEM}\n\n{number}\n")
    assert texts(open_(tmp_path / "poems", unit="file")) == [f"{POEM}\n\n{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("contents", "unit"),
    [
        (["a\nb\nc\n" * 9], "line"),
        (["a\nb\n\n" * 8], "paragraph"),
        (["a\nb\n\n" * 7], "line"),
        (["a\n\n" * 20], "line"),
        (["a\n\n" * 6 + "a\nb\n\n" * 5], "line"),
        (["title\n\n" + "a\nb\nc\n \n" * 8], "paragraph"),
        (["a\nb\n"] * 9, "line"),
        (["a\nb\n\na\nb\n"] * 4, "paragraph"),
        (["a\n" * 60 + "\n"] * 9, "line"),
        (["\n".join("abcdefgh" * 9) + "\n\nz"], "line"),
        ([], "line"),
    ],
)
def test_blank_lines_between_several_lines_make_paragraphs(contents: list[str], unit: str) -> None:
    assert likely_unit(contents) == unit


def test_texts_that_differ_in_capitals_only_are_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "One\ntwo\n\none\nTWO \nthree\nstra\xdfe\nSTRASSE\n")
    found = folder(path)
    assert found.texts == ["One", "two", "three", "stra\xdfe"]
    assert (found.duplicates, found.empty) == (3, 2)


def test_the_split_follows_the_text_alone(tmp_path: Path) -> None:
    many = [f"text number {number}" for number in range(400)]
    whole = open_(write(tmp_path / "whole.txt", "\n".join(many)))
    half = open_(write(tmp_path / "half.txt", "\n".join([*many[::-2], "another one"])))
    sides = dict(zip(texts(whole), whole.held_out.tolist(), strict=True))
    for text, side in zip(texts(half)[:-1], half.held_out.tolist()[:-1], strict=True):
        assert sides[text] == side
    digest = hashlib.sha256(many[7].encode()).hexdigest()
    assert sides[many[7]] == (int(digest[:16], 16) / 2**64 < 0.1)
    assert 20 <= whole.held_out.sum() <= 60


def test_the_split_does_not_follow_the_length(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "\n".join(f"{n} words in a long text {n}" for n in range(99)))
    assert np.array_equal(open_(path).held_out, open_(path, longest=15).held_out)


def test_the_usual_length_leaves_most_texts_whole() -> None:
    assert usual_length(["a" * 20] * 995 + ["a" * 90] * 5) == 20
    assert usual_length(["a" * 20] * 990 + ["a" * 90] * 10) == 90
    assert usual_length(["a"] * 10) == 8 and usual_length(["a" * 5000] * 10) == 1000


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("It rains. The sun is gone.", 26, "It rains. The sun is gone."),
        ("It rains here. The sun is gone.", 20, "It rains here."),
        ("It rains. The sun is far away", 24, "It rains. The sun is far"),
        ('"It rains!" she said then', 14, '"It rains!"'),
        ("pi is 3.1415 and more", 9, "pi is"),
        ("first line\nsecond line", 15, "first line"),
        ("白日依山盡。黃河入海流。", 8, "白日依山盡。"),
        ("白日依山盡、黃河入海流", 8, "白日依山盡、"),
        ("incomprehensibilities", 10, "incomprehe"),
        ("a incomprehensibilities", 10, "a incompre"),
    ],
)
def test_texts_are_cut_where_something_ends(text: str, longest: int, expected: str) -> None:
    assert cut_at_border(text, longest) == expected


def test_what_cutting_makes_equal_is_one_sample(tmp_path: Path) -> None:
    lines = ["The same start. And one end.", "The same start. And two ends.", "the same start."]
    dataset = open_(write(tmp_path / "a.txt", "\n".join([*lines, "Else."])), longest=20)
    assert texts(dataset) == ["The same start.", "Else."]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json-lines", "a.ndjson"])
def test_json_lines_are_read(tmp_path: Path, name: str) -> None:
    rows = [{"id": number, "text": f"text {number}", "content": "x"} for number in range(4)]
    dataset = open_(write_json(tmp_path / name, rows))
    assert texts(dataset) == [f"text {number}" for number in range(4)]
    assert dataset.settings["field"] == "text" and dataset.settings["unit"] == "record"


def test_json_lines_may_be_texts_themselves(tmp_path: Path) -> None:
    assert texts(open_(write_json(tmp_path / "a.jsonl", ["one", "two\nlines"]))) == [
        "one",
        "two\nlines",
    ]


def test_lists_are_joined_by_line_breaks(tmp_path: Path) -> None:
    rows = [{"title": f"poem {n}", "lines": ["one", f"line {n}"]} for n in range(3)]
    path = write_json(tmp_path / "a.jsonl", rows)
    assert texts(open_(path, field="lines")) == [f"one\nline {n}" for n in range(3)]
    assert "no column text, caption or content: choose data.field from title, lines" in fails(path)
    assert "no column 'poem': choose data.field from title, lines" in fails(path, field="poem")


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_tables_are_read(tmp_path: Path, suffix: str) -> None:
    rows = [["id", "Caption"], *([str(n), f'a "cat",\n\tnumber {n}'] for n in range(4))]
    dataset = open_(write_table(tmp_path / f"a{suffix}", rows))
    assert texts(dataset) == [f'a "cat",\nnumber {n}' for n in range(4)]
    assert dataset.settings["field"] == "Caption"


def test_the_only_column_of_texts_is_taken(tmp_path: Path) -> None:
    rows = [["id", "price", "verse", "label"], *(["1", "2.5", f"v {n}", "x"] for n in range(3))]
    assert open_(write_table(tmp_path / "a.csv", rows)).settings["field"] == "verse"


def test_a_column_of_labels_and_folders_give_labels(tmp_path: Path) -> None:
    rows = [["text", "label"], *([f"text {n}", "odd" if n % 2 else "even"] for n in range(6))]
    path = write_table(tmp_path / "a.csv", rows)
    dataset = open_(path)
    assert dataset.label_names == ("even", "odd") and dataset.labels is not None
    assert dataset.labels.tolist() == [0, 1] * 3
    assert open_(path, labels=False).labels is None
    rows[3][1] = ""
    assert "no label for 1 of 6 texts (first: 'text 2')" in fails(write_table(path, rows))
    for kind in ("haiku", "ode"):
        write(tmp_path / "poems" / kind / "all.txt", f"{kind} one\n{kind} two\n")
    dataset = open_(tmp_path / "poems")
    assert dataset.label_names == ("haiku", "ode") and dataset.labels is not None
    assert dataset.labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.txt", "caf\xe9\n\u6708\U0001f319\n".encode(encoding))
    assert texts(open_(path)) == ["caf\xe9", "\u6708\U0001f319"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "ab\ncaf\xe9 au lait".encode("latin-1"),
            r"byte 6 \(0xE9, line 2\) .*like Latin-1: .*iconv",
        ),
        ("床前明月光。疑是地上霜。".encode("gb18030"), r"byte 0 .*like GB18030: .*-f GB18030 "),
        ("Привет, как дела".encode("cp1251"), "byte 0 .* not UTF-8; save the file as UTF-8"),
        ("안녕하세요 세계".encode("euc-kr"), "byte 0 .* not UTF-8; save the file as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0", "control bytes, as a binary file does"),
        ("plain".encode("utf-32"), "control bytes, as a binary file does"),
        ("plain".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("plain".encode("utf-16")[:-1], r"byte 10 \(0x6E\) is not UTF-16"),
        (b"", "is empty"),
        (b" \n\r\n\t", "is empty"),
        (b"only one line\n", "gives one text of 13 characters, and one does not train: put each"),
        (b"twice\nTwice", r"5 characters \(1 copies left out\)"),
    ],
)
def test_what_cannot_train_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path / "a.txt", content)
    with pytest.raises(GansmithError, match=f"{path}.*{message}") as caught:
        open_(path)
    assert "\n" not in str(caught.value)


def test_a_book_in_one_line_is_one_text(tmp_path: Path) -> None:
    path = write(tmp_path / "book.txt", "word " * 100_000)
    assert "one text of 499,999 characters" in fails(path)
    assert "--set data.unit=line (or paragraph, or file)" in fails(path)


def test_too_few_texts_are_told_as_texts(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"texts to train on .* a batch takes 64; add texts"):
        open_(write(tmp_path / "a.txt", "\n".join(LINES)), minimum=64)


def test_broken_records_are_faults(tmp_path: Path) -> None:
    good = [json.dumps({"text": f"text {n}"}) for n in range(6)]
    bad = ['{"text": "cut', "17", '{"txt": "x"}', '{"text": 3}', "[" * 100_000]
    path = write(tmp_path / "a.jsonl", "\n".join([*good, *bad]))
    said: list[str] = []
    found = resolve_source(DataConfig(source=str(path)), said.append)
    assert isinstance(found, TextFolder) and len(found.texts) == 6
    assert [place for place, _ in found.faults] == [f"a.jsonl, line {n}" for n in range(7, 12)]
    reasons = [reason for _, reason in found.faults]
    assert reasons[0].startswith("is not JSON (") and "at column 10" in reasons[0]
    assert reasons[1].startswith("holds a number") and reasons[2] == "has no 'text'"
    assert reasons[3] == "holds a number as 'text', not a text or a list of texts"
    assert len(said) == 5 and said[0].startswith(f"warning: skipped {path}, line 7: is not JSON")
    write(path, "\n".join([*good, *bad, "null", "nil"]))
    assert fails(path).startswith(f"{path} cannot be read: 7 of 13 records cannot be read (line 7")


def test_rows_of_other_lengths_are_faults(tmp_path: Path) -> None:
    lines = ["text,id", "one,1", "two,2", "three, with a comma,3", "four", "five,5"]
    found = folder(write(tmp_path / "a.csv", "\n".join(lines)))
    assert found.texts == ["one", "two", "five"]
    assert found.faults == [
        ("a.csv, line 4", "has 3 columns where the header has 2"),
        ("a.csv, line 5", "has 1 columns where the header has 2"),
    ]
    assert "line 3 is no row of a table" in fails(write(tmp_path / "b.csv", 'text\none\n"two\n'))


def test_files_of_a_folder_stand_beside_each_other(tmp_path: Path) -> None:
    write(tmp_path / "mix" / "a.txt", "one\ntwo\n")
    write_json(tmp_path / "mix" / "b" / "c.jsonl", [{"text": "three"}, {"text": "ONE"}])
    write(tmp_path / "mix" / "bad.txt", b"caf\xe9")
    write(tmp_path / "mix" / "README.md", "about")
    write(tmp_path / "mix" / ".hidden.txt", "four")
    found = folder(tmp_path / "mix")
    assert found.texts == ["one", "two", "three"] and found.ignored == 1
    assert [name for name, _ in found.faults] == ["bad.txt"]
    assert (found.unit, found.field) == ("line", "text")


def test_notes_beside_pictures_do_not_make_texts(tmp_path: Path) -> None:
    for number in range(3):
        Image.new("L", (8, 8), number).save(tmp_path / f"{number}.png")
        write(tmp_path / f"{number}.txt", f"picture {number}")
    write(tmp_path / "README.txt", "about")
    assert isinstance(resolve_source(DataConfig(source=str(tmp_path))), PictureFolder)
    for number in range(3, 9):
        write(tmp_path / f"{number}.txt", f"picture {number}")
    assert isinstance(resolve_source(DataConfig(source=str(tmp_path))), TextFolder)


def test_a_change_is_another_dataset(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "\n".join(LINES))
    first = open_(path)
    assert open_(path).fingerprint == first.fingerprint
    assert open_(path, longest=12).fingerprint != first.fingerprint
    write(path, "\n".join([*LINES, "one more"]))
    assert open_(path).fingerprint != first.fingerprint


def test_four_times_the_lines_take_about_four_times_as_long(tmp_path: Path) -> None:
    """A comparison of all lines with each other would take 16 times as long."""
    draw = random.Random(0)
    lines = ["".join(draw.choices("abcdefgh ", k=50)) for _ in range(20_000)]

    def seconds(count: int, name: str) -> float:
        path = write(tmp_path / name, "\n".join(lines[:count]))
        start = time.process_time()
        assert len(open_(path)) > 0.99 * count
        return time.process_time() - start

    few, many = (
        min(seconds(count, f"{count}-{k}.txt") for k in range(3)) for count in (5_000, 20_000)
    )
    assert many < 9 * few


@pytest.mark.parametrize("sign", [";", "\t"])
def test_a_csv_may_be_parted_as_spreadsheets_do(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"text{sign}label\nOne, two.{sign}a\nThree.{sign}b\n", "utf-8")
    table = read_table(path.read_text("utf-8"), ".csv", None)
    assert [row.text for row in table.rows] == ["One, two.", "Three."]


def test_a_json_array_is_read(tmp_path: Path) -> None:
    rows = [{"text": f"text {n}", "label": "ab"[n % 2]} for n in range(6)]
    for content in (rows, {"poems": rows}, {str(n): row for n, row in enumerate(rows)}):
        dataset = open_(write(tmp_path / "a.json", json.dumps(content, indent=1)))
        assert texts(dataset) == [f"text {n}" for n in range(6)]
        assert dataset.label_names == ("a", "b")
    assert texts(open_(write(tmp_path / "b.json", '["one", "two\\nlines"]'))) == [
        "one",
        "two\nlines",
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    assert len(open_(write(tmp_path / "lines.json", lines))) == 6
    assert len(open_(write(tmp_path / "array.jsonl", json.dumps(rows)))) == 6


def test_a_broken_element_of_a_json_array_is_a_fault(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"text {n}"}) for n in range(6)]
    rows[2] = '{"text": "cut'
    found = folder(write(tmp_path / "a.json", "[\n" + ",\n".join(rows) + "\n]"))
    assert len(found.texts) == 5
    assert [place for place, _ in found.faults] == ["a.json, line 4"]
    cut = write(tmp_path / "b.json", "[" + ",\n".join(rows[3:]))
    assert len(folder(cut).texts) == 3 and "cut off" in folder(cut).faults[0][1]
    assert "is no JSON array" in fails(write(tmp_path / "c.json", "hello"))
    assert "nested too deep" in fails(write(tmp_path / "d.json", "[" * 100_000))
    assert "number is too long" in fails(write(tmp_path / "e.json", f"[{'1' * 5000}]"))


def test_markdown_is_read_without_its_front_matter(tmp_path: Path) -> None:
    write(tmp_path / "md" / "a.md", "---\ntitle: x\n---\none\ntwo\nthree\n")
    write(tmp_path / "md" / "README.md", "about these files")
    assert folder(tmp_path / "md").texts == ["one", "two", "three"]


@pytest.mark.parametrize("separator", ["%", "---", "<|endoftext|>"])
def test_common_separators_are_recognised(tmp_path: Path, separator: str) -> None:
    poems = [f"{POEM}\n\nsecond stanza {n}" for n in range(8)]
    dataset = open_(write(tmp_path / "a.txt", f"\n{separator}\n".join(poems) + f"\n{separator}\n"))
    assert texts(dataset) == poems
    assert dataset.settings["unit"] == "part" and dataset.settings["separator"] == separator


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        ("one\ntwo\n====\nthree", "===="),
        ("one\ntwo\n\x1b[1m* * *\x1b[0m\nthree", "* * *"),
        ("one\ntwo<|endoftext|>three", "<|endoftext|>"),
        ("one\ntwo @@ three", "@@"),
        ("one\ntwo\n\n\n\nthree", r"\n\n\n"),
    ],
)
def test_a_separator_can_be_set(tmp_path: Path, content: str, separator: str) -> None:
    path = write(tmp_path / "a.txt", content)
    assert texts(open_(path, separator=separator)) == ["one\ntwo", "three"]


def test_terminal_codes_are_removed_and_counted(tmp_path: Path) -> None:
    lines = [f"\x1b[3{n}mline {n}\x1b[0m" for n in range(4)] + ["so\xadft", "soft", "Line 1"]
    found = folder(write(tmp_path / "a.txt", "\n".join(lines)))
    assert found.texts == ["line 0", "line 1", "line 2", "line 3", "soft"]
    assert found.cleaned == (4, 1) and found.duplicates == 2
    coloured = "\n\x1b[0m\n".join(f"\x1b[31m{POEM}\nand {n}\x1b[0m" for n in range(8))
    assert open_(write(tmp_path / "b.txt", coloured)).settings["unit"] == "paragraph"


def test_a_stray_quotation_mark_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = [f'{n},"text number {n}"' for n in range(12)]
    rows[3], rows[7] = '3,"text "oops" 3"', '7,"never closed'
    found = folder(write(tmp_path / "a.csv", "\n".join(["id,text", *rows, '12,"to the end'])))
    assert found.texts == [f"text number {n}" for n in range(12) if n not in (3, 7)]
    assert [place for place, _ in found.faults] == [f"a.csv, line {n}" for n in (5, 9, 14)]


def test_long_fields_are_cut_like_any_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f'id,text\n0,short one\n1,"{"long text. " * 20_000}"\n')
    limit = csv.field_size_limit()
    assert max(map(len, texts(open_(path, longest=100)))) <= 100
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("first", "count"),
    [
        ("0,The red fox sleeps.", 7),
        ("0,Is it late?", 7),
        ("id,text", 6),
        ("number,verse", 6),
        ("text,Is it a long question?", 6),
    ],
)
def test_a_table_may_lack_a_header(tmp_path: Path, first: str, count: int) -> None:
    rows = [f"{n},The moon is up {n}." for n in range(1, 7)]
    path = write(tmp_path / "a.csv", "\n".join([first, *rows]))
    if first.startswith("text"):
        assert "no column" in fails(path, field="verse")
        return
    found = folder(path)
    assert len(found.texts) == count
    guessed = "text" not in first
    assert bool(found.notes) == guessed
    if guessed:
        assert "line 1 was read as" in found.notes[0]
    assert len(folder(path, field="2" if count == 7 else first.split(",")[1]).texts) == count


def test_the_title_is_cut_before_the_text(tmp_path: Path) -> None:
    poem = ["five words are on here", "and five more of them"]
    rows = [{"title": f"title {n}", "text": [*poem, str(n)]} for n in range(9)]
    rows.append({"title": "a very long title " * 9, "text": [*poem, "9"]})
    rows.append({"title": "one", "text": "x" * 99})
    path = write_json(tmp_path / "a.jsonl", rows)
    found = texts(open_(path, title="title", longest=60))
    body = "\n".join(poem)
    assert found[0] == f"title 0\n\n{body}\n0"
    assert found[9].startswith("a very") and found[9].endswith(f"\n\n{body}\n9")
    assert found[10] == "one\n\n" + "x" * 55
    whole = texts(open_(path, title="title", longest=len(body) + 2))
    assert f"{body}\n9" in whole
    assert [record["title"] for record in rows[:2]] == ["title 0", "title 1"]


def test_a_title_may_be_a_number(tmp_path: Path) -> None:
    rows = [{"title": n, "text": f"sonnet of {n}"} for n in range(1, 5)]
    rows.append({"title": None, "text": "no title"})
    found = folder(write_json(tmp_path / "a.jsonl", rows), title="title")
    assert found.texts[0] == "1\n\nsonnet of 1" and found.texts[-1] == "no title"
    assert found.titled == [True] * 4 + [False]


def test_a_name_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    folder_ = tmp_path / "in"
    folder_.mkdir()
    name = os.fsdecode(b"Gr\xf6\xdfe.txt")
    try:
        (folder_ / name).write_text("one\ntwo\nthree\n", "utf-8")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    (folder_ / "b.txt").write_text("four\n", "utf-8")
    assert sorted(texts(open_(folder_))) == ["four", "one", "three", "two"]
