from __future__ import annotations

import json
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.outputs import claim, earlier, file_names, record


def write(place: Path, *names: str) -> None:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("sample")


def test_samples_that_are_not_made_again_go_and_nothing_else_does(tmp_path: Path) -> None:
    write(tmp_path, "kick/0.wav", "kick/1.wav", "my own.wav")
    assert earlier(tmp_path) == set()
    record(
        tmp_path,
        {"run": "r", "seed": 1},
        [{"file": "kick/0.wav"}, {"file": "kick/1.wav"}],
        [],
        set(),
    )
    before = earlier(tmp_path)
    assert before == {"kick/0.wav", "kick/1.wav"}
    record(
        tmp_path,
        {"run": "r", "seed": 2},
        [{"file": "kick/0.wav"}],
        [tmp_path / "sheet.png"],
        before,
    )
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"kick/0.wav", "my own.wav", "manifest.json"}
    told = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert told == {
        "run": "r",
        "seed": 2,
        "files": [{"file": "kick/0.wav"}],
        "overview": ["sheet.png"],
    }
    write(tmp_path, "sheet.png")
    record(tmp_path, {}, [{"file": "KICK/0.WAV"}], [], earlier(tmp_path))
    assert not (tmp_path / "sheet.png").exists()
    assert (tmp_path / "kick" / "0.wav").exists()  # may be the same file where case does not count


def test_a_manifest_names_no_files_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, "mine.wav", "made/0.wav", "made/kick/0.wav", "other/0.wav")
    (tmp_path / "made" / "link").symlink_to(tmp_path / "other")
    odd = ["../mine.wav", str(tmp_path / "mine.wav"), "link/0.wav", "", ".", "kick", "no.wav"]
    listed = [{"file": name} for name in (*odd, "..\\mine.wav", "C:0.wav", "0.wav")]
    (tmp_path / "made" / "manifest.json").write_text(json.dumps({"run": "r", "files": listed}))
    assert earlier(tmp_path / "made") == {"0.wav"}


def test_files_of_ones_own_are_not_written_over(tmp_path: Path) -> None:
    write(tmp_path, "0.wav", "1.wav")
    with pytest.raises(GansmithError, match=r"1\.wav is there and was not generated"):
        claim(tmp_path, ["1.wav", "2.wav"])
    record(tmp_path, {"run": "r"}, [{"file": "0.wav"}], [], set())
    assert claim(tmp_path, ["0.wav", "2.wav"]) == {"0.wav"}


FOREIGN = ["{}", "[]", "no JSON", '{"files": [1]}', '{"files": [{"file": "keep.txt"}]}']


@pytest.mark.parametrize("content", FOREIGN)
def test_the_manifest_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(GansmithError, match="is not of generated samples: choose another folder"):
        earlier(tmp_path)


def test_a_run_is_no_place_for_its_samples(tmp_path: Path) -> None:
    write(tmp_path, "manifest.json", "recipe.yaml")
    with pytest.raises(GansmithError, match="is a run: choose another folder"):
        earlier(tmp_path)


def test_names_of_files_stay_in_their_folder_and_apart() -> None:
    labels = ["kick", "drums/kick", "..", "/etc", "C:\\a", "a?", "a*", "Kick", " . "]
    found = file_names(labels)
    assert found == ["kick", "drums_kick", "_", "_etc", "C__a", "a_", "a_-2", "Kick-2", "_-2"]
    assert len({name.lower() for name in found}) == len(labels)
    assert file_names(["con", "NUL.a", "console", "x" * 300]) == [
        "_con",
        "_NUL.a",
        "console",
        "x" * 80,
    ]
    assert file_names(["caf\u00e9", "cafe\u0301"]) == ["caf\u00e9", "caf\u00e9-2"]
