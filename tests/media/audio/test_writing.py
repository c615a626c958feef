from __future__ import annotations

import struct
import wave
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile

from gansmith.errors import GansmithError
from gansmith.media.audio.writing import joined, preview_bytes, sound_bytes

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.uniform(-1, 1, (1001, 2)).astype(np.float32)


def chunks(content: bytes) -> dict[bytes, bytes]:
    assert content[:4] == b"RIFF" and content[8:12] == b"WAVE"
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    found, at = {}, 12
    while at < len(content):
        name, size = struct.unpack("<4sI", content[at : at + 8])
        found[name] = content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert at == len(content)
    return found


@pytest.mark.parametrize("name", ["a.wav", "a.FLAC"])
@pytest.mark.parametrize("bits", [16, 24])
def test_files_hold_the_nearest_steps(tmp_path: Path, name: str, bits: Literal[16, 24]) -> None:
    (tmp_path / name).write_bytes(sound_bytes(NOISE, 22050, name[2:], bits))
    read, rate = soundfile.read(tmp_path / name, dtype="float64")
    info = soundfile.info(tmp_path / name)
    assert (rate, info.subtype, info.format) == (22050, f"PCM_{bits}", name[2:].upper())
    assert abs(read - NOISE).max() <= 0.5 / 2 ** (bits - 1)


def test_what_was_read_is_written_back_bit_by_bit(tmp_path: Path) -> None:
    values = RANDOM.integers(-32768, 32768, (500, 1)).astype(np.int16)
    for number, clip in enumerate((values, (values / 32768).astype(np.float32))):
        for bits in (16, 24):
            path = tmp_path / f"{number}-{bits}.wav"
            path.write_bytes(sound_bytes(clip, 8000, "wav", bits))  # type: ignore[arg-type]
            assert np.array_equal(soundfile.read(path, dtype="int16")[0], values[:, 0])


def test_the_wave_module_reads_the_files(tmp_path: Path) -> None:
    content = sound_bytes(np.float32([[0.5, -0.5], [1, -1], [2, -2]]), 44100, "wav")
    (tmp_path / "a.wav").write_bytes(content)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getparams()[:4] == (2, 2, 44100, 3)
        values = np.frombuffer(file.readframes(3), "<i2").reshape(3, 2)
    assert values.tolist() == [[16384, -16384], [32767, -32768], [32767, -32768]]


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("frames", [1000, 1001])
def test_a_loop_is_marked_for_samplers(tmp_path: Path, bits: Literal[16, 24], frames: int) -> None:
    clip = NOISE[:frames, :1]
    content = sound_bytes(clip, 44100, "wav", bits, loop=True, root_note=48)
    (tmp_path / "a.wav").write_bytes(content)
    found = chunks(content)
    assert list(found) == [b"fmt ", b"data", b"smpl"]
    assert len(found[b"data"]) == frames * bits // 8
    head = struct.unpack("<9I", found[b"smpl"][:36])
    assert head == (0, 0, 22676, 48, 0, 0, 0, 1, 0)  # 1e9 / 44100 ns, note, one loop
    loop = struct.unpack("<6I", found[b"smpl"][36:])
    assert loop == (0, 0, 0, frames - 1, 0, 0)
    read = soundfile.read(tmp_path / "a.wav", dtype="float32", always_2d=True)[0]
    assert abs(read - clip).max() <= 2.0**-bits


def test_without_a_loop_there_is_no_mark() -> None:
    assert list(chunks(sound_bytes(NOISE, 44100, "wav"))) == [b"fmt ", b"data"]


def test_other_suffixes_are_refused() -> None:
    with pytest.raises(
        GansmithError, match=r"a sound .* \.mp3; its name must end in \.wav or \.flac"
    ):
        sound_bytes(NOISE, 44100, "mp3")
    with pytest.raises(GansmithError, match=r"a loop .* \.flac; its name must end in \.wav$"):
        sound_bytes(NOISE, 44100, "flac", loop=True)


def test_what_a_format_cannot_hold_is_refused() -> None:
    with pytest.raises(GansmithError, match="FLAC takes no 9 channels at 44100 Hz"):
        sound_bytes(np.zeros((10, 9), np.float32), 44100, "flac")


def test_a_preview_holds_all_clips_and_says_where() -> None:
    clips = [NOISE[:441], NOISE[:882], NOISE[:100]]
    sound, labels = preview_bytes(clips, 44100, ["a", "b\tb", "c d"], "flac", gap=0.01)
    read = soundfile.read(BytesIO(sound), dtype="float32")[0]
    assert len(read) == 441 + 882 + 100 + 2 * 441
    text = labels.decode()
    assert text == ("0.000000\t0.010000\ta\n0.020000\t0.040000\tb b\n0.050000\t0.052268\tc d\n")
    heard = np.zeros(len(read), bool)
    for line, clip in zip(text.splitlines(), clips, strict=True):
        begin, end = (round(float(value) * 44100) for value in line.split("\t")[:2])
        assert abs(read[begin:end] - clip).max() < 1e-4
        heard[begin:end] = True
    assert not read[~heard].any()


def test_a_preview_of_whole_numbers() -> None:
    clip = RANDOM.integers(-32768, 32768, (50, 1)).astype(np.int16)
    sound, _ = preview_bytes([clip], 8000, ["only"])
    assert np.array_equal(soundfile.read(BytesIO(sound), dtype="int16")[0], clip[:, 0])


def test_joined_clips_beyond_full_scale_are_made_quieter_and_not_cut() -> None:
    wave = np.full(1000, 30_000, np.int16)
    whole = joined(np.stack([wave, wave, wave])[:, :, None], 100)
    assert whole.shape == (2800, 1)
    assert whole.max() == 32767 and np.sum(whole > 32760) < 20
    assert whole[0] == pytest.approx(30_000 / 2**0.5 / 30_000 * 32768, abs=2)
    alone = joined(wave[None, :, None], 100)
    assert np.array_equal(alone[:, 0], wave)
