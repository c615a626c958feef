from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from gansmith.cli import main
from gansmith.errors import GansmithError
from gansmith.media.audio.inspect import SoundInspection
from gansmith.media.image.inspect import Inspection
from gansmith.tasks.inspect_data import inspect_data


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """Twelve tones of a quarter of a second."""
    (tmp_path / "tones").mkdir()
    for index in range(12):
        wave = 0.5 * np.sin(np.arange(2000) * (index + 1) / 20)
        soundfile.write(tmp_path / "tones" / f"{index}.wav", wave, 8000)
    return tmp_path / "tones"


def test_a_look_prepares_nothing_that_was_not_asked_for(tones: Path, private_cache: Path) -> None:
    found, trip = inspect_data(str(tones), "pictures")
    assert isinstance(found, SoundInspection) and found.sounds == 12 and trip is None
    assert not (private_cache / "datasets").exists()


def test_sounds_are_drawn_and_sent_there_and_back(tones: Path, tmp_path: Path) -> None:
    settings = ["data.rate=8000", "data.seconds=0.25", "sound.decoder_steps=2"]
    sheet, pairs = tmp_path / "sheet.png", tmp_path / "pairs"
    found, trip = inspect_data(str(tones), "pictures", settings, sheet=sheet, pairs=pairs)
    assert isinstance(found, SoundInspection) and found.plan["rate"] == 8000
    assert trip is not None and trip.clips == 8 and len(list(pairs.iterdir())) == 16
    with Image.open(sheet) as picture:
        assert picture.mode == "RGB"


def test_pictures_are_drawn_and_make_no_round_trip(
    sprites: Path, tmp_path: Path, private_cache: Path
) -> None:
    sheet, pairs = tmp_path / "sheet.png", tmp_path / "pairs"
    with pytest.raises(GansmithError, match="--round-trip is for sounds") as caught:
        inspect_data(str(sprites), "pictures", sheet=sheet, pairs=pairs)
    assert "\n" not in str(caught.value)
    assert not (sheet.exists() or pairs.exists() or (private_cache / "datasets").exists())
    found, trip = inspect_data(str(sprites), "pictures", sheet=sheet)
    assert isinstance(found, Inspection) and trip is None and sheet.exists()


def test_the_command_prints_tables_or_json(
    tones: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sheet, pairs = tmp_path / "sheet.png", tmp_path / "pairs"
    written = ["--sheet", str(sheet), "--round-trip", str(pairs)]
    settings = ["--set", "data.seconds=0.25", "--set", "sound.decoder_steps=2"]
    for options in (written, [*written, "--json"]):
        command = ["gansmith", "data", "inspect", str(tones), *settings]
        monkeypatch.setattr(sys, "argv", command + options)
        with pytest.raises(SystemExit) as ending:
            main()
        assert ending.value.code == 0
        printed = capsys.readouterr().out
        if "--json" in options:
            content = json.loads(printed)
            assert content["sounds"] == 12 and content["round_trip"]["clips"] == 8
        else:
            assert all(word in printed for word in ("encoding and decoding", "sheet in", "clips"))
