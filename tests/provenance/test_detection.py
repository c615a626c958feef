from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansmith.drawing.pixels import png_bytes
from gansmith.errors import GansmithError
from gansmith.outputs import Provenance, save_output
from gansmith.provenance.detection import detect_file
from gansmith.provenance.identity import config_dir, init, load_certificate, own_key, read_key
from gansmith.provenance.keyed import PUBLIC_KEY, key_name
from gansmith.provenance.samples import PICTURES, SOUNDS
from gansmith.tasks.detect import detect, fingerprint_of
from tests.provenance.files import every_file, picture

FILES = every_file()


def layers(path: Path) -> dict[str, Any]:
    (found,) = detect(path)
    return {layer.name: layer for layer in found.layers}


def test_odd_files_cost_one_line_each_and_the_others_go_on(tmp_path: Path) -> None:
    cut = FILES[".png"][:200]
    odd = {"empty.png": b"", "cut.png": cut, "false.png": b"GIF89a", "noise.wav": os.urandom(999)}
    odd |= {"cut.flac": FILES[".flac"][:50], "cut.webp": FILES[".webp"][:100]}
    for name, content in odd.items():
        (tmp_path / name).write_bytes(content)
    save_output(tmp_path / "good.png", FILES[".png"], Provenance())
    found = {finding.path.name: finding for finding in detect(tmp_path)}
    assert set(found) == {*odd, "good.png"}
    for name in odd:
        assert found[name].broken
        assert "\n" not in (found[name].error or "")
    assert found["good.png"].generated and not found["good.png"].broken
    with pytest.raises(GansmithError, match="no file or folder"):
        list(detect(tmp_path / "none"))


def test_an_unreadable_sidecar_costs_its_own_file_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    (tmp_path / "a.txt.provenance.json").write_bytes(b" " * 2**21)
    save_output(tmp_path / "b.png", FILES[".png"], Provenance())
    found = {finding.path.name: finding for finding in detect(tmp_path)}
    assert set(found) == {"a.txt", "b.png"} and found["b.png"].generated
    assert "its sidecar has 2.0 MiB" in (found["a.txt"].error or "")


KINDS = {name: content for name, content in FILES.items() if name.endswith((*PICTURES, *SOUNDS))}


