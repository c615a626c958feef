"""Decoding of text files; other encodings than UTF-8 and UTF-16 are refused, not guessed."""

from __future__ import annotations

import codecs
import unicodedata

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = bytes(code for code in range(32) if chr(code) not in "\t\n\v\f\r\x1b")
_BINARY = 0.01
MOST_BYTES = 512 << 20
"""Bytes of the largest file of texts that is read."""
_COMMON, _LATER = range(0xB0, 0xD8), range(0xC9, 0xD8)
"""First bytes of the 3,755 most common Chinese characters in GB 2312, and of the later half.

Korean in EUC-KR uses those of the first half only.
"""
_TYPOGRAPHY = "«»“”‘’„–—…°§·¡¿€£ºª"  # noqa: RUF001


class UnreadableText(Exception):
    """A file is not text, or not of the type of its name; the message gives the reason."""


def decode(data: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark, or UTF-16 with one.

    Raises:
        UnreadableText: It is neither; the message has the position of the first wrong byte, from 0,
            and the likely encoding if there is one.
    """
    wide = data.startswith(_UTF_16) and not data.startswith(codecs.BOM_UTF32_LE)
    if not wide and _is_binary(data):
        raise UnreadableText(
            "it holds control bytes, as a binary file does, or UTF-16 without a byte order mark"
        )
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"byte {error.start:,} (0x{data[error.start]:02X}"
        if wide:
            raise UnreadableText(f"{place}) is not UTF-16; save the file as UTF-8") from error
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableText(f"{place}, line {line:,}) is not UTF-8; {_advice(data)}") from error


def _is_binary(data: bytes) -> bool:
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return controls > _BINARY * len(data)


def _advice(data: bytes) -> str:
    if _is_chinese(data):
        likely, name = "GB18030", "GB18030"
    elif _is_latin(data):
        likely, name = "Latin-1", "WINDOWS-1252"
    else:
        return "save the file as UTF-8"
    return f"it looks like {likely}: convert it with `iconv -f {name} -t UTF-8`"


def _is_chinese(data: bytes) -> bool:
    """Return whether it decodes as GB18030 to mostly common Chinese characters."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    wide = [s for s in text if not s.isascii() and not unicodedata.category(s).startswith("P")]
    leads = [coded[0] for coded in (sign.encode("gb2312", "ignore") for sign in wide) if coded]
    common, later = (sum(lead in places for lead in leads) for places in (_COMMON, _LATER))
    return 10 * common >= 8 * len(wide) and 10 * later >= common > 0


def _is_latin(data: bytes) -> bool:
    """Return whether it decodes as Windows-1252 to ASCII with some letters and typography."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = [sign for sign in text if not sign.isascii()]
    letters = sum(sign.isalpha() for sign in text)
    return 10 * len(high) <= 3 * letters and all(s.isalpha() or s in _TYPOGRAPHY for s in high)
