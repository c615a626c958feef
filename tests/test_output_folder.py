from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gansmith import outputs
from gansmith.errors import GansmithError
from gansmith.media.audio.codec import AudioCodec
from gansmith.output_folder import (
    OutputFolder,
    SampleFolder,
    prepare_output_dir,
    previous_outputs,
    safe_file_names,
    sample_names,
)
from gansmith.outputs import Provenance


@pytest.fixture(autouse=True)
def plain_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents here are stand-ins, which could hold no record."""
    monkeypatch.setattr(outputs, "FINISHERS", {})


def write(place: Path, *names: str) -> None:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("sample")


def made(place: Path, seed: int, *names: str, overview: tuple[str, ...] = ()) -> dict[str, Any]:
    """Write samples and an overview through the folder; return its manifest."""
    origin = Provenance(run="r", recipe="digits", seed=seed)
    folder = OutputFolder(place, origin, [*names, *overview])
    for name, one in zip(names, origin.of_samples(len(names)), strict=True):
        folder.add(name, b"sample", one)
    folder.add_overview(dict.fromkeys(overview, b"all"))
    folder.write_manifest(truncation=None)
    found: dict[str, Any] = json.loads((place / "manifest.json").read_text("utf-8"))
    return found


def test_samples_that_are_not_made_again_go_and_nothing_else_does(tmp_path: Path) -> None:
    write(tmp_path, "my own.wav")
    assert previous_outputs(tmp_path) == set()
    made(tmp_path, 1, "kick/0.wav", "kick/1.wav")
    assert previous_outputs(tmp_path) == {"kick/0.wav", "kick/1.wav"}
    manifest = made(tmp_path, 2, "kick/0.wav", overview=("sheet.png",))
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"kick/0.wav", "sheet.png", "my own.wav", "manifest.json"}
    assert datetime.fromisoformat(manifest.pop("created")).tzinfo is not None
    assert manifest.pop("gansmith")
    assert manifest == {
        "run": "r",
        "seed": 2,
        "truncation": None,
        "provenance": {"layers": True, "mark": True, "label": False, "records": {}},
        "recipe": "digits",
        "files": [{"file": "kick/0.wav", "index": 0}],
        "overview": ["sheet.png"],
    }
    made(tmp_path, 3, "KICK/0.WAV")
    assert not (tmp_path / "sheet.png").exists()
    assert (tmp_path / "kick" / "0.wav").exists()  # may be the same file where case does not count


def test_a_manifest_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    write(tmp_path, "0.png", "sheet.png")
    listed = {"run": "runs/a", "seed": 1, "truncation": None, "overview": ["sheet.png"]}
    listed["files"] = [{"file": "0.png", "index": 0}]
    (tmp_path / "manifest.json").write_text(json.dumps(listed))
    assert previous_outputs(tmp_path) == {"0.png", "sheet.png"}


def test_a_manifest_names_no_files_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, "mine.wav", "made/0.wav", "made/kick/0.wav", "other/0.wav")
    (tmp_path / "made" / "link").symlink_to(tmp_path / "other")
    odd = ["../mine.wav", str(tmp_path / "mine.wav"), "link/0.wav", "", ".", "kick", "no.wav"]
    listed = [{"file": name} for name in (*odd, "..\\mine.wav", "C:0.wav", "0.wav")]
    (tmp_path / "made" / "manifest.json").write_text(json.dumps({"run": "r", "files": listed}))
    assert previous_outputs(tmp_path / "made") == {"0.wav"}


def test_files_of_ones_own_are_not_written_over(tmp_path: Path) -> None:
    write(tmp_path, "0.wav", "1.wav")
    with pytest.raises(GansmithError, match=r"1\.wav exists and was not generated"):
        prepare_output_dir(tmp_path, ["1.wav", "2.wav"])
    (tmp_path / "0.wav").unlink()
    made(tmp_path, 0, "0.wav")
    assert prepare_output_dir(tmp_path, ["0.wav", "2.wav"]) == {"0.wav"}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(GansmithError, match="taken is no folder; choose a place"):
        prepare_output_dir(tmp_path / "taken" / "out", [])


def test_an_overview_does_not_replace_a_file_of_ones_own(tmp_path: Path) -> None:
    write(tmp_path, "preview.wav")
    codec = AudioCodec(8000, 100)
    with pytest.raises(GansmithError, match=r"preview\.wav exists and was not generated"):
        SampleFolder(tmp_path, Provenance(), codec, ["0"])
    assert [path.name for path in tmp_path.iterdir()] == ["preview.wav"]


FOREIGN = ["{}", "[]", "no JSON", '{"files": [1]}', '{"files": [{"file": "keep.txt"}]}']


@pytest.mark.parametrize("content", FOREIGN)
def test_the_manifest_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(GansmithError, match="is not of generated samples: choose another folder"):
        previous_outputs(tmp_path)


def test_a_run_is_no_place_for_its_samples(tmp_path: Path) -> None:
    write(tmp_path, "manifest.json", "recipe.yaml")
    with pytest.raises(GansmithError, match="is a run: choose another folder"):
        previous_outputs(tmp_path)


def test_names_of_files_stay_in_their_folder_and_apart() -> None:
    labels = ["kick", "drums/kick", "..", "/etc", "C:\\a", "a?", "a*", "Kick", " . "]
    found = safe_file_names(labels)
    assert found == ["kick", "drums_kick", "_", "_etc", "C__a", "a_", "a_-2", "Kick-2", "_-2"]
    assert len({name.lower() for name in found}) == len(labels)
    assert safe_file_names(["con", "NUL.a", "console", "x" * 300]) == [
        "_con",
        "_NUL.a",
        "console",
        "x" * 80,
    ]
    assert safe_file_names(["caf\u00e9", "cafe\u0301"]) == ["caf\u00e9", "caf\u00e9-2"]


def test_names_of_samples_sort_by_number_and_say_the_class() -> None:
    assert sample_names(1) == ["0"]
    assert sample_names(11)[::10] == ["00", "10"]
    assert sample_names(2, [1, 0], ["a/b", "c"]) == ["0-c", "1-a_b"]
