"""Model: a trained generator, ready to be sampled."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, Field
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.media.captions.codec import CaptionCodec
from gansmith.media.captions.sheet import captioned_sheet
from gansmith.media.text.code_points import to_texts
from gansmith.medium import MEDIA, Codec
from gansmith.networks import Generator, SampleSpec, build_networks, load_weights
from gansmith.networks.sequence.language_model import Decoding, SequenceGenerator
from gansmith.recipe import NetworkConfig
from gansmith.registry import unknown
from gansmith.run import REMEDY, Run
from gansmith.sampling import draw_labels, draw_latents, generate_samples, spread_latents
from gansmith.storage.reading import UnreadableFile, parse_json, validated

FORMAT = "gansmith-generator-1"
MEDIUM_PREFIX = "medium."
MOST_VALUES = 2**24
"""Values of one sample."""
CAPTIONED, CAPTIONS = 24, 5
"""Pictures on a sheet, and captions of each."""


Size = Annotated[int, Field(ge=0, le=2**24)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _SpecFacts(BaseModel):
    """Bounds of a `SampleSpec` that comes from a file."""

    channels: Annotated[int, Field(ge=1, le=2**12)]
    height: Annotated[int, Field(ge=1, le=2**16)]
    width: Annotated[int, Field(ge=1, le=2**20)]
    classes: Size = 0
    tokens: Size = 0
    traits: Size = 0
    condition_shape: tuple[Size, Size, Size] | None = None


class _BlueprintFacts(BaseModel):
    """What :meth:`Blueprint.to_dict` returns."""

    medium: str
    medium_facts: dict[str, Any] = {}
    network: NetworkConfig
    spec: dict[str, Any]
    label_names: tuple[str, ...]
    label_weights: tuple[Share, ...]
    temperature: Annotated[float, Field(gt=0, le=10)]


@dataclass(frozen=True)
class Blueprint:
    """All that is needed to rebuild a generator around its weights.

    Attributes:
        medium: Makes samples of what the network gives.
        network: Name and options of the pair.
        spec: The samples it makes.
        label_names: One name a class; empty without labels.
        label_weights: Share of each class in the training data.
        temperature: Standard deviation of the latents that samples are drawn with.
    """

    codec: Codec
    network: NetworkConfig
    spec: SampleSpec
    label_names: tuple[str, ...] = ()
    label_weights: tuple[float, ...] = ()
    temperature: float = 1.0

    @property
    def conditional(self) -> bool:
        """Whether samples are asked for by classes or pictures."""
        return self.spec.conditional

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for a manifest or a file's metadata."""
        return {
            "medium": self.codec.name,
            "medium_facts": self.codec.config(),
            "network": self.network.model_dump(mode="json"),
            "spec": asdict(self.spec),
            "label_names": list(self.label_names),
            "label_weights": list(self.label_weights),
            "temperature": self.temperature,
        }

    @classmethod
    def from_dict(cls, facts: dict[str, Any], tensors: dict[str, Tensor]) -> Blueprint:
        """Rebuild what :meth:`to_dict` returned, with the weights of the codec.

        Raises:
            GansmithError: A field is missing, of the wrong type or out of bounds, or the codec
                cannot be rebuilt.
        """
        found = validated(facts, _BlueprintFacts, "the blueprint of the generator", remedy=REMEDY)
        with _damage_explained("the blueprint of the generator"):
            spec = SampleSpec.from_dict(found.spec)
            bounds = validated(asdict(spec), _SpecFacts, "the shape of the samples", remedy=REMEDY)
            if not len(found.label_names) == len(found.label_weights) == bounds.classes:
                raise ValueError("names, shares and number of classes differ")
            if math.prod(spec.shape) > MOST_VALUES or (
                bounds.classes and not sum(found.label_weights)
            ):
                raise ValueError("a sample is too large, or no class has a share")
            codec = MEDIA[found.medium].codec.from_config(found.medium_facts, tensors)
            if "alpha" not in found.spec:  # written before specs had it
                shape = (spec.height, spec.width, spec.channels)
                spec = replace(spec, alpha=codec.has_alpha(shape))
        names, shares = found.label_names, found.label_weights
        return cls(codec, found.network, spec, names, shares, found.temperature)

    def metadata(self) -> dict[str, str]:
        """Return what stands in the header of `generator.safetensors`."""
        return {"format": FORMAT, "blueprint": json.dumps(self.to_dict())}


