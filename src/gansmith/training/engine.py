"""Engine: device, processes, precision and noise. The one place that knows Lightning Fabric."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer

from gansmith.errors import GansmithError

T = TypeVar("T")
_chosen = ["auto"]
"""The kind of device that :func:`use_device` has chosen."""

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)


def native_bf16(kind: str) -> bool:
    """Return whether a kind of device multiplies bfloat16 matrices faster than float32 ones."""
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if kind == "cpu":
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return False


def use_device(kind: str) -> None:
    """Choose the kind of device for all engines of this process that do not name one.

    Args:
        kind: `auto`, `cpu`, `cuda` or `mps`.

    Raises:
        GansmithError: The kind is unknown, or this machine has no such device.
    """
    there = {
        "auto": True,
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(kind):
        found = ", ".join(name for name, available in there.items() if available)
        raise GansmithError(f"--device {kind} is not available on this machine: use {found}")
    _chosen[0] = kind


def device_kind(accelerator: str = "auto") -> str:
    """Return the kind of device that an accelerator name stands for: cpu, cuda or mps."""
    if accelerator == "auto":
        accelerator = _chosen[0]
    if accelerator != "auto":
        return accelerator
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def is_first_process() -> bool:
    """Return whether this process prints and writes; works before any engine exists."""
    return os.environ.get("RANK", "0") == "0"


def peak_memory() -> float:
    """Return the most memory this process has taken so far, in GiB; 0 where it is unknown."""
    try:  # on Linux, getrusage survives exec: a child would report the peak of its parent
        status = Path("/proc/self/status").read_text("utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 2**20
    except (OSError, IndexError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    unit = 1 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


class Engine:
    """Runs networks on this machine: CPU, CUDA or MPS, one process or several under torchrun.

    Every process draws the noise of the whole batch from the same seed and takes its own rows, so
    that one seed means the same training on any number of processes.

    Args:
        precision: `auto`, `32-true` or `bf16-mixed`.
        seed: Seed of the noise.
        accelerator: `auto`, `cpu`, `cuda` or `mps`.

    Attributes:
        device: Where networks live.
        rank: Number of this process.
        processes: How many there are.
        random: The generator that noise comes from; part of a checkpoint.
    """

    def __init__(self, precision: str = "auto", seed: int = 0, accelerator: str = "auto") -> None:
        kind = device_kind(accelerator)
        if precision == "auto":
            precision = "bf16-mixed" if native_bf16(kind) else "32-true"
        from lightning_fabric import Fabric  # takes seconds, and only training needs it

        here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        everywhere = int(os.environ.get("WORLD_SIZE", "1"))
        try:
            self.fabric = Fabric(
                accelerator=kind,
                devices=here,
                num_nodes=max(1, everywhere // here),
                strategy="ddp" if everywhere > 1 else "auto",
                precision="bf16-mixed" if precision == "bf16-mixed" else "32-true",
            )
            self.fabric.launch()
        except (RuntimeError, ValueError) as error:
            raise GansmithError(f"device '{accelerator}' cannot be used: {error}") from None
        self.precision = precision
        self.device: torch.device = self.fabric.device
        self.rank, self.processes = self.fabric.global_rank, self.fabric.world_size
        self.random = torch.Generator().manual_seed(seed)

    def describe(self) -> str:
        """Return device, processes and precision in words."""
        many = f", {self.processes} processes" if self.processes > 1 else ""
        return f"{self.device.type}, {self.precision}{many}"

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context in which networks run."""
        return self.fabric.autocast()

    def local_shard(self, rows: Tensor) -> Tensor:
        """Return this process's rows of a whole batch."""
        return rows if self.processes == 1 else rows.chunk(self.processes)[self.rank]

    def noise(self, count: int, size: int) -> Tensor:
        """Draw standard normal latents [count, size] for this process, on the device."""
        whole = torch.randn(count * self.processes, size, generator=self.random)
        return self.local_shard(whole).to(self.device, non_blocking=True)

    def uniform(self, count: int, *shape: int) -> Tensor:
        """Draw uniform numbers [count, *shape] in [0, 1) for this process, on the device."""
        whole = torch.rand(count * self.processes, *shape, generator=self.random)
        return self.local_shard(whole).to(self.device, non_blocking=True)

    def backward_and_step(
        self, loss: Tensor, optimiser: Optimizer, longest: float | None = None
    ) -> None:
        """Take one step down a loss, its gradient averaged over all processes.

        A gradient longer than `longest` is shortened to it.

        Gradients are averaged after the backward pass rather than by a wrapper around the network:
        a wrapper counts on one forward and one backward pass a step, and a penalty has two.
        """
        optimiser.zero_grad()
        self.fabric.backward(loss)
        if self.processes > 1:
            self._average(p.grad for g in optimiser.param_groups for p in g["params"])
        if longest is not None:
            nn.utils.clip_grad_norm_(
                [p for g in optimiser.param_groups for p in g["params"]], longest
            )
        optimiser.step()

    def broadcast(self, *values: float) -> tuple[float, ...]:
        """Return the first process's values on every process."""
        if self.processes == 1:
            return values
        received: Tensor = self.fabric.broadcast(torch.tensor(values, dtype=torch.float64))
        return tuple(received.tolist())

    def broadcast_object(self, value: T) -> T:
        """Return the first process's value, of any plain kind, on every process."""
        if self.processes == 1:
            return value
        received: T = self.fabric.broadcast(value)
        return received

    def wait(self) -> None:
        """Wait until every process is here."""
        self.fabric.barrier()

    def peak_memory(self) -> float:
        """Return the most memory taken so far, in GiB: of the device, or of this process."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**30
        return peak_memory()

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """Return each value averaged over all processes."""
        if self.processes == 1:
            return values
        total = torch.tensor(list(values.values()), dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return dict(zip(values, (total / self.processes).tolist(), strict=True))

    def total(self, values: Tensor) -> Tensor:
        """Return values, of any shape and on the CPU, summed over all processes."""
        if self.processes == 1:
            return values
        summed = values.to(self.device)
        dist.all_reduce(summed)
        return summed.cpu()

    def _average(self, gradients: Iterable[Tensor | None]) -> None:
        present = [gradient for gradient in gradients if gradient is not None]
        flat = torch.cat([gradient.flatten() for gradient in present])
        dist.all_reduce(flat)
        flat /= self.processes
        parts = torch.split(flat, [gradient.numel() for gradient in present])
        for gradient, part in zip(present, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
