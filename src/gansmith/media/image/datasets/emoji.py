"""Emoji as Google and as Twitter draw them, cut from the sprite sheets of emoji-data.

Only base emoji: the variants in five skin tones are near copies of them. Both sets hold the same
emoji in the same order.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.downloads.checksums import PinnedFile
from gansmith.data.downloads.sources import NpmPackage, Web
from gansmith.data.split import split_by_hash
from gansmith.media.image.named_pictures import Contents, NamedPictures

VERSION = "16.0.0"
SIDE = 64
_CELL = SIDE + 2  # each sprite has a border of one pixel
_HELD_OUT = 0.1
_TABLE = PinnedFile(
    "emoji.json", "1d602e65be88772bf8cc368ce16b855d719eeddbafe128d471b80203f494d29f", 1_313_457
)
_ALIKE = (
    (r"-200D-(2640|2642|27A1)(-FE0F)?", ""),  # woman, man, facing right
    (r"\b1F46[89]\b", "1F9D1"),  # man, woman: person
    (r"\b1F46[67]\b", "1F9D2"),  # boy, girl: child
    (r"^1F46A$", "1F9D1-200D-1F9D1-200D-1F9D2"),  # family
)
_SAME_FLAG = {  # a vendor has one picture for both
    "BV": "NO",
    "CP": "FR",
    "CQ": "SA",
    "DG": "IO",
    "EA": "ES",
    "HM": "AU",
    "MF": "FR",
    "SJ": "NO",
    "UM": "US",
}


def read_emoji(folder: Path, vendor: str) -> Contents:
    """Read the base emoji of a vendor from its sheet, in the order of code points.

    About a tenth is held out, the same emoji for every vendor. Emoji with equal pictures, and those
    that differ in sex or direction only, are on the same side.

    Args:
        folder: Holds `emoji.json` and `sheet_VENDOR_64.png`.
        vendor: As in the names of these files ("google", "twitter").

    Returns:
        RGBA samples [N, 64, 64, 4], labelled with their categories.
    """
    entries = json.loads((folder / _TABLE.name).read_text(encoding="utf-8"))
    entries = [entry for entry in entries if entry[f"has_img_{vendor}"]]
    with Image.open(folder / f"sheet_{vendor}_64.png") as image:
        samples = cut(np.asarray(image.convert("RGBA")), entries)
    return Contents(
        samples=samples,
        labels=tuple(entry["category"] for entry in entries),
        held_out=split_by_hash([_digest(entry["unified"]) for entry in entries], _HELD_OUT),
    )


def cut(sheet: NDArray[np.uint8], entries: Sequence[dict[str, Any]]) -> NDArray[np.uint8]:
    """Cut sprites from a sheet.

    Args:
        sheet: uint8 [height, width, 4], cells of 66x66.
        entries: Each with its column `sheet_x` and its row `sheet_y`.

    Returns:
        uint8 [N, 64, 64, 4], with colour zeroed where alpha is 0.
    """
    corners = [(1 + _CELL * entry["sheet_y"], 1 + _CELL * entry["sheet_x"]) for entry in entries]
    sprites = np.stack([sheet[y : y + SIDE, x : x + SIDE] for y, x in corners])
    return np.where(sprites[..., 3:] > 0, sprites, np.uint8(0))


def motif(code: str) -> str:
    """Return what an emoji shows, without what hardly makes a difference to its picture.

    Args:
        code: Code points in upper-case hex, joined by "-".

    Returns:
        The same for emoji that differ in sex or direction only, and for equal flags and families.
    """
    for pattern, common in _ALIKE:
        code = re.sub(pattern, common, code)
    return _MOTIFS.get(code, code)


def _flag(country: str) -> str:
    return "-".join(f"{0x1F1E6 + ord(letter) - ord('A'):X}" for letter in country)


_MOTIFS = {_flag(country): _flag(owner) for country, owner in _SAME_FLAG.items()}


def _digest(code: str) -> str:
    return hashlib.sha256(motif(code).encode()).hexdigest()


def _emoji(vendor: str, sheet: PinnedFile, licence: str, citation: str) -> NamedPictures:
    inside = {_TABLE.name: _TABLE.name, sheet.name: f"img/{vendor}/sheets/64.png"}
    project = f"https://raw.githubusercontent.com/iamcal/emoji-data/v{VERSION}"
    return NamedPictures(
        name=f"emoji-{vendor}",
        summary=f"1,911 emoji as {vendor.title()} draws them, 64x64 RGBA, 10 labels",
        licence=f"{licence}; table of emoji: MIT",
        citation=f"{citation}, in emoji-data {VERSION} by C. Henderson",
        files=(_TABLE, sheet),
        sources=(
            Web("emoji-data on GitHub", lambda name: f"{project}/{name}"),
            NpmPackage(f"emoji-datasource-{vendor}", VERSION, inside.__getitem__),
        ),
        samples=1_911,
        size=(SIDE, SIDE),
        mode="RGBA",
        read=lambda folder: read_emoji(folder, vendor),
    )


EMOJI_GOOGLE = _emoji(
    "google",
    PinnedFile(
        "sheet_google_64.png",
        "795a0c598d162c9a4aae23f2188c607b8c9bc1912cb7d84382459f8de91a3ae1",
        13_842_666,
    ),
    licence="Apache-2.0 (Noto Emoji)",
    citation="Google: Noto Emoji 2.048",
)
EMOJI_TWITTER = _emoji(
    "twitter",
    PinnedFile(
        "sheet_twitter_64.png",
        "daa7711b29897de6bd811a4cfeae911d8d8baa7f7e25c97d9b64354ae425ff5c",
        11_283_284,
    ),
    licence="CC BY 4.0 (Twemoji; credit Twitter, Inc. and other contributors)",
    citation="Twitter, Inc. and other contributors: Twemoji 16.0.1",
)
