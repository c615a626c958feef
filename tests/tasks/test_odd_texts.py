"""Odd files of texts: they train, or one clear line says why they do not."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.tasks.text_runs import Cli, options, refusal

EMOJI = [chr(0x1F600 + number) for number in range(60)]
FAMILIES = ["👨‍👩‍👧", "🇩🇪", "👍🏽", "❤️", "🏳️‍🌈"]
GREETINGS = ("hello ", "привет ", "שלום ", "مرحبا ", "नमस्ते ", "天地 ", "こんにちは ")


def joined(signs: list[str]) -> str:
    drawn = random.Random(0)
    return "\n".join("".join(drawn.choices(signs, k=drawn.randint(2, 8))) for _ in range(60))


def mixed() -> str:
    drawn = random.Random(0)
    return "\n".join(
        "".join(drawn.choices(GREETINGS, k=2)) + f"{n} {drawn.choice(EMOJI)}" for n in range(60)
    )


GOOD = {
    "emoji": joined(EMOJI).encode(),
    "emoji-of-several-signs": joined(FAMILIES).encode(),
    "mixed-scripts": mixed().encode(),
    "utf-16": joined(list("abcdefghij")).encode("utf-16"),
    "punctuation": joined(list("!?.,;:-")).encode(),
    "windows-line-ends": joined(list("abcdefghij ")).replace("\n", "\r\n").encode(),
    "one-long-among-short": f"{joined(list('abcdefghij'))}\n{'long ' * 25}".encode(),
}
LATIN = "\n".join(f"caf\xe9 num\xe9ro {n} d\xe9j\xe0 vu" for n in range(40))
BAD = {
    "empty.txt": (b"", "there is no text in it"),
    "blank.txt": (b"\n \n\t\n\r\n", "there is no text in it"),
    "one.txt": (b"just one line\n", "one does not train: put each text on a line of its own"),
    "again.txt": (b"again\n" * 50, "(49 copies left out)"),
    "long.txt": (b"lorem ipsum dolor " * 29_000, "gives one text of 521,999 characters"),
    "solid.txt": (b"x" * 500_000, "gives one text of 500,000 characters"),
    "latin.txt": (LATIN.encode("latin-1"), "line 1) is not UTF-8; it looks like Latin-1"),
    "binary.txt": (bytes(range(256)) * 50, "control bytes, as a binary file does"),
    "prices.csv": (b"id,price\n1,2\n3,4\n", "choose data.field from id, price"),
    "broken.jsonl": (b'{"text": "a"}\n{"text"\n{"text\n', "cannot be read"),
}


def trained(gansmith: Cli, data: Path, *entries: str) -> Path:
    run = data.parent / "run"
    quick = options("sequence.check_every=4", *entries)
    code, out, err = gansmith(
        "train", "texts", "--data", data, "--out", run, "--samples", 40, *quick
    )
    assert code == 0, out + err
    return run


def train_refusal(gansmith: Cli, data: Path, *entries: str) -> str:
    run = data.parent / "run"
    told = refusal(
        gansmith,
        "train",
        "texts",
        "--data",
        data,
        "--out",
        run,
        "--samples",
        80,
        *options(*entries),
    )
    assert not run.exists()
    return told


@pytest.mark.parametrize("name", GOOD)
def test_they_train_and_write_signs_of_their_own(gansmith: Cli, tmp_path: Path, name: str) -> None:
    data = tmp_path / f"{name}.txt"
    data.write_bytes(GOOD[name])
    code, out, err = gansmith("data", "inspect", data, "--recipe", "texts")
    assert code == 0, out + err
    run = trained(gansmith, data)
    made = tmp_path / "made.txt"
    assert gansmith("generate", run, "-n", 20, "--out", made)[0] == 0
    assert gansmith("generate", run, "-n", 20, "--out", tmp_path / "made.png")[0] == 0
    known = set(GOOD[name].decode("utf-16" if name == "utf-16" else "utf-8"))
    assert set(made.read_text("utf-8")) <= known | {"\n"}


@pytest.mark.parametrize("name", BAD)
def test_one_line_says_why_they_do_not_train(gansmith: Cli, tmp_path: Path, name: str) -> None:
    data, (content, reason) = tmp_path / name, BAD[name]
    data.write_bytes(content)
    for told in (
        refusal(gansmith, "data", "inspect", data, "--recipe", "texts"),
        train_refusal(gansmith, data),
    ):
        assert reason in told and name in told
        assert len(told) < 400


def test_the_column_must_be_there(gansmith: Cli, tmp_path: Path) -> None:
    data = tmp_path / "verses.csv"
    rows = "".join(f"{n},a dog number {n} runs\n" for n in range(40))
    data.write_text(f"id,verse\n{rows}", "utf-8")
    wanted = ["--recipe", "texts", "--set", "data.field=poem"]
    for told in (
        refusal(gansmith, "data", "inspect", data, *wanted),
        train_refusal(gansmith, data, "data.field=poem"),
    ):
        assert "has no column 'poem': choose data.field from id, verse" in told
    assert trained(gansmith, data, "data.field=verse").is_dir()


def test_fewer_lines_than_a_batch_are_refused(gansmith: Cli, tmp_path: Path) -> None:
    data = tmp_path / "few.txt"
    data.write_text("one line\nline two\nthree\n", "utf-8")
    told = train_refusal(gansmith, data)
    assert "a batch takes 8" in told and "add texts or lower training.batch" in told


@pytest.mark.parametrize("count", [3, 9, 12])
def test_a_few_lines_train_in_small_batches(gansmith: Cli, tmp_path: Path, count: int) -> None:
    data = tmp_path / "few.txt"
    data.write_text("".join(f"line number {n}\n" for n in range(count)), "utf-8")
    run = trained(gansmith, data, "training.batch=2")
    assert (run / "report.html").is_file()


def test_what_is_not_there_is_named(gansmith: Cli, tmp_path: Path) -> None:
    data = tmp_path / "absent.txt"
    assert str(data) in train_refusal(gansmith, data)
    assert str(data) in refusal(gansmith, "data", "inspect", data, "--recipe", "texts")


def test_texts_with_labels_are_asked_for_by_label(gansmith: Cli, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    rows = [{"text": f"number {n} is here", "label": ("odd", "even")[n % 2]} for n in range(60)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    run, made = trained(gansmith, data), tmp_path / "made.jsonl"
    wish = ["--label", "even", "--prompt", "is", "--best-of", 2]
    assert gansmith("generate", run, "-n", 7, *wish, "--out", made)[0] == 0
    found = [json.loads(line) for line in made.read_text("utf-8").splitlines()]
    assert [row["label"] for row in found] == ["even"] * 7
    assert all(row["text"].startswith("is") for row in found)
    told = refusal(gansmith, "generate", run, "--label", "evn", "--prompt", "is")
    assert "odd" in told and "did you mean 'even'" in told


def test_texts_that_name_special_tokens_are_learnt_whole(gansmith: Cli, tmp_path: Path) -> None:
    """What is in angle brackets is text as any other, even where a token is named so."""
    data = tmp_path / "tags.txt"
    data.write_text("".join(f"<end> of chapter {n}\n" for n in range(40)), "utf-8")
    run, made = trained(gansmith, data), tmp_path / "made.txt"
    code, _, err = gansmith("generate", run, "-n", 2, "--prompt", "<end> of", "--out", made)
    assert code == 0, err
    assert all(line.startswith("<end> of") for line in made.read_text("utf-8").splitlines())
