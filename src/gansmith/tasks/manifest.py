"""What a run's manifest says of data, networks, versions and machine."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from gansmith.data.dataset import Dataset
from gansmith.recipe import Recipe
from gansmith.tasks.build import TrainingSetup

PACKAGES = ("gansmith", "torch", "numpy", "pillow", "lightning-fabric", "safetensors")


def describe(recipe: Recipe, dataset: Dataset, assembly: TrainingSetup) -> dict[str, Any]:
    """Return the manifest of a run that is about to start."""
    blueprint, engine, duel = assembly.blueprint, assembly.engine, assembly.duel
    return {
        "name": recipe.name,
        "task": recipe.task,
        "medium": recipe.medium,
        "shape": list(blueprint.spec.shape),
        "label_names": list(blueprint.label_names),
        "dataset": describe_dataset(dataset),
        "blueprint": blueprint.to_dict(),
        "parameters": {
            name: sum(p.numel() for p in network.parameters())
            for name, network in duel.networks.items()
        },
        "losses": [loss._asdict() for loss in duel.losses],
        "critics": list(duel.critics),
        "shipped": list(duel.shipped),
        "precision": engine.precision,
        "processes": engine.processes,
        "versions": versions(),
        "machine": machine() | {"device": device_name(engine.device)},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def describe_dataset(dataset: Dataset) -> dict[str, Any]:
    """Return where samples came from and how they were split."""
    return {
        "name": dataset.name,
        "source": dataset.source,
        "licence": dataset.licence,
        "fingerprint": dataset.fingerprint,
        "samples": len(dataset),
        "held_out": int(dataset.held_out.sum()),
        "settings": dataset.settings,
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def machine() -> dict[str, Any]:
    """Return the processor, its threads and the memory, as far as the system tells."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "memory_gib": round(_memory_gib(), 1),
        "system": platform.system(),
    }


def device_name(device: torch.device) -> str:
    """Return the name of a device, as people know it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):
        return 0.0
