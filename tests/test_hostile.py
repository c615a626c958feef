"""What people may find in a run, a recipe or a generator of somebody else, and what becomes of it.

`test_fuzz.py` tries mutations at random; the cases here are those with one right answer.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import Evaluator
from gansmith.loading.resolve import resolve_source
from gansmith.media.image.codec import ImageCodec
from gansmith.model import load, save_model
from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import DataConfig, EvaluationConfig, NetworkConfig, load_recipe
from gansmith.run import Run
from gansmith.sampling import draw_latents, latent_path
from gansmith.schema import checked
from gansmith.storage.tensor_file import read_tensor_file, write_tensor_file
from gansmith.tasks.evaluate import evaluate
from tests.evaluation.bars import bars
from tests.report.run_folders import make_run

CASES = Path(__file__).parents[2] / "shared" / "cases" / "hostile"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the folder of cases is not here")


def refusal(call: Callable[[], object]) -> str:
    """The one line by which a call refuses."""
    with pytest.raises(GansmithError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    """A small generator of pictures in a run folder."""
    network = NetworkConfig.model_validate({"name": "mlp", "latent": 4})
    spec = SampleSpec(1, 8, 8, classes=2)
    blueprint = Blueprint(ImageCodec(), network, spec, ("a", "b"), (0.5, 0.5))
    run = Run(make_run(tmp_path / "run"))
    save_model(run, blueprint, build_networks(network, spec, seed=0).generator.state_dict())
    return run.generator_file


def altered(file: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change the blueprint of a generator, and write it with a checksum that is right."""
    tensors, facts = read_tensor_file(file)
    blueprint = json.loads(facts["blueprint"])
    change(blueprint)
    write_tensor_file(file, tensors, facts | {"blueprint": json.dumps(blueprint)})
    return file


# Generators


