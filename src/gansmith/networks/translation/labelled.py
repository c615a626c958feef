"""A translator to several domains, and a discriminator of patches with an output for each.

The domain wanted is a learnt code, which scales and shifts the maps after each part of the
translator (Perez et al. 2018, arXiv 1709.07871). One translator serves all pairs of domains (Choi
et al. 2018, arXiv 1711.09020).
"""

from __future__ import annotations

from torch import Tensor, nn

from gansmith.networks.base import GANNetworks, SampleSpec, register_networks
from gansmith.networks.geometry import for_convolutions, require_sides
from gansmith.networks.translation.residual import (
    PatchDiscriminator,
    Translator,
    TranslatorOptions,
)

SPREAD = 0.1
"""Standard deviation of codes at the start."""


class LabelledTranslator(Translator):
    """A :class:`Translator` whose maps are scaled and shifted by the code of the target domain.

    Args:
        spec: The samples, with the domains as classes.
        options: Widths and depths.
    """

    def __init__(self, spec: SampleSpec, options: TranslatorOptions) -> None:
        super().__init__(spec, options)
        self._channels = [self.widths[-1]] * options.blocks + self.widths[-3::-1]
        self.codes = nn.Embedding(max(1, spec.classes), 2 * sum(self._channels))
        nn.init.normal_(self.codes.weight, std=SPREAD)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples [N, C, H, W] of sources [N, C, H, W], in domains int64 [N]."""
        if labels is None:
            raise ValueError("a translator to several domains needs the target of each sample")
        height, width = latents.shape[2:]
        padded = self._padded(latents)
        codes = iter(self.codes(labels).split([2 * width for width in self._channels], dim=1))
        entry = self.entry(padded)
        x = entry
        for part in self.down:
            x = part(x)
        for block in self.blocks:
            x = _modulated(block(x), next(codes))
        for index, part in enumerate(self.up):
            x = _modulated(part(x), next(codes))
            if index == len(self.up) - 1:
                x = x + entry
        change: Tensor = self.exit(x)[:, :, :height, :width]
        return latents + change if self.keeps else change


def _modulated(maps: Tensor, code: Tensor) -> Tensor:
    """Scale and shift maps [N, D, h, w] by codes [N, 2 D]."""
    scale, shift = code.to(maps.dtype)[:, :, None, None].chunk(2, dim=1)
    return maps * (1 + scale) + shift


@register_networks("labelled-translator", TranslatorOptions)
def labelled_translator(spec: SampleSpec, options: TranslatorOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are smaller than 16 or larger than 512 pixels a side.
    """
    require_sides("labelled-translator", spec, 512)
    return for_convolutions(
        GANNetworks(LabelledTranslator(spec, options), PatchDiscriminator(spec, options))
    )
