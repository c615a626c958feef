from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.mirror_symmetry import MirrorTest
from gansmith.loading.open import open_dataset
from gansmith.run import Run
from gansmith.tasks import resolve_config
from gansmith.tasks.resolve_config import (
    check_recipe,
    choose_by_data,
    default_folder,
    keep_choices,
    resolve,
)
from tests.evaluation.bars import bars
from tests.training.toy import toy_recipe


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


@pytest.mark.parametrize(("symmetric", "ops"), [(True, ("scale", "flip")), (False, ("scale",))])
def test_a_flip_is_chosen_once_by_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, symmetric: bool, ops: tuple[str, ...]
) -> None:
    """A run that goes on keeps what was chosen, whatever the test would say now."""
    asked: list[str] = []

    def answer(dataset: Dataset, seed: int) -> MirrorTest:
        asked.append(dataset.name)
        return MirrorTest(symmetric, 0.5 if symmetric else 0.01)

    monkeypatch.setattr(resolve_config, "mirror_symmetry", answer)
    recipe = toy_recipe(400, "augment.flip_if_symmetric=true", "augment.ops=scale")
    lines: list[str] = []
    chosen = choose_by_data(recipe, bars(), lines.append)
    assert chosen.augment.ops == ops and len(lines) == 1
    assert ("no flip" in lines[0]) != symmetric
    run = Run(tmp_path)
    run.create(chosen, {})
    kept = keep_choices(run, recipe)
    assert kept.augment.ops == ops and asked == ["bars"]
    check_recipe(run, kept)
    other = toy_recipe(400, "augment.flip_if_symmetric=true", "augment.ops=colour")
    with pytest.raises(GansmithError, match=r"augment\.ops changed"):
        check_recipe(run, keep_choices(run, other))
    off = toy_recipe(400, "augment.ops=scale")
    assert choose_by_data(off, bars(), lines.append) == off == keep_choices(run, off)
