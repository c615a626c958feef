from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from gansmith.provenance import labels, picture_mark, sound_mark
from gansmith.provenance.keyed import key_signs, upper_tail
from tests.provenance.files import RATE, picture, wave

KEY, OTHER = b"a key", b"another"


def pixels(side: int = 64, seed: int = 0) -> np.ndarray:
    return np.asarray(picture(side, seed))


def psnr(before: np.ndarray, after: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((before.astype(float) - after) ** 2)))


@pytest.mark.parametrize("side", [64, 100, 200])
def test_a_marked_picture_is_found_with_its_key_only(side: int) -> None:
    for seed in range(4):
        before = pixels(side, seed)
        after = picture_mark.mark_picture(before, KEY)
        assert psnr(before, after) >= 38
        assert (picture_mark.picture_score(after, KEY) or 0) > picture_mark.THRESHOLD + 2
        assert (picture_mark.picture_score(after, OTHER) or 0) < picture_mark.THRESHOLD
        assert (picture_mark.picture_score(before, KEY) or 0) < picture_mark.THRESHOLD


def test_a_mark_survives_what_happens_to_pictures() -> None:
    marked = picture_mark.mark_picture(pixels(96, 1), KEY)
    image, buffer = Image.fromarray(marked), io.BytesIO()
    image.save(buffer, "JPEG", quality=60)
    changed = [
        Image.open(buffer).convert("RGB"),
        image.resize((72, 72)),
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        image.crop((5, 5, 96, 96)),
        image.convert("L"),
    ]
    for number, one in enumerate(changed):
        score = picture_mark.picture_score(np.atleast_3d(np.asarray(one)), KEY)
        assert (score or 0) > picture_mark.THRESHOLD, number


def test_alpha_and_grey_are_marked_and_alpha_stays() -> None:
    whole = np.asarray(picture().convert("RGBA")).copy()
    whole[:8, :, 3] = 0
    marked = picture_mark.mark_picture(whole, KEY)
    assert np.array_equal(marked[..., 3], whole[..., 3])
    assert (picture_mark.picture_score(marked, KEY) or 0) > picture_mark.THRESHOLD
    grey = pixels()[..., :1]
    found = picture_mark.picture_score(picture_mark.mark_picture(grey, KEY), KEY)
    assert (found or 0) > picture_mark.THRESHOLD


def test_pixel_art_and_small_pictures_stay_as_they_are() -> None:
    art = np.random.default_rng(0).integers(0, 3, (64, 64, 1)).astype(np.uint8) * 100
    assert not picture_mark.can_be_marked(np.repeat(art, 3, axis=2))
    assert not picture_mark.can_be_marked(pixels(32))
    assert picture_mark.can_be_marked(pixels(64))
    assert picture_mark.picture_score(pixels(32), KEY) is None


def test_scores_of_random_keys_are_standard_normal() -> None:
    """The rate of false positives follows from the key, whatever the picture holds."""
    keys = [f"key {number}".encode() for number in range(400)]
    scores = np.concatenate([picture_mark.signed_scores(pixels(64, s), keys) for s in range(3)])
    assert abs(scores.mean()) < 0.1 and abs(scores.std() - 1) < 0.1
    assert abs((scores > 1.5).mean() - upper_tail(1.5)) < 0.025


def test_signs_are_the_same_for_ever() -> None:
    assert (
        key_signs(b"k", "picture", (2, 5)).tolist()
        == key_signs(b"k", "picture", (10,)).reshape(2, 5).tolist()
    )
    assert key_signs(b"k", "sound", (8,)).tolist() != key_signs(b"k", "picture", (8,)).tolist()
    assert key_signs(b"k", "picture", (8,)).tolist() == [-1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 1.0]


def mp3(samples: np.ndarray) -> tuple[np.ndarray, int]:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.repeat(samples, 2, axis=0), 2 * RATE, format="MP3")
    buffer.seek(0)
    found, rate = soundfile.read(buffer, dtype="float32", always_2d=True)
    return found, int(rate)


def test_a_marked_sound_is_found_with_its_key_only() -> None:
    before = wave(2)
    after = sound_mark.mark_sound(before, RATE, KEY)
    assert after.shape == before.shape and after.dtype == np.float32
    assert np.mean(before**2) / np.mean((before - after) ** 2) > 10
    threshold = sound_mark.THRESHOLD
    assert (sound_mark.sound_score(after, RATE, KEY) or 0) > threshold + 2
    assert (sound_mark.sound_score(after, RATE, OTHER) or 9) < threshold
    assert (sound_mark.sound_score(before, RATE, KEY) or 9) < threshold
    for changed, rate in ((after[777:] * 0.3, RATE), mp3(after), (np.tile(after, 2), RATE)):
        assert (sound_mark.sound_score(changed, rate, KEY) or 0) > threshold


def test_short_and_silent_sounds_are_left_alone() -> None:
    assert not sound_mark.can_be_marked(wave(0.9), RATE)
    assert not sound_mark.can_be_marked(np.zeros((2 * RATE, 1), np.float32), RATE)
    assert sound_mark.sound_score(wave(0.5), RATE, KEY) is None


def test_a_label_can_be_seen() -> None:
    for side in (64, 400):
        image = Image.new("RGB", (side, 2 * side), (90, 120, 30))
        found = np.asarray(labels.labelled_picture(image)).astype(int)
        changed = (found != np.asarray(image)).any(axis=2)
        white = (found > 200).all(axis=2)
        rows = np.flatnonzero(white.any(axis=1))
        assert rows[-1] - rows[0] + 1 >= labels.SHARE * side
        assert changed[-1, -1] and not changed[:side, :].any()


def test_a_label_can_be_heard_in_morse() -> None:
    """Short-long short-short: the Morse code of A and I."""
    before = wave(1)
    made = labels.labelled_sound(before, RATE)
    assert np.array_equal(made[: len(before)], before)
    tail = np.abs(made[len(before) :, 0])
    loud = np.convolve(tail, np.ones(80) / 80, "same") > 0.05
    edges = np.flatnonzero(np.diff(loud.astype(int)))
    lengths = (edges[1::2] - edges[::2]) / RATE
    assert len(lengths) == 4
    assert lengths[1] > 2.5 * lengths[0]
    assert np.allclose(lengths[[0, 2, 3]], 0.08, atol=0.015)
