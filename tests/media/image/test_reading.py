from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.drawing.pixels import canonical, flatten
from gansmith.media.image.reading import (
    NotAPicture,
    Picture,
    UnreadablePicture,
    examine,
    read_picture,
)

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (6, 9), np.uint8)
COLOUR = RANDOM.integers(0, 256, (6, 9, 3), np.uint8)
CLEAR = RANDOM.integers(0, 256, (6, 9, 4), np.uint8)


def read(path: Path, image: Image.Image, **options: object) -> Picture:
    image.save(path, **options)
    return read_picture(path)


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.png", "PNG"), ("a.webp", "WEBP"), ("a.bmp", "BMP"), ("a.tiff", "TIFF")],
)
def test_lossless_formats_are_read_exactly(tmp_path: Path, name: str, format_: str) -> None:
    picture = read(tmp_path / name, Image.fromarray(COLOUR), lossless=True)
    assert (picture.format, picture.mode, picture.depth) == (format_, "RGB", 8)
    assert np.array_equal(np.asarray(picture.image), COLOUR)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tiff"])
def test_alpha_is_kept(tmp_path: Path, name: str) -> None:
    options = {"lossless": True, "exact": True} if name == "a.webp" else {}
    picture = read(tmp_path / name, Image.fromarray(CLEAR), **options)
    assert np.array_equal(np.asarray(picture.image), CLEAR)


def test_jpeg_is_read_closely(tmp_path: Path) -> None:
    smooth = Image.linear_gradient("L")
    picture = read(tmp_path / "a.jpg", smooth, quality=95)
    assert picture.format == "JPEG" and picture.image.mode == "L"
    assert abs(np.asarray(picture.image).astype(int) - np.asarray(smooth)).max() <= 3


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.jpg", format="PNG")
    assert read_picture(tmp_path / "a.jpg").format == "PNG"


@pytest.mark.parametrize("name", ["a.png", "a.tiff"])
def test_sixteen_bit_grey_is_scaled_and_not_cut(tmp_path: Path, name: str) -> None:
    deep = np.linspace(0, 65535, 54).astype(np.uint16).reshape(6, 9)
    picture = read(tmp_path / name, Image.fromarray(deep))
    assert picture.depth == 16 and picture.image.mode == "L"
    assert np.array_equal(np.asarray(picture.image), np.rint(deep * (255 / 65535)))


def test_sixteen_bit_colour_is_scaled(tmp_path: Path) -> None:
    # Pillow cannot write it: a PNG by hand, one row of two pixels.
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    row = struct.pack(">B6H", 0, 0, 65535, 32768, 257, 514, 1000)
    parts = [
        chunk(b"IHDR", struct.pack(">2I5B", 2, 1, 16, 2, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(row)),
        chunk(b"IEND", b""),
    ]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    picture = read_picture(tmp_path / "a.png")
    assert picture.depth == 16 and picture.image.mode == "RGB"
    expected = np.array([[0, 65535, 32768], [257, 514, 1000]]) * (255 / 65535)
    assert abs(np.asarray(picture.image)[0] - expected).max() <= 1


def test_float_tiff_goes_from_zero_to_one(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 54, dtype=np.float32).reshape(6, 9)
    picture = read(tmp_path / "a.tiff", Image.fromarray(values))
    assert np.array_equal(np.asarray(picture.image), np.rint(values * 255))
    with pytest.raises(UnreadablePicture, match=r"values from 0\.0 to 2\.0, takes 0 to 1"):
        read(tmp_path / "b.tiff", Image.fromarray(values * 2))


def test_palettes_become_colour_and_keep_transparency(tmp_path: Path) -> None:
    indices = Image.fromarray(GREY % 3).convert("P")
    indices.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    palette = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]])
    opaque = read(tmp_path / "a.png", indices)
    assert opaque.mode == "P" and opaque.image.mode == "RGB"
    assert np.array_equal(np.asarray(opaque.image), palette[GREY % 3])
    clear = read(tmp_path / "b.png", indices, transparency=1)
    assert clear.image.mode == "RGBA"
    assert np.array_equal(np.asarray(clear.image)[..., 3] == 0, GREY % 3 == 1)


def test_a_transparent_grey_level_becomes_alpha(tmp_path: Path) -> None:
    picture = read(tmp_path / "a.png", Image.fromarray(GREY % 4), transparency=2)
    assert picture.image.mode == "LA"
    assert np.array_equal(np.asarray(picture.image)[..., 1] == 0, GREY % 4 == 2)


def test_black_and_white_and_cmyk_are_converted(tmp_path: Path) -> None:
    bits = read(tmp_path / "a.png", Image.fromarray(GREY > 99))
    assert bits.depth == 1 and np.array_equal(np.asarray(bits.image), 255 * (GREY > 99))
    ink = read(tmp_path / "a.tiff", Image.new("CMYK", (4, 4), (0, 255, 255, 0)))
    assert ink.mode == "CMYK" and ink.image.getpixel((0, 0)) == (255, 0, 0)


def test_the_first_frame_counts(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), level) for level in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    picture = read_picture(tmp_path / "a.gif")
    assert picture.format == "GIF" and set(np.asarray(picture.image).ravel()) == {10}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_held_sideways_is_undone(tmp_path: Path, orientation: int) -> None:
    upright = np.arange(54, dtype=np.uint8).reshape(6, 9)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: upright.T[::-1],
        7: upright.T[::-1, ::-1],
        8: upright.T[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read(tmp_path / "a.png", Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    assert np.array_equal(np.asarray(picture.image), upright)


@pytest.mark.parametrize("data", [b"", b"plain text\n", b"\x89PN"])
def test_what_holds_no_picture_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(NotAPicture):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.bmp", "a.tiff"])
def test_a_truncated_picture_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    noise = RANDOM.integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadablePicture) as caught:
        read_picture(tmp_path / name)
    assert str(caught.value) and "\n" not in str(caught.value)


def picture(pixels: np.ndarray) -> Picture:
    return Picture(Image.fromarray(pixels), "PNG", "RGB", 8)


def test_facts_see_through_needless_channels() -> None:
    grey = examine(picture(GREY))
    same = [np.dstack([GREY] * 3), np.dstack([GREY] * 3 + [np.full_like(GREY, 255)])]
    for pixels in same:
        facts = examine(picture(pixels))
        assert (facts.pixels, facts.coloured, facts.transparent) == (grey.pixels, False, False)
    assert (grey.height, grey.width) == (6, 9)
    assert examine(picture(COLOUR)).coloured and not examine(picture(COLOUR)).transparent
    assert examine(picture(CLEAR)).coloured and examine(picture(CLEAR)).transparent
    assert examine(picture(GREY[::-1].copy())).pixels != grey.pixels


def test_hidden_colour_says_nothing() -> None:
    hidden = CLEAR.copy()
    hidden[..., 3] = np.where(GREY > 128, 255, 0)
    other = hidden.copy()
    other[GREY <= 128, :3] = 99
    assert np.array_equal(canonical(hidden), canonical(other))
    assert examine(picture(hidden)).pixels == examine(picture(other)).pixels


def test_flattening_lays_on_grey() -> None:
    flat = np.asarray(flatten(Image.fromarray(CLEAR), 200), float)
    alpha = CLEAR[..., 3:] / 255
    assert abs(flat - (CLEAR[..., :3] * alpha + 200 * (1 - alpha))).max() <= 1
