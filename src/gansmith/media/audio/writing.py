"""Encoding of sound files: single clips, loops for samplers, and a preview of many clips."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.audio.loudness import within_full_scale
from gansmith.media.audio.samples import to_samples, to_waves

_FORMATS = ("wav", "flac")
_RIFF_HEAD = 8
_FORWARD, _ENDLESS = 0, 0
_STRETCH, _ACID_FIXED = 4, 0x8000
MIDDLE_C = 60


def sound_bytes(
    clip: NDArray[np.float32] | NDArray[np.int16],
    rate: int,
    kind: str,
    bits: Literal[16, 24] = 16,
    loop: Literal[True] | tuple[int, int] | None = None,
    root_note: int = MIDDLE_C,
    tempo: float | None = None,
    meter: int = 4,
) -> bytes:
    """Encode a clip as the content of a WAV or FLAC file.

    Args:
        clip: [T, C], T at least 1; float32 in [-1, 1], clipped and rounded to the nearest step,
            or int16.
        rate: Sampling rate in Hz.
        kind: `wav` or `flac`, in any case.
        bits: Bits of a sample in the file.
        loop: First frame of an endless forward loop and the frame after its last, or True for the
            whole clip; written for samplers as a `smpl` chunk. WAV only.
        root_note: MIDI note, 0 to 127, at which a sampler plays a loop at its own pitch.
        tempo: Beats per minute of a loop, written as an `acid` chunk. WAV only.
        meter: Beats per bar, beside the tempo.

    Raises:
        GansmithError: The kind of file is unknown, or cannot hold the clip.
    """
    kind = kind.lower()
    if kind not in _FORMATS or ((loop or tempo) and kind != "wav"):
        fitting = ".wav" if loop else ".wav or .flac"
        what = "a loop" if loop else "a sound"
        raise GansmithError(f"{what} cannot be written as .{kind}; its name must end in {fitting}")
    content = _encoded(_quantised(clip, bits), rate, kind.upper(), bits)
    if loop:
        first, end = (0, len(clip)) if loop is True else loop
        content = _with_chunk(content, b"smpl", _sampler_chunk(rate, first, end, root_note))
    if tempo:
        beats = round(len(clip) / rate * tempo / 60)
        acid = (_STRETCH, root_note, _ACID_FIXED, 0.0, beats, 4, meter, tempo)
        content = _with_chunk(content, b"acid", struct.pack("<IHHfIHHf", *acid))
    return content


def preview_bytes(
    clips: Sequence[NDArray[Any]],
    rate: int,
    names: Sequence[str],
    kind: str = "wav",
    gap: float = 0.25,
) -> tuple[bytes, bytes]:
    """Encode clips behind each other as one sound file, and a file of where each one is.

    Args:
        clips: N arrays [T, C] as for :func:`sound_bytes`, all of one type and number of channels.
        rate: Frames per second in Hz.
        names: N names.
        kind: `wav` or `flac`.
        gap: Seconds of silence between two clips.

    Returns:
        Content of the sound file, and of a label track for Audacity: per line start, end (in
        seconds) and name, with tabs between.

    Raises:
        GansmithError: As for :func:`sound_bytes`.
    """
    silence = np.zeros_like(clips[0], shape=(round(gap * rate), clips[0].shape[1]))
    pieces, lines, start = [], [], 0
    for clip, name in zip(clips, names, strict=True):
        end = start + len(clip)
        lines.append(f"{start / rate:.6f}\t{end / rate:.6f}\t{' '.join(name.split())}\n")
        pieces += [clip, silence]
        start = end + len(silence)
    return sound_bytes(np.concatenate(pieces[:-1]), rate, kind), "".join(lines).encode()


def joined(clips: NDArray[Any], overlap: int) -> NDArray[Any]:
    """Join clips [N, T, C] into one sound, each faded into the next at equal power.

    If two add up to more than full scale, the whole sound is scaled down.

    Args:
        clips: int16 or float32, N at least 1.
        overlap: Frames of a crossfade, less than T / 2.

    Returns:
        [N * T - (N - 1) * overlap, C] of the same type.
    """
    count, length, channels = clips.shape
    angle = np.linspace(0, np.pi / 2, overlap, endpoint=False)[:, None]
    whole: NDArray[Any] = np.zeros((count * length - (count - 1) * overlap, channels))
    for index, clip in enumerate(to_waves(clips).astype(np.float64)):
        if index:
            clip[:overlap] *= np.sin(angle)
        if index < count - 1:
            clip[length - overlap :] *= np.cos(angle)
        start = index * (length - overlap)
        whole[start : start + length] += clip
    return _of_type(within_full_scale(whole), clips)


def joined_loops(clips: NDArray[Any], overlap: int) -> NDArray[Any]:
    """Join loops [N, T, C] into one loop of N times their length.

    Each begins on its beat. Over the crossfade, the one before continues with its own beginning;
    before the first comes the last.

    Args:
        clips: int16 or float32, N at least 1.
        overlap: Frames of a crossfade, at most T.

    Returns:
        [N * T, C] of the same type.
    """
    angle = np.linspace(0, np.pi / 2, overlap, endpoint=False)[:, None]
    waves: NDArray[Any] = to_waves(clips).astype(np.float64)
    heads = waves[:, :overlap].copy()
    if len(clips) > 1:
        rise = np.sin(angle) ** 2  # neighbours are alike: equal gain, not equal power
        waves[:, :overlap] = heads * rise + np.roll(heads, 1, axis=0) * (1 - rise)
    whole: NDArray[Any] = waves.reshape(-1, clips.shape[2])
    return _of_type(within_full_scale(whole), clips)


def _of_type(waves: NDArray[Any], clips: NDArray[Any]) -> NDArray[Any]:
    return waves.astype(np.float32) if clips.dtype.kind == "f" else to_samples(waves)


def _quantised(
    clip: NDArray[np.float32] | NDArray[np.int16], bits: int
) -> NDArray[np.int16] | NDArray[np.int32]:
    """Whole numbers for libsndfile, whose own rounding maps 1 to one step less than reading does.

    24 bits stand in the upper part of 32.
    """
    if clip.dtype == np.int16:
        return clip.astype(np.int16)
    top = 1 << (bits - 1)
    steps = np.clip(np.rint(clip.astype(np.float64) * top), -top, top - 1)
    return steps.astype(np.int16) if bits == 16 else steps.astype(np.int32) << 8


def _encoded(samples: NDArray[Any], rate: int, format_: str, bits: int) -> bytes:
    buffer = BytesIO()
    try:
        soundfile.write(buffer, samples, rate, format=format_, subtype=f"PCM_{bits}")
    except soundfile.LibsndfileError as error:
        channels = samples.shape[1]
        raise GansmithError(
            f"{format_} takes no {channels} channels at {rate} Hz; choose fewer channels, a lower "
            f"rate, or .wav"
        ) from error
    return buffer.getvalue()


def _sampler_chunk(rate: int, first: int, end: int, root_note: int) -> bytes:
    """Return a `smpl` chunk with one loop over the frames from `first` to before `end`."""
    period = round(1e9 / rate)
    sampler = struct.pack("<9I", 0, 0, period, root_note, 0, 0, 0, 1, 0)
    return sampler + struct.pack("<6I", 0, _FORWARD, first, end - 1, 0, _ENDLESS)


def _with_chunk(riff: bytes, name: bytes, content: bytes) -> bytes:
    """Append a chunk of an even length, and correct the size in the header."""
    chunk = name + struct.pack("<I", len(content)) + content
    size = len(riff) + len(chunk) - _RIFF_HEAD
    return riff[:4] + struct.pack("<I", size) + riff[_RIFF_HEAD:] + chunk
