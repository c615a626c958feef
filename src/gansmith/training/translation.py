"""What the duels of translation share: the generator is given samples, not noise."""

from __future__ import annotations

from typing import Generic, TypeVar

import torch
from torch import Tensor

from gansmith.recipe import Recipe
from gansmith.schema import Section
from gansmith.training.duel import Batch, Duel
from gansmith.training.noise import NoiseDuel

Options = TypeVar("Options", bound=Section)


class TranslationDuel(NoiseDuel, Generic[Options]):
    """A generator that turns the sources of a batch into results, against a discriminator.

    Its arguments are those of :class:`NoiseDuel`.

    Attributes:
        options: The recipe section of its own, read into `_config`.
    """

    options: type[Options]

    def reconfigure(self, recipe: Recipe) -> None:
        """Go on by the settings of another recipe, of the same networks and constraint."""
        super().reconfigure(recipe)
        self._config = recipe.section(self.options)

    def draw_input(self, batch: Batch) -> Tensor:
        """Return the samples to translate."""
        return Duel.draw_input(self, batch)

    def visuals(self, batch: Batch) -> dict[str, Tensor]:
        """Return sources and results."""
        with torch.no_grad():
            return {"source": self.draw_input(batch), "result": self._generated(batch).float()}
