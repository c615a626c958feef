from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image, ImageSequence

from gansmith.drawing.pixels import png_bytes
from gansmith.outputs import Provenance, save_output
from gansmith.provenance.carriers import CARRIERS, SIDECAR
from gansmith.provenance.detection import detect_file
from gansmith.provenance.marking import Marking
from gansmith.provenance.record import SOURCE_TYPE, Record
from tests.provenance.files import every_file, picture

FILES = every_file()
UNMARKED = Marking(mark=False)
ORIGIN = Provenance(
    run="runs/digits",
    recipe="digits",
    seed=7,
    index=3,
    label='{"é"} -- <b>',
    model="ab" * 32,
    marking=UNMARKED,
    created="2023-11-14T22:13:20+00:00",
)


def written(folder: Path, name: str, origin: Provenance = ORIGIN) -> Path:
    return save_output(folder / f"a{name}", FILES[name], origin)


def state(path: Path) -> str:
    layers = {layer.name: layer.state for layer in detect_file(path, {}).layers}
    return layers["record"]


def test_there_is_a_file_of_every_format() -> None:
    assert {name.lstrip("0123456789") for name in FILES} == set(CARRIERS)


@pytest.mark.parametrize("name", FILES)
def test_a_record_is_written_and_read(tmp_path: Path, name: str) -> None:
    record = detect_file(written(tmp_path, name), {}).record
    assert record is not None
    assert (record.seed, record.index, record.label) == (7, 3, '{"é"} -- <b>')
    assert (record.run, record.model, record.system) == ("digits", "ab" * 32, "gansmith")
    assert re.fullmatch("urn:uuid:[-0-9a-f]{36}", record.id)
    assert record.created == "2023-11-14T22:13:20+00:00"
    assert state(tmp_path / f"a{name}") == "valid"
    again = written(tmp_path / "again", name)
    assert again.read_bytes() == (tmp_path / f"a{name}").read_bytes()


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".mp3")])
def test_one_flipped_byte_is_reported(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    content = path.read_bytes()
    places = np.random.default_rng(0).integers(0, len(content), 60)
    for place in (0, len(content) - 1, *places.tolist()):
        damaged = bytearray(content)
        damaged[place] ^= 1
        path.write_bytes(bytes(damaged))
        finding = detect_file(path, {})
        states = [layer.state for layer in finding.layers if layer.name == "record"]
        assert finding.error or states != ["valid"], (place, content[place - 8 : place + 8])


@pytest.mark.parametrize("name", FILES)
def test_what_the_file_holds_is_unchanged(tmp_path: Path, name: str) -> None:
    """Read with the libraries of each format, which know nothing of records."""
    content, kind = written(tmp_path, name).read_bytes(), name.lstrip("0123456789")
    if kind in (".png", ".jpg", ".jpeg", ".webp", ".gif"):
        for before, after in zip(_frames(FILES[name]), _frames(content), strict=True):
            assert np.array_equal(before, after)
    elif kind in (".wav", ".flac", ".mp3"):
        before, after = (
            soundfile.read(io.BytesIO(c), dtype="int32") for c in (FILES[name], content)
        )
        assert before[1] == after[1] and np.array_equal(before[0], after[0])
        for chunk in (b"smpl", b"acid"):
            assert (chunk in content) == (chunk in FILES[name])
    elif kind == ".npz":
        with np.load(io.BytesIO(content)) as found:
            assert found.files == ["samples", "labels"]
            assert np.array_equal(found["samples"], np.arange(12))
    elif kind in (".json", ".tmj", ".ldtk", ".ldtkl"):
        values = json.loads(content)
        assert values.pop("provenance")["digital_source_type"] == "trainedAlgorithmicMedia"
        assert values == json.loads(FILES[name])
    elif kind == ".jsonl":
        lines = [json.loads(line) for line in content.decode().splitlines()]
        assert [line["text"] for line in lines] == ["é", "b}"]
        assert lines[1]["provenance"] == lines[0]["provenance"]["id"]
    elif kind in (".tmx", ".dspreset"):
        root = ElementTree.fromstring(content)
        assert root.tag == ElementTree.fromstring(FILES[name]).tag
        if kind == ".tmx":
            values = {p.get("name"): p.get("value") for p in root.iter("property")}
            assert Record.from_text(values["provenance"] or "").seed == 7
    else:
        added = rb'(<meta name="[^"]*" content="[^"]*">)+|\A// provenance: .*\n'
        assert re.sub(added, b"", content) == FILES[name]


def _frames(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as image:
        return [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("name", [".png", ".jpg", ".webp"])
def test_pillow_finds_the_xmp(tmp_path: Path, name: str) -> None:
    with Image.open(written(tmp_path, name)) as image:
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp", "")
    text = xmp if isinstance(xmp, str) else xmp.decode("utf-8")
    assert f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}<" in text
    (aigc,) = re.findall("<TC260:AIGC>(.*)</TC260:AIGC>", text)
    assert json.loads(aigc)["Label"] == "1"
    start, end = text.index("<x:xmpmeta"), text.index("<?xpacket end")
    ElementTree.fromstring(text[start:end])


def test_mark_and_label_keep_exif_data(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    content = png_bytes(picture(), exif=exif.tobytes())
    origin = Provenance(marking=Marking(label=True))
    with Image.open(save_output(tmp_path / "a.png", content, origin)) as image:
        assert not np.array_equal(np.asarray(image), np.asarray(picture()))
        assert dict(image.getexif()) == {0x010F: "a camera"}


def test_the_page_shows_its_meta_tags(tmp_path: Path) -> None:
    page = written(tmp_path, ".html").read_text("utf-8")
    assert f'<meta name="digital-source-type" content="{SOURCE_TYPE}">' in page
    assert page.index("<head>") < page.index("<meta") < page.index("</head>")


@pytest.mark.parametrize("name", [".png", ".jpg", ".webp", ".gif", ".wav", ".mp3"])
def test_exiftool_reads_the_record(tmp_path: Path, name: str) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    command = ["exiftool", "-j", "-G1", "-a", str(written(tmp_path, name))]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (values,) = json.loads(found)
    assert any("trainedAlgorithmicMedia" in str(value) for value in values.values())
    assert not [key for key in values if key.endswith((":Warning", ":Error"))]


@pytest.mark.parametrize("name", [".wav", ".flac", ".mp3"])
def test_ffprobe_reads_the_record(tmp_path: Path, name: str) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    command = [
        "ffprobe",
        "-v",
        "error",
        "-of",
        "json",
        "-show_format",
        str(written(tmp_path, name)),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    tags = json.loads(found.stdout)["format"]["tags"]
    assert json.loads(tags["AIGC"])["Label"] == "1"
    assert any(Record.from_text(t).seed == 7 for t in tags.values() if t.startswith('{"id"'))
    assert not found.stderr


def test_files_without_a_place_get_their_record_beside_them(tmp_path: Path) -> None:
    for name, content in (("a.txt", b"a poem\n"), ("list.json", b"[1, 2]"), ("b.csv", b"1,2\n")):
        path = save_output(tmp_path / name, content, ORIGIN)
        assert path.read_bytes() == content
        assert (tmp_path / f"{name}{SIDECAR}").exists()
        assert state(path) == "valid"
        path.write_bytes(content + b" ")
        assert state(path) == "broken"
    save_output(tmp_path / "a.txt", b"mine", Provenance(generated=False))
    assert not (tmp_path / f"a.txt{SIDECAR}").exists()


@pytest.mark.parametrize("name", FILES)
def test_real_content_and_an_explicit_wish_leave_files_as_they_are(
    tmp_path: Path, name: str
) -> None:
    for origin in (Provenance(generated=False), Provenance(marking=Marking(layers=False))):
        assert written(tmp_path, name, origin).read_bytes() == FILES[name]
        assert len(list(tmp_path.iterdir())) == 1
