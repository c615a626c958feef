from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.audio import note_labels as played_room
from gansmith.recipe import DataConfig

RATE = 16_000


def tone(hertz: float, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return 0.4 * np.sin(2 * np.pi * hertz * time)


def write(path: Path, *parts: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.concatenate(parts), RATE)


def labels(dataset: Dataset) -> list[str]:
    assert dataset.labels is not None
    return [dataset.label_names[number] for number in dataset.labels]


def opened(folder: Path, said: list[str] | None = None, **settings: object) -> Dataset:
    config = DataConfig(source=str(folder), rate=RATE, seconds=0.5, notes=True, **settings)
    return open_dataset(config, minimum=1, log=(said if said is not None else []).append)


def test_a_name_counts_before_what_is_heard(tmp_path: Path) -> None:
    write(tmp_path / "x A4.wav", tone(220))
    write(tmp_path / "soft.wav", tone(261.63))
    write(tmp_path / "Bb2 take.wav", tone(440))
    assert labels(opened(tmp_path)) == ["A#2", "C4", "A4"]


def test_notes_are_in_order_of_pitch(tmp_path: Path) -> None:
    for name in ("A4", "C4", "B3", "C10", "F#4"):
        write(tmp_path / f"{name}.wav", tone(130.81))
    assert opened(tmp_path).label_names == ("C3", "B3", "C4", "F#4", "A4")


def test_a_recorded_scale_is_cut_and_each_note_is_heard(tmp_path: Path) -> None:
    pause, steps = np.zeros(RATE // 4), (0, 2, 4, 5, 7)
    parts = [part for n in steps for part in (tone(261.63 * 2 ** (n / 12), 0.4), pause)]
    write(tmp_path / "C2 scale.wav", *parts)
    assert labels(opened(tmp_path, cut="silence")) == ["C4", "D4", "E4", "F4", "G4"]


def noisy(tmp_path: Path, notes: Sequence[float]) -> Path:
    random = np.random.default_rng(0)
    write(tmp_path / "noise.wav", random.normal(0, 0.1, RATE // 2).clip(-1, 1))
    for number, hertz in enumerate(notes):
        write(tmp_path / f"take {number}.wav", tone(hertz))
    return tmp_path


def test_what_plays_no_note_is_left_out_and_named(tmp_path: Path) -> None:
    said: list[str] = []
    assert labels(opened(noisy(tmp_path, [220, 440]), said)) == ["A3", "A4"]
    assert any("1 of 3 clips" in line and "noise.wav" in line for line in said)


def test_a_folder_without_notes_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"no notes that can be heard.*piano-A4\.wav"):
        opened(noisy(tmp_path, []))


def test_files_are_listened_to_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(noisy(tmp_path, [220, 440]))

    def deaf(*_: object) -> None:
        raise AssertionError("heard again")

    monkeypatch.setattr(played_room, "heard_note", deaf)
    assert np.array_equal(opened(tmp_path).samples, first.samples)


def test_without_the_setting_names_mean_nothing(tmp_path: Path) -> None:
    write(tmp_path / "A4.wav", tone(440))
    write(tmp_path / "C4.wav", tone(262))
    config = DataConfig(source=str(tmp_path), rate=RATE, seconds=0.5)
    assert open_dataset(config, minimum=1).labels is None
