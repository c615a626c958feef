"""Depth and range: files of more than eight bits, signed and float ones, and colour profiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from gansmith.errors import GansmithError
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.media.image.arrays import ArrayFile
from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.folder import PictureFolder
from gansmith.media.image.inspect import Inspection
from gansmith.media.image.reading import UnreadablePicture, read_picture
from gansmith.media.image.value_range import Extent, Scale, settle
from gansmith.recipe import DataConfig, load_recipe
from tests.media.image.tiffs import packed_12, write_tiff

RAMP = np.arange(32 * 32).reshape(32, 32)


def pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(read_picture(path).image)


def save_deep(folder: Path, count: int, top: int) -> None:
    folder.mkdir(exist_ok=True)
    values = np.random.default_rng(0).integers(0, top + 1, (count, 16, 16))
    values[:, 0, :2] = 0, top
    for index, picture in enumerate(values.astype(np.uint16)):
        Image.fromarray(picture).save(folder / f"{index}.png")


def open_(path: Path, **settings: object) -> NDArray[np.uint8]:
    return open_dataset(DataConfig(source=str(path), **settings), minimum=1).samples


def test_packed_twelve_bits_are_divided_by_their_depth(tmp_path: Path) -> None:
    values = (RAMP * 4).astype(np.uint16)
    write_tiff(tmp_path / "a.tif", values, bits=12, data=packed_12(values))
    assert np.array_equal(pixels(tmp_path / "a.tif"), np.rint(values * (255 / 4095)))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_white_at_zero_is_upright(tmp_path: Path, dtype: type) -> None:
    values = (RAMP / RAMP.max() * (1 if dtype is np.float32 else 65535)).astype(dtype)
    top = 1 if dtype is np.float32 else 65535
    inverted = write_tiff(tmp_path / "a.tif", (top - values).astype(dtype), photometric=0)
    upright = write_tiff(tmp_path / "b.tif", values)
    assert abs(pixels(inverted).astype(int) - pixels(upright)).max() <= 1
    assert pixels(inverted)[0, 0] == 0


def test_signed_bytes_are_shifted(tmp_path: Path) -> None:
    values = np.linspace(-128, 127, 256).round().astype(np.int8).reshape(16, 16)
    write_tiff(tmp_path / "a.tif", values)
    assert np.array_equal(pixels(tmp_path / "a.tif"), values.astype(int) + 128)


def test_wide_integers_of_bytes_are_bytes(tmp_path: Path) -> None:
    for dtype in (np.uint32, np.int32):
        values = (RAMP % 256).astype(dtype)
        write_tiff(tmp_path / f"{np.dtype(dtype)}.tif", values)
        assert np.array_equal(pixels(tmp_path / f"{np.dtype(dtype)}.tif"), values)


def test_deep_planes_are_refused_by_name(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (8, 8, 3)).astype(np.uint16)
    write_tiff(tmp_path / "a.tif", values, planar=True)
    with pytest.raises(UnreadablePicture, match=r"not read .*16-bit.*(planes|in planes)"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (RAMP.astype(np.float64), "64-bit floats"),
        (RAMP.astype(np.float16), "16-bit floats"),
        (RAMP.astype(np.uint64), "64-bit integers"),
        (np.zeros((8, 8, 3), np.uint32), "32-bit integers, 3 channels"),
    ],
)
def test_kinds_of_tiff_that_are_not_read_are_named(
    tmp_path: Path, values: NDArray[np.generic], kind: str
) -> None:
    write_tiff(tmp_path / "a.tif", values)
    with pytest.raises(UnreadablePicture, match=rf"a TIFF of a kind that is not read \({kind};"):
        read_picture(tmp_path / "a.tif")


def test_twelve_of_sixteen_bits_are_warned_of_once(tmp_path: Path) -> None:
    save_deep(tmp_path / "ct", 6, 4095)
    lines: list[str] = []
    PictureFolder(tmp_path / "ct", use_labels=True, log=lines.append)
    assert [line for line in lines if "nearly black: set data.range=0..4095" in line] == lines
    assert len(lines) == 1
    save_deep(tmp_path / "full", 6, 65535)
    PictureFolder(tmp_path / "full", use_labels=True, log=lines.append)
    assert len(lines) == 1


def test_dark_pictures_that_differ_are_not_taken_for_equal(tmp_path: Path) -> None:
    save_deep(tmp_path / "ct", 6, 63)
    facts = PictureFolder(tmp_path / "ct", use_labels=True).facts()
    assert len({one.pixels for one in facts}) == 6


@pytest.mark.parametrize(("setting", "top"), [("0..4095", 4095), ("auto", 4095), ("0..8190", 8190)])
def test_a_range_holds_for_the_whole_collection(tmp_path: Path, setting: str, top: int) -> None:
    save_deep(tmp_path / "ct", 6, 4095)
    dimmer = np.full((16, 16), 100, np.uint16)
    dimmer[0, 0] = 300
    Image.fromarray(dimmer).save(tmp_path / "ct/9.png")
    samples = open_(tmp_path / "ct", range=setting)
    assert np.array_equal(samples[-1, ..., 0], np.rint(dimmer * (255 / top)))
    assert samples[0].max() == round(255 * 4095 / top)


def test_the_range_is_part_of_plan_and_fingerprint(tmp_path: Path) -> None:
    save_deep(tmp_path / "ct", 6, 4095)
    plain, ranged = (
        open_dataset(DataConfig(source=str(tmp_path / "ct"), range=setting), minimum=1)
        for setting in (None, "0..4095")
    )
    assert "range" not in plain.settings and ranged.settings["range"] == [0, 4095]
    assert plain.fingerprint != ranged.fingerprint
    found = inspect_path(str(tmp_path / "ct"), DataConfig(range="0..4095"))
    assert ("range", "0 is black, 4095 is white") in list(found.planned())


def test_hounsfield_units_are_decided_for_all_slices(tmp_path: Path) -> None:
    folder = tmp_path / "ct"
    folder.mkdir()
    slices = np.random.default_rng(1).integers(-1024, 3072, (4, 16, 16)).astype(np.int16)
    slices[0] = np.clip(slices[0], 0, None)  # one without negatives, as bright as the others
    slices[1, 0, :2] = -1024, 3071
    for index, values in enumerate(slices):
        write_tiff(folder / f"{index}.tif", values)
    with pytest.raises(
        GansmithError, match=r"int16 .* from -1024 to 3071.*data.range=auto"
    ) as told:
        PictureFolder(folder, use_labels=True)
    assert "data.range=-1024..3071" in str(told.value) and "\n" not in str(told.value)
    expected = np.rint((slices.astype(float) + 1024) * (255 / 4095))
    assert np.array_equal(open_(folder, range="auto")[..., 0], expected)
    assert np.array_equal(open_(folder, range="-1024..3071")[..., 0], expected)


def test_float_arrays_of_bytes_are_bytes(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (6, 16, 16)).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    assert np.array_equal(open_(tmp_path / "a.npy")[..., 0], values)


def test_arrays_without_a_usual_range_say_the_remedy(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.linspace(-3, 9, 6 * 256).reshape(6, 16, 16))
    with pytest.raises(GansmithError, match=r"set data.range=auto.*data.range=-3\.\.9"):
        ArrayFile(tmp_path / "a.npy", use_labels=True)
    samples = open_(tmp_path / "a.npy", range="auto")
    assert (samples.min(), samples.max()) == (0, 255)


def test_dark_arrays_are_warned_of(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (6, 16, 16)).astype(np.uint16)
    np.save(tmp_path / "a.npy", values)
    lines: list[str] = []
    ArrayFile(tmp_path / "a.npy", use_labels=True, log=lines.append)
    assert len(lines) == 1 and "data.range=0..4095" in lines[0]
    ranged = open_(tmp_path / "a.npy", range="0..4095")
    assert np.array_equal(ranged[..., 0], np.rint(values * (255 / 4095)))


def test_kinds_of_numbers_settle_apart_and_a_setting_joins_them() -> None:
    files = [Extent("uint12", 0, 4000), Extent("uint16", 0, 60000), Extent("uint8", 0, 255)]
    assert settle(files, None).scales == {"uint12": Scale(0, 4095), "uint16": Scale(0, 65535)}
    assert set(settle(files, "auto").scales.values()) == {Scale(0, 60000)}
    assert settle([Extent("int32", 0, 200), Extent("int32", 0, 900)], None).scales == {
        "int32": Scale(0, 65535)
    }


@pytest.mark.parametrize("value", ["", "5", "5..", "9..1", "nan..4", "0..inf", "a..b", "1...2..3"])
def test_no_range_is_a_line(value: str) -> None:
    with pytest.raises(GansmithError, match=r"data\.range.*takes auto or LOW\.\.HIGH"):
        load_recipe("pictures", [f"data.range='{value}'"])


def test_pictures_are_read_in_the_range_of_the_run(tmp_path: Path) -> None:
    save_deep(tmp_path / "ct", 6, 4095)
    dataset = open_dataset(DataConfig(source=str(tmp_path / "ct"), range="0..4095"), minimum=1)
    codec = ImageCodec.fit(load_recipe("pictures"), dataset)
    again = ImageCodec.from_config(codec.config(), codec.state_dict())
    read = again.read(tmp_path / "ct/3.png", dataset.samples.shape)
    assert np.array_equal(read, dataset.samples[3])


def swapped_profile() -> bytes:
    """The sRGB profile with its red and green primaries exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    places = {bytes(data[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, green = places[b"rXYZ"], places[b"gXYZ"]
    data[red + 4 : red + 12], data[green + 4 : green + 12] = (
        data[green + 4 : green + 12],
        data[red + 4 : red + 12],
    )
    return bytes(data)


def test_colour_profiles_become_srgb(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 4), np.uint8)
    for mode in ("RGB", "RGBA"):
        image = Image.fromarray(colours).convert(mode)
        image.save(tmp_path / "a.png", icc_profile=swapped_profile())
        read = pixels(tmp_path / "a.png").astype(int)
        swapped = np.asarray(image).astype(int)
        swapped[..., :3] = swapped[..., [1, 0, 2]]
        assert abs(read - swapped).max() <= 2


def test_srgb_and_damaged_profiles_change_nothing(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()  # no RGB
    for profile in (srgb, b"no profile", other, srgb[:200]):
        Image.fromarray(colours).save(tmp_path / "a.png", icc_profile=profile)
        assert np.array_equal(pixels(tmp_path / "a.png"), colours)


def test_grey_stays_grey_under_a_profile(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "a.png", icc_profile=srgb)
    assert np.array_equal(pixels(tmp_path / "a.png"), RAMP.astype(np.uint8))


def test_inspection_of_a_deep_folder_is_typed(tmp_path: Path) -> None:
    save_deep(tmp_path / "ct", 4, 65535)
    assert isinstance(inspect_path(str(tmp_path / "ct"), DataConfig()), Inspection)
