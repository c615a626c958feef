"""A run that is killed at random moments ends with the weights of one never disturbed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import torch

from gansmith.storage.checkpoint import Tree, load_tree

SAMPLES = 12_000
SETTINGS = [
    f"training.samples={SAMPLES}",
    "training.minutes=null",
    "training.batch=8",
    "training.checkpoint_seconds=0.05",
    "training.frames=4",
    "network.width=4",
    "network.head=8",
    "evaluation.quick_looks=2",
    "evaluation.quick_samples=16",
    "evaluation.samples=16",
    "evaluation.extractor=pixels",
    "data.size=16",
]


def _command(data: Path, run: Path) -> list[str]:
    command = [sys.executable, "-m", "gansmith", "train", "digits"]
    command += ["--data", str(data), "--out", str(run)]
    for setting in SETTINGS:
        command += ["--set", setting]
    return command


def _last(run: Path) -> Path:
    return run / "checkpoints" / "last.safetensors"


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _kill_soon(command: list[str], run: Path, wait: float) -> None:
    """Start training, and kill it some time after it has saved something new."""
    saved = _last(run).stat().st_mtime_ns if _last(run).exists() else 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if _last(run).exists() and _last(run).stat().st_mtime_ns != saved:
            time.sleep(wait)
            process.kill()
            break
        time.sleep(0.005)
    process.wait()


def _weights(run: Path) -> Tree:
    tree = load_tree(_last(run))
    return {"average": tree["averages"]["generator"], **tree["networks"]}


def test_killed_five_times_and_resumed_the_weights_are_bit_equal(
    labelled_folder: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    _run(_command(labelled_folder, whole))
    moments = random.Random(4)
    reached = []
    for _ in range(5):
        _kill_soon(_command(labelled_folder, parts), parts, moments.uniform(0.0, 0.4))
        reached.append(load_tree(_last(parts))["clock"]["samples"])
    assert reached[0] < SAMPLES and reached == sorted(reached)
    assert "goes on at" in _run(_command(labelled_folder, parts)) or reached[-1] == SAMPLES
    expected, found = _weights(whole), _weights(parts)
    for network, weights in expected.items():
        for name, weight in weights.items():
            assert torch.equal(weight, found[network][name]), f"{network} {name}"
    assert (parts / "report.html").exists()
    assert not list(parts.rglob(".part-*"))
