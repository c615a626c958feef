"""The contract of a medium: the record that registers it.

A medium is one folder under `media/`. Everything that other code needs to know of it is a field of
its record; shared code asks the record and never imports the inside of a medium.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gansmith.codec import Codec
from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.drawing.scales import LineChart
from gansmith.errors import GansmithError
from gansmith.extractor import Preparation, extractor_for_labels
from gansmith.log import LogFn
from gansmith.metric import MetricSpec
from gansmith.registry import Registry
from gansmith.schema import Section
from gansmith.sections import DATA_OPTIONS, RECIPE_SECTIONS, DataConfig
from gansmith.verbs import Generation, Verb

if TYPE_CHECKING:
    from gansmith.data.collection import Collection
    from gansmith.data.inspection import Findings, Inspected
    from gansmith.data.named_dataset import NamedDataset
    from gansmith.recipe import Recipe

ASKED_FOR, RECOGNISED, CERTAIN, LIKELY, PLAUSIBLE, POSSIBLE = 1.0, 0.95, 0.9, 0.7, 0.5, 0.1
"""How sure a medium is that files are its own. The settings ask for it; they are a named data set;
their format leaves no doubt; their format is rarely used for anything else; they are most of what
is there, but may be notes about other files; nothing is known of them."""


@dataclass(frozen=True)
class Listing:
    """What lies at a source, before anything of it is read.

    Attributes:
        path: The source as a path; there may be nothing.
        files: Paths relative to a folder, with forward slashes; or the name of the single file;
            nothing where the source does not exist or is the name of a data set.
        folder: The source is a folder.
        config: The settings, which may ask for a medium.
    """

    path: Path
    files: tuple[str, ...]
    folder: bool
    config: DataConfig

    def count(self, medium: str) -> int:
        """Return how many files have one of the suffixes of a medium."""
        return self._ending_in(MEDIA[medium].suffixes)

    def count_others(self, medium: str) -> int:
        """Return how many files have a suffix of other media that is not one of this medium."""
        others = {suffix for name in MEDIA for suffix in MEDIA[name].suffixes}
        return self._ending_in(tuple(others.difference(MEDIA[medium].suffixes)))

    def _ending_in(self, suffixes: tuple[str, ...]) -> int:
        return sum(name.lower().endswith(suffixes) for name in self.files)


def claims_nothing(listing: Listing) -> float:
    """Claim no files: the samples of the medium are made, not read."""
    return 0.0


def _collects_nothing(path: Path, config: DataConfig, log: LogFn) -> Collection:
    raise GansmithError(f"{path} cannot be read: its medium has no files")


def _inspects_nothing(collection: Collection, config: DataConfig) -> Inspected:
    raise GansmithError(f"{collection.source} holds nothing that can be inspected")


Values = dict[str, float]
Labels = Sequence[int] | NDArray[np.int64] | None


Checker = Callable[[Tensor], Tensor]
"""Judges samples float32 [N, C, H, W] by rules that networks do not know: int8 [N], 1 for valid and
new ones, -1 for invalid ones, 0 for what is neither or not known. It may remember what it saw."""


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
        kind: What its samples are called, in the plural.
        reads: The files that it reads, in words that continue "give ...".
        suffixes: Endings of files that each hold one or more samples, in lower case.
        options: Its options in the section `data` of a recipe. Their names are flat, so each name
            belongs to one medium; another medium that needs it reads these options too.
        sections: Sections that it adds to a recipe, by name.
        claims: How sure it is that what lies at a source is its own, from 0 (not at all) to 1; the
            highest claim wins, and the medium that was registered first among equal ones.
        collect: Finds and looks over the files at a path; decides what the samples will be.
        inspect: Says what is in such a collection, what is wrong with it, and what the settings
            will make of it; caches nothing.
        compare: Says what is likely to spoil a translation between domains, one line each: takes a
            collection for each domain, or one whose labels are the domains. None: nothing.
        datasets: Its named data sets by name, in the order in which they are listed.
        draw: Draws samples of a dataset before any training: takes their indices to choose from and
            how many to draw; returns the picture and how many it shows. None: they are not drawn.
        round_trip: Writes samples of a dataset as they are and as they come back from encoding to a
            folder. None: encoding loses nothing that is worth a comparison.
        extractor: Name of the feature extractor that suits a dataset, for `auto`.
        to_extractor: `(dataset, limit, centre, scale)`: how stored samples reach an extractor of
            pictures of at most `limit` pixels a side, with values `(v - centre) / scale` of v in
            [0, 1]; None where such extractors do not apply.
        to_network: `(dataset, shape, centre, scale)`: the same for a network whose input shape is
            fixed, with None for free sides; raises `GansmithError` for shapes it cannot serve.
        second_extractor: Extractor whose coverage and kernel distance are reported beside those of
            the first, where its package is installed and the first is no classifier.
        metrics: Specifications of the metrics that `measure` adds.
        measure: `(samples, labels, dataset, seed)` to values and floors by metric; `labels` are
            the requested classes, or of captions the numbers of their pictures.
        showcase: How reports present samples beside their sheet: audio players, texts, or neither.
        sheets: Whether reports show sheets; not where the samples beside them can be read better.
        headlines: Metrics at the top of reports; empty for the usual ones.
        describe: `(shape, settings)`: the samples in a few words, from the shape (C, H, W) that
            networks see and the settings of the dataset.
        checker: Makes what judges samples of a fitted codec in a training of the duel `checked`;
            returns None where nothing can be judged.
        choice: How to choose between several generators of one training, if there are several.
        native_settings: Data settings that open a collection of generated files as they are.
        matching_settings: Data settings that bring other files to stored samples of a shape
            (H, W, C).
        augmentations: Names of augmentations that suit a recipe of this medium, in stages from the
            mildest to all of them; empty where none suits.
        first_penalty: Settings of the gradient penalty for trainings that had none.
        verbs: Commands for runs of this medium.
        generation: How samples are generated with options of this medium, if it has any.
    """

    name: str
    codec: type[Codec]
    kind: str = "samples"
    reads: str = ""
    suffixes: tuple[str, ...] = ()
    options: type[Section] | None = None
    sections: Mapping[str, type[Section]] = field(default_factory=dict)
    claims: Callable[[Listing], float] = claims_nothing
    collect: Callable[[Path, DataConfig, LogFn], Collection] = _collects_nothing
    inspect: Callable[[Collection, DataConfig], Inspected] = _inspects_nothing
    compare: Callable[[Sequence[Collection]], list[str]] | None = None
    datasets: Mapping[str, NamedDataset] = field(default_factory=dict)
    draw: Callable[[Dataset, NDArray[np.int64], int], tuple[Image.Image, int]] | None = None
    round_trip: Callable[[Recipe, Dataset, Path, LogFn], Findings] | None = None
    extractor: Callable[[Dataset], str] = extractor_for_labels
    to_extractor: Callable[[Dataset, int, float, float], Preparation] | None = None
    to_network: Callable[[Dataset, Sequence[int | None], float, float], Preparation] | None = None
    second_extractor: str | None = None
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    measure: Callable[[NDArray[Any], Labels, Dataset, int], tuple[Values, Values]] = measure_nothing
    showcase: Literal["grid", "audio", "text"] = "grid"
    sheets: bool = True
    headlines: tuple[str, ...] = ()
    describe: Callable[[tuple[int, int, int], Mapping[str, Any]], str] = describe_samples
    checker: Callable[[Codec], Checker | None] = lambda codec: None
    choice: ModelChoice | None = None
    native_settings: Callable[[Collection], dict[str, object]] = lambda collection: {}
    matching_settings: Callable[[tuple[int, int, int]], dict[str, object]] = lambda shape: {}
    augmentations: Callable[[Recipe], Sequence[tuple[str, ...]]] = lambda recipe: ()
    first_penalty: tuple[str, ...] = (
        "objective.gamma.start=5",
        "objective.gamma.end=5",
        "objective.penalty_every=4",
    )
    verbs: tuple[Verb, ...] = ()
    generation: Generation | None = None


