"""What a separate process with only c2pa-python reads of our files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gansmith.outputs import Provenance, save_output
from gansmith.provenance.carriers import CARRIERS
from gansmith.provenance.detection import detect_file
from gansmith.provenance.identity import ANCHOR, config_dir, init
from tests.provenance.files import every_file

pytest.importorskip("c2pa", reason="needs the extra provenance")
FILES = {n: c for n, c in every_file().items() if CARRIERS["." + n.rpartition(".")[2]].mime}
READER = """
import json, sys, c2pa
anchor, *files = sys.argv[1:]
context = c2pa.Context.from_dict({"trust": {"trust_anchors": open(anchor).read()}})
found = [json.loads(c2pa.Reader(file, context=context).json()) for file in files]
print(json.dumps([[f["validation_state"], f["manifests"][f["active_manifest"]]] for f in found]))
"""


def test_another_process_trusts_the_signature_of_every_format(tmp_path: Path) -> None:
    init("Studio Ö")
    paths = [save_output(tmp_path / f"a{name}", FILES[name], Provenance()) for name in FILES]
    command = [sys.executable, "-c", READER, str(config_dir() / ANCHOR), *map(str, paths)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name, (state, manifest) in zip(FILES, json.loads(out), strict=True):
        assert state == "Trusted", name
        assert manifest["signature_info"]["issuer"] == "Studio Ö"
        (action,) = manifest["assertions"][0]["data"]["actions"]
        assert action["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
        assert "thumbnail" not in manifest
    for path in paths:
        states = {layer.name: layer.state for layer in detect_file(path, {}).layers}
        assert states["c2pa"] == states["record"] == "valid", path


def test_a_changed_pixel_breaks_the_signature(tmp_path: Path) -> None:
    init("Studio")
    path = save_output(tmp_path / "a.wav", FILES[".wav"], Provenance())
    content = bytearray(path.read_bytes())
    content[content.index(b"data") + 2000] ^= 1
    path.write_bytes(bytes(content))
    found = {layer.name: layer for layer in detect_file(path, {}).layers}
    assert found["c2pa"].state == found["record"].state == "broken"
    assert "changed after it was signed" in found["c2pa"].note


def test_the_layers_of_a_small_picture_take_five_kilobytes(tmp_path: Path) -> None:
    init("Studio")
    path = save_output(tmp_path / "a.png", FILES[".png"], Provenance(run="runs/a", model="a" * 64))
    assert path.stat().st_size - len(FILES[".png"]) < 5000
