from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gansmith.media.audio.file_facts import NotASound, UnreadableSound, examine, read_clip

NOISE = np.random.default_rng(0).uniform(-0.6, 0.6, (30000, 2)).astype(np.float32)


def write(path: Path, samples: NDArray[np.float32], rate: int = 44100, **options: object) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.au", "a.ogg", "a.raw", "a"])
def test_other_content_is_no_sound(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a list of sounds\n" * 100)
    with pytest.raises(NotASound, match=r"^holds no sound, despite its name$"):
        examine(tmp_path / name)


def test_content_that_begins_like_sound_is_no_sound(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", 90) + b"WEBPVP8 " + bytes(82))
    (tmp_path / "b.txt").write_text("sound " * 500, encoding="utf-16")
    for name in ("a.wav", "b.txt"):
        with pytest.raises(NotASound, match="holds no sound"):
            examine(tmp_path / name)


def test_files_without_samples(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(NotASound, match=r"^is empty \(0 bytes\)$"):
        examine(tmp_path / "a.wav")
    path = write(tmp_path / "b.wav", np.zeros((0, 1), np.float32))
    with pytest.raises(UnreadableSound, match=r"^holds no samples$"):
        examine(path)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSound, match="No such file"):
        read_clip(tmp_path / "a.wav", 0, 1, 8000, 1)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.opus", "a.aiff", "a.caf", "a.au"])
@pytest.mark.parametrize("share", [0.01, 0.6, 0.99])
def test_files_that_are_cut_off_are_refused(tmp_path: Path, name: str, share: float) -> None:
    opus = {"format": "OGG", "subtype": "OPUS"} if name == "a.opus" else {}
    path = write(tmp_path / name, np.tile(NOISE, (5, 1)), 48000, **opus)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableSound) as error:
        examine(path)
    message = str(error.value)
    assert len(message.split()) >= 2 and "\n" not in message and str(tmp_path) not in message


def test_an_mp3_that_is_cut_off_is_what_it_still_holds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp3", np.resize(NOISE, (192000, 2)), 48000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    facts = examine(path)
    assert 1.8 < facts.frames / 48000 < 2.1
    assert not read_clip(path, 2.5, 0.5, 48000, 1).any()


def test_ogg_files_with_something_behind_them_are_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ogg", NOISE)
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    assert examine(path).frames == len(NOISE)


def test_a_wav_file_from_a_pipe_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", NOISE)
    content = bytearray(path.read_bytes())
    at = content.index(b"data")
    content[4:8] = content[at + 4 : at + 8] = b"\xff" * 4
    path.write_bytes(content)
    assert examine(path).frames == len(NOISE)
