"""The contract of a codec, which reads, encodes, decodes, writes and shows samples of a medium."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.drawing.animation import animation_bytes
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.registry import unknown

if TYPE_CHECKING:
    from gansmith.recipe import Recipe


class Placed(NamedTuple):
    """Channels of a categorical sample that occur at a fixed number of positions.

    Attributes:
        channels: Which; of several, each position takes another one.
        times: Positions in every sample.
        like: Number of an earlier group whose choice among the channels this one follows; -1 for
            none.
    """

    channels: tuple[int, ...]
    times: int
    like: int = -1


class Codec(ABC):
    """Reads, encodes, decodes, writes and shows samples of one kind.

    Samples are arrays [N, H, W, C] of type `stored` (uint8 for all that has pixels, int16 for
    sound, int32 for text) as the cache stores them; tensors are float32 [N, C, H, W] as networks
    see them, in about [-1, 1], or int64 where they are tokens. A medium may learn from the data how
    to turn one into the other; what it learnt is part of every generator that is saved (`config`
    and `state_dict`).

    Attributes:
        name: What recipes write in `medium`.
        stored: Type of stored samples, which tells whom a dataset is for.
        formats: Kinds of files that samples can be written as; the first is the usual one.
        walk_suffixes: Endings of files that hold a walk from sample to sample.
        walks: Walks that such a file takes.
        collections: Endings of files that hold many samples; the first is the usual one.
        overview_files: Names of the files that show all samples of a folder together.
        tokens: Different tokens, of samples that are sequences of them; 0 for all others.
        traits: What tokens have in common that a network had better know from the start, int64
            [tokens, most of a token]: numbers from 1 on, 0 for none. Of a medium
            that was fitted; None where nothing is known.
        output: What a generator makes: `linear` values, or `categorical` distributions over the
            channels.
        placed: Channels of categorical samples that occur a fixed number of times. Of a medium
            that was fitted; none where nothing is known.
    """

    name: ClassVar[str]
    stored: ClassVar[type[np.generic]]
    formats: ClassVar[tuple[str, ...]]
    interpolation_suffixes: ClassVar[tuple[str, ...]] = (".webp", ".gif")
    walks: ClassVar[int] = 16
    collections: ClassVar[tuple[str, ...]] = ()
    overview_files: ClassVar[tuple[str, ...]] = ()
    tokens: int = 0
    traits: Tensor | None = None
    output: ClassVar[Literal["linear", "categorical"]] = "linear"
    placed: tuple[Placed, ...] = ()

    @classmethod
    def fit(cls, recipe: Recipe, dataset: Dataset, log: LogFn = silent) -> Codec:
        """Make the medium of a training from what the recipe asks for and the data holds.

        Args:
            recipe: Its settings of this medium count.
            dataset: Samples to learn from; only those to train on are looked at.
            log: Takes a line on what takes long.
        """
        return cls()

    def adapted(self, dataset: Dataset) -> Codec:
        """Return the codec for a training on other data that starts from a model of this codec.

        Raises:
            GansmithError: The codec cannot encode such samples.
        """
        return self

    @classmethod
    def from_config(cls, config: Mapping[str, Any], state_dict: Mapping[str, Tensor]) -> Codec:
        """Rebuild a codec from its :meth:`config` and :meth:`state_dict`."""
        return cls()

    def config(self) -> dict[str, Any]:
        """Return JSON values to rebuild the codec from."""
        return {}

    def state_dict(self) -> dict[str, Tensor]:
        """Return tensors to rebuild the codec from."""
        return {}

    def files(self) -> dict[str, str]:
        """Return what other programs need beside the generator's weights, by name of the file."""
        return {}

    def time_stretched(self, tempo: float) -> Codec:
        """Make the medium that plays the same samples at another tempo, in beats a minute.

        Raises:
            GansmithError: The samples have no tempo, or it is too far from theirs.
        """
        raise GansmithError(f"a tempo is for sounds, not for samples of '{self.name}'")

    def for_format(self, format_: str | None) -> Codec:
        """Return a codec whose samples have the precision of a file format."""
        return self

    def normalised(self, target: str) -> Codec:
        """Return a codec that normalises generated samples for export.

        Raises:
            GansmithError: The target is unknown, or samples of this medium have no level.
        """
        raise GansmithError(f"--normalise is for sounds, not for samples of '{self.name}'")

    def finish(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Prepare decoded samples of a generator for their use; by default they are unchanged."""
        return samples

    @property
    def file_tag(self) -> str:
        """Text that names of generated files end in, such as the tempo of loops."""
        return ""

    def shape(self, stored: tuple[int, ...]) -> tuple[int, int, int]:
        """Return the shape (C, H, W) that networks see, from the shape of stored samples."""
        height, width, channels = stored[-3:]
        return channels, height, width

    def has_alpha(self, stored: tuple[int, ...]) -> bool:
        """Return whether the last channel is opacity, from the shape of stored samples."""
        return False

    @property
    def condition_shape(self) -> tuple[int, int, int] | None:
        """Shape (C, H, W) of the sample that each sample is conditioned on; None without one."""
        return None

    @abstractmethod
    def encode(self, samples: Tensor) -> Tensor:
        """Turn stored samples [N, H, W, C] into network tensors, float32 [N, C, H, W]."""

    @abstractmethod
    def decode(self, tensors: Tensor) -> NDArray[Any]:
        """Turn network tensors back into stored samples; values beyond the range are clipped."""

    def constrain(self, tensors: Tensor) -> Tensor:
        """Return network tensors [N, C, H, W] as discriminators are to see them.

        A codec whose decoded samples are held to something, such as a palette, shows real and
        generated samples as it would decode them, and lets gradients pass.
        """
        return tensors

    def encode_condition(self, pictures: Tensor) -> Tensor:
        """Turn pictures uint8 [N, H, W, C] that samples are asked for by into float32 [N, C, H, W].

        Raises:
            GansmithError: Samples of this medium are not asked for by pictures.
        """
        raise GansmithError(
            f"samples of '{self.name}' are not asked for by pictures: set medium=captions"
        )

    @abstractmethod
    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[Any]:
        """Read one file as a stored sample of the shape (H, W, C).

        Raises:
            GansmithError: The file cannot be read.
        """

    def read_original(
        self, path: Path, channels: int
    ) -> tuple[NDArray[Any], NDArray[np.uint8] | None]:
        """Read one file in its own size.

        Args:
            path: The file.
            channels: Of the sample that is returned.

        Returns:
            The sample [H, W, channels], and the opacity [H, W, 1] of the file if it has any that
            the sample does not hold.

        Raises:
            GansmithError: The file cannot be read, or samples of this medium have one size.
        """
        raise GansmithError(f"samples of medium '{self.name}' have the size of the training")

    def read_exif(self, path: Path) -> bytes:
        """Return the EXIF data of a file for its upright picture; empty without any."""
        return b""

    def count_frames(self, path: Path) -> int:
        """Return how many pictures a file holds, of which `read_original` reads the first."""
        return 1

    def chosen_format(self, format_: str | None) -> str:
        """Return the format that is asked for, or the usual one.

        Raises:
            GansmithError: The format is unknown.
        """
        chosen = format_ or self.formats[0]
        if chosen not in self.formats:
            raise unknown("format", chosen, list(self.formats))
        return chosen

    @abstractmethod
    def to_bytes(self, sample: NDArray[Any], format_: str) -> bytes:
        """Encode one stored sample [H, W, C] as the content of a file of one of `formats`.

        Codecs only encode; `gansmith.outputs` writes the file and knows where it comes from.
        """

    def collection_to_bytes(
        self, samples: NDArray[Any], suffix: str, facts: Sequence[Mapping[str, Any]]
    ) -> bytes:
        """Encode all samples as one file.

        Args:
            samples: Stored samples [N, H, W, C].
            suffix: One of `collections`.
            facts: What is known of each sample: its seed, its index and, with classes, its label.

        Raises:
            GansmithError: Samples of this medium are written to single files.
        """
        raise GansmithError(f"samples of '{self.name}' are written to single files, into a folder")

    def overview(self, samples: NDArray[Any], names: Sequence[str]) -> dict[str, bytes]:
        """Return files that show all samples of a folder together, named as in `overview_files`."""
        return {}

    def interpolation_to_bytes(self, walks: Sequence[NDArray[Any]], suffix: str) -> bytes:
        """Encode interpolations, each [frames, H, W, C], as one animation of sheets.

        Args:
            walks: One array for each interpolation, all of the same number of frames.
            suffix: One of `interpolation_suffixes`.
        """
        sheets = [self.sheet(np.stack(samples), columns=4) for samples in zip(*walks, strict=True)]
        return animation_bytes(sheets, suffix)

    @abstractmethod
    def sheet(self, samples: NDArray[Any], **options: Any) -> Image.Image:
        """Draw a contact sheet."""

    def conditions(self, count: int, seed: int) -> Tensor | None:
        """Draw the conditions of `count` samples where the user names none.

        Returns:
            [count, ...] as networks take them, or None where samples are unconditional or
            conditioned on classes, which the model draws.
        """
        return None

    def condition_labels(self, dataset: Dataset, count: int, seed: int) -> NDArray[np.int64] | None:
        """Return the labels of `dataset`, int64 [count], that :meth:`conditions` stand for."""
        return None

    def condition_sheet(self, sample: Callable[[Tensor], NDArray[Any]]) -> Image.Image | None:
        """Draw a sheet of samples beside their conditions.

        Args:
            sample: Generates one stored sample for each condition [N, ...].

        Returns:
            None where :meth:`sheet` shows samples well enough.
        """
        return None

    def texts(self, samples: NDArray[Any]) -> list[str]:
        """Return stored samples as strings.

        Raises:
            GansmithError: Samples of this medium are no texts.
        """
        raise GansmithError(f"samples of '{self.name}' are no texts")


def suffix(format_: str) -> str:
    """Return what files of a format end in: `wav` for `wav24`."""
    return format_.rstrip("0123456789")
