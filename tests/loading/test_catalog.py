from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.loading.catalog import CATALOG
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.media.audio.datasets import SOUND_SETS
from gansmith.media.image.datasets import PICTURE_SETS
from gansmith.media.image.datasets.mnist import read_idx
from gansmith.media.levels.datasets import LEVEL_SETS
from gansmith.media.points.mixtures import MIXTURES
from gansmith.media.text.datasets.texts import TEXT_SETS
from gansmith.medium import MEDIA
from gansmith.recipe import DataConfig


def test_a_local_folder_is_enough(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_DATA", str(digits))
    said: list[str] = []
    dataset = open_dataset(DataConfig(source="mnist"), log=said.append)
    assert dataset.samples.shape == (70, 28, 28, 1)
    assert np.array_equal(dataset.held_out, np.arange(70) >= 50)
    assert np.array_equal(dataset.samples[50:, ..., 0], read_idx(digits / "t10k-images-idx3-ubyte"))
    assert np.array_equal(dataset.labels[:50], read_idx(digits / "train-labels-idx1-ubyte"))
    assert dataset.label_names == tuple("0123456789")
    assert "CC BY-SA" in dataset.licence
    assert any("CC BY-SA" in line for line in said)
    assert dataset.settings["held_out"] == "official"


def test_the_second_opening_needs_no_files(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_DATA", str(digits))
    first = open_dataset(DataConfig(source="mnist"))
    monkeypatch.setenv("GANSMITH_DATA", "/nowhere")
    said: list[str] = []
    second = open_dataset(DataConfig(source="mnist"), log=said.append)
    assert second.fingerprint == first.fingerprint
    assert said == []


def test_a_folder_with_the_files_is_recognised(digits: Path, tmp_path: Path) -> None:
    assert CATALOG["mnist"].recognises(digits, ())
    assert not any(CATALOG[name].recognises(tmp_path, ()) for name in CATALOG)
    by_path = open_dataset(DataConfig(source=str(digits)))
    assert by_path.name == "mnist" and by_path.held_out.sum() == 20


def test_the_usual_folder_is_looked_in(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in digits.iterdir():
        (raw / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    monkeypatch.chdir(tmp_path)
    folder = CATALOG["mnist"].fetch()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        file.name for file in CATALOG["mnist"].files
    )


def test_a_wrong_local_file_is_one_line(digits: Path, private_cache: Path) -> None:
    wrong = digits / "t10k-labels-idx1-ubyte"
    wrong.write_bytes(wrong.read_bytes()[:-1] + b"\xff")
    with pytest.raises(
        GansmithError, match=f"wrong checksum of {wrong}: got .* expected"
    ) as caught:
        open_dataset(DataConfig(source=str(digits)))
    assert "\n" not in str(caught.value)
    assert not (private_cache / "datasets").exists()


def test_no_source_at_all_says_how_to_help(tmp_path: Path, digits: Path) -> None:
    with pytest.raises(GansmithError, match=r"put train-images-idx3-ubyte, .* GANSMITH_DATA"):
        CATALOG["mnist"].fetch(tmp_path / "empty")


def test_every_medium_brings_its_sets_to_the_catalogue() -> None:
    names = [*PICTURE_SETS, *MIXTURES, *SOUND_SETS, *TEXT_SETS, *LEVEL_SETS]
    assert list(CATALOG) == names and len(set(names)) == len(names)
    assert {"mnist", "fsdd", "drums", "ring"} <= set(names)
    assert all(MEDIA[CATALOG[name].medium].datasets[name] is CATALOG[name] for name in names)


def test_each_has_a_summary_a_licence_and_a_citation() -> None:
    for named in (CATALOG[name] for name in CATALOG):
        assert named.summary and named.licence and named.citation, named.name
    assert CATALOG["drums"].licence.startswith("CC0")
    assert CATALOG["ring"].licence.startswith("none needed")


def test_an_unknown_name_lists_them_all() -> None:
    with pytest.raises(GansmithError, match="did you mean 'drums'") as caught:
        resolve_source(DataConfig(source="drumz"))
    assert all(f"{name}" in str(caught.value) for name in CATALOG)
    with pytest.raises(GansmithError, match="did you mean 'drums'"):
        CATALOG["drumz"]


def test_what_is_made_has_no_files_to_collect() -> None:
    for act in (CATALOG["ring"].fetch, lambda: resolve_source(DataConfig(source="ring"))):
        with pytest.raises(GansmithError, match="'ring' is points that are made, not files"):
            act()
