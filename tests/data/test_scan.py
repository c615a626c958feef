from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gansmith.data.scan import find_files, passed_over


def touch(place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()


def test_own_samples_are_passed_over_with_a_word(tmp_path: Path) -> None:
    for name in ("a.png", "new/0.png", "new/1.png", "other/b.png"):
        touch(tmp_path / name)
    manifest = {"run": "runs/x", "files": [{"file": "0.png"}, {"file": "1.png"}]}
    (tmp_path / "new/manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "other/manifest.json").write_text('{"name": "of another program"}')
    lines: list[str] = []
    found = find_files(tmp_path, lines.append)
    assert found == ["a.png", "other/b.png", "other/manifest.json"]
    assert lines == [f"passed over {tmp_path / 'new'}: gansmith generated the samples in it"]
    inside = find_files(tmp_path / "new")  # where it is what was asked for
    assert inside == ["0.png", "1.png"]


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a.png")
    touch(tmp_path / "shut/b.png")
    scandir = os.scandir

    def refuse(place: str) -> object:
        if str(place).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    lines: list[str] = []
    assert find_files(tmp_path, lines.append) == ["a.png"]
    assert lines == [f"warning: sub-folder {tmp_path / 'shut'} cannot be read: Permission denied"]


def test_suffixes_are_summed_up() -> None:
    assert passed_over([]) == ""
    assert passed_over(["a.heic", "b.HEIC", "c"]) == "2 .heic files and 1 (no suffix) file"
    many = passed_over(f"{index}.{suffix}" for suffix in "abcdefg" for index in range(2))
    assert many.endswith("and 6 others") and "2 .a files" in many
