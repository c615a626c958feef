from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.loading.open import match_names, open_dataset
from gansmith.recipe import DataConfig


def fill(folder: Path, names: list[str], level: int) -> Path:
    """Write pictures whose red says which it is, and whose green says which folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(int(path.stem))
        picture = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        picture[:, :, 0], picture[:, :, 1] = int(path.stem), level
        Image.fromarray(picture).save(path)
    return folder


def pairs_of(*paths: Path, lines: list[str] | None = None, **settings: object):  # type: ignore[no-untyped-def]
    source = {"source": str(paths[0])} if len(paths) == 1 else {"domains": tuple(map(str, paths))}
    config = DataConfig.model_validate({"paired": True, "held_out": 0.3, **source, **settings})
    return open_dataset(config, log=(lines if lines is not None else []).append)


def test_samples_are_joined_by_the_names_of_their_files(tmp_path: Path) -> None:
    names = [f"{index:02d}.png" for index in range(60)]
    first = fill(tmp_path / "a", [*names, "70.png", "71.png"], 10)
    second = fill(tmp_path / "b", [name.replace(".png", ".bmp") for name in names] + ["80.png"], 90)
    lines: list[str] = []
    dataset = pairs_of(first, second, lines=lines)
    source, target = dataset.samples[:60], dataset.samples[60:]
    assert np.array_equal(source[:, 0, 0, 0], target[:, 0, 0, 0])
    assert set(source[:, 0, 0, 1]) == {10} and set(target[:, 0, 0, 1]) == {90}
    assert np.array_equal(dataset.held_out[:60], dataset.held_out[60:])
    assert 5 < dataset.held_out[:60].sum() < 40
    (line,) = [line for line in lines if "without a partner" in line]
    assert "60 pairs" in line and "2 of a" in line and "1 of b" in line


def test_the_split_goes_by_the_content_of_the_source(tmp_path: Path) -> None:
    names = [f"{index:02d}.png" for index in range(60)]
    first = fill(tmp_path / "a", names, 10)
    one = pairs_of(first, fill(tmp_path / "b", names, 90))
    other = pairs_of(first, fill(tmp_path / "c", names[5:], 91))
    assert np.array_equal(one.held_out[5:60], other.held_out[:55])


def test_two_sub_folders_are_pairs_too(tmp_path: Path) -> None:
    names = [f"{index:02d}.png" for index in range(20)]
    fill(tmp_path / "both" / "a", names, 10)
    fill(tmp_path / "both" / "b", names, 90)
    lines: list[str] = []
    assert pairs_of(tmp_path / "both", lines=lines).label_names == ("a", "b")
    assert any("memorises" in line for line in lines)
    assert pairs_of(tmp_path / "both", target="a").label_names == ("b", "a")


def test_what_holds_no_pairs_is_refused_in_one_line(tmp_path: Path) -> None:
    first = fill(tmp_path / "a", [f"{index}.png" for index in range(9)], 10)
    second = fill(tmp_path / "b", [f"{index}.png" for index in range(20, 29)], 90)
    with pytest.raises(GansmithError, match=r"no file of .*a has the name of a file of .*b"):
        pairs_of(first, second)
    with pytest.raises(GansmithError, match="has 0 sub-folders"):
        pairs_of(first)
    with pytest.raises(GansmithError, match="two different folders"):
        pairs_of(first, first)


def test_names_match_by_path_and_else_by_their_last_part() -> None:
    ours = ["x/1.png", "x/2.jpg", "y/1.png", "y/3.png", "y/3.jpg"]
    assert match_names(ours, ["x/1.webp", "Y/1.PNG", "y/3.png"]) == [(0, 0), (2, 1)]
    assert match_names(["p/1.png", "p/2.png"], ["q/2.png", "r/1.png"]) == [(0, 1), (1, 0)]
    assert match_names(["a/1.png", "b/1.png"], ["1.png"]) == []
