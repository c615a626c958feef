"""Small fuzzing of everything that is read from disk, in this process; `benchmarks/fuzz.py` is the
large one."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.media.image.codec import ImageCodec
from gansmith.model import load, save_model
from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import NetworkConfig, dump_recipe, load_recipe, recipe_names
from gansmith.report.diagnosis import diagnose_run, render
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.storage.cached_tensors import cached_tensors
from gansmith.storage.checkpoint import load_tree, save_tree
from gansmith.storage.file_facts import cached_file_metadata
from tests.benchmarks import load as load_benchmark
from tests.report.run_folders import make_run

fuzz = load_benchmark("fuzz")
SECONDS = 60.0


def attempt(call: Callable[[], object]) -> bool:
    """Whether a call ends well; a refusal must be one line, and nothing else may be raised."""
    started = time.monotonic()
    try:
        call()
        ended = True
    except GansmithError as error:
        assert str(error) and "\n" not in str(error)
        ended = False
    assert time.monotonic() - started < SECONDS
    return ended


def counted(outcomes: list[bool]) -> None:
    """Some mutations must be harmful and some harmless, or the test tries nothing."""
    assert {*outcomes} == {True, False}


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as a training leaves it, with a small generator of pictures."""
    path = make_run(tmp_path_factory.mktemp("fuzz") / "run")
    network = NetworkConfig.model_validate({"name": "mlp", "latent": 4})
    spec = SampleSpec(1, 8, 8, classes=2)
    blueprint = Blueprint(ImageCodec(), network, spec, ("a", "b"), (0.5, 0.5))
    weights = build_networks(network, spec, seed=0).generator.state_dict()
    run = Run(path)
    save_model(run, blueprint, weights)
    run.save_texts({"generated": ["a"], "real": ["b"]})
    run.note(blueprint=blueprint.to_dict())
    state = {"averages": {"generator": weights}, "clock": {"samples": 3}, "settings": []}
    save_tree(state, run.checkpoints_dir / "last.safetensors")
    return path


def test_recipes(tmp_path: Path) -> None:
    draw, outcomes = random.Random(1), []
    for index in range(60):
        file = tmp_path / f"r{index}.yaml"
        file.write_text(dump_recipe(load_recipe(draw.choice(recipe_names()))), "utf-8")
        fuzz.mutate_file(file, draw)
        outcomes.append(attempt(lambda file=file: dump_recipe(load_recipe(str(file)))))  # type: ignore[misc]
    counted(outcomes)
    assert not list(tmp_path.parent.glob("**/executed"))


@pytest.mark.parametrize("file", ["generator.safetensors", "checkpoints/last.safetensors"])
def test_generators(stock: Path, tmp_path: Path, file: str) -> None:
    draw, outcomes = random.Random(2), []
    for index in range(40):
        run = tmp_path / str(index)
        shutil.copytree(stock, run, ignore=shutil.ignore_patterns("frames"))
        if file != "generator.safetensors":
            (run / "generator.safetensors").unlink()
        fuzz.mutate_file(run / file, draw)

        def sampled(run: Path = run) -> None:
            samples = load(run).sample(3)
            assert samples.shape[0] == 3

        outcomes.append(attempt(sampled))
    counted(outcomes)


def test_runs(stock: Path, tmp_path: Path) -> None:
    draw, outcomes = random.Random(3), []
    names = ("manifest.json", "quality.json", "metrics.jsonl", "recipe.yaml", "texts.json")
    for index in range(50):
        run = tmp_path / str(index)
        shutil.copytree(stock, run, ignore=shutil.ignore_patterns("frames"))
        name = draw.choice(names)
        if draw.random() < 0.3:
            fuzz.make_special(run / name, draw)
        else:
            fuzz.mutate_file(run / name, draw)
        outcomes.append(attempt(lambda run=run: write_report(run)))  # type: ignore[misc]
        attempt(lambda run=run: list(render(diagnose_run(run))))  # type: ignore[misc]
        attempt(lambda run=run: (Run(run).recipe(), list(Run(run).events())))  # type: ignore[misc]
    counted(outcomes)


def test_checkpoints_fall_back_to_the_one_before(stock: Path, tmp_path: Path) -> None:
    shutil.copytree(stock, tmp_path / "run")
    said: list[str] = []
    run = Run(tmp_path / "run", said.append)
    last, before = run.checkpoint_files("last")
    save_tree({"averages": {}, "clock": {"samples": 1}}, before)
    assert (run.load_checkpoint("last") or {})["clock"] == {"samples": 3} and not said
    draw, whole = random.Random(4), last.read_bytes()
    for _ in range(40):
        last.write_bytes(fuzz.mutate_bytes(whole, draw))
        if last.read_bytes() != whole and not attempt(lambda: load_tree(last)):
            assert (run.load_checkpoint("last") or {})["clock"] == {"samples": 1}
            assert said and str(before) in said[-1] and "\n" not in said[-1]
    before.write_bytes(b"too")
    last.write_bytes(b"broken")
    assert not attempt(lambda: run.load_checkpoint("last"))


def test_caches_are_computed_again(tmp_path: Path, private_cache: Path) -> None:
    draw = random.Random(5)
    for name in "abc":
        (tmp_path / name).write_text(name)

    def facts(path: Path) -> dict[str, Any]:
        return {"facts": {"content": path.read_text(), "size": 1}}

    def compute() -> dict[str, torch.Tensor]:
        return {"w": torch.arange(9.0)}

    def checked() -> None:
        found = cached_file_metadata("letters", tmp_path, "abc", facts)
        assert found == {name: {"facts": {"content": name, "size": 1}} for name in "abc"}
        assert torch.equal(cached_tensors("kind", "key", compute)["w"], torch.arange(9.0))

    checked()
    for _ in range(120):
        file = draw.choice(sorted(p for p in private_cache.rglob("*") if p.is_file()))
        content = file.read_bytes()
        mutated = fuzz.MUTATORS.get(file.suffix, fuzz.mutate_bytes)(content, draw)
        if file.suffix == ".safetensors":
            mutated = fuzz.mutate_bytes(content, draw)  # with its checksum
        file.write_bytes(mutated)
        assert attempt(checked)
    json.loads(next((private_cache / "memo").iterdir()).read_text())
