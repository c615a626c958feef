from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from gansmith.errors import GansmithError
from gansmith.storage.reading import (
    UnreadableFile,
    parse_json,
    parse_yaml,
    read_bytes,
    read_json,
    read_text,
    read_yaml,
)

LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


PATIENCE = 60.0
"""Seconds in which a slow machine refuses; a file that is expanded first takes hours."""


class Facts(BaseModel):
    name: str
    sides: tuple[int, int]


def one_line(call: Any, *arguments: Any) -> str:
    """The line by which a call refuses, without doing the work first."""
    started = time.monotonic()
    with pytest.raises(GansmithError) as caught:
        call(*arguments)
    assert time.monotonic() - started < PATIENCE
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    file.write_bytes(b'\xef\xbb\xbf{"name": "\xc3\xa9", "sides": [1, 2], "more": 1}')
    assert read_json(file, Facts) == Facts(name="é", sides=(1, 2))
    assert read_bytes(file, 100)[:3] == b"\xef\xbb\xbf" and read_text(file)[0] == "{"
    file.write_text("a: &a [1, 0x10]\nb: *a\nc: {d: *a}\n")
    assert read_yaml(file) == {"a": [1, 16], "b": [1, 16], "c": {"d": [1, 16]}}


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device", "gone", "large", "nul"])
def test_only_regular_files_of_some_size_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to("file")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(1 << 40)
    elif kind == "nul":
        path = tmp_path / "a\0b"
    assert str(tmp_path) in one_line(read_bytes, path, 1 << 20)
    assert len(os.listdir("/proc/self/fd")) < 200  # nothing stays open


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "levels of nesting"),
        ("[" * 100 + "]" * 100, "levels of nesting"),
        ('{"name": "x", "sides": [1, ' + "9" * 4_301 + "]}", "4301 digits"),
        ('{"name": "x", "sides": [1, ' + "9" * 60 + "]}", "60 digits"),
        ('{"name": "x"}', "sides: field required"),
        ('{"name": ["x"], "sides": [1, 2]}', "name: input should be a valid string"),
        ("null", "should be a valid dictionary"),
        ("{", "not JSON"),
    ],
)
def test_json_is_bounded_and_typed(text: str, why: str) -> None:
    line = one_line(parse_json, text, Facts, "f.json")
    assert line.startswith("f.json is damaged (") and why in line
    assert line.endswith(": restore it from a copy")


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "&a [*a]",
        "a: &a {b: *a}",
        "[" * 50_000,
        "- " * 30_000,
        "{a: " * 10_000,
        "a: " + "9" * 5_000,
        "a: 1" + ":59" * 5_000,
        "a: 2001-99-99",
        "!!python/object/apply:os.system [ls]",
        "!!int ''",
        "!!bool x",
        "!!timestamp x",
        "? [a]\n: b",
        "<<: 1",
        "a: \0",
        "a: [1",
        "x" * 100_000,
    ],
)
def test_yaml_is_bounded(text: str) -> None:
    line = one_line(parse_yaml, text, "r.yaml")
    assert line.startswith("r.yaml is damaged (") and len(line) < 300


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3", "{a: 1, b: 2,\n\n a: 3}"])
def test_a_key_that_is_there_twice_is_refused(text: str) -> None:
    line = one_line(parse_yaml, text, "r.yaml")
    assert "line 3, column" in line and "'a' is there twice, first in line 1" in line


def test_a_key_may_replace_one_that_is_merged() -> None:
    text = "a: &a {k: 1, l: 2}\nb: &b {<<: *a, k: 3}\nc: {<<: *b, l: 4}\nd: {1: a, '1': b}"
    values = parse_yaml(text, "f")
    assert values["b"] == {"k": 3, "l": 2} and values["c"] == {"k": 3, "l": 4}
    assert values["d"] == {1: "a", "1": "b"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts_are_read_in_the_encodings_of_editors(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes("#ä\n".encode(encoding))
    assert read_text(tmp_path / "f") == "#ä\n"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_refused_with_what_to_do(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes("#ä\n".encode(encoding))
    assert "is not a text file in UTF-8: save it as UTF-8" in one_line(read_text, tmp_path / "f")


def test_merged_aliases_count_too() -> None:
    many = "a: &a {" + ",".join(f"k{i}: 1" for i in range(500)) + "}\n"
    assert len(parse_yaml(many + "b: {<<: *a, k1: 2}", "f")["b"]) == 500
    one_line(parse_yaml, many + "b: [" + ",".join(["*a"] * 30) + "]", "f")


def test_a_damaged_file_is_told_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "f").write_text(json.dumps([1]))
    with pytest.raises(UnreadableFile):
        read_json(tmp_path / "f", dict[str, int])
    with pytest.raises(GansmithError) as caught:
        read_json(tmp_path / "g", dict[str, int])
    assert not isinstance(caught.value, UnreadableFile)
