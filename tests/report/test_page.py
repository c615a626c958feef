from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from gansmith.errors import GansmithError
from gansmith.report.page import Picture, embed, render


def noise(side: int, seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def film(path: Path, frames: int, side: int = 96) -> Path:
    first, *rest = (noise(side, seed) for seed in range(frames))
    first.save(path, save_all=True, append_images=rest, duration=50, loop=0)
    return path


def decoded(picture: Picture) -> bytes:
    return base64.b64decode(picture.src.partition(",")[2])


def test_a_small_picture_is_carried_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    noise(20, 0).save(path)
    picture = embed(path)
    assert picture.src.startswith("data:image/png;base64,")
    assert (picture.width, picture.height) == (20, 20)
    assert decoded(picture) == path.read_bytes()


def test_a_large_picture_is_reduced_to_the_side(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    noise(90, 0).resize((90, 45)).save(path)
    picture = embed(path, side=30)
    assert (picture.width, picture.height) == (30, 15)
    with Image.open(io.BytesIO(decoded(picture))) as image:
        assert image.size == (30, 15) and image.format == "WEBP"


@pytest.mark.parametrize("share", [0.6, 0.2, 0.05])
def test_a_large_film_is_made_to_fit_and_keeps_its_length(tmp_path: Path, share: float) -> None:
    path = film(tmp_path / "film.webp", 24)
    limit = int(path.stat().st_size * share)
    data = decoded(embed(path, limit=limit))
    assert len(data) <= limit
    with Image.open(io.BytesIO(data)) as image:
        times = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            times.append(frame.info["duration"])
    assert 1 < len(times) <= 24 and sum(times) == pytest.approx(24 * 50, abs=len(times))


def test_a_picture_that_cannot_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"film\.webp"):
        embed(film(tmp_path / "film.webp", 3), limit=10)


def test_values_are_escaped() -> None:
    page = render("base.html", title="<script>&\"'")
    assert "&lt;script&gt;&amp;&#34;&#39;" in page and "<script>" not in page
