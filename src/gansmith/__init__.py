"""gansmith: train, judge and ship generative adversarial networks on your own data.

The commands of the command line, from Python:

    import gansmith

    model = gansmith.train("digits", minutes=3)
    gansmith.generate("runs/digits", 64, label=7, out="sevens.png")
    samples = gansmith.load("runs/digits").sample(16, seed=1)
    result = gansmith.evaluate("runs/digits")
"""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gansmith.errors import GansmithError
    from gansmith.model import Model, load
    from gansmith.provenance.marking import Marking
    from gansmith.tasks.apply import apply
    from gansmith.tasks.detect import detect
    from gansmith.tasks.diagnose import diagnose
    from gansmith.tasks.doctor import doctor
    from gansmith.tasks.evaluate import evaluate
    from gansmith.tasks.generate import generate, interpolate
    from gansmith.tasks.inspect_data import inspect
    from gansmith.tasks.invert import invert
    from gansmith.tasks.train import train

    archive: Callable[..., Path]
    kit: Callable[..., Path]
    repair: Callable[..., int]
    solve: Callable[..., int]

os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")

__version__ = "0.1.0"

__all__ = [
    "GansmithError",
    "Marking",
    "Model",
    "apply",
    "archive",
    "detect",
    "diagnose",
    "doctor",
    "evaluate",
    "generate",
    "inspect",
    "interpolate",
    "invert",
    "kit",
    "load",
    "repair",
    "solve",
    "train",
]

_MODULES = {
    "GansmithError": "errors",
    "Marking": "provenance.marking",
    "Model": "model",
    "load": "model",
    "apply": "tasks.apply",
    "detect": "tasks.detect",
    "diagnose": "tasks.diagnose",
    "doctor": "tasks.doctor",
    "evaluate": "tasks.evaluate",
    "generate": "tasks.generate",
    "inspect": "tasks.inspect_data",
    "interpolate": "tasks.generate",
    "invert": "tasks.invert",
    "train": "tasks.train",
}
_RENAMED = {"similar": "invert"}


def __getattr__(name: str) -> Any:
    """Import a function when it is first used: `gansmith --help` need not wait for PyTorch."""
    if name in _RENAMED:
        message = f"gansmith.{name} is now gansmith.{_RENAMED[name]}"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        name = _RENAMED[name]
    if name in _MODULES:
        return getattr(import_module(f"gansmith.{_MODULES[name]}"), name)
    from gansmith.verbs import VERBS, resolve_function

    if name.startswith("_") or name not in VERBS:  # commands that one medium adds, such as `kit`
        raise AttributeError(f"module 'gansmith' has no attribute '{name}'")
    return resolve_function(VERBS[name].function)
