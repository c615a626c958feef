from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gansmith.data.collection import combined_digest
from gansmith.data.downloads.archives import PinnedFolder
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.media.audio.datasets import SOUND_SETS, NamedSounds
from gansmith.media.audio.folder import SoundFolder
from gansmith.recipe import DataConfig
from gansmith.storage.file_facts import file_digest

REAL = Path(__file__).parents[4] / "shared" / "data" / "fsdd"
RATE = 8000


class Shelf:
    """A source that writes what it is given, and counts how often it is asked."""

    title = "the shelf"

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, 0

    def unpack(self, files: PinnedFolder, directory: Path) -> None:
        self.asked += 1
        for path in files.found_in(self.folder):
            (directory / path.name).write_bytes(path.read_bytes())


def write_digits(folder: Path) -> None:
    """Tones in place of digits: two digits of two speakers, takes 0 to 6."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for digit in (3, 7):
        for speaker in ("ann", "bob"):
            for take in range(7):
                tone = np.sin(np.arange(2000) * (digit + take / 9) / 20) * 0.5
                wave = tone + random.uniform(-0.01, 0.01, 2000)
                soundfile.write(folder / f"{digit}_{speaker}_{take}.wav", wave, RATE)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A small stand-in for fsdd that only the shelf has."""
    write_digits(tmp_path / "shelf")
    real, shelf = SOUND_SETS["fsdd"], Shelf(tmp_path / "shelf")
    found = real.files.found_in(shelf.folder)
    digest = combined_digest(part for path in found for part in (path.name, file_digest(path)))
    size = sum(path.stat().st_size for path in found)
    files = PinnedFolder(real.files.pattern, len(found), size, digest)
    small = dataclasses.replace(real, files=files, sources=(shelf,))
    monkeypatch.setitem(SOUND_SETS, "fsdd", small)
    monkeypatch.chdir(tmp_path)
    return shelf


def test_a_set_is_fetched_once_labelled_and_split_as_published(shelf: Shelf) -> None:
    said: list[str] = []
    dataset = open_dataset(DataConfig(source="fsdd", rate=RATE), log=said.append)
    assert dataset.samples.shape == (28, 1, RATE, 1) and dataset.label_names == ("3", "7")
    assert (dataset.name, dataset.licence) == ("fsdd", "CC BY-SA 4.0")
    assert dataset.settings["held_out"] == "official"
    collection = resolve_source(DataConfig(source="fsdd"))
    assert isinstance(collection, SoundFolder)
    takes = [int(re.split(r"[_.]", name)[2]) for name in collection.names]
    assert np.array_equal(dataset.held_out, np.array(takes) < 5)
    assert dataset.labels is not None
    names = [dataset.label_names[label] for label in dataset.labels]
    assert names == [name[0] for name in collection.names]
    assert shelf.asked == 1
    assert "CC BY-SA 4.0" in said[0] and said[1] == "got 28 files from the shelf"
    bare = open_dataset(DataConfig(source="fsdd", rate=RATE, labels=False))
    assert bare.labels is None and bare.held_out.sum() == 20


@pytest.mark.parametrize("inner", ["", "recordings"])
def test_files_of_ones_own_come_first(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    write_digits(tmp_path / "own" / "fsdd" / inner)
    (tmp_path / "own" / "fsdd" / "README.md").write_text("digits")
    soundfile.write(tmp_path / "own" / "fsdd" / "extra.wav", np.zeros(900), RATE)
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path / "own"))
    said: list[str] = []
    folder = SOUND_SETS["fsdd"].fetch(log=said.append)
    assert len(list(folder.iterdir())) == 28 and shelf.asked == 0
    assert said[-1] == f"got 28 files from folder {tmp_path / 'own' / 'fsdd'}"


def test_the_usual_folder_is_looked_in(shelf: Shelf, tmp_path: Path) -> None:
    write_digits(tmp_path / "data" / "fsdd")
    SOUND_SETS["fsdd"].fetch()
    assert shelf.asked == 0


def test_wrong_files_of_ones_own_are_one_line(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_cache: Path
) -> None:
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path / "own"))
    own = tmp_path / "own" / "fsdd"
    write_digits(own)
    soundfile.write(own / "3_ann_0.wav", np.zeros(900), RATE)
    with pytest.raises(GansmithError, match=f"^{own} is not the set 'fsdd'.* sha256") as caught:
        open_dataset(DataConfig(source="fsdd"))
    assert "\n" not in str(caught.value)
    (own / "3_ann_0.wav").unlink()
    with pytest.raises(GansmithError, match="it has 27 of 28 files; put the right files there"):
        open_dataset(DataConfig(source="fsdd"))
    assert shelf.asked == 0 and not (private_cache / "downloads").exists()


