"""Notes: their names and their numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_STEPS = {name: step for step, name in enumerate(NAMES) if len(name) == 1}
_SIGNS = {"": 0, "#": 1, "♯": 1, "s": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_NAME = re.compile(
    r"(?<![A-Za-z])([A-Ga-g])(#|♯|sharp|s|b|♭|flat|)(-1|\d)(?!\d)", re.ASCII | re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![a-z])midi[ _-]?(\d{1,3})(?!\d)", re.ASCII | re.IGNORECASE)
HIGHEST = 127
"""MIDI number of the highest note that has one; 0 is the lowest, 60 middle C, 69 A4 of 440 Hz."""


def note_name(number: int) -> str:
    """Return the name of a note, such as "C4" for 60 and "A#3" for 58."""
    return f"{NAMES[number % 12]}{number // 12 - 1}"


def note_number(text: str) -> int | None:
    """Return the last note that is named in a text, as a file's name; None where there is none.

    Notes are "A4", "c#3", "Db-1", "Fs2", "Gsharp5", with no letter before and no digit behind, or
    "midi 60" and the like.

    Returns:
        MIDI number, 0 to 127.
    """
    numbers = [int(found[1]) for found in _NUMBER.finditer(text)]
    for letter, sign, octave in _NAME.findall(text):
        step = _STEPS[letter.upper()] + _SIGNS[sign.lower()]
        numbers.append(12 * (int(octave) + 1) + step)
    fitting = [number for number in numbers if 0 <= number <= HIGHEST]
    return fitting[-1] if fitting else None


def note_of(hertz: float) -> float:
    """Return the MIDI number of a frequency, with parts of a semitone (cents are hundredths)."""
    return 69 + 12 * math.log2(hertz / 440)


def hertz_of(number: float) -> float:
    """Return the frequency of a MIDI number in Hz; 440 for 69."""
    return float(440 * 2 ** ((number - 69) / 12))


def note_numbers(names: Iterable[str]) -> dict[str, int] | None:
    """Return the numbers of notes by their names; None where there are none, or others among them.

    Args:
        names: As :func:`note_name` writes them.
    """
    found = {name: note_number(name) if is_note(name) else None for name in names}
    numbers = {name: number for name, number in found.items() if number is not None}
    return numbers if found and len(numbers) == len(found) else None


def is_note(text: str) -> bool:
    """Whether a text is the name of a note as :func:`note_name` writes it."""
    number = note_number(text)
    return number is not None and note_name(number) == text