class Model:
    """A generator with its medium and labels.

    Args:
        generator: The averaged network.
        blueprint: What it was built from.
    """

    def __init__(self, generator: Generator, blueprint: Blueprint) -> None:
        self.generator = generator.eval().requires_grad_(False)
        self.blueprint = blueprint
        self.codec: Codec = blueprint.codec
        if isinstance(generator, SequenceGenerator):
            generator.decoding = Decoding(blueprint.temperature)

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the classes; empty for an unconditional generator."""
        return self.blueprint.label_names

    def sample(
        self,
        count: int,
        *,
        seed: int = 0,
        label: str | int | None = None,
        truncation: float | None = None,
    ) -> NDArray[np.uint8]:
        """Make samples.

        Args:
            count: How many; at least 1.
            seed: The same seed gives the same samples, however many are asked for.
            label: Name or number of a class; left out, classes come as often as in the data.
            truncation: See :func:`gansmith.sampling.draw_latents`.

        Returns:
            uint8 [count, H, W, C].

        Raises:
            GansmithError: The label is unknown, or the generator was trained without labels.
        """
        if count < 1:
            raise GansmithError(f"asked for {count} samples: ask for at least 1")
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

        Of captions, pictures float32 [count, C, H, W] in their place.
        """
        if isinstance(self.codec, CaptionCodec) and label is None:
            examples = torch.from_numpy(self.codec.examples)
            return self.codec.encode_condition(examples[draw_examples(len(examples), count, seed)])
        return self.classes(count, seed, label)

    def classes(self, count: int, seed: int, label: str | int | None = None) -> Tensor | None:
        """Return the classes [count] that :meth:`sample` asks for, or None where there are none."""
        if label is not None:
            return torch.full((count,), self._class_of(label))
        if not self.label_names:
            return None
        return draw_labels(count, torch.tensor(self.blueprint.label_weights), seed)

    def interpolate(
        self, frames: int, *, seed: int = 0, label: str | int | None = None, stops: int = 6
    ) -> NDArray[np.uint8]:
        """Make a closed walk between random samples, uint8 [frames, H, W, C]."""
        latents = spread_latents(frames, stops, self.generator.latent, seed) * self._deviation
        first = self.labels(1, seed, label)
        labels = None if first is None else first.expand(frames, *first.shape[1:])
        return generate_samples(self.generator, self.codec, latents, labels)

    def _class_of(self, label: str | int) -> int:
        names = list(self.label_names)
        if not names:
            raise GansmithError("this generator was trained without labels: leave the label out")
        if str(label) in names:
            return names.index(str(label))
        if str(label).isdecimal() and int(label) < len(names):
            return int(label)
        raise unknown("label", str(label), names)


def load(path: Path | str) -> Model:
    """Load a trained generator.

    Args:
        path: A run folder (finished or still training) or a `generator.safetensors`.

    Raises:
        GansmithError: There is no such run or file, it is damaged, or nothing is trained yet.
    """
    place = Path(path)
    run = Run(place.parent if place.is_file() else place)
    if place.is_file():
        run.generator_file = place
    elif not run.require().generator_file.exists():
        return _from_checkpoint(run)
    weights, facts = run.load_generator()
    if facts.get("format") != FORMAT:
        raise GansmithError(f"{run.generator_file} is not a gansmith generator")
    generator, codec = _parted(weights)
    plain = parse_json(facts.get("blueprint", ""), dict[str, Any], run.generator_file)
    with _damage_explained(run.generator_file):
        return _tried(rebuild(Blueprint.from_dict(plain, codec), generator))


def rebuild(blueprint: Blueprint, weights: dict[str, Tensor]) -> Model:
    """Build a generator and fill in its weights."""
    generator = build_networks(blueprint.network, blueprint.spec, seed=0).generator
    load_weights(generator, weights)
    return Model(generator, blueprint)