def test_a_damaged_download_is_fetched_again(shelf: Shelf) -> None:
    folder = SOUND_SETS["fsdd"].fetch()
    SOUND_SETS["fsdd"].fetch()
    assert shelf.asked == 1
    (folder / "3_ann_1.wav").write_bytes(b"damaged")
    assert SOUND_SETS["fsdd"].fetch() == folder
    assert shelf.asked == 2
    assert SOUND_SETS["fsdd"].files.fault(SOUND_SETS["fsdd"].files.found_in(folder)) is None


def test_no_source_at_all_says_how_to_help(shelf: Shelf, private_cache: Path) -> None:
    (shelf.folder / "3_ann_1.wav").unlink()
    with pytest.raises(GansmithError, match=r"the shelf: has 27 of 28 files\); .* folder fsdd"):
        SOUND_SETS["fsdd"].fetch()
    assert list((private_cache / "downloads").iterdir()) == []


def test_a_folder_that_is_a_set_is_recognised(shelf: Shelf) -> None:
    dataset = open_dataset(DataConfig(source=str(shelf.folder), rate=RATE))
    assert dataset.name == "fsdd" and dataset.label_names == ("3", "7")
    assert shelf.asked == 0


@pytest.mark.parametrize("change", ["another", "one more"])
def test_a_folder_that_is_nearly_a_set_is_ones_own(shelf: Shelf, change: str) -> None:
    name = "3_ann_0.wav" if change == "another" else "hello.wav"
    soundfile.write(shelf.folder / name, np.full(900, 0.1), RATE)
    dataset = open_dataset(DataConfig(source=str(shelf.folder), rate=RATE))
    assert dataset.name == "shelf" and dataset.labels is None
    assert dataset.settings["held_out"] == 0.1


def named(name: str) -> NamedSounds:
    return SOUND_SETS[name]


def test_spoken_digits_are_labelled_and_split_by_their_names() -> None:
    fsdd = named("fsdd")
    assert fsdd.held_out is not None
    assert fsdd.label("7_jackson_32.wav") == "7"
    assert [fsdd.held_out(f"7_jackson_{take}.wav") for take in (0, 4, 5, 49)] == [
        True,
        True,
        False,
        False,
    ]
    assert fsdd.files.picks("0_george_0.wav") and not fsdd.files.picks("0_george_0.flac")


@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("bd_808.flac", "kick"),
        ("drum_bass_hard.flac", "kick"),
        ("elec_soft_kick.flac", "kick"),
        ("sn_zome.flac", "snare"),
        ("elec_snare.flac", "snare"),
        ("drum_snare_soft.flac", "snare"),
        ("hat_cab.flac", "hat"),
        ("tbd_perc_hat.flac", "hat"),
        ("drum_cymbal_soft.flac", "cymbal"),
        ("drum_tom_mid_hard.flac", "tom"),
        ("tabla_te_ne.flac", "tabla"),
        ("drum_cowbell.flac", "perc"),
        ("tbd_perc_tap_1.flac", "perc"),
    ],
)
def test_drums_are_labelled_by_their_names(file: str, label: str) -> None:
    assert named("drums").files.picks(file)
    assert named("drums").label(file) == label


@pytest.mark.parametrize(
    "file",
    [
        *("bd_haus.aiff", "bd_boom.flac", "drum_roll.flac", "drum_tom_lo_hard.flac"),
        *("loop_amen.flac", "loop_tabla.flac", "ambi_drone.flac", "bass_hit_c.flac"),
        *("elec_filt_snare.flac", "elec_beep.flac", "tbd_pad_1.flac", "ride_via.flac"),
        *("tabla_ghe2.flac", "tabla_na_o.flac", "tabla_tas1.flac", "perc_bell.flac"),
    ],
)
def test_long_and_other_sounds_are_no_drums(file: str) -> None:
    assert not named("drums").files.picks(file)


@pytest.mark.skipif(not REAL.is_dir(), reason="the recordings of fsdd are not here")
def test_the_real_recordings_are_the_pinned_ones() -> None:
    fsdd = named("fsdd")
    found = fsdd.files.found_in(REAL)
    assert fsdd.files.fault(found) is None and fsdd.held_out is not None
    assert sum(path.stat().st_size for path in found) == fsdd.files.size
    assert Counter(fsdd.label(path.name) for path in found) == dict.fromkeys("0123456789", 300)
    speakers = Counter(path.name.split("_")[1] for path in found if fsdd.held_out(path.name))
    assert len(speakers) == 6 and set(speakers.values()) == {50}
