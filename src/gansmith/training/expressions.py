"""Graded expressions: an editor learns from labelled pictures, without pairs.

The discriminator judges whether a sample is real *and* shows the expression it is said to show, in
the strength that is said. So it is also the reader that the editor must convince, and the penalty
on its gradient keeps it from being convinced by patterns that are no expression. To learn to read,
it prefers each real sample's own condition to that of another one. Edits must lead back when they
are undone (Zhu et al. 2017, arXiv 1703.10593; Choi et al. 2018, arXiv 1711.09020), move neighbours
alike, and leave alone what they need not change; that last penalty waits until the discriminator
can read, since before that it leads to doing nothing.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks import GANNetworks
from gansmith.networks.translation.editor import (
    EditDiscriminator,
    Editor,
    Fields,
    apply_fields,
)
from gansmith.objectives.penalties import half, squared_gradients
from gansmith.recipe import Recipe
from gansmith.sections import ExpressionsConfig
from gansmith.training.duel import Batch, DuelSetting, Loss, register_duel
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel
from gansmith.training.translation import TranslationDuel

MEMORY = 0.99
"""Share of the old value that each step leaves in the moving average of :attr:`reading`."""
READS_FROM, READS_WELL = 0.8, 0.95
"""Share of conditions told apart at which the penalty on attention begins, and is whole."""
TOLD = 0.25
"""Difference of strengths from which two conditions should be told apart."""
TINT = 4.0
"""Additional cost of paint that changes hue: expressions shade faces, and seldom colour them."""


class ExpressionDuel(TranslationDuel[ExpressionsConfig]):
    """An editor against a discriminator that reads expressions.

    Batches hold real samples with their strengths (`samples`, `condition`), and samples to edit
    with theirs (`source`, `source_condition`); an edit adds the difference of the strengths.

    Args:
        pair: The two networks.
        recipe: As for :class:`NoiseDuel`; its section `expressions` is read too.
        engine: Device, precision and noise.
        alpha: The last channel of samples is opacity.

    Raises:
        GansmithError: The network is no editor, or as :class:`NoiseDuel`.
    """

    options = ExpressionsConfig
    losses = (*NoiseDuel.losses, Loss("reading_loss", "reading", "discriminator"))

    def __init__(
        self, pair: GANNetworks, recipe: Recipe, engine: Engine, alpha: bool = False
    ) -> None:
        generator, discriminator = pair
        if not isinstance(generator, Editor) or not isinstance(discriminator, EditDiscriminator):
            raise GansmithError(
                f"duel 'expressions' does not train network '{recipe.network.name}': set "
                "network.name=editor"
            )
        super().__init__(pair, recipe, engine, alpha)
        self.editor, self.reader = generator, discriminator
        self._reading, self._waits = 0.5, True
        self._read: dict[str, Tensor] = {}
        self._fields: Fields | None = None

    def _difference(self, batch: Batch) -> Tensor:
        assert batch.condition is not None and batch.source_condition is not None
        return (batch.condition - batch.source_condition).flatten(1)

    def _generated(self, batch: Batch) -> Tensor:
        source = self.draw_input(batch)
        with self._engine.autocast():
            self._fields = self.editor.fields(source)
        return apply_fields(source, *self._fields.at(self._difference(batch))[:2])

    @property
    def pretraining(self) -> bool:
        """Whether the discriminator still learns to read, and the editor waits."""
        return self._waits

    def set_progress(self, progress: float, samples: int) -> None:
        """Set rates, and decide whether the editor waits."""
        super().set_progress(progress, samples)
        reads = self._reading >= READS_FROM
        self._waits = self._waits and progress < self._config.reader and not reads

    def step(self, batches: list[Batch]) -> None:
        """Take a step, and follow how well the discriminator reads."""
        if self._waits:
            self.reading_step(batches)
        else:
            super().step(batches)
        self._seen |= self._read
        means = self._engine.mean({"reads": float(self._read["reads"])})
        self._reading = MEMORY * self._reading + (1 - MEMORY) * means["reads"]

    def reading_step(self, batches: list[Batch]) -> None:
        """Train the discriminator to read real samples."""
        due = self._penalty_due
        samples = torch.cat([batch.samples for batch in batches])
        conditions = [batch.condition for batch in batches if batch.condition is not None]
        real = self._augmented(samples).detach().requires_grad_(due)
        own = torch.cat(conditions).flatten(1)
        with self._engine.autocast():
            features = self.reader.features(real)
        loss = self._reading_loss(features, own)
        if due:
            logits = self.reader.judge(features, own).float()
            cost = torch.stack([half(s).mean() for s in squared_gradients(logits, [real])]).sum()
            loss = loss + self._gamma * self._recipe.objective.penalty_every * cost
        self._engine.backward_and_step(loss, self.optimisers["discriminator"])
        self._seen = {}
        self._steps += 1

    def _logits(self, real: Tensor, fake: Tensor, condition: Tensor | None) -> list[Tensor]:
        """Logits of both kinds; the features of the real ones are kept for reading."""
        assert condition is not None
        with self._engine.autocast():
            self._features = self.reader.features(torch.cat([real, fake]))
            logits = self.reader.judge(self._features, torch.cat([condition, condition]))
        return list(logits.float().chunk(2))

    def discriminator_terms(self, real: Tensor, batch: Batch) -> Tensor | float:
        """Return the weighted loss of reading real samples.

        Args:
            real: Real samples as the discriminator is shown them.
            batch: Where they come from.
        """
        assert batch.condition is not None
        features = self._features[: len(real)]
        return self._config.reading * self._reading_loss(features, batch.condition.flatten(1))

    def _reading_loss(self, features: Tensor, own: Tensor) -> Tensor:
        """Return the logistic loss of preferring each sample's own condition to each other one.

        Conditions weigh as much as they differ.

        Args:
            features: Of real samples, [N, D].
            own: Their conditions, [N, E].
        """
        apart = (own[:, None] - own[None]).abs().amax(2)
        with self._engine.autocast():
            logits = self.reader.read(features, own).float()
        ahead = logits.diagonal()[:, None] - logits
        weights = apart / apart.mean().clamp(min=1e-6)
        loss = (weights * F.softplus(-ahead)).mean()
        told = apart > TOLD
        share = ((ahead > 0) & told).sum() / told.sum().clamp(min=1)
        self._read = {"reading_loss": loss.detach(), "reads": share.detach()}
        return loss

    def regulariser(self, samples: Tensor, batch: Batch) -> Tensor:
        """Return the weighted costs of edits that cannot be undone, are torn or needless."""
        assert self._fields is not None
        config, source = self._config, self.draw_input(batch)
        difference = self._difference(batch)
        flow, paint, attention = self._fields.at(difference)
        with self._engine.autocast():
            back = self.editor(samples, -difference)
        costs = {
            "cycle": (back.float() - source).abs().mean(),
            "tearing": _roughness(flow),
            "paint": _painted(paint) if paint.shape[1] else paint.sum(),
            "attention": attention.mean(),
        }
        self._seen |= {name: cost.detach() for name, cost in costs.items()}
        sure = (self._reading - READS_FROM) / (READS_WELL - READS_FROM)
        total: Tensor = (
            config.cycle * costs["cycle"]
            + config.smooth * costs["tearing"]
            + config.paint * costs["paint"]
            + config.attention * min(max(sure, 0.0), 1.0) * costs["attention"]
        )
        return total

    def signals(self) -> dict[str, float]:
        """Return what :class:`NoiseDuel` does, and the share of conditions told apart."""
        if self._waits:
            return {name: float(value) for name, value in self._seen.items()}
        return {**super().signals(), "reading": self._reading}

    def visuals(self, batch: Batch) -> dict[str, Tensor]:
        """Return samples, their edits and where those apply."""
        source = self.draw_input(batch)
        with torch.no_grad(), self._engine.autocast():
            flow, paint, attention = self.editor.fields(source).at(self._difference(batch))
            result = apply_fields(source, flow, paint)
        shown = F.interpolate(attention.clamp(max=1), source.shape[2:], mode="bilinear")
        return {
            "source": source,
            "result": result.float(),
            "attention": (2 * shown - 1).expand_as(source),
        }

    def state(self) -> dict[str, Any]:
        """Return what :class:`NoiseDuel` does, and how well the discriminator reads."""
        return {**super().state(), "reading": self._reading, "waits": self._waits}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` gave."""
        super().restore(state)
        self._reading, self._waits = state["reading"], state["waits"]


def _roughness(flow: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring displacements, in cells of the grid."""
    size = torch.tensor([flow.shape[3] / 2, flow.shape[2] / 2], device=flow.device)
    moved = flow * size.view(1, 2, 1, 1)
    across, down = moved.diff(dim=3), moved.diff(dim=2)
    return across.square().mean() + down.square().mean()


def _painted(paint: Tensor) -> Tensor:
    """Return the cost of paint [N, C, h, w]: its mean amount, and what makes its colours differ."""
    colours = paint[:, :3]
    tint = colours - colours.mean(dim=1, keepdim=True)
    return paint.abs().mean() + TINT * tint.abs().mean()


@register_duel("expressions", ExpressionsConfig)
def expressions(setting: DuelSetting) -> ExpressionDuel:
    """Build the duel of expressions."""
    return ExpressionDuel(
        setting.build_networks(), setting.recipe, setting.engine, alpha=setting.spec.alpha
    )
