from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from gansmith.storage.file_facts import Facts, cached_file_metadata, file_digest


class Learner:
    """Counts how often each file is looked at."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, path: Path) -> Facts:
        self.seen.append(path.name)
        return {"text": path.read_text()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "inner/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"this is {name}")
    return tmp_path


NAMES = ["a", "b", "inner/c"]


def test_unchanged_files_are_looked_at_once(folder: Path) -> None:
    learner = Learner()
    first = cached_file_metadata("texts", folder, NAMES, learner)
    assert first == {name: {"text": f"this is {name}"} for name in NAMES}
    assert cached_file_metadata("texts", folder, NAMES, learner) == first
    assert sorted(learner.seen) == ["a", "b", "c"]


def test_changed_and_new_files_are_looked_at_again(folder: Path) -> None:
    cached_file_metadata("texts", folder, NAMES[:2], Learner())
    (folder / "a").write_text("another a")
    stamp = (folder / "b").stat()
    os.utime(folder / "b", ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    learner = Learner()
    assert cached_file_metadata("texts", folder, NAMES, learner)["a"] == {"text": "another a"}
    assert sorted(learner.seen) == ["a", "b", "c"]


def test_a_damaged_memo_is_made_anew(folder: Path, private_cache: Path) -> None:
    cached_file_metadata("texts", folder, NAMES, Learner())
    (memo,) = (private_cache / "memo").iterdir()
    memo.write_text(memo.read_text()[:50])
    learner = Learner()
    assert cached_file_metadata("texts", folder, NAMES, learner)["inner/c"] == {
        "text": "this is inner/c"
    }
    assert len(learner.seen) == 3


def test_a_file_can_be_its_own_root(folder: Path) -> None:
    for name in NAMES:
        cached_file_metadata("texts", folder / name, [""], Learner())
    learner = Learner()
    assert cached_file_metadata("texts", folder / "a", [""], learner) == {"": {"text": "this is a"}}
    assert learner.seen == []


def test_long_work_is_announced(tmp_path: Path) -> None:
    names = [str(index) for index in range(1001)]
    for name in names:
        (tmp_path / name).touch()
    said: list[str] = []
    for _ in range(2):
        cached_file_metadata("texts", tmp_path, names, lambda path: {}, said.append)
    assert said == [f"examining 1,001 new or changed files in {tmp_path}"]


def test_the_digest_is_sha256(folder: Path) -> None:
    assert file_digest(folder / "a") == hashlib.sha256(b"this is a").hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"a": 3}},
        {"files": {"a": {"stamp": [1], "facts": {}}}},
        {"files": []},
        {"digest": 1},
        {},
    ],
)
def test_a_cache_of_another_shape_is_made_anew(
    folder: Path, private_cache: Path, change: dict[str, object]
) -> None:
    first = cached_file_metadata("texts", folder, NAMES, Learner())
    (memo,) = (private_cache / "memo").iterdir()
    content = json.loads(memo.read_text())
    memo.write_text(json.dumps(content | change if change else [content]))
    assert cached_file_metadata("texts", folder, NAMES, Learner()) == first
    assert json.loads(memo.read_text()) == content


def test_a_changed_fact_is_noticed(folder: Path, private_cache: Path) -> None:
    first = cached_file_metadata("texts", folder, NAMES, Learner())
    (memo,) = (private_cache / "memo").iterdir()
    memo.write_text(memo.read_text().replace("this is a", "that is a"))
    assert cached_file_metadata("texts", folder, NAMES, Learner()) == first


def test_files_that_vanish_are_faults_by_name(folder: Path) -> None:
    facts = cached_file_metadata("texts", folder, [*NAMES, "gone"], Learner())
    assert "vanished" in facts["gone"]["fault"]
    assert facts["a"] == {"text": "this is a"}
    (folder / "gone").write_text("back")
    assert cached_file_metadata("texts", folder, ["gone"], Learner())["gone"] == {"text": "back"}


def test_a_cache_that_cannot_be_written_costs_no_result(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").touch()
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "closed" / "cache"))
    facts = cached_file_metadata("texts", folder, NAMES, Learner())
    assert facts["b"] == {"text": "this is b"}
