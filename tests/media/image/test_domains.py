from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from gansmith.loading.resolve import resolve_source
from gansmith.media.image.domains import compare_pictures
from gansmith.recipe import DataConfig


def fill(
    folder: Path, count: int, size: tuple[int, int] = (24, 24), mode: str = "RGB", seed: int = 0
) -> Path:
    """Write pictures of blocks, so that each looks different."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for index in range(count):
        blocks = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(blocks).convert(mode).resize(size).save(folder / f"{seed}-{index:03}.png")
    return folder


def warnings(*folders: Path) -> list[str]:
    return compare_pictures([resolve_source(DataConfig(source=str(path))) for path in folders])


def test_domains_that_are_alike_have_no_warning(tmp_path: Path) -> None:
    first, second = (fill(tmp_path / name, 110, seed=seed) for seed, name in enumerate("ab"))
    assert warnings(first, second) == []


def test_each_difference_that_spoils_a_translation_is_one_line(tmp_path: Path) -> None:
    first = fill(tmp_path / "a", 110)
    cases = {
        "few": (fill(tmp_path / "few", 3, seed=1), "few has 3 pictures: too few"),
        "some": (fill(tmp_path / "some", 25, seed=2), "a has 110 pictures, some only 25"),
        "large": (fill(tmp_path / "large", 110, (96, 96), seed=3), "large are about 96 pixels"),
        "wide": (fill(tmp_path / "wide", 110, (36, 20), seed=4), "other proportions (1.00 and 1.8"),
        "grey": (fill(tmp_path / "grey", 110, mode="L", seed=5), "100% of a are coloured, and 0%"),
    }
    for name, (folder, expected) in cases.items():
        lines = warnings(first, folder)
        assert any(expected in line for line in lines), (name, lines)
        assert all("\n" not in line for line in lines)


def test_pictures_that_are_in_both_are_counted_equal_or_nearly(tmp_path: Path) -> None:
    first = fill(tmp_path / "a", 110)
    second = fill(tmp_path / "b", 110, seed=1)
    for path in sorted(first.iterdir())[:4]:
        Image.open(path).save(second / f"again-{path.stem}.bmp")
    for path in sorted(first.iterdir())[4:7]:
        nearly = np.array(Image.open(path))
        nearly[0, 0] ^= 1
        Image.fromarray(nearly).save(second / f"nearly-{path.name}")
    assert warnings(first, second) == [
        "4 pictures of a are in b too",
        "a and b have 3 pairs of nearly equal pictures",
    ]


def test_the_labels_of_one_folder_are_domains(tmp_path: Path) -> None:
    fill(tmp_path / "all" / "x", 110)
    fill(tmp_path / "all" / "y", 12, seed=1)
    lines = warnings(tmp_path / "all")
    assert lines == [
        "y has 12 pictures: results improve with a few hundred",
        "x has 110 pictures, y only 12",
    ]
