from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from gansmith.drawing.canvas import BLUE, ORANGE, RED
from gansmith.report.health_picture import CELL, LEFT, RIGHT, ROW, WIDTH, health_png
from gansmith.report.history import RunHistory
from tests.report.health_folders import diagnosis, look, looks, make_watched_run
from tests.report.run_folders import edit_json, events, write_events


def draw(run: Path, *said: dict[str, Any]) -> NDArray[np.int64]:
    if said:
        write_events(run, [*events(), *looks(), *said])
    with Image.open(BytesIO(health_png(RunHistory.read(run)))) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def coloured(picture: NDArray[np.int64], ink: str, within: int = 12) -> NDArray[np.bool_]:
    return np.abs(picture - np.array(ImageColor.getrgb(ink))).max(2) < within


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_watched_run(tmp_path / "run")


def test_a_diagnosis_is_a_mark_at_its_time_in_its_colour(run: Path) -> None:
    calm = draw(run)
    warned = draw(run, diagnosis("oscillation", 0.25))
    assert calm.shape == warned.shape and (calm != warned).any()
    rows = slice(52, 52 + ROW)
    assert not coloured(calm, ORANGE)[rows].any()
    marks = np.flatnonzero(coloured(warned, ORANGE)[rows].any(0))
    assert marks.mean() == pytest.approx(LEFT + 0.25 * (RIGHT - LEFT), abs=1)
    fatal = draw(run, diagnosis("oscillation", 0.25, level="error"))
    assert coloured(fatal, RED)[rows].any() and not coloured(fatal, ORANGE)[rows].any()


def test_few_looks_that_find_nothing_are_not_drawn_as_calm(run: Path) -> None:
    """Where nothing was said, the row holds words and nothing else."""
    pictures = []
    for count in (2, 3, 10):
        write_events(run, [*events(), *looks(count)])
        pictures.append(draw(run)[52 : 48 + ROW])
    assert (pictures[1] == pictures[2]).all() and (pictures[0] != pictures[2]).any()


def test_actions_have_different_signs(run: Path) -> None:
    pictures = [draw(run, diagnosis("diverged", 0.5, act)) for act in ("warn", "heal", "stop")]
    marks = [int(coloured(picture, ORANGE)[52 : 52 + ROW].sum()) for picture in pictures]
    assert len(set(marks)) == 3 and marks[1] == min(marks)  # the healed one is hollow


def test_each_diagnosis_has_a_row(run: Path) -> None:
    one = draw(run, diagnosis("oscillation", 0.2))
    two = draw(run, diagnosis("oscillation", 0.2), diagnosis("memorising", 0.3))
    assert two.shape[0] - one.shape[0] == ROW and two.shape[1] == WIDTH


def test_a_lost_mode_is_a_dark_stretch_in_its_row(run: Path) -> None:
    lost = coloured(draw(run), ORANGE)[-(10 * CELL + 44) : -44]
    middle = lost[7 * CELL + CELL // 2, LEFT : RIGHT - 2]
    share = np.arange(len(middle)) / (RIGHT - LEFT)
    assert middle[share > 0.57].all() and not middle[share < 0.53].any()
    assert not lost[2 * CELL + CELL // 2, LEFT:RIGHT].any()


def test_coverage_is_drawn_from_low_to_high(run: Path) -> None:
    blue = coloured(draw(run), BLUE, within=60)[: -(10 * CELL + 80)]
    heights = [np.flatnonzero(blue[:, x]).mean() for x in (LEFT + 100, LEFT + 400, RIGHT - 20)]
    assert heights[0] > heights[1] > heights[2]


def test_little_to_draw_does_no_harm(run: Path) -> None:
    full = draw(run)
    edit_json(run / "manifest.json", health={"floors": {"coverage": float("nan")}})
    write_events(run, [look(0.5) | {"coverage": float("nan")}])
    assert draw(run).shape[0] < full.shape[0]
    write_events(run, [diagnosis("diverged", 0.0)])
    assert draw(run).shape[1] == WIDTH
