"""Models of every format: what older readers read, and several shipped networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.media.image.codec import ImageCodec
from gansmith.model import GeneratorModel, load, load_generator, rebuild, save_model
from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import NetworkConfig
from gansmith.run import Run

SPEC = SampleSpec(1, 16, 16)
NETWORK = NetworkConfig.model_validate({"name": "dcgan", "width": 8})


@pytest.fixture
def blueprint() -> Blueprint:
    return Blueprint(ImageCodec(), NETWORK, SPEC, temperature=0.9)


def weights_of(seed: int) -> dict[str, torch.Tensor]:
    return build_networks(NETWORK, SPEC, seed).generator.state_dict()


def test_a_single_generator_keeps_the_first_format(blueprint: Blueprint, tmp_path: Path) -> None:
    run, weights = Run(tmp_path), weights_of(1)
    save_model(run, blueprint, weights)
    stored, facts = run.load_trained()
    assert run.trained_file == run.generator_file
    assert stored.keys() == weights.keys()
    assert facts["format"] == "gansmith-generator-1"
    keys = {"medium", "medium_facts", "network", "spec", "label_names", "label_weights"}
    assert json.loads(facts["blueprint"]).keys() == {*keys, "temperature"}
    again = load(run.generator_file)
    assert isinstance(again, GeneratorModel)
    assert np.array_equal(again.sample(3, seed=2), rebuild(blueprint, weights).sample(3, seed=2))
    with pytest.raises(GansmithError, match="takes no input"):
        again.apply([tmp_path / "a.png"])


def test_a_blueprint_of_several_networks_survives(blueprint: Blueprint) -> None:
    several = Blueprint(ImageCodec(), NETWORK, SPEC, task="translate", shipped=("there", "back"))
    plain = json.loads(json.dumps(several.to_dict()))
    assert plain["format"] == 2 and list(plain["networks"]) == ["there", "back"]
    again = Blueprint.from_dict(plain, {})
    assert (again.task, again.shipped) == ("translate", ("there", "back"))
    assert again.network == NETWORK
    old = Blueprint.from_dict(json.loads(json.dumps(blueprint.to_dict())), {})
    assert (old.task, old.shipped) == ("generate", ("generator",))


def test_a_newer_format_and_an_unknown_task_are_refused(
    blueprint: Blueprint, tmp_path: Path
) -> None:
    with pytest.raises(GansmithError, match=r"format 3.* newer version"):
        Blueprint.from_dict(blueprint.to_dict() | {"format": 3}, {})
    strange = Blueprint(ImageCodec(), NETWORK, SPEC, task="dream", shipped=("dreamer",))
    run = Run(tmp_path)
    run.save_model({"dreamer.w": torch.zeros(1)}, strange.metadata())
    with pytest.raises(GansmithError, match="task 'dream' is unknown"):
        load(run.model_file)


def test_no_count_and_no_inputs_are_refused(blueprint: Blueprint) -> None:
    model = rebuild(blueprint, weights_of(0))
    with pytest.raises(GansmithError, match=r"count must be at least 1 \(got 0\)"):
        model.sample(0)
    with pytest.raises(GansmithError, match="no inputs"):
        model.read_inputs([], (16, 16, 1))


def test_load_generator_reads_what_load_reads(blueprint: Blueprint, tmp_path: Path) -> None:
    save_model(Run(tmp_path), blueprint, weights_of(0))
    assert isinstance(load_generator(tmp_path / "generator.safetensors"), GeneratorModel)
