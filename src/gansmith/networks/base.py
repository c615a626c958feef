"""Pairs of networks by name: registration, typed options and a check of shapes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.recipe import NetworkConfig
from gansmith.registry import Registry
from gansmith.schema import Section, explain


@dataclass(frozen=True)
class SampleSpec:
    """The samples that a pair plays over.

    Attributes:
        channels: 1 (grey) to 4 (RGBA).
        height: Pixels from top to bottom.
        width: Pixels from left to right.
        classes: Number of labels; 0 for an unconditional pair.
        tokens: Number of different tokens, of sequences; 0 for all that is no sequence.
        picture: Shape (C, H, W) of a picture that each sample is asked for by; None where there is
            none.
        traits: Number of different traits that tokens may share; 0 where none are known.
    """

    channels: int
    height: int
    width: int
    classes: int = 0
    tokens: int = 0
    picture: tuple[int, int, int] | None = None
    traits: int = 0

    def asked(self, count: int) -> Tensor | None:
        """Return what `count` samples may be asked for by: class 0, grey pictures, or None."""
        if self.picture is not None:
            return torch.zeros(count, *self.picture)
        return torch.zeros(count, dtype=torch.long) if self.classes else None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one sample as networks see it."""
        return self.channels, self.height, self.width


class Generator(nn.Module, ABC):
    """Turns latents [N, latent] and labels [N] (or None) into samples [N, C, H, W].

    Attributes:
        latent: Numbers in a latent.
        draws_tokens: A latent decides draws from distributions, which have a temperature of their
            own; latents then always have deviation 1.
    """

    latent: int
    draws_tokens: bool = False

    @abstractmethod
    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return float samples, in about [-1, 1], or tokens."""


class Discriminator(nn.Module, ABC):
    """Turns samples [N, C, H, W] and labels [N] (or None) into logits [N]; high means real.

    Attributes:
        mixes_batch: True where a sample's logit depends on its neighbours in the batch (batch
            normalisation, minibatch deviation); real and fake are then judged in passes of their
            own.
    """

    mixes_batch: bool = False

    @abstractmethod
    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return one logit a sample."""


class GANNetworks(NamedTuple):
    """The two players' networks."""

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
    """Build a pair for these samples and check that the players fit each other.

    Args:
        config: Name and options.
        spec: The samples to play over.
        seed: Fixes the initial weights and leaves the global random state as it was.
        packing: Samples that the discriminator judges together, joined along their channels.

    Raises:
        GansmithError: The options are wrong, or the pair does not serve such samples.
    """
    options = pair_options(config)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        build = NETWORKS[config.name].build
        pair = build(spec, options)
        if packing > 1:
            packed = replace(spec, channels=packing * spec.channels)
            pair = pair._replace(discriminator=build(packed, options).discriminator)
    check_pair(config.name, pair, spec, packing)
    return pair


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
def check_pair(name: str, pair: GANNetworks, spec: SampleSpec, packing: int = 1) -> None:
    """Run two samples through both players and compare shapes with the spec."""
    for player in pair:
        player.eval()  # running statistics of a batch normalisation stay as they are
    labels = spec.asked(2)
    samples = pair.generator(torch.zeros(2, pair.generator.latent), labels)
    if tuple(samples.shape) != (2, *spec.shape):
        made = " x ".join(map(str, samples.shape[1:]))
        raise GansmithError(f"network '{name}' makes samples of {made}, the data is {spec.shape}")
    logits = pair.discriminator(samples.repeat(1, packing, 1, 1), labels)
    if tuple(logits.shape) != (2,):
        raise GansmithError(
            f"network '{name}': its discriminator gives shape {tuple(logits.shape)} for two "
            "samples; it must give one logit each, shape (2,)"
        )
    for player in pair:
        player.train()


def with_label(vectors: Tensor, labels: Tensor | None, classes: int) -> Tensor:
    """Append one-hot labels to vectors [N, D] of a conditional pair."""
    if not classes:
        return vectors
    if labels is None:
        raise ValueError("a conditional pair needs labels")
    return torch.cat([vectors, F.one_hot(labels, classes).to(vectors.dtype)], dim=1)
