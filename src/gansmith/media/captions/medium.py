"""The record of the medium `captions`."""

from __future__ import annotations

from gansmith.media.captions.codec import CaptionCodec
from gansmith.media.captions.collection import captioned
from gansmith.media.captions.inspect import inspect_captions
from gansmith.media.captions.options import CaptionOptions
from gansmith.media.captions.sheet import draw_captions
from gansmith.medium import ASKED_FOR, MEDIA, Listing, Medium


def claims(listing: Listing) -> float:
    """Claim any source where the settings ask for captions, named data sets included."""
    return ASKED_FOR if listing.config.of(CaptionOptions).captions else 0.0


CAPTIONS = Medium(
    name="captions",
    codec=CaptionCodec,
    kind="captions",
    options=CaptionOptions,
    claims=claims,
    collect=captioned,
    inspect=inspect_captions,
    draw=draw_captions,
)
MEDIA.register(CAPTIONS.name)(CAPTIONS)
