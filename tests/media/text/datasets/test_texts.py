from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.downloads.checksums import PinnedFile
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.datasets.quatrains import Quatrains
from gansmith.media.text.datasets.texts import TEXT_SETS, NamedTextFolder
from gansmith.recipe import DataConfig
from tests.conftest import stand_in_for_npm

REAL = Path(__file__).parents[4] / "shared" / "data"
ABSENT = "the texts are not there: shared/data/{} beside the repository"
TRAIN = [f"a train with {number} cars" for number in range(30)]
TEST = [f"a test of {number} things" for number in range(10)]


def pinned(name: str, data: bytes) -> PinnedFile:
    return PinnedFile(name, hashlib.sha256(data).hexdigest(), len(data))


@pytest.fixture
def captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small stand-in for captions-coco, whose sides share two captions."""
    home = tmp_path / "own" / "captions-coco"
    home.mkdir(parents=True)
    contents = {"train.txt": [*TRAIN, TEST[3], TEST[4].upper()], "test.txt": TEST}
    files = []
    for name, lines in contents.items():
        (home / name).write_text("\n".join(lines))
        files.append(pinned(name, (home / name).read_bytes()))
    small = dataclasses.replace(TEXT_SETS["captions-coco"], files=tuple(files), sources=())
    monkeypatch.setitem(TEXT_SETS, "captions-coco", small)
    return home


def test_captions_are_split_as_published(captions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caption of both sides is held out only."""
    monkeypatch.setenv("GANSMITH_DATA", str(captions.parent))
    dataset = open_dataset(DataConfig(source="captions-coco", unit="file", field="x"))
    texts = np.array(to_texts(dataset.samples))
    assert sorted(texts[dataset.held_out]) == sorted(TEST)
    assert sorted(texts[~dataset.held_out]) == sorted(TRAIN)
    assert dataset.settings["held_out"] == "official" and dataset.licence.startswith("CC BY 4.0")


def test_a_folder_of_the_files_is_the_set(captions: Path) -> None:
    found = resolve_source(DataConfig(source=str(captions)))
    assert isinstance(found, NamedTextFolder) and found.name == "captions-coco"
    (captions / "more.txt").write_text("one\ntwo")
    assert not isinstance(resolve_source(DataConfig(source=str(captions))), NamedTextFolder)


def test_wrong_files_and_none_are_one_line(
    captions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GansmithError, match=r"no source could deliver .*put train\.txt, test\.txt"):
        TEXT_SETS["captions-coco"].fetch(tmp_path / "nowhere")
    (captions / "test.txt").write_text("changed")
    monkeypatch.setenv("GANSMITH_DATA", str(captions.parent))
    with pytest.raises(GansmithError, match=r"wrong checksum of .*test\.txt") as caught:
        resolve_source(DataConfig(source="captions-coco"))
    assert "\n" not in str(caught.value)


def write_package(path: Path) -> None:
    """A package with quatrains in two files that are not in order, and other poems."""
    five, seven = "白日依山盡、黃河入海流。", "朝辭白帝彩雲間、千里江陵一日還。"
    first, second = [five, "欲窮千里目、更上一層樓。"], [seven, "兩岸猿聲啼不住、輕舟已過萬重山。"]
    song = ["春眠不覺曉、處處聞啼鳥。", "夜來風雨聲、花落知多少。"]
    rare = [five, "欲窮千里目、更上一層𠜴。"]
    poems = {
        "poet.tang.1000": [first, second],
        "poet.tang.0": [[five], [*first, five], rare, first, [*first[:1], seven]],
        "poet.song.0": [first, song, song],
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, texts in poems.items():
            entries = [{"title": name, "author": "-", "paragraphs": text} for text in texts]
            data = json.dumps(entries).encode()
            info = tarfile.TarInfo(f"package/dist/quantangshi/{name}.json")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize(
    ("dynasty", "length", "expected"),
    [
        ("song", 5, ("poet.song.0", ["春眠不覺曉", "處處聞啼鳥", "夜來風雨聲", "花落知多少"])),
        ("tang", 5, ("poet.tang.0", ["白日依山盡", "黃河入海流", "欲窮千里目", "更上一層樓"])),
        (
            "tang",
            7,
            (
                "poet.tang.1000",
                ["朝辭白帝彩雲間", "千里江陵一日還", "兩岸猿聲啼不住", "輕舟已過萬重山"],
            ),
        ),
    ],
)
def test_quatrains_are_picked_from_the_package(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dynasty: str,
    length: int,
    expected: tuple[str, list[str]],
) -> None:
    write_package(tmp_path / "poems.tgz")
    stand_in_for_npm(tmp_path / "poems.tgz", "poems", monkeypatch)
    monkeypatch.chdir(tmp_path)
    poem = {"title": expected[0], "author": "-", "lines": expected[1]}
    name = f"{dynasty}-quatrains-{length}.jsonl"
    file = pinned(name, f"{json.dumps(poem, ensure_ascii=False)}\n".encode())
    named = dataclasses.replace(
        TEXT_SETS[f"quatrains-{length}"], files=(file,), sources=(Quatrains("poems", "1.0.0"),)
    )
    folder = named.fetch()
    assert json.loads((folder / file.name).read_text("utf-8")) == poem


@pytest.mark.parametrize(
    ("name", "samples", "longest"),
    [("captions-coco", 19_817, 109), ("quatrains-5", 16_774, 23), ("quatrains-7", 10_321, 31)],
)
def test_the_real_sets(
    monkeypatch: pytest.MonkeyPatch, name: str, samples: int, longest: int
) -> None:
    if not (REAL / TEXT_SETS[name].home).is_dir():
        pytest.skip(ABSENT.format(TEXT_SETS[name].home))
    monkeypatch.setenv("GANSMITH_DATA", str(REAL))
    dataset = open_dataset(DataConfig(source=name))
    assert dataset.samples.shape == (samples, 1, longest, 1)
    texts = to_texts(dataset.samples)
    assert len({text.casefold() for text in texts}) == samples
    if name == "captions-coco":
        lines = (REAL / name / "test.txt").read_text("utf-8").splitlines()
        whole = {" ".join(line.split()).casefold() for line in lines}
        assert dataset.held_out.sum() == len(whole)
    else:
        assert {tuple(map(len, text.split("\n"))) for text in texts} == {(int(name[-1]),) * 4}
