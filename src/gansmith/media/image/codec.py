"""Pictures: eight-bit samples to network tensors and back, to files and to sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.codec import Codec
from gansmith.counting import pluralize
from gansmith.drawing.animation import animation_bytes
from gansmith.drawing.contact_sheet import PIXEL_ART, contact_sheet
from gansmith.drawing.gltf import plane_glb
from gansmith.drawing.pixels import MODES, png_bytes, to_array, to_image
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.image.indexed import indexed_image
from gansmith.media.image.islands import islands
from gansmith.media.image.options import MOST_ISLAND, ImageConfig, ImageOptions
from gansmith.media.image.palette import learn_palette, snap
from gansmith.media.image.palette_files import read_palette
from gansmith.media.image.plan import choose_filter
from gansmith.media.image.reading import (
    UnreadablePicture,
    count_frames,
    read_picture,
    upright_exif,
)
from gansmith.media.image.resizing import LANCZOS, conform
from gansmith.media.image.tiling import repeated
from gansmith.media.image.value_range import Scale

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset
    from gansmith.recipe import Recipe

HARD = 127.5
"""Least alpha that becomes 255 where alpha is hard."""
_CHUNK = 1024


class ImageCodec(Codec):
    """Pictures with 1 to 4 channels: L, LA, RGB or RGBA.

    Networks see alpha premultiplied: colour that cannot be seen is 0 there (-1 after scaling), so
    neither player spends anything on it.

    Args:
        resize: How `read` brings a picture to the size of samples: as the run was trained.
        filter_: The filter it does that with.
        range_: Values of deep files that are black and white, where the run sets them.
        hard_alpha: Decoded alpha is 0 or 255.
        palette: uint8 [K, 1 or 3], the only colours of decoded pictures.
        mirror: The right half of decoded pictures is the left one, mirrored.
        min_island: Least visible pixels that hang together in generated pictures.
        tileable: Pictures repeat, so sheets show each of them 2x2.
        align: `faces` where samples are aligned faces, which `read` finds; else `none`.
    """

    name = "image"
    stored = np.uint8
    formats = ("png", "glb")
    walks = 1

    def __init__(
        self,
        resize: str = "fit",
        filter_: str = LANCZOS,
        range_: Scale | None = None,
        hard_alpha: bool = False,
        palette: Tensor | None = None,
        mirror: bool = False,
        min_island: int = 1,
        tileable: bool = False,
        align: str = "none",
    ) -> None:
        self.resize, self.filter, self.range, self.align = resize, filter_, range_, align
        self.hard_alpha, self.palette = hard_alpha, palette
        if not 1 <= min_island <= MOST_ISLAND:
            raise ValueError(f"min_island is 1 to {MOST_ISLAND}, not {min_island}")
        self.mirror, self.min_island, self.tileable = mirror, min_island, tileable

    @classmethod
    def fit(cls, recipe: Recipe, dataset: Dataset, log: LogFn = silent) -> ImageCodec:
        """Take over how pictures were resized, and learn the palette where there is to be one."""
        untrained = dataset.untrained_labels
        if untrained:
            log(
                f"warning: no picture of {pluralize(len(untrained), 'label')} is trained on, for "
                f"all are held out: {', '.join(untrained[:5])}{', ...' if untrained[5:] else ''}"
            )
        if dataset.settings.get("tileable") and not recipe.network.options.get("wrap"):
            log("warning: data.tileable without network.wrap: generated textures will have seams")
        span, config, palette = dataset.settings.get("range"), recipe.section(ImageConfig), None
        if isinstance(config.palette, str):
            channels = 1 if dataset.samples.shape[-1] < 3 else 3
            palette = torch.from_numpy(read_palette(Path(config.palette).expanduser(), channels))
            log(f"pictures are made of the {len(palette)} colours of {config.palette}")
        elif config.palette is not None:
            palette = _learnt_palette(dataset, config.palette)
            log(f"pictures are made of {len(palette)} colours, learnt from the data")
        return cls(
            recipe.data.of(ImageOptions).resize,
            choose_filter(recipe.data.of(ImageOptions)),
            Scale(*map(float, span)) if isinstance(span, list | tuple) else None,
            config.hard_alpha,
            palette,
            config.mirror,
            config.min_island,
            bool(dataset.settings.get("tileable")),
            recipe.data.of(ImageOptions).align,
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any], state_dict: Mapping[str, Tensor]) -> ImageCodec:
        """Rebuild a codec from its :meth:`config` and :meth:`state_dict`."""
        span = config.get("range")
        return cls(
            config.get("resize", "fit"),
            config.get("filter", LANCZOS),
            None if span is None else Scale(*span),
            config.get("hard_alpha", False),
            state_dict.get("palette"),
            config.get("mirror", False),
            config.get("min_island", 1),
            config.get("tileable", False),
            config.get("align", "none"),
        )

    def config(self) -> dict[str, Any]:
        """Return what differs from the defaults."""
        span = None if self.range is None else [self.range.low, self.range.high]
        config: dict[str, tuple[Any, Any]] = {
            "resize": (self.resize, "fit"),
            "filter": (self.filter, LANCZOS),
            "range": (span, None),
            "hard_alpha": (self.hard_alpha, False),
            "mirror": (self.mirror, False),
            "min_island": (self.min_island, 1),
            "tileable": (self.tileable, False),
            "align": (self.align, "none"),
        }
        return {name: value for name, (value, usual) in config.items() if value != usual}

    def state_dict(self) -> dict[str, Tensor]:
        """Return the palette, if there is one."""
        return {} if self.palette is None else {"palette": self.palette}

    def has_alpha(self, stored: tuple[int, ...]) -> bool:
        """Return whether pictures are LA or RGBA."""
        return stored[-1] in (2, 4)

    def encode(self, samples: Tensor) -> Tensor:
        """Scale to [-1, 1] and premultiply alpha.

        Args:
            samples: uint8 [N, H, W, C], straight alpha for C = 2 and 4.

        Returns:
            float32 [N, C, H, W], contiguous, on the device of `samples`.
        """
        # The explicit format matters for C = 1, whose strides would pass for channels-last.
        values = samples.permute(0, 3, 1, 2).to(
            torch.float32, memory_format=torch.contiguous_format
        )
        if values.shape[1] in (2, 4):
            values[:, :-1] *= values[:, -1:] / 255
        return values.mul_(1 / 127.5).sub_(1)

    def decode(self, tensors: Tensor) -> NDArray[np.uint8]:
        """Undo `encode`; values beyond [-1, 1] are clipped, the rest is rounded.

        Alpha is made hard and colours become those of the palette where there is one.

        Args:
            tensors: floating point [N, C, H, W].

        Returns:
            uint8 [N, H, W, C], straight alpha, colour zeroed where alpha is 0.
        """
        values = self._levels(tensors)
        bytes_ = values.round_().to(torch.uint8).permute(0, 2, 3, 1)
        array: NDArray[np.uint8] = bytes_.contiguous().cpu().numpy()
        return array

    def constrain(self, tensors: Tensor) -> Tensor:
        """Return network tensors as hard alpha, palette and mirror leave them.

        Values are those of decoded pictures; the gradient passes as if nothing were rounded
        (straight-through, Bengio et al. 2013, arXiv 1308.3432), but for what would push values
        beyond [-1, 1] further out: decoding clips them, so nothing would ever call them back. The
        gradients of the mirror, and of the division by an alpha that becomes 1, are exact.
        """
        if not (self.hard_alpha or self.mirror or self.palette is not None):
            return tensors
        passed = _mirrored(tensors) if self.mirror else tensors
        if not self.hard_alpha and self.palette is None:
            return passed
        with torch.no_grad():
            values = self._levels(tensors)
            if values.shape[1] in (2, 4):
                values[:, :-1] *= values[:, -1:] / 255
            exact = values.mul_(1 / 127.5).sub_(1).to(tensors.dtype)
        if self.hard_alpha and passed.shape[1] in (2, 4):
            passed = _opaque(passed)
        result: Tensor = _StraightThrough.apply(passed, exact)  # type: ignore[no-untyped-call]
        return result

    def finish(self, samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Remove islands of fewer visible pixels than there may be."""
        if self.min_island == 1 or samples.shape[-1] not in (2, 4):
            return samples
        samples = samples.copy()
        samples[islands(samples, self.min_island - 1)] = 0
        return samples

    def _levels(self, tensors: Tensor) -> Tensor:
        """Return levels from 0 to 255 of decoded pictures, [N, C, H, W], straight alpha."""
        values = tensors.detach().float().add(1).mul_(127.5).clamp_(0, 255)
        if self.mirror:
            values = _mirrored(values)
        if values.shape[1] not in (2, 4):
            return values if self.palette is None else snap(values, self.palette)
        alpha = values[:, -1:]
        colour = (values[:, :-1] * (255 / alpha.clamp(min=0.5))).clamp_(max=255)
        colour = colour if self.palette is None else snap(colour, self.palette)
        alpha = (alpha >= HARD).to(alpha.dtype) * 255 if self.hard_alpha else alpha
        return torch.cat([colour * (alpha.round() > 0), alpha], dim=1)

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[np.uint8]:
        """Read one picture in the size and mode of stored samples, as the run was trained."""
        height, width, channels = stored[-3:]
        try:
            picture = read_picture(path, self.range)
        except UnreadablePicture as error:
            raise GansmithError(f"{path} cannot be read as a picture: {error}") from error
        if self.align == "faces":
            from gansmith.media.image.aligned import largest_face

            face = largest_face(to_array(picture.image.convert(MODES[channels])), height)
            if face is None:
                raise GansmithError(f"{path}: no face is found")
            return face
        return conform(picture.image, (height, width), MODES[channels], self.resize, self.filter)

    def read_original(
        self, path: Path, channels: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        """Read one picture in its own size, upright; its opacity apart if `channels` has none."""
        try:
            image = read_picture(path, self.range).image
        except UnreadablePicture as error:
            raise GansmithError(f"{path} cannot be read as a picture: {error}") from error
        sample = to_array(image.convert(MODES[channels]))
        if channels in (2, 4) or image.mode not in ("LA", "RGBA"):
            return sample, None
        return sample, to_array(image.getchannel("A"))

    def read_exif(self, path: Path) -> bytes:
        """Return the EXIF data of a file, without its orientation; empty without any."""
        return upright_exif(path)

    def count_frames(self, path: Path) -> int:
        """Return the frames of an animation, or the pages of a TIFF; 1 for other files."""
        return count_frames(path)

    def to_bytes(self, sample: NDArray[np.uint8], format_: str) -> bytes:
        """Encode one sample as PNG, or as a flat plane with it as texture (glTF).

        A PNG is indexed where there is a palette and 256 entries suffice.
        """
        indexed = None if self.palette is None else indexed_image(sample, self.palette.numpy())
        picture = png_bytes(to_image(sample) if indexed is None else indexed)
        if format_ == "png":
            return picture
        corners = np.zeros((2, 2), np.float32)
        return plane_glb(corners, picture, smooth=self.palette is None)

    def interpolation_to_bytes(self, walks: Sequence[NDArray[Any]], suffix: str) -> bytes:
        """Encode one interpolation as its images alone, with alpha; several as sheets."""
        if len(walks) > 1:
            return super().interpolation_to_bytes(walks, suffix)
        frames = [to_image(sample) for sample in walks[0]]
        frames = [frame.convert("RGBA") if frame.mode == "LA" else frame for frame in frames]
        return animation_bytes(frames, suffix, hold=0.0, lossless=max(frames[0].size) <= PIXEL_ART)

    def sheet(self, samples: NDArray[np.uint8], **options: Any) -> Image.Image:
        """Draw a contact sheet; options as for `gansmith.drawing.contact_sheet.contact_sheet`."""
        return contact_sheet(repeated(samples) if self.tileable else samples, **options)


def _opaque(tensors: Tensor) -> Tensor:
    """Divide the colour of network tensors [N, C, H, W] by their alpha where hard alpha is 1."""
    alpha = (tensors[:, -1:] + 1) / 2
    divisor = torch.where(alpha >= HARD / 255, alpha.clamp(max=1), 1.0)
    colour = (tensors[:, :-1] + 1) / divisor - 1
    return torch.cat([colour, tensors[:, -1:]], dim=1)


class _StraightThrough(torch.autograd.Function):
    """Returns `exact`, with the gradient of `passed` where descent does not leave [-1, 1]."""

    @staticmethod
    def forward(ctx: Any, passed: Tensor, exact: Tensor) -> Tensor:
        ctx.save_for_backward(passed)
        return exact.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,), (passed,) = grads, ctx.saved_tensors
        outwards = (passed.abs() > 1) & (grad * passed < 0)
        return grad.masked_fill(outwards, 0), None


def _mirrored(values: Tensor) -> Tensor:
    """Replace the right half of [N, C, H, W] by the left one, mirrored."""
    width = values.shape[3]
    return torch.cat([values[..., : (width + 1) // 2], values[..., : width // 2].flip(3)], dim=3)


def _learnt_palette(dataset: Dataset, most: int) -> Tensor:
    train = dataset.train_indices
    chunks = (dataset.samples[train[at : at + _CHUNK]] for at in range(0, len(train), _CHUNK))
    return torch.from_numpy(learn_palette(chunks, most))
