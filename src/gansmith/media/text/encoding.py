"""From the bytes of a file to its text; what is not plainly text is refused, not guessed at."""

from __future__ import annotations

import codecs
import unicodedata

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = bytes(code for code in range(32) if chr(code) not in "\t\n\v\f\r\x1b")
_BINARY = 0.01
_COMMON, _LATER = range(0xB0, 0xD8), range(0xC9, 0xD8)
"""First bytes of the 3,755 most common Chinese characters in GB 2312, and of the later half.

Korean in EUC-KR uses those of the first half only.
"""
_TYPOGRAPHY = "«»“”‘’„–—…°§·¡¿€£ºª"  # noqa: RUF001


class UnreadableText(Exception):
    """A file that is no text, or not as its name says; the message tells why in a few words."""


def decode(data: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark, or UTF-16 with one.

    Raises:
        UnreadableText: It is neither; the message names the first wrong byte, counted from 0, and
            the likely encoding where there is one.
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
    """Whether GB18030 reads it, and most of what is not ASCII is common in Chinese."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    wide = [s for s in text if not s.isascii() and not unicodedata.category(s).startswith("P")]
    leads = [coded[0] for coded in (sign.encode("gb2312", "ignore") for sign in wide) if coded]
    common, later = (sum(lead in places for lead in leads) for places in (_COMMON, _LATER))
    return 10 * common >= 8 * len(wide) and 10 * later >= common > 0


def _is_latin(data: bytes) -> bool:
    """Whether Windows-1252 reads it as letters and typography, among plenty of ASCII."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = [sign for sign in text if not sign.isascii()]
    letters = sum(sign.isalpha() for sign in text)
    return 10 * len(high) <= 3 * letters and all(s.isalpha() or s in _TYPOGRAPHY for s in high)
