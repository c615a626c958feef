from __future__ import annotations

import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from gansmith.media.audio.file_facts import SUFFIXES, UnreadableSound, examine, read_clip

RANDOM = np.random.default_rng(0)
NOISE = (RANDOM.integers(-20000, 20000, (30000, 2)) / 32768).astype(np.float32)


def sine(frequency: float, rate: int, seconds: float, level: float = 0.5) -> NDArray[np.float32]:
    time = np.arange(round(rate * seconds)) / rate
    return (level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[:, None]


def write(path: Path, samples: NDArray[np.float32], rate: int = 44100, **options: object) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


@pytest.mark.parametrize(
    ("name", "format_", "subtype"),
    [
        ("a.wav", "WAV", "PCM_16"),
        ("a.flac", "FLAC", "PCM_16"),
        ("a.aiff", "AIFF", "PCM_24"),
        ("a.caf", "CAF", "PCM_16"),
        ("a.au", "AU", "PCM_16"),
    ],
)
def test_lossless_formats_are_read_exactly(
    tmp_path: Path, name: str, format_: str, subtype: str
) -> None:
    path = write(tmp_path / name, NOISE, subtype=subtype)
    facts = examine(path)
    assert (facts.format, facts.subtype) == (format_, subtype)
    assert (facts.rate, facts.channels, facts.frames) == (44100, 2, 30000)
    clip = read_clip(path, 0, 30000 / 44100, 44100, 2)
    assert clip.dtype == np.float32
    assert np.array_equal(clip, soundfile.read(path, dtype="float32")[0])
    assert abs(clip - NOISE).max() <= 2**-15


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp3", {"format": "MP3"}),
        ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
    ],
)
def test_lossy_formats_are_read_closely_and_cut_exactly(
    tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    tone = np.repeat(sine(440, 48000, 4), 2, axis=1) + NOISE[:1] * 0
    path = write(tmp_path / name, tone + 0.1 * np.resize(NOISE, tone.shape), 48000, **options)
    facts = examine(path)
    assert facts.format == options["format"] and path.suffix in SUFFIXES
    assert abs(facts.frames - len(tone)) < 3000
    whole = np.clip(soundfile.read(path, dtype="float32")[0], -1, 1)
    assert np.corrcoef(whole[: len(tone), 0], tone[: len(whole), 0])[0, 1] > 0.95
    for start in (0.5, 1.25, 3.75):
        at = round(start * 48000)
        there = read_clip(path, start, 0.2, 48000, 2)
        assert np.array_equal(there, whole[at : at + 9600])


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    write(tmp_path / "a.mp3", NOISE, format="WAV")
    assert examine(tmp_path / "a.mp3").format == "WAV"


def test_eight_bit_telephone_sound_against_the_wave_module(tmp_path: Path) -> None:
    values = RANDOM.integers(0, 256, 4000, np.uint8)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(values.tobytes())
    facts = examine(tmp_path / "a.wav")
    assert (facts.subtype, facts.rate, facts.channels) == ("PCM_U8", 8000, 1)
    clip = read_clip(tmp_path / "a.wav", 0, 0.5, 8000, 1)
    assert np.array_equal(clip[:, 0], (values.astype(np.float32) - 128) / 128)


def test_24_bit_surround(tmp_path: Path) -> None:
    tones = np.concatenate([sine(200 * (n + 1), 96000, 0.6, 0.1 * n) for n in range(6)], axis=1)
    path = write(tmp_path / "a.wav", tones, 96000, subtype="PCM_24")
    facts = examine(path)
    assert (facts.subtype, facts.rate, facts.channels) == ("PCM_24", 96000, 6)
    assert facts.peak == pytest.approx(0.5, abs=1e-3)
    # Left, right, centre and the two surrounds count; the subwoofer in between does not.
    meter = pyloudnorm.Meter(96000)
    expected = meter.integrated_loudness(tones[:, [0, 1, 2, 4, 5]].astype(float))
    assert facts.loudness == pytest.approx(expected, abs=0.01)
    mono = read_clip(path, 0, 0.5, 96000, 1)
    assert abs(mono[:, 0] - tones[:48000].mean(axis=1)).max() < 1e-6


def test_ten_milliseconds(tmp_path: Path) -> None:
    tone = sine(1000, 44100, 0.01)
    facts = examine(write(tmp_path / "a.wav", tone, subtype="FLOAT"))
    assert facts.frames == 441 and not facts.silent
    assert facts.loudness == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)


def test_silence_has_no_loudness(tmp_path: Path) -> None:
    facts = examine(write(tmp_path / "a.wav", np.zeros((44100, 1), np.float32)))
    assert facts.silent and facts.loudness is None and facts.peak == facts.rms == 0
    hush = examine(write(tmp_path / "b.wav", sine(440, 44100, 1, 0.0009)))
    assert hush.silent and hush.loudness is None
    assert not examine(write(tmp_path / "c.wav", sine(440, 44100, 1, 0.0011))).silent


