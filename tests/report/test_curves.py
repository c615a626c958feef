from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageColor

from gansmith.report.curves import INKS, curves_png
from tests.report.run_folders import events as logged

TITLES = {"d_loss": "discriminator", "g_loss": "generator"}


def test_curves_png_shows_both_inks_of_each_filled_panel() -> None:
    with Image.open(BytesIO(curves_png(logged(), TITLES))) as picture:
        assert picture.size == (1440, 320) and picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    for panel in range(3):
        part = pixels[60:280, 480 * panel + 60 : 480 * panel + 460]
        blue = (np.abs(part - (0x25, 0x63, 0xC9)).sum(-1) < 30).sum()
        assert blue > 100
    orange = np.abs(pixels[60:280, 60:460] - (0xD2, 0x69, 0x1E)).sum(-1) < 30
    assert orange.sum() > 100


def test_curves_png_of_an_empty_log_is_a_picture() -> None:
    with Image.open(BytesIO(curves_png([], TITLES))) as picture:
        assert np.asarray(picture.convert("L")).min() < 120  # says so in words


def test_every_declared_loss_is_drawn_in_a_colour_of_its_own() -> None:
    losses = {f"{name}_loss": name for name in ("autoencoder", "code", "d", "g")}
    steps = [
        {"event": "step", "samples": 100 * k, "seconds": k}
        | {name: k * (number + 1) for number, name in enumerate(losses)}
        for k in range(1, 9)
    ]
    with Image.open(BytesIO(curves_png(steps, losses))) as picture:
        pixels = np.asarray(picture.convert("RGB"), int)[60:280, 60:460]
    for ink, _ in INKS[:4]:
        assert (np.abs(pixels - ImageColor.getrgb(ink)).sum(-1) < 60).sum() > 100
