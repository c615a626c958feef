from __future__ import annotations

import re
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.media.audio.sfz import sfz_text


def write_sfz(path: Path, groups: dict[str, list[Path]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(sfz_text(groups, path.parent), encoding="utf-8")


def regions(path: Path) -> list[dict[str, str]]:
    """Opcodes of each region, with those of its group."""
    found: list[dict[str, str]] = []
    shared: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        opcodes = dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", line))
        if line.startswith("<group>"):
            shared = opcodes
        elif line.startswith("<region>"):
            found.append(shared | opcodes)
    return found


def keys(tmp_path: Path, names: list[str]) -> dict[str, int]:
    write_sfz(tmp_path / "kit.sfz", {name: [tmp_path / f"{name}.wav"] for name in names})
    return {Path(r["sample"]).stem: int(r["key"]) for r in regions(tmp_path / "kit.sfz")}


def test_files_of_a_class_take_turns(tmp_path: Path) -> None:
    files = [tmp_path / "kits" / "sounds" / f"kick {number}.wav" for number in range(3)]
    path = tmp_path / "kits" / "kit.sfz"
    write_sfz(path, {"kick": files, "none": []})
    assert [(r["key"], r["seq_length"], r["seq_position"], r["sample"]) for r in regions(path)] == [
        ("36", "3", str(n + 1), f"sounds/kick {n}.wav") for n in range(3)
    ]


def test_samples_in_other_folders_are_found(tmp_path: Path) -> None:
    sample = tmp_path / "sounds" / "a.wav"
    sample.parent.mkdir()
    sample.touch()
    path = tmp_path / "kits" / "kit.sfz"
    write_sfz(path, {"a": [sample]})
    (region,) = regions(path)
    assert region["sample"] == "../sounds/a.wav"
    assert (path.parent / region["sample"]).resolve() == sample.resolve()


GENERAL_MIDI = {
    "Kick": 36,
    "snare": 38,
    "clap": 39,
    "hat_closed": 42,
    "open-hat": 46,
    "tom": 45,
    "crash": 49,
    "ride": 51,
    "cowbell": 56,
}
CYMBALS = {"crash cymbal": 49, "Ride Cymbal": 51, "HiHatOpen": 46, "floor_tom": 43, "hitom": 50}
SHORT = {"BD": 36, "SD": 38, "CP": 39, "CH": 42, "OH": 46, "LT": 45, "CB": 56}
NO_DRUMS = {"bottom": 36, "chat": 37, "what": 38, "prime": 39, "bride": 40, "stomp": 41}


@pytest.mark.parametrize(
    "expected",
    [GENERAL_MIDI, CYMBALS, SHORT, {"sn": 38, "hh": 42, "hihat open": 46}, NO_DRUMS],
)
def test_drums_get_their_general_midi_key_and_words_that_hold_one_do_not(
    tmp_path: Path, expected: dict[str, int]
) -> None:
    assert keys(tmp_path, list(expected)) == expected


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (36, "subkick, 808 kick, kick_01, BassDrum, bass drum"),
        (37, "openrimshot, rim, SideStick, cross stick"),
        (
            42,
            "hihatclose, hh_01, CHat, ohat, hats, acoustichat, closedhh, hihatroll",
        ),
        (44, "hihatfoot, pedal hat"),
        (46, "hihathalfopen, openelectronichat, OHat open, hh open"),
        (45, "tom1, tomtom, acoustictom, mediumtom, basstom, low tom, toms"),
        (51, "RideBell, ride"),
        (63, "hiconga, Conga 2"),
        (75, "clavesound, claves"),
    ],
)
def test_compounds_get_the_key_of_their_drum(tmp_path: Path, key: int, names: str) -> None:
    for name in names.split(", "):
        assert keys(tmp_path, [name]) == {name: key}


def test_other_classes_get_the_lowest_free_keys(tmp_path: Path) -> None:
    names = ["zap", "kick", "glass", "bass drum", "snare"]
    expected = {"zap": 37, "kick": 36, "glass": 39, "bass drum": 40, "snare": 38}
    assert keys(tmp_path, names) == expected


def test_at_most_a_hundred_take_turns(tmp_path: Path) -> None:
    write_sfz(tmp_path / "kit.sfz", {"kick": [tmp_path / f"{n}.wav" for n in range(150)]})
    found = regions(tmp_path / "kit.sfz")
    assert len(found) == 100 and {r["seq_length"] for r in found} == {"100"}


def test_more_classes_than_keys(tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(93)]
    assert sorted(keys(tmp_path, names[:92]).values()) == list(range(36, 128))
    with pytest.raises(GansmithError, match="keys for 92 classes, and there are 93"):
        keys(tmp_path, names)


def test_notes_get_the_keys_of_their_pitch_and_those_around(tmp_path: Path) -> None:
    names = ["C4", "A3", "F#4"]
    path = tmp_path / "kit.sfz"
    write_sfz(path, {name: [tmp_path / f"{name}.wav"] for name in names})
    found = {
        Path(r["sample"]).stem: tuple(int(r[key]) for key in ("lokey", "pitch_keycenter", "hikey"))
        for r in regions(path)
    }
    assert found == {"A3": (0, 57, 58), "C4": (59, 60, 63), "F#4": (64, 66, 127)}


def test_one_note_plays_on_all_keys(tmp_path: Path) -> None:
    path = tmp_path / "kit.sfz"
    write_sfz(path, {"A4": [tmp_path / "a.wav"], "C4": []})
    (region,) = regions(path)
    assert (region["lokey"], region["pitch_keycenter"], region["hikey"]) == ("0", "69", "127")
