"""From what a user names to a classifier: a folder, an ONNX file, or code."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.errors import GansmithError
from gansmith.evaluation.features.custom import refuse_pickles
from gansmith.extractor import optional_module
from gansmith.robustness.classifier import Classifier, Shape
from gansmith.robustness.train import load_trained_classifier
from gansmith.storage.reading import open_regular, read_text, shorten
from gansmith.training.engine import device_kind

MODEL_BYTES = 2 << 30
LABEL_BYTES = 1 << 20
FORMS = "a folder of `gansmith classifier`, FILE.onnx, FILE.pt2 or FILE.py:FUNCTION"


def open_classifier(
    target: str,
    *,
    labels: Sequence[str] = (),
    value_range: tuple[float, float] = (0.0, 1.0),
    runs_code: bool = False,
) -> Classifier:
    """Open a classifier.

    Args:
        target: One of
            a folder that :func:`gansmith.robustness.train.save_classifier` wrote;
            an ONNX file, whose input is [N, C, H, W] and first output logits; onnxruntime gives no
            gradients, so only attacks without gradients and transferred ones apply;
            a program of `torch.export.save`, FILE.pt2;
            FILE.py:FUNCTION, a function that takes nothing and returns the network.
            The last two run code.
        labels: Names of its outputs in order; by default those it knows, else those of the data.
        value_range: What black and white are to the network in a file.
        runs_code: Whether the user typed the target on the command line, so that it may run code.

    Raises:
        GansmithError: There is no such file, it is damaged, is no classifier, or would run code.
    """
    file, colon, function = target.rpartition(":")
    path = Path(target).expanduser()
    if path.is_dir():
        found = load_trained_classifier(path).classifier(path.name)
        return replace(found, labels=tuple(labels) or found.labels)
    if colon and file.endswith(".py"):
        _require_consent(target, runs_code)
        found = _from_function(Path(file).expanduser(), function)
    elif path.suffix.lower() == ".onnx":
        found = _from_onnx(path)
    elif path.suffix.lower() == ".pt2":
        _require_consent(target, runs_code)
        found = _from_program(path)
    elif path.suffix.lower() == ".safetensors" and path.is_file():
        raise GansmithError(f"{path} is part of a classifier: give its folder, {path.parent}")
    else:
        raise GansmithError(f"{target} is no classifier: give {FORMS}")
    return replace(found, labels=tuple(labels), value_range=value_range)


def parse_labels(text: str | None) -> tuple[str, ...]:
    """Return names of outputs, in their order.

    Args:
        text: Names with commas between them, or the path of a text file with a name on each line;
            None for none.

    Raises:
        GansmithError: The file cannot be read, or names are empty or there twice.
    """
    if text is None:
        return ()
    path = Path(text).expanduser()
    parts = read_text(path, LABEL_BYTES).splitlines() if path.is_file() else text.split(",")
    names = [part.strip() for part in parts]
    if path.is_file():
        names = [name for name in names if name]
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if not all(names) or not names or twice:
        why = f"has '{twice[0]}' twice" if twice else "has a name that is empty"
        raise GansmithError(
            f"--labels {shorten(text, 60)} {why}: name each output of the classifier in order, "
            "such as cat,dog,owl, or give a text file with a name on each line"
        )
    return tuple(names)


def _require_consent(target: str, runs_code: bool) -> None:
    if not runs_code:
        raise GansmithError(
            f"{target} runs code when it is opened: type it on the command line if you trust who "
            "made it, or give an ONNX file"
        )


def _from_onnx(path: Path) -> Classifier:
    """Open an ONNX file; it is data and runs no code."""
    runtime = optional_module("onnxruntime", "onnx")
    with open_regular(path, MODEL_BYTES):
        pass
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        (source,) = session.get_inputs()
    except Exception as error:  # onnxruntime's own errors share no base class of their own
        raise _unusable(path, error) from None

    def network(x: Tensor) -> Tensor:
        (first, *_) = session.run(None, {source.name: x.detach().cpu().contiguous().numpy()})
        return torch.from_numpy(first)

    shape, batch = _input_shape(path, source.shape)
    return Classifier(network, path.name, shape, batch=batch, differentiable=False)


def _from_program(path: Path) -> Classifier:
    """Open a program of `torch.export`; the caller knows that it may run code."""
    with open_regular(path, MODEL_BYTES):
        pass
    try:
        refuse_pickles(path)
        program = torch.export.load(path)
        name = program.graph_signature.user_inputs[0]
        node = next(node for node in program.graph.nodes if node.name == name)
        sides = node.meta["val"].shape
        module = program.module().requires_grad_(False)
    except GansmithError:
        raise
    except Exception as error:  # a damaged archive fails anywhere in the loader
        raise _unusable(path, error) from None
    shape, batch = _input_shape(path, sides)
    return Classifier(_first_output(module), path.name, shape, batch=batch)


def _from_function(path: Path, function: str) -> Classifier:
    """Run a Python file and one of its functions; the caller knows that it runs code."""
    with open_regular(path, MODEL_BYTES):
        pass
    spec = importlib.util.spec_from_file_location(f"gansmith_user_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's code raises
        raise _unusable(path, error) from None
    make = getattr(module, function, None)
    if not callable(make):
        raise GansmithError(f"{path} has no function '{function}': name one that it defines")
    try:
        network = make()
    except Exception as error:
        raise _unusable(path, error) from None
    if not callable(network):
        raise GansmithError(
            f"{path}:{function} returns {type(network).__name__}: it must return the network, a "
            "torch.nn.Module or a function of images [N, C, H, W]"
        )
    device = "cpu"
    if isinstance(network, nn.Module):
        device = device_kind()
        network = network.to(device).eval().requires_grad_(False)
    return Classifier(_first_output(network), f"{path.name}:{function}", device=device)


def _first_output(network: Callable[[Tensor], Any]) -> Callable[[Tensor], Tensor]:
    """Return a network without what it returns beside its logits."""

    def logits(x: Tensor) -> Tensor:
        output = network(x.contiguous())
        first: Tensor = output[0] if isinstance(output, tuple | list) else output
        if not isinstance(first, Tensor):
            raise TypeError(f"the network returns {type(first).__name__}, not a tensor")
        return first

    return logits


def _input_shape(path: Path, sides: Sequence[Any]) -> tuple[Shape, int | None]:
    """Return channels, height and width of an input, and its batch where that is fixed."""
    if len(sides) != 4:
        raise GansmithError(
            f"{path} takes an input of {len(sides)} dimensions: a classifier of images takes "
            "[N, C, H, W]"
        )
    batch, channels, height, width = (
        side if isinstance(side, int) and side > 0 else None for side in sides
    )
    return (channels, height, width), batch


def _unusable(path: Path, error: Exception) -> GansmithError:
    reason = shorten(str(error), 200) or type(error).__name__
    return GansmithError(f"{path} cannot be opened as a classifier: {reason}; export it again")