@pytest.mark.parametrize("name", KINDS)
def test_damage_of_files_that_were_never_marked_says_nothing_of_their_origin(
    tmp_path: Path, name: str
) -> None:
    content = FILES[name]
    cases = {"junk": b"\xfe\x01\x02" * 900, "text": b"hello\n", "head": content[:10]}
    cases |= {"cut": content[: len(content) // 2], "added": content + b"hello"}
    for case, damaged in cases.items():
        path = tmp_path / f"{case}{name}"
        path.write_bytes(damaged)
        (found,) = detect(path)
        assert not found.generated, case
        assert "broken" not in {layer.state for layer in found.layers}, case
        text = json.dumps(found.to_json())
        assert not re.search("Io:|Other:|asset|header|expected|psf_|Format|object|b'", text), text
        if case in ("junk", "text", "head"):
            assert (found.error or "").startswith("it is "), text


@pytest.mark.parametrize("name", [".png", ".jpg", ".gif"])  # whose record comes first
def test_a_generated_picture_that_is_cut_off_still_says_what_it_is(
    tmp_path: Path, name: str
) -> None:
    path = save_output(tmp_path / f"a{name}", FILES[name], Provenance())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    (found,) = detect(path)
    assert found.generated and found.broken
    states = {layer.name: layer.state for layer in found.layers}
    assert states["record"] == "broken"
    assert found.record is not None or states["label"] == "valid"


def test_a_record_that_is_no_record_is_broken(tmp_path: Path) -> None:
    texts = ("{}", "[1]", '{"id": 3, "created": "", "system": "", "version": ""}', "{" * 9000)
    for text in texts:
        (tmp_path / "a.txt").write_text("x")
        (tmp_path / "a.txt.provenance.json").write_text(text)
        assert layers(tmp_path / "a.txt")["record"].state == "broken"


def test_labels_of_other_programs_are_read(tmp_path: Path) -> None:
    aigc = '{"Label":"1","ContentProducer":"other","ProduceID":"1"}'
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
    xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description {}/></rdf:RDF></x:xmpmeta>'
    for text, by in (
        (f"TC260:AIGC='{aigc}'", "other"),
        (f'Iptc4xmpExt:DigitalSourceType="{source}"', None),
    ):
        buffer = io.BytesIO()
        picture().save(buffer, "JPEG", xmp=xmp.format(text).encode())
        (tmp_path / "a.jpg").write_bytes(buffer.getvalue())
        found = layers(tmp_path / "a.jpg")
        assert (found["label"].state, found["label"].by) == ("valid", by)
        assert found["record"].state == "absent"


def test_metadata_goes_with_editing_and_the_mark_stays(tmp_path: Path) -> None:
    path = save_output(tmp_path / "a.png", FILES[".png"], Provenance())
    with Image.open(path) as image:
        image.convert("RGB").save(tmp_path / "a.jpg", quality=80)
    found = layers(tmp_path / "a.jpg")
    assert found["record"].state == "absent"
    assert found["mark"].state == "valid" and "public" in found["mark"].by


def test_an_identity_marks_signs_and_is_kept_private(tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="needs the extra provenance")
    folder, files = init("Studio Ö")
    assert folder == config_dir()
    if os.name == "posix":
        assert folder.stat().st_mode & 0o077 == 0
        assert all((folder / file).stat().st_mode & 0o077 == 0 for file in files)
    key = own_key()
    assert key is not None and key_name(key) != "public"
    with pytest.raises(GansmithError, match="--force"):
        init("Somebody else")
    path = save_output(tmp_path / "a.png", FILES[".png"], Provenance())
    found = layers(path)
    assert [found[name].state for name in ("c2pa", "record", "mark")] == ["valid"] * 3
    assert found["c2pa"].by == found["record"].by == "Studio Ö"
    assert key_name(key) in found["mark"].by
    other = {layer.name: layer for layer in detect_file(path, {"public": PUBLIC_KEY}).layers}
    assert other["mark"].state == "absent"
    os.chmod(folder / "certificate.key", 0o644)
    if os.name == "posix":
        with pytest.raises(GansmithError, match="chmod 600"):
            load_certificate()


def test_keys_are_checked(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("abc")
    for path in (tmp_path / "key", tmp_path / "none"):
        with pytest.raises(GansmithError):
            read_key(path)
    with pytest.raises(GansmithError, match="name"):
        init(" ")


def test_sets_are_compared_with_random_keys(tmp_path: Path) -> None:
    from gansmith.provenance.picture_mark import mark_picture

    for number in range(20):
        pixels = np.asarray(picture(seed=number))
        marked = mark_picture(pixels, PUBLIC_KEY, always_alike=True)
        half = np.rint(pixels + 0.4 * (marked.astype(float) - pixels)).astype(np.uint8)
        for name, made in (("real", pixels), ("marked", half)):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / f"{number}.png").write_bytes(png_bytes(Image.fromarray(made)))
    assert fingerprint_of([tmp_path / "marked"]).found
    assert not fingerprint_of([tmp_path / "real"]).found
    with pytest.raises(GansmithError, match="at least 16"):
        fingerprint_of([tmp_path / "real" / "0.png"])


@pytest.mark.parametrize(
    ("name", "as_name"), [(".png", "a.jpg"), (".jpg", "a.PNG"), (".webp", "a"), (".wav", "a.mp3")]
)
def test_a_file_that_was_only_renamed_is_whole(tmp_path: Path, name: str, as_name: str) -> None:
    save_output(tmp_path / f"first{name}", FILES[name], Provenance()).rename(tmp_path / as_name)
    found = layers(tmp_path / as_name)
    assert found["record"].state == "valid" and "broken" not in {of.state for of in found.values()}


def test_the_mark_is_looked_for_in_pictures_that_other_programs_saved(tmp_path: Path) -> None:
    made = save_output(tmp_path / "made 1%.png", FILES[".png"], Provenance())
    (tmp_path / "ü").mkdir()
    with Image.open(made) as image:
        for name in ("a.tif", "b.bmp", "c.tga", "d.jfif"):
            image.convert("RGB").save(tmp_path / "ü" / name, quality=92)
    Image.fromarray(np.full((80, 80), 40_000, np.uint16)).save(tmp_path / "ü" / "deep.tiff")
    made.unlink()
    states = {
        found.path.name: {layer.name: layer.state for layer in found.layers}
        for found in detect(tmp_path / "ü")
    }
    unmarked = states.pop("deep.tiff")
    assert set(states) == {"a.tif", "b.bmp", "c.tga", "d.jfif"} and unmarked["mark"] == "absent"
    for found in states.values():
        assert (found["record"], found["label"], found["mark"]) == ("absent", "absent", "valid")
