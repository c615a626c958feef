"""Networks for sequences of tokens: a recurrent language model and a discriminator of each token.

The generator is a language model (gated recurrent units, Cho et al. 2014, arXiv 1406.1078). Its
latent determines the text: number t of it, standard normal, selects the token of step t by inverse
transform sampling. The discriminator is causal too, and returns at every token a logit of whether
the text so far is real (ScratchGAN, d'Autume et al. 2019, arXiv 1905.09922).
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
"""Takes prefixes int64 [N, t] and returns which tokens may follow, bool [N, V]."""


@dataclass(frozen=True)
class Decoding:
    """How tokens are sampled.

    Attributes:
        temperature: Sampling temperature; below 1 for more typical texts.
        top_p: Nucleus sampling: total probability of the most likely tokens to draw from (Holtzman
            et al. 2020, arXiv 1904.09751).
        prefix: Tokens int64 [1, P] or [N, P] at the beginning of texts; padding is not forced.
        mask: Which tokens may follow; None for all.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    prefix: Tensor | None = None
    mask: Mask | None = None


class SequenceGenerator(Generator):
    """A recurrent language model; see the module.

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
        """Return the logits [N, T, V] of each of the tokens [N, T], given those before it."""
        before = torch.cat([torch.full_like(tokens[:, :1], PAD), tokens[:, :-1]], dim=1)
        table = self.reader.embedding.table()
        read, _ = self.reader(before, self.reader.start(len(tokens), labels), table)
        return self._scores(read, table)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate texts, int64 [N, 1, 1, T], each with an end unless it has the maximum length."""
        return self.write(uniform(latents), labels).reshape(-1, *self.shape)

    @torch.no_grad()
    def write(self, uniforms: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate tokens [N, T] from uniform numbers [N, T] in [0, 1)."""
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
        """Replace the token of a step by that of the prefix, if it has one."""
        prefix = self.decoding.prefix
        if prefix is None or step >= prefix.shape[1]:
            return token
        given = prefix[:, step].to(token.device).expand_as(token)
        return torch.where(given == PAD, token, given)

    def _drawn(self, scores: Tensor, before: Tensor, uniforms: Tensor) -> Tensor:
        """Draw a token by inverse transform sampling."""
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
    """Classifies at every token whether the text so far is real; see the module."""

    def __init__(self, spec: SampleSpec, options: SequenceOptions) -> None:
        super().__init__()
        self.reader = RecurrentEncoder(spec, options)
        self.logit = nn.Linear(options.width, 1)
        self.echo = _echo(spec, options)

    def steps(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N, T] of tokens [N, T]; those of padding are meaningless."""
        start, table = self.reader.start(len(tokens), labels), self.reader.embedding.table()
        read, _ = self.reader(tokens, start, table)
        logits: Tensor = self.logit(read.state).squeeze(2)
        if self.echo is not None:
            worth = self.echo(*read)[:, :-1] * F.embedding(tokens[:, 1:], table.has)
            logits = logits + F.pad(worth.sum(2), (1, 0))
        return logits

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean logit of each text, [N], of texts [N, 1, 1, T]."""
        tokens = samples[:, 0, 0]
        written = tokens != PAD
        steps = self.steps(tokens, labels) * written
        return steps.sum(1) / written.sum(1).clamp(min=1)

    def learn_from(self, generator: SequenceGenerator) -> None:
        """Copy the encoder of the generator; training it from scratch takes long."""
        self.reader.load_state_dict(generator.reader.state_dict())


def _echo(spec: SampleSpec, options: SequenceOptions) -> CopyHead | None:
    if not (options.attention and spec.traits):
        return None
    return CopyHead(options.width, HEADS, spec.traits)


def uniform(latents: Tensor) -> Tensor:
    """Map standard normal numbers to uniform ones in [0, 1)."""
    numbers: Tensor = torch.special.ndtr(latents.double()).clamp(max=1 - 1e-7)
    return numbers.float()


def nucleus(shares: Tensor, top_p: float) -> Tensor:
    """Keep the largest probabilities of [N, V] whose sum first reaches `top_p`; others become 0."""
    if top_p >= 1:
        return shares
    ordered, places = shares.sort(dim=1, descending=True)
    ordered = ordered.masked_fill(ordered.cumsum(1) - ordered >= top_p, 0)
    return torch.zeros_like(shares).scatter(1, places, ordered)


@register_networks("sequence", SequenceOptions)
def sequence(spec: SampleSpec, options: SequenceOptions) -> GANNetworks:
    """Build generator and discriminator.

    Raises:
        GansmithError: The samples are not sequences of tokens.
    """
    if not spec.tokens:
        raise GansmithError("network 'sequence' serves text: set medium=text")
    return GANNetworks(SequenceGenerator(spec, options), SequenceDiscriminator(spec, options))
