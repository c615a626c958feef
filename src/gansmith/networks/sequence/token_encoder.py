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
"""Number of attention heads."""

FARTHEST = 64
"""Maximum relative distance in tokens; larger ones share its bias."""

LEANING_RATE = 10.0
"""Learning rate multiplier of the relative position biases."""

ECHO_RATE = 4.0
"""Learning rate multiplier of the copy head: a rhyme must outweigh most tokens."""


class SequenceOptions(Section):
    """Options of the networks `sequence`."""

    embedding: int = Field(128, ge=4, le=4_096, description="size of token embeddings")
    width: int = Field(320, ge=4, le=4_096, description="size of the recurrent state")
    layers: int = Field(1, ge=1, le=4, description="number of recurrent layers")
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout rate")
    attention: bool = Field(
        False, description="causal attention over earlier tokens, which rhyme needs"
    )


class Table(NamedTuple):
    """Embeddings and features of all tokens.

    Attributes:
        vectors: Embedding of each token, [V, size].
        has: 1 for features that a token has, 0 for others, [V, features]; no columns without any.
    """

    vectors: Tensor
    has: Tensor


class TokenEmbedding(nn.Module):
    """Embeddings of tokens: the sum of one vector of each token and one of each of its features.

    What is learnt about a feature, such as a rhyme, applies to all tokens that have it, however
    rare (as with subword vectors, Bojanowski et al. 2017, arXiv 1607.04606).

    Args:
        tokens: Number of different tokens, V.
        size: Size of a vector.
        traits: Number of different features; 0 for none.
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
        """Size of a token's vector and of its feature indicators together."""
        traits = 0 if self.shared is None else self.shared.num_embeddings - 1
        return self.weight.shape[1] + traits

    def set_features(self, traits: Tensor) -> None:
        """Set the features of tokens, int64 [V, MOST_TRAITS]: numbers from 1, 0 for none."""
        self.traits.copy_(traits)

    def table(self) -> Table:
        """Return embeddings and features of all tokens."""
        if self.shared is None:
            return Table(self.weight, self.weight.new_zeros(len(self.weight), 0))
        shared: Tensor = self.shared(self.traits)
        has = shared.new_zeros(len(shared), self.shared.num_embeddings)
        return Table(self.weight + shared, has.scatter_(1, self.traits, 1.0)[:, 1:])


def set_token_features(pair: GANNetworks, traits: Tensor) -> None:
    """Set the features of tokens in both networks; see :meth:`TokenEmbedding.set_features`."""
    for network in pair:
        for module in network.modules():
            if isinstance(module, TokenEmbedding):
                module.set_features(traits)


class Memory(NamedTuple):
    """State of an encoder after some tokens.

    Attributes:
        cells: State of the recurrent layers, [layers, N, width].
        keys: Attention keys of earlier tokens, [N, tokens, key size]; none without attention.
        values: Their values, embeddings and features, [N, tokens, embedding + features].
    """

    cells: Tensor
    keys: Tensor
    values: Tensor


class EncoderOutput(NamedTuple):
    """Output of an encoder at each of T tokens.

    Attributes:
        state: Encoding of the text up to each token, [N, T, width].
        seen: Features that each head attends to, as shares, [N, T, HEADS, features]; no heads
            without attention.
    """

    state: Tensor
    seen: Tensor


class RecurrentEncoder(nn.Module):
    """Causal encoder: tokens [N, T] to an :class:`EncoderOutput`.

    Args:
        spec: Number of tokens and of classes.
        options: Sizes and dropout.
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
        """Set dropout; the GRU stays in training mode, without which CUDA has no gradients."""
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
        """Return the output at each token, and the memory after the last.

        Args:
            tokens: int64 [N, T].
            memory: Memory before the first of them.
            table: Table of the embedding, computed once for all calls with the same weights.
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
    """Adds causal attention to the recurrent state (Luong et al. 2015, 1508.04025).

    Each head has learnt relative position biases (Raffel et al. 2020, 1910.10683): rhymes are
    equally far apart in all poems of a form.

    Args:
        options: Sizes.
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
        """Attend from each of the tokens [N, T, ...] to it and all earlier ones."""
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
        """Return the biases of attention, [HEADS, total - past, total]; -inf for later tokens."""
        places = torch.arange(total, device=self.leaning.device)
        back = places[past:, None] - places
        found = LEANING_RATE * self.leaning[:, back.clamp(0, FARTHEST - 1)]
        return found.masked_fill(back < 0, -torch.inf)


def _heads(vectors: Tensor) -> Tensor:
    """Split vectors [N, T, size] into heads, [N, HEADS, T, size / HEADS]."""
    return vectors.reshape(*vectors.shape[:2], HEADS, -1).transpose(1, 2)


class CopyHead(nn.Module):
    """Copies features of the tokens attended to, as pointer networks copy tokens.

    Each head raises or lowers the logits of tokens with the features that it attends to, by a gate
    on the state (Merity et al. 2016, arXiv 1609.07843, with features in place of tokens). Rhyming
    is learnt once for all tokens instead of for each pair of rhyming tokens.

    Args:
        width: Size of the state.
        heads: Number of attention heads.
        traits: Number of different features.
    """

    def __init__(self, width: int, heads: int, traits: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, heads)
        self.strength = nn.Parameter(torch.ones(heads, traits))

    def forward(self, state: Tensor, seen: Tensor) -> Tensor:
        """Return what each feature adds to the logits of the next token.

        Args:
            state: State of the encoder, [..., width].
            seen: Features that each head attends to, [..., heads, features].

        Returns:
            [..., features].
        """
        wanted = ECHO_RATE * self.gate(state)[..., None] * self.strength
        worth: Tensor = (wanted * seen).sum(-2)
        return worth