def draw_labelled(
    codec: Codec, dataset: Dataset, side: NDArray[np.int64], count: int
) -> tuple[Image.Image, int]:
    """Draw samples from all over one side of the split, with their labels: a `Medium.draw`.

    Args:
        codec: Draws them; it need not be fitted.
        dataset: The samples.
        side: Indices to choose from.
        count: Samples to draw; fewer where there are fewer.
    """
    chosen = evenly_chosen(side, count)
    captions = None
    if dataset.labels is not None:
        captions = [dataset.label_names[label] for label in dataset.labels[chosen]]
    return codec.sheet(dataset.samples[chosen], captions=captions), len(chosen)


class _Media(Registry[Medium]):
    """All media by name; each registers its data options and recipe sections with it."""

    def register(self, name: str) -> Callable[[Medium], Medium]:
        """Return a decorator that registers a record, its options and its sections."""
        enter = super().register(name)

        def declare(medium: Medium) -> Medium:
            if medium.options is not None and name not in DATA_OPTIONS:
                if taken := DataConfig.every_field().keys() & medium.options.model_fields.keys():
                    raise ValueError(f"data options of medium '{name}' are taken: {sorted(taken)}")
                DATA_OPTIONS.register(name)(medium.options)
            for section, kind in medium.sections.items():
                if section not in RECIPE_SECTIONS:
                    RECIPE_SECTIONS.register(section)(kind)
            return enter(medium)

        return declare


MEDIA: Registry[Medium] = _Media("medium", provided_by="gansmith.media.records")
