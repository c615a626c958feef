"""Sampler kits: classes mapped to keys, and the .sfz file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from gansmith.data.note_names import HIGHEST, note_numbers
from gansmith.errors import GansmithError

_FIRST, _LAST = 36, HIGHEST
_LONGEST_ROUND = 100
_LOOPS = {"notes": "loop_sustain", "loops": "loop_continuous"}
_NO_DRUMS = (
    r"\b(?:chats?|what|that|hatch|hate[ds]?|hatred|bottom|custom|phantom|symptom|atom|stomp|tomb|"
    r"tomato|prim|prime|crime|grim|trim|bride|pride|stride|enclave|autoclave)\b"
)
"""Words that contain the name of a drum but are none."""
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


Mode = Literal["hits", "notes", "loops"]
"""How a kit plays: hits to their end, notes while the key is held, loops again and again."""
RELEASE = 0.2
"""Seconds in which a note or loop fades after its key is released."""
HI_HATS = (42, 44, 46)
"""Keys of closed, pedal and open hi-hat, of which each stops the others."""


@dataclass(frozen=True)
class Shot:
    """A sound of a kit.

    Attributes:
        file: The sound file.
        loop: First frame of its loop and the frame after its last; None without a loop.
        low: Lowest velocity that plays it, 0 to 127.
        high: Highest velocity that plays it, 0 to 127.
    """

    file: Path
    loop: tuple[int, int] | None = None
    low: int = 0
    high: int = HIGHEST


@dataclass(frozen=True)
class Zone:
    """Sounds that take turns (round robin) on the same keys and velocities.

    Attributes:
        name: The class.
        low, high: Lowest and highest key.
        centre: Key of the sounds' own pitch.
        shots: The sounds.
        chokes: Whether other zones that choke stop it, and it stops them.
    """

    name: str
    low: int
    high: int
    centre: int
    shots: Sequence[Shot]
    chokes: bool = False


def zones(groups: Mapping[str, Sequence[Path | Shot]]) -> list[Zone]:
    """Lay out a kit: one zone for each class and range of velocities.

    If all classes are notes (C4, F#4, ...) each gets the key of its pitch, and keys in between play
    the nearer note, as far as the ends of the keyboard: an instrument. Else it is a kit: a class
    with the name of a General MIDI drum gets its key (kick 36, snare 38, closed hat 42, ...) if no
    class before it has it; all others get the lowest free keys from 36 up. The formats let at most
    100 sounds take turns; further ones are left out.

    Args:
        groups: Sounds of each class; classes without sounds are left out.

    Raises:
        GansmithError: There are more classes than keys.
    """
    filled = {name: [_shot(file) for file in files] for name, files in groups.items() if files}
    keys = map_key_ranges(list(filled))
    drums = note_numbers(list(filled)) is None
    found = []
    for name, shots in filled.items():
        low, high, centre = keys[name]
        chokes = drums and low in HI_HATS
        for layer in sorted({(shot.low, shot.high) for shot in shots}):
            own = [shot for shot in shots if (shot.low, shot.high) == layer][:_LONGEST_ROUND]
            found.append(Zone(name, low, high, centre, own, chokes))
    return found


def sfz_text(
    groups: Mapping[str, Sequence[Path | Shot]], folder: Path, mode: Mode | None = None
) -> str:
    """Write a kit as an .sfz file; its zones are those of :func:`zones`.

    Args:
        groups: Sounds of each class.
        folder: Folder that the .sfz file will be in; paths of sounds are relative to it.
        mode: How sounds play; by default `notes` if all classes are notes, else `hits`.

    Returns:
        The content of the .sfz file.

    Raises:
        GansmithError: There are more classes than keys.
    """
    if mode is None:
        mode = "notes" if note_numbers(name for name, own in groups.items() if own) else "hits"
    return "\n".join(_group(zone, folder, mode) for zone in zones(groups))


def relative_path(file: Path, folder: Path) -> str:
    """Return the path of a file from a folder, with forward slashes."""
    return Path(os.path.relpath(file, folder)).as_posix()


def _shot(file: Path | Shot) -> Shot:
    return file if isinstance(file, Shot) else Shot(file)


def map_key_ranges(names: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Return lowest key, highest key and key of the own pitch for each class, as in :func:`zones`.

    Raises:
        GansmithError: There are more classes than keys.
    """
    notes = note_numbers(names)
    return _ranges(notes) if notes else _keys(names)


def _ranges(notes: dict[str, int]) -> dict[str, tuple[int, int, int]]:
    """Return the keys of each note: its own, and those around that no other note is nearer to."""
    rising = sorted(notes, key=notes.__getitem__)
    edges = [-1, *((notes[a] + notes[b]) // 2 for a, b in pairwise(rising)), HIGHEST]
    return {
        name: (below + 1, top, notes[name])
        for name, (below, top) in zip(rising, pairwise(edges), strict=True)
    }


def _keys(names: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Return the one key of each drum."""
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
    return {name: (key, key, key) for name, key in keys.items()}


def _general_midi(name: str) -> int | None:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)  # HiHatOpen, CHat
    words = " ".join(re.findall("[a-z]+", apart.lower()))
    words = re.sub(_NO_DRUMS, " ", words).strip()
    return next((key for pattern, key in _KEYS.items() if re.search(pattern, words)), None)


def _group(zone: Zone, folder: Path, mode: Mode) -> str:
    """Return a group: its keys, how it plays, and one region for each sound."""
    lines = [f"// {' '.join(zone.name.split())}", f"<group> {' '.join(_opcodes(zone, mode))}"]
    for position, shot in enumerate(zone.shots, 1):
        loop = ""
        if mode != "hits" and shot.loop is not None:
            first, end = shot.loop
            loop = f" loop_mode={_LOOPS[mode]} loop_start={first} loop_end={end - 1}"
        path = relative_path(shot.file, folder)
        lines.append(f"<region> seq_position={position}{loop} sample={path}")
    return "\n".join(lines) + "\n"


def _opcodes(zone: Zone, mode: Mode) -> Iterator[str]:
    if zone.low == zone.high:
        yield f"key={zone.centre}"
    else:
        yield f"pitch_keycenter={zone.centre} lokey={zone.low} hikey={zone.high}"
    if (layer := (zone.shots[0].low, zone.shots[0].high)) != (0, HIGHEST):
        yield f"lovel={max(1, layer[0])} hivel={layer[1]}"
    if mode == "hits":
        yield "loop_mode=one_shot"
    else:
        yield f"loop_mode={'no_loop' if mode == 'notes' else _LOOPS[mode]}"
        yield f"ampeg_release={RELEASE}"
    if zone.chokes:
        yield "group=1 off_by=1 off_mode=fast"
    yield f"seq_length={len(zone.shots)}"
