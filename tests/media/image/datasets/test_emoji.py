from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gansmith.loading.catalog import CATALOG
from gansmith.media.image.datasets.emoji import EMOJI_GOOGLE, EMOJI_TWITTER, motif, read_emoji

MADE = [f"1F{number:03X}" for number in range(0x300, 0x400)]


def write_set(folder: Path, codes: list[str], missing: str = "") -> list[NDArray[np.uint8]]:
    """Write a table and a sheet of random pictures, and return these."""
    random = np.random.default_rng(0)
    side = int(np.ceil(np.sqrt(len(codes))))
    sheet, entries, pictures = Image.new("RGBA", (66 * side, 66 * side)), [], []
    for place, code in enumerate(codes):
        column, row = divmod(place, side)
        picture = random.integers(0, 256, (64, 64, 4), dtype=np.uint8)
        picture[:, :20, 3] = 0
        sheet.paste(Image.fromarray(picture), (66 * column + 1, 66 * row + 1))
        pictures.append(picture)
        entry = {"unified": code, "category": f"kind {place % 3}", "sheet_x": column}
        entries.append(entry | {"sheet_y": row, "has_img_made": code != missing})
    sheet.save(folder / "sheet_made_64.png")
    (folder / "emoji.json").write_text(json.dumps(entries), encoding="utf-8")
    return pictures


def test_sprites_are_cut_where_they_were_put(tmp_path: Path) -> None:
    pictures = write_set(tmp_path, MADE[:11], missing=MADE[4])
    contents = read_emoji(tmp_path, "made")
    kept = [place for place in range(11) if place != 4]
    assert contents.samples.shape == (10, 64, 64, 4) and contents.samples.dtype == np.uint8
    for place, sample in zip(kept, contents.samples, strict=True):
        assert np.array_equal(sample[:, 20:][sample[:, 20:, 3] > 0], seen(pictures[place]))
        assert np.array_equal(sample[..., 3], pictures[place][..., 3])
    assert not contents.samples[contents.samples[..., 3] == 0].any()
    assert contents.labels == tuple(f"kind {place % 3}" for place in kept)


def seen(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels that are not fully transparent."""
    return picture[picture[..., 3] > 0]


def test_a_tenth_is_held_out_and_stays_there_when_others_go(tmp_path: Path) -> None:
    write_set(tmp_path, MADE)
    held_out = read_emoji(tmp_path, "made").held_out
    assert 10 < held_out.sum() < 45
    (tmp_path / "fewer").mkdir()
    write_set(tmp_path / "fewer", MADE[100:])
    assert np.array_equal(read_emoji(tmp_path / "fewer", "made").held_out, held_out[100:])


@pytest.mark.parametrize(
    "alike",
    [
        ("1F3C3", "1F3C3-200D-2640-FE0F", "1F3C3-200D-2642-FE0F-200D-27A1-FE0F"),
        ("1F575-FE0F", "1F575-FE0F-200D-2642-FE0F"),
        ("1F9D1-200D-1F680", "1F468-200D-1F680", "1F469-200D-1F680"),
        ("1F468-200D-1F469-200D-1F467", "1F9D1-200D-1F9D1-200D-1F9D2", "1F46A"),
        ("1F1F3-1F1F4", "1F1E7-1F1FB", "1F1F8-1F1EF"),
    ],
)
def test_emoji_that_look_alike_have_one_motif(alike: tuple[str, ...]) -> None:
    assert len(set(map(motif, alike))) == 1


def test_others_keep_their_own() -> None:
    codes = ["2640-FE0F", "2642-FE0F", "27A1-FE0F", "1F468-200D-1F680", "1F468", "1F466", "1F1F8"]
    assert len(set(map(motif, codes))) == len(codes)
    assert motif("1F600") == "1F600"


def test_look_alikes_stand_on_one_side(tmp_path: Path) -> None:
    pairs = [code for base in MADE for code in (base, f"{base}-200D-2640-FE0F")]
    write_set(tmp_path, pairs)
    held_out = read_emoji(tmp_path, "made").held_out.reshape(-1, 2)
    assert np.array_equal(held_out[:, 0], held_out[:, 1]) and held_out.any()


def test_both_vendors_are_in_the_catalogue() -> None:
    for name, entry, terms in (
        ("emoji-google", EMOJI_GOOGLE, "Apache-2.0"),
        ("emoji-twitter", EMOJI_TWITTER, "CC BY 4.0"),
    ):
        assert CATALOG[name] is entry
        assert terms in entry.licence and "MIT" in entry.licence
        assert (entry.samples, entry.size, entry.mode) == (1_911, (64, 64), "RGBA")
        assert all(len(bytes.fromhex(file.sha256)) == 32 for file in entry.files)
    assert EMOJI_GOOGLE.files[0] == EMOJI_TWITTER.files[0]
    assert EMOJI_GOOGLE.files[1] != EMOJI_TWITTER.files[1]


def test_files_have_their_places_in_repository_and_package() -> None:
    web, package = EMOJI_TWITTER.sources
    assert web.address("sheet_twitter_64.png").endswith("/v16.0.0/sheet_twitter_64.png")
    assert package.path("sheet_twitter_64.png") == "img/twitter/sheets/64.png"
    assert package.path("emoji.json") == "emoji.json"
