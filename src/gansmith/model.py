"""Model: a trained generator, ready to be sampled."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
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
from gansmith.run import Run
from gansmith.sampling import draw_labels, draw_latents, generate_samples, spread_latents

FORMAT = "gansmith-generator-1"
MEDIUM_PREFIX = "medium."
CAPTIONED, CAPTIONS = 24, 5
"""Pictures on a sheet, and captions of each."""


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
        return bool(self.spec.classes) or self.spec.picture is not None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for a manifest or a file's metadata."""
        return {
            "medium": self.codec.name,
            "medium_facts": self.codec.facts(),
            "network": self.network.model_dump(mode="json"),
            "spec": asdict(self.spec),
            "label_names": list(self.label_names),
            "label_weights": list(self.label_weights),
            "temperature": self.temperature,
        }

    @classmethod
    def from_dict(cls, facts: dict[str, Any], tensors: dict[str, Tensor]) -> Blueprint:
        """Take up what :meth:`to_dict` gave, and the weights of the medium."""
        return cls(
            MEDIA[facts["medium"]].codec.restore(facts.get("medium_facts", {}), tensors),
            NetworkConfig.model_validate(facts["network"]),
            SampleSpec(**facts["spec"]),
            tuple(facts["label_names"]),
            tuple(facts["label_weights"]),
            facts["temperature"],
        )

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
            return self.codec.see(examples[draw_examples(len(examples), count, seed)])
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
        number = _class_number(str(label), names)
        weights = self.blueprint.label_weights
        if weights and not weights[number]:
            raise GansmithError(
                f"label '{names[number]}' was not trained: all of its samples are held out, so what "
                "it draws would mean nothing; choose another label"
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
    return rebuild(Blueprint.from_dict(json.loads(facts["blueprint"]), codec), generator)


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
    labels = codec.see(torch.from_numpy(shown)).repeat_interleave(CAPTIONS, dim=0)
    samples = generate_samples(model.generator, codec, model.latents(len(labels), seed), labels)
    texts = to_texts(samples)
    return captioned_sheet(
        shown, [texts[at : at + CAPTIONS] for at in range(0, len(texts), CAPTIONS)]
    )


def _from_checkpoint(run: Run) -> Model:
    state = run.load_checkpoint("best") or run.load_checkpoint("last")
    if state is None:
        raise GansmithError(f"{run.path} holds no trained generator yet: train it first")
    return rebuild(run_blueprint(run), state["average"])


def run_blueprint(run: Run) -> Blueprint:
    """Read the blueprint of a run that is laid out."""
    return Blueprint.from_dict(run.manifest()["blueprint"], run.load_medium())


def save_model(run: Run, blueprint: Blueprint, weights: dict[str, Tensor]) -> None:
    """Write a generator with all that is needed to sample it to `generator.safetensors`."""
    codec = {MEDIUM_PREFIX + name: value for name, value in blueprint.codec.tensors().items()}
    run.save_generator(weights | codec, blueprint.metadata())


def _parted(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Part the weights of the generator from those of its medium."""
    codec = {k: v for k, v in weights.items() if k.startswith(MEDIUM_PREFIX)}
    generator = {k: v for k, v in weights.items() if k not in codec}
    return generator, {k.removeprefix(MEDIUM_PREFIX): v for k, v in codec.items()}
