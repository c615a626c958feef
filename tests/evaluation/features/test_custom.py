from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gansmith.errors import GansmithError
from gansmith.evaluation.features import build_extractor
from tests.evaluation.bars import bars
from tests.evaluation.tones import LENGTH, tones

DYNAMIC = torch.export.Dim.DYNAMIC


def embedding(channels: int = 1) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        convolution = nn.Conv2d(channels, 6, 3)
    return nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()


def export(network: nn.Module, shape: tuple[int, ...], dynamic: Any, path: Path) -> Path:
    program = torch.export.export(network, (torch.zeros(shape),), dynamic_shapes=(dynamic,))
    torch.export.save(program, path)
    return path


@pytest.mark.parametrize("dynamic", [{0: DYNAMIC}, {0: DYNAMIC, 2: DYNAMIC, 3: DYNAMIC}, None])
def test_exported_program(tmp_path: Path, dynamic: Any) -> None:
    network, dataset = embedding(), bars(count=41, held_out=5)
    file = export(network, (4, 1, 16, 16), dynamic, tmp_path / "mine.pt2")
    extractor = build_extractor(f"torch:{file}", dataset)
    expected = network(torch.from_numpy(dataset.samples).permute(0, 3, 1, 2) / 255)
    torch.testing.assert_close(extractor.features(dataset.samples), expected.detach())
    assert (extractor.name, extractor.dimensions) == ("torch:mine.pt2", 6)


def test_exported_program_sets_size_and_colour(tmp_path: Path) -> None:
    file = export(embedding(3), (2, 3, 24, 20), {0: DYNAMIC}, tmp_path / "mine.pt2")
    extractor = build_extractor(f"torch:{file}", bars(count=5, held_out=2, shape=(40, 40, 2)))
    assert "20x24" in extractor.preprocessing.description
    assert "RGB" in extractor.preprocessing.description


def test_pickled_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    file = export(embedding(), (4, 1, 16, 16), {0: DYNAMIC}, tmp_path / "mine.pt2")
    torch.save(Evil(), tmp_path / "evil.pt")
    forged = tmp_path / "forged.pt2"
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(forged, "w") as target:
        for entry in source.namelist():
            evil = (tmp_path / "evil.pt").read_bytes() if "sample_inputs" in entry else None
            target.writestr(entry, evil or source.read(entry))
    with pytest.raises(GansmithError, match=r"forged\.pt2 does not serve"):
        build_extractor(f"torch:{forged}", bars(count=5, held_out=2))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "entry", ["data/constants/custom_obj_0", "data/constants/opaque_obj_0", "data/weights/model.pt"]
)
def test_opaque_objects_are_refused(tmp_path: Path, entry: str) -> None:
    file = export(embedding(), (4, 1, 16, 16), {0: DYNAMIC}, tmp_path / "mine.pt2")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(f"mine/{entry}", b"")
    with pytest.raises(GansmithError, match="neither graph nor weight"):
        build_extractor(f"torch:{file}", bars(count=5, held_out=2))


def write_onnx(path: Path, shape: list[int | str]) -> nn.Module:
    onnx = pytest.importorskip("onnx")
    network = embedding()
    make, numpy_helper = onnx.helper, onnx.numpy_helper
    weights = [
        numpy_helper.from_array(value.detach().numpy(), name)
        for name, value in zip("wb", network.parameters(), strict=True)
    ]
    nodes = [
        make.make_node("Conv", ["x", "w", "b"], ["c"]),
        make.make_node("Relu", ["c"], ["r"]),
        make.make_node("GlobalAveragePool", ["r"], ["y"]),
    ]
    kind = onnx.TensorProto.FLOAT
    ends = [make.make_tensor_value_info("x", kind, shape)]
    ends += [make.make_tensor_value_info("y", kind, [shape[0], 6, 1, 1])]
    graph = make.make_graph(nodes, "embedding", ends[:1], ends[1:], weights)
    model = make.make_model(graph, ir_version=8, opset_imports=[make.make_opsetid("", 17)])
    onnx.save(model, path)
    return network


