"""Model: what a training leaves, ready to be sampled or applied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gansmith.blueprint import FORMAT, FORMAT_2, GENERATOR, Blueprint, damage_explained
from gansmith.codec import Codec
from gansmith.errors import GansmithError
from gansmith.networks import Generator, build_networks, load_weights
from gansmith.networks.sequence.language_model import Decoding, SequenceGenerator
from gansmith.registry import Registry, unknown
from gansmith.run import REMEDY, Run
from gansmith.sampling import draw_labels, draw_latents, generate_samples, latent_path
from gansmith.storage.checkpoint import Tree
from gansmith.storage.reading import parse_json, validated

MEDIUM_PREFIX = "medium."

Weights = dict[str, Tensor]


class Model:
    """What a training leaves. A task chooses the subclass, which overrides what it can do.

    Args:
        blueprint: What the networks were built from.

    Attributes:
        codec: Turns network tensors into samples and back.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.codec: Codec = blueprint.codec

    @classmethod
    def from_weights(cls, blueprint: Blueprint, weights: Mapping[str, Weights]) -> Self:
        """Build the shipped networks and load their weights.

        Args:
            blueprint: Describes the networks.
            weights: Weights of each network that `blueprint.shipped` names.

        Raises:
            GansmithError: The weights do not fit the networks.
        """
        networks: dict[str, nn.Module] = {}
        for name in blueprint.shipped:
            networks[name] = build_networks(blueprint.network, blueprint.spec, seed=0).generator
            load_weights(networks[name], weights[name])
        return cls.of(blueprint, networks)

    @classmethod
    def of(cls, blueprint: Blueprint, networks: Mapping[str, nn.Module]) -> Self:
        """Make a model of trained networks, by their names in `blueprint.shipped`."""
        raise NotImplementedError

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the classes; empty without labels."""
        return self.blueprint.label_names

    def sample(
        self,
        count: int,
        *,
        seed: int = 0,
        label: str | int | None = None,
        truncation: float | None = None,
    ) -> NDArray[Any]:
        """Generate samples from a seed; see :meth:`GeneratorModel.sample`.

        Raises:
            GansmithError: Models of this task generate nothing from a seed.
        """
        raise GansmithError(
            f"a model of task '{self.blueprint.task}' does not generate samples from a seed"
        )

    def apply(self, inputs: Sequence[Path | str] | NDArray[Any]) -> NDArray[Any]:
        """Apply the model to files, or to samples as the codec stores them, [N, H, W, C].

        Returns:
            One result for each input, in order; the subclass says of which shape.

        Raises:
            GansmithError: Models of this task take no input, or a file cannot be read.
        """
        raise GansmithError(
            f"a model of task '{self.blueprint.task}' takes no input: use sample, or "
            "`gansmith generate`"
        )

    def read_inputs(
        self, inputs: Sequence[Path | str] | NDArray[Any], shape: tuple[int, int, int]
    ) -> NDArray[Any]:
        """Return the inputs of :meth:`apply` as stored samples [N, H, W, C].

        Args:
            inputs: Files, which the codec reads, or stored samples.
            shape: (H, W, C) that files are read as.

        Raises:
            GansmithError: A file cannot be read, or there are no inputs.
        """
        if len(inputs) == 0:
            raise GansmithError("there are no inputs: give at least one file or sample")
        if isinstance(inputs, np.ndarray):
            return inputs
        return np.stack([self.codec.read(Path(path), shape) for path in inputs])


MODELS: Registry[type[Model]] = Registry("task", provided_by="gansmith.tasks.builtin")
"""The class of the models that each task trains."""


class GeneratorModel(Model):
    """A generator with its codec and labels.

    Args:
        generator: The averaged network.
        blueprint: What it was built from.
    """

    def __init__(self, generator: Generator, blueprint: Blueprint) -> None:
        super().__init__(blueprint)
        self.generator = generator.eval().requires_grad_(False)
        if isinstance(generator, SequenceGenerator):
            generator.decoding = Decoding(blueprint.temperature)

    @classmethod
    def of(cls, blueprint: Blueprint, networks: Mapping[str, nn.Module]) -> Self:
        """Make a model of a trained generator."""
        generator = networks[GENERATOR]
        assert isinstance(generator, Generator)
        return cls(generator, blueprint)

    def sample(
        self,
        count: int,
        *,
        seed: int = 0,
        label: str | int | None = None,
        truncation: float | None = None,
    ) -> NDArray[Any]:
        """Generate samples.

        Args:
            count: Number of samples; at least 1.
            seed: The same seed gives the same samples, whatever the count.
            label: Name or number of a class; by default classes are as frequent as in the data.
            truncation: See :func:`gansmith.sampling.draw_latents`.

        Returns:
            [count, H, W, C] as the codec stores samples, such as uint8 for images.

        Raises:
            GansmithError: The label is unknown, or the generator was trained without labels.
        """
        if count < 1:
            raise GansmithError(f"count must be at least 1 (got {count})")
        latents = self.latents(count, seed, truncation)
        labels = self.labels(count, seed, label)
        return generate_samples(self.generator, self.codec, latents, labels)

    def latents(self, count: int, seed: int, truncation: float | None = None) -> Tensor:
        """Return the latents [count, latent] that :meth:`sample` uses.

        A truncation replaces the temperature: it asks for less variety, not for more.
        """
        latents = draw_latents(count, self.generator.latent, seed, truncation)
        return latents if truncation is not None else latents * self._deviation

    @property
    def _deviation(self) -> float:
        """Standard deviation of latents; tokens are drawn at a temperature of their own."""
        return 1.0 if self.generator.draws_tokens else self.blueprint.temperature

    def labels(self, count: int, seed: int, label: str | int | None = None) -> Tensor | None:
        """Return the labels [count] that :meth:`sample` uses, or None without labels.

        Where the codec has conditions of its own, such as pictures, these [count, ...] instead.
        """
        conditions = self.codec.conditions(count, seed) if label is None else None
        return self.classes(count, seed, label) if conditions is None else conditions

    def classes(self, count: int, seed: int, label: str | int | None = None) -> Tensor | None:
        """Return the classes [count] that :meth:`sample` uses, or None without classes."""
        if label is not None:
            return torch.full((count,), self._class_of(label))
        if not self.label_names:
            return None
        return draw_labels(count, torch.tensor(self.blueprint.label_weights), seed)

    def interpolate(
        self,
        frames: int,
        *,
        seed: int = 0,
        label: str | int | None = None,
        stops: int = 6,
        truncation: float | None = None,
        ends: Tensor | None = None,
    ) -> NDArray[Any]:
        """Interpolate between samples.

        Args:
            frames: Number of samples on the path; at least 2.
            seed: Of the random samples on the path, and of the class.
            label: Name or number of a class.
            stops: Number of random samples that a closed path passes.
            truncation: See :func:`gansmith.sampling.draw_latents`.
            ends: Latents [N, latent] to pass instead, as :meth:`latents` returns them; the path
                begins with the first and ends with the last.

        Returns:
            [frames, H, W, C].
        """
        if ends is None:
            latents = latent_path(self.latents(stops, seed, truncation), frames)
        else:
            latents = latent_path(ends, frames, closed=False)
        first = self.labels(1, seed, label)
        labels = None if first is None else first.expand(frames, *first.shape[1:])
        return generate_samples(self.generator, self.codec, latents, labels)

    def _class_of(self, label: str | int) -> int:
        names = list(self.label_names)
        if not names:
            raise GansmithError("this generator was trained without labels: leave the label out")
        number = _class_number(str(label), names)
        weights = self.blueprint.label_weights
        if weights and not weights[number]:
            raise GansmithError(
                f"label '{names[number]}' was not trained: all of its samples are held out, so "
                "generated ones would mean nothing; choose another label"
            )
        return number


def _class_number(label: str, names: list[str]) -> int:
    """Find a class by its name, by its value where names are numbers, or else by its number."""
    if label in names:
        return names.index(label)
    if label.isdecimal():
        values = [int(name) if name.isdecimal() else None for name in names]
        if int(label) in values:
            return values.index(int(label))
        if not any(value is not None for value in values) and int(label) < len(names):
            return int(label)
    raise unknown("label", label, names)


def load(path: Path | str) -> Model:
    """Load a trained model, as the class that its task names.

    Args:
        path: A run folder (finished or still training), or a file such as
            `generator.safetensors`.

    Raises:
        GansmithError: There is no such run or file, it is damaged, or nothing is trained yet.
    """
    place = Path(path)
    run = Run(place.parent if place.is_file() else place)
    if place.is_file():
        run.generator_file = place
    elif run.require().trained_file is None:
        return _from_checkpoint(run)
    weights, facts = run.load_trained()
    if facts.get("format") not in (FORMAT, FORMAT_2):
        raise GansmithError(f"{run.trained_file} is not a gansmith model")
    networks, codec = _parted(weights)
    origin = run.trained_file or run.path
    plain = parse_json(facts.get("blueprint", ""), dict[str, Any], origin)
    with damage_explained(origin):
        blueprint = Blueprint.from_dict(plain, codec)
        return _tried(rebuild_model(blueprint, _by_network(blueprint, networks)))


def load_generator(path: Path | str) -> GeneratorModel:
    """Load a trained generator; see :func:`load`.

    Raises:
        GansmithError: As :func:`load`, or the run trained something else.
    """
    model = load(path)
    if not isinstance(model, GeneratorModel):
        task = model.blueprint.task
        raise GansmithError(
            f"{path} generates nothing from a seed: it was trained for the task '{task}'; use "
            "`gansmith apply` to give it files"
        )
    return model


def rebuild(blueprint: Blueprint, weights: Weights) -> GeneratorModel:
    """Build a generator and load its weights."""
    return GeneratorModel.from_weights(blueprint, {GENERATOR: weights})


def rebuild_model(blueprint: Blueprint, weights: Mapping[str, Weights]) -> Model:
    """Build the model that the blueprint's task names and load the weights of its networks.

    Raises:
        GansmithError: The task is unknown, or the weights do not fit.
    """
    return MODELS[blueprint.task].from_weights(blueprint, weights)


def current_model(blueprint: Blueprint, networks: Mapping[str, nn.Module]) -> Model:
    """Make the model that the blueprint's task names of networks that are still trained."""
    return MODELS[blueprint.task].of(blueprint, networks)


