"""The contract of a duel: the rules of one adversarial game, and the registry of duels.

A duel knows neither files nor clocks nor progress bars; the Trainer runs any duel by this contract.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.optim import Optimizer

from gansmith.medium import Checker
from gansmith.networks import GANNetworks, SampleSpec, build_networks
from gansmith.networks.sequence.token_encoder import set_token_features
from gansmith.recipe import Recipe
from gansmith.registry import Registry
from gansmith.schema import Section
from gansmith.sections import RECIPE_SECTIONS
from gansmith.training.engine import Engine


class Batch(NamedTuple):
    """Real samples of one step, on the device.

    Attributes:
        samples: float32 [N, C, H, W] as networks see them, or int64 where they are tokens.
        condition: Classes int64 [N]; samples float32 [N, C, H, W] where each sample is conditioned
            on another one; or None.
        source: Samples of the domain that is translated from, as `samples`; None for all else.
        source_condition: Of `source`, as `condition`; None where it has none.
        places: Their places among the samples that train, int64 [N] on the CPU; None where the
            loader does not tell.
    """

    samples: Tensor
    condition: Tensor | None = None
    source: Tensor | None = None
    source_condition: Tensor | None = None
    places: Tensor | None = None


class Loss(NamedTuple):
    """A loss that a duel minimises.

    Attributes:
        name: Of the signal that holds its values.
        title: For reports and charts.
        network: Name of the network that minimises it.
    """

    name: str
    title: str
    network: str


class Duel(ABC):
    """One adversarial game, as the Trainer sees it.

    Networks and optimisers may be created in the constructor or in :meth:`prepare`, which is called
    before they are used.

    Attributes:
        networks: All networks with a state of their own, by name; a checkpoint holds them.
        optimisers: All optimisers by name; a checkpoint holds them.
        shipped: Names of the networks that a run is for, the most important one first. Each is
            followed by a moving average, which is what is sampled, evaluated and saved.
        critics: Names of the networks that distinguish real from generated samples; may be empty.
        losses: Losses that are minimised; `signals` holds the value of each in the last step.
        companions: Names of networks that only the training needs, beside the critics; a training
            that starts from another run takes them over where all fit.
        frozen: Networks that are used and never trained, by name; no checkpoint holds them.
        draws: Real batches that one step uses.
        shown: How many of those count as samples seen: the ones that critics learn from.
    """

    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimizer]
    shipped: tuple[str, ...]
    critics: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    companions: tuple[str, ...] = ()
    frozen: Mapping[str, nn.Module] = {}
    draws: int = 1
    shown: int = 1

    @property
    def pretraining(self) -> bool:
        """Whether the adversarial game has not begun; samples then say nothing about it."""
        return False

    @property
    def averaged_since(self) -> int:
        """Samples seen before the phase that moving averages follow; 0 without pretraining."""
        return 0

    def prepare(self, batch: Batch) -> None:  # noqa: B027 (a hook that may stay empty)
        """Initialise what depends on data, and create its optimisers.

        It is called once, before everything else and before a checkpoint is restored, always with
        the same batch and the same seed of torch, so that the result is the same in every process
        and session.
        """

    def set_validation_source(self, draw: Callable[[int], Batch]) -> None:  # noqa: B027
        """Take a function that draws up to a number of held-out real samples."""

    @abstractmethod
    def reconfigure(self, recipe: Recipe) -> None:
        """Continue with the settings of another recipe for the same networks."""

    @abstractmethod
    def set_progress(self, progress: float, samples: int) -> None:
        """Move rates and weights along their schedules.

        Args:
            progress: Share of the budget that is used up, in [0, 1].
            samples: Real samples seen.
        """

    def skip_pretraining(self) -> None:  # noqa: B027
        """Begin with the adversarial game: all networks come from another run."""

    def restart(self, progress: float) -> None:  # noqa: B027
        """Take note that all weights are new from this progress on, in [0, 1)."""

    @abstractmethod
    def step(self, batches: list[Batch]) -> None:
        """Take one step on `draws` batches."""

    def finish(self) -> None:  # noqa: B027 (a hook that may stay empty)
        """End the training; called before the last checkpoint, when no step will follow."""

    @abstractmethod
    def signals(self) -> dict[str, float]:
        """Return losses and other signals of the last step."""

    def draw_input(self, batch: Batch) -> Tensor:
        """Return what the generator takes to answer a batch: its source, unless overridden."""
        if batch.source is None:
            raise ValueError("the batch has no source to generate from")
        return batch.source

    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the logits [N] of each critic on real samples, without learning from them.

        Of a map of logits it is the mean of each sample's.
        """
        return {}

    def visuals(self, batch: Batch) -> dict[str, Tensor]:
        """Return tensors worth showing for a batch, such as source, result and reconstruction.

        Neither networks nor random states may change.

        Returns:
            float32 [N, C, H, W] by name, in the order in which they are shown; all with the same N.
        """
        return {}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs besides networks and optimisers.

        Tensors and plain values, in nested dictionaries.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Restore what :meth:`state` gave; its tensors come back on the CPU."""


def unconstrained(samples: Tensor) -> Tensor:
    """Show discriminators samples as they are."""
    return samples


@dataclass(frozen=True)
class DuelSetting:
    """What a duel is built from.

    Attributes:
        recipe: Names the networks; objective, optimiser and the duel's own options are read from
            it.
        spec: The samples to train on.
        engine: Device, precision and noise.
        seed: Fixes the initial weights.
        token_features: What tokens have in common, int64 [tokens, most of a token]; or None.
        frozen: Networks that the duel uses and does not train.
        constrain: What discriminators see of samples, see `Codec.constrain`.
        checker: Judges samples by the rules of their medium; None where there are none.
    """

    recipe: Recipe
    spec: SampleSpec
    engine: Engine
    seed: int
    token_features: Tensor | None = None
    frozen: Mapping[str, nn.Module] = field(default_factory=dict)
    constrain: Callable[[Tensor], Tensor] = unconstrained
    checker: Checker | None = None

    def build_networks(self) -> GANNetworks:
        """Build the generator and the discriminator that the recipe names."""
        recipe = self.recipe
        pair = build_networks(recipe.network, self.spec, self.seed, recipe.objective.packing)
        if self.token_features is not None:
            set_token_features(pair, self.token_features)
        return pair


class DuelFamily(NamedTuple):
    """What the registry knows of a kind of duels.

    Attributes:
        options: The recipe section of its own, which is named after the duel; None without one.
        build: Makes the duel.
    """

    options: type[Section] | None
    build: Callable[[DuelSetting], Duel]


DUELS: Registry[DuelFamily] = Registry("duel", provided_by="gansmith.training")


def register_duel(
    name: str, options: type[Section] | None = None
) -> Callable[[Callable[[DuelSetting], Duel]], Callable[[DuelSetting], Duel]]:
    """Register a function that builds a duel under `name`.

    Args:
        name: What recipes write in `duel`.
        options: The recipe section of its own; recipes take it under the name of the duel, and
            `recipe.section(options)` returns it.
    """

    def enter(build: Callable[[DuelSetting], Duel]) -> Callable[[DuelSetting], Duel]:
        DUELS.register(name)(DuelFamily(options, build))
        if options is not None and not {name} & {*Recipe.model_fields, *RECIPE_SECTIONS}:
            RECIPE_SECTIONS.register(name)(options)
        return build

    return enter


def build_duel(setting: DuelSetting) -> Duel:
    """Build the duel that a recipe names, with its frozen networks on the device.

    Raises:
        GansmithError: The name is unknown, or the settings do not fit each other.
    """
    duel = DUELS[setting.recipe.duel].build(setting)
    for network in duel.frozen.values():
        network.to(setting.engine.device).eval().requires_grad_(False)
    return duel
