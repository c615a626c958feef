"""Translation by pairs (Isola et al. 2017, arXiv 1611.07004).

The discriminator sees a source together with its true answer or with the translator's, and the
translation is compared with the true answer besides.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks
from gansmith.networks.image.frozen_features import BACKBONES, FeatureNetwork
from gansmith.recipe import Recipe
from gansmith.sections import PairedConfig
from gansmith.training.duel import Batch, DuelSetting, Loss, register_duel
from gansmith.training.engine import Engine
from gansmith.training.translation import TranslationDuel

IN_PLACE = frozenset({"colour", "cutout"})
"""Augmentations that leave everything where it is, so that a sample still fits its source."""


class PairedDuel(TranslationDuel[PairedConfig]):
    """A translator against a discriminator that sees sources and results together.

    Args:
        pair: The two networks.
        recipe: As for :class:`NoiseDuel`; its section `paired` is read too.
        engine: Device, precision and noise.
        alpha: The last channel of samples is opacity.

    Raises:
        GansmithError: An augmentation moves samples, or as :class:`NoiseDuel`.
    """

    options = PairedConfig

    def __init__(
        self, pair: GANNetworks, recipe: Recipe, engine: Engine, alpha: bool = False
    ) -> None:
        super().__init__(pair, recipe, engine, alpha)
        self.losses = (*self.losses, Loss("answer", "distance to the answer", "generator"))
        self._features: FeatureNetwork | None = None
        name = self._config.features
        if name != "none":
            self._features = BACKBONES[name]()
            self.frozen = {"features": self._features}
            self.losses = (*self.losses, Loss("answer_features", "features", "generator"))

    def reconfigure(self, recipe: Recipe) -> None:
        """Go on by the settings of another recipe, of the same networks and constraint."""
        moving = [name for name in recipe.augment.ops if name not in IN_PLACE]
        if moving:
            raise GansmithError(
                f"augment.ops has {', '.join(moving)}, which moves a sample away from its source: "
                "duel 'paired' takes colour and cutout"
            )
        super().reconfigure(recipe)

    def regulariser(self, samples: Tensor, batch: Batch) -> Tensor:
        """Return the weighted distance to the true answers, of values and of features."""
        answer = F.l1_loss(samples, batch.samples)
        self._seen["answer"] = answer.detach()
        loss = self._config.weight * answer
        if self._features is not None:
            apart = self._feature_distance(samples, batch.samples)
            self._seen["answer_features"] = apart.detach()
            loss = loss + self._config.feature_weight * apart
        return loss

    def _feature_distance(self, samples: Tensor, answers: Tensor) -> Tensor:
        """Return the mean squared difference of unit feature vectors, summed over levels."""
        assert self._features is not None
        colours = slice(0, 3)
        ours = self._features.maps(samples[:, colours])
        with torch.no_grad():
            theirs = self._features.maps(answers[:, colours])
        return torch.stack(
            [
                (F.normalize(mine, dim=1) - F.normalize(other, dim=1)).square().sum(1).mean()
                for mine, other in zip(ours, theirs, strict=True)
            ]
        ).sum()

    def visuals(self, batch: Batch) -> dict[str, Tensor]:
        """Return sources, results and true answers."""
        return super().visuals(batch) | {"answer": batch.samples}


@register_duel("paired", PairedConfig)
def paired(setting: DuelSetting) -> PairedDuel:
    """Build the duel of paired translation.

    Raises:
        GansmithError: The samples are no pairs.
    """
    if setting.spec.condition_shape is None:
        raise GansmithError(
            "duel 'paired' learns from pairs: give --data FROM --data TO with files of the same "
            "names, and --set data.paired=true"
        )
    return PairedDuel(
        setting.build_networks(), setting.recipe, setting.engine, alpha=setting.spec.alpha
    )
