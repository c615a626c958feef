"""Reading every layer of a file: which are there, whether they are whole, and who put them in."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gansmith.errors import GansmithError
from gansmith.provenance import credentials, picture_mark, sound_mark, xmp
from gansmith.provenance.carriers import CARRIERS, SIDECAR, Carrier, suffix_of
from gansmith.provenance.identity import own_anchor
from gansmith.provenance.keyed import PUBLIC_KEY, key_name
from gansmith.provenance.record import IN_EVERY_RECORD, Record, outside_bytes
from gansmith.provenance.samples import PICTURES, SOUNDS, read_pixels, read_wave
from gansmith.storage.reading import MIB, open_regular

State = Literal["valid", "broken", "absent", "not checked"]
MOST_BYTES = 1024 * MIB
ERROR_RATE = 1e-3
"""Share of unmarked files in which one key's mark is reported, at most; see
`benchmarks/marks.py`."""
MANIFEST = "manifest.json"
_LOOK_UP = 3


@dataclass(frozen=True)
class Layer:
    """What one layer of a file says.

    Attributes:
        name: `c2pa`, `record`, `label` (of other programs' metadata) or `mark`.
        state: Whether it is there, and whole.
        by: Who put it in, where it says so.
        note: What else there is to say, in a few words.
        score: Of a mark.
    """

    name: str
    state: State
    by: str | None = None
    note: str = ""
    score: float | None = None


@dataclass(frozen=True)
class Finding:
    """All that was found in one file.

    Attributes:
        path: The file.
        layers: One for each kind that the file could have.
        record: The record, if there is one.
        error: Why the file cannot be read, in one line.
    """

    path: Path
    layers: tuple[Layer, ...] = ()
    record: Record | None = None
    error: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def broken(self) -> bool:
        """Whether the file cannot be read, or has been changed since it was marked."""
        return self.error is not None or any(layer.state == "broken" for layer in self.layers)

    @property
    def generated(self) -> bool:
        """Whether some layer, changed since or not, says that the content was generated."""
        return any(layer.state in ("valid", "broken") for layer in self.layers)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        layers = {
            one.name: {
                key: value
                for key, value in (
                    ("state", one.state),
                    ("by", one.by),
                    ("note", one.note or None),
                    ("score", None if one.score is None else round(one.score, 2)),
                )
                if value is not None
            }
            for one in self.layers
        }
        found: dict[str, Any] = {"file": str(self.path), "generated": self.generated}
        found |= {"layers": layers, "record": self.record and self.record.to_json()}
        return found | ({"error": self.error} if self.error else {})


def detect_file(path: Path, keys: Mapping[str, bytes]) -> Finding:
    """Read every layer of a file.

    Args:
        path: The file.
        keys: Keys of marks to look for, by name.

    Returns:
        What was found; a file that cannot be read has an `error` instead.
    """
    try:
        with open_regular(path, MOST_BYTES) as file:
            content = file.read()
        if not content:
            raise GansmithError("it is empty")
        return _layers(path, content, keys)
    except (GansmithError, OSError) as error:
        why = str(error).replace(f"{path}{SIDECAR}", "its sidecar").replace(f"{path}", "the file")
        return Finding(path, error=" ".join(why.split()))


def _layers(path: Path, content: bytes, keys: Mapping[str, bytes]) -> Finding:
    suffix = suffix_of(path, content)
    carrier = CARRIERS.get(suffix)
    layers, record = [], None
    if carrier is not None and carrier.mime is not None:
        layers.append(_credential(content, carrier.mime))
    found, record = _record(path, content, carrier)
    layers.append(found)
    damage = found.note if found.state == "not checked" else ""
    if suffix in PICTURES + SOUNDS + (".html",) and record is None:
        layers.append(_other_label(content))
    if suffix in PICTURES + SOUNDS:
        try:
            layers.append(_mark(content, suffix, keys))
        except GansmithError as error:
            if not any(layer.state in ("valid", "broken") for layer in layers):
                raise GansmithError(damage or str(error)) from error
            layers.append(Layer("mark", "not checked", note=str(error)))
    elif damage:
        raise GansmithError(damage)
    return Finding(path, tuple(layers), record)


def _credential(content: bytes, mime: str) -> Layer:
    if not credentials.available():
        note = "needs the extra: pip install 'gansmith[provenance]'"
        return Layer("c2pa", "not checked", note=note)
    try:
        found = credentials.read_credential(content, mime, own_anchor())
    except GansmithError as error:
        return Layer("c2pa", "broken", note=str(error))
    if found is None:
        return Layer("c2pa", "absent")
    if found.state == "Invalid":
        why = "the file was changed after it was signed"
        if not any(fault.endswith("mismatch") for fault in found.faults):
            why = "its signature is not valid"
        return Layer("c2pa", "broken", found.signer, why)
    trust = "your own authority" if found.state == "Trusted" else "an authority you have not set"
    what = "" if found.generated else "; it does not say that a model made the content"
    return Layer("c2pa", "valid", found.signer, f"signed under {trust}{what}")


def _record(path: Path, content: bytes, carrier: Carrier | None) -> tuple[Layer, Record | None]:
    text, rest = None, content
    if carrier is not None:
        try:
            text, rest = carrier.parts(content)
        except (GansmithError, IndexError, ValueError, struct.error) as error:
            why = str(error) if isinstance(error, GansmithError) else "it is cut off or damaged"
            state: State = "broken" if IN_EVERY_RECORD in content else "not checked"
            return Layer("record", state, note=why), None
    inside = text is not None
    text = text or _beside(path)
    if text is None:
        return Layer("record", "absent"), None
    try:
        record = Record.from_text(text)
    except GansmithError as error:
        return Layer("record", "broken", note=str(error)), None
    by = record.provider or "provider not named"
    if record.fits(rest if inside else outside_bytes(content, record)):
        return Layer("record", "valid", by, "not signed: anybody can write one"), record
    return Layer("record", "broken", by, "the file was changed after it was written"), record


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + SIDECAR)


def _is_described(path: Path) -> bool:
    """Whether there is a record of a file outside it, readable or not."""
    return _sidecar(path).is_file() or _beside(path) is not None


def _beside(path: Path) -> str | None:
    """Return the text of the record in a sidecar, or in the manifest of the folder."""
    sidecar = _sidecar(path)
    if sidecar.is_file():
        with open_regular(sidecar, MIB) as file:
            return file.read().decode("utf-8", "replace")
    for folder in list(path.absolute().parents)[:_LOOK_UP]:
        listed = _listed(folder / MANIFEST)
        name = path.absolute().relative_to(folder).as_posix()
        if name in listed:
            return json.dumps(listed[name])
    return None


def _listed(manifest: Path) -> dict[str, Any]:
    """Return the records in a manifest of generated samples, by file."""
    if not manifest.is_file():
        return {}
    try:
        with open_regular(manifest, 64 * MIB) as file:
            values = json.loads(file.read())
        return dict(values["provenance"]["records"])
    except (GansmithError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _other_label(content: bytes) -> Layer:
    """Look for the labels of any program: the type of source of the IPTC, and `AIGC`."""
    if (aigc := xmp.aigc_in(content)) is not None:
        try:
            values = json.loads(aigc)
            by = str(values.get("ContentProducer") or "producer not named")
            kind = {"1": "is", "2": "may be", "3": "is suspected to be"}.get(
                str(values.get("Label")), "may be"
            )
            return Layer("label", "valid", by, f"AIGC: {kind} generated")
        except (ValueError, AttributeError, RecursionError):
            return Layer("label", "broken", note="the label AIGC is damaged")
    source = xmp.source_in(content)
    if source is not None:
        return Layer("label", "valid", note=f"IPTC: {source.rpartition('/')[2][:60]}")
    return Layer("label", "absent")


def _mark(content: bytes, suffix: str, keys: Mapping[str, bytes]) -> Layer:
    if suffix in PICTURES:
        pixels, threshold = read_pixels(content), picture_mark.THRESHOLD
        scores = {name: picture_mark.picture_score(pixels, key) for name, key in keys.items()}
    else:
        (wave, rate), threshold = read_wave(content), sound_mark.THRESHOLD
        scores = {name: sound_mark.sound_score(wave, rate, key) for name, key in keys.items()}
    known = {name: score for name, score in scores.items() if score is not None}
    if not known:
        return Layer("mark", "not checked", note="too small, too short or silent for a mark")
    best = max(known, key=known.__getitem__)
    found = known[best] >= threshold
    rate_ = f"1 in {1 / (ERROR_RATE * len(known)):,.0f} unmarked files scores as much"
    note = f"score {known[best]:.1f}, {threshold} is enough" + (f"; {rate_}" if found else "")
    by = f"whoever has the key '{best}'" if best != "public" else "gansmith, public key"
    return Layer("mark", "valid" if found else "absent", by if found else None, note, known[best])


def keys_to_try(own: bytes | None, given: bytes | None = None) -> dict[str, bytes]:
    """Return keys by name: the one that is given, or else the user's own and the public one."""
    keys = (given,) if given is not None else (own, PUBLIC_KEY)
    return {key_name(key): key for key in keys if key is not None}


def files_below(places: list[Path]) -> Iterator[Path]:
    """Yield files, and those in folders that could have a layer; sidecars are no files.

    Raises:
        GansmithError: There is no such file or folder.
    """
    known = {*CARRIERS, *PICTURES, *SOUNDS}
    for place in places:
        if place.is_dir():
            for path in sorted(place.rglob("*")):
                named = not path.name.endswith(SIDECAR) and path.name != MANIFEST
                kind = path.suffix.lower() in known or _is_described(path)
                if named and path.is_file() and kind:
                    yield path
        elif place.exists():
            yield place
        else:
            raise GansmithError(f"there is no file or folder {place}")
