"""Unpaired translation by patchwise contrast (Park et al. 2020, arXiv 2007.15651).

The translator plays the adversarial game against samples of the target domain, and a patch of its
result must be told by its features as the one that belongs to the same place of its source, among
other places of the source. So content stays where it is, and no translation back is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks
from gansmith.networks.translation.residual import Translator
from gansmith.recipe import Recipe
from gansmith.sections import ContrastiveConfig
from gansmith.training.duel import Batch, DuelSetting, Loss, register_duel
from gansmith.training.engine import Engine
from gansmith.training.translation import TranslationDuel


class PatchProjection(nn.Module):
    """Features at chosen places -> unit vectors, by a small network for each level.

    Args:
        widths: Channels of each map.
        size: Numbers in a vector.
    """

    def __init__(self, widths: Sequence[int], size: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(nn.Linear(width, size), nn.ReLU(), nn.Linear(size, size))
            for width in widths
        )

    def forward(self, maps: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        """Return vectors [N, P, size] a level, of maps [N, D, h, w] at places int64 [P]."""
        return [
            F.normalize(level(features.flatten(2)[:, :, chosen].transpose(1, 2).float()), dim=2)
            for level, features, chosen in zip(self.levels, maps, places, strict=True)
        ]


def patch_contrast(ours: Sequence[Tensor], theirs: Sequence[Tensor], temperature: float) -> Tensor:
    """Return the cross-entropy of finding each place again among all places of its sample.

    Args:
        ours: Unit vectors [N, P, D] a level.
        theirs: Of the sources, at the same places.
        temperature: Divides the cosines.
    """
    losses = []
    for mine, other in zip(ours, theirs, strict=True):
        logits = mine @ other.transpose(1, 2) / temperature
        count, places = logits.shape[:2]
        target = torch.arange(places, device=logits.device).repeat(count)
        losses.append(F.cross_entropy(logits.flatten(0, 1), target))
    return torch.stack(losses).mean()


class ContrastiveDuel(TranslationDuel[ContrastiveConfig]):
    """A translator against a discriminator of the target domain, tied to its source by contrast.

    Args:
        pair: The two networks.
        recipe: As for :class:`NoiseDuel`; its section `contrastive` is read too.
        engine: Device, precision and noise.
        alpha: The last channel of samples is opacity.

    Raises:
        GansmithError: The network is no translator, or as :class:`NoiseDuel`.
    """

    options = ContrastiveConfig

    def __init__(
        self, pair: GANNetworks, recipe: Recipe, engine: Engine, alpha: bool = False
    ) -> None:
        generator = pair.generator
        if not isinstance(generator, Translator):
            raise GansmithError(
                f"duel 'contrastive' does not train network '{recipe.network.name}': set "
                "network.name=translator"
            )
        super().__init__(pair, recipe, engine, alpha)
        self.translator = generator
        config = recipe.section(ContrastiveConfig)
        self.losses = (*self.losses, Loss("contrast", "contrast", "generator"))
        if config.identity:
            self.losses = (*self.losses, Loss("identity", "identity", "generator"))
        self.projection = PatchProjection(generator.widths, config.projection).to(engine.device)
        self.networks["projection"] = self.projection
        parameters = chain(generator.parameters(), self.projection.parameters())
        self.optimisers["generator"] = Adam(parameters, fused=engine.device.type in ("cpu", "cuda"))

    def regulariser(self, samples: Tensor, batch: Batch) -> Tensor:
        """Return the weighted contrast of results with sources, and of the target with itself."""
        contrast = self._contrast(samples, self._source_maps)
        self._seen["contrast"] = contrast.detach()
        loss = self._config.weight * contrast
        if self._config.identity:
            with self._engine.autocast():
                unchanged, maps = self.translator.translate(batch.samples)
            identity = self._contrast(unchanged, maps)
            self._seen["identity"] = identity.detach()
            loss = loss + self._config.weight * self._config.identity * identity
        return loss

    def _generated(self, batch: Batch) -> Tensor:
        """Translate the sources of a batch, and keep their features for the contrast."""
        with self._engine.autocast():
            samples, self._source_maps = self.translator.translate(self.draw_input(batch))
        return samples.float()

    def _contrast(self, results: Tensor, theirs: Sequence[Tensor]) -> Tensor:
        """Return the contrast of results with the features of their sources."""
        with self._engine.autocast():
            ours = self.translator.features(results)
        places = [self._places(level[0, 0].numel()) for level in ours]
        found = self.projection(ours, places)
        with torch.no_grad():
            wanted = self.projection(theirs, places)
        return patch_contrast(found, wanted, self._config.temperature)

    def _places(self, available: int) -> Tensor:
        """Draw different places of a map."""
        ranks = self._engine.uniform(1, available)[0].argsort()
        return ranks[: self._config.patches]


@register_duel("contrastive", ContrastiveConfig)
def contrastive(setting: DuelSetting) -> ContrastiveDuel:
    """Build the duel of contrastive translation."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(setting.seed)
        return ContrastiveDuel(
            setting.build_networks(), setting.recipe, setting.engine, alpha=setting.spec.alpha
        )
