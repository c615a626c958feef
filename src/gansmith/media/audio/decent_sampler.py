"""Sampler kits as presets of DecentSampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from gansmith.data.note_names import note_numbers
from gansmith.media.audio.sfz import RELEASE, Mode, Shot, Zone, relative_path, zones


def dspreset_text(
    groups: Mapping[str, Sequence[Path | Shot]], folder: Path, mode: Mode | None = None
) -> str:
    """Write a kit as a .dspreset file that plays as the .sfz file does.

    Args:
        groups: Sounds of each class.
        folder: Folder that the file will be in; paths of sounds are relative to it.
        mode: As for :func:`gansmith.media.audio.sfz.sfz_text`.

    Raises:
        GansmithError: There are more classes than keys.
    """
    if mode is None:
        mode = "notes" if note_numbers(name for name, own in groups.items() if own) else "hits"
    root = ET.Element("DecentSampler", minVersion="1.0.0")
    parent = ET.SubElement(root, "groups", attack="0", decay="0", sustain="1", release=str(RELEASE))
    for zone in zones(groups):
        group = ET.SubElement(parent, "group", _group_attributes(zone, mode))
        for position, shot in enumerate(zone.shots, 1):
            attributes = _sample_attributes(zone, shot, mode)
            place = {"path": relative_path(shot.file, folder), "seqPosition": str(position)}
            ET.SubElement(group, "sample", place | attributes)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _group_attributes(zone: Zone, mode: Mode) -> dict[str, str]:
    found = {"name": zone.name, "seqMode": "round_robin", "seqLength": str(len(zone.shots))}
    if mode == "hits":
        found["ampEnvEnabled"] = "false"  # plays to its end
    if zone.chokes:
        found |= {"tags": "hihat", "silencedByTags": "hihat", "silencingMode": "fast"}
    return found


def _sample_attributes(zone: Zone, shot: Shot, mode: Mode) -> dict[str, str]:
    found = {"rootNote": zone.centre, "loNote": zone.low, "hiNote": zone.high}
    found |= {"loVel": shot.low, "hiVel": shot.high}
    looped = mode != "hits" and shot.loop is not None
    if looped and shot.loop is not None:
        found |= {"loopStart": shot.loop[0], "loopEnd": shot.loop[1] - 1}
    return {name: str(value) for name, value in found.items()} | {
        "loopEnabled": str(looped).lower()
    }
