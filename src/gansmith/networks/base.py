"""Pairs of networks by name: registration, typed options and a check of shapes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from gansmith.codec import Placed
from gansmith.errors import GansmithError
from gansmith.recipe import NetworkConfig
from gansmith.registry import Registry
from gansmith.schema import Section, explain

MOST_WEIGHTS = 2**28
"""Numbers in both networks of a pair together: 1 GiB as float32."""
MOST_AT_ONCE = 256
"""Samples that a generator draws at once."""


@dataclass(frozen=True)
class SampleSpec:
    """The samples that networks are built for, as networks see them.

    Attributes:
        channels: At least 1.
        height: Values from top to bottom.
        width: Values from left to right.
        classes: Number of labels; 0 for unconditional networks.
        tokens: Number of different tokens, of sequences; 0 for all that is no sequence.
        condition_shape: Shape (C, H, W) of the sample that each sample is conditioned on, such as
            the picture of a caption; None where there is none.
        traits: Number of different traits that tokens may share; 0 where none are known.
        alpha: The last channel is opacity, and the others are premultiplied with it.
        output: `linear` for values in about [-1, 1]; `categorical` for a distribution over the
            channels at every position, in [0, 1] with sum 1.
        source: What a translation generator takes in place of latents; None for all others.
        placed: Channels of categorical samples that occur at a fixed number of positions.
    """

    channels: int
    height: int
    width: int
    classes: int = 0
    tokens: int = 0
    condition_shape: tuple[int, int, int] | None = None
    traits: int = 0
    alpha: bool = False
    output: Literal["linear", "categorical"] = "linear"
    source: SampleSpec | None = None
    placed: tuple[Placed, ...] = ()

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> SampleSpec:
        """Rebuild a spec from what :func:`dataclasses.asdict` gave, also by way of JSON.

        `picture`, the former name of `condition_shape`, is read too.
        """
        values = dict(facts)
        shape = values.pop("picture", None) or values.get("condition_shape")
        values["condition_shape"] = None if shape is None else tuple(shape)
        if values.get("source") is not None:
            values["source"] = cls.from_dict(values["source"])
        values["placed"] = tuple(
            Placed(tuple(channels), times, like)
            for channels, times, like in values.get("placed", ())
        )
        return cls(**values)

    @property
    def conditional(self) -> bool:
        """Whether networks take a condition: a class, or another sample."""
        return self.classes > 0 or self.condition_shape is not None

    def dummy_condition(self, count: int) -> Tensor | None:
        """Return a condition for `count` samples: class 0, grey samples, or None."""
        if self.condition_shape is not None:
            return torch.zeros(count, *self.condition_shape)
        return torch.zeros(count, dtype=torch.long) if self.classes else None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one sample as networks see it."""
        return self.channels, self.height, self.width


class Generator(nn.Module, ABC):
    """Turns latents [N, latent] and labels [N] (or None) into samples [N, C, H, W].

    A translation generator takes samples of `SampleSpec.source`, [N, C, H, W], in place of latents.

    Attributes:
        latent: Numbers in a latent; 0 where there are none.
        draws_tokens: A latent decides draws from distributions, which have a temperature of their
            own; latents then always have deviation 1.
        cached: Positions of samples that are drawn at once on a CPU; the maps of more leave its
            caches.
        at_once: Samples that are best drawn at once on a CPU; :func:`build_networks` sets it.
    """

    latent: int
    draws_tokens: bool = False
    cached: int = 2**17
    at_once: int = MOST_AT_ONCE

    @abstractmethod
    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return float samples, in about [-1, 1], or tokens."""

    def prepare(self, samples: Tensor) -> None:
        """Initialise what depends on data.

        Args:
            samples: The first training samples, [N, C, H, W].
        """

    def example_input(self, spec: SampleSpec, count: int) -> Tensor:
        """Return zeros in the shape of `count` inputs, to try the network's shapes with."""
        if spec.source is not None:
            return torch.zeros(count, *spec.source.shape)
        return torch.zeros(count, self.latent)


