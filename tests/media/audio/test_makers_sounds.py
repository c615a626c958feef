"""Sounds as they come: what public reports of other tools complain about, each kind once."""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.media.audio.clips import PreparedSounds
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.folder import SoundFolder
from gansmith.media.audio.inspect import SoundInspection
from gansmith.media.audio.logmel import LogMel
from gansmith.media.audio.samples import to_samples
from gansmith.media.audio.stft import Transform
from gansmith.media.audio.vocoder import train_vocoder
from gansmith.media.audio.writing import joined_loops
from gansmith.recipe import DataConfig
from tests.media.audio import kits

RATE = 16_000
SILENT = 10 ** (-60 / 20)


def time(seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    return np.arange(round(seconds * rate)) / rate


def noise(seconds: float, seed: int = 0, rate: int = RATE) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(-0.4, 0.4, round(seconds * rate))


def opened(folder: Path, **settings: object) -> Dataset:
    given = {"source": str(folder), "seconds": 0.3} | settings
    return open_dataset(DataConfig.model_validate(given), minimum=1)


def asymmetric_hit(seconds: float, rate: int) -> NDArray[np.float64]:
    """A hit that begins and ends at 0, with a mean far from it."""
    t = time(seconds, rate)
    window = np.sin(np.pi * t / seconds) ** 2
    return 0.7 * np.abs(np.sin(2 * np.pi * 90 * t)) * np.exp(-t * 20) * window


@pytest.mark.parametrize("rate", [8_000, 44_100])
@pytest.mark.parametrize("seconds", [0.02, 0.15])
@pytest.mark.parametrize("sign", [1, -1])
def test_removing_an_offset_makes_no_step_at_ends_that_are_0(
    tmp_path: Path, rate: int, seconds: float, sign: int
) -> None:
    wave = sign * asymmetric_hit(seconds, rate)
    wave[-1] = 0
    soundfile.write(tmp_path / "hit.wav", wave, rate)
    clip = opened(tmp_path).samples[0, 0, :, 0] / 32768
    assert abs(wave.mean()) > 0.005
    assert abs(clip[0]) < 1e-3 and abs(clip[len(wave) - 1]) < 1e-3
    assert abs(clip[: len(wave)].mean()) < 1e-3


def test_an_offset_of_a_whole_recording_is_removed_up_to_its_ends(tmp_path: Path) -> None:
    wave = 0.2 + 0.1 * np.sin(2 * np.pi * 440 * time(0.3))
    soundfile.write(tmp_path / "a.wav", wave, RATE)
    clip = opened(tmp_path).samples[0, 0, :, 0] / 32768
    assert abs(clip - (wave - 0.2)).max() < 1e-3


@pytest.mark.parametrize("settings", [{}, {"loudness": -23.0}])
def test_float_files_beyond_full_scale_are_not_clipped(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    wave = np.sin(2 * np.pi * 220 * time(0.3)) * np.linspace(1, 0.2, round(0.3 * RATE))
    for name, peak in (("a", 0.5), ("b", 4.0)):
        soundfile.write(tmp_path / f"{name}.wav", peak * wave, RATE, subtype="FLOAT")
    quiet, loud = opened(tmp_path, **settings).samples[:, 0, :, 0].astype(float)
    assert np.corrcoef(quiet, loud)[0, 1] > 0.9999
    assert abs(loud).max() <= 32767
    if settings:
        assert abs(loud - quiet).max() <= 2


@pytest.fixture
def partly_silent(tmp_path: Path) -> Path:
    """A sound; one that begins after the clip; one that cancels out in mono; a single frame."""
    folder = tmp_path / "partly"
    folder.mkdir()
    soundfile.write(folder / "good.wav", noise(0.2), RATE)
    soundfile.write(folder / "late.wav", np.concatenate([np.zeros(RATE), noise(0.2)]), RATE)
    soundfile.write(folder / "antiphase.wav", np.stack([noise(0.2), -noise(0.2)], 1), RATE)
    soundfile.write(folder / "one.wav", np.array([0.5]), RATE)
    return folder


def test_silence_is_counted_after_mixing_and_cutting(partly_silent: Path) -> None:
    found = inspect_path(str(partly_silent), DataConfig(seconds=0.3))
    assert isinstance(found, SoundInspection)
    assert (found.silent_clips, found.clips) == (3, 4)
    assert ("silent clips", "3 of 4") in list(found.planned())
    assert (~opened(partly_silent).samples.any(axis=(1, 2, 3))).sum() == 3
    stereo = inspect_path(str(partly_silent), DataConfig(seconds=0.3, channels=2))
    assert isinstance(stereo, SoundInspection) and stereo.silent_clips == 2


def test_data_of_silent_clips_only_are_refused(partly_silent: Path) -> None:
    (partly_silent / "good.wav").unlink()
    with pytest.raises(GansmithError, match=r"all of it is silence .* set data"):
        opened(partly_silent)


def test_rate_and_channels_are_those_of_most_files(tmp_path: Path) -> None:
    for number, (rate, channels) in enumerate([(44100, 2), (44100, 2), (48000, 1)]):
        wave = np.repeat(noise(0.2, number, rate)[:, None], channels, 1)
        soundfile.write(tmp_path / f"{number}.wav", wave, rate)
    settings = opened(tmp_path).settings
    assert (settings["rate"], settings["channels"]) == (44100, 2)
    settings = opened(tmp_path, rate=16000, channels=1).settings
    assert (settings["rate"], settings["channels"]) == (16000, 1)


@pytest.mark.parametrize(("rate", "used"), [(192_000, 48_000), (88_200, 44_100), (8_000, 8_000)])
def test_high_rates_are_halved(tmp_path: Path, rate: int, used: int) -> None:
    soundfile.write(tmp_path / "a.wav", noise(0.2, 0, rate), rate)
    prepared = SoundFolder(tmp_path, use_labels=False).prepare(DataConfig())
    assert prepared.settings()["rate"] == used


def test_names_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    home = os.fsencode(tmp_path / "sounds")
    os.makedirs(home + b"/Gr\xfcn")
    os.makedirs(home + b"/rot")
    for name in (b"Gr\xfcn/Gr\xf6\xdfe.wav", b"rot/\xfc.ogg"):
        soundfile.write(tmp_path / "a.ogg", noise(0.2, len(name)), RATE)
        soundfile.write(tmp_path / "a.wav", noise(0.2, len(name)), RATE)
        os.rename(os.fsencode(tmp_path / "a") + name[-4:], home + b"/" + name)
    found = inspect_path(str(tmp_path / "sounds"), DataConfig(seconds=0.3))
    assert isinstance(found, SoundInspection) and (found.sounds, found.unreadable) == (2, [])
    assert list(found.labels) == ["Gr\ufffdn", "rot"]
    json.dumps(found.to_json(), ensure_ascii=False).encode("utf-8")
    assert len(opened(tmp_path / "sounds").samples) == 2


def test_the_medium_of_the_recipe_decides_what_is_read(tmp_path: Path) -> None:
    for number in range(3):
        Image.new("L", (8, 8), 50 * number).save(tmp_path / f"cover{number}.png")
    soundfile.write(tmp_path / "a.wav", noise(0.2), RATE)
    config = DataConfig(source=str(tmp_path))
    assert isinstance(resolve_source(config, medium="audio"), SoundFolder)
    assert resolve_source(config, medium="image").kind == "pictures"


def test_files_of_types_that_are_not_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "memo.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    for source in (tmp_path, tmp_path / "memo.m4a"):
        with pytest.raises(GansmithError, match=r"no sounds .* \(1 \.m4a\); convert .* \.wav"):
            resolve_source(DataConfig(source=str(source)), medium="audio")


def test_an_octave_between_name_and_pitch_is_reported(tmp_path: Path) -> None:
    for name, hertz in (("flute C3 0", 261.63), ("flute A3 1", 440.0), ("flute E3 2", 329.63)):
        soundfile.write(tmp_path / f"{name}.wav", 0.5 * np.sin(2 * np.pi * hertz * time(0.5)), RATE)
    config = DataConfig(source=str(tmp_path), notes=True)
    prepared = SoundFolder(tmp_path, use_labels=False).prepare(config)
    assert isinstance(prepared, PreparedSounds)
    (remark,) = prepared.remarks
    assert "named A3, but heard as A4 (440.0 Hz)" in remark and "an octave below" in remark
    assert prepared.labels() == ["A3", "C3", "E3"]


def test_loops_are_cut_by_whole_bars_at_the_tempo_in_their_names(tmp_path: Path) -> None:
    beat = 60 / 140
    soundfile.write(tmp_path / "2bars 140bpm.wav", noise(8 * beat), RATE)
    dataset = opened(tmp_path, cut="beat", seconds=2.0)
    assert dataset.samples.shape[:3] == (2, 1, round(4 * beat * RATE))
    assert dataset.settings["tempo"] == 140


def panned_hits(count: int, rate: int, length: int) -> NDArray[np.int16]:
    """Hits [N, 1, T, 2] whose right channel is a share of the left one."""
    clips = []
    for seed in range(count):
        random = np.random.default_rng(seed)
        t = np.arange(length) / rate
        tone = np.sin(2 * np.pi * random.uniform(80, 300) * t) * np.exp(-t * random.uniform(6, 20))
        wave = tone + 0.3 * random.standard_normal(length) * np.exp(-t * 25)
        wave *= 0.8 / np.abs(wave).max()
        clips.append(np.stack([wave, random.uniform(0.2, 1) * wave], axis=1)[None])
    return to_samples(np.stack(clips))


def test_a_panned_hit_keeps_its_place_through_the_trained_decoder() -> None:
    """Every channel by itself, the decoder gives unrelated phases: correlations of about 0.7."""
    rate, length = 16_000, 4_096
    clips = panned_hits(8, rate, length)
    waves = clips[:, 0].transpose(0, 2, 1).reshape(-1, length)
    mel = LogMel.fit(waves, rate, Transform(256, 64), 40, 72.0)
    codec = AudioCodec(rate, length, mel, 8, train_vocoder(mel, waves, 12))
    decoded = codec.decode(codec.encode(torch.from_numpy(clips)))[:, 0].astype(float)
    original = clips[:, 0].astype(float)
    for made, real in zip(decoded, original, strict=True):
        assert np.corrcoef(made.T)[0, 1] >= 0.95
        sides = [wave[:, 1].std() / wave[:, 0].std() for wave in (made, real)]
        assert 20 * np.log10(sides[0] / sides[1]) == pytest.approx(0, abs=2)


@pytest.mark.parametrize("representation", ["waveform", "logmel"])
def test_generated_clips_begin_and_end_in_silence(representation: str) -> None:
    """Of 1,000 clips that are loud to their ends."""
    length = 512
    mel = LogMel(8000, Transform(128, 32), 16, 0.0, 60.0) if representation == "logmel" else None
    codec = AudioCodec(8000, length, mel, 1)
    random = torch.Generator().manual_seed(0)
    shape = codec.shape((1, length, 1))
    tensors = torch.rand(1000, *shape, generator=random) * 2 - 1
    clips = codec.finish(codec.decode(tensors))[:, 0, :, 0] / 32768
    assert np.abs(clips[:, [0, -1]]).max() < SILENT
    assert np.abs(clips[:, length // 2 - 50 : length // 2 + 50]).max(axis=1).min() > 0.01


def test_an_interpolation_of_loops_stays_on_the_grid() -> None:
    codec = kits.codec(2.0, loop=True, tempo=120)
    steps = np.stack(
        [
            to_samples(kits.loop("bass", 0)[None, :, None] * level)
            for level in np.linspace(0.4, 1, 6)
        ]
    )
    content = codec.interpolation_to_bytes([steps], ".wav")
    whole, rate = soundfile.read(BytesIO(content))
    assert len(whole) / rate == 12.0
    beats = np.abs(whole.reshape(24, -1)[:, :400]).max(axis=1)
    between = np.abs(whole.reshape(24, -1)[:, -400:]).max(axis=1)
    assert (beats > 1.3 * between).all()
    joined = joined_loops(steps[:, 0], 3200)[:, 0].astype(float)
    seams = np.abs(np.diff(np.concatenate([joined, joined[:1]])))[31_999::32_000]
    assert seams.max() <= np.abs(np.diff(joined)).max()
