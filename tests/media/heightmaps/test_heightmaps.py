"""Heightmaps: read, cut, encoded, drawn in any size, and written for engines."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.log import silent
from gansmith.media.heightmaps.codec import HeightmapCodec, shaded
from gansmith.media.heightmaps.reading import read_heights
from gansmith.media.heightmaps.tiles import parse_tiles, write_heightmaps
from gansmith.model import GeneratorModel
from gansmith.networks import SampleSpec, build_networks
from gansmith.outputs import Provenance
from gansmith.recipe import DataConfig, NetworkConfig
from gansmith.tasks.inspect_data import inspect
from gansmith.verbs import Request

ORIGIN = Provenance(run="a run", seed=1)


def terrain(height: int = 65, width: int = 65) -> np.ndarray:
    y, x = np.indices((height, width)) / 9
    return np.rint((np.sin(x) * np.cos(y) + x / 20 + 1) * 15_000).astype(np.uint16)


def model(margin: int = 2) -> GeneratorModel:
    config = NetworkConfig(name="conv", width=8, head=8, wrap=True, margin=margin)  # type: ignore[call-arg]
    spec = SampleSpec(1, 16, 16)
    generator = build_networks(config, spec, seed=0).generator
    return GeneratorModel(generator, Blueprint(HeightmapCodec(), config, spec))


def test_sixteen_bits_survive_encoding_and_files(tmp_path: Path) -> None:
    codec = HeightmapCodec()
    every = np.arange(65_536, dtype=np.uint16).reshape(1, 256, 256, 1)
    assert np.array_equal(codec.decode(codec.encode(torch.from_numpy(every))), every)
    for format_ in ("png", "raw"):
        file = tmp_path / f"map.{format_}"
        file.write_bytes(codec.to_bytes(every[0], format_))
        assert np.array_equal(read_heights(file), every[0, ..., 0])
        assert np.array_equal(codec.read(file, (256, 256, 1)), every[0])
    image = Image.open(BytesIO(codec.to_bytes(every[0], "png")))
    assert image.mode == "I;16" and np.array_equal(np.asarray(image), every[0, ..., 0])
    raw = codec.to_bytes(every[0], "raw")
    assert struct.unpack("<2H", raw[512:516]) == (256, 257)


@pytest.mark.parametrize("suffix", ["png", "raw", "npy", "tif"])
def test_files_of_all_kinds_become_windows(suffix: str, tmp_path: Path) -> None:
    heights, file = terrain(65, 65), tmp_path / f"one.{suffix}"
    if suffix == "npy":
        np.save(file, heights.astype(np.float32) / 100 - 40)
    elif suffix == "raw":
        file.write_bytes(heights.astype("<u2").tobytes())
    else:
        Image.fromarray(heights).save(file)
    config = DataConfig.model_validate({"source": str(tmp_path), "size": 16, "crops": 20})
    dataset = open_dataset(config, medium="heightmap")
    assert dataset.medium == "heightmap" and dataset.samples.dtype == np.uint16
    assert dataset.samples.shape == (20, 16, 16, 1) and 0 < dataset.held_out.sum() < 10
    whole = heights
    if suffix == "npy":  # stretched to the whole range
        low, high = int(heights.min()), int(heights.max())
        whole = np.rint((heights.astype(float) - low) / (high - low) * 65_535)
    views = np.lib.stride_tricks.sliding_window_view(whole, (16, 16))
    for sample in dataset.samples[..., 0]:
        assert (np.abs(views - sample.astype(float)) <= 1).all((2, 3)).any()


def test_one_bad_file_does_not_cost_the_others(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", terrain(50, 90))
    np.save(tmp_path / "voids.npy", np.full((50, 50), np.nan))
    (tmp_path / "odd.raw").write_bytes(b"123")
    lines: list[str] = []
    config = DataConfig.model_validate({"source": str(tmp_path), "size": 16, "crops": 20})
    dataset = open_dataset(config, medium="heightmap", log=lines.append)
    assert len(dataset) == 20
    said = "\n".join(lines)
    assert "voids.npy has heights that are no numbers" in said
    assert "odd.raw has 3 bytes, takes a square of 16-bit heights" in said


@torch.no_grad()
def test_neighbouring_tiles_share_their_edges(tmp_path: Path) -> None:
    options, place = {"side": 33, "tiles": "2x3"}, tmp_path / "tiles"
    request = Request([4], 1, out=place, options=options)
    assert write_heightmaps(model(), tmp_path, ORIGIN, request, silent) == place
    tiles = {(y, x): read_heights(place / f"4_x{x}_y{y}.png") for y in range(2) for x in range(3)}
    assert all(tile.shape == (33, 33) and tile.dtype == np.uint16 for tile in tiles.values())
    for y in range(2):
        for x in range(3):
            if x < 2:
                assert np.array_equal(tiles[y, x][:, -1], tiles[y, x + 1][:, 0])
            if y < 1:
                assert np.array_equal(tiles[y, x][-1], tiles[y + 1, x][0])
    assert not np.array_equal(tiles[0, 0], tiles[1, 1])


def test_the_same_call_gives_the_same_bytes_in_every_format(tmp_path: Path) -> None:
    for format_, size in (("raw", 2 * 33 * 33), ("glb", 0)):
        contents = []
        for name in ("a", "b"):
            place = tmp_path / f"{format_}-{name}"
            request = Request([0, 1], out=place, format_=format_, options={"side": 33})
            write_heightmaps(model(), tmp_path, ORIGIN, request, silent)
            contents.append([file.read_bytes() for file in sorted(place.glob(f"*.{format_}"))])
        assert contents[0] == contents[1] and len(contents[0]) == 2
        assert contents[0][0] != contents[0][1] and size in (0, len(contents[0][0]))


@torch.no_grad()
def test_one_heightmap_is_one_file_of_the_format_that_its_name_says(tmp_path: Path) -> None:
    def written(name: str, **options: object) -> Path:
        request = Request([1], 2, out=tmp_path / name, options={"side": 33, **options})
        return write_heightmaps(model(), tmp_path, ORIGIN, request, silent)

    heights = np.fromfile(written("one.raw"), "<u2").reshape(33, 33)
    assert np.array_equal(heights, np.asarray(Image.open(written("one.png"))))
    assert written("one.glb").read_bytes()[:4] == b"glTF"
    with pytest.raises(GansmithError, match=r"tiles\.png is one file, and there are 4"):
        written("tiles.png", tiles="2x2")
    with pytest.raises(GansmithError, match=r"with -n 1 one of \.png, \.raw, \.glb, not 'x\.tif'"):
        written("x.tif")
    assert {file.suffix for file in tmp_path.iterdir() if file.is_dir()} == set()


@pytest.mark.parametrize("text", ["2", "0x2", "2x99", "axb"])
def test_wrong_tiles_are_refused(text: str) -> None:
    with pytest.raises(GansmithError, match="--tiles takes rows x columns, such as 2x2"):
        parse_tiles(text)


def test_light_from_the_north_west_makes_its_slopes_bright() -> None:
    ramp = np.tile(np.arange(0, 64_000, 1_000, dtype=np.uint16), (64, 1))
    rising, falling = shaded(ramp[None, ..., None])[0], shaded(ramp[None, :, ::-1, None])[0]
    assert rising[:, 32].mean() > falling[:, 31].mean() + 10


def test_a_folder_is_inspected_as_it_will_be_cut(tmp_path: Path) -> None:
    for index, side in enumerate((80, 100)):
        heights = (terrain(side, 2 * side) * 50 + 7).astype(np.uint16)
        Image.fromarray(heights).save(tmp_path / f"{index}.png")
    (tmp_path / "notes.txt").write_text("hills", "utf-8")
    (tmp_path / "broken.tif").write_bytes(b"II*")
    found = inspect(tmp_path, "heightmaps", ["data.crops=20"])
    rows = dict([*found.found(), *found.planned()])
    assert rows["heightmaps"] == "2 (1 other file ignored)" and rows["numbers"] == "16 bits (2)"
    assert rows["rows"] == "80 to 100, median 80" and rows["unreadable"].startswith("1")
    assert rows["samples"] == "64 x 64 (rows x columns), up to 20 a file"
    config = DataConfig(source=str(tmp_path), **{"size": 64, "crops": 20})  # type: ignore[arg-type]
    dataset = open_dataset(config, medium="heightmap")
    held_out = len(dataset.held_out_indices)
    assert rows["split"] == f"{len(dataset) - held_out} to train on, {held_out} held out"