class Discriminator(nn.Module, ABC):
    """Turns samples [N, C, H, W] and labels [N] (or None) into logits; high means real.

    Logits are [N], or [N, 1, h, w] where patches of a sample are classified one by one.

    Attributes:
        mixes_batch: True where a sample's logit depends on its neighbours in the batch (batch
            normalisation, minibatch deviation); real and fake samples then get separate passes.
    """

    mixes_batch: bool = False

    @abstractmethod
    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return one logit a sample, or a map of them."""


class GANNetworks(NamedTuple):
    """A generator and its discriminator."""

    generator: Generator
    discriminator: Discriminator


class PairFamily(NamedTuple):
    """What the registry knows of a family of pairs."""

    options: type[Section]
    build: Callable[[SampleSpec, Any], GANNetworks]


NETWORKS: Registry[PairFamily] = Registry("network")


def register_networks(
    name: str, options: type[Section]
) -> Callable[[Callable[[SampleSpec, Any], GANNetworks]], Callable[[SampleSpec, Any], GANNetworks]]:
    """Enter a function that builds a pair under `name`.

    Args:
        name: What recipes write in `network.name`.
        options: The section of further fields that `network` takes for this pair.
    """

    def enter(
        build: Callable[[SampleSpec, Any], GANNetworks],
    ) -> Callable[[SampleSpec, Any], GANNetworks]:
        NETWORKS.register(name)(PairFamily(options, build))
        return build

    return enter


def pair_options(config: NetworkConfig) -> Section:
    """Check the options that a recipe gives for its pair.

    Raises:
        GansmithError: The pair or an option is unknown, or a value is not what it takes.
    """
    options = NETWORKS[config.name].options
    try:
        return options.model_validate(config.options)
    except ValidationError as error:
        raise explain(error, options, prefix="network.") from None


def build_networks(
    config: NetworkConfig, spec: SampleSpec, seed: int | None = None, packing: int = 1
) -> GANNetworks:
    """Build a pair for these samples and check that the two networks fit each other.

    Args:
        config: Name and options.
        spec: The samples to build for.
        seed: Fixes the initial weights and leaves the global random state as it was.
        packing: Samples that the discriminator classifies together, joined along their channels.

    Raises:
        GansmithError: The options are wrong, or the pair does not serve such samples.
    """
    options = pair_options(config)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        build = NETWORKS[config.name].build
        with _BoundedAllocation(config.name):
            pair = build(spec, options)
            if packing > 1:
                packed = replace(spec, channels=packing * spec.channels)
                pair = pair._replace(discriminator=build(packed, options).discriminator)
    check_networks(config.name, pair, spec, packing)
    if spec.tokens == 0:
        fitting = pair.generator.cached // (spec.height * spec.width)
        pair.generator.at_once = min(MOST_AT_ONCE, max(4, fitting))
    return pair


class _BoundedAllocation(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses to allocate more than `MOST_WEIGHTS` numbers while networks are built."""

    def __init__(self, name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._total = name, 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Stay as it is: hiding it from `torch.compile` would import that, for seconds."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Count the numbers of each new tensor before it is allocated."""
        shape = args[0] if args else None
        if isinstance(shape, list | tuple) and all(isinstance(side, int) for side in shape):
            self._total += math.prod(shape)
            if self._total > MOST_WEIGHTS:
                raise GansmithError(
                    f"network '{self._name}' has more than {MOST_WEIGHTS:,} weights for these "
                    "samples and options: choose smaller samples (data.size) or options "
                    "(network.width, network.latent)"
                )
        return func(*args, **(kwargs or {}))


def load_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give a network its weights.

    Raises:
        GansmithError: They are not those of a network that is built like this one.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise GansmithError(
            f"the weights do not fit the {type(network).__name__} that this version of gansmith "
            "builds: use the version that trained them, or train again"
        ) from error


@torch.no_grad()
def check_networks(name: str, pair: GANNetworks, spec: SampleSpec, packing: int = 1) -> None:
    """Run two samples through both networks and compare shapes with the spec.

    Raises:
        GansmithError: Samples or logits are not of the shape that they must have, or samples are
            no distributions where the spec wants those.
    """
    for network in pair:
        network.eval()  # running statistics of a batch normalisation stay as they are
    condition = spec.dummy_condition(2)
    samples = pair.generator(pair.generator.example_input(spec, 2), condition)
    if tuple(samples.shape) != (2, *spec.shape):
        made = " x ".join(map(str, samples.shape[1:]))
        raise GansmithError(f"network '{name}' makes samples of {made}, the data is {spec.shape}")
    if spec.output == "categorical" and not _distributions(samples):
        raise GansmithError(
            f"network '{name}' does not make the categorical samples of this data: choose a "
            "network that does with --set network.name=..."
        )
    logits = pair.discriminator(samples.repeat(1, packing, 1, 1), condition)
    if logits.shape[0] != 2 or (logits.dim() != 1 and (logits.dim() != 4 or logits.shape[1] != 1)):
        raise GansmithError(
            f"network '{name}': its discriminator gives shape {tuple(logits.shape)} for two "
            "samples; it must give one logit each, shape (2,), or a map of them, (2, 1, h, w)"
        )
    for network in pair:
        network.train()


def _distributions(samples: Tensor) -> bool:
    """Whether samples [N, C, H, W] are distributions over their channels."""
    total = samples.sum(1)
    return bool((samples >= 0).all() and torch.allclose(total, torch.ones_like(total), atol=1e-3))


def with_label(vectors: Tensor, labels: Tensor | None, classes: int) -> Tensor:
    """Append one-hot labels to vectors [N, D] of a conditional pair."""
    if not classes:
        return vectors
    if labels is None:
        raise ValueError("a conditional pair needs labels")
    return torch.cat([vectors, F.one_hot(labels, classes).to(vectors.dtype)], dim=1)
