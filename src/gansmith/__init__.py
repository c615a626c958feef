"""gansmith: train, judge and ship generative adversarial networks on your own data.

The verbs of the command line, from Python:

    import gansmith

    model = gansmith.train("digits", minutes=3)
    gansmith.generate("runs/digits", 64, label=7, out="sevens.png")
    samples = gansmith.load("runs/digits").sample(16, seed=1)
    verdict = gansmith.evaluate("runs/digits")
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gansmith.errors import GansmithError
    from gansmith.media.audio.sampler_kit import kit
    from gansmith.model import Model, load
    from gansmith.tasks.evaluate import evaluate
    from gansmith.tasks.generate import generate, interpolate
    from gansmith.tasks.invert import similar
    from gansmith.tasks.train import train

os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")

__version__ = "0.1.0"

__all__ = [
    "GansmithError",
    "Model",
    "evaluate",
    "generate",
    "interpolate",
    "kit",
    "load",
    "similar",
    "train",
]

_HOMES = {
    "GansmithError": "errors",
    "Model": "model",
    "load": "model",
    "evaluate": "tasks.evaluate",
    "generate": "tasks.generate",
    "interpolate": "tasks.generate",
    "kit": "media.audio.sampler_kit",
    "similar": "tasks.invert",
    "train": "tasks.train",
}


def __getattr__(name: str) -> Any:
    """Import a verb when it is first used: `gansmith --help` need not wait for PyTorch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gansmith' has no attribute '{name}'")
    return getattr(import_module(f"gansmith.{_HOMES[name]}"), name)
