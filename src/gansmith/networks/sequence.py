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
from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.media.text.symbols import BLANK, END, UNKNOWN
from gansmith.networks.base import Discriminator, Generator, Pair, SampleSpec, register_pair
from gansmith.networks.picture_encoder import PictureEncoder
from gansmith.networks.tokens import TokenEmbedding
from gansmith.schema import Section

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


class SequenceOptions(Section):
    """Options of the `sequence` pair."""

    embedding: int = Field(128, ge=4, description="numbers that stand for a token")
    width: int = Field(320, ge=4, description="numbers of the reader's memory")
    layers: int = Field(1, ge=1, le=4, description="recurrent layers")
    dropout: float = Field(0.3, ge=0, lt=1, description="share of numbers hidden while training")
    attention: bool = Field(False, description="look back at all tokens read so far, as rhyme needs")


class Memory(NamedTuple):
    """What a reader knows after some tokens.

    Attributes:
        cells: Of the recurrent layers, [layers, N, width].
        keys: Where it may look back to, [N, tokens read, width]; no tokens without attention.
        values: What it then sees, [N, tokens read, embedding].
    """

    cells: Tensor
    keys: Tensor
    values: Tensor


class Reader(nn.Module):
    """Tokens [N, T] -> what has been read up to each, [N, T, width].

    Args:
        spec: Number of tokens and of classes.
        options: Of the pair.
    """

    def __init__(self, spec: SampleSpec, options: SequenceOptions) -> None:
        super().__init__()
        self.layers, self.width = options.layers, options.width
        self.embedding = TokenEmbedding(spec.tokens, options.embedding, spec.traits)
        self.drop = nn.Dropout(options.dropout)
        between = options.dropout if options.layers > 1 else 0.0
        self.cells = nn.GRU(
            options.embedding, options.width, options.layers, batch_first=True, dropout=between
        )
        self.attention = LookBack(options) if options.attention else None
        start = options.layers * options.width
        self.label: nn.Module | None = None
        if spec.picture is not None:
            self.label = PictureEncoder(spec.picture[0], start, options.dropout)
        elif spec.classes:
            self.label = nn.Embedding(spec.classes, start)

    def start(self, count: int, labels: Tensor | None) -> Memory:
        """Return the memory before the first token.

        Args:
            count: N.
            labels: Classes int64 [N], or pictures float32 [N, C, H, W]; None where there are none.
        """
        zeros = self.embedding.weight.new_zeros
        past = zeros(count, 0, self.width), zeros(count, 0, self.embedding.weight.shape[1])
        if self.label is None:
            return Memory(zeros(self.layers, count, self.width), *past)
        cells: Tensor = self.label(labels).unflatten(1, (self.layers, self.width))
        return Memory(cells.transpose(0, 1).contiguous(), *past)

    def forward(self, tokens: Tensor, memory: Memory, table: Tensor) -> tuple[Tensor, Memory]:
        """Return what has been read at each token, and the memory after the last.

        Args:
            tokens: int64 [N, T].
            memory: Before the first of them.
            table: Of the embedding; given, for all that go on with the same weights.
        """
        vectors = F.embedding(tokens, table)
        read, cells = self.cells(self.drop(vectors), memory.cells)
        read, memory = self.drop(read), memory._replace(cells=cells)
        if self.attention is not None:
            read, memory = self.attention(read, vectors, memory)
        return read, memory


