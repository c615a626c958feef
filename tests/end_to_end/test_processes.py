"""Two processes by torchrun train as one does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.storage.checkpoint import load_tree
from tests.forked import fork
from tests.training.toy import toy_recipe, toy_trainer


def _recipe() -> Recipe:
    return toy_recipe(160, "training.log_every=1")


def _train(folder: Path) -> None:
    """Train as one of several processes, and keep its weights."""
    torch.set_num_threads(1)
    trainer = toy_trainer(_recipe(), folder)
    trainer.train()
    weights = {name: network.state_dict() for name, network in trainer.duel.networks.items()}
    torch.save(weights, folder / f"rank{trainer.engine.rank}.pt")


def _by_torchrun(folder: Path) -> None:
    """Do what `torchrun --standalone --nproc-per-node=2` does, but fork what is imported."""
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=2,
        run_id="test",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        start_method="fork",
    )
    elastic_launch(config, _train)(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("processes")
    toy_trainer(_recipe(), home / "one").train()
    (home / "two").mkdir()
    Run(home / "two").create(_recipe(), {})
    process = fork(_by_torchrun, home / "two")
    process.join(300)
    assert process.exitcode == 0
    return home / "one", home / "two"


def test_ranks_hold_equal_parameters(runs: tuple[Path, Path]) -> None:
    first, second = (torch.load(runs[1] / f"rank{rank}.pt") for rank in (0, 1))
    for network, weights in first.items():
        for name, weight in weights.items():
            assert torch.equal(weight, second[network][name])


def test_one_seed_gives_the_loss_curve_of_one_process(runs: tuple[Path, Path]) -> None:
    curves = []
    for folder in runs:
        steps = [event for event in Run(folder).events() if event["event"] == "step"]
        curves.append([(step["samples"], step["d_loss"], step["g_loss"]) for step in steps])
    assert len(curves[0]) == len(curves[1]) == 8
    for one, two in zip(*curves, strict=True):
        assert two == pytest.approx(one, rel=2e-3)


def test_a_run_of_two_processes_goes_on_with_one(runs: tuple[Path, Path]) -> None:
    state = load_tree(runs[1] / "checkpoints" / "last.safetensors")
    trainer = toy_trainer(toy_recipe(240), runs[1])
    assert trainer.resume()
    assert trainer.clock.samples == state["clock"]["samples"] == 160
    assert trainer.train()
    assert trainer.clock.samples == 240
