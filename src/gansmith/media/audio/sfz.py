"""Kits for samplers: an .sfz file that lays the classes of a collection on keys."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from gansmith.data.note_names import HIGHEST, note_numbers
from gansmith.errors import GansmithError

_FIRST, _LAST = 36, HIGHEST
_LONGEST_ROUND = 100
_NO_DRUMS = (
    r"\b(?:chats?|what|that|hatch|hate[ds]?|hatred|bottom|custom|phantom|symptom|atom|stomp|tomb|"
    r"tomato|prim|prime|crime|grim|trim|bride|pride|stride|enclave|autoclave)\b"
)
"""Words that hold the name of a drum and mean none."""
_HAT = "hat|hh"
# The General MIDI percussion map; the first pattern found in the words of a name counts.
_KEYS = {
    r"kick|bass ?drum|\bbd\b": 36,
    r"rim|side ?stick|cross ?stick|^rs$": 37,
    r"snare|^s[dn]$": 38,
    r"clap|^cp$": 39,
    rf"^(?=.*(?:{_HAT})).*open|^(oh|ho|hho|ohh|o hat)$": 46,
    rf"^(?=.*(?:{_HAT})).*(?:pedal|foot)|^(ph|hp|hhp)$": 44,
    rf"{_HAT}|^(ch|hc)$": 42,
    r"^(?=.*tom).*floor": 43,
    r"^(?=.*tom).*(?:\bmid|tommid)|^mt$": 47,
    r"^(?=.*tom).*(?:\bhi|tomhi)|^ht$": 50,
    r"tom|^lt$": 45,
    r"ride|^rd$": 51,
    r"crash|cymbal|^cr$": 49,
    r"tamb": 54,
    r"cow ?bell|^cb$": 56,
    r"conga": 63,
    r"maraca|shaker": 70,
    r"clave": 75,
}


def sfz_text(groups: dict[str, list[Path]], folder: Path) -> str:
    """Map each class to keys, its files taking turns (round robin).

    Where all classes are notes (C4, F#4, ...) each gets the key of its pitch, and keys between two
    notes play the nearer one, tuned up or down, as far as the ends of the keyboard: an instrument.
    Else it is a kit: a class whose name is that of a General MIDI drum gets its key (kick 36, snare
    38, closed hat 42, ...) if no class before it has; all others get the lowest free keys from 36
    up. The format lets at most 100 files take turns: the first 100 of a class are used. Sounds are
    played to their end, however short the key is held.

    Args:
        groups: Sound files of each class; classes without files are left out.
        folder: Folder that the .sfz file will be in; it names the sounds from there.

    Returns:
        The content of the .sfz file.

    Raises:
        GansmithError: There are more classes than keys.
    """
    filled = {name: files for name, files in groups.items() if files}
    keys = map_key_ranges(list(filled))
    return "\n".join(_group(name, keys[name], filled[name], folder) for name in filled)


def map_key_ranges(names: Sequence[str]) -> dict[str, str]:
    """Return the opcodes that lay each class on its keys, as :func:`sfz_text` says.

    Raises:
        GansmithError: There are more classes than keys.
    """
    notes = note_numbers(names)
    return _ranges(notes) if notes else _keys(names)


def _ranges(notes: dict[str, int]) -> dict[str, str]:
    """Opcodes of each note: its key, and those around that no other note is nearer to."""
    rising = sorted(notes, key=notes.__getitem__)
    edges = [-1, *((notes[a] + notes[b]) // 2 for a, b in pairwise(rising)), HIGHEST]
    return {
        name: f"pitch_keycenter={notes[name]} lokey={below + 1} hikey={top}"
        for name, (below, top) in zip(rising, pairwise(edges), strict=True)
    }


def _keys(names: Sequence[str]) -> dict[str, str]:
    """Opcodes of each drum: its key."""
    keys: dict[str, int] = {}
    for name in names:
        key = _general_midi(name)
        if key is not None and key not in keys.values():
            keys[name] = key
    free = (key for key in range(_FIRST, _LAST + 1) if key not in set(keys.values()))
    missing = [name for name in names if name not in keys]
    keys.update(zip(missing, free, strict=False))
    if len(keys) < len(names):
        raise GansmithError(
            f"a kit has keys for {len(keys)} classes, and there are {len(names)}: train on fewer, "
            "or write files by class with generate --label"
        )
    return {name: f"key={key}" for name, key in keys.items()}


def _general_midi(name: str) -> int | None:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)  # HiHatOpen, CHat
    words = " ".join(re.findall("[a-z]+", apart.lower()))
    words = re.sub(_NO_DRUMS, " ", words).strip()
    return next((key for pattern, key in _KEYS.items() if re.search(pattern, words)), None)


def _group(name: str, keys: str, files: list[Path], folder: Path) -> str:
    turns = files[:_LONGEST_ROUND]
    lines = [
        f"// {' '.join(name.split())}",
        f"<group> {keys} loop_mode=one_shot seq_length={len(turns)}",
    ]
    for position, file in enumerate(turns, 1):
        sample = Path(os.path.relpath(file, folder)).as_posix()
        lines.append(f"<region> seq_position={position} sample={sample}")
    return "\n".join(lines) + "\n"
