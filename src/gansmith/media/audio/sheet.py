"""Pictures of sounds: waveform above, spectrogram below, one cell a clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gansmith.drawing.contact_sheet import WIDEST, contact_sheet
from gansmith.media.audio.logmel import LogMel
from gansmith.media.audio.samples import to_mono
from gansmith.media.audio.stft import Transform

MELS, FRAMES, STRIP = 80, 128, 20
SPAN, SILENCE = 70.0, -100.0
COLOURS = np.array(
    [(0, 0, 4), (59, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191)],
    np.float64,
)
"""Dark to bright, even in lightness (after matplotlib's magma)."""
PAPER, INK = (13, 10, 30), (120, 200, 255)


def sound_sheet(
    samples: NDArray[np.int16],
    rate: int,
    *,
    columns: int | None = None,
    captions: Sequence[str] | None = None,
    row_names: Sequence[str] | None = None,
    widest: int = WIDEST,
) -> Image.Image:
    """Lay clips out in rows, each as its waveform above its spectrogram.

    Levels are those of the loudest clip and 70 dB below; low pitch is at the bottom.

    Args:
        samples: int16 [N, 1, T, C]; channels are mixed.
        rate: In Hz.
        columns: Clips a row; chosen if left out.
        captions: N short texts.
        row_names: One short text per row.
        widest: Pixels from left to right.
    """
    waves = to_mono(samples)
    cells = np.concatenate([_strips(waves), _spectrograms(waves, rate)], axis=1)
    return contact_sheet(
        cells, columns=columns, captions=captions, row_names=row_names, widest=widest
    )


def _spectrograms(waves: NDArray[np.float32], rate: int) -> NDArray[np.uint8]:
    """uint8 [N, MELS, FRAMES, 3] of waves [N, T]."""
    hop = max(1, waves.shape[1] // FRAMES)
    fft = max(128, 1 << round(np.log2(0.05 * rate)))
    windows = torch.from_numpy(waves)
    mel = LogMel(rate, Transform(fft, hop), MELS, top=0.0, span=SPAN)
    levels = torch.cat([mel.levels(part) for part in torch.split(windows, 256)])[:, :, :FRAMES]
    shown = ((levels - levels.max().clamp(min=SILENCE)) / SPAN + 1).clamp(0, 1).flip(1).numpy()
    place = shown * (len(COLOURS) - 1)
    low = np.minimum(place.astype(np.int64), len(COLOURS) - 2)
    share = (place - low)[..., None]
    pixels: NDArray[np.uint8] = np.rint(
        COLOURS[low] * (1 - share) + COLOURS[low + 1] * share
    ).astype(np.uint8)
    return pixels


def _strips(waves: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw waveforms as pictures uint8 [N, STRIP, FRAMES, 3]."""
    hop = max(1, waves.shape[1] // FRAMES)
    parts = waves[:, : hop * FRAMES].reshape(len(waves), -1, hop)
    scale = (STRIP / 2 - 1) / max(1e-3, float(np.abs(waves).max(initial=0)))
    low, high = (parts.min(2) * scale, parts.max(2) * scale)
    rows = (STRIP - 1) / 2 - np.arange(STRIP)[None, :, None]
    inked = (rows >= low[:, None] - 0.5) & (rows <= high[:, None] + 0.5)
    return np.where(inked[..., None], np.array(INK, np.uint8), np.array(PAPER, np.uint8))
