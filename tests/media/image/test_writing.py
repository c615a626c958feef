"""Sprite sheets and large textures, from models that were not trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.log import silent
from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.quality import measure, seam_ratio
from gansmith.media.image.sprite_sheet import pack
from gansmith.media.image.writing import write_pictures
from gansmith.model import GeneratorModel
from gansmith.networks import SampleSpec, build_networks
from gansmith.outputs import Provenance
from gansmith.recipe import NetworkConfig
from gansmith.verbs import Request
from tests.training.toy import bars

ORIGIN = Provenance(run="a run", seed=3)
PALETTE = torch.tensor([[0, 0, 0], [250, 20, 30], [40, 200, 90]]).byte()


def model(classes: int = 0, **options: int) -> GeneratorModel:
    config = NetworkConfig(name="conv", width=8, head=8, **options)  # type: ignore[arg-type]
    spec = SampleSpec(4, 16, 16, classes, alpha=True)
    names, shares = ("axe", "bow")[:classes], (0.5, 0.5)[:classes]
    generator = build_networks(config, spec, seed=0).generator
    for weight in generator.parameters():
        weight.data.mul_(2)
    codec = ImageCodec(hard_alpha=True, palette=PALETTE)
    return GeneratorModel(generator, Blueprint(codec, config, spec, names, shares))


def test_a_sheet_has_every_frame_where_its_table_says(tmp_path: Path) -> None:
    made = model(classes=2)
    place = tmp_path / "sheet"
    request = Request(range(7), seed=3, out=place, options={"sheet": "aseprite"})
    assert write_pictures(made, tmp_path, ORIGIN, request, silent) == place
    table = json.loads((place / "sprites.json").read_text())
    sheet = Image.open(place / table["meta"]["image"])
    assert sheet.mode == "P" and dict(zip("wh", sheet.size, strict=True)) == table["meta"]["size"]
    pixels = np.asarray(sheet.convert("RGBA"))
    samples = made.sample(7, seed=3)
    tags = table["meta"]["frameTags"]
    names = list(table["frames"])
    for tag in tags:
        members = names[tag["from"] : tag["to"] + 1]
        assert all(name.endswith(f"-{tag['name']}") for name in members)
    assert tags[0]["from"] == 0 and tags[-1]["to"] == 6
    for name, frame in table["frames"].items():
        box = frame["frame"]
        shown = pixels[box["y"] : box["y"] + box["h"], box["x"] : box["x"] + box["w"]]
        assert np.array_equal(shown, samples[int(name.split("-")[0])])
        assert frame["sourceSize"] == {"w": 16, "h": 16} and frame["duration"] > 0


def test_sprites_without_a_pixel_are_counted(tmp_path: Path) -> None:
    made, lines = model(), list[str]()
    request = Request(range(3), out=tmp_path / "sheet", options={"sheet": "aseprite"})
    write_pictures(made, tmp_path, ORIGIN, request, lines.append)
    assert len(lines) == 1
    codec = made.codec
    assert isinstance(codec, ImageCodec)
    decode = codec.decode
    codec.decode = lambda tensor: decode(tensor) * 0  # type: ignore[method-assign]
    write_pictures(made, tmp_path, ORIGIN, request, lines.append)
    assert lines[-1] == "warning: 3 of them wholly transparent: train longer"


def test_a_grid_is_about_square_and_holds_all() -> None:
    samples = np.arange(5 * 4 * 6 * 4, dtype=np.uint8).reshape(5, 4, 6, 4)
    sheet, places = pack(samples)
    assert sheet.shape == (12, 12, 4) and places[2] == (0, 4)
    with pytest.raises(GansmithError, match="do not fit on a sheet"):
        pack(np.zeros((5_000, 256, 256, 1), np.uint8))


def test_textures_of_any_size_repeat(tmp_path: Path) -> None:
    made = model(wrap=True)
    made.codec = ImageCodec()
    place, options = tmp_path / "textures", {"side": 64}
    write_pictures(made, tmp_path, ORIGIN, Request([0, 2], 3, out=place, options=options), silent)
    files = sorted(place.glob("*.png"))
    assert [file.name for file in files] == ["0.png", "2.png"]
    pixels = np.stack([np.asarray(Image.open(file).convert("RGBA")) for file in files])
    assert pixels.shape == (2, 64, 64, 4) and not np.array_equal(pixels[0], pixels[1])
    assert 0.3 < seam_ratio(pixels) < 1.5
    planes = Request([0], 3, out=tmp_path / "planes", format_="glb", options=options)
    write_pictures(made, tmp_path, ORIGIN, planes, silent)
    assert (tmp_path / "planes" / "0.glb").read_bytes()[:4] == b"glTF"


def test_one_texture_of_any_size_is_one_file(tmp_path: Path) -> None:
    made = model(wrap=True)
    made.codec = ImageCodec()
    for name, start in (("one 1%.png", b"\x89PNG"), ("plane.glb", b"glTF")):
        request = Request([2], 3, out=tmp_path / name, options={"side": 64})
        assert write_pictures(made, tmp_path, ORIGIN, request, silent) == tmp_path / name
        assert (tmp_path / name).read_bytes()[:4] == start
    several = Request([0, 1], 3, out=tmp_path / "two.png", options={"side": 64})
    with pytest.raises(
        GansmithError, match=r"two\.png is one file, and there are 2: give a folder"
    ):
        write_pictures(made, tmp_path, ORIGIN, several, silent)
    other = Request([0], 3, out=tmp_path / "x.raw", options={"side": 64})
    with pytest.raises(GansmithError, match=r"with -n 1 one of \.png, .*, not 'x\.raw'"):
        write_pictures(made, tmp_path, ORIGIN, other, silent)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"one 1%.png", "plane.glb", "plane.glb.provenance.json"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sheet": "unity"}, "sheet 'unity' is unknown: choose one of aseprite"),
        ({"sheet": "aseprite", "side": 64}, "leave --side out"),
        ({"side": 64}, "train with network.name=conv and"),
    ],
)
def test_wrong_wishes_are_named(options: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=message):
        request = Request([0], 3, out=tmp_path / "out", options=options)
        write_pictures(model(), tmp_path, ORIGIN, request, silent)
    assert not (tmp_path / "out").exists()


def test_a_side_that_is_no_multiple_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="a multiple of 4 pixels a side: try --side 64"):
        request = Request([0], 3, out=tmp_path, options={"side": 65})
        write_pictures(model(wrap=True), tmp_path, ORIGIN, request, silent)


def test_islands_are_measured_where_there_is_alpha_and_seams_of_textures() -> None:
    grey = bars()
    assert measure(grey.samples, None, grey, 0) == ({}, {})
    grey.settings["tileable"] = True
    values, floors = measure(grey.samples[:8], None, grey, 0)
    assert set(values) == set(floors) == {"seam_ratio"}
