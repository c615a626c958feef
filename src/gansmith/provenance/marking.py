"""What happens to a generated file before it gets its name: mark, label, record, signature."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gansmith.drawing.pixels import to_array, to_image
from gansmith.provenance import credentials, picture_mark, sound_mark
from gansmith.provenance.carriers import CARRIERS
from gansmith.provenance.identity import load_certificate, load_identity, marking_key
from gansmith.provenance.keyed import key_name
from gansmith.provenance.labels import labelled_picture, labelled_sound
from gansmith.provenance.record import Record
from gansmith.provenance.samples import (
    Wave,
    changed_animation,
    changed_flac,
    changed_png,
    changed_wav,
)
from gansmith.provenance.texts import NoPlaceError

TEXT_LABEL = "[AI generated]\n"


@dataclass(frozen=True)
class Marking:
    """Which marks generated files get.

    Attributes:
        layers: Whether they get any: record, mark and, with a certificate, a C2PA manifest.
        mark: Whether pictures and sounds get the invisible mark, which changes their samples.
        label: Whether they get a label that people see or hear.
    """

    layers: bool = True
    mark: bool = True
    label: bool = False

    def lines(self) -> list[str]:
        """Return what to tell the user of settings that are not the usual ones."""
        if not self.layers:
            return ["warning: nothing in these files says that they are generated"]
        return [] if self.mark else ["these files have no invisible mark"]


EVERY_LAYER = Marking()
"""What generated files get unless somebody asks for less."""


def marked(content: bytes, suffix: str, record: Record, marking: Marking) -> bytes:
    """Return a file of a kind that holds a record, with all its layers.

    Args:
        content: The file as its codec made it.
        suffix: One of `CARRIERS`.
        record: Where it comes from; name of the key, digest and provider are filled in.
        marking: What is asked for.

    Returns:
        The file; without a record where its content has no place for one.

    Raises:
        GansmithError: The user's identity is damaged, or the certificate cannot be used.
    """
    carrier, identity = CARRIERS[suffix], load_identity()
    if marking.mark:
        content, key = _with_mark(content, suffix)
        record = replace(record, mark=key)
    if marking.label:
        content = with_label(content, suffix)
    record = replace(record, provider=identity.provider).open()
    try:
        rest = carrier.parts(carrier.with_record(content, record))[1]
    except NoPlaceError:
        return content
    content = carrier.with_record(content, record.sealed(rest))
    certificate = load_certificate() if carrier.mime else None
    if certificate is None or not credentials.available() or carrier.mime is None:
        return content
    return credentials.signed(content, carrier.mime, record, certificate, identity.timestamp)


def _with_mark(content: bytes, suffix: str) -> tuple[bytes, str | None]:
    """Return a file with the invisible mark and the name of its key; None where it gets none."""
    key = marking_key()
    made = content
    if suffix == ".png":

        def picture(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
            fitting = picture_mark.can_be_marked(pixels)
            return picture_mark.mark_picture(pixels, key) if fitting else pixels

        made = changed_png(content, picture)
    elif suffix in (".wav", ".flac"):

        def sound(wave: Wave, rate: int) -> Wave:
            fitting = sound_mark.can_be_marked(wave, rate)
            return sound_mark.mark_sound(wave, rate, key) if fitting else wave

        made = (changed_wav if suffix == ".wav" else changed_flac)(content, sound)
    return made, None if made is content else key_name(key)


def with_label(content: bytes, suffix: str) -> bytes:
    """Return a file with a label that people see or hear; files of other kinds stay."""
    if suffix == ".png":
        return changed_png(content, lambda pixels: to_array(labelled_picture(to_image(pixels))))
    if suffix in (".webp", ".gif"):
        return changed_animation(content, suffix, labelled_picture)
    if suffix == ".wav":
        return changed_wav(content, labelled_sound)
    if suffix == ".flac":
        return changed_flac(content, labelled_sound)
    return TEXT_LABEL.encode() + content if suffix == ".txt" else content
