"""Unpaired translation in both directions (Zhu et al. 2017, arXiv 1703.10593).

Two translators play the adversarial game of :class:`NoiseDuel` against a discriminator each, and
what one has translated, the other must translate back.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks, Generator
from gansmith.recipe import Recipe
from gansmith.sections import CycleConfig
from gansmith.training.duel import Batch, Duel, DuelSetting, Loss, register_duel
from gansmith.training.engine import Engine
from gansmith.training.translation import TranslationDuel

BACK = "back"
"""Name of the translator from the second domain to the first."""


class ReplayPool:
    """Earlier results, which half of the time stand in for new ones.

    Shrivastava et al. 2017, arXiv 1612.07828.

    Args:
        size: Most results that are kept; 0 keeps none.
        engine: Draws which.
    """

    def __init__(self, size: int, engine: Engine) -> None:
        self._size, self._engine = size, engine
        self.kept: Tensor | None = None

    def __call__(self, results: Tensor) -> Tensor:
        """Return results [N, C, H, W], some replaced by earlier ones, and keep the new ones."""
        if not self._size:
            return results
        chances, places = self._engine.uniform(len(results), 2).cpu().unbind(1)
        shown: list[Tensor] = []
        kept = [] if self.kept is None else list(self.kept)
        for result, chance, place in zip(results, chances.tolist(), places.tolist(), strict=True):
            if len(kept) < self._size:
                kept.append(result)
                shown.append(result)
            elif chance < 0.5:
                index = int(place * len(kept))
                shown.append(kept[index])
                kept[index] = result
            else:
                shown.append(result)
        self.kept = torch.stack(kept)
        return torch.stack(shown)

    def state(self) -> dict[str, Any]:
        """Return what is kept."""
        return {} if self.kept is None else {"kept": self.kept}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` gave."""
        kept = state.get("kept")
        self.kept = None if kept is None else kept.to(self._engine.device)


