"""The record of the medium `audio`."""

from __future__ import annotations

from statistics import median

from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.folder import SoundFolder
from gansmith.media.audio.verbs import KIT
from gansmith.medium import Medium


def settings_of(collection: SoundFolder) -> dict[str, object]:
    """Return the rate, length and channels of sound files, within what recipes accept."""
    rates = [facts.rate for facts in collection.facts]
    seconds = median(facts.frames / facts.rate for facts in collection.facts)
    return {
        "rate": min(max(*rates, 4_000), 48_000),
        "seconds": min(max(seconds, 0.05), 30),
        "channels": min(2, max(facts.channels for facts in collection.facts)),
    }


AUDIO = Medium(
    name="audio",
    codec=AudioCodec,
    settings_of=settings_of,
    verbs=(KIT,),
)