def row_length(count: int, classes: int) -> int:
    """Return how many samples a class gets on a sheet of about `count`."""
    return min(16, max(8, count // classes))


def contact_sheet(
    model: GeneratorModel, seed: int = 0, count: int = 128, **options: Any
) -> Image.Image:
    """Draw a sheet of about `count` samples; one row per class where there are few classes.

    Args:
        model: Generates the samples.
        seed: Of the latents.
        count: Approximate number of samples.
        **options: Passed to the codec's `sheet`.
    """

    def sample(conditions: Tensor) -> NDArray[Any]:
        latents = model.latents(len(conditions), seed)
        return generate_samples(model.generator, model.codec, latents, conditions)

    if (sheet := model.codec.condition_sheet(sample)) is not None:
        return sheet
    classes, columns, labels = len(model.label_names), math.isqrt(count), None
    if 2 <= classes <= 16:
        columns = row_length(count, classes)
        count = classes * columns
        labels = torch.arange(count) // columns
        options = {"row_names": model.label_names} | options
    else:
        count = columns**2
        labels = model.labels(count, seed)
    samples = generate_samples(model.generator, model.codec, model.latents(count, seed), labels)
    return model.codec.sheet(samples, columns=columns, **options)


@torch.no_grad()
def _tried(model: Model) -> Model:
    """Return a model that came from a file; a generator makes one sample first."""
    if isinstance(model, GeneratorModel):
        model.codec.decode(model.generator(model.latents(1, seed=0), model.labels(1, seed=0)))
    return model


def _from_checkpoint(run: Run) -> Model:
    state = run.load_checkpoint("best") or run.load_checkpoint("last")
    if state is None:
        raise GansmithError(f"{run.path} holds no trained model yet: train it first")
    with damage_explained(run.checkpoints_dir):
        blueprint = run_blueprint(run)
        return _tried(rebuild_model(blueprint, averaged_weights(blueprint, state)))


def averaged_weights(blueprint: Blueprint, state: Tree) -> dict[str, Weights]:
    """Return the averaged weights of each shipped network from a checkpoint."""
    return {name: state["averages"][name] for name in blueprint.shipped}


def run_blueprint(run: Run) -> Blueprint:
    """Read the blueprint of a run that is laid out."""
    blueprint = run.manifest().get("blueprint")
    plain = validated(blueprint, dict[str, Any], run.manifest_file, remedy=REMEDY)
    return Blueprint.from_dict(plain, run.load_medium())


def save_model(run: Run, blueprint: Blueprint, weights: Weights) -> None:
    """Write a generator with everything needed to load it to `generator.safetensors`."""
    save_networks(run, blueprint, {GENERATOR: weights})


def save_networks(run: Run, blueprint: Blueprint, weights: Mapping[str, Weights]) -> None:
    """Write the shipped networks of a model with everything needed to load it.

    Args:
        run: A single generator goes to its `generator.safetensors`, all else to
            `model.safetensors`.
        blueprint: Describes the networks.
        weights: Weights of each network that `blueprint.shipped` names.
    """
    codec = {MEDIUM_PREFIX + name: value for name, value in blueprint.codec.state_dict().items()}
    if blueprint.format == FORMAT:
        run.save_generator(weights[GENERATOR] | codec, blueprint.metadata())
        return
    named = {
        f"{network}.{name}": value
        for network in blueprint.shipped
        for name, value in weights[network].items()
    }
    run.save_model(named | codec, blueprint.metadata())


def _by_network(blueprint: Blueprint, weights: Weights) -> dict[str, Weights]:
    """Split the weights of a file by shipped network."""
    if blueprint.format == FORMAT:
        return {GENERATOR: weights}
    return {
        network: {
            name.removeprefix(f"{network}."): value
            for name, value in weights.items()
            if name.startswith(f"{network}.")
        }
        for network in blueprint.shipped
    }


def _parted(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Split the weights of a file into those of the networks and of the codec."""
    codec = {k: v for k, v in weights.items() if k.startswith(MEDIUM_PREFIX)}
    generator = {k: v for k, v in weights.items() if k not in codec}
    return generator, {k.removeprefix(MEDIUM_PREFIX): v for k, v in codec.items()}