class Side(TranslationDuel[CycleConfig]):
    """One direction: a translator, the discriminator of its target, and the way back.

    Args:
        pair: The two networks.
        back: Translates the other way.
        recipe: As for :class:`NoiseDuel`; its section `cycle` is read too.
        engine: Device, precision and noise.
        alpha: The last channel of samples is opacity.
    """

    options = CycleConfig

    def __init__(
        self,
        pair: GANNetworks,
        back: Generator,
        recipe: Recipe,
        engine: Engine,
        alpha: bool = False,
    ) -> None:
        super().__init__(pair, recipe, engine, alpha)
        self.back = back
        self.pool = ReplayPool(recipe.section(CycleConfig).pool, engine)

    def shown_results(self, batch: Batch) -> Tensor:
        """Return new and earlier results."""
        return self.pool(super().shown_results(batch))

    def regulariser(self, samples: Tensor, batch: Batch) -> Tensor:
        """Return the weighted error of the way back, and of the target left as it is."""
        source = self.draw_input(batch)
        with self._engine.autocast():
            returned = self.back(samples)
        cycle = F.l1_loss(returned.float(), source)
        self._seen["cycle"] = cycle.detach()
        loss = self._config.weight * cycle
        if self._config.identity:
            with self._engine.autocast():
                unchanged = self.generator(batch.samples)
            identity = F.l1_loss(unchanged.float(), batch.samples)
            self._seen["identity"] = identity.detach()
            loss = loss + self._config.weight * self._config.identity * identity
        return loss

    def state(self) -> dict[str, Any]:
        """Return the state of a noise duel and the pool."""
        return super().state() | {"pool": self.pool.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` gave."""
        super().restore(state)
        self.pool.restore(state["pool"])


class CycleDuel(Duel):
    """Both directions at once; each discriminator learns from its own, both translators together.

    Args:
        forth: Networks of the direction from the source to the target.
        back: Those of the other direction.
        recipe: As for :class:`Side`.
        engine: Device, precision and noise.
        alpha: The last channel of samples is opacity.
    """

    shipped = ("generator", BACK)
    critics = ("discriminator", "back_discriminator")
    losses: tuple[Loss, ...] = (
        Loss("d_loss", "discriminator", "discriminator"),
        Loss("back_d_loss", "discriminator back", "back_discriminator"),
        Loss("g_loss", "translator", "generator"),
        Loss("back_g_loss", "translator back", BACK),
        Loss("cycle", "cycle", "generator"),
        Loss("back_cycle", "cycle back", BACK),
    )

    def __init__(
        self,
        forth: GANNetworks,
        back: GANNetworks,
        recipe: Recipe,
        engine: Engine,
        alpha: bool = False,
    ) -> None:
        self._engine = engine
        self.forth = Side(forth, back.generator, recipe, engine, alpha)
        self.back = Side(back, forth.generator, recipe, engine, alpha)
        translators = chain(forth.generator.parameters(), back.generator.parameters())
        both = Adam(translators, fused=engine.device.type in ("cpu", "cuda"))
        for side in (self.forth, self.back):
            side.optimisers["generator"] = both
        self.networks = dict(self.forth.networks)
        self.networks |= {BACK: self.back.generator, "back_discriminator": self.back.discriminator}
        self.optimisers = {
            "generator": both,
            "discriminator": self.forth.optimisers["discriminator"],
            "back_discriminator": self.back.optimisers["discriminator"],
        }
        if recipe.section(CycleConfig).identity:
            self.losses = (
                *self.losses,
                Loss("identity", "identity", "generator"),
                Loss("back_identity", "identity back", BACK),
            )
        self.reconfigure(recipe)

    def reconfigure(self, recipe: Recipe) -> None:
        """Go on by the settings of another recipe, of the same networks and constraint."""
        for side in (self.forth, self.back):
            side.reconfigure(recipe)
        self.draws, self.shown = self.forth.draws, self.forth.shown

    def set_progress(self, progress: float, samples: int) -> None:
        """Set all learning rates and the weight of the penalty."""
        for side in (self.forth, self.back):
            side.set_progress(progress, samples)

    def set_validation_source(self, draw: Callable[[int], Batch]) -> None:
        """Draw held-out samples for an adaptive augmentation."""
        self.forth.set_validation_source(draw)
        self.back.set_validation_source(lambda most: _swapped(draw(most)))

    def step(self, batches: list[Batch]) -> None:
        """Train both discriminators on the first batches, then both translators on the last."""
        for batch in batches[: self.shown]:
            self.forth.discriminator_step(batch)
            self.back.discriminator_step(_swapped(batch))
        for side in (self.forth, self.back):
            side.discriminator.requires_grad_(False)
        loss = self.forth.generator_loss(batches[-1])
        loss = loss + self.back.generator_loss(_swapped(batches[-1]))
        self._engine.backward_and_step(loss, self.optimisers["generator"])
        for side in (self.forth, self.back):
            side.discriminator.requires_grad_(True)
            side.count_step()

    def signals(self) -> dict[str, float]:
        """Return the signals of both directions, those of the way back as `back_...`."""
        back = {f"back_{name}": value for name, value in self.back.signals().items()}
        return self.forth.signals() | back

    @torch.no_grad()
    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the logits of both discriminators on samples of their own domains."""
        found = self.forth.discriminate(batch)
        if batch.source is not None:
            back = self.back.discriminate(_swapped(batch))
            found["back_discriminator"] = back["discriminator"]
        return found

    def visuals(self, batch: Batch) -> dict[str, Tensor]:
        """Return sources, their translations, and those translated back."""
        source = self.draw_input(batch)
        with torch.no_grad(), self._engine.autocast():
            result = self.forth.generator(source)
            returned = self.back.generator(result)
        return {"source": source, "result": result.float(), "returned": returned.float()}

    def state(self) -> dict[str, Any]:
        """Return the states of both directions."""
        return {"forth": self.forth.state(), "back": self.back.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` gave."""
        self.forth.restore(state["forth"])
        self.back.restore(state["back"])


def _swapped(batch: Batch) -> Batch:
    assert batch.source is not None
    return Batch(batch.source, source=batch.samples)


@register_duel("cycle", CycleConfig)
def cycle(setting: DuelSetting) -> CycleDuel:
    """Build the duel of cycle-consistent translation.

    Raises:
        GansmithError: The domains have different numbers of channels.
    """
    spec = setting.spec
    if spec.source is None or spec.source.channels != spec.channels:
        raise GansmithError(
            "duel 'cycle' translates both ways and needs both domains in one colour mode: give "
            "--set data.mode=RGB"
        )
    first, second = (
        DuelSetting(setting.recipe, spec, setting.engine, setting.seed + index).build_networks()
        for index in range(2)
    )
    return CycleDuel(first, second, setting.recipe, setting.engine, alpha=spec.alpha)