@pytest.mark.parametrize("shape", [["n", 1, "h", "w"], [1, 1, 16, 16], [8, 1, 16, 16]])
def test_onnx(tmp_path: Path, shape: list[int | str]) -> None:
    pytest.importorskip("onnxruntime")
    network, dataset = write_onnx(tmp_path / "mine.onnx", shape), bars(count=13, held_out=5)
    extractor = build_extractor(f"onnx:{tmp_path / 'mine.onnx'}", dataset)
    expected = network(torch.from_numpy(dataset.samples).permute(0, 3, 1, 2) / 255)
    torch.testing.assert_close(extractor.features(dataset.samples), expected.detach())
    assert extractor.dimensions == 6


def test_onnx_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.onnx").touch()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(GansmithError, match=r"pip install 'gansmith\[onnx\]'"):
        build_extractor(f"onnx:{tmp_path / 'mine.onnx'}", bars(count=5, held_out=2))


@pytest.mark.parametrize("kind", ["onnx", "torch"])
def test_missing_and_damaged_files_get_one_line(tmp_path: Path, kind: str) -> None:
    if kind == "onnx":
        pytest.importorskip("onnxruntime")
    dataset = bars(count=5, held_out=2)
    for setting in (kind, f"{kind}:", f"{kind}:{tmp_path / 'none'}"):
        with pytest.raises(GansmithError, match="needs a file"):
            build_extractor(setting, dataset)
    (tmp_path / "damaged").write_bytes(b"neither this nor that")
    with pytest.raises(GansmithError, match="does not serve") as error:
        build_extractor(f"{kind}:{tmp_path / 'damaged'}", dataset)
    assert "\n" not in str(error.value)


def listening(shape: tuple[int, ...]) -> nn.Module:
    """Loudness in eight parts of a wave, or of the bands of a picture."""
    pool: nn.Module = nn.AdaptiveAvgPool1d(8) if len(shape) == 2 else nn.AdaptiveAvgPool2d((8, 1))

    class Loudness(nn.Module):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = pool(values.abs())
            return found.flatten(1)

    return Loudness().eval()


@pytest.mark.parametrize("points", [LENGTH, 3_200, 800])
def test_networks_that_take_waves_hear_them(tmp_path: Path, points: int) -> None:
    dataset = tones()
    file = export(listening((4, points)), (4, points), {0: DYNAMIC}, tmp_path / "ears.pt2")
    extractor = build_extractor(f"torch:{file}", dataset)
    waves = dataset.samples[:, 0, :, 0] / 32768
    waves = np.pad(waves, ((0, 0), (0, max(0, points - waves.shape[1]))))[:, :points]
    expected = np.abs(waves).reshape(len(waves), 8, -1).mean(2)
    np.testing.assert_allclose(extractor.features(dataset.samples), expected, atol=1e-6)
    assert f"{points:,} points" in extractor.preprocessing.description


@pytest.mark.parametrize("side", [64, 96])
def test_networks_that_take_pictures_see_levels_of_sounds(tmp_path: Path, side: int) -> None:
    dataset, shape = tones(), (4, 1, side, 32)
    file = export(listening(shape), shape, {0: DYNAMIC}, tmp_path / "eyes.pt2")
    extractor = build_extractor(f"torch:{file}", dataset)
    seen = extractor.preprocessing(dataset.samples)
    assert seen.shape == (len(dataset), *shape[1:]) and 0 <= seen.min() < seen.max() <= 1
    assert dataset.labels is not None
    low, high = (seen[dataset.labels == label].mean(dim=(0, 1, 3)) for label in (0, 1))
    assert low.argmax() < high.argmax()
    expected = seen.reshape(len(seen), 8, -1).mean(2)
    torch.testing.assert_close(extractor.features(dataset.samples), expected)


def test_sounds_need_a_network_for_sounds(tmp_path: Path) -> None:
    file = export(embedding(3), (2, 3, 24, 20), {0: DYNAMIC}, tmp_path / "mine.pt2")
    with pytest.raises(GansmithError, match=r"of sounds it must be \[N, T\], waves, or \[N, 1"):
        build_extractor(f"torch:{file}", tones())


def test_inputs_of_another_kind_are_explained(tmp_path: Path) -> None:
    file = export(nn.Linear(4, 2), (3, 4), {0: DYNAMIC}, tmp_path / "vectors.pt2")
    with pytest.raises(GansmithError, match=r"must be \[N, 1 or 3, H, W\]"):
        build_extractor(f"torch:{file}", bars(count=5, held_out=2))
