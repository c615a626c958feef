"""Networks by family; importing this package registers all of them."""

from gansmith.networks import mlp, points
from gansmith.networks.audio import mlp_wave, spectrogram, wavegan
from gansmith.networks.base import (
    NETWORKS,
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    build_networks,
    load_weights,
)
from gansmith.networks.image import conv, dcgan, r3gan
from gansmith.networks.sequence import language_model

__all__ = [
    "NETWORKS",
    "Discriminator",
    "GANNetworks",
    "Generator",
    "SampleSpec",
    "build_networks",
    "conv",
    "dcgan",
    "language_model",
    "load_weights",
    "mlp",
    "mlp_wave",
    "points",
    "r3gan",
    "spectrogram",
    "wavegan",
]
