from __future__ import annotations

import json
from pathlib import Path

from gansmith.outputs import Provenance, save_output
from gansmith.provenance.identity import KEY, config_dir
from tests.provenance.files import every_file
from tests.tasks.text_runs import Cli, refusal

FILES = every_file()


def test_the_commands(gansmith: Cli, tmp_path: Path) -> None:
    path = save_output(tmp_path / "a.png", FILES[".png"], Provenance(seed=4))
    code, out, _ = gansmith("detect", path)
    assert code == 0 and "record valid" in out and "mark   valid" in out
    code, out, _ = gansmith("detect", tmp_path, "--json")
    (found,) = json.loads(out)
    assert found["record"]["seed"] == 4 and found["layers"]["mark"]["state"] == "valid"
    damaged = bytearray(path.read_bytes())
    damaged[-30] ^= 1
    path.write_bytes(bytes(damaged))
    code, out, _ = gansmith("detect", path)
    assert code == 1 and "BROKEN" in out
    for name in ("a.jpg", "a.mp3"):
        (tmp_path / name).write_bytes(b"junk")
        code, out, _ = gansmith("detect", tmp_path / name)
        assert code == 1 and "cannot be read" in out and "object at" not in out
    (tmp_path / "empty").mkdir()
    assert "no files to read" in refusal(gansmith, "detect", tmp_path / "empty")
    assert "not set" in gansmith("provenance")[1]
    assert gansmith("provenance", "init", "--provider", "Studio")[0] == 0
    assert "Studio" in gansmith("provenance")[1]
    assert "--force" in refusal(gansmith, "provenance", "init", "--provider", "Studio")
    key = config_dir() / KEY
    assert gansmith("detect", path, "--key", key)[0] == 1