def test_the_same_generator_is_the_same_bytes(generator: Path, tmp_path: Path) -> None:
    model = load(generator)
    other = Run(tmp_path)
    save_model(other, model.blueprint, dict(reversed(model.generator.state_dict().items())))
    assert other.generator_file.read_bytes() == generator.read_bytes()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda b: b.pop("spec"), "spec: field required"),
        (lambda b: b["spec"].update(width=2**40), "width: input should be less than"),
        (lambda b: b["spec"].update(channels="x"), "channels"),
        (lambda b: b["spec"].update(height=60_000, width=60_000), "too large"),
        (lambda b: b["spec"].update(nonsense=1), "nonsense"),
        (lambda b: b["network"].update(latent=10**9), "network.latent"),
        (lambda b: b["network"].update(latent=5), "do not fit"),
        (lambda b: b["network"].update(name="evil"), "'evil' is unknown"),
        (lambda b: b.update(medium="evil"), "'evil' is unknown"),
        (lambda b: b.update(label_names=["a"]), "number of classes differ"),
        (lambda b: b.update(label_weights=[0, 0]), "no class has a share"),
        (lambda b: b.update(label_weights=[float("nan"), 1]), "label_weights"),
        (lambda b: b.update(temperature="hot"), "temperature"),
        (lambda b: b.update(label_names=3), "label_names"),
    ],
)
def test_a_blueprint_is_checked(
    generator: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    line = refusal(lambda: load(altered(generator, change)))
    assert why in line and str(generator) in line


def test_weights_that_are_not_finite_are_refused(generator: Path) -> None:
    tensors, facts = read_tensor_file(generator)
    next(iter(tensors.values())).view(-1)[0] = float("nan")
    write_tensor_file(generator, tensors, facts)
    assert "NaN or infinity" in refusal(lambda: load(generator))


@needs_cases
def test_generators_that_were_reported(tmp_path: Path) -> None:
    folder = CASES / "generator-damaged"
    nan = tmp_path / "nan.safetensors"
    nan.write_bytes(gzip.decompress((folder / "nan.safetensors.gz").read_bytes()))
    assert "NaN or infinity" in refusal(lambda: load(nan))
    assert "one-bit" in refusal(lambda: load(folder / "one-bit-of-header.safetensors"))


def test_networks_larger_than_memory_are_refused_before_they_are_built() -> None:
    large = NetworkConfig.model_validate({"name": "mlp"})
    line = refusal(lambda: build_networks(large, SampleSpec(4, 1024, 1024), seed=0))
    assert "more than 268,435,456 weights" in line
    wide = NetworkConfig.model_validate({"name": "conv", "width": 4096, "max_width": 4096})
    assert "weights" in refusal(lambda: build_networks(wide, SampleSpec(3, 64, 64), seed=0))


def test_more_samples_than_memory_holds_are_refused(
    generator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(generator)
    for call in (
        lambda: model.sample(10**12),
        lambda: model.labels(10**9, 0),
        lambda: draw_latents(10**12, 64, 0),
        lambda: latent_path(torch.zeros(6, 64), 10**12),
    ):
        assert "ask for up to 10,000,000" in refusal(call)
    assert "of memory" in refusal(lambda: draw_latents(10**7, 10**6, 0))
    monkeypatch.setattr("gansmith.storage.memory.free_memory", lambda: 100_000)
    assert len(model.sample(100)) == 100
    assert "1,000 samples take 125.0 KiB" in refusal(lambda: model.sample(1_000))


# Code from files


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program of `torch.export` that leaves a mark when a symbolic expression of it is read."""
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten())
    size = torch.export.Dim("size", min=2)
    plain = tmp_path / "plain.pt2"
    exported = torch.export.export(
        network, (torch.zeros(4, 1, 16, 16),), dynamic_shapes=({0: size},)
    )
    torch.export.save(exported, plain)
    evil = tmp_path / "evil.pt2"
    code = f"__import__('pathlib').Path({str(tmp_path / 'ran')!r}).touch()"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(evil, "w") as target:
        for entry in source.namelist():
            content = source.read(entry)
            if entry.endswith("model.json"):
                content = _with_expression(content, code)
            target.writestr(entry, content)
    return evil


def _with_expression(content: bytes, code: str) -> bytes:
    """Put code in the place of every symbolic expression of a serialised graph."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: code if k == "expr_str" else walk(v) for k, v in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    return json.dumps(walk(json.loads(content))).encode()


def test_a_recipe_cannot_name_a_file_that_runs_code(program: Path, tmp_path: Path) -> None:
    setting = f"evaluation.extractor=torch:{program}"
    calls: list[Callable[[], object]] = [
        lambda: load_recipe("digits", [setting]),
        lambda: checked(EvaluationConfig, {"extractor": f"torch:{program}"}, "evaluation."),
    ]
    file = tmp_path / "r.yaml"
    file.write_text(f"extends: digits\nevaluation: {{extractor: 'torch:{program}'}}\n")
    calls.append(lambda: load_recipe(str(file)))
    for call in calls:
        line = refusal(call)
        assert "onnx:FILE" in line and "runs code" in line
    assert not (tmp_path / "ran").exists()


def test_a_run_that_names_such_a_file_is_refused_and_nothing_runs(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", evaluation={"extractor": f"torch:{program}"})
    assert "onnx:FILE" in refusal(lambda: evaluate(run))
    assert not (tmp_path / "ran").exists()


def test_a_file_that_runs_code_is_used_where_the_caller_names_it(
    tmp_path: Path, labelled_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten()).eval()
    exported = torch.export.export(network, (torch.zeros(4, 1, 32, 32),))
    torch.export.save(exported, tmp_path / "mine.pt2")
    extractor = f"torch:{tmp_path / 'mine.pt2'}"
    result = evaluate(labelled_folder, reference=labelled_folder, extractor=extractor)
    assert result.extractor["name"] == "torch:mine.pt2"
    assert f"warning: {extractor} runs code from this file" in capsys.readouterr().out


def test_the_extractor_of_a_config_runs_no_code_either(program: Path) -> None:
    config = EvaluationConfig()
    assert Evaluator(bars(count=20, held_out=8), config).extractor.name == "random-conv"
    with pytest.raises(ValueError, match="runs code"):
        EvaluationConfig(extractor=f"torch:{program}")


# Recipes


@pytest.mark.parametrize(
    "name",
    [
        *("../../x", "/tmp/x", "a/b", "a\\b", "", ".", "..", ".hidden", "x.", " x", "a\x1b[2J"),
        *("a\nb", "con", "NUL.txt", "a:b", "x" * 101, "a\u2028b"),
    ],
)
def test_a_name_is_the_name_of_one_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(f"extends: digits\nname: {json.dumps(name)}\n", "utf-8")
    assert refusal(lambda: load_recipe(str(file))).startswith("recipe field 'name' is")


@pytest.mark.parametrize("name", ["mine", "icons.v1", "My run 3", "猫", "é" * 100])
def test_usual_names_are_accepted(tmp_path: Path, name: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(f"extends: digits\nname: {json.dumps(name)}\n", "utf-8")
    assert load_recipe(str(file)).name == name


@pytest.mark.parametrize(
    "text",
    [
        "training: {samples: " + "9" * 400 + "}",
        "training: {batch: 100000000}",
        "training: {frames: 1000000}",
        "evaluation: {samples: 2000000}",
        "evaluation: {quick_samples: 99999999}",
        "health: {samples: 1000000}",
        "network: [1]",
        "network: {name: [1]}",
        "data: {size: " + "9x" * 5_000 + "}",
        "x: &x [*x]",
        "1: 2",
        "extends: r.yaml",
        "extends: ./r.yaml",
        "extends: ../folder/r.yaml",
        "extends: [digits]",
        "summary: [" * 300,
    ],
)
def test_recipes_out_of_bounds_are_refused_in_a_short_line(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "r.yaml"
    file.write_text(text if "extends" in text else f"extends: digits\n{text}\n", "utf-8")
    assert len(refusal(lambda: load_recipe(str(file)))) < 1_000


@needs_cases
@pytest.mark.parametrize(
    "case",
    [
        "recipe-laughs/r.yaml",
        "recipe-deep-and-bigint/deep.yaml",
        "recipe-deep-and-bigint/bigint.yaml",
        "recipe-name-traversal/r.yaml",
    ],
)
def test_recipes_that_were_reported(case: str) -> None:
    refusal(lambda: load_recipe(str(CASES / case)))


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device"])
def test_a_recipe_is_a_regular_file(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "r.yaml"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to("r.yaml" if kind == "loop" else "/dev/zero")
    assert "r.yaml" in refusal(lambda: load_recipe(str(file)))


# Runs and data


def test_undecodable_names_and_odd_characters_survive_in_a_run(tmp_path: Path) -> None:
    odd = "\udcff\x1b[2J猫"
    run = Run(tmp_path / "run")
    run.create(load_recipe("digits"), {"name": odd, "label_names": [odd]})
    run.log("note", samples=0, text=odd)
    assert run.manifest()["label_names"] == [odd]
    assert next(run.events())["text"] == odd
    run.forget_after(5)
    assert next(run.events())["text"] == odd


@pytest.mark.parametrize("name", ["manifest.json", "recipe.yaml", "texts.json", "quality.json"])
@pytest.mark.parametrize("kind", ["pipe", "deep", "digits", "list"])
def test_files_of_a_run_are_bounded(tmp_path: Path, name: str, kind: str) -> None:
    run = Run(make_run(tmp_path / "run"))
    file = run.path / name
    file.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.write_text({"deep": "[" * 9_000, "digits": "9" * 5_000, "list": "[1]"}[kind])
    read: dict[str, Callable[[], object]] = {
        "manifest.json": run.facts,
        "recipe.yaml": run.recipe,
        "texts.json": run.texts,
        "quality.json": run.quality,
    }
    if (kind, name) == ("pipe", "texts.json"):
        assert run.texts() == {}  # as where there is none
    else:
        assert str(file) in refusal(read[name])


@pytest.mark.parametrize("kind", ["pipe", "device", "loop"])
def test_data_is_a_file_or_a_folder(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source.png"
    if kind == "pipe":
        os.mkfifo(source)
    else:
        source.symlink_to("source.png" if kind == "loop" else "/dev/zero")
    assert "source.png" in refusal(lambda: resolve_source(DataConfig(source=str(source))))


def test_evaluation_works_where_the_run_can_only_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of the run is closed by a file in the place of a temporary one."""
    from gansmith.tasks import evaluate as task

    def closed(self: Run, verdict: dict[str, Any]) -> None:
        raise GansmithError(f"cannot write {self.quality_file}: Read-only file system")

    recipe = load_recipe("ring", ["training.samples=16", "training.minutes=null"])
    monkeypatch.setattr(Run, "save_quality", closed)
    monkeypatch.setattr(Run, "recipe", lambda self: recipe)
    monkeypatch.setattr(task, "load_generator", lambda path: None)
    monkeypatch.setattr(
        task, "evaluate_model", lambda *_: type("Result", (), {"to_json": lambda self: {}})()
    )
    evaluate(make_run(tmp_path / "run"))
    assert "warning: the result is not kept: cannot write" in capsys.readouterr().out


def test_a_run_is_not_written_through_its_own_files(tmp_path: Path) -> None:
    """A link in a run is replaced, and what it points to stays."""
    run = Run(make_run(tmp_path / "run"))
    mine = tmp_path / "mine.json"
    shutil.copy(run.manifest_file, mine)
    run.manifest_file.unlink()
    run.manifest_file.symlink_to(mine)
    before = mine.read_bytes()
    run.note(stopped=True)
    assert mine.read_bytes() == before and run.facts().stopped