class LookBack(nn.Module):
    """Adds to what has been read a look back at earlier tokens (Luong et al. 2015, 1508.04025).

    Args:
        options: Of the pair.
    """

    def __init__(self, options: SequenceOptions) -> None:
        super().__init__()
        self.ask = nn.Linear(options.width, options.width)
        self.key = nn.Linear(options.width, options.width)
        self.exit = nn.Linear(options.embedding, options.width)

    def forward(self, read: Tensor, vectors: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Look back from each of the tokens [N, T, ...] to it and all before."""
        keys = torch.cat([memory.keys.to(read.dtype), self.key(read)], dim=1)
        values = torch.cat([memory.values.to(read.dtype), vectors.to(read.dtype)], dim=1)
        seen = torch.ones(read.shape[1], keys.shape[1], dtype=torch.bool, device=read.device)
        seen = seen.tril(memory.keys.shape[1])
        found = F.scaled_dot_product_attention(self.ask(read), keys, values, seen)
        return read + self.exit(found), Memory(memory.cells, keys, values)


class SequenceGenerator(Generator):
    """A language model; see the module.

    Attributes:
        decoding: How :meth:`write` draws tokens.
    """

    draws_tokens = True

    def __init__(self, spec: SampleSpec, options: SequenceOptions) -> None:
        super().__init__()
        self.latent, self.shape, self.decoding = spec.width, spec.shape, Decoding()
        self.reader = Reader(spec, options)
        self.exit = nn.Linear(options.width, options.embedding)
        self.bias = nn.Parameter(torch.zeros(spec.tokens))

    def logits(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N, T, V] of each of the tokens [N, T], from those before it."""
        before = torch.cat([torch.full_like(tokens[:, :1], BLANK), tokens[:, :-1]], dim=1)
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
        tokens = torch.full((count, length), BLANK, device=uniforms.device)
        token, ended = tokens[:, 0], torch.zeros(count, dtype=torch.bool, device=uniforms.device)
        for step in range(length):
            read, memory = self.reader(token[:, None], memory, table)
            scores = self._scores(read[:, 0], table)
            token = self._drawn(scores, tokens[:, :step], uniforms[:, step])
            token = self._begun(step, token)
            token = token.masked_fill(ended, BLANK)
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
        return torch.where(given == BLANK, token, given)

    def _drawn(self, scores: Tensor, before: Tensor, uniforms: Tensor) -> Tensor:
        """Take the token at which the distribution's sum passes the number."""
        scores = scores.float() / max(self.decoding.temperature, 1e-4)
        scores[:, [BLANK, UNKNOWN]] = -math.inf
        if self.decoding.mask is not None:
            scores = scores.masked_fill(~self.decoding.mask(before), -math.inf)
        shares = nucleus(scores.softmax(1), self.decoding.top_p)
        sums = shares.cumsum(1)
        aim = (uniforms * sums[:, -1])[:, None]
        return torch.searchsorted(sums, aim, right=True)[:, 0].clamp(max=len(self.bias) - 1)

    def _scores(self, read: Tensor, table: Tensor) -> Tensor:
        scores: Tensor = self.exit(read) @ table.T + self.bias
        return scores


class SequenceDiscriminator(Discriminator):
    """Says at every token whether what it has read is real; see the module."""

    def __init__(self, spec: SampleSpec, options: SequenceOptions) -> None:
        super().__init__()
        self.reader = Reader(spec, options)
        self.logit = nn.Linear(options.width, 1)

    def steps(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits [N, T] of tokens [N, T]; those of blanks mean nothing."""
        start = self.reader.start(len(tokens), labels)
        read, _ = self.reader(tokens, start, self.reader.embedding.table())
        logits: Tensor = self.logit(read).squeeze(2)
        return logits

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean of a text's logits, [N], of texts [N, 1, 1, T]."""
        tokens = samples[:, 0, 0]
        written = tokens != BLANK
        steps = self.steps(tokens, labels) * written
        return steps.sum(1) / written.sum(1).clamp(min=1)

    def learn_from(self, generator: SequenceGenerator) -> None:
        """Read as the generator does: begun from nothing, it stays at chance for long."""
        self.reader.load_state_dict(generator.reader.state_dict())


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


@register_pair("sequence", SequenceOptions)
def sequence(spec: SampleSpec, options: SequenceOptions) -> Pair:
    """Build the pair.

    Raises:
        GansmithError: The samples are no sequences of tokens.
    """
    if not spec.tokens:
        raise GansmithError("network 'sequence' serves text: set medium=text")
    return Pair(SequenceGenerator(spec, options), SequenceDiscriminator(spec, options))
