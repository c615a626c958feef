"""What an augmentation does to samples: pure functions of samples and of numbers in [0, 1).

Each takes float [N, C, H, W] as networks see samples (in about [-1, 1]; where there is alpha, it is
the last channel and the others are premultiplied with it), uniform numbers [N, draws] and whether
there is alpha, and can be differentiated in the samples any number of times. With alpha, what comes
in from outside is transparent, which is -1 in every channel; without, it is the edge.

The strengths are those of Zhao et al. 2020 (arXiv 2006.10738), but that translations are not
uniform (:func:`translation` says why); turns and zoom are from Karras et al. 2020 (arXiv
2006.06676). All but :func:`cutout` may draw the strength that changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

TRANSPARENT, GREY = -1.0, 0.0
TRANSLATION = 8  # a sample moves by up to a share of 1/8 of its side
OCTAVES = 0.25  # zoom, up and down, in powers of two
BRIGHTNESS = 0.5  # shift, up and down; black is -1 and white is 1
SATURATION = 2.0  # largest factor; the least is 0
CONTRAST = 0.5  # the factor's distance from 1, up and down


class Operation(NamedTuple):
    """One operation.

    Attributes:
        apply: Function of samples [N, C, H, W], uniform numbers [N, draws] and whether the last
            channel is alpha.
        draws: Uniform numbers that one sample takes.
    """

    apply: Callable[[Tensor, Tensor, bool], Tensor]
    draws: int


def flip(samples: Tensor, strength: Tensor, alpha: bool) -> Tensor:
    """Mirror every other sample, left to right."""
    return torch.where(_each(strength[:, 0]) < 0.5, samples, samples.flip(3))


def rotate(samples: Tensor, strength: Tensor, alpha: bool) -> Tensor:
    """Turn square samples by 0, 90, 180 or 270 degrees, counter-clockwise, each as often."""
    turns = _each((strength[:, 0] * 4).long())
    samples = torch.where(turns % 2 == 1, samples.transpose(2, 3), samples)
    samples = torch.where((turns == 1) | (turns == 2), samples.flip(2), samples)
    return torch.where(turns >= 2, samples.flip(3), samples)


def roll(samples: Tensor, strength: Tensor, alpha: bool) -> Tensor:
    """Move textures that repeat by any number of pixels; what leaves on one side comes back."""
    height, width = samples.shape[2:]
    rows, columns = ((strength[:, i] * side).long() for i, side in enumerate((height, width)))
    y = (torch.arange(height, device=rows.device) - rows.unsqueeze(1)) % height
    x = (torch.arange(width, device=rows.device) - columns.unsqueeze(1)) % width
    places = (y.unsqueeze(2) * width + x.unsqueeze(1)).flatten(1).unsqueeze(1)
    moved = samples.flatten(2).gather(2, places.expand(-1, samples.shape[1], -1))
    return moved.view(samples.shape)


def translation(samples: Tensor, strength: Tensor, alpha: bool) -> Tensor:
    """Move samples by whole pixels, up to 1/8 of a side.

    A move is the difference of two uniform ones, so the smaller, the likelier. Its distribution
    has no negative frequency, so the mixture of samples left alone and samples moved can be undone
    at any probability below 1; with uniform moves some frequencies vanish near 0.8.
    """
    height, width = samples.shape[2:]
    rows, columns = _moved(height, strength[:, :2]), _moved(width, strength[:, 2:])
    near = rows.clamp(0, height - 1).unsqueeze(2) * width + columns.clamp(0, width - 1).unsqueeze(1)
    places = near.flatten(1).unsqueeze(1).expand(-1, samples.shape[1], -1)
    result = samples.flatten(2).gather(2, places).view(samples.shape)
    if not alpha:
        return result
    return result.masked_fill(
        ~_crossed(_inside(rows, height), _inside(columns, width)), TRANSPARENT
    )


def scale(samples: Tensor, strength: Tensor, alpha: bool) -> Tensor:
    """Zoom about the centre by 2^-0.25 to 2^0.25, bilinearly."""
    zoom = torch.exp2((2 * strength[:, 0] - 1) * OCTAVES).to(samples.dtype)
    matrices = torch.eye(2, 3, dtype=zoom.dtype, device=zoom.device) / zoom.view(-1, 1, 1)
    grid = F.affine_grid(matrices, list(samples.shape), align_corners=False)
    if not alpha:
        return F.grid_sample(samples, grid, padding_mode="border", align_corners=False)
    # Beyond the border `zeros` brings in zeros, so transparent has to be 0 for the moment.
    return F.grid_sample(samples - TRANSPARENT, grid, align_corners=False) + TRANSPARENT


def colour(samples: Tensor, strength: Tensor, alpha: bool) -> Tensor:
    """Change brightness, saturation (of colours) and contrast; alpha stays.

    On straight colour this is affine, so on premultiplied colour the constant term is weighted
    with alpha: the result is the changed straight colour, premultiplied, and what was transparent
    stays so.
    """
    brightness, saturation, contrast = (_each(one) for one in strength.to(samples.dtype).unbind(1))
    values = (samples + 1) / 2
    colours = values[:, :-1] if alpha else values
    # A generator may make alpha beyond [0, 1]; nothing real has it.
    seen = values[:, -1:].clamp(0, 1) if alpha else torch.ones_like(values[:, :1])
    factor = 1 + (2 * contrast - 1) * CONTRAST
    shift = (brightness - 0.5) * BRIGHTNESS + (1 - factor) * _mean(colours, seen)
    grey = colours.mean(1, keepdim=True)
    if colours.shape[1] > 1:
        colours = grey + SATURATION * saturation * (colours - grey)
    changed = (factor * colours + shift * seen) * 2 - 1
    return torch.cat([changed, samples[:, -1:]], 1) if alpha else changed


def cutout(samples: Tensor, strength: Tensor, alpha: bool) -> Tensor:
    """Cover half of height and width, centred anywhere: transparent, or grey without alpha."""
    rows, columns = (_covered(samples.shape[2 + i], strength[:, i]) for i in (0, 1))
    filling = TRANSPARENT if alpha else GREY
    return samples.masked_fill(_crossed(rows, columns), filling)


OPERATIONS: dict[str, Operation] = {
    "flip": Operation(flip, 1),
    "rotate": Operation(rotate, 1),
    "roll": Operation(roll, 2),
    "translation": Operation(translation, 4),
    "scale": Operation(scale, 1),
    "colour": Operation(colour, 3),
    "cutout": Operation(cutout, 2),
}
"""Operations by name, in the order in which they are applied."""


def _each(values: Tensor) -> Tensor:
    """One value a sample, [N], to be broadcast over [N, C, H, W]."""
    return values.view(-1, 1, 1, 1)


def _crossed(rows: Tensor, columns: Tensor) -> Tensor:
    """Where chosen rows [N, H] and columns [N, W] meet, bool [N, 1, H, W]."""
    return rows[:, None, :, None] & columns[:, None, None, :]


def _moved(side: int, strength: Tensor) -> Tensor:
    """Where each row or column comes from, int64 [N, side]; beyond the border too."""
    steps = (strength * (side // TRANSLATION + 1)).long()
    return torch.arange(side, device=steps.device) - (steps[:, :1] - steps[:, 1:])


def _inside(places: Tensor, side: int) -> Tensor:
    return (places >= 0) & (places < side)


def _covered(side: int, centre: Tensor) -> Tensor:
    """Rows or columns within a quarter of the side of a centre, bool [N, side]."""
    first = (centre * side).long() - side // 4
    return _inside(torch.arange(side, device=first.device) - first.unsqueeze(1), side // 2)


def _mean(colours: Tensor, seen: Tensor) -> Tensor:
    """Mean straight colour in [0, 1], [N, 1, 1, 1], of colours premultiplied with `seen`."""
    pixels = seen.sum((1, 2, 3), keepdim=True).clamp(min=1)
    return (colours.sum((1, 2, 3), keepdim=True) / (colours.shape[1] * pixels)).clamp(0, 1)
