"""Reading sound files: facts of whole files, and single clips at a given rate."""

from __future__ import annotations

import hashlib
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from gansmith.media.audio.decoding import (
    SUFFIXES,
    NotASound,
    UnreadableSound,
    blocks,
    open_audio,
    require_whole,
    seek,
)
from gansmith.media.audio.loudness import SILENCE, loudness

__all__ = [
    "SUFFIXES",
    "NotASound",
    "SoundFacts",
    "UnreadableSound",
    "examine",
    "printable",
    "read_clip",
]

_RUN = 3
_LOUDNESS_SECONDS = 60
_MARGIN = 256


@dataclass(frozen=True)
class SoundFacts:
    """Facts of a sound file, for preparation, split and inspection.

    Attributes:
        format: Format of the file as libsndfile names it ("WAV", "FLAC", ...).
        subtype: Coding of the samples ("PCM_16", "FLOAT", "VORBIS", ...).
        rate: Frames per second in Hz.
        channels: Number of channels.
        frames: Number of frames: samples of one channel.
        peak: Largest absolute value; full scale is 1, float files may go beyond.
        rms: Root mean square over all channels; full scale is 1.
        dc: Largest absolute mean of a channel; full scale is 1.
        clipped: Share of the samples, 0 to 1, at or beyond full scale in runs of 3 and more.
        silent: The peak is below -60 dBFS.
        loudness: LUFS of the first 60 s, by `gansmith.media.audio.loudness.loudness`; None if
            silent.
        digest: Hex digest of rate, shape and samples; equal for equal sound in whatever lossless
            file.
    """

    format: str
    subtype: str
    rate: int
    channels: int
    frames: int
    peak: float
    rms: float
    dc: float
    clipped: float
    silent: bool
    loudness: float | None
    digest: str


def examine(path: Path) -> SoundFacts:
    """Return the facts of a sound file.

    The file is decoded block by block; only the first 60 s, for their loudness, are held at once.

    Raises:
        NotASound: The file is no sound.
        UnreadableSound: It is damaged, cut off, without samples, or has values that are not
            finite.
    """
    with open_audio(path) as file:
        sums = _Sums(file.channels, _full_scale(file.subtype))
        for block in blocks(file):
            _require_finite(block, sums.frames, file.samplerate)
            sums.add(block)
        require_whole(file, sums.frames)
        if not sums.frames:
            raise UnreadableSound("holds no samples")
        silent = sums.peak < SILENCE
        return SoundFacts(
            format=file.format,
            subtype=file.subtype,
            rate=file.samplerate,
            channels=file.channels,
            frames=sums.frames,
            peak=sums.peak,
            rms=math.sqrt(sums.squares / (sums.frames * file.channels)),
            dc=float(np.abs(sums.values).max()) / sums.frames,
            clipped=sums.clipped / (sums.frames * file.channels),
            silent=silent,
            loudness=None if silent else _loudness(file),
            digest=sums.digest(file.samplerate),
        )


def read_clip(
    path: Path, start: float, seconds: float, rate: int, channels: int, peak: float = 1.0
) -> NDArray[np.float32]:
    """Read one clip, resampled and mixed; only its part of the file is kept.

    The clip begins at the frame of the file nearest to `start`. If the rate differs from that of
    the file, the sound around the clip is read too, so that its ends are those of the resampled
    file. If the number of channels differs, every channel is the mean of those of the file. Beyond
    the file is silence. A file with values beyond full scale (32-bit float) is scaled as a whole
    to full scale; anything that then exceeds [-1, 1] is clipped.

    Args:
        path: The sound file.
        start: Second of the file at which the clip begins.
        seconds: Length of the clip.
        rate: Sampling rate of the result in Hz.
        channels: Channels of the result.
        peak: Largest absolute value of the file; values are divided by it if it is above 1.

    Returns:
        float32 [round(seconds * rate), channels] in [-1, 1].

    Raises:
        NotASound: The file is no sound.
        UnreadableSound: It is damaged.
    """
    frames = round(seconds * rate)
    with open_audio(path) as file:
        own = file.samplerate
        before, after = _margins(own, rate)
        first = round(start * own) - before
        part = _part(file, first, math.ceil(frames * own / rate) + 2 * before)
    if peak > 1:
        part /= np.float32(peak)
    if part.shape[1] != channels:
        part = np.repeat(part.mean(axis=1, keepdims=True), channels, axis=1)
    if own != rate:
        part = soxr.resample(part, own, rate, quality="HQ")[after : after + frames]
    return np.clip(part, -1, 1)


