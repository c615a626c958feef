"""A pair for sequences of tokens: a recurrent language model and a judge of every step.

The generator is a language model (gated recurrent units, Cho et al. 2014, arXiv 1406.1078) whose
tokens are drawn by the latent: number t of it, standard normal, decides which token of the
distribution at step t is taken, so that a latent means a text as it means a picture elsewhere. The
discriminator reads as the generator does, from the first token on, and gives a logit a step of
whether what it has read so far is real (ScratchGAN, d'Autume et al. 2019, arXiv 1905.09922).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks.base import (
    Discriminator,
    GANNetworks,
    Generator,
    SampleSpec,
    register_networks,
)
from gansmith.networks.sequence.special_tokens import END, PAD, UNKNOWN
from gansmith.networks.sequence.token_encoder import (
    HEADS,
    CopyHead,
    EncoderOutput,
    RecurrentEncoder,
    SequenceOptions,
    Table,
)

Mask = Callable[[Tensor], Tensor]
"""Tells from prefixes int64 [N, t] which tokens may follow, bool [N, V]."""


@dataclass(frozen=True)
class Decoding:
    """How tokens are drawn.

    Attributes:
        temperature: Of the distributions that they are drawn from; below 1 is more typical.
        top_p: Share of a distribution that they are drawn from, the most likely ones (Holtzman et
            al. 2020, arXiv 1904.09751).
        prefix: Tokens int64 [1, P] or [N, P] that texts begin with, and blanks where they are free.
        mask: What may follow; None for everything.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    prefix: Tensor | None = None
    mask: Mask | None = None


class SequenceGenerator(Generator):
    """A language model; see the module.

    Attributes:
        decoding: How :meth:`write` draws tokens.
    """

    draws_tokens = True

    def __init__(self, spec: SampleSpec, options: SequenceOptions) -> None:
        super().__init__()
        self.latent, self.shape, self.decoding = spec.width, spec.shape, Decoding()
        self.reader = RecurrentEncoder(spec, options)
        self.exit = nn.Linear(options.width, options.embedding)
        self.bias = nn.Parameter(torch.zeros(spec.tokens))
        self.echo = _echo(spec, options)

    def logits(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N, T, V] of each of the tokens [N, T], from those before it."""
        before = torch.cat([torch.full_like(tokens[:, :1], PAD), tokens[:, :-1]], dim=1)
        table = self.reader.embedding.table()
        read, _ = self.reader(before, self.reader.start(len(tokens), labels), table)
        return self._scores(read, table)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw texts, int64 [N, 1, 1, T], each with an end unless it is as long as can be."""
        return self.write(uniform(latents), labels).reshape(-1, *self.shape)

    @torch.no_grad()
    def write(self, uniforms: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw tokens [N, T] by numbers [N, T] in [0, 1)."""
        count, length = uniforms.shape
        memory, table = self.reader.start(count, labels), self.reader.embedding.table()
        tokens = torch.full((count, length), PAD, device=uniforms.device)
        token, ended = tokens[:, 0], torch.zeros(count, dtype=torch.bool, device=uniforms.device)
        for step in range(length):
            read, memory = self.reader(token[:, None], memory, table)
            scores = self._scores(read, table)[:, 0]
            token = self._drawn(scores, tokens[:, :step], uniforms[:, step])
            token = self._begun(step, token)
            token = token.masked_fill(ended, PAD)
            tokens[:, step] = token
            ended |= token == END
            if ended.all():
                break
        return tokens

    def _begun(self, step: int, token: Tensor) -> Tensor:
        """Take the token that the prefix has at a step, where it has one."""
        prefix = self.decoding.prefix
        if prefix is None or step >= prefix.shape[1]:
            return token
        given = prefix[:, step].to(token.device).expand_as(token)
        return torch.where(given == PAD, token, given)

    def _drawn(self, scores: Tensor, before: Tensor, uniforms: Tensor) -> Tensor:
        """Take the token at which the distribution's sum passes the number."""
        scores = scores.float() / max(self.decoding.temperature, 1e-4)
        scores[:, [PAD, UNKNOWN]] = -math.inf
        if self.decoding.mask is not None:
            scores = scores.masked_fill(~self.decoding.mask(before), -math.inf)
        shares = nucleus(scores.softmax(1), self.decoding.top_p)
        sums = shares.cumsum(1)
        aim = (uniforms * sums[:, -1])[:, None]
        return torch.searchsorted(sums, aim, right=True)[:, 0].clamp(max=len(self.bias) - 1)

    def _scores(self, read: EncoderOutput, table: Table) -> Tensor:
        scores: Tensor = self.exit(read.state) @ table.vectors.T + self.bias
        if self.echo is not None:
            scores = scores + self.echo(*read) @ table.has.T
        return scores


class SequenceDiscriminator(Discriminator):
    """Says at every token whether what it has read is real; see the module."""

    def __init__(self, spec: SampleSpec, options: SequenceOptions) -> None:
        super().__init__()
        self.reader = RecurrentEncoder(spec, options)
        self.logit = nn.Linear(options.width, 1)
        self.echo = _echo(spec, options)

    def steps(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N, T] of tokens [N, T]; those of blanks mean nothing."""
        start, table = self.reader.start(len(tokens), labels), self.reader.embedding.table()
        read, _ = self.reader(tokens, start, table)
        logits: Tensor = self.logit(read.state).squeeze(2)
        if self.echo is not None:
            worth = self.echo(*read)[:, :-1] * F.embedding(tokens[:, 1:], table.has)
            logits = logits + F.pad(worth.sum(2), (1, 0))
        return logits

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean of a text's logits, [N], of texts [N, 1, 1, T]."""
        tokens = samples[:, 0, 0]
        written = tokens != PAD
        steps = self.steps(tokens, labels) * written
        return steps.sum(1) / written.sum(1).clamp(min=1)

    def learn_from(self, generator: SequenceGenerator) -> None:
        """Read as the generator does: begun from nothing, it stays at chance for long."""
        self.reader.load_state_dict(generator.reader.state_dict())


def _echo(spec: SampleSpec, options: SequenceOptions) -> CopyHead | None:
    if not (options.attention and spec.traits):
        return None
    return CopyHead(options.width, HEADS, spec.traits)


def uniform(latents: Tensor) -> Tensor:
    """Turn standard normal numbers into evenly spread ones in [0, 1)."""
    numbers: Tensor = torch.special.ndtr(latents.double()).clamp(max=1 - 1e-7)
    return numbers.float()


def nucleus(shares: Tensor, top_p: float) -> Tensor:
    """Keep of shares [N, V] the largest whose sum first reaches `top_p`; the rest become 0."""
    if top_p >= 1:
        return shares
    ordered, places = shares.sort(dim=1, descending=True)
    ordered = ordered.masked_fill(ordered.cumsum(1) - ordered >= top_p, 0)
    return torch.zeros_like(shares).scatter(1, places, ordered)


@register_networks("sequence", SequenceOptions)
def sequence(spec: SampleSpec, options: SequenceOptions) -> GANNetworks:
    """Build the pair.

    Raises:
        GansmithError: The samples are no sequences of tokens.
    """
    if not spec.tokens:
        raise GansmithError("network 'sequence' serves text: set medium=text")
    return GANNetworks(SequenceGenerator(spec, options), SequenceDiscriminator(spec, options))
