from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.data.dataset import Dataset
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.recipe import Recipe, load_recipe
from gansmith.tasks.augmentation_preview import preview, write_preview


def _given(source: Path, *settings: str) -> tuple[Recipe, Dataset]:
    recipe = load_recipe("digits", [f"data.source={source}", "data.size=24", *settings])
    return recipe, open_dataset(recipe.data)


def _cells(sheet: Image.Image, rows: int, columns: int) -> list[list[np.ndarray]]:
    pixels = np.asarray(sheet)[4:, 4:]
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    return [
        [pixels[y * height :, x * width :][: height - 20, : width - 4] for x in range(columns)]
        for y in range(rows)
    ]


def test_rows_are_real_samples_each_operation_and_all_together(sprites: Path) -> None:
    recipe, dataset = _given(sprites, "augment.ops=cutout,scale", "augment.probability=0.5")
    sheet = preview(recipe, dataset, count=6)
    real, scale, cutout, together = _cells(sheet, 4, 6)
    assert sheet.mode == "RGB"
    shown = np.linspace(0, len(dataset.train_indices) - 1, 6).round().astype(int)
    samples = dataset.samples[dataset.train_indices[shown]]
    blank = np.zeros((18, *samples.shape[1:]), np.uint8)
    alone = contact_sheet(np.concatenate([samples, blank]), columns=6, captions=[""] * 24)
    for cell, plain in zip(real, _cells(alone, 4, 6)[0], strict=True):
        assert np.abs(cell.astype(int) - plain).max() <= 1  # premultiplied and back
    for row in (scale, cutout):
        assert sum(not np.array_equal(*pair) for pair in zip(row, real, strict=True)) >= 4
    assert any(not np.array_equal(*pair) for pair in zip(together, real, strict=True))


def test_a_preview_is_the_same_every_time_and_shows_fewer_where_there_are_fewer(
    grey_folder: Path, tmp_path: Path
) -> None:
    recipe, dataset = _given(grey_folder, "augment.ops=flip", "augment.target=0.6")
    assert preview(recipe, dataset) == preview(recipe, dataset)
    few = len(dataset.train_indices)
    assert preview(recipe, dataset, count=500) == preview(recipe, dataset, count=few)
    write_preview(recipe, dataset, tmp_path / "augment.png")
    with Image.open(tmp_path / "augment.png") as written:
        assert written.mode == "L" and written.size == preview(recipe, dataset).size
    assert [file.name for file in tmp_path.glob("augment*")] == ["augment.png"]


def test_sounds_are_changed_as_the_pictures_that_they_are_learned_as(hits: Path) -> None:
    settings = [f"data.source={hits}", "sound.representation=logmel", "augment.ops=cutout"]
    recipe = load_recipe("sounds", settings)
    dataset = open_dataset(recipe.data)
    plain = preview(recipe, dataset, count=4)
    assert plain == preview(recipe, dataset, count=4)
    real, cut, _ = _cells(plain.convert("L"), 3, 4)
    for before, after in zip(real, cut, strict=True):
        assert (before != after).mean() > 0.05
    wave = load_recipe("sounds", [*settings, "sound.representation=waveform"])
    with pytest.raises(GansmithError, match=r"1x16000; leave augment\.ops empty"):
        preview(wave, dataset)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ((), "--set augment.ops=flip,translation"),
        (("augment.ops=rotate", "data.size=24x32"), "'rotate'"),
    ],
)
def test_nothing_to_show_is_told_and_nothing_is_written(
    grey_folder: Path, tmp_path: Path, settings: tuple[str, ...], part: str
) -> None:
    recipe, dataset = _given(grey_folder, *settings)
    with pytest.raises(GansmithError, match=part):
        write_preview(recipe, dataset, tmp_path / "augment.png")
    assert not (tmp_path / "augment.png").exists()
