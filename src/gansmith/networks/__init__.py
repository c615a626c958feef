"""Networks by family; importing this package registers all of them."""

from gansmith.networks import mlp, points
from gansmith.networks.audio import spectrogram, wavegan
from gansmith.networks.base import (
    MOST_AT_ONCE,
    NETWORKS,
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    build_networks,
    load_weights,
)
from gansmith.networks.image import conv, dcgan, r3gan, staged
from gansmith.networks.sequence import language_model
from gansmith.networks.tiles import scales, window
from gansmith.networks.translation import editor, labelled, residual, swap, unet
from gansmith.sections import NETWORK_ALIASES

__all__ = [
    "MOST_AT_ONCE",
    "NETWORKS",
    "Discriminator",
    "GANNetworks",
    "Generator",
    "SampleSpec",
    "build_networks",
    "conv",
    "dcgan",
    "editor",
    "labelled",
    "language_model",
    "load_weights",
    "mlp",
    "points",
    "r3gan",
    "residual",
    "scales",
    "spectrogram",
    "staged",
    "swap",
    "unet",
    "wavegan",
    "window",
]

for old, new in NETWORK_ALIASES.items():
    NETWORKS.alias(old, new)
