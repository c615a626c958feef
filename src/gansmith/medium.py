"""The contract of a medium: the record that registers it, and its codec.

A medium is one folder under `media/`. Everything that other code needs to know of it is a field of
its record; shared code asks the record and never imports the inside of a medium.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.drawing.animation import write_animation
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.registry import Registry, unknown

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset
    from gansmith.recipe import Recipe


@dataclass(frozen=True)
class Medium:
    """What the rest of gansmith knows of one kind of samples.

    Attributes:
        name: What recipes write in `medium`.
        codec: Turns stored samples into network tensors and back, into files and sheets.
    """

    name: str
    codec: type[Codec]


MEDIA: Registry[Medium] = Registry("medium", provided_by="gansmith.media.records")


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
        heard: Samples are listened to: a run keeps some beside its sheets.
        legible: Samples are read: a run keeps some as text beside its sheets.
        collections: Endings of files that hold many samples; the first is the usual one.
        tokens: Different tokens, of samples that are sequences of them; 0 for all others.
        traits: What tokens have in common that a network had better know from the start, int64
            [tokens, most of a token]: numbers from 1 on, 0 for none. Of a medium
            that was fitted; None where nothing is known.
    """

    name: ClassVar[str]
    stored: ClassVar[type[np.generic]]
    formats: ClassVar[tuple[str, ...]]
    interpolation_suffixes: ClassVar[tuple[str, ...]] = (".webp", ".gif")
    walks: ClassVar[int] = 16
    heard: ClassVar[bool] = False
    legible: ClassVar[bool] = False
    collections: ClassVar[tuple[str, ...]] = ()
    tokens: int = 0
    traits: Tensor | None = None

    @classmethod
    def fit(cls, recipe: Recipe, dataset: Dataset, log: LogFn = silent) -> Codec:
        """Make the medium of a training from what the recipe asks for and the data holds.

        Args:
            recipe: Its settings of this medium count.
            dataset: Samples to learn from; only those to train on are looked at.
            say: Is told of what takes long.
        """
        return cls()

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

    def shape(self, stored: tuple[int, ...]) -> tuple[int, int, int]:
        """Return the shape (C, H, W) that networks see, from the shape of stored samples."""
        height, width, channels = stored[-3:]
        return channels, height, width

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

    def write(
        self,
        samples: NDArray[Any],
        directory: Path,
        names: Sequence[str],
        format_: str | None = None,
    ) -> list[Path]:
        """Write one file a sample.

        Args:
            samples: Stored samples [N, H, W, C].
            directory: Folder for the files; made if missing.
            names: N file names without suffix.
            format_: One of `formats`; left out, the first.

        Returns:
            Paths of the files, in order.

        Raises:
            GansmithError: The format is unknown, the disk is full, or the folder cannot be written
                to.
        """
        chosen = self.chosen_format(format_)
        paths = [directory / f"{name}.{suffix(chosen)}" for name in names]
        for sample, path in zip(samples, paths, strict=True):
            self.write_one(sample, path, chosen)
        return paths

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
    def write_one(self, sample: NDArray[Any], path: Path, format_: str) -> None:
        """Write one sample, whole or not at all."""

    def write_all(
        self, samples: NDArray[Any], path: Path, facts: Sequence[Mapping[str, Any]]
    ) -> None:
        """Write all samples to one file that ends in one of `collections`, with facts of each.

        Raises:
            GansmithError: Samples of this medium are written to single files.
        """
        raise GansmithError(f"samples of '{self.name}' are written to single files, into a folder")

    def write_overview(
        self, samples: NDArray[Any], directory: Path, names: Sequence[str]
    ) -> list[Path]:
        """Write what helps to find one's way among many files; most media need nothing."""
        return []

    def write_interpolation(self, walks: Sequence[NDArray[Any]], path: Path) -> None:
        """Write walks, each stored samples [frames, H, W, C] of its own, as one film of sheets."""
        sheets = [self.sheet(np.stack(samples), columns=4) for samples in zip(*walks, strict=True)]
        write_animation(sheets, path)

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
