"""The names that `data.source` knows, whatever kind of set they mean."""

from __future__ import annotations

from typing import NamedTuple

from gansmith.loading.catalog import CATALOG
from gansmith.media.audio.datasets import SOUND_SETS
from gansmith.media.points.mixtures import LICENCE, MIXTURES
from gansmith.media.text.datasets.texts import TEXT_SETS


class About(NamedTuple):
    """What is told of a named set.

    Attributes:
        summary: What it is, in one line.
        licence: Terms of use, in one line.
    """

    summary: str
    licence: str


def known() -> dict[str, About]:
    """Return every named set: pictures, sounds, texts, points."""
    found = {name: About(CATALOG[name].summary, CATALOG[name].licence) for name in CATALOG}
    for name in SOUND_SETS:
        found[name] = About(SOUND_SETS[name].summary, SOUND_SETS[name].licence)
    for name in TEXT_SETS:
        found[name] = About(TEXT_SETS[name].summary, TEXT_SETS[name].licence)
    for name in MIXTURES:
        found[name] = About(MIXTURES[name].summary, LICENCE)
    return found
