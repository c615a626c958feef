"""Scripts of texts, variants of Chinese characters, and words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping

from gansmith.media.text.metrics.bleu import tokenise

_NAMES = {
    "CJK": "Han",
    "IDEOGRAPHIC": "Han",
    "HIRAGANA": "Kana",
    "KATAKANA": "Kana",
    "KATAKANA-HIRAGANA": "Kana",
}
_OLD_EMOJI, _EMOJI = range(0x2600, 0x27C0), 0x1F000


def script(sign: str) -> str | None:
    """Name the script of a letter, such as Latin, Han or Kana, or Emoji; None for other signs."""
    category = unicodedata.category(sign)
    if category == "So" and (ord(sign) >= _EMOJI or ord(sign) in _OLD_EMOJI):
        return "Emoji"
    if not category.startswith("L"):
        return None
    first = unicodedata.name(unicodedata.normalize("NFKC", sign)[0], "").partition(" ")[0]
    return _NAMES.get(first, first.title()) or None


def scripts(signs: Mapping[str, int]) -> dict[str, int]:
    """Count letters and emoji by their script, the most common first.

    Args:
        signs: Number of occurrences of each character.
    """
    found: Counter[str] = Counter()
    for sign, count in signs.items():
        if name := script(sign):
            found[name] += count
    return dict(found.most_common())


def han_forms(signs: Mapping[str, int]) -> tuple[int, int]:
    """Count Chinese characters that only simplified or only traditional writing uses.

    A character is simplified only if it is in GB 2312 and not in Big5, and vice versa. Most
    characters are in both, rare ones in neither or in Big5, which is larger.

    Args:
        signs: Number of occurrences of each character.

    Returns:
        Number of simplified only, and of traditional only characters.
    """
    simplified = traditional = 0
    for sign, count in signs.items():
        if script(sign) == "Han":
            here, there = bool(sign.encode("gb2312", "ignore")), bool(sign.encode("big5", "ignore"))
            simplified += count * (here and not there)
            traditional += count * (there and not here)
    return simplified, traditional


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; Chinese characters and Kana one by one."""
    return [token for token in tokenise(text.replace("_", " ")) if token[0].isalnum()]
