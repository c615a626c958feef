from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gansmith.media.image.quality import seam_ratio
from gansmith.media.image.tiling import Windows, blended, places, repeated


def noise(height: int, width: int) -> np.ndarray:
    """Smooth noise of uint8 [H, W, 3] that does not repeat."""
    small = np.random.default_rng(0).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def test_the_seam_ratio_of_a_ramp_and_of_a_wave() -> None:
    ramp = np.tile(np.arange(8.0)[:, None, None], (1, 8, 1))[None]
    # Down: 7 across and 1 inside; across: no change. Means 3.5 and 0.5.
    assert seam_ratio(ramp) == pytest.approx(7.0)
    wave = np.sin(np.arange(64) * 2 * np.pi / 64 + 0.3)[None, :, None, None] * np.ones(
        (1, 1, 64, 1)
    )
    assert seam_ratio(wave) < 1.6
    assert seam_ratio(np.zeros((1, 8, 8, 1))) == 1.0


def test_blended_windows_repeat_without_a_seam_and_keep_contrast() -> None:
    picture = noise(80, 80)
    window = blended(picture, (64, 64))
    assert seam_ratio(picture[None, :64, :64]) > 2 and seam_ratio(window[None]) < 1.2
    assert np.array_equal(window[16:, 16:], picture[16:64, 16:64])
    assert window[:16].std() == pytest.approx(window[16:].std(), rel=0.2)


def test_windows_are_cut_in_the_scale_of_the_picture() -> None:
    picture = noise(60, 200)
    cut = list(
        Windows((16, 16), 8, held_out=2).of_picture(Image.fromarray(picture), "RGB", "lanczos")
    )
    views = np.lib.stride_tricks.sliding_window_view(picture, (16, 16, 3))[:, :, 0]
    columns = [np.argwhere((views == window).all((2, 3, 4)))[0, 1] for window in cut]
    assert len(cut) == 8
    assert max(columns[:6]) + 16 <= min(columns[6:])  # the two sides share no column


def test_a_texture_of_the_size_gives_its_shifts() -> None:
    ramp = np.minimum(np.arange(16), 16 - np.arange(16)).astype(np.uint8) * 8
    texture = np.repeat((ramp[:, None] + ramp)[..., None], 3, axis=2)
    shifts = list(Windows((16, 16), 5, True).of_picture(Image.fromarray(texture), "RGB", "nearest"))
    assert len({shift.tobytes() for shift in shifts}) == 5
    for shift in shifts:
        assert any(
            np.array_equal(np.roll(texture, (y, x), (0, 1)), shift)
            for y in range(16)
            for x in range(16)
        )


def test_places_are_within_room_and_different() -> None:
    found = list(places(50, (30, 3)))
    assert all(0 <= y <= 30 and 0 <= x <= 3 for y, x in found) and len(set(found)) > 35


def test_sheets_show_textures_repeated() -> None:
    samples = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    assert np.array_equal(repeated(samples)[0, 2:, 2:], samples[0])
