from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.media.image.palette_files import read_palette

COLOURS = [[255, 136, 0], [10, 20, 30], [0, 0, 0]]
TEXTS = {
    "a.gpl": "GIMP Palette\nName: Mine\nColumns: 4\n# a comment\n255 136   0\tOrange\n 10 20 30\n"
    "10 20 30 again\n0 0 0\n",
    "a.pal": "JASC-PAL\n0100\n3\n255 136 0\n10 20 30\n0 0 0\n",
    "a.hex": "ff8800\n0A141E\n#000000\n",
    "a.txt": "; Paint.NET\nFFFF8800\nFF0A141E\n00123456\nFF000000\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_files_of_paint_programs_give_their_colours_in_order(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(TEXTS[name])
    assert read_palette(tmp_path / name).tolist() == COLOURS


def test_a_picture_gives_its_visible_colours(tmp_path: Path) -> None:
    pixels = np.array([[[*COLOURS[0], 255], [*COLOURS[1], 255], [9, 9, 9, 0], [0, 0, 0, 255]]])
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "a.png")
    assert read_palette(tmp_path / "a.png").tolist() == COLOURS


def test_grey_pictures_get_grey_levels(tmp_path: Path) -> None:
    (tmp_path / "a.hex").write_text("ffffff\n000000\n808080\n")
    assert read_palette(tmp_path / "a.hex", channels=1).tolist() == [[0], [128], [255]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.hex", "ff8800\nred\n", "line 2: takes a colour such as ff8800, not 'red'"),
        ("a.gpl", "GIMP Palette\n1 2 300\n", "line 2: takes numbers from 0 to 255"),
        ("a.gpl", "GIMP Palette\n", "has 0 colours, takes 1 to 256"),
        ("a.hex", "\n".join(f"{k:06x}" for k in range(257)), "has 257 colours"),
        ("a.bin", "nothing", "give a picture or one of .gpl .hex .pal .txt"),
    ],
)
def test_wrong_files_are_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(GansmithError, match=message):
        read_palette(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("none.gpl", "none.png"):
        with pytest.raises(GansmithError, match=name):
            read_palette(tmp_path / name)
