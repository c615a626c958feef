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


def sound_bytes(
    clip: NDArray[np.float32] | NDArray[np.int16],
    rate: int,
    kind: str,
    bits: Literal[16, 24] = 16,
    loop: bool = False,
    root_note: int = 60,
) -> bytes:
    """Encode a clip as the content of a WAV or FLAC file.

    Args:
        clip: [T, C], T at least 1; float32 in [-1, 1], clipped and rounded to the nearest step,
            or int16.
        rate: Frames per second in Hz.
        kind: `wav` or `flac`, in any case.
        bits: Bits of a sample in the file.
        loop: Mark the whole clip as an endless forward loop for samplers (`smpl` chunk); WAV only.
        root_note: MIDI note, 0 to 127, at which a sampler plays a loop as it is; 60 is middle C.

    Raises:
        GansmithError: The kind of file is unknown, or cannot hold the clip.
    """
    kind = kind.lower()
    if kind not in _FORMATS or (loop and kind != "wav"):
        fitting = ".wav" if loop else ".wav or .flac"
        what = "a loop" if loop else "a sound"
        raise GansmithError(f"{what} cannot be written as .{kind}; its name must end in {fitting}")
    content = _encoded(_quantised(clip, bits), rate, kind.upper(), bits)
    return _with_loop(content, rate, len(clip), root_note) if loop else content


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


def joined(clips: NDArray[np.int16], overlap: int) -> NDArray[np.int16]:
    """Join clips [N, T, C] into one sound, each faded into the next at equal power.

    Where two add up to more than full scale, the whole sound becomes that much quieter.

    Args:
        clips: int16, N at least 1.
        overlap: Frames of a crossfade, less than T / 2.

    Returns:
        int16 [N * T - (N - 1) * overlap, C].
    """
    count, length, channels = clips.shape
    angle = np.linspace(0, np.pi / 2, overlap, endpoint=False)[:, None]
    whole = np.zeros((count * length - (count - 1) * overlap, channels))
    for index, clip in enumerate(to_waves(clips).astype(np.float64)):
        if index:
            clip[:overlap] *= np.sin(angle)
        if index < count - 1:
            clip[length - overlap :] *= np.cos(angle)
        start = index * (length - overlap)
        whole[start : start + length] += clip
    return to_samples(within_full_scale(whole))


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


def _with_loop(riff: bytes, rate: int, frames: int, root_note: int) -> bytes:
    """Append a `smpl` chunk with one loop over all frames and mend the size in the head."""
    period = round(1e9 / rate)
    sampler = struct.pack("<9I", 0, 0, period, root_note, 0, 0, 0, 1, 0)
    whole = struct.pack("<6I", 0, _FORWARD, 0, frames - 1, 0, _ENDLESS)
    chunk = b"smpl" + struct.pack("<I", len(sampler + whole)) + sampler + whole
    size = len(riff) + len(chunk) - _RIFF_HEAD
    return riff[:4] + struct.pack("<I", size) + riff[_RIFF_HEAD:] + chunk
