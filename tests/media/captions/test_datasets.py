from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from gansmith.data.downloads.checksums import PinnedFile
from gansmith.errors import GansmithError
from gansmith.media.captions import datasets as module
from gansmith.media.captions.datasets import emoji_captions
from gansmith.media.image.named_pictures import NamedPictures

ENTRIES = [
    {"unified": "1F47B", "subcategory": "face-costume", "has_img_google": True},
    {"unified": "2764-FE0F", "subcategory": "heart", "has_img_google": True},
    {"unified": "1F4A9", "subcategory": "face-costume", "has_img_google": False},
    {"unified": "1F916", "subcategory": "face-costume", "has_img_google": True},
]
KEYWORDS = {
    "\U0001f47b": ["ghost", "halloween", "spooky", "ghost", "scary"],
    "\u2764": ["red_heart", "Love"],
    "\U0001f4a9": ["pile_of_poo"],
}


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keywords and a table in place of the real ones, and no source but a folder."""
    content = json.dumps(KEYWORDS).encode()
    (tmp_path / "emojilib").mkdir()
    (tmp_path / "emojilib" / "words.json").write_bytes(content)
    (tmp_path / "emoji.json").write_text(json.dumps(ENTRIES), "utf-8")
    pin = PinnedFile("words.json", hashlib.sha256(content).hexdigest(), len(content))
    monkeypatch.setattr(module, "_KEYWORDS", pin)
    monkeypatch.setattr(module, "_SOURCES", ())
    monkeypatch.setattr(NamedPictures, "fetch", lambda self: tmp_path)
    monkeypatch.setenv("GANSMITH_DATA", str(tmp_path))


@pytest.mark.usefixtures("words")
def test_captions_are_the_kind_with_the_name_or_with_two_keywords() -> None:
    assert emoji_captions("emoji-google", print) == [
        ["face costume: ghost", "face costume: halloween, spooky", "face costume: scary"],
        ["heart: red heart", "heart: love"],
        [],
    ]


@pytest.mark.usefixtures("words")
def test_keywords_that_cannot_be_had_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEYWORDS", PinnedFile("other.json", "0" * 64, 3))
    with pytest.raises(GansmithError, match="no source could deliver"):
        emoji_captions("emoji-google", print)
