"""Training of small classifiers, and the folders that they are kept in."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, Field, ValidationError
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.blueprint import FORMAT_2, Blueprint, damage_explained
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.medium import MEDIA
from gansmith.networks import SampleSpec, load_weights
from gansmith.recipe import NetworkConfig
from gansmith.robustness.classifier import Classifier, as_images
from gansmith.robustness.networks import build_classifier
from gansmith.run import Run
from gansmith.schema import Section, explain
from gansmith.storage.reading import parse_json
from gansmith.training.engine import device_kind

TASK, NETWORK = "classify", "classifier"
TASKS = (TASK, "harden")
"""Tasks whose models are classifiers."""
_RISE = 0.3
"""Share of training in which the learning rate rises to its peak."""
_SEEN, _MOST_EPOCHS = 60_000, 60
"""Images that a training sees at least, and its epochs at most, where no epochs are given."""


class TrainingOptions(Section):
    """Options of the training of a classifier."""

    epochs: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="times that each training image is seen; null: 4, more where images are few",
    )
    batch: int = Field(128, ge=2, le=65_536, description="images per step")
    lr: float = Field(3e-3, gt=0, le=1, description="peak of the learning rate")
    seed: int = Field(0, ge=0, lt=2**63, description="fixes initial weights and order of images")
    augment: bool = Field(
        False, description="turn, move, scale and light training images at random; for few of them"
    )

    @classmethod
    def checked(cls, **options: Any) -> TrainingOptions:
        """Check options by name.

        Raises:
            GansmithError: One is unknown, or a value is not what it takes.
        """
        try:
            return cls.model_validate(options)
        except ValidationError as error:
            raise explain(error, cls) from None

    def epochs_for(self, images: int) -> int:
        """Return the number of epochs for so many training images."""
        return self.epochs or min(max(4, math.ceil(_SEEN / images)), _MOST_EPOCHS)


class TrainingFacts(BaseModel):
    """What is known of the training of a classifier.

    Attributes:
        data: Name of the dataset.
        fingerprint: Its fingerprint.
        images: Images trained on.
        held_out: Images that the accuracy was measured on.
        accuracy: Share of held-out images that are recognised.
        seconds: Time that the training took.
        options: Options of the training.
    """

    data: str
    fingerprint: str
    images: Annotated[int, Field(ge=0)]
    held_out: Annotated[int, Field(ge=0)]
    accuracy: Annotated[float, Field(ge=0, le=1)]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    options: dict[str, Any]


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """A trained network with everything needed to build it again.

    Attributes:
        network: Maps images [N, C, H, W] in [0, 1] to logits.
        blueprint: What it was built from.
        facts: What is known of its training.
    """

    network: nn.Module
    blueprint: Blueprint
    facts: TrainingFacts

    def classifier(self, name: str = NETWORK) -> Classifier:
        """Return the network as a target of attacks, on the device that computes."""
        device = device_kind()
        return Classifier(
            self.network.to(device),
            name,
            self.blueprint.spec.shape,
            self.blueprint.label_names,
            device=device,
        )


def train_classifier(
    dataset: Dataset,
    network: NetworkConfig | None = None,
    options: TrainingOptions | None = None,
    log: LogFn = silent,
) -> TrainedClassifier:
    """Train a classifier by Adam with a one-cycle learning rate (Smith 2018, arXiv 1803.09820).

    On a CPU, equal seeds give equal weights. The global random state stays as it was.

    Args:
        dataset: Labelled images of 8 to 96 pixels a side.
        network: Name and options of the network; by default `conv`.
        options: Budget, batch, learning rate and seed.
        log: Takes a line for each epoch.

    Raises:
        GansmithError: The dataset has no labelled images or images of other sizes, one side of its
            split is empty, or an option is wrong.
    """
    seen = as_images(dataset)
    network = network or NetworkConfig(name="conv")
    options = options or TrainingOptions()
    assert dataset.labels is not None
    train, held_out = dataset.train_indices, dataset.held_out_indices
    if not len(train) or not len(held_out):
        raise GansmithError(
            f"'{dataset.name}' has {len(train)} images to train on and {len(held_out)} held out: "
            "add images, or change data.held_out"
        )
    spec = SampleSpec(seen.channels, seen.height, seen.width, dataset.classes)
    model = build_classifier(network, spec, options.seed).to(device_kind())
    started = time.perf_counter()
    adam = torch.optim.Adam(model.parameters(), options.lr)
    per_epoch, epochs = math.ceil(len(train) / options.batch), options.epochs_for(len(train))
    losses: list[Tensor] = []
    generator = torch.Generator().manual_seed(options.seed)
    for step, rows in enumerate(_batches(len(train), options)):
        for group in adam.param_groups:
            group["lr"] = options.lr * one_cycle(step / (per_epoch * epochs))
        x, y = _batch(dataset, seen, train[rows.numpy()], model)
        x = varied(x, generator) if options.augment else x
        loss = F.cross_entropy(model.train()(x), y)
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        losses.append(loss.detach())
        if len(losses) == per_epoch:
            epoch = (step + 1) // per_epoch
            log(f"epoch {epoch} of {epochs}: loss {torch.stack(losses).mean():.4f}")
            losses = []
    model.eval()
    seconds = time.perf_counter() - started
    hits = 0
    for part in torch.split(torch.arange(len(held_out)), 512):
        with torch.no_grad():
            x, y = _batch(dataset, seen, held_out[part.numpy()], model)
            hits += int((model(x).argmax(1) == y).sum())
    facts = TrainingFacts(
        data=dataset.name,
        fingerprint=dataset.fingerprint,
        images=len(train),
        held_out=len(held_out),
        accuracy=hits / len(held_out),
        seconds=seconds,
        options=options.model_dump(),
    )
    codec = MEDIA[dataset.medium].codec.from_config({}, {})
    blueprint = Blueprint(codec, network, spec, dataset.label_names, task=TASK, shipped=(NETWORK,))
    return TrainedClassifier(model, blueprint, facts)


def varied(x: Tensor, generator: torch.Generator) -> Tensor:
    """Turn images by up to 10 degrees, move and scale them by up to a tenth, and light them anew.

    Args:
        x: Images [N, C, H, W] with values in [0, 1].
        generator: On the CPU.
    """
    draws = (2 * torch.rand(len(x), 6, generator=generator) - 1).to(x)
    angle, scale = draws[:, 0] * math.radians(10), 1 + 0.1 * draws[:, 1]
    cos, sin, move = angle.cos() * scale, angle.sin() * scale, 0.2 * draws[:, 2:4]
    rows = [torch.stack([cos, -sin, move[:, 0]], 1), torch.stack([sin, cos, move[:, 1]], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    moved = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    contrast, light = (1 + 0.3 * draws[:, 4:5, None, None]), 0.15 * draws[:, 5:, None, None]
    return ((moved - 0.5) * contrast + 0.5 + light).clamp(0, 1)


def one_cycle(progress: float) -> float:
    """Return the learning rate, relative to its peak, at a share of the training in [0, 1]."""
    if progress < _RISE:
        return max(progress / _RISE, 0.04)
    return (1 + math.cos(math.pi * (progress - _RISE) / (1 - _RISE))) / 2


def _batches(count: int, options: TrainingOptions) -> Iterator[Tensor]:
    """Yield indices of batches, in another order each epoch; the last of an epoch is smaller."""
    generator = torch.Generator().manual_seed(options.seed)
    for _ in range(options.epochs_for(count)):
        yield from torch.split(torch.randperm(count, generator=generator), options.batch)


def _batch(dataset: Dataset, seen: Any, indices: Any, model: nn.Module) -> tuple[Tensor, Tensor]:
    """Return images and labels on the device of a network."""
    assert dataset.labels is not None
    device = next(model.parameters()).device
    x = seen(dataset.samples[indices]).contiguous(memory_format=torch.channels_last)
    return x.to(device), torch.from_numpy(dataset.labels[indices]).to(device)


def save_classifier(trained: TrainedClassifier, folder: Path | str) -> Path:
    """Write a classifier to `model.safetensors` in a folder; nothing is pickled.

    Returns:
        The file.

    Raises:
        GansmithError: The place cannot be written to.
    """
    run = Run(folder)
    run.make_folder()
    save_weights(run, trained.network.state_dict(), trained.blueprint, trained.facts)
    return run.model_file


def save_weights(
    run: Run, weights: Mapping[str, Tensor], blueprint: Blueprint, facts: TrainingFacts
) -> None:
    """Write the weights of a classifier to the `model.safetensors` of a run."""
    named = {f"{NETWORK}.{name}": value for name, value in weights.items()}
    training = json.dumps(facts.model_dump())
    run.save_model(named, blueprint.metadata() | {"training": training})


def load_trained_classifier(folder: Path | str) -> TrainedClassifier:
    """Load what :func:`save_classifier` wrote.

    Raises:
        GansmithError: There is no classifier in the folder, or it is damaged.
    """
    run = Run(folder)
    if not run.model_file.is_file():
        raise GansmithError(
            f"{folder} holds no classifier: give a folder with {run.model_file.name}"
        )
    weights, header = run.load_trained()
    plain = parse_json(header.get("blueprint", "{}"), dict[str, Any], run.model_file)
    if header.get("format") != FORMAT_2 or plain.get("task") not in TASKS:
        raise GansmithError(f"{run.model_file} is not a classifier: give the folder of one")
    with damage_explained(run.model_file):
        blueprint = Blueprint.from_dict(plain, {})
        if len(blueprint.label_names) != blueprint.spec.classes:
            raise ValueError("names and number of classes differ")
        network = build_classifier(blueprint.network, blueprint.spec).eval()
        load_weights(
            network, {name.removeprefix(f"{NETWORK}."): value for name, value in weights.items()}
        )
    facts = parse_json(header.get("training", ""), TrainingFacts, run.model_file)
    return TrainedClassifier(network, blueprint, facts)
