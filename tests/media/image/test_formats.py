"""Formats that Pillow reads, what is passed over, and bounds on memory."""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from gansmith.drawing.pixels import canonical, difference_hash, pixel_digest, to_array
from gansmith.errors import GansmithError
from gansmith.media.image import reading, resizing
from gansmith.media.image.arrays import ArrayFile
from gansmith.media.image.folder import PictureFolder
from gansmith.media.image.formats import formats, formats_for, suffixes
from gansmith.media.image.pixel_budget import PixelBudget, map_bounded
from gansmith.media.image.reading import NotAPicture, UnreadablePicture, examine_file, read_picture

COLOUR = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["avif", "jp2", "tga", "ppm", "ico", "pcx", "sgi", "qoi", "dds"])
def test_formats_of_pillow_are_read(tmp_path: Path, suffix: str) -> None:
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    image = Image.fromarray(COLOUR)
    options = {"sizes": [(16, 16)]} if suffix == "ico" else {}
    image.save(tmp_path / f"a.{suffix}", **options)
    Image.fromarray(255 - COLOUR).save(tmp_path / f"b.{suffix}", **options)
    folder = PictureFolder(tmp_path, use_labels=True)
    assert len(folder) == 2 and folder.sizes == {(16, 16): 2}
    if suffix != "avif":
        assert np.array_equal(
            np.asarray(read_picture(tmp_path / f"a.{suffix}").image.convert("RGB")), COLOUR
        )


def test_drawings_and_films_are_not_opened() -> None:
    assert not {"EPS", "PDF", "WMF", "MPEG"} & set(formats())
    assert not {".eps", ".pdf", ".wmf", ".mpg", ".h5"} & set(suffixes())


def test_formats_without_a_mark_need_their_suffix(tmp_path: Path) -> None:
    Image.fromarray(COLOUR).save(tmp_path / "a.tga")
    (tmp_path / "a.tga").rename(tmp_path / "a.bin")
    with pytest.raises(NotAPicture):
        read_picture(tmp_path / "a.bin")
    assert "TGA" in formats_for(Path("x.TGA")) and "TGA" not in formats_for(Path("x.png"))


def test_suffixes_that_are_passed_over_are_named(tmp_path: Path) -> None:
    for name in ("a.heic", "b.heic", "c.svg"):
        (tmp_path / name).write_bytes(b"some bytes")
    with pytest.raises(
        GansmithError, match=r"no pictures \(only 2 \.heic files and 1 \.svg file\)"
    ):
        PictureFolder(tmp_path, use_labels=True)
    Image.fromarray(COLOUR).save(tmp_path / "d.png")
    lines: list[str] = []
    PictureFolder(tmp_path, use_labels=True, log=lines.append)
    assert lines == [f"{tmp_path}: 2 .heic files and 1 .svg file are not read"]


def test_no_warning_of_pillow_reaches_the_user(tmp_path: Path) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\xff\xff\xff\x7f" * 4
    for index in range(4):
        Image.fromarray(np.roll(COLOUR, index, 0)).save(tmp_path / f"{index}.jpg", exif=exif)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        folder = PictureFolder(tmp_path, use_labels=True)
        assert len(list(folder.pictures())) == 4 and not folder.faults
        warnings.warn("another's", stacklevel=1)
    assert [str(one.message) for one in caught] == ["another's"]


