"""Every generator of images, points and audio can be exported to ONNX."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from gansmith.networks import NETWORKS, SampleSpec, build_networks
from gansmith.recipe import NetworkConfig

CASES: dict[str, tuple[list[tuple[int, int, int]], dict[str, Any]]] = {
    "conv": ([(3, 20, 16), (4, 16, 16)], {"width": 4, "max_width": 8}),
    "dcgan": ([(3, 20, 16), (2, 16, 16)], {"width": 4}),
    "staged": (
        [(3, 20, 16), (4, 16, 16)],
        {"latent": 4, "width": 4, "max_width": 8, "grid_channels": 3, "grid_width": 8},
    ),
    "r3gan": ([(3, 20, 16), (4, 16, 16)], {"width": 4, "max_width": 8, "blocks": 1}),
    "mlp": ([(1, 8, 8), (2, 8, 8)], {"latent": 4}),
    "points": ([(2, 1, 1)], {"width": 8, "depth": 2}),
    "spectrogram": ([(2, 16, 21)], {"width": 8, "max_width": 8, "style": 8}),
    "wavegan": ([(1, 1, 300)], {"width": 4}),
    "mlp-wave": ([(1, 1, 64)], {"latent": 4}),
}
"""Shapes, with and without alpha, and options of small networks."""


@pytest.fixture(scope="module", autouse=True)
def one_registry() -> Iterator[None]:
    """Parse the exporter's operators and collect those of PyTorch once, not for every export."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from torch._export import utils
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib))
        )
        patch.setattr(utils, "_materialize_cpp_cia_ops", cache(utils._materialize_cpp_cia_ops))
        yield


def test_every_generator_of_values_is_exported_here() -> None:
    translators = {"editor", "faceswap", "translator", "labelled-translator", "unet"}
    draws = {"sequence", "tiles", "tile-scales"}  # tokens and tiles, as trained: at random
    assert {*CASES, *translators} == set(NETWORKS) - draws


def test_an_exported_translator_serves_any_size() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    config = NetworkConfig(name="translator", width=4, blocks=1, d_width=4)
    spec = SampleSpec(3, 16, 16, source=SampleSpec(3, 16, 16))
    generator = build_networks(config, spec, seed=0).generator.eval().requires_grad_(False)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own
        sides = {2: 4 * torch.export.Dim("rows", min=4, max=256)}
        sides |= {3: 4 * torch.export.Dim("columns", min=4, max=256)}
        torch.onnx.export(
            generator,
            (torch.rand(1, 3, 16, 24),),
            file,
            dynamo=True,
            verbose=False,
            optimize=False,
            input_names=["sources"],
            dynamic_shapes=(sides,),
        )
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    for size in ((16, 24), (40, 20)):
        sources = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
        (made,) = session.run(None, {"sources": sources.numpy()})
        np.testing.assert_allclose(made, generator(sources).numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        (name, shapes[place % len(shapes)], classes)
        for name, (shapes, _) in CASES.items()
        for place, classes in enumerate((0, 3))
    ],
)
def test_the_exported_generator_agrees_with_torch(
    name: str, shape: tuple[int, int, int], classes: int
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    config = NetworkConfig(name=name, **CASES[name][1])
    generator = build_networks(config, SampleSpec(*shape, classes=classes), seed=0).generator
    generator.eval().requires_grad_(False)
    latents = torch.randn(3, generator.latent, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(3) if classes else None
    given = (latents,) if labels is None else (latents, labels)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own
        batch = torch.export.Dim("batch", min=1, max=1024)
        torch.onnx.export(
            generator,
            given,
            file,
            dynamo=True,
            verbose=False,
            optimize=False,
            input_names=["latents", "labels"][: len(given)],
            dynamic_shapes=tuple({0: batch} for _ in given),
        )
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    for count in (3, 1):
        feeds = {"latents": latents[:count].numpy()}
        if labels is not None:
            feeds["labels"] = labels[:count].numpy()
        (made,) = session.run(None, feeds)
        expected = generator(latents[:count], None if labels is None else labels[:count])
        np.testing.assert_allclose(made, expected.numpy(), rtol=0, atol=1e-5)
