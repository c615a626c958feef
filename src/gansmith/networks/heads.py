"""Class conditioning with label embeddings: beside the latent, and by projection on the logit."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.networks.base import Discriminator, Generator
from gansmith.schema import Section


class ConditionalOptions(Section):
    """Options of networks whose generator embeds labels."""

    label_width: int = Field(32, ge=1, le=4_096, description="numbers that stand for a label")


class EmbeddingGenerator(Generator):
    """A generator that takes an embedding of the label beside the latent."""

    label: nn.Embedding | None

    def embed_labels(self, latent: int, classes: int, options: ConditionalOptions) -> int:
        """Create the embedding, if there are classes.

        Returns:
            Numbers in a latent and the embedding of its label.
        """
        self.label = nn.Embedding(classes, options.label_width) if classes else None
        return latent + (options.label_width if classes else 0)

    def with_embedding(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        """Append the embeddings of labels [N] to latents [N, latent]."""
        return latents if self.label is None else torch.cat([latents, self.label(labels)], dim=1)


class ProjectionDiscriminator(Discriminator):
    """A discriminator with a linear logit and a projection (Miyato and Koyama 2018, 1802.05637).

    The logit of a labelled sample also has the inner product of its features and an embedding of
    the label.
    """

    logit: nn.Linear
    label: nn.Embedding | None

    def set_head(self, logit: nn.Linear, classes: int, scaled: bool = False) -> None:
        """Set the layer of the logit and create the embedding, if there are classes.

        Args:
            logit: From features to one number.
            classes: Number of labels.
            scaled: Draw the embeddings so that inner products have the deviation of features.
        """
        self.logit = logit
        self.label = nn.Embedding(classes, logit.in_features) if classes else None
        if scaled:
            self.scale_labels()

    def scale_labels(self) -> None:
        """Draw the embeddings anew, so that inner products have the deviation of features."""
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=self.logit.in_features**-0.5)

    def project(self, features: Tensor, labels: Tensor | None) -> Tensor:
        """Return logits [N] of features [N, D]."""
        logits: Tensor = self.logit(features).squeeze(1)
        return logits if self.label is None else logits + (features * self.label(labels)).sum(1)
