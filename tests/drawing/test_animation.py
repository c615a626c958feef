from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gansmith.drawing.animation import animation_bytes
from gansmith.errors import GansmithError

FRAMES = [Image.new("RGB", (64, 48), (40 * index, 80, 200 - 40 * index)) for index in range(5)]


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_frame_is_shown_in_order(suffix: str, mode: str) -> None:
    frames = [frame.convert(mode) for frame in FRAMES]
    with Image.open(BytesIO(animation_bytes(frames, suffix, fps=10, hold=2.0))) as film:
        assert film.format == ("WEBP" if suffix == ".webp" else "GIF")
        assert film.n_frames == 5 and film.info["loop"] == 0
        for index, frame in enumerate(frames):
            film.seek(index)
            film.load()
            assert film.info["duration"] == (2000 if index == 4 else 100)
            shown = np.asarray(film.convert("RGB"), int)
            assert abs(shown - np.asarray(frame.convert("RGB"))).max() <= 6


def test_a_gif_of_few_colours_keeps_each_of_them() -> None:
    """Pixel art: Pillow alone would choose nearby colours."""
    random = np.random.default_rng(0)
    palette = random.integers(0, 256, (64, 3), dtype=np.uint8)
    frames = np.zeros((6, 32, 32, 4), np.uint8)
    frames[..., :3] = palette[random.integers(0, 64, frames.shape[:3])]
    frames[..., 3] = 255 * (random.random(frames.shape[:3]) < 0.7)
    images = [Image.fromarray(frame) for frame in frames]
    with Image.open(BytesIO(animation_bytes(images, ".gif"))) as film:
        assert film.n_frames == len(frames)
        for index, frame in enumerate(frames):
            film.seek(index)
            shown = np.asarray(film.convert("RGBA"))
            assert (shown[..., 3] == frame[..., 3]).all()
            assert (shown[..., :3] == frame[..., :3])[frame[..., 3] > 0].all()


def test_other_suffixes_are_refused() -> None:
    with pytest.raises(GansmithError, match=r"\.webp or \.gif, not as '\.mp4'"):
        animation_bytes(FRAMES, ".mp4")


def test_no_frames_are_refused() -> None:
    with pytest.raises(GansmithError, match="at least one frame"):
        animation_bytes([], ".webp")


def test_frames_of_several_sizes_lie_on_white_paper_of_the_largest() -> None:
    frames = [Image.new("RGB", (64, 20), "black"), Image.new("RGB", (40, 48), "black")]
    with Image.open(BytesIO(animation_bytes(frames, ".webp"))) as film:
        assert film.size == (64, 48)
        for index, frame in enumerate(frames):
            film.seek(index)
            shown = np.asarray(film.convert("L"), int)
            inside = np.zeros((48, 64), bool)
            inside[: frame.height, : frame.width] = True
            assert shown[inside].max() < 40 and shown[~inside].min() > 215
