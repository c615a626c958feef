"""Captions of emoji: their category, with their name or with keywords of emojilib."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from gansmith.data.downloads.checksums import PinnedFile, download_verified
from gansmith.data.downloads.sources import LocalFolder, NpmPackage, Web, own_folder
from gansmith.log import LogFn
from gansmith.media.image.datasets import PICTURE_SETS
from gansmith.storage.atomic import cache_dir

EMOJI_SETS = {"emoji-google": "google", "emoji-twitter": "twitter"}
"""The named data sets with captions, and their vendors."""

VERSION = "4.0.3"
AT_ONCE = 2
"""Keywords in a caption."""

_KEYWORDS = PinnedFile(
    "emoji-en-US.json", "7974e9162e1505aa1b02d07a04e4eefa5c51864d6c32e477121c635201e2eca2", 264_699
)
_SOURCES = (
    Web(
        "emojilib on GitHub",
        lambda name: f"https://raw.githubusercontent.com/muan/emojilib/v{VERSION}/dist/{name}",
    ),
    NpmPackage("emojilib", VERSION, lambda name: f"dist/{name}"),
)


def emoji_captions(name: str, log: LogFn) -> list[list[str]]:
    """Return the captions of each emoji of a named data set, in its order.

    Each caption begins with the category of the emoji, followed by its name in the first caption,
    and by two keywords in each further one.

    Raises:
        GansmithError: The keywords or the table of emoji cannot be downloaded.
    """
    folder = cache_dir() / "downloads" / "emojilib"
    log(f"emojilib: keywords of emoji, {VERSION}; licence: MIT")
    own = own_folder()
    local = [LocalFolder(own, ("emojilib",))] if own else []
    download_verified([_KEYWORDS], (*local, *_SOURCES), folder, log)
    keywords = json.loads((folder / _KEYWORDS.name).read_text("utf-8"))
    entries = json.loads((PICTURE_SETS[name].fetch() / "emoji.json").read_text("utf-8"))
    shown = [entry for entry in entries if entry[f"has_img_{EMOJI_SETS[name]}"]]
    return [
        list(_captions(entry["subcategory"], _words(keywords, entry["unified"]))) for entry in shown
    ]


def _words(keywords: Mapping[str, list[str]], unified: str) -> list[str]:
    """Return name and keywords of an emoji; some are listed without their variation selector."""
    sign = "".join(chr(int(code, 16)) for code in unified.split("-"))
    return keywords.get(sign) or keywords.get(sign.replace("\ufe0f", "")) or []


def _captions(kind: str, words: Sequence[str]) -> Iterator[str]:
    """Yield captions from a category ("animal-mammal"), a name and its keywords."""
    kind = kind.replace("-", " ").lower()
    plain = [word.replace("_", " ").strip().lower() for word in words]
    if not plain:
        return
    name, *others = plain
    yield f"{kind}: {name}"
    others = [word for word in others if word != name]
    for start in range(0, len(others), AT_ONCE):
        yield f"{kind}: {', '.join(others[start : start + AT_ONCE])}"
