from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec
from gansmith.recipe import NetworkConfig
from gansmith.robustness.networks import CLASSIFIERS, build_classifier
from gansmith.robustness.train import (
    TrainingOptions,
    load_trained_classifier,
    one_cycle,
    save_classifier,
    train_classifier,
)
from gansmith.storage.tensor_file import read_tensor_file, write_tensor_file
from tests.robustness.targets import LABELS, held_out, spots, trained


@pytest.mark.parametrize("name", CLASSIFIERS.names())
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 96, 96), (1, 8, 8), (3, 33, 50)])
def test_networks_of_every_size(name: str, shape: tuple[int, int, int]) -> None:
    spec = SampleSpec(*shape, classes=7)
    network = build_classifier(NetworkConfig(name=name, width=8), spec).eval()
    x = torch.rand(3, *shape)
    logits = network(x)
    assert logits.shape == (3, 7)
    torch.testing.assert_close(network(x[1:2]), logits[1:2], atol=1e-5, rtol=1e-4)
    gradient = torch.autograd.grad(logits.sum(), list(network.parameters()))
    assert all(value.isfinite().all() and value.any() for value in gradient)


def test_the_network_for_digits_is_that_of_the_literature() -> None:
    network = build_classifier(NetworkConfig(name="conv"), SampleSpec(1, 28, 28, classes=10))
    shapes = [tuple(value.shape) for value in network.parameters() if value.dim() > 1]
    assert shapes == [(16, 1, 4, 4), (32, 16, 4, 4), (128, 32 * 7 * 7), (10, 128)]


@pytest.mark.parametrize(
    ("config", "shape", "message"),
    [
        (
            {"name": "conf"},
            (1, 28, 28),
            "classifier network 'conf' is unknown.*did you mean 'conv'",
        ),
        ({"name": "conv", "depth": 3}, (1, 28, 28), "network.*depth.*is unknown"),
        ({"name": "conv", "width": 0}, (1, 28, 28), "'network.width' is 0"),
        ({"name": "conv"}, (1, 7, 28), "classifiers take 8 to 96 pixels a side"),
        ({"name": "conv"}, (1, 128, 28), "open the data with data.size=96 or less"),
        ({"name": "resnet", "width": 1024, "blocks": 16}, (3, 96, 96), "the most are"),
    ],
)
def test_networks_that_cannot_be_built(
    config: dict[str, Any], shape: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(GansmithError, match=message):
        build_classifier(NetworkConfig(**config), SampleSpec(*shape, classes=3))


def test_training_recognises_held_out_images() -> None:
    facts = trained().facts
    assert facts.accuracy > 0.97
    assert (facts.images, facts.held_out, facts.data) == (480, 120, "spots")
    classifier, images = trained().classifier(), held_out()
    right = classifier.logits(images.x).argmax(1) == images.y
    assert float(right.float().mean()) == facts.accuracy
    assert not any(p.requires_grad for p in trained().network.parameters())


def test_a_residual_network_learns_colour() -> None:
    dataset, lines = spots(channels=3), list[str]()
    network = NetworkConfig(name="resnet", width=8)
    found = train_classifier(dataset, network, TrainingOptions(epochs=5, batch=32), lines.append)
    assert found.facts.accuracy > 0.95
    assert [line.split(":")[0] for line in lines] == [f"epoch {n} of 5" for n in range(1, 6)]


def test_equal_seeds_give_equal_weights() -> None:
    dataset, config = spots(100, 20), NetworkConfig(name="conv", width=4, features=8)
    state = torch.get_rng_state()
    first, again, other = (
        train_classifier(dataset, config, TrainingOptions(epochs=1, seed=seed)).network.state_dict()
        for seed in (3, 3, 4)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_epochs_follow_the_number_of_images() -> None:
    options = TrainingOptions()
    assert [options.epochs_for(count) for count in (60_000, 10_000, 500)] == [4, 6, 60]
    assert TrainingOptions(epochs=2).epochs_for(500) == 2
    with pytest.raises(GansmithError, match="'batch' is 1"):
        TrainingOptions.checked(batch=1)


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [one_cycle(step / 100) for step in range(101)]
    assert max(rates) == rates[30] == 1
    assert rates[:31] == sorted(rates[:31])
    assert rates[30:] == sorted(rates[30:], reverse=True)
    assert rates[100] == pytest.approx(0, abs=1e-12)


def test_saved_and_loaded_it_is_equal(tmp_path: Path) -> None:
    file = save_classifier(trained(), tmp_path)
    found, images = load_trained_classifier(tmp_path), held_out()
    assert torch.equal(found.network(images.x), trained().network(images.x))
    assert found.facts == trained().facts
    assert found.blueprint.label_names == LABELS
    assert file.read_bytes() == save_classifier(found, tmp_path / "again").read_bytes()
    assert F.cross_entropy(found.network(images.x), images.y) < 0.2


def test_a_split_with_an_empty_side_is_refused() -> None:
    for held in (0, 600):
        with pytest.raises(GansmithError, match=r"or change data\.held_out"):
            train_classifier(spots(held_out=held))


def rewritten(folder: Path, **changes: Any) -> None:
    """Change the header of a saved classifier, with a checksum that is right."""
    file = folder / "model.safetensors"
    tensors, facts = read_tensor_file(file)
    facts |= {name: value for name, value in changes.items() if isinstance(value, str)}
    blueprint = json.loads(facts["blueprint"]) | changes.get("blueprint_fields", {})
    write_tensor_file(file, tensors, facts | {"blueprint": json.dumps(blueprint)})


@pytest.mark.parametrize(
    "changes",
    [
        {"training": "{}"},
        {"training": "[" * 1000},
        {"format": "gansmith-generator-1"},
        {"blueprint_fields": {"task": "generate"}},
        {"blueprint_fields": {"label_names": ["a"] * 4}},
        {"blueprint_fields": {"network": {"name": "conv", "width": 16}}},
        {"blueprint_fields": {"network": {"name": "nothing"}}},
        {"blueprint_fields": {"network": {"name": "conv", "width": 1024, "features": 4096}}},
        {"blueprint_fields": {"spec": {"channels": 1, "height": 96, "width": 96, "classes": 5}}},
        {"blueprint_fields": {"spec": {"channels": 4096, "height": 10, "width": 10, "classes": 5}}},
        {"blueprint_fields": {"spec": {}}},
    ],
)
def test_a_damaged_file_gets_one_line(tmp_path: Path, changes: dict[str, Any]) -> None:
    save_classifier(trained(), tmp_path)
    rewritten(tmp_path, **changes)
    with pytest.raises(GansmithError, match=r"model\.safetensors") as error:
        load_trained_classifier(tmp_path)
    assert "\n" not in str(error.value)


def test_random_damage_gets_one_line(tmp_path: Path) -> None:
    file = save_classifier(trained(), tmp_path)
    whole, random = file.read_bytes(), np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(whole)
        for place in random.integers(0, 1500, 3):
            damaged[place] ^= 1 << random.integers(8)
        file.write_bytes(damaged)
        with pytest.raises(GansmithError):
            load_trained_classifier(tmp_path)
