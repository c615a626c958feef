from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from gansmith.data.dataset import evenly_chosen
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.loading.open import open_dataset
from gansmith.media.audio.sheet import sound_sheet
from gansmith.recipe import DataConfig
from gansmith.tasks.data_sheet import write_data_sheet


def test_chosen_samples_are_training_samples_from_end_to_end(sprites: Path) -> None:
    dataset = open_dataset(DataConfig(source=str(sprites)))
    chosen = evenly_chosen(dataset.train_indices, 8)
    assert len(set(chosen)) == 8 and not dataset.held_out[chosen].any()
    assert (chosen[0], chosen[-1]) == (dataset.train_indices[0], dataset.train_indices[-1])
    assert np.array_equal(evenly_chosen(dataset.train_indices, 1000), dataset.train_indices)


def test_pictures_become_a_contact_sheet(labelled_folder: Path, tmp_path: Path) -> None:
    dataset = open_dataset(DataConfig(source=str(labelled_folder)))
    assert write_data_sheet(dataset, tmp_path / "sheet.png", count=6) == 6
    chosen = evenly_chosen(dataset.train_indices, 6)
    assert dataset.labels is not None
    captions = [dataset.label_names[label] for label in dataset.labels[chosen]]
    assert set(captions) == {"circle", "cross", "square"}
    with Image.open(tmp_path / "sheet.png") as sheet:
        expected = contact_sheet(dataset.samples[chosen], captions=captions)
        assert np.array_equal(np.asarray(sheet), np.asarray(expected))


@pytest.mark.parametrize("channels", [1, 2])
def test_sounds_become_spectrograms(tmp_path: Path, channels: int) -> None:
    (tmp_path / "tones").mkdir()
    for index in range(12):
        wave = 0.5 * np.sin(np.arange(4000) * (index + 1) / 20)
        soundfile.write(tmp_path / "tones" / f"{index}.wav", wave, 8000)
    config = {"source": str(tmp_path / "tones"), "rate": 8000, "seconds": 0.5}
    dataset = open_dataset(DataConfig.model_validate(config | {"channels": channels}))
    drawn = write_data_sheet(dataset, tmp_path / "sheet.png")
    assert drawn == len(dataset.train_indices)
    with Image.open(tmp_path / "sheet.png") as sheet:
        expected = sound_sheet(dataset.samples[dataset.train_indices], 8000)
        assert np.array_equal(np.asarray(sheet), np.asarray(expected))
