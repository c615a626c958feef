"""Palettes: the colours that pictures are made of, learnt and applied."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

_VISIBLE = 128
"""Least alpha of a pixel whose colour counts."""
_MOST_COUNTED = 1 << 18
"""Different colours up to which they are counted; beyond, the data is no pixel art."""
_ROWS = 1 << 16


def learn_palette(samples: Iterable[NDArray[np.uint8]], most: int) -> NDArray[np.uint8]:
    """Choose the colours that generated pictures may have.

    Data of few colours keeps them exactly. Of more, the median cut and k-means choose, and each of
    their centres is moved to the nearest colour that there is.

    Args:
        samples: Chunks uint8 [n, H, W, C]; with alpha, only visible pixels count.
        most: Colours, from 2 to 256.

    Returns:
        uint8 [K, 1 or 3] with 1 <= K <= most, in ascending order.
    """
    counts: dict[int, int] = {}
    channels = 1
    for chunk in samples:
        colours = _visible(chunk)
        channels = colours.shape[1]
        values, found = np.unique(_packed(colours), return_counts=True)
        if len(counts) <= _MOST_COUNTED:
            for value, count in zip(values.tolist(), found.tolist(), strict=True):
                counts[value] = counts.get(value, 0) + count
    if not counts:
        return np.zeros((1, channels), np.uint8)
    packed = np.array(sorted(counts), np.uint32)
    colours = _unpacked(packed, channels)
    if len(colours) <= most:
        return colours
    return _reduced(colours, np.array([counts[value] for value in packed.tolist()]), most)


def snap(colours: Tensor, palette: Tensor) -> Tensor:
    """Replace every colour by the nearest of a palette.

    Args:
        colours: float [N, C, H, W] from 0 to 255.
        palette: uint8 [K, C].

    Returns:
        float [N, C, H, W].
    """
    count, channels, height, width = colours.shape
    flat = colours.float().permute(0, 2, 3, 1).reshape(-1, channels)
    known = palette.to(colours.device)
    nearest = torch.cat([nearest_colour(rows, known) for rows in torch.split(flat, _ROWS)])
    snapped = known.float()[nearest].reshape(count, height, width, channels)
    return snapped.permute(0, 3, 1, 2).to(colours.dtype)


def nearest_colour(colours: Tensor, palette: Tensor) -> Tensor:
    """Return the index of the nearest colour of a palette, int64 [M].

    Args:
        colours: float [M, C] from 0 to 255.
        palette: uint8 [K, C].
    """
    known = palette.float()
    # |x - p|^2 without the |x|^2 that all have in common; exact for whole numbers.
    return torch.addmm(known.square().sum(1) / 2, colours, known.t(), alpha=-1).argmin(dim=1)


def _visible(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours [M, 1 or 3] of the pixels that can be seen."""
    if samples.shape[-1] in (1, 3):
        return samples.reshape(-1, samples.shape[-1])
    return samples[..., :-1][samples[..., -1] >= _VISIBLE]


def _packed(colours: NDArray[np.uint8]) -> NDArray[np.uint32]:
    packed = np.zeros(len(colours), np.uint32)
    for channel in colours.T:
        packed = (packed << np.uint32(8)) | channel
    return packed


def _unpacked(packed: NDArray[np.uint32], channels: int) -> NDArray[np.uint8]:
    shifts = np.arange(channels - 1, -1, -1, dtype=np.uint32) * np.uint32(8)
    return ((packed[:, None] >> shifts) & np.uint32(255)).astype(np.uint8)


def _reduced(colours: NDArray[np.uint8], counts: NDArray[np.int64], most: int) -> NDArray[np.uint8]:
    # Every colour at least once, frequent ones more often: a picture for Pillow to quantise.
    weights = np.ceil(counts * (_ROWS / counts.sum())).astype(np.int64)
    pixels = np.repeat(colours, weights, axis=0)
    image = Image.fromarray(np.broadcast_to(pixels, (len(pixels), 3))[None].copy())
    quantised = image.quantize(most, Image.Quantize.MEDIANCUT, kmeans=1)
    centres = np.array(quantised.getpalette(), np.int64).reshape(-1, 3)[:most]
    known = colours.astype(np.int64)
    apart = [((known - centre[: known.shape[1]]) ** 2).sum(axis=1).argmin() for centre in centres]
    chosen: NDArray[np.uint8] = np.unique(colours[sorted(set(map(int, apart)))], axis=0)
    return chosen
