from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.media.levels.grid import legend_of
from gansmith.media.levels.legend import Legend, parse_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.reading.picture import parse_picture
from gansmith.media.levels.writing.picture import encode_preview, encode_tileset, turned


def png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def drawn(tiles: NDArray[np.uint8], cells: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Put tiles, [tiles, side, side, 4], on cells, one by one."""
    side = tiles.shape[1]
    pixels = np.zeros((cells.shape[0] * side, cells.shape[1] * side, 4), dtype=np.uint8)
    for (row, column), cell in np.ndenumerate(cells):
        pixels[row * side :, column * side :][:side, :side] = tiles[cell]
    return pixels


def random_level(side: int, kinds: int = 5) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    random = np.random.default_rng(side)
    tiles = random.integers(0, 256, (kinds, side, side, 4), dtype=np.uint8)
    tiles[..., 3] = 255
    return tiles, random.integers(0, kinds, (12, 18))


@pytest.mark.parametrize("side", [8, 16, 24])
def test_a_picture_is_cut_into_its_tiles(side: int) -> None:
    tiles, cells = random_level(side)
    data = png(drawn(tiles, cells))
    for given in (None, side):
        grid = parse_picture(data, Path("a.png"), given)
        assert len(grid.palette) == 5 and grid.cells.shape == (12, 18)
        symbols = np.array([names[0] for names in grid.palette])[grid.cells]
        for (row, column), cell in np.ndenumerate(cells):
            assert (grid.pictures[symbols[row, column]] == tiles[cell]).all()


def test_equal_tiles_have_equal_symbols_in_all_pictures() -> None:
    tiles, cells = random_level(8)
    one = parse_picture(png(drawn(tiles, cells)), Path("a.png"))
    other = parse_picture(png(drawn(tiles[:3], cells % 3)), Path("b.png"))
    assert set(other.symbols()) < set(one.symbols())
    legend = legend_of([one, other])
    assert len(legend.symbols) == 5
    drawing = encode_preview(
        other.level(legend), legend, side=8, pictures={**one.pictures, **other.pictures}
    )
    again = np.asarray(Image.open(BytesIO(drawing)))
    assert (again == drawn(tiles[:3], cells % 3)).all()


def test_invisible_colours_make_no_difference() -> None:
    tiles = np.zeros((2, 8, 8, 4), dtype=np.uint8)
    tiles[1, ..., :3] = 200
    grid = parse_picture(png(drawn(tiles, np.indices((4, 6)).sum(0) % 2)), Path("a.png"))
    assert len(grid.palette) == 1


@pytest.mark.parametrize(
    ("name", "side", "message"),
    [
        ("a.png", 7, "144 x 96 pixels, no whole number of tiles of 7"),
        ("a.png", 0, "no whole number of tiles of 0"),
        ("a.gif", 8, "a.gif is no GIF picture"),
        ("a.jpg", 8, "a.jpg is none of .png"),
    ],
)
def test_what_cannot_be_cut_is_refused(name: str, side: int, message: str) -> None:
    data = png(drawn(*random_level(8)))
    with pytest.raises(GansmithError, match=message):
        parse_picture(data, Path(name), side)


def test_noise_and_bombs_are_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    with pytest.raises(GansmithError, match="64 x 64 pixels, and tiles of no size repeat"):
        parse_picture(png(noise), Path("a.png"))
    with pytest.raises(GansmithError, match="8000 x 8000 pixels, takes up to 16 megapixels"):
        parse_picture(png(np.zeros((8000, 8000), dtype=np.uint8)), Path("a.png"), 16)
    with pytest.raises(GansmithError, match=r"a\.png is no PNG picture"):
        parse_picture(png(noise)[:200], Path("a.png"), 16)


LEGEND = parse_legend(
    {"tiles": {"#": {"draw": "#102030"}, ".": {"draw": "#ffffff"}, "@": {"draw": "#ff0000"}}}, "l"
)


def test_a_preview_has_the_colours_of_the_legend_and_the_solution_as_a_line() -> None:
    level = Level.from_rows(["#.#", "@.."], LEGEND)
    pixels = np.asarray(Image.open(BytesIO(encode_preview(level, LEGEND, side=8))))
    assert pixels.shape == (16, 24, 3)
    assert (pixels[::8, ::8] == LEGEND.palette[level.tiles]).all()
    path = [(1, 0), (1, 1), (0, 1)]
    lined = np.asarray(Image.open(BytesIO(encode_preview(level, LEGEND, side=8, solution=path))))
    changed = (lined != pixels).any(axis=2)
    cells = changed.reshape(2, 8, 3, 8).any(axis=(1, 3))
    assert cells[1, 0] and cells[1, 1] and cells[0, 1] and not cells[0, 0] and not cells[1, 2]
    with pytest.raises(GansmithError, match="too large"):
        encode_preview(level, LEGEND, side=10_000)


def test_a_tileset_has_sixteen_tiles_a_row() -> None:
    legend = Legend.plain([f"t{number}" for number in range(20)])
    sheet = np.asarray(Image.open(BytesIO(encode_tileset(legend, side=4))))
    assert sheet.shape == (8, 64, 4)
    assert (sheet[:4:4, ::4, :3][0] == legend.palette[:16]).all()
    assert (sheet[4, :16:4, :3] == legend.palette[16:]).all() and (sheet[4:, 16:] == 0).all()
    with pytest.raises(GansmithError, match="the picture of 't1' is 8 x 8 pixels"):
        encode_tileset(legend, side=4, pictures={"t1": np.zeros((8, 8, 4), dtype=np.uint8)})


def test_flips_turn_pictures_as_tiled_does() -> None:
    picture = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    found = {flips: turned(picture, flips)[..., 0].tolist() for flips in (0, 8, 4, 2, 10, 12, 6)}
    assert found == {
        0: [[0, 1], [2, 3]],
        8: [[1, 0], [3, 2]],
        4: [[2, 3], [0, 1]],
        2: [[0, 2], [1, 3]],
        10: [[2, 0], [3, 1]],  # a quarter to the right
        12: [[3, 2], [1, 0]],
        6: [[1, 3], [0, 2]],  # a quarter to the left
    }
