"""Two processes by torchrun train as one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.storage.checkpoint import load_tree
from tests.training.toy import toy_recipe, toy_trainer

SCRIPT = """
import sys, torch
from gansmith.training.engine import Engine
from tests.training.toy import toy_recipe, toy_trainer
from pathlib import Path
torch.set_num_threads(1)
recipe = toy_recipe(160, "training.log_every=1")
trainer = toy_trainer(recipe, Path(sys.argv[1]))
trainer.train()
rank = trainer.engine.rank
weights = {n: net.state_dict() for n, net in trainer.duel.networks.items()}
torch.save(weights, Path(sys.argv[1]) / f"rank{rank}.pt")
"""


def _train_by_torchrun(folder: Path) -> None:
    script = folder.parent / "script.py"
    script.write_text(SCRIPT, "utf-8")
    root = Path(__file__).parents[2]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launcher, "--nproc-per-node=2", str(script), str(folder)]
    folder.mkdir()
    Run(folder).create(_recipe(), {})
    done = subprocess.run(
        command, cwd=root, env=_environment(root), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]


def _recipe() -> Recipe:
    return toy_recipe(160, "training.log_every=1")


def _environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("processes")
    toy_trainer(_recipe(), home / "one").train()
    _train_by_torchrun(home / "two")
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
    assert len(curves[0]) == len(curves[1]) == 20
    for one, two in zip(*curves, strict=True):
        assert two == pytest.approx(one, rel=2e-3)


def test_a_run_of_two_processes_goes_on_with_one(runs: tuple[Path, Path]) -> None:
    state = load_tree(runs[1] / "checkpoints" / "last.safetensors")
    trainer = toy_trainer(toy_recipe(240), runs[1])
    assert trainer.resume()
    assert trainer.clock.samples == state["clock"]["samples"] == 160
    assert trainer.train()
    assert trainer.clock.samples == 240
