"""Texts with titles: read from a table, learnt, asked for, and judged without them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gansmith.media.text.code_points import titled, untitled
from gansmith.media.text.encoding import UnreadableText
from gansmith.media.text.tables import read_table
from gansmith.media.text.verse.quatrain import quatrain_lines, quatrain_report
from tests.tasks.text_runs import Cli, make_titled_poems, options, refusal


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("titles")


@pytest.fixture
def trained(gansmith: Cli, home: Path) -> Path:
    run = home / "run"
    if not run.exists():
        where = ["--data", make_titled_poems(home / "poems.jsonl"), "--out", run, "--samples", 160]
        settings = options("data.title=title", "sequence.likelihood=0.5")
        code, out, err = gansmith("train", "texts", *where, *settings)
        assert code == 0, out + err
    return run


@pytest.mark.parametrize(
    ("title", "text", "whole"),
    [
        ("Spring", "a\nb", "Spring\n\na\nb"),
        (" two\n lines ", "a", "two lines\n\na"),
        ("", "a", "a"),
    ],
)
def test_a_title_stands_before_its_text_and_can_be_taken_off(
    title: str, text: str, whole: str
) -> None:
    assert titled(title, text) == whole
    assert untitled(whole) == text


def test_titles_come_from_their_column() -> None:
    rows = '{"title": "T", "text": "a"}\n{"text": "b"}\n{"title": null, "text": "c"}'
    found = read_table(rows, ".jsonl", None, "title").rows
    assert [row.text for row in found] == ["T\n\na", "b", "c"]
    assert [row.text for row in read_table(rows, ".jsonl", None).rows] == ["a", "b", "c"]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(UnreadableText, match=r"no column 'name': choose data.title from title, t"):
        read_table("title,text\nT,a\n", ".csv", "text", "name")


def written(gansmith: Cli, run: Path, out: Path, *wish: object) -> list[str]:
    code, _, err = gansmith("generate", run, "-n", 20, "--out", out, *wish)
    assert code == 0, err
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert all(record["title"] for record in records)
    return [titled(record["title"], record["text"]) for record in records]


def test_every_text_has_the_title_that_is_asked_for(
    gansmith: Cli, trained: Path, tmp_path: Path
) -> None:
    found = written(gansmith, trained, tmp_path / "a.jsonl", "--title", "江雪")
    assert all(text.startswith("江雪\n\n") for text in found)
    assert len({untitled(text) for text in found}) > 1
    begun = written(gansmith, trained, tmp_path / "b.jsonl", "--title", "春曉", "--prompt", "生聲")
    assert all(text.startswith("春曉\n\n生聲") for text in begun)


def test_a_form_is_kept_below_a_title(gansmith: Cli, trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("zhconv")
    wish = ("--form", "quatrain-5", "--title", "登樓")
    found = written(gansmith, trained, tmp_path / "a.jsonl", *wish)
    assert {text.partition("\n\n")[0] for text in found} == {"登樓"}
    report = quatrain_report([untitled(text) for text in found], 5)
    assert report.kept == 1
    assert all(len(quatrain_lines(untitled(text))) == 4 for text in found)


def test_forms_are_judged_without_titles(trained: Path) -> None:
    pytest.importorskip("zhconv")
    quality = json.loads((trained / "quality.json").read_text("utf-8"))
    assert quality["metrics"]["form_lines"]["floor"] == 1


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (("--form", "quatrain-5"), "say which with --title"),
        (("--prompt", "生"), "say which with --title"),
        (("--title", " "), "--title is empty"),
        (("--title", "x"), "has 'x'"),
        (("--title", "春曉", "--form", "haiku"), "without titles"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    gansmith: Cli, trained: Path, wish: tuple[str, ...], words: str
) -> None:
    assert words in refusal(gansmith, "generate", trained, *wish)


def test_titles_and_poems_can_be_told_apart_in_a_text_file(
    gansmith: Cli, trained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.txt"
    wish = ["-n", 3, "--title", "江雪", "--max-length", 26]
    assert gansmith("generate", trained, *wish, "--out", out)[0] == 0
    parts = out.read_text("utf-8").removesuffix("\n").split("\n---\n")
    assert len(parts) == 3 and all(part.startswith("江雪\n\n") for part in parts)


def test_messages_about_titles_are_about_titles(gansmith: Cli, trained: Path) -> None:
    assert "the title has 'x'" in refusal(gansmith, "generate", trained, "--title", "x")
    long = refusal(gansmith, "generate", trained, "--title", "春" * 60)
    assert long.startswith("the title has 62 tokens") and "shorten it" in long
    tight = refusal(gansmith, "generate", trained, "--title", "春" * 9, "--form", "quatrain-5")
    assert "shorten --title" in tight
