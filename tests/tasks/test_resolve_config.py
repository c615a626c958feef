from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.tasks.resolve_config import default_folder, resolve


def test_folders_keep_their_whole_name(tmp_path: Path) -> None:
    for name in ("icons.v1", "icons.v2"):
        (tmp_path / name).mkdir()
        recipe = resolve("pictures", tmp_path / name)
        assert default_folder(recipe, named=True) == Path("runs") / f"pictures-{name}"
    (tmp_path / "x.npy").touch()
    recipe = resolve("pictures", tmp_path / "x.npy")
    assert default_folder(recipe, named=True) == Path("runs/pictures-x")


def test_an_array_is_data(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    recipe = resolve("pictures", array)
    assert np.array_equal(open_dataset(recipe.data).samples, array)
    assert recipe == resolve("pictures", array.copy())
    assert default_folder(recipe, named=True) != default_folder(
        resolve("pictures", array[1:]), True
    )


def test_objects_are_no_data() -> None:
    with pytest.raises(GansmithError, match="array of Python objects"):
        resolve("pictures", np.array([{"a": 1}], dtype=object))


def test_a_recipe_for_own_files_asks_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GansmithError, match=r"'sounds' trains on your own files: give --data"):
        resolve("sounds")
    with pytest.raises(GansmithError, match="did you mean training"):
        resolve("sounds", settings=["batch=16"])
