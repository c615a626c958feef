"""Unpaired translation between several domains (Choi et al. 2020, arXiv 1912.01865).

One translator is given the domain to translate to, and the discriminator has an output for each, so
that a result is compared with samples of the domain that was asked for. Translated back to its own
domain, a sample must be what it was.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.sections import DomainsConfig
from gansmith.training.duel import Batch, DuelSetting, Loss, register_duel
from gansmith.training.noise import NoiseDuel
from gansmith.training.translation import TranslationDuel


class DomainsDuel(TranslationDuel[DomainsConfig]):
    """A translator to several domains against a discriminator with an output for each.

    Its arguments are those of :class:`NoiseDuel`; both networks are conditioned on a domain.
    """

    options = DomainsConfig
    losses: tuple[Loss, ...] = (
        *NoiseDuel.losses,
        Loss("cycle", "cycle", "generator"),
        Loss("identity", "identity", "generator"),
    )

    def regulariser(self, samples: Tensor, batch: Batch) -> Tensor:
        """Return the weighted errors of the way back, and of samples in the domain already."""
        with self._engine.autocast():
            returned = self.generator(samples, batch.source_condition)
            unchanged = self.generator(batch.samples, batch.condition)
        cycle = F.l1_loss(returned.float(), self.draw_input(batch))
        identity = F.l1_loss(unchanged.float(), batch.samples)
        self._seen |= {"cycle": cycle.detach(), "identity": identity.detach()}
        return self._config.weight * (cycle + self._config.identity * identity)

    def visuals(self, batch: Batch) -> dict[str, Tensor]:
        """Return sources, their translations, and those translated back."""
        shown = super().visuals(batch)
        with torch.no_grad(), self._engine.autocast():
            returned = self.generator(shown["result"], batch.source_condition)
        return shown | {"returned": returned.float()}


@register_duel("domains", DomainsConfig)
def domains(setting: DuelSetting) -> DomainsDuel:
    """Build the duel of translation between several domains.

    Raises:
        GansmithError: The networks are not conditioned on a domain.
    """
    recipe = setting.recipe
    if setting.spec.classes < 2 or setting.spec.source is None:
        raise GansmithError(
            "duel 'domains' translates between labelled domains: set task=translate-domains "
            "and network.name=labelled-translator, as recipe 'domains' does"
        )
    return DomainsDuel(setting.build_networks(), recipe, setting.engine, alpha=setting.spec.alpha)
