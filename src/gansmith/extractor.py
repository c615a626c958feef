"""Extractor: a named, identified map from samples to feature vectors."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.registry import Registry, unknown

Network = Callable[[Tensor], Tensor]

VERSION = 1
"""Raise it with any change that gives other features, so that kept ones are not used."""


SAMPLES_PER_CLASS = 50
"""Training samples of a class from which on a classifier can learn it."""


def extractor_for_labels(dataset: Dataset) -> str:
    """Return `classifier` where two classes have SAMPLES_PER_CLASS, else `random-conv`."""
    if dataset.labels is None:
        return "random-conv"
    counts = np.bincount(dataset.labels[dataset.train_indices])
    enough = int((counts >= SAMPLES_PER_CLASS).sum())
    return "classifier" if enough >= 2 else "random-conv"


class Described(Protocol):
    """How stored samples are brought to what an extractor takes."""

    @property
    def description(self) -> str:
        """In words, for results."""

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        """Turn stored samples [N, H, W, C] into float32 [N, ...]."""


class Preparation(Described, Protocol):
    """How stored samples are brought to what a network takes, [N, channels, height, width].

    Its `repr` is part of the identity of an extractor.
    """

    @property
    def channels(self) -> int:
        """Channels of the network's input."""

    @property
    def height(self) -> int:
        """Height of the network's input."""

    @property
    def width(self) -> int:
        """Width of the network's input."""


class Extractor:
    """Turns samples into features that metrics compare.

    The network always sees exactly `chunk` samples, the last ones padded with zeros, so that a
    sample's features do not depend on how many come with it.

    Args:
        name: What recipes and reports call it.
        network: Maps float32 [chunk, C, H, W] to [chunk, D], or more axes, which are flattened.
        preprocessing: How samples are brought to what the network sees.
        weights: Bytes by which networks of the same name differ.
        chunk: Samples in one pass.
        details: Facts worth reporting ("accuracy").

    Attributes:
        identity: Hash of name, weights and preprocessing: equal identities, equal features.
        dimensions: D.
        note: Why this extractor was chosen, as a sentence; empty where there is nothing to say.

    Raises:
        GansmithError: If the network does not give one row of finite numbers a sample.
    """

    note: str = ""

    def __init__(
        self,
        name: str,
        network: Network,
        preprocessing: Preparation,
        weights: Iterable[bytes] = (),
        chunk: int = 128,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.preprocessing: Described = preprocessing
        self.identity = digest(VERSION, name, preprocessing, *weights)
        self.details = details or {}
        self._network = network
        self._chunk = chunk
        shape = (1, preprocessing.channels, preprocessing.height, preprocessing.width)
        self.dimensions = self._seen(torch.zeros(shape)).shape[1]

    @torch.inference_mode()
    def features(self, samples: NDArray[Any]) -> Tensor:
        """Return the features, float32 [N, D], of stored samples [N, H, W, C], N >= 1."""
        chunks = range(0, len(samples), self._chunk)
        parts = (self.preprocessing(samples[i : i + self._chunk]) for i in chunks)
        return torch.cat([self._seen(part) for part in parts])

    @torch.inference_mode()
    def _seen(self, values: Tensor) -> Tensor:
        """Return the features of up to `chunk` samples that are prepared."""
        count = len(values)
        values = F.pad(values, (0, 0, 0, 0, 0, 0, 0, self._chunk - count))
        features = self._network(values.contiguous(memory_format=torch.channels_last))
        if features.ndim < 2 or len(features) != self._chunk or not features.isfinite().all():
            raise GansmithError(
                f"feature extractor '{self.name}' gives {list(features.shape)} for {self._chunk} "
                "samples: its first output must be one row of finite numbers a sample"
            )
        return features.flatten(1)[:count].float()


class ClassifyingExtractor(Extractor):
    """An extractor whose features lead to class probabilities.

    Args:
        head: Maps features [N, D] to logits [N, classes].
        *args: As for `Extractor`.
        **options: As for `Extractor`.
    """

    def __init__(self, head: Network, *args: Any, **options: Any) -> None:
        self._head = head
        super().__init__(*args, **options)

    @torch.inference_mode()
    def probabilities(self, features: Tensor) -> Tensor:
        """Return class probabilities, float32 [N, classes], of features [N, D]."""
        return self._head(features).softmax(dim=1)


EXTRACTORS: Registry[Callable[[Dataset], Extractor]] = Registry(
    "feature extractor", provided_by="gansmith.evaluation.features"
)
"""Builders by name; the reference data sets size and colour."""

FILE_EXTRACTORS: Registry[Callable[[Path, Dataset], Extractor]] = Registry(
    "feature extractor file", provided_by="gansmith.evaluation.features"
)
"""Builders from a file of the user, by the word before the colon."""


def build_extractor(setting: str, dataset: Dataset) -> Extractor:
    """Build the extractor that a recipe names.

    Args:
        setting: A registered name, or `onnx:FILE` or `torch:FILE` for a network of the user.
        dataset: The reference data.

    Raises:
        GansmithError: If the name is unknown, the file is missing or does not serve, the collection
            is unsuitable, or an optional package is not installed.
    """
    name, colon, file = setting.partition(":")
    if name in FILE_EXTRACTORS:
        path = Path(file).expanduser()
        if not path.is_file():
            raise GansmithError(f"feature extractor '{setting}' needs a file: give {name}:FILE")
        return FILE_EXTRACTORS[name](path, dataset)
    if colon or name not in EXTRACTORS:
        files = [f"{kind}:FILE" for kind in FILE_EXTRACTORS]
        raise unknown("feature extractor", setting, EXTRACTORS.names() + files)
    return EXTRACTORS[name](dataset)


def module_bytes(module: nn.Module) -> Iterable[bytes]:
    """Names and values of a module's weights and buffers, for `digest`."""
    for name, tensor in module.state_dict().items():
        yield name.encode()
        yield tensor.detach().cpu().contiguous().numpy().tobytes()


def digest(*parts: object) -> str:
    """Short SHA-256 (16 hex digits) of parts, by their bytes or their `repr`."""
    state = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()[:16]


def optional_module(module: str, extra: str) -> Any:
    """Import a package of an optional extra.

    Raises:
        GansmithError: If it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise GansmithError(
            f"the package '{module}' is not installed: pip install 'gansmith[{extra}]'"
        ) from None
