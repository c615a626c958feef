"""The textbooks' fully connected pair, cut to waveforms: the plainest baseline for sound.

A clip is one long vector, and nearly all weights lie in the layer beside it. The `textbook` pair's
widest hidden layer is left out, which halves them.
"""

from __future__ import annotations

from gansmith.networks.base import GANNetworks, SampleSpec, register_networks
from gansmith.networks.mlp import TextbookDiscriminator, TextbookGenerator, TextbookOptions


@register_networks("textbook-wave", TextbookOptions)
def textbook_wave(spec: SampleSpec, options: TextbookOptions) -> GANNetworks:
    """Build latent -> 256 -> 512 -> waveform against waveform -> 512 -> 256 -> logit."""
    generator = TextbookGenerator(spec, options.latent, hidden=(256, 512))
    return GANNetworks(generator, TextbookDiscriminator(spec, hidden=(512, 256)))
