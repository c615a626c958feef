"""Blueprint: everything that is needed to rebuild a model around its weights."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field
from torch import Tensor

from gansmith.codec import Codec
from gansmith.consent import Consent, plain_record
from gansmith.errors import GansmithError
from gansmith.medium import MEDIA
from gansmith.networks import SampleSpec
from gansmith.recipe import NetworkConfig
from gansmith.run import REMEDY
from gansmith.storage.reading import UnreadableFile, shorten, validated

FORMAT, FORMAT_2 = "gansmith-generator-1", "gansmith-model-2"
"""Of a file with one generator; and of one with any shipped networks, by name."""
GENERATE, GENERATOR = "generate", "generator"
MOST_VALUES = 2**24
"""Values of one sample."""

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
    source: _SpecFacts | None = None
    placed: Annotated[tuple[tuple[tuple[Size, ...], Size, int], ...], Field(max_length=64)] = ()


class _BlueprintFacts(BaseModel):
    """What :meth:`Blueprint.to_dict` returns."""

    medium: str
    medium_facts: dict[str, Any] = {}
    network: NetworkConfig
    spec: dict[str, Any]
    label_names: tuple[str, ...]
    label_weights: tuple[Share, ...]
    temperature: Annotated[float, Field(gt=0, le=10)]
    task: str = GENERATE
    networks: dict[str, Any] = Field({GENERATOR: None}, min_length=1, max_length=64)
    consent: dict[str, Consent] = {}


@dataclass(frozen=True)
class Blueprint:
    """Everything needed to rebuild a model around its weights.

    Attributes:
        codec: Turns network tensors into samples and back.
        network: Name and options of the networks.
        spec: The samples that the networks make or take.
        label_names: One name per class; empty without labels.
        label_weights: Share of each class in the training data.
        temperature: Standard deviation of the latents that samples are drawn with.
        task: Name of the task that trained the model; it decides the class of the model.
        shipped: Names of the networks that are saved with the model.
        consent: Of the people whose faces the model changes, by folder; empty for other models.
    """

    codec: Codec
    network: NetworkConfig
    spec: SampleSpec
    label_names: tuple[str, ...] = ()
    label_weights: tuple[float, ...] = ()
    temperature: float = 1.0
    task: str = GENERATE
    shipped: tuple[str, ...] = (GENERATOR,)
    consent: Mapping[str, Consent] = field(default_factory=dict)

    @property
    def conditional(self) -> bool:
        """Whether samples are asked for by classes or pictures."""
        return self.spec.conditional

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for a manifest or a file's metadata.

        A single generator has the keys of format 1; other models have `format` 2, `task` and
        `networks` as well.
        """
        more: dict[str, Any] = {}
        if self.format == FORMAT_2:
            config = self.network.model_dump(mode="json")
            networks = dict.fromkeys(self.shipped, config)
            more = {"format": 2, "task": self.task, "networks": networks}
        if self.consent:
            more["consent"] = plain_record(self.consent)
        return more | {
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
        """Rebuild a blueprint from :meth:`to_dict` and the weights of the codec.

        Raises:
            GansmithError: A field is missing, of the wrong type or out of bounds, the codec
                cannot be rebuilt, or it was written by a newer version of gansmith.
        """
        if facts.get("format", 1) not in (1, 2):
            raise GansmithError(
                f"the model has format {shorten(str(facts['format']))}, which this version of "
                "gansmith does not read: install a newer version"
            )
        found = validated(facts, _BlueprintFacts, "the blueprint of the model", remedy=REMEDY)
        with damage_explained("the blueprint of the model"):
            spec = SampleSpec.from_dict(found.spec)
            bounds = validated(asdict(spec), _SpecFacts, "the shape of the samples", remedy=REMEDY)
            names, shares = len(found.label_names), len(found.label_weights)
            generates = found.task == GENERATE  # other tasks draw no classes, so need no shares
            expected = {names} if generates else {names, 0}
            if shares not in expected or (generates and names != bounds.classes):
                raise ValueError("names, shares and number of classes differ")
            sizes = (part.shape for part in (spec, spec.source) if part is not None)
            if max(map(math.prod, sizes)) > MOST_VALUES or (
                shares and not sum(found.label_weights)
            ):
                raise ValueError("a sample is too large, or no class has a share")
            codec = MEDIA[found.medium].codec.from_config(found.medium_facts, tensors)
            if "alpha" not in found.spec:  # written before specs had it
                shape = (spec.height, spec.width, spec.channels)
                spec = replace(spec, alpha=codec.has_alpha(shape))
        return cls(
            codec,
            found.network,
            spec,
            found.label_names,
            found.label_weights,
            found.temperature,
            found.task,
            tuple(found.networks),
            found.consent,
        )

    @property
    def format(self) -> str:
        """Format of the file; a single generator keeps the one that older versions read."""
        single = (self.task, self.shipped) == (GENERATE, (GENERATOR,))
        return FORMAT if single else FORMAT_2

    def metadata(self) -> dict[str, str]:
        """Return the header of the file with the weights."""
        return {"format": self.format, "blueprint": json.dumps(self.to_dict())}


@contextmanager
def damage_explained(origin: Path | str) -> Iterator[None]:
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
