from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gansmith.storage.atomic import PART, atomic_file
from gansmith.storage.process_lock import ProcessLock

RACE = """
import sys, time
from pathlib import Path
from gansmith.storage.process_lock import ProcessLock
lock = ProcessLock(Path(sys.argv[1]))
while not Path(sys.argv[2]).exists():
    time.sleep(0.001)
if lock.acquire():
    print("taken", flush=True)
    time.sleep(1)
"""


def _dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_lock_is_held_by_one_and_given_back(tmp_path: Path) -> None:
    lock, other = ProcessLock(tmp_path / "lock"), ProcessLock(tmp_path / "lock")
    assert lock.holder is None
    assert lock.acquire() and lock.holder == os.getpid()
    assert not other.acquire()
    lock.release()
    assert other.acquire()
    other.release()
    assert os.listdir(tmp_path) == []


def test_of_many_processes_one_takes_over_a_stale_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(str(_dead()))
    go = tmp_path / "go"
    command = [sys.executable, "-c", RACE, str(tmp_path / "lock"), str(go)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    time.sleep(1.0)
    go.touch()
    outputs = [process.communicate()[0] for process in processes]
    assert sorted(outputs) == [b"", b"", b"", b"taken\n"]


@pytest.mark.skipif(not Path("/proc/uptime").exists(), reason="needs /proc")
def test_the_lock_of_a_process_whose_id_was_reused_is_stale(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lock = ProcessLock(tmp_path / "lock")
    lock.path.write_text(str(process.pid))
    assert lock.holder == process.pid
    before = time.time() - 3600
    os.utime(lock.path, (before, before))  # written before that process began
    assert lock.holder is None
    os.utime(lock.path)
    process.kill()
    time.sleep(0.2)
    assert lock.holder is None  # a zombie that nobody has waited for yet
    process.communicate()


def test_who_waits_is_named_and_goes_on_when_the_lock_is_free(tmp_path: Path) -> None:
    lock, named = ProcessLock(tmp_path / "lock"), list[int]()
    assert lock.acquire()
    threading.Timer(0.3, lock.release).start()
    with ProcessLock(tmp_path / "lock").waiting(named.append):
        assert lock.holder == os.getpid()
    assert named == [os.getpid()] and lock.holder is None


def test_the_first_write_to_a_folder_removes_what_dead_processes_left(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "one" / "file.txt") as part:
        part.write_text("x")
        tag = part.name.removeprefix(PART).partition("-")[0]
    folder = tmp_path / "two"
    folder.mkdir()
    dead = folder / f"{PART}{tag}-{_dead()}-00000000-file.txt"
    alive = folder / f"{PART}{tag}-{os.getppid()}-00000000-file.txt"
    elsewhere = folder / f"{PART}00000000-1-00000000-file.txt"
    for file in (dead, alive, elsewhere):
        file.touch()
    with atomic_file(folder / "file.txt") as part:
        part.write_text("x")
    assert set(folder.iterdir()) == {alive, elsewhere, folder / "file.txt"}
