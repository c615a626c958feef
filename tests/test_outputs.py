from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.media.image.codec import ImageCodec
from gansmith.outputs import FINISHERS, Provenance, save_collection, save_output, save_png


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    plain = Provenance(generated=False)
    path = save_output(tmp_path / "new" / "a.html", "é".encode(), plain)
    assert path.read_text("utf-8") == "é"

    def broken(file: object) -> None:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        save_output(path, broken, plain)
    assert path.read_text("utf-8") == "é"
    (tmp_path / "folder").mkdir()
    with pytest.raises(GansmithError, match="folder"):
        save_output(tmp_path / "folder", b"", plain)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.html", "folder", "new"]


def test_finishers_of_a_suffix_get_the_content_and_its_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = [lambda content, origin: content + f" {origin.seed}".encode(), lambda c, _: c + b"!"]
    monkeypatch.setitem(FINISHERS, ".txt", marks)
    origin = Provenance(seed=7, generated=False)
    assert save_output(tmp_path / "a.TXT", b"text", origin).read_bytes() == b"text 7!"
    written = save_output(tmp_path / "b.txt", lambda file: file.write(b"array"), origin)
    assert written.read_bytes() == b"array 7!"
    assert save_output(tmp_path / "c.wav", b"sound", origin).read_bytes() == b"sound"


def test_provenance_is_plain_and_leaves_out_what_is_not_known() -> None:
    first, second = Provenance(run="r", seed=1).of_samples(2, ["a", "b"])
    found = second.to_json()
    assert json.loads(json.dumps(found)) == found
    assert (found["run"], found["seed"], found["index"], found["label"]) == ("r", 1, 1, "b")
    assert "recipe" not in found and found["generated"] is True
    assert first.created == second.created


def test_a_file_of_several_runs_names_all_and_the_seed_they_share() -> None:
    one, two = (Provenance(run=name, recipe="digits", seed=3) for name in "ab")
    both = Provenance.of_several([one, two])
    assert (both.run, both.recipe, both.seed) == ("a, b", "digits", 3)
    assert Provenance.of_several([one, Provenance(run="c", seed=4)]).seed is None


def test_the_same_samples_give_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    classes = np.array([0, 1, 0])
    for suffix in (".png", ".npz"):
        early, late = (
            save_collection(
                ImageCodec(),
                samples,
                tmp_path / f"{created}{suffix}",
                Provenance(seed=1, created=created, generated=False),
                classes=classes,
                label_names=["a", "b"],
            ).read_bytes()
            for created in ("2020", "2030")
        )
        assert early == late
    with np.load(tmp_path / "2020.npz") as arrays:
        assert np.array_equal(arrays["samples"], samples)
        assert arrays["labels"].tolist() == [0, 1, 0]


def test_other_kinds_of_single_files_are_refused(tmp_path: Path) -> None:
    samples = np.zeros((1, 8, 8, 1), np.uint8)
    with pytest.raises(
        GansmithError, match=r"--out takes a folder, a \.npz or a \.png, not 'a\.mp3'"
    ):
        save_collection(ImageCodec(), samples, tmp_path / "a.mp3", Provenance())
    with pytest.raises(GansmithError, match=r"name it FILE\.png, not 'a\.jpg'"):
        save_png(tmp_path / "a.jpg", Image.new("L", (8, 8)), Provenance())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("time", ["9" * 17, "9" * 5000])
def test_a_time_that_is_none_is_answered_in_one_line(
    time: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", time)
    with pytest.raises(GansmithError, match=r"SOURCE_DATE_EPOCH is '9+': it must be a time"):
        Provenance()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert Provenance().created == "1970-01-01T00:00:00+00:00"
