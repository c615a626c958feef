"""Token encoder: embedding, recurrent layers, causal attention and a copy head."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.base import GANNetworks, SampleSpec
from gansmith.networks.sequence.picture_encoder import PictureEncoder
from gansmith.networks.sequence.special_tokens import MOST_TRAITS
from gansmith.schema import Section

HEADS = 8
"""Looks back at a time."""

FARTHEST = 64
"""Tokens; what is farther back counts as that far."""

LEANING_RATE = 10.0
"""How much faster leanings are learnt than the weights, whose steps are small beside them."""

ECHO_RATE = 4.0
"""How much faster strengths are learnt than other weights: a rhyme must outweigh most tokens."""


class SequenceOptions(Section):
    """Options of the `sequence` pair."""

    embedding: int = Field(128, ge=4, le=4_096, description="numbers that stand for a token")
    width: int = Field(320, ge=4, le=4_096, description="numbers of the reader's memory")
    layers: int = Field(1, ge=1, le=4, description="recurrent layers")
    dropout: float = Field(0.3, ge=0, lt=1, description="share of numbers hidden while training")
    attention: bool = Field(
        False, description="look back at all tokens read so far, as rhyme needs"
    )


class Table(NamedTuple):
    """What is known of all tokens.

    Attributes:
        vectors: Of each, [V, size].
        has: 1 for the traits that it has, 0 for others, [V, traits]; no columns without traits.
    """

    vectors: Tensor
    has: Tensor


class TokenEmbedding(nn.Module):
    """A table of vectors: the sum of one of each token's own, and of one of each of its traits.

    What is learnt of a trait, such as a rhyme, then holds for all tokens that have it, however
    rare (as subword vectors do, Bojanowski et al. 2017, arXiv 1607.04606).

    Args:
        tokens: Number of different tokens, V.
        size: Numbers of a vector.
        traits: Number of different traits; 0 for none.
    """

    traits: Tensor

    def __init__(self, tokens: int, size: int, traits: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(tokens, size) * size**-0.5)
        self.shared: nn.EmbeddingBag | None = None
        if traits:
            self.shared = nn.EmbeddingBag(traits + 1, size, mode="sum", padding_idx=0)
            nn.init.normal_(self.shared.weight, std=size**-0.5)
            self.register_buffer("traits", torch.zeros(tokens, MOST_TRAITS, dtype=torch.long))

    @property
    def whole_size(self) -> int:
        """Numbers of a token's vector and of its traits together."""
        traits = 0 if self.shared is None else self.shared.num_embeddings - 1
        return self.weight.shape[1] + traits

    def set_features(self, traits: Tensor) -> None:
        """Take what traits tokens have, int64 [V, MOST_TRAITS]: numbers from 1 on, 0 for none."""
        self.traits.copy_(traits)

    def table(self) -> Table:
        """Return vectors and traits of all tokens."""
        if self.shared is None:
            return Table(self.weight, self.weight.new_zeros(len(self.weight), 0))
        shared: Tensor = self.shared(self.traits)
        has = shared.new_zeros(len(shared), self.shared.num_embeddings)
        return Table(self.weight + shared, has.scatter_(1, self.traits, 1.0)[:, 1:])


def set_token_features(pair: GANNetworks, traits: Tensor) -> None:
    """Let both players know what traits tokens have; see :meth:`TokenEmbedding.set_features`."""
    for player in pair:
        for module in player.modules():
            if isinstance(module, TokenEmbedding):
                module.set_features(traits)


class Memory(NamedTuple):
    """What a reader knows after some tokens.

    Attributes:
        cells: Of the recurrent layers, [layers, N, width].
        keys: Where it may look back to, [N, tokens read, size of a key]; none without attention.
        values: What it then sees, vectors and traits, [N, tokens read, embedding + traits].
    """

    cells: Tensor
    keys: Tensor
    values: Tensor


class EncoderOutput(NamedTuple):
    """What a reader has found at each of T tokens.

    Attributes:
        state: What has been read up to it, [N, T, width].
        seen: Shares of traits where each head looks back to, [N, T, HEADS, traits]; no heads
            without attention.
    """

    state: Tensor
    seen: Tensor


