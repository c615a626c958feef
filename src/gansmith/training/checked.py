"""The duel of a plain GAN whose samples are also judged by rules (`duel: checked`).

Every few steps some samples of the generator go to the checker of their medium. Invalid ones are
further negatives for the discriminator; valid and new ones are further real samples (Torrado et al.
2020, arXiv 1910.01603). The networks know no rules: they only see which samples were kept.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from gansmith.medium import Checker
from gansmith.networks import GANNetworks
from gansmith.recipe import Recipe
from gansmith.schema import Section
from gansmith.training.duel import Batch, DuelSetting, register_duel
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel


class CheckedConfig(Section):
    """Options of `duel: checked`."""

    every: int = Field(
        20, ge=1, le=10_000, description="steps from one check of samples to the next"
    )
    samples: int = Field(16, ge=1, le=4_096, description="samples in a check")
    memory: int = Field(512, ge=1, le=100_000, description="samples of either kind that are kept")
    negatives: float = Field(
        0.25, ge=0, lt=1, description="share of invalid samples among the generated ones"
    )
    returned: float = Field(
        0.1, ge=0, lt=1, description="share of valid samples among the real ones"
    )
    least: int = Field(
        64, ge=1, le=100_000, description="samples of a kind from which on they are used"
    )


class CheckedDuel(NoiseDuel):
    """A plain GAN whose discriminator also learns from samples that a checker judged.

    Args:
        pair: The two networks.
        recipe: Settings.
        engine: Device, precision and noise.
        checker: Judges samples; None to train without.
    """

    def __init__(
        self, pair: GANNetworks, recipe: Recipe, engine: Engine, checker: Checker | None
    ) -> None:
        self._checker = checker
        self._valid: Tensor | None = None
        self._invalid: Tensor | None = None
        self._valid_share = 0.0
        super().__init__(pair, recipe, engine)

    def discriminator_step(self, batch: Batch) -> None:
        """Check samples when it is due, then train the discriminator."""
        options = self._recipe.section(CheckedConfig)
        if self._checker is not None and self._steps % options.every == 0:
            self._check(batch)
        returned = self._drawn(self._valid, options.returned, len(batch.samples))
        if returned is not None and batch.condition is None:
            samples = torch.cat([returned, batch.samples[len(returned) :]])
            batch = batch._replace(samples=samples)
        super().discriminator_step(batch)

    def shown_results(self, batch: Batch) -> Tensor:
        """Generate samples; some of them are replaced by ones that are known to be invalid."""
        fake = super().shown_results(batch)
        options = self._recipe.section(CheckedConfig)
        invalid = self._drawn(self._invalid, options.negatives, len(fake))
        if invalid is None or batch.condition is not None:
            return fake
        return torch.cat([invalid, fake[len(invalid) :]])

    def signals(self) -> dict[str, float]:
        """Return those of the plain duel, and the share of valid samples in the last checks."""
        return {**super().signals(), "valid_share": self._valid_share}

    def state(self) -> dict[str, Any]:
        """Return what the plain duel does, and the samples that are kept."""
        kept = {"valid": self._valid, "invalid": self._invalid}
        known = {name: value for name, value in kept.items() if value is not None}
        return {**super().state(), "checked": known, "valid_share": self._valid_share}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` gave."""
        super().restore(state)
        known = {k: v.to(self._engine.device) for k, v in state.get("checked", {}).items()}
        self._valid, self._invalid = known.get("valid"), known.get("invalid")
        self._valid_share = state.get("valid_share", 0.0)

    @torch.no_grad()
    def _check(self, batch: Batch) -> None:
        assert self._checker is not None
        options = self._recipe.section(CheckedConfig)
        part = Batch(
            batch.samples[: options.samples],
            None if batch.condition is None else batch.condition[: options.samples],
        )
        samples = self._generated(part)
        verdicts = self._checker(samples).to(samples.device)
        self._valid_share += 0.05 * (float((verdicts > 0).float().mean()) - self._valid_share)
        self._valid = _kept(self._valid, samples[verdicts > 0], options.memory)
        self._invalid = _kept(self._invalid, samples[verdicts < 0], options.memory)

    def _drawn(self, kept: Tensor | None, share: float, count: int) -> Tensor | None:
        """Draw samples that were kept, once there are enough of them."""
        options = self._recipe.section(CheckedConfig)
        number = round(share * count)
        if kept is None or len(kept) < options.least or not number:
            return None
        places = (self._engine.uniform(number, 1)[:, 0] * len(kept)).long()
        return kept[places.clamp(max=len(kept) - 1)]


def _kept(before: Tensor | None, new: Tensor, most: int) -> Tensor | None:
    """Return the latest samples of both."""
    if not len(new):
        return before
    return (new if before is None else torch.cat([before, new]))[-most:]


@register_duel("checked", CheckedConfig)
def checked(setting: DuelSetting) -> CheckedDuel:
    """Build the duel of a plain GAN with a checker."""
    return CheckedDuel(setting.build_networks(), setting.recipe, setting.engine, setting.checker)
