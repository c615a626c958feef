from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from rich.console import Console

from gansmith.cli.rendering import rows_table
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.reconstruction import round_trip
from gansmith.recipe import DataConfig, Recipe, load_recipe

RATE = 8000


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Twelve tones with harmonics, half a second each, in stereo."""
    (tmp_path / "tones").mkdir()
    time = np.arange(RATE // 2) / RATE
    for index in range(12):
        wave = sum(np.sin(2 * np.pi * (150 + 30 * index) * k * time) / k for k in (1, 2, 3))
        both = np.stack([0.3 * wave, 0.2 * wave * np.exp(-4 * time)], axis=1)
        soundfile.write(tmp_path / "tones" / f"{index:02}.wav", both, RATE)
    return open_dataset(
        DataConfig(source=str(tmp_path / "tones"), rate=RATE, seconds=0.5, channels=2)
    )


def recipe(representation: str) -> Recipe:
    return load_recipe("pictures", [f"sound.representation={representation}"])


def test_pairs_are_written_and_measured(dataset: Dataset, tmp_path: Path) -> None:
    trip = round_trip(recipe("logmel"), dataset, tmp_path / "pairs", count=3)
    files = sorted(path.name for path in (tmp_path / "pairs").iterdir())
    assert files == [f"{n}-{kind}.wav" for n in range(3) for kind in ("decoded", "original")]
    original, rate = soundfile.read(tmp_path / "pairs" / "0-original.wav", dtype="int16")
    assert rate == RATE and original.shape == (RATE // 2, 2)
    assert np.array_equal(original, dataset.samples[dataset.train_indices[0], 0])
    decoded, _ = soundfile.read(tmp_path / "pairs" / "0-decoded.wav", dtype="int16")
    assert decoded.shape == original.shape and not np.array_equal(decoded, original)
    assert 0 < trip.spectral_distance < trip.other_clip
    assert -120 <= trip.noise_floor < 0 and -120 <= trip.decoded_noise_floor < 0


def test_a_waveform_comes_back_as_it_was(dataset: Dataset, tmp_path: Path) -> None:
    trip = round_trip(recipe("waveform"), dataset, tmp_path / "pairs")
    assert (trip.clips, trip.representation, trip.spectral_distance) == (8, "waveform", 0)
    assert trip.noise_floor == trip.decoded_noise_floor


def test_the_decoder_is_the_one_that_a_training_uses(dataset: Dataset, tmp_path: Path) -> None:
    """It is trained once, and then found by the training with the same settings."""
    asked = load_recipe("sounds", ["sound.decoder_steps=3"])
    notices: list[str] = []
    trip = round_trip(asked, dataset, tmp_path / "pairs", count=2, log=notices.append)
    assert (trip.clips, trip.representation) == (2, "istft")
    assert len(notices) == 1 and "decoder" in notices[0]
    codec = AudioCodec.fit(asked, dataset, notices.append)
    assert len(notices) == 1 and codec.vocoder is not None
    clips = np.ascontiguousarray(dataset.samples[dataset.train_indices[:1]])
    expected = codec.decode(codec.encode(torch.from_numpy(clips)))[0, 0]
    decoded, _ = soundfile.read(tmp_path / "pairs" / "0-decoded.wav", dtype="int16")
    assert np.abs(decoded.astype(int) - expected).max() <= 2  # batches of another size


def test_silence_is_one_line(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "quiet").mkdir()
    for index in range(4):
        soundfile.write(tmp_path / "quiet" / f"{index}.wav", np.zeros(1000 + index), RATE)
    with pytest.raises(GansmithError, match="all of it is silence"):
        open_dataset(DataConfig(source=str(tmp_path / "quiet"), rate=RATE, seconds=0.1))
    samples = np.zeros_like(dataset.samples)
    with pytest.raises(GansmithError, match="all silent"):
        round_trip(recipe("logmel"), replace(dataset, samples=samples), tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()


def test_the_table_shows_it_and_json_holds_it(dataset: Dataset, tmp_path: Path) -> None:
    trip = round_trip(recipe("waveform"), dataset, tmp_path / "pairs", count=2)
    console = Console(width=120, file=StringIO())
    console.print(rows_table("round trip", trip.rows()))
    text = console.file.getvalue()
    for word in ("2 pairs in", "waveform", "0.000 (from clip to clip: ", "dBFS"):
        assert word in text
    assert json.loads(json.dumps(trip.to_json()))["clips"] == 2
