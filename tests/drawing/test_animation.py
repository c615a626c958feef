from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.drawing.animation import write_animation
from gansmith.errors import GansmithError

FRAMES = [Image.new("RGB", (64, 48), (40 * index, 80, 200 - 40 * index)) for index in range(5)]


@pytest.mark.parametrize("name", ["film.webp", "film.gif", "FILM.GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_frame_is_shown_in_order(tmp_path: Path, name: str, mode: str) -> None:
    frames = [frame.convert(mode) for frame in FRAMES]
    write_animation(frames, tmp_path / "new" / name, fps=10, hold=2.0)
    with Image.open(tmp_path / "new" / name) as film:
        assert film.format == ("WEBP" if name == "film.webp" else "GIF")
        assert film.n_frames == 5 and film.info["loop"] == 0
        for index, frame in enumerate(frames):
            film.seek(index)
            film.load()
            assert film.info["duration"] == (2000 if index == 4 else 100)
            shown = np.asarray(film.convert("RGB"), int)
            assert abs(shown - np.asarray(frame.convert("RGB"))).max() <= 6


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"\.webp or \.gif, got 'film\.mp4'"):
        write_animation(FRAMES, tmp_path / "film.mp4")


def test_no_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="at least one frame"):
        write_animation([], tmp_path / "film.webp")
    assert list(tmp_path.iterdir()) == []


def test_frames_of_several_sizes_lie_on_white_paper_of_the_largest(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 20), "black"), Image.new("RGB", (40, 48), "black")]
    write_animation(frames, tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as film:
        assert film.size == (64, 48)
        for index, frame in enumerate(frames):
            film.seek(index)
            shown = np.asarray(film.convert("L"), int)
            inside = np.zeros((48, 64), bool)
            inside[: frame.height, : frame.width] = True
            assert shown[inside].max() < 40 and shown[~inside].min() > 215
