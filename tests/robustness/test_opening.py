from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.robustness.classifier import Classifier, check_classifier
from gansmith.robustness.opening import open_classifier, parse_labels
from gansmith.robustness.train import save_classifier
from tests.robustness.targets import LABELS, convolutional, grey, held_out, linear, through, trained

SHAPE = (1, 6, 6)


def write_onnx(path: Path, batch: int | str = "n", shape: tuple[int, ...] = SHAPE) -> Path:
    """The linear network in the ONNX format."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    layer, make = linear(), onnx.helper
    weights = [
        onnx.numpy_helper.from_array(layer.weight.numpy().T.copy(), "w"),
        onnx.numpy_helper.from_array(layer.bias.numpy(), "b"),
    ]
    nodes = [
        make.make_node("Flatten", ["x"], ["f"]),
        make.make_node("MatMul", ["f", "w"], ["m"]),
        make.make_node("Add", ["m", "b"], ["z"]),
    ]
    ends = [
        make.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [batch, *shape]),
        make.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [batch, 5]),
    ]
    graph = make.make_graph(nodes, "linear", ends[:1], ends[1:], weights)
    model = make.make_model(graph, ir_version=8, opset_imports=[make.make_opsetid("", 17)])
    onnx.save(model, path)
    return path


def write_program(path: Path, dynamic: Any = None) -> Path:
    example = (torch.zeros(4, *SHAPE),)
    program = torch.export.export(through(linear()), example, dynamic_shapes=dynamic)
    torch.export.save(program, path)
    return path


def write_code(path: Path, code: str) -> Path:
    path.write_text(code, encoding="utf-8")
    return path


def same_logits(found: Classifier) -> None:
    x = grey(9)
    torch.testing.assert_close(found.logits(x), through(linear())(x))


@pytest.mark.parametrize("batch", ["n", 4])
def test_onnx(tmp_path: Path, batch: int | str) -> None:
    found = open_classifier(str(write_onnx(tmp_path / "mine.onnx", batch)))
    same_logits(found)
    assert (found.name, found.shape, found.differentiable) == ("mine.onnx", SHAPE, False)


@pytest.mark.parametrize("dynamic", [None, ({0: torch.export.Dim.DYNAMIC},)])
def test_exported_program(tmp_path: Path, dynamic: Any) -> None:
    file = write_program(tmp_path / "mine.pt2", dynamic)
    with pytest.raises(GansmithError, match=r"mine\.pt2 runs code when it is opened: type it on"):
        open_classifier(str(file))
    found = open_classifier(str(file), runs_code=True, labels=LABELS)
    same_logits(found)
    assert (found.shape, found.batch) == (SHAPE, None if dynamic else 4)
    assert (found.labels, found.differentiable) == (LABELS, True)
    x = grey(5).requires_grad_()
    (gradient,) = torch.autograd.grad(found.logits(x)[:, 1].sum(), x)
    torch.testing.assert_close(gradient[3].flatten(), linear().weight[1])


def test_function_of_a_file(tmp_path: Path) -> None:
    code = (
        "import torch\n"
        "def make():\n"
        "    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(), "
        "torch.nn.Linear(4, 2))\n"
        "    torch.nn.init.ones_(network[2].weight)\n"
        "    torch.nn.init.zeros_(network[2].bias)\n"
        "    return network.train()\n"
        "def plain():\n"
        "    return lambda x: (x.flatten(1)[:, :2], 'and more')\n"
        "def nothing():\n"
        "    pass\n"
        "def fails():\n"
        "    raise RuntimeError('two\\nlines')\n"
        "number = 3\n"
    )
    file = write_code(tmp_path / "mine.py", code)
    with pytest.raises(GansmithError, match="runs code"):
        open_classifier(f"{file}:make")
    x = torch.full((3, 1, 2, 2), 0.25)
    found = open_classifier(f"{file}:make", runs_code=True, value_range=(0, 2))
    torch.testing.assert_close(found.logits(x), torch.full((3, 2), 2.0))  # no dropout
    assert found.name == "mine.py:make"
    plain = open_classifier(f"{file}:plain", runs_code=True)
    torch.testing.assert_close(plain.logits(x), torch.full((3, 2), 0.25))
    for name, message in {
        "none": "has no function 'none'",
        "number": "has no function 'number'",
        "nothing": "returns NoneType: it must return the network",
        "fails": "cannot be opened as a classifier: two lines",
    }.items():
        with pytest.raises(GansmithError, match=message):
            open_classifier(f"{file}:{name}", runs_code=True)


def test_code_runs_only_with_consent(tmp_path: Path) -> None:
    file = write_code(
        tmp_path / "mine.py",
        f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n"
        "raise SystemError('no')\n",
    )
    with pytest.raises(GansmithError, match="runs code"):
        open_classifier(f"{file}:make")
    assert not (tmp_path / "ran").exists()
    with pytest.raises(GansmithError, match="cannot be opened as a classifier: no"):
        open_classifier(f"{file}:make", runs_code=True)
    assert (tmp_path / "ran").exists()


def test_own_folder(tmp_path: Path) -> None:
    save_classifier(trained(), tmp_path / "mine")
    found = open_classifier(str(tmp_path / "mine"))
    images = held_out()
    assert torch.equal(found.logits(images.x), convolutional().logits(images.x))
    assert (found.labels, found.shape) == (LABELS, (1, 10, 10))
    check_classifier(found, images)
    renamed = open_classifier(str(tmp_path / "mine"), labels=("a", "b", "c", "d", "e"))
    assert renamed.labels == ("a", "b", "c", "d", "e")
    with pytest.raises(GansmithError, match="is part of a classifier: give its folder"):
        open_classifier(str(tmp_path / "mine" / "model.safetensors"))


@pytest.mark.parametrize("name", ["mine.onnx", "mine.pt2", "mine.py:make"])
def test_missing_and_damaged_files_get_one_line(tmp_path: Path, name: str) -> None:
    if name == "mine.onnx":
        pytest.importorskip("onnxruntime")
    file = tmp_path / name.partition(":")[0]
    with pytest.raises(GansmithError, match="No such file"):
        open_classifier(f"{tmp_path}/{name}", runs_code=True)
    for content in (b"", b"neither this nor that", np.random.default_rng(0).bytes(3_000)):
        file.write_bytes(content)
        with pytest.raises(GansmithError, match=r"cannot be opened|has no function") as error:
            open_classifier(f"{tmp_path}/{name}", runs_code=True)
        assert "\n" not in str(error.value)


def test_a_cut_off_file_gets_one_line(tmp_path: Path) -> None:
    for file in (write_onnx(tmp_path / "mine.onnx"), write_program(tmp_path / "mine.pt2")):
        file.write_bytes(file.read_bytes()[:-200])
        with pytest.raises(GansmithError, match=r"cannot be opened|carries"):
            open_classifier(str(file), runs_code=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(GansmithError, match="not a regular file"):
        open_classifier(str(tmp_path / "pipe.onnx"))


def test_what_no_classifier_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mnist", "C:/x.bin", "mine.py"):
        with pytest.raises(GansmithError, match=r"no classifier: give a folder of"):
            open_classifier(name, runs_code=True)
    with pytest.raises(GansmithError, match="holds no classifier"):
        open_classifier(str(tmp_path))
    write_onnx(tmp_path / "flat.onnx", shape=(36,))
    with pytest.raises(GansmithError, match=r"input of 2 dimensions: .* \[N, C, H, W\]"):
        open_classifier(str(tmp_path / "flat.onnx"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(GansmithError, match=r"pip install 'gansmith\[onnx\]'"):
        open_classifier(str(tmp_path / "flat.onnx"))


def test_names_of_outputs(tmp_path: Path) -> None:
    assert parse_labels(None) == ()
    assert parse_labels("cat, dog,ünï 1") == ("cat", "dog", "ünï 1")
    (tmp_path / "names.txt").write_text("a, b\nc\n\n", encoding="utf-8")
    assert parse_labels(str(tmp_path / "names.txt")) == ("a, b", "c")
    for text, why in (("a,,b", "a name that is empty"), ("a,b,a", "'a' twice"), ("", "is empty")):
        with pytest.raises(GansmithError, match=f"{why}: name each output"):
            parse_labels(text)