def bomb(path: Path, side: int) -> Path:
    """A palette with transparency: a few kilobytes for side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    size = side.to_bytes(4, "big")
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size + size + bytes([1, 3, 0, 0, 0]))
        + chunk(b"PLTE", bytes([0, 0, 0, 255, 0, 0]))
        + chunk(b"tRNS", bytes([0, 255]))
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize("side", [10_001, 13_300, 60_000])
def test_too_many_pixels_are_refused_by_the_header(tmp_path: Path, side: int) -> None:
    path = bomb(tmp_path / "a.png", side)
    with pytest.raises(UnreadablePicture, match=r"100 megapixels|than 100 megapixels") as told:
        examine_file(path)
    assert "\n" not in str(told.value)


def test_bands_and_the_whole_give_the_same_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    clear = rng.integers(0, 256, (40, 30, 4), np.uint8)
    clear[:20, :, 3], clear[20:, :, 3] = 255, 255 * (clear[20:, :, 3] > 99)
    grey = np.dstack([clear[..., :1]] * 3 + [clear[..., 3:]])
    for index, pixels in enumerate([clear, clear[..., :3], grey, grey[..., :3]]):
        image = Image.fromarray(np.ascontiguousarray(pixels))
        image.save(tmp_path / f"{index}.png")
        kept = canonical(to_array(image))
        for band in (1 << 22, 100, 7):
            monkeypatch.setattr(reading, "_BAND", band)
            facts = examine_file(tmp_path / f"{index}.png")
            assert facts.pixels == pixel_digest(kept) and facts.look == difference_hash(image)
            assert facts.transparent == (kept.shape[-1] in (2, 4))
            assert facts.coloured == (kept.shape[-1] > 2)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_large_pictures_are_averaged_down_first(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    y, x = np.indices((400, 300))
    pixels = np.stack([x * 255 // 299, y * 255 // 399, (x + y) % 256 // 2, 255 - x // 2], axis=-1)
    image = Image.fromarray(pixels.astype(np.uint8)).convert(mode)
    plain = resizing.conform(image, (20, 15), mode, "fit")
    monkeypatch.setattr(resizing, "_LARGE", 1000)
    monkeypatch.setattr(resizing, "_BAND", 5000)
    assert abs(resizing.conform(image, (20, 15), mode, "fit").astype(int) - plain).max() <= 4


def test_large_pictures_with_alpha_have_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LARGE", 100)
    monkeypatch.setattr(reading, "_BAND", 64)
    clear = np.dstack([COLOUR, np.full((16, 16), 90, np.uint8)])
    Image.fromarray(clear).save(tmp_path / "a.png")
    Image.fromarray(clear).save(tmp_path / "b.webp", lossless=True, exact=True)
    a, b = examine_file(tmp_path / "a.png"), examine_file(tmp_path / "b.webp")
    assert a.transparent and a.coloured and (a.height, a.width) == (16, 16)
    assert a.pixels == b.pixels


def test_threads_share_a_budget_of_pixels() -> None:
    held, most = [0], [0]

    def work(pixels: int) -> int:
        held[0] += pixels
        most[0] = max(most[0], held[0])
        return pixels

    for pixels in map_bounded(work, [(40, 40)] * 20 + [(500, 500)] + [(10, 10)] * 20, limit=100):
        held[0] -= pixels
    assert most[0] == 500  # a picture above the limit is alone
    budget = PixelBudget(100)
    with budget.reserve(1000):
        pass
    with budget.reserve(60), budget.reserve(40):
        assert budget._used == 100
    assert budget._used == 0


def header(shape: str) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("(10**30, 16, 16)", "cannot be read as an array"),
        ("(1000000000000000000000000000000,16,16)", "promises 2.56e[+]32 bytes and 256 follow"),
        ("(True, 16, 16)", "its header says shape"),
        ("(-4, 16, 16)", "its header says shape"),
        ("(4, 16, 16", "cannot be read as an array"),
        ("(4096, 1024, 1024)", "promises"),
    ],
)
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_headers_of_arrays_that_lie_are_one_line(
    tmp_path: Path, shape: str, message: str, suffix: str
) -> None:
    import zipfile

    data, path = header(shape) + bytes(256), tmp_path / f"a.{suffix}"
    if suffix == "npz":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("images.npy", data)
    else:
        path.write_bytes(data)
    with pytest.raises(GansmithError, match=message) as told:
        ArrayFile(path, use_labels=True)
    assert "\n" not in str(told.value) and len(str(told.value)) < 500 + len(str(path))


def test_archives_that_unpack_to_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gansmith.media.image import array_reading

    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((40, 64, 64), np.uint8))
    monkeypatch.setattr(array_reading, "MOST_UNPACKED", 1 << 16)
    with pytest.raises(GansmithError, match=r"'images' takes 0 MiB unpacked.*save it with numpy"):
        ArrayFile(tmp_path / "a.npz", use_labels=True)
