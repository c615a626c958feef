from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.media.audio.sheet import sound_sheet
from tests.media.audio import twins

RATE, LENGTH = 8000, 8000
WIDTH, STRIP, MELS, GAP = 128, 20, 80, 4
DARKEST, BRIGHTEST = (0, 0, 4), (252, 253, 191)
SILENCE = np.zeros(LENGTH)

Pixels = NDArray[np.int64]


def stored(*waves: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.rint(np.stack(waves) * 32767).astype(np.int16)[:, None, :, None]


def cells(samples: NDArray[np.int16], rate: int = RATE) -> tuple[Pixels, Pixels]:
    """Waveforms [N, 20, 128, 3] and spectrograms [N, 80, 128, 3], as drawn at their own size."""
    sheet = sound_sheet(samples, rate, columns=1, widest=WIDTH + 2 * GAP)
    assert sheet.mode == "RGB" and sheet.width == WIDTH + 2 * GAP
    pixels = np.asarray(sheet, np.int64)[GAP:, GAP : GAP + WIDTH]
    drawn = pixels.reshape(len(samples), STRIP + MELS + GAP, WIDTH, 3)
    assert (drawn[:, STRIP + MELS :] == 255).all()
    return drawn[:, :STRIP], drawn[:, STRIP : STRIP + MELS]


@pytest.mark.parametrize("hertz", [150, 440, 1000, 2500, 3800])
def test_a_tone_is_a_bright_line_at_its_pitch(hertz: float) -> None:
    _, (silent, drawn) = cells(stored(SILENCE, twins.tone(hertz, RATE, LENGTH)))
    assert (silent == DARKEST).all()
    lightness = drawn[:, 5:-5].sum(axis=2).mean(axis=1)
    centres = twins.band_edges(RATE, MELS)[1:-1]
    row = MELS - 1 - int(abs(centres - hertz).argmin())
    assert abs(int(lightness.argmax()) - row) <= 1
    assert abs(drawn[lightness.argmax(), 64] - BRIGHTEST).max() <= 25
    far = abs(np.arange(MELS) - row) > 20
    assert (drawn[far, 64].sum(axis=1) < sum(BRIGHTEST) / 2).all()


def test_time_goes_to_the_right() -> None:
    wave = twins.tone(1000, RATE, LENGTH)
    wave[: LENGTH // 2] = 0
    (strip,), (drawn,) = cells(stored(wave))
    assert (drawn[:, :54] == DARKEST).all() and (drawn[:, 80:].sum(axis=2) > 300).any(axis=0).all()
    inked = strip[:, :, 2] == 255
    assert (inked[:, :62].sum(axis=0) <= 2).all() and (inked[:, 67:].sum(axis=0) >= 16).all()


def test_levels_are_those_of_the_loudest_clip_and_70_dB_below() -> None:
    quiet, faint, lost = (
        twins.tone(1000, RATE, LENGTH, 0.5 / 10 ** (d / 20)) for d in (30, 60, 75)
    )
    strips, drawn = cells(stored(twins.tone(1000, RATE, LENGTH), quiet, faint, lost))
    brightest = drawn[:, :, 64].sum(axis=2).max(axis=1)
    assert brightest[0] > brightest[1] > brightest[2] > sum(DARKEST)
    assert brightest[3] == sum(DARKEST)
    heights = (strips[..., 2] == 255).sum(axis=1).max(axis=1)
    assert heights[0] >= 16 and heights[1] <= 3 and heights[3] <= 2


def test_channels_are_mixed() -> None:
    wave = stored(twins.tone(440, RATE, LENGTH))
    loud = stored(twins.tone(440, RATE, LENGTH))
    against = np.concatenate([wave, -wave], axis=3)
    both = np.concatenate([loud, loud], axis=3)
    _, (cancelled, kept) = cells(np.concatenate([against, both]))
    assert (cancelled == DARKEST).all() and (kept != DARKEST).any()


def test_a_sheet_of_silence_is_dark() -> None:
    _, drawn = cells(stored(SILENCE, SILENCE))
    assert (drawn == DARKEST).all()


@pytest.mark.parametrize("length", [200, 333, 1000, 2400, 8000, 12000, 22050, 48001])
@pytest.mark.parametrize("rate", [4000, 8000, 48000])
def test_clips_of_every_length_are_drawn(length: int, rate: int) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, length))
    _, drawn = cells(stored(*noise), rate)
    assert (drawn.sum(axis=3) > 300).any(axis=(1, 2)).all()


@pytest.mark.parametrize("widest", [104, 500, 1200])
@pytest.mark.parametrize(("count", "columns"), [(1, 1), (3, 1), (4, 4), (7, 3)])
def test_cells_fill_the_width_up_to_twice_their_size(count: int, columns: int, widest: int) -> None:
    sheet = sound_sheet(stored(*[SILENCE] * count), RATE, columns=columns, widest=widest)
    factor = min(2, ((widest - GAP) / columns - GAP) / WIDTH)
    rows = -(-count // columns)
    step = (int(WIDTH * factor) + GAP, int((STRIP + MELS) * factor) + GAP)
    assert sheet.size == (columns * step[0] + GAP, rows * step[1] + GAP)
    assert sheet.width <= widest


def test_columns_are_chosen_where_none_are_asked_for() -> None:
    sheet = sound_sheet(stored(*[SILENCE] * 12), RATE)
    assert 1 <= sheet.width / sheet.height < 2.5 and sheet.width <= 1200


def test_captions_stand_below_the_clips() -> None:
    samples = stored(SILENCE, twins.tone(440, RATE, LENGTH))
    plain, told = (
        sound_sheet(samples, RATE, columns=2, widest=2 * WIDTH + 3 * GAP, captions=captions)
        for captions in (None, ["zero", "one"])
    )
    assert told.height == plain.height + 16 and told.width == plain.width
    below = GAP + STRIP + MELS
    assert np.array_equal(np.asarray(told)[:below], np.asarray(plain)[:below])
    for left in (GAP, WIDTH + 2 * GAP):
        box = (left, below, left + WIDTH, told.height)
        assert ink(told.crop(box)) > 0
    with pytest.raises(GansmithError, match="2 samples got 1 captions"):
        sound_sheet(samples, RATE, captions=["zero"])


def ink(picture: Image.Image) -> int:
    return int((np.asarray(picture.convert("L")) < 128).sum())
