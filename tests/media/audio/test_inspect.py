from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from rich.console import Console

from gansmith.cli.rendering import inspection_tables
from gansmith.errors import GansmithError
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.media.audio.inspect import SoundInspection
from gansmith.recipe import DataConfig, load_recipe

RATE = 16_000


def tone(seconds: float, hertz: float = 440, peak: float = 0.5, rate: int = RATE) -> NDArray:
    return peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Seven sounds, each with something to say about it, a broken one and a text."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    soundfile.write(folder / "plain.wav", tone(0.5), RATE)
    soundfile.write(folder / "quiet.flac", tone(1.0, 300, 0.005), RATE)
    soundfile.write(folder / "long.wav", tone(2.5, 200), RATE, subtype="PCM_24")
    soundfile.write(folder / "stereo.wav", np.stack([tone(1, 90), tone(1, 95)], 1), RATE)
    soundfile.write(folder / "offset.wav", tone(0.5, rate=8000) * 0.5 + 0.25, 8000)
    soundfile.write(folder / "loud.wav", np.clip(tone(0.75, 100, 3.0), -1, 1), RATE)
    soundfile.write(folder / "silent.wav", np.zeros(RATE), RATE)
    shutil.copy(folder / "plain.wav", folder / "twin.wav")
    whole = (folder / "plain.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.txt").write_text("made by the tests\n")
    return folder


def inspect(path: Path, **settings: object) -> SoundInspection:
    found = inspect_path(str(path), DataConfig.model_validate(settings))
    assert isinstance(found, SoundInspection)
    return found


def test_files_are_counted(sounds: Path) -> None:
    found = inspect(sounds)
    assert (found.name, found.sounds, found.ignored) == ("sounds", 8, 1)
    assert found.formats == {"WAV": 7, "FLAC": 1}
    assert found.subtypes == {"PCM_16": 7, "PCM_24": 1}
    assert found.rates == {16_000: 7, 8_000: 1}
    assert found.channels == {1: 7, 2: 1}
    assert found.seconds == (0.5, 0.75, 2.5)
    assert found.total == pytest.approx(0.5 * 3 + 0.75 + 1 * 3 + 2.5)


def test_what_is_wrong_is_named(sounds: Path) -> None:
    found = inspect(sounds)
    assert [name for name, _ in found.offset] == ["offset.wav"]
    assert found.offset[0][1] == pytest.approx(0.25, abs=1e-3)
    assert [name for name, _ in found.clipped] == ["loud.wav"]
    assert found.clipped[0][1] == pytest.approx(1 - np.arcsin(1 / 3) / (np.pi / 2), abs=0.02)
    assert found.silent == ["silent.wav"]
    assert found.duplicates == [["plain.wav", "twin.wav"]]
    assert [name for name, _ in found.unreadable] == ["cut.wav"]
    assert found.loudness is not None
    assert found.loudness[0] < -45 and found.loudness[2] > -3


def test_what_the_recipe_cuts_fills_and_converts_is_counted(sounds: Path) -> None:
    found = inspect(sounds)
    assert found.clips == 8
    assert (found.unused, found.unused_seconds) == (1, pytest.approx(1.5))
    assert (found.padded, found.padded_seconds) == (4, pytest.approx((0.5 * 3 + 0.25) / 4))
    assert (found.resampled, found.remixed) == (1, 1)
    other = inspect(sounds, rate=8_000, channels=2, seconds=0.5)
    assert (other.resampled, other.remixed, other.padded) == (7, 7, 0)
    assert other.unused == 5
    windows = inspect(sounds, cut="fixed", seconds=0.5)
    assert windows.clips == 1 + 2 + 5 + 2 + 1 + 2 + 2 + 1
    assert (windows.unused, windows.padded) == (0, 1)
    assert windows.padded_seconds == pytest.approx(0.25)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cut": "fixed", "seconds": 0.25, "loudness": -20.0},
        {"cut": "silence", "rate": 8_000},
        {"cut": "beat", "tempo": 120.0, "seconds": 0.5, "channels": 2},
    ],
)
def test_it_foretells_what_opening_does(sounds: Path, settings: dict[str, object]) -> None:
    found = inspect(sounds, **settings)
    dataset = open_dataset(DataConfig.model_validate({"source": str(sounds), **settings}))
    assert found.plan == dataset.settings
    assert found.clips == len(dataset)
    assert (found.training, found.held_out) == (
        len(dataset.train_indices),
        len(dataset.held_out_indices),
    )
    filled = dataset.samples.reshape(len(dataset), -1, dataset.samples.shape[3])
    silent_end = ~filled[:, -40:].any(axis=(1, 2))
    assert found.padded <= silent_end.sum()


def test_a_recipe_for_pictures_does_as_well(sounds: Path) -> None:
    found = inspect_path(str(sounds), load_recipe("pictures").data)
    assert isinstance(found, SoundInspection)
    assert found.plan["rate"] == RATE and found.clips == 8


def test_labels_are_counted(tmp_path: Path) -> None:
    for kind in ("kick", "snare"):
        (tmp_path / "kit" / kind).mkdir(parents=True)
        for index in range(3):
            soundfile.write(tmp_path / "kit" / kind / f"{index}.wav", tone(0.2, 99 + index), RATE)
    assert inspect(tmp_path / "kit").labels == {"kick": 3, "snare": 3}
    assert inspect(tmp_path / "kit", labels=False).labels == {}


def test_silence_alone_has_no_loudness(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE), RATE)
    found = inspect(tmp_path / "a.wav")
    assert found.loudness is None and found.silent == ["a.wav"]
    console = Console(width=100, file=StringIO())
    console.print(inspection_tables(found))
    assert "none, all silent" in console.file.getvalue()


def test_the_table_shows_it_and_json_holds_it(sounds: Path) -> None:
    found = inspect(sounds, loudness=-18.0)
    console = Console(width=120, file=StringIO())
    console.print(inspection_tables(found))
    text = console.file.getvalue()
    for word in (
        *(
            "8 (1 other file ignored)",
            "0.50 to 2.50, median 0.75, 8 in all",
            "16000 (7), 8000 (1)",
        ),
        *("WAV (7), FLAC (1); PCM_16 (7)", "offset.wav: 0.250", "1 file (silent.wav)"),
        *("plain.wav = twin.wav", "cut.wav: ", "8 of 1 s, 16,000 Hz, mono"),
        *("parts of 1 file, 1.50 s on average", "brought to -18 LUFS", "held out"),
    ):
        assert word in text, word
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["sounds"] == 8 and plain["plan"]["loudness"] == -18


def test_nothing_is_decoded_into_the_cache(sounds: Path, private_cache: Path) -> None:
    inspect(sounds)
    assert not (private_cache / "datasets").exists()


def test_settings_that_do_not_fit_are_one_line(sounds: Path) -> None:
    with pytest.raises(GansmithError, match=r"set data\.tempo") as caught:
        inspect(sounds, cut="beat")
    assert "\n" not in str(caught.value)


def test_notes_are_counted_where_they_are_the_labels(tmp_path: Path) -> None:
    for name, hertz in (("one", 440), ("two", 440), ("C5", 440)):
        soundfile.write(tmp_path / f"{name}.wav", tone(0.5, hertz), RATE)
    assert inspect(tmp_path, notes=True).labels == {"A4": 2, "C5": 1}
    assert inspect(tmp_path).labels == {}
