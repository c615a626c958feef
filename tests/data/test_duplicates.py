from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from gansmith.data.duplicates import equal_groups, similar_pairs
from gansmith.drawing.pixels import difference_hash


def clouds(seed: int) -> Image.Image:
    """A smooth colour picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 10, 3), np.uint8)
    return Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC)


def test_equal_digests_are_grouped() -> None:
    assert equal_groups(["x", "y", "x", "z", "y", "x"]) == [[0, 2, 5], [1, 4]]


def test_copies_are_found_and_others_are_not() -> None:
    pictures = [clouds(seed) for seed in range(30)]
    buffer = BytesIO()
    pictures[3].save(buffer, "JPEG", quality=60)
    pictures.append(Image.open(buffer))
    pictures.append(pictures[7].resize((80, 60), Image.Resampling.LANCZOS))
    pictures.append(pictures[11].point(lambda value: min(255, round(value * 1.05))))
    pairs = similar_pairs([difference_hash(picture) for picture in pictures])
    assert pairs == [(3, 30), (7, 31), (11, 32)]


def test_plain_pictures_are_not_taken_for_each_other() -> None:
    plain = [Image.new("RGB", (50, 50), colour) for colour in ("red", "blue", "white")]
    assert similar_pairs([difference_hash(picture) for picture in plain]) == []