def test_levels_against_plain_formulas(tmp_path: Path) -> None:
    samples = NOISE * np.float32([1, 0.5]) + np.float32([0.01, -0.2])
    facts = examine(write(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert facts.peak == np.abs(samples).max()
    assert facts.rms == pytest.approx(np.sqrt(np.mean(samples.astype(float) ** 2)))
    assert facts.dc == pytest.approx(abs(samples.astype(float).mean(axis=0)).max())
    expected = pyloudnorm.Meter(44100).integrated_loudness(samples.astype(float))
    assert facts.loudness == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
def test_clipping_counts_runs_of_three(tmp_path: Path, subtype: str) -> None:
    samples = np.tile(np.float32([0.1, -0.1]), (200000, 1))
    for begin, length, channel, value in (
        (10, 2, 0, 1.0),  # too short
        (50, 3, 0, 1.0),
        (100, 7, 1, -1.0),
        (32766, 5, 0, 1.0),  # over the border of two blocks
        (65533, 3, 1, -1.0),  # up to it
        (98304, 4, 0, 1.0),  # from it on
        (131072 - 1, 2, 0, 1.0),
    ):
        samples[begin : begin + length, channel] = value
    facts = examine(write(tmp_path / "a.wav", samples, subtype=subtype))
    assert facts.clipped == (3 + 7 + 5 + 3 + 4) / samples.size


def test_float_values_beyond_full_scale_are_allowed_and_clipped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(440, 44100, 1, 2), subtype="FLOAT")
    facts = examine(path)
    assert facts.peak == pytest.approx(2, abs=1e-3) and 0.5 < facts.clipped < 0.7
    clip = read_clip(path, 0, 1, 44100, 1)
    assert clip.max() == 1 and clip.min() == -1


def test_huge_float_values_have_facts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(440, 44100, 1, 1e30), subtype="FLOAT")
    assert examine(path).loudness == pytest.approx(600 - 3.01, abs=0.01)


def test_the_digest_is_that_of_the_sound(tmp_path: Path) -> None:
    wav = examine(write(tmp_path / "a.wav", NOISE)).digest
    assert examine(write(tmp_path / "a.flac", NOISE, subtype="PCM_24")).digest == wav
    assert examine(write(tmp_path / "a.aiff", NOISE, subtype="FLOAT")).digest == wav
    other = {
        examine(write(tmp_path / "b.wav", NOISE, 22050)).digest,
        examine(write(tmp_path / "c.wav", NOISE[:-1])).digest,
        examine(write(tmp_path / "d.wav", NOISE.reshape(-1, 1))).digest,
        examine(write(tmp_path / "e.wav", -NOISE)).digest,
    }
    assert len(other) == 4 and wav not in other


def test_minus_zero_is_zero(tmp_path: Path) -> None:
    sound = sine(440, 44100, 0.1)
    sound[:50] = 0
    plain = examine(write(tmp_path / "a.wav", sound, subtype="FLOAT"))
    sound[:50] = -0.0
    assert examine(write(tmp_path / "b.wav", sound, subtype="FLOAT")).digest == plain.digest


@pytest.mark.parametrize(("value", "kind"), [(np.nan, "NaN"), (-np.inf, "infinite")])
def test_values_that_are_not_numbers_are_refused(tmp_path: Path, value: float, kind: str) -> None:
    samples = np.tile(sine(440, 44100, 1), (3, 2))
    samples[110250, 1] = value
    path = write(tmp_path / "a.wav", samples, subtype="FLOAT")
    with pytest.raises(
        UnreadableSound, match=rf"^has values that are not numbers \({kind}\) from second 2\.50 on$"
    ):
        examine(path)


def test_a_long_file_needs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16") as file:
        for _ in range(60):
            file.write(sine(440, 8000, 10))
    tracemalloc.start()
    facts = examine(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    read_clip(path, 300, 0.5, 16000, 1)
    clip_peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert facts.frames == 4_800_000
    assert peak < 12 * 2**20 and clip_peak < 2**20  # the samples alone are 18 MiB


@pytest.mark.parametrize(
    ("own", "rate"),
    [(44100, 16000), (16000, 44100), (48000, 44100), (96000, 8000), (8000, 48000), (44100, 44101)],
)
def test_a_resampled_sine_is_the_sine(tmp_path: Path, own: int, rate: int) -> None:
    path = write(tmp_path / "a.wav", sine(1000, own, 2), own, subtype="FLOAT")
    clip = read_clip(path, 0.5, 0.75, rate, 1)
    assert clip.shape == (round(0.75 * rate), 1) and clip.dtype == np.float32
    # The clip begins at a full period, and its cuts lie within the sine: no edges to leave out.
    error = clip - sine(1000, rate, 0.75)
    assert 20 * np.log10(np.std(clip) / np.std(error)) > 80


def test_a_clip_is_a_part_of_the_resampled_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", NOISE, 48000, subtype="FLOAT")
    whole = soxr.resample(NOISE, 48000, 32000, quality="HQ")
    for start in (0.0, 0.003, 0.25, 0.5):
        at = round(start * 32000)
        clip = read_clip(path, start, 0.125, 32000, 2)
        expected = np.zeros((4000, 2), np.float32)
        there = whole[at : at + 4000]
        expected[: len(there)] = there
        assert abs(clip - expected).max() < 1e-5


def test_too_high_pitch_is_filtered_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(6000, 44100, 1), subtype="FLOAT")
    assert abs(read_clip(path, 0.2, 0.5, 8000, 1)).max() < 1e-4


def test_beyond_the_end_is_silence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", NOISE, 30000)
    clip = read_clip(path, 0.75, 1, 30000, 2)
    assert np.array_equal(clip[:7500], soundfile.read(path, dtype="float32")[0][22500:])
    assert clip.shape == (30000, 2) and not clip[7500:].any()
    assert not read_clip(path, 5, 1, 30000, 2).any()
    assert not read_clip(path, 5, 1, 8000, 2).any()


def test_channels_are_mixed_down_or_repeated(tmp_path: Path) -> None:
    stereo = write(tmp_path / "a.wav", NOISE, subtype="FLOAT")
    mono = read_clip(stereo, 0, 0.5, 44100, 1)
    assert np.allclose(mono[:, 0], NOISE[:22050].mean(axis=1), atol=1e-7)
    single = write(tmp_path / "b.wav", NOISE[:, :1], subtype="FLOAT")
    wide = read_clip(single, 0, 0.5, 44100, 2)
    assert np.array_equal(wide, np.repeat(NOISE[:22050, :1], 2, axis=1))