def row_length(count: int, classes: int) -> int:
    """Return how many samples a class gets on a sheet of about `count`."""
    return min(16, max(8, count // classes))


def contact_sheet(model: Model, seed: int = 0, count: int = 128, **options: Any) -> Image.Image:
    """Draw a sheet of about `count` samples; one row a class where there are few classes.

    Args:
        model: What makes the samples.
        seed: Of the latents.
        count: About how many samples.
        **options: As the medium's own `sheet` takes them.
    """
    if isinstance(model.codec, CaptionCodec):
        return _caption_sheet(model, model.codec, seed)
    classes, columns, labels = len(model.label_names), math.isqrt(count), None
    if 2 <= classes <= 16:
        columns = row_length(count, classes)
        count = classes * columns
        labels = torch.arange(count) // columns
    else:
        count = columns**2
        labels = model.labels(count, seed)
    samples = generate_samples(model.generator, model.codec, model.latents(count, seed), labels)
    return model.codec.sheet(samples, columns=columns, **options)


def draw_examples(examples: int, count: int, seed: int) -> Tensor:
    """Draw numbers of examples, int64 [count], each as likely as any other, by a seed."""
    return draw_labels(count, torch.ones(examples), seed)


def _caption_sheet(model: Model, codec: CaptionCodec, seed: int) -> Image.Image:
    """Draw some examples, each with several captions."""
    shown = codec.examples[:CAPTIONED]
    labels = codec.encode_condition(torch.from_numpy(shown)).repeat_interleave(CAPTIONS, dim=0)
    samples = generate_samples(model.generator, codec, model.latents(len(labels), seed), labels)
    texts = to_texts(samples)
    return captioned_sheet(
        shown, [texts[at : at + CAPTIONS] for at in range(0, len(texts), CAPTIONS)]
    )


@torch.no_grad()
def _tried(model: Model) -> Model:
    """Return a model that came from a file, after it made one sample."""
    model.codec.decode(model.generator(model.latents(1, seed=0), model.labels(1, seed=0)))
    return model


@contextmanager
def _damage_explained(origin: Path | str) -> Iterator[None]:
    """Turn whatever networks and codecs raise on values that they did not write into one line."""
    try:
        yield
    except GansmithError as error:
        if str(origin) in str(error):
            raise
        raise UnreadableFile(f"{origin}: {error}") from error
    except Exception as error:  # the libraries behind codecs share no class of errors
        why = " ".join(str(error).split())[:160] or type(error).__name__
        raise UnreadableFile(f"{origin} is damaged ({why}): {REMEDY}") from error


def _from_checkpoint(run: Run) -> Model:
    state = run.load_checkpoint("best") or run.load_checkpoint("last")
    if state is None:
        raise GansmithError(f"{run.path} holds no trained generator yet: train it first")
    with _damage_explained(run.checkpoints_dir):
        return _tried(rebuild(run_blueprint(run), next(iter(state["averages"].values()))))


def run_blueprint(run: Run) -> Blueprint:
    """Read the blueprint of a run that is laid out."""
    blueprint = run.manifest().get("blueprint")
    plain = validated(blueprint, dict[str, Any], run.manifest_file, remedy=REMEDY)
    return Blueprint.from_dict(plain, run.load_medium())


def save_model(run: Run, blueprint: Blueprint, weights: dict[str, Tensor]) -> None:
    """Write a generator with all that is needed to sample it to `generator.safetensors`."""
    codec = {MEDIUM_PREFIX + name: value for name, value in blueprint.codec.state_dict().items()}
    run.save_generator(weights | codec, blueprint.metadata())


def _parted(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Part the weights of the generator from those of its medium."""
    codec = {k: v for k, v in weights.items() if k.startswith(MEDIUM_PREFIX)}
    generator = {k: v for k, v in weights.items() if k not in codec}
    return generator, {k.removeprefix(MEDIUM_PREFIX): v for k, v in codec.items()}
