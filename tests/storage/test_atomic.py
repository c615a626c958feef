from __future__ import annotations

import errno
import os
import shutil
import time
from collections import namedtuple
from pathlib import Path

import platformdirs
import pytest
from platformdirs.api import PlatformDirsABC
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from gansmith.errors import GansmithError
from gansmith.storage.atomic import (
    atomic_file,
    atomic_folder,
    cache_dir,
    readable_bytes,
    require_space,
    require_writable,
    sweep,
)


def test_the_environment_chooses_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", "~/elsewhere")
    assert cache_dir() == Path.home() / "elsewhere"


@pytest.mark.parametrize(
    ("platform", "place"), [(Unix, ".cache/gansmith"), (MacOS, "Library/Caches/gansmith")]
)
def test_without_it_the_platform_does(
    monkeypatch: pytest.MonkeyPatch, platform: type[PlatformDirsABC], place: str
) -> None:
    monkeypatch.delenv("GANSMITH_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(platformdirs, "PlatformDirs", platform)
    assert cache_dir() == Path.home() / place


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "picture.png"
    with atomic_file(target) as part:
        assert part.parent == target.parent and part.suffix == ".png"
        part.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert os.listdir(target.parent) == ["picture.png"]


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "weights"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_file(target) as part:
        part.write_bytes(b"ne")
        raise KeyboardInterrupt
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["weights"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line_that_says_where(tmp_path: Path) -> None:
    target = tmp_path / "weights"
    message = f"disk full while writing {target}"
    with pytest.raises(GansmithError, match=message) as caught, atomic_file(target) as part:
        part.symlink_to("/dev/full")
        part.write_bytes(bytes(1 << 20))
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_place_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "out.png"
    with pytest.raises(GansmithError, match=f"cannot write {target}"), atomic_file(target) as part:
        part.touch()


def test_a_read_only_place_is_one_line(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(GansmithError, match="Read-only file"), atomic_file(target) as part:
        raise OSError(errno.EROFS, "Read-only file system", str(part))


def test_errors_about_other_files_pass_through(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), atomic_file(tmp_path / "out"):
        raise PermissionError(errno.EACCES, "Permission denied", "/some/input")


def test_a_folder_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "cache"
    with atomic_folder(target, needed=1) as part:
        (part / "a").write_text("1")
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["a"]
    with pytest.raises(ValueError), atomic_folder(tmp_path / "other") as part:
        (part / "a").write_text("1")
        raise ValueError
    assert os.listdir(tmp_path) == ["cache"]


def test_of_two_makers_of_one_folder_the_first_wins(tmp_path: Path) -> None:
    target = tmp_path / "cache"
    with atomic_folder(target) as slow:
        (slow / "a").write_text("slow")
        with atomic_folder(target) as fast:
            (fast / "a").write_text("fast")
    assert (target / "a").read_text() == "fast"
    assert os.listdir(tmp_path) == ["cache"]


def test_too_small_a_disk_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100 << 20, 0, 3 << 20))
    require_space(tmp_path / "not" / "there", 3 << 20)
    folder = atomic_folder(tmp_path / "cache", needed=4 << 20)
    with pytest.raises(GansmithError, match=r"needs 4\.0 MiB, 3\.0 MiB free"), folder:
        pytest.fail("the block must not be entered")
    assert os.listdir(tmp_path) == []


def test_sweeping_removes_what_was_left_behind_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_file(tmp_path / "x") as part:
        old, fresh = part, part.with_name(part.name + "2")
        raise ZeroDivisionError
    for path in (old, fresh, tmp_path / "mine"):
        path.touch()
    (tmp_path / f"{old.name}-folder").mkdir()
    yesterday = time.time() - 90_000
    for path in (old, tmp_path / "mine", tmp_path / f"{old.name}-folder"):
        os.utime(path, (yesterday, yesterday))
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([fresh.name, "mine"])
    sweep(tmp_path, older_than=0)
    assert os.listdir(tmp_path) == ["mine"]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (5 << 30, "5.0 GiB"),
        (3 << 40, "3.0 TiB"),
    ],
)
def test_bytes_for_people(count: int, text: str) -> None:
    assert readable_bytes(count) == text


def test_names_as_long_as_a_file_system_allows_can_be_written(tmp_path: Path) -> None:
    for name in ("x" * 255, "é" * 127, "x" * 250 + ".npz"):
        with atomic_file(tmp_path / name) as part:
            assert part.suffix == Path(name).suffix
            part.write_text("whole")
        assert (tmp_path / name).read_text() == "whole"
    with (
        pytest.raises(GansmithError, match="File name too long"),
        atomic_file(tmp_path / ("x" * 256)) as part,
    ):
        part.write_text("too long")


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_writable(tmp_path / "new" / "folder" / "report.html")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    require_writable(tmp_path / "file")
    with pytest.raises(GansmithError, match="file is no folder"):
        require_writable(tmp_path / "file", folder=True)
    with pytest.raises(GansmithError, match=r"cannot write .*report.html: .*file is no folder"):
        require_writable(tmp_path / "file" / "report.html")
    monkeypatch.setattr(os, "access", lambda *_: False)  # what a read-only disk answers, root too
    with pytest.raises(GansmithError, match="read-only, or not yours; choose a place"):
        require_writable(tmp_path / "new" / "report.html")
