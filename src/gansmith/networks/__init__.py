"""Pairs of networks; importing this package registers all of them."""

from gansmith.networks import (
    conv,
    dcgan,
    frames,
    points,
    residual,
    sequence,
    textbook,
    textbook_wave,
    wavegan,
)
from gansmith.networks.base import (
    NETWORKS,
    Discriminator,
    Generator,
    Pair,
    SampleSpec,
    build_pair,
    fill,
)

__all__ = [
    "NETWORKS",
    "Discriminator",
    "Generator",
    "Pair",
    "SampleSpec",
    "build_pair",
    "conv",
    "dcgan",
    "fill",
    "frames",
    "points",
    "residual",
    "sequence",
    "textbook",
    "textbook_wave",
    "wavegan",
]
