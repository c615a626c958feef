"""Loading of the two networks with the weights that come with gansmith."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TypeVar

from torch import nn

from gansmith.faces.networks import FaceDetector, LandmarkNetwork
from gansmith.storage.tensor_file import read_tensor_file

FILE = "landmarks.safetensors"

N = TypeVar("N", bound=nn.Module)


def load_detector(file: Path | None = None) -> FaceDetector:
    """Load the network that finds faces; `file` replaces the weights of the package."""
    return _loaded(FaceDetector(), "detector", file)


def load_landmark_network(file: Path | None = None) -> LandmarkNetwork:
    """Load the network that places landmarks; `file` replaces the weights of the package."""
    return _loaded(LandmarkNetwork(), "landmarks", file)


@cache
def weights_digest() -> str:
    """Return the digest of the weights of the package."""
    return hashlib.sha256(_packaged().read_bytes()).hexdigest()


def _loaded(network: N, name: str, file: Path | None) -> N:
    prefix = f"{name}."
    weights = {
        key.removeprefix(prefix): value.float()
        for key, value in read_tensor_file(file or _packaged())[0].items()
        if key.startswith(prefix)
    }
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)


@cache
def _packaged() -> Path:
    with resources.as_file(resources.files("gansmith.faces") / FILE) as path:
        return path