def printable(name: str) -> str:
    """Return the name of a file for messages; bytes that are not UTF-8 are shown as U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")


class _Sums:
    """Running sums over the blocks of a sound."""

    def __init__(self, channels: int, full_scale: float) -> None:
        self.frames = 0
        self.peak = 0.0
        self.squares = 0.0
        self.values = np.zeros(channels)
        self.clipped = 0
        self._full_scale = full_scale
        self._tail = np.zeros((_RUN, channels), np.bool_)
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, block: NDArray[np.float32]) -> None:
        size = np.abs(block)
        self.frames += len(block)
        self.peak = max(self.peak, float(size.max()))
        self.squares += float(np.square(block, dtype=np.float64).sum())
        self.values += block.sum(axis=0, dtype=np.float64)
        self.clipped += self._newly_clipped(size >= self._full_scale)
        # Adding 0 turns -0 into 0, which only float files tell apart.
        self._hash.update((block + np.float32(0)).astype("<f4").tobytes())

    def digest(self, rate: int) -> str:
        whole = self._hash.copy()
        whole.update(repr((rate, self.frames, len(self.values))).encode())
        return whole.hexdigest()

    def _newly_clipped(self, full: NDArray[np.bool_]) -> int:
        """Samples of all runs whose third sample has come with this block, or that go on in it."""
        flags = np.concatenate([self._tail, full])
        self._tail = flags[-_RUN:]
        ends = flags[2:] & flags[1:-1] & flags[:-2]
        begins = ends[1:] & ~ends[:-1]
        return int(ends[1:].sum()) + (_RUN - 1) * int(begins.sum())


def _full_scale(subtype: str) -> float:
    """The largest positive value: one step below 1 for whole numbers."""
    bits = re.fullmatch(r"(?:PCM|ALAC)_[SU]?(\d+)", subtype)
    return 1 - 2 ** (1 - int(bits[1])) if bits else 1.0


def _require_finite(block: NDArray[np.float32], before: int, rate: int) -> None:
    good = np.isfinite(block).all(axis=1)
    if not good.all():
        frame = int(np.argmin(good))
        kind = "NaN" if np.isnan(block[frame]).any() else "infinite"
        second = (before + frame) / rate
        raise UnreadableSound(
            f"has values that are not numbers ({kind}) from second {second:.2f} on"
        )


def _loudness(file: soundfile.SoundFile) -> float | None:
    file.seek(0)
    head = file.read(_LOUDNESS_SECONDS * file.samplerate, dtype="float32", always_2d=True)
    return loudness(head, file.samplerate)


def _margins(own: int, rate: int) -> tuple[int, int]:
    """Frames to read before and after a clip: at the rate of the file, and at the rate wanted.

    Both last equally long and longer than the filter, whose length goes by the lower rate.
    """
    if own == rate:
        return 0, 0
    common = math.gcd(own, rate)
    steps = math.ceil(_MARGIN * common / min(own, rate))
    return steps * own // common, steps * rate // common


def _part(file: soundfile.SoundFile, first: int, count: int) -> NDArray[np.float32]:
    """Frames `first` to `first + count` as float32 [count, C], 0 outside of the file."""
    part = np.zeros((count, file.channels), np.float32)
    begin, end = max(first, 0), min(first + count, file.frames)
    if begin < end:
        seek(file, begin)
        there = file.read(end - begin, dtype="float32", always_2d=True)
        part[begin - first : begin - first + len(there)] = there
    return part
