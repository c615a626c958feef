from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gansmith.loading.catalog import CATALOG
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.media.image.datasets.mnist import MNIST
from gansmith.media.image.datasets.stacked_mnist import stack, stacked
from gansmith.media.image.named_pictures import Contents
from gansmith.recipe import DataConfig


def made_digits(count: int) -> Contents:
    """Digits that are their number in every pixel, each fifth one held out."""
    numbers = np.arange(count)
    return Contents(
        samples=np.broadcast_to(numbers[:, None, None, None], (count, 4, 3, 1)).astype(np.uint8),
        labels=tuple(str(number % 10) for number in numbers),
        held_out=numbers % 5 == 4,
    )


def test_every_channel_is_a_digit_of_its_side_and_the_label_names_all_three() -> None:
    stacks = stack(made_digits(100), 300, 200)
    assert stacks.samples.shape == (500, 4, 3, 3)
    assert np.array_equal(stacks.held_out, np.arange(500) >= 300)
    for sample, label, held_out in zip(stacks.samples, stacks.labels, stacks.held_out, strict=True):
        numbers = sample[0, 0]
        assert (sample == numbers).all()
        assert label == "".join(str(number % 10) for number in numbers)
        assert ((numbers % 5 == 4) == held_out).all()


def test_digits_and_channels_are_drawn_alike_and_apart() -> None:
    numbers = stack(made_digits(10), 40_000, 10).samples[:40_000, 0, 0]
    for channel in range(3):
        counts = Counter(numbers[:, channel].tolist())
        assert sorted(counts) == [0, 1, 2, 3, 5, 6, 7, 8]
        # Chi-squared with 7 degrees of freedom: 24.3 is passed once in 1,000 times.
        assert sum((count - 5_000) ** 2 / 5_000 for count in counts.values()) < 24.3
    triples = Counter(map(tuple, numbers.tolist()))
    assert len(triples) == 8**3
    mean = 40_000 / 8**3
    # Chi-squared with 511 degrees of freedom: mean 511, standard deviation 32.
    assert sum((count - mean) ** 2 / mean for count in triples.values()) < 511 + 3.1 * 32


def test_the_stacks_are_the_same_everywhere() -> None:
    digits = Contents(
        samples=np.zeros((20, 1, 1, 1), np.uint8),
        labels=tuple("01234567890123456789"),
        held_out=np.arange(20) >= 10,
    )
    assert stack(digits, 6, 2).labels == ("174", "314", "773", "104", "293", "648", "672", "445")


def test_the_size_is_that_of_the_literature() -> None:
    entry = CATALOG["stacked-mnist"]
    assert entry.samples == 128_000 + 26_000
    assert (entry.size, entry.mode) == ((28, 28), "RGB")
    assert set(entry.files) == set(MNIST.files) and entry.sources == MNIST.sources
    assert entry.licence == MNIST.licence and MNIST.citation in entry.citation
    assert stacked(MNIST, training=5, held_out=2).samples == 7


def test_it_opens_with_its_labels_and_its_split(
    digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSMITH_DATA", str(digits))
    dataset = open_dataset(DataConfig(source="stacked-mnist"))
    grey = open_dataset(DataConfig(source="mnist"))
    known = {sample.tobytes(): index for index, sample in enumerate(grey.samples)}
    assert dataset.samples.shape == (120, 28, 28, 3) and dataset.held_out.sum() == 30
    for sample, label, held_out in zip(
        dataset.samples, dataset.labels, dataset.held_out, strict=True
    ):
        origins = [known[np.ascontiguousarray(sample[..., c]).tobytes()] for c in range(3)]
        assert [held_out] * 3 == [grey.held_out[origin] for origin in origins]
        assert dataset.label_names[label] == "".join(str(grey.labels[o]) for o in origins)


def test_the_files_are_shared_with_mnist(
    digits: Path, monkeypatch: pytest.MonkeyPatch, private_cache: Path
) -> None:
    monkeypatch.setenv("GANSMITH_DATA", str(digits))
    folder = CATALOG["mnist"].fetch()
    monkeypatch.setenv("GANSMITH_DATA", "/nowhere")
    said: list[str] = []
    assert CATALOG["stacked-mnist"].fetch(log=said.append) == folder
    assert [line.split(":")[0] for line in said] == ["stacked-mnist"]
    assert [path.name for path in (private_cache / "downloads").iterdir()] == ["mnist"]


def test_a_folder_of_the_files_means_mnist_and_the_cache_tells_them_apart(
    digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert resolve_source(DataConfig(source=str(digits))).name == "mnist"
    monkeypatch.setenv("GANSMITH_DATA", str(digits))
    stacks, grey = (
        open_dataset(DataConfig(source=source, mode="RGB")) for source in ("stacked-mnist", "mnist")
    )
    assert stacks.settings == grey.settings
    assert stacks.fingerprint != grey.fingerprint and len(stacks) != len(grey)