class RecurrentEncoder(nn.Module):
    """Tokens [N, T] -> what has been read up to each, an :class:`EncoderOutput`.

    Args:
        spec: Number of tokens and of classes.
        options: Of the pair.
    """

    def __init__(self, spec: SampleSpec, options: SequenceOptions) -> None:
        super().__init__()
        self.layers, self.width = options.layers, options.width
        self.embedding = TokenEmbedding(spec.tokens, options.embedding, spec.traits)
        self.drop = nn.Dropout(options.dropout)
        self._between = options.dropout if options.layers > 1 else 0.0
        sizes = options.embedding, options.width, options.layers
        self.cells = nn.GRU(*sizes, batch_first=True, dropout=self._between)
        self.attention = CausalAttention(options) if options.attention else None
        start = options.layers * options.width
        self.label: nn.Module | None = None
        if spec.condition_shape is not None:
            self.label = PictureEncoder(spec.condition_shape[0], start, options.dropout)
        elif spec.classes:
            self.label = nn.Embedding(spec.classes, start)

    def train(self, mode: bool = True) -> Self:
        """Hide numbers or not; the cells go on as in training, as CUDA gives gradients only so."""
        super().train(mode)
        self.cells.train()
        self.cells.dropout = self._between if mode else 0.0
        return self

    def start(self, count: int, labels: Tensor | None) -> Memory:
        """Return the memory before the first token.

        Args:
            count: N.
            labels: Classes int64 [N], or pictures float32 [N, C, H, W]; None where there are none.
        """
        zeros = self.embedding.weight.new_zeros
        key = 0 if self.attention is None else self.attention.key.out_features
        past = zeros(count, 0, key), zeros(count, 0, self.embedding.whole_size)
        if self.label is None:
            return Memory(zeros(self.layers, count, self.width), *past)
        cells: Tensor = self.label(labels).unflatten(1, (self.layers, self.width))
        return Memory(cells.transpose(0, 1).contiguous(), *past)

    def forward(self, tokens: Tensor, memory: Memory, table: Table) -> tuple[EncoderOutput, Memory]:
        """Return what has been read at each token, and the memory after the last.

        Args:
            tokens: int64 [N, T].
            memory: Before the first of them.
            table: Of the embedding; given, for all that go on with the same weights.
        """
        vectors = F.embedding(tokens, table.vectors)
        state, cells = self.cells(self.drop(vectors), memory.cells)
        state, memory = self.drop(state), memory._replace(cells=cells)
        if self.attention is None:
            return EncoderOutput(
                state, state.new_zeros(*tokens.shape, 0, table.has.shape[1])
            ), memory
        reading, memory = self.attention(state, vectors, F.embedding(tokens, table.has), memory)
        return reading, memory


class CausalAttention(nn.Module):
    """Adds to what has been read looks back at earlier tokens (Luong et al. 2015, 1508.04025).

    Each of several heads leans to distances of its own, which are learnt (Raffel et al. 2020,
    1910.10683): what belongs together in verse, as rhymes do, stands equally far apart in poems.

    Args:
        options: Of the pair.
    """

    def __init__(self, options: SequenceOptions) -> None:
        super().__init__()
        size = HEADS * (options.width // HEADS)
        self.ask = nn.Linear(options.width, size)
        self.key = nn.Linear(options.width, size)
        self.leaning = nn.Parameter(torch.zeros(HEADS, FARTHEST))
        self.exit = nn.Linear(HEADS * options.embedding, options.width)

    def forward(
        self, state: Tensor, vectors: Tensor, traits: Tensor, memory: Memory
    ) -> tuple[EncoderOutput, Memory]:
        """Look back from each of the tokens [N, T, ...] to it and all before."""
        there = torch.cat([vectors, traits], dim=2).to(state.dtype)
        keys = torch.cat([memory.keys.to(state.dtype), self.key(state)], dim=1)
        values = torch.cat([memory.values.to(state.dtype), there], dim=1)
        found = F.scaled_dot_product_attention(
            _heads(self.ask(state)),
            _heads(keys),
            values[:, None].expand(-1, HEADS, -1, -1),
            self._leanings(memory.keys.shape[1], keys.shape[1]).to(state.dtype),
        )
        found, own = found.transpose(1, 2), vectors.shape[2]
        state = state + self.exit(found[..., :own].flatten(2))
        return EncoderOutput(state, found[..., own:]), Memory(memory.cells, keys, values)

    def _leanings(self, past: int, total: int) -> Tensor:
        """What is added to how keys fit, [HEADS, total - past, total]; -inf for tokens to come."""
        places = torch.arange(total, device=self.leaning.device)
        back = places[past:, None] - places
        found = LEANING_RATE * self.leaning[:, back.clamp(0, FARTHEST - 1)]
        return found.masked_fill(back < 0, -torch.inf)


def _heads(vectors: Tensor) -> Tensor:
    """Part vectors [N, T, size] among heads, [N, HEADS, T, size / HEADS]."""
    return vectors.reshape(*vectors.shape[:2], HEADS, -1).transpose(1, 2)


class CopyHead(nn.Module):
    """Copies traits from where a reader looks back to, as pointer networks copy tokens.

    Each head may ask for the traits that it sees, or against them; how much, what has been read
    decides (Merity et al. 2016, arXiv 1609.07843, with traits in the place of tokens). A rhyme is
    so learnt once for all tokens, and not anew for each pair that rhymes.

    Args:
        width: Numbers of what has been read.
        heads: Looks back at a time.
        traits: Number of different traits.
    """

    def __init__(self, width: int, heads: int, traits: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, heads)
        self.strength = nn.Parameter(torch.ones(heads, traits))

    def forward(self, state: Tensor, seen: Tensor) -> Tensor:
        """Return what each trait is worth to the next token.

        Args:
            state: What has been read, [..., width].
            seen: Shares of traits that each head sees, [..., heads, traits].

        Returns:
            [..., traits].
        """
        wanted = ECHO_RATE * self.gate(state)[..., None] * self.strength
        worth: Tensor = (wanted * seen).sum(-2)
        return worth
