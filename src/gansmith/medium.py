"""The contract of a medium: the record that registers it, and its codec.

A medium is one folder under `media/`. Everything that other code needs to know of it is a field of
its record; shared code asks the record and never imports the inside of a medium.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gansmith.drawing.animation import write_animation
from gansmith.drawing.scales import LineChart
from gansmith.errors import GansmithError
from gansmith.extractor import Preparation, extractor_for_labels
from gansmith.log import LogFn, silent
from gansmith.metric import MetricSpec
from gansmith.registry import Registry, unknown

if TYPE_CHECKING:
    from gansmith.data.collection import Collection
    from gansmith.data.dataset import Dataset
    from gansmith.recipe import Recipe


Values = dict[str, float]
Labels = Sequence[int] | NDArray[np.int64] | None


class Candidate(Protocol):
    """A generator that may be shipped: samples come from its `generator`."""

    @property
    def generator(self) -> nn.Module:
        """The network, whose decoding settings a selection may change."""

    def sample(self, count: int, *, seed: int) -> NDArray[Any]:
        """Return stored samples [count, H, W, C]."""


@dataclass(frozen=True)
class Selected:
    """Outcome of a model selection.

    Attributes:
        name: Which candidate is shipped.
        details: Plain values that the run keeps for its report; None where nothing was compared.
    """

    name: str
    details: dict[str, Any] | None = None


@dataclass(frozen=True)
class ReportSection:
    """A section that a medium adds to the report of a run, as data.

    Attributes:
        heading: Its heading.
        text: What it shows and how to read it.
        charts: Its charts.
        texts_summary: What is printed above the folded-up texts.
        texts: Heading and texts of each column of them.
    """

    heading: str
    text: str
    charts: Sequence[LineChart] = ()
    texts_summary: str = ""
    texts: Sequence[tuple[str, Sequence[str]]] = ()


@dataclass(frozen=True)
class ModelChoice:
    """How a medium chooses between several generators of one training.

    Attributes:
        select: `(candidates, dataset, seed)` to the one that is shipped.
        section: The report's section on it, from `Selected.details`.
    """

    select: Callable[[Mapping[str, Candidate], Dataset, int], Selected]
    section: Callable[[Mapping[str, Any]], ReportSection]


def measure_nothing(
    samples: NDArray[Any], labels: Labels, dataset: Dataset, seed: int
) -> tuple[Values, Values]:
    """Measure nothing beside the features; the default of `Medium.measure`."""
    return {}, {}


def describe_samples(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    """Describe samples of any kind; the default of `Medium.describe`."""
    return "samples"


@dataclass(frozen=True)
class Medium:
    """What the rest of gansmith knows of one kind of samples.

    Attributes:
        name: What recipes write in `medium`.
        codec: Turns stored samples into network tensors and back, into files and sheets.
        extractor: Name of the feature extractor that suits a dataset, for `auto`.
        to_extractor: `(dataset, limit, centre, scale)`: how stored samples reach an extractor of
            pictures of at most `limit` pixels a side, with values `(v - centre) / scale` of v in
            [0, 1]; None where such extractors do not apply.
        to_network: `(dataset, shape, centre, scale)`: the same for a network whose input shape is
            fixed, with None for free sides; raises `GansmithError` for shapes it cannot serve.
        metrics: Specifications of the metrics that `measure` adds.
        measure: `(samples, labels, dataset, seed)` to values and floors by metric; `labels` are
            the requested classes, or of captions the numbers of their pictures.
        showcase: How reports present samples beside their sheet: audio players, texts, or neither.
        describe: `(shape, settings)`: the samples in a few words, from the shape (C, H, W) that
            networks see and the settings of the dataset.
        choice: How to choose between several generators of one training, if there are several.
        native_settings: Data settings that open a collection of generated files as they are.
        matching_settings: Data settings that bring other files to stored samples of a shape
            (H, W, C).
        augmentations: Names of augmentations that suit a recipe of this medium, in stages from the
            mildest to all of them; empty where none suits.
        first_penalty: Settings of the gradient penalty for trainings that had none.
    """

    name: str
    codec: type[Codec]
    extractor: Callable[[Dataset], str] = extractor_for_labels
    to_extractor: Callable[[Dataset, int, float, float], Preparation] | None = None
    to_network: Callable[[Dataset, Sequence[int | None], float, float], Preparation] | None = None
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    measure: Callable[[NDArray[Any], Labels, Dataset, int], tuple[Values, Values]] = measure_nothing
    showcase: Literal["grid", "audio", "text"] = "grid"
    describe: Callable[[tuple[int, int, int], Mapping[str, Any]], str] = describe_samples
    choice: ModelChoice | None = None
    native_settings: Callable[[Collection], dict[str, object]] = lambda collection: {}
    matching_settings: Callable[[tuple[int, int, int]], dict[str, object]] = lambda shape: {}
    augmentations: Callable[[Recipe], Sequence[tuple[str, ...]]] = lambda recipe: ()
    first_penalty: tuple[str, ...] = (
        "objective.gamma.start=5",
        "objective.gamma.end=5",
        "objective.penalty_every=4",
    )


MEDIA: Registry[Medium] = Registry("medium", provided_by="gansmith.media")


class Codec(ABC):
    """Reads, encodes, decodes, writes and shows samples of one kind.

    Samples are arrays [N, H, W, C] of type `stored` (uint8 for all that has pixels, int16 for
    sound, int32 for text) as the cache stores them; tensors are float32 [N, C, H, W] as networks
    see them, in about [-1, 1], or int64 where they are tokens. A medium may learn from the data how
    to turn one into the other; what it learnt is part of every generator that is saved (`facts` and
    `tensors`).

    Attributes:
        name: What recipes write in `medium`.
        stored: Type of stored samples, which tells whom a dataset is for.
        formats: Kinds of files that samples can be written as; the first is the usual one.
        walk_suffixes: Endings of files that hold a walk from sample to sample.
        walks: Walks that such a file takes.
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
    def restore(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Codec:
        """Make the medium again from what :meth:`facts` and :meth:`tensors` gave."""
        return cls()

    def facts(self) -> dict[str, Any]:
        """Return plain values to restore the medium from."""
        return {}

    def tensors(self) -> dict[str, Tensor]:
        """Return weights to restore the medium from."""
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

    @abstractmethod
    def encode(self, samples: Tensor) -> Tensor:
        """Turn stored samples [N, H, W, C] into network tensors, float32 [N, C, H, W]."""

    @abstractmethod
    def decode(self, tensors: Tensor) -> NDArray[Any]:
        """Turn network tensors back into stored samples; values beyond the range are clipped."""

    def see(self, pictures: Tensor) -> Tensor:
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


def suffix(format_: str) -> str:
    """Return what files of a format end in: `wav` for `wav24`."""
    return format_.rstrip("0123456789")
