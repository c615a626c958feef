"""What becomes of folders as they are found: splits, equal pictures, labels without samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.folder import PictureFolder
from gansmith.model import GeneratorModel
from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import DataConfig, load_recipe

CASES = Path(__file__).parents[4] / "shared" / "cases" / "pictures"


def save(place: Path, seed: int) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(place)


def test_split_folders_are_the_split(tmp_path: Path) -> None:
    for number in range(30):
        side = ("train", "train", "valid", "test", "train")[number % 5]
        save(tmp_path / side / "ab"[number % 2] / f"{number}.png", number)
    lines: list[str] = []
    dataset = open_dataset(DataConfig(source=str(tmp_path)), log=lines.append)
    assert any("trains on folder train (18) and holds out" in line for line in lines)
    assert dataset.label_names == ("a", "b") and dataset.held_out.sum() == 12
    assert dataset.settings["held_out"] == "official"
    names = PictureFolder(tmp_path, use_labels=False).names()
    assert [name.startswith("train") for name in names] == (~dataset.held_out).tolist()
    found = dict(inspect_path(str(tmp_path), DataConfig()).planned())
    assert found["split"] == "18 to train on, 12 held out, as published"


def test_equal_pictures_are_said_to_be_equal(tmp_path: Path) -> None:
    for number in range(8):
        save(tmp_path / f"{number}.png", 0)
    with pytest.raises(GansmithError, match="all 8 pictures are equal"):
        open_dataset(DataConfig(source=str(tmp_path)))


def test_labels_that_are_never_trained_are_named(tmp_path: Path) -> None:
    for number in range(20):
        save(tmp_path / f"k{number:02}" / "a.png", number)
    config = DataConfig(source=str(tmp_path))
    dataset = open_dataset(config)
    held = np.flatnonzero(dataset.held_out)
    assert dataset.untrained_labels == tuple(f"k{number:02}" for number in held)
    inspected = inspect_path(str(tmp_path), config)
    assert inspected.untrained == dataset.untrained_labels
    assert "not trained" in dict(inspected.planned())
    lines: list[str] = []
    ImageCodec.fit(load_recipe("pictures"), dataset, lines.append)
    assert lines[0].startswith(f"warning: no picture of {len(held)} label")


def labelled_model(names: tuple[str, ...], weights: tuple[float, ...]) -> GeneratorModel:
    recipe, spec = load_recipe("pictures"), SampleSpec(1, 16, 16, len(names))
    pair = build_networks(recipe.network, spec, 0)
    return GeneratorModel(
        pair.generator, Blueprint(ImageCodec(), recipe.network, spec, names, weights)
    )


def test_samples_of_an_untrained_label_are_refused() -> None:
    model = labelled_model(("cat", "owl"), (1.0, 0.0))
    assert model.sample(2, label="cat").shape == (2, 16, 16, 1)
    with pytest.raises(GansmithError, match="label 'owl' was not trained"):
        model.sample(2, label="owl")


def test_labels_that_are_numbers_match_by_value() -> None:
    model = labelled_model(("1", "02", "10"), (0.4, 0.3, 0.3))
    picked = [model.classes(1, 0, label) for label in ("1", 2, "02", "010")]
    assert [int(one[0]) for one in picked if one is not None] == [0, 1, 1, 2]
    with pytest.raises(GansmithError, match="label '0' is unknown"):
        model.classes(1, 0, 0)
    assert int(labelled_model(("a", "b"), (0.5, 0.5)).classes(1, 0, 1)[0]) == 1


@pytest.mark.parametrize(("resize", "filter_"), [("crop", "lanczos"), ("pad", "nearest")])
def test_foreign_pictures_are_read_as_the_run_was_trained(
    tmp_path: Path, resize: str, filter_: str
) -> None:
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (24, 40, 3), np.uint8)
        (tmp_path / "data").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / f"data/{number}.png")
    settings = [f"data.source={tmp_path / 'data'}", "data.size=16", f"data.resize={resize}"]
    recipe = load_recipe("pictures", [*settings, f"data.filter={filter_}"])
    dataset = open_dataset(recipe.data, minimum=1)
    codec = ImageCodec.fit(recipe, dataset)
    codec = ImageCodec.from_config(codec.config(), codec.state_dict())
    read = codec.read(tmp_path / "data/2.png", dataset.samples.shape)
    assert np.array_equal(read, dataset.samples[2])


@pytest.mark.skipif(not CASES.is_dir(), reason="the folder ../shared is not there")
@pytest.mark.parametrize(
    ("case", "labels"),
    [
        ("csv_foldername", {"cat", "dog"}),
        ("csv_label_later", {"cat", "dog"}),
        ("csv_latin1", {"chât", "dog"}),
        ("csv_noext", {"cat", "dog"}),
        ("dataset_json", {"0", "1"}),
        ("split_folders", {"cat", "dog", "owl"}),
        ("avif_among_png", set()),
        ("exif_corrupt", set()),
        ("own_samples_in_data", set()),
        ("tiff_min_is_white_16", set()),
    ],
)
def test_cases_of_makers_are_read(case: str, labels: set[str]) -> None:
    folder = PictureFolder(CASES / case, use_labels=True)
    assert set(folder.labels() or ()) == labels and not folder.faults and not folder.ignored
