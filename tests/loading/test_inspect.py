from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from gansmith.cli.rendering import inspection_tables
from gansmith.errors import GansmithError
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.media.image.inspect import Inspection
from gansmith.recipe import DataConfig


def inspect(path: Path, **settings: object) -> Inspection:
    return inspect_path(str(path), DataConfig.model_validate(settings))


def test_a_messy_folder_is_counted(messy_folder: Path) -> None:
    shutil.copy(messy_folder / "000.png", messy_folder / "twin.png")
    found = inspect(messy_folder)
    assert found.pictures == 32 and found.ignored == 1
    assert found.formats == {"PNG": 7, "JPEG": 5, "WEBP": 5, "BMP": 5, "TIFF": 5, "GIF": 5}
    assert found.modes == {"RGB": 26, "P": 5, "I;16": 1}
    assert found.depths == {8: 31, 16: 1}
    assert found.duplicates == [["000.png", "twin.png"]]
    assert {path for path, _ in found.unreadable} == {"truncated.jpg", "text.png"}
    assert found.labels == {}
    for name in ("000.png", "001.jpg", "deep.png"):
        with Image.open(messy_folder / name) as picture:
            assert f"{picture.height}x{picture.width}" in found.sizes
    assert found.heights[0] <= found.heights[1] <= found.heights[2]


def test_it_foretells_what_opening_does(sprites: Path, messy_folder: Path) -> None:
    for path, settings in ((sprites, {}), (messy_folder, {"size": 32, "resize": "crop"})):
        found = inspect(path, **settings)
        dataset = open_dataset(DataConfig.model_validate({"source": str(path), **settings}))
        assert found.plan == dataset.settings
        assert (found.training, found.held_out) == (
            len(dataset.train_indices),
            len(dataset.held_out_indices),
        )


def test_of_few_large_pictures_windows_are_advised(tmp_path: Path, sprites: Path) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (3, 300, 400, 3), dtype=np.uint8)
    for k, pixels in enumerate(noise):
        Image.fromarray(pixels).save(folder / f"{k}.png")
    with pytest.raises(GansmithError, match=r"cut several samples .*data\.crops=100"):
        open_dataset(DataConfig(source=str(folder), size=64), minimum=32)
    advice = "data.crops=100"
    assert advice in dict(inspect(folder, size=64).planned())["advice"]
    cut = inspect(folder, size=64, crops=20)
    assert not cut.few_large and not inspect(sprites).few_large
    opened = open_dataset(DataConfig(source=str(folder), size=64, crops=20))
    assert cut.training == len(opened.train_indices)


def test_alpha_and_labels_are_counted(sprites: Path, labelled_folder: Path) -> None:
    found = inspect(sprites)
    assert (found.transparent, found.coloured) == (40, 40)
    shapes = inspect(labelled_folder)
    assert shapes.labels == {"circle": 16, "cross": 16, "square": 16}
    assert (shapes.transparent, shapes.coloured) == (0, 0)


def test_near_duplicates_are_paired(messy_folder: Path) -> None:
    with Image.open(messy_folder / "000.png") as picture:
        zoomed = picture.resize((picture.width * 2, picture.height * 2))
    zoomed.save(messy_folder / "zoomed.png")
    assert ("000.png", "zoomed.png") in inspect(messy_folder).similar


def test_arrays_can_be_inspected(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).random((12, 10, 10))
    samples[5] = samples[2]
    np.savez(tmp_path / "a.npz", x=samples, y=np.arange(12) % 2)
    found = inspect(tmp_path / "a.npz")
    assert found.formats == {"array": 12} and found.depths == {64: 12}
    assert found.duplicates == [["#2", "#5"]]
    assert found.labels == {"0": 6, "1": 6}


def test_the_table_shows_it_and_json_holds_it(messy_folder: Path) -> None:
    found = inspect(messy_folder)
    console = Console(width=120, file=StringIO())
    console.print(inspection_tables(found))
    text = console.file.getvalue()
    for word in ("31", "truncated.jpg", "JPEG (5)", "RGB", "fit, lanczos filter", "held out"):
        assert word in text
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["pictures"] == 31 and plain["plan"]["mode"] == "RGB"


def test_nothing_is_decoded_into_the_cache(grey_folder: Path, private_cache: Path) -> None:
    inspect(grey_folder)
    assert not (private_cache / "datasets").exists()


def test_a_missing_path_is_one_line() -> None:
    with pytest.raises(GansmithError, match="no folder or file at /no/where"):
        inspect(Path("/no/where"))
