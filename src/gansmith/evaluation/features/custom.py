"""Feature extractors from files: ONNX, or programs saved by `torch.export.save`.

An ONNX file is data. A program of `torch.export` is not: loading it runs code, through symbolic
expressions even where no pickle is inside. Recipes and runs therefore cannot name one (see
`EvaluationConfig.extractor`); `gansmith evaluate --extractor` can.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.features.preparation import prepare_for_network
from gansmith.extractor import (
    FILE_EXTRACTORS,
    Extractor,
    Network,
    optional_module,
)
from gansmith.storage.reading import parse_json, read_bytes

MODEL_BYTES = 2 << 30
CHUNK = 32
"""Samples in one pass where the file leaves the batch size open."""


class _Payload(BaseModel):
    use_pickle: bool


class _WeightsConfig(BaseModel):
    config: dict[str, _Payload]


@FILE_EXTRACTORS.register("onnx")
def onnx(file: Path, dataset: Dataset) -> Extractor:
    """`onnx:FILE`: the first output of an ONNX network whose input is [N, 1 or 3, H, W] in [0, 1].

    Where the file leaves N, H or W open, they follow the collection. Of sounds it sees log-mel
    pictures, or, where its input is [N, T], waves in [-1, 1] at the rate of the clips.
    """
    runtime = optional_module("onnxruntime", "onnx")
    try:
        session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no base class of their own
        raise _unusable(file, error) from None
    source = session.get_inputs()[0]

    def network(values: Tensor) -> Tensor:
        arrays = {source.name: values.contiguous().numpy()}
        return torch.from_numpy(session.run(None, arrays)[0])

    return _own("onnx", file, network, source.shape, dataset)


@FILE_EXTRACTORS.register("torch")
def exported(file: Path, dataset: Dataset) -> Extractor:
    """`torch:FILE.pt2`: a program of `torch.export.save`, its input as for `onnx:FILE`.

    Export it in evaluation mode. Loading it runs code: open only files of people you trust. Plain
    pickled objects are refused, which does not make the file safe.
    """
    try:
        refuse_pickles(file)
        program = torch.export.load(file)
        name = program.graph_signature.user_inputs[0]
        node = next(node for node in program.graph.nodes if node.name == name)
        shape = node.meta["val"].shape
    except GansmithError:
        raise
    except Exception as error:  # a damaged archive fails anywhere in the loader
        raise _unusable(file, error) from None
    module = program.module()

    def network(values: Tensor) -> Tensor:
        output: Tensor | tuple[Tensor, ...] = module(values.contiguous())
        return output[0] if isinstance(output, tuple) else output

    return _own("torch", file, network, shape, dataset)


def _own(
    name: str, file: Path, network: Network, shape: Sequence[Any], dataset: Dataset
) -> Extractor:
    """Combine a network with the preprocessing that its input shape requires."""
    sides = [side if isinstance(side, int) else None for side in shape]
    try:
        seen = prepare_for_network(name, dataset, sides, centre=0.0, scale=1.0)
    except GansmithError as error:
        raise GansmithError(f"{file} takes input {list(shape)}: {error}") from None

    def as_given(values: Tensor) -> Tensor:
        """Drop the axes of [N, 1, 1, T] that a network with input [N, T] does not have."""
        return network(values[:, 0, 0] if len(shape) == 2 else values)

    chunk = sides[0] or CHUNK
    try:
        return Extractor(
            f"{name}:{file.name}", as_given, seen, [read_bytes(file, MODEL_BYTES)], chunk
        )
    except GansmithError:
        raise
    except Exception as error:  # whatever the user's network raises on a sample
        raise _unusable(file, error) from None


def _unusable(file: Path, error: Exception) -> GansmithError:
    reason = " ".join(str(error).split())[:200]
    return GansmithError(f"{file} does not serve as a feature extractor: {reason}")


def refuse_pickles(file: Path) -> None:
    """Refuse what `torch.export.load` would hand to an unrestricted unpickler."""
    with zipfile.ZipFile(file) as archive:
        for entry in archive.namelist():
            _, place, folder, name = (*entry.split("/", 3), "", "", "")[:4]
            if place != "data":
                continue
            if folder == "sample_inputs":
                with archive.open(entry) as inputs:
                    torch.load(inputs, weights_only=True)
            elif folder in ("weights", "constants") and name.endswith("_config.json"):
                config = parse_json(archive.read(entry), _WeightsConfig, file).config
                if any(payload.use_pickle for payload in config.values()):
                    raise GansmithError(f"{file} carries pickled objects: export plain tensors")
            elif not name.startswith(("weight_", "tensor_")):
                raise GansmithError(f"{file} carries '{entry}', which is neither graph nor weight")
