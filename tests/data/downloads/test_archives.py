from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gansmith.data.downloads.archives import (
    NpmArchive,
    OwnFiles,
    PinnedFolder,
    WebArchive,
    obtain_folder,
)
from gansmith.data.downloads.checksums import SourceFailed
from gansmith.errors import GansmithError
from tests.conftest import stand_in_for_npm

CONTENT = {f"{name}.wav": os.urandom(20_000) + name.encode() for name in ("one", "two", "six")}
SIZE = sum(map(len, CONTENT.values()))


def combined(content: dict[str, bytes]) -> str:
    """The digest as the documentation states it, without the code under test."""
    digest = hashlib.sha256()
    for name in sorted(content):
        for part in (name, hashlib.sha256(content[name]).hexdigest()):
            digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()


FILES = PinnedFolder(r"[a-z]{3}\.wav", 3, SIZE, combined(CONTENT))


def packed(content: dict[str, bytes], inner: str = "set-1.0/recordings") -> bytes:
    """A tar.gz of the files in a folder, beside others that are none of them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in {
            f"{inner}/README.md": b"# Sounds",
            f"{inner}/notes.wav": b"five letters",
            **{f"{inner}/{name}": data for name, data in content.items()},
            "../outside.wav": b"seven letters",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo(f"{inner}/lnk.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


WHOLE = packed(CONTENT)
OTHER = packed(CONTENT | {"two.wav": CONTENT["two.wav"][:-1] + b"?"})
FEWER = packed({"one.wav": CONTENT["one.wav"]})
LARGER = packed(CONTENT | {"two.wav": CONTENT["two.wav"] * 9})
BODIES = {
    "whole": WHOLE,
    "half": WHOLE[: len(WHOLE) // 2],
    "other": OTHER,
    "fewer": FEWER,
    "larger": LARGER,
    "text": b"not found, sorry",
}


class Handler(BaseHTTPRequestHandler):
    """Serves an archive whole, cut short, or wrong, by the name that is asked for."""

    def do_GET(self) -> None:
        body = BODIES.get(self.path.strip("/").removesuffix(".tar.gz"))
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_archive_from_the_web_gives_its_files_and_no_others(server: str, tmp_path: Path) -> None:
    said: list[str] = []
    source = WebArchive("the server", f"{server}/whole.tar.gz")
    obtain_folder(FILES, [source], tmp_path / "cache" / "set", said.append)
    assert contents(tmp_path / "cache" / "set") == CONTENT
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["set"]
    assert said == ["got 3 files from the server"]


@pytest.mark.parametrize("kind", ["half", "other", "fewer", "larger", "text", "missing"])
def test_a_bad_archive_leaves_nothing_and_the_next_source_is_tried(
    server: str, tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "cache" / "set"
    bad = WebArchive("bad", f"{server}/{kind}.tar.gz")
    with pytest.raises(GansmithError, match=r"bad: .* folder set and set GANSMITH_DATA") as caught:
        obtain_folder(FILES, [bad], place, lambda _: None)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []
    said: list[str] = []
    good = WebArchive("good", f"{server}/whole.tar.gz")
    obtain_folder(FILES, [bad, good], place, said.append)
    assert contents(place) == CONTENT
    assert said[0].startswith("not from bad: ") and said[1] == "got 3 files from good"


def test_an_unreachable_host_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match=r"127\.0\.0\.1 cannot be reached"):
        WebArchive("nobody", "http://127.0.0.1:9/a.tar.gz").unpack(FILES, tmp_path)


def test_a_package_gives_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "archive.tgz").write_bytes(packed(CONTENT, "package/samples"))
    stand_in_for_npm(tmp_path / "archive.tgz", "sounds", monkeypatch)
    obtain_folder(FILES, [NpmArchive("sounds", "1.0.0")], tmp_path / "set", lambda _: None)
    assert contents(tmp_path / "set") == CONTENT
    with pytest.raises(SourceFailed) as caught:
        NpmArchive("sounds", "2.0.0").unpack(FILES, tmp_path)
    assert "\n" not in str(caught.value)


def test_files_of_a_folder_are_found_in_its_sub_folders(tmp_path: Path) -> None:
    for index, (name, data) in enumerate(CONTENT.items()):
        place = tmp_path / "here" / str(index)
        place.mkdir(parents=True)
        (place / name).write_bytes(data)
        (place / "readme.txt").write_text("sounds")
    found = FILES.found_in(tmp_path / "here")
    assert [path.name for path in found] == ["one.wav", "six.wav", "two.wav"]
    assert FILES.fault(found) is None
    (tmp_path / "there").mkdir()
    OwnFiles(tmp_path / "here").unpack(FILES, tmp_path / "there")
    assert contents(tmp_path / "there") == CONTENT
    assert FILES.found_in(tmp_path / "nowhere") == []


def test_a_fault_says_what_is_there(tmp_path: Path) -> None:
    for name, data in CONTENT.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "one.wav").write_bytes(b"another")
    other = combined(CONTENT | {"one.wav": b"another"})
    fault = FILES.fault(FILES.found_in(tmp_path))
    assert fault == f"files with combined sha256 {other}, expected {FILES.sha256}"
    (tmp_path / "one.wav").unlink()
    assert FILES.fault(FILES.found_in(tmp_path)) == "2 of 3 files"
