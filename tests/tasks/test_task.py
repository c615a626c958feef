"""A task without a generator: a classifier that trains, resumes and loads as its own model."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import gansmith
from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.medium import MEDIA
from gansmith.model import (
    MODELS,
    GeneratorModel,
    Model,
    Weights,
    averaged_weights,
    load,
    save_networks,
)
from gansmith.networks import SampleSpec, load_weights
from gansmith.recipe import Recipe, load_recipe
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.run_schema import Event
from gansmith.tasks.build import TrainingSetup
from gansmith.tasks.task import TASKS, Task, register_task
from gansmith.training.duel import Batch, Duel, Loss
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader


class ClassifierDuel(Duel):
    """One network that learns labels; it has no critic."""

    shipped = ("classifier",)
    losses = (Loss("loss", "cross entropy", "classifier"),)

    def __init__(self, network: nn.Module, engine: Engine) -> None:
        self.network, self.engine = network.to(engine.device), engine
        self.networks = {"classifier": self.network}
        self.optimisers = {"classifier": torch.optim.Adam(network.parameters(), 1e-3)}
        self.loss = 0.0

    def reconfigure(self, recipe: Recipe) -> None: ...

    def set_progress(self, progress: float, samples: int) -> None: ...

    def step(self, batches: list[Batch]) -> None:
        (batch,) = batches
        assert batch.condition is not None
        loss = nn.functional.cross_entropy(self.network(batch.samples), batch.condition)
        self.engine.backward_and_step(loss, self.optimisers["classifier"])
        self.loss = float(loss.detach())

    def signals(self) -> dict[str, float]:
        return {"loss": self.loss}


def network_for(spec: SampleSpec) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(spec.shape)), spec.classes))


class ClassifierModel(Model):
    """Names the class of each input."""

    def __init__(self, network: nn.Module, blueprint: Blueprint) -> None:
        super().__init__(blueprint)
        self.network = network.eval()

    @classmethod
    def from_weights(cls, blueprint: Blueprint, weights: Mapping[str, Weights]) -> Self:
        network = network_for(blueprint.spec)
        load_weights(network, weights["classifier"])
        return cls(network, blueprint)

    def apply(self, inputs: Sequence[Path | str] | NDArray[Any]) -> NDArray[Any]:
        channels, height, width = self.blueprint.spec.shape
        samples = self.read_inputs(inputs, (height, width, channels))
        logits: Tensor = self.network(self.codec.encode(torch.from_numpy(samples)))
        return logits.argmax(1).numpy()


class Classification(Task):
    name = "toy-classify"
    model_class = ClassifierModel

    @classmethod
    def result_file(cls, run: Run) -> Path:
        return run.model_file

    def build(self) -> TrainingSetup:
        config, dataset = self.recipe.training, self.dataset
        codec = MEDIA[self.recipe.medium].codec.fit(self.recipe, dataset)
        spec = SampleSpec(*codec.shape(dataset.samples.shape), dataset.classes)
        engine = Engine(config.precision, config.seed)
        blueprint = Blueprint(
            codec,
            self.recipe.network,
            spec,
            dataset.label_names,
            task=self.name,
            shipped=("classifier",),
        )
        duel = ClassifierDuel(network_for(spec), engine)
        feed = BatchLoader(dataset, codec, engine, config.batch, config.seed, conditional=True)
        return TrainingSetup(blueprint, engine, duel, feed)  # type: ignore[arg-type]

    def finish(self, run: Run, samples: int) -> None:
        blueprint = self.build().blueprint
        state = run.load_checkpoint("last")
        assert state is not None
        save_networks(run, blueprint, averaged_weights(blueprint, state))


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    TASKS.names(), MODELS.names()  # the built-in ones stay
    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    monkeypatch.setattr(MODELS, "_entries", dict(MODELS._entries))
    register_task(Classification)
    yield


SETTINGS = ["task=toy-classify", "training.batch=8", "health.probes=0", "training.log_every=2"]


def train(data: Path, out: Path, samples: int, **options: Any) -> Model | None:
    return gansmith.train(
        "pictures", data=data, out=out, samples=samples, settings=SETTINGS, **options
    )


def weights(run: Path) -> dict[str, Tensor]:
    return Run(run).load_trained()[0]


def test_a_classifier_trains_and_loads_as_its_own_model(
    labelled_folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    model = train(labelled_folder, run, 2000)
    assert isinstance(model, ClassifierModel) and isinstance(load(run), ClassifierModel)
    names = {path.name for path in run.iterdir()}
    assert "model.safetensors" in names and not names & {"generator.safetensors", "lock"}
    files = sorted(labelled_folder.rglob("*.png"))
    found = [model.label_names[k] for k in gansmith.load(run).apply(files)]
    right = np.mean([name == file.parent.name for name, file in zip(found, files, strict=True)])
    assert right > 0.8
    alone = Run(run).model_file.rename(tmp_path / "alone.safetensors")
    assert np.array_equal(load(alone).apply(files), model.apply(files))
    assert isinstance(load(run), ClassifierModel)  # from the checkpoint


def test_a_classifier_resumes_to_the_same_weights(labelled_folder: Path, tmp_path: Path) -> None:
    train(labelled_folder, tmp_path / "whole", 160)
    steps: list[Event] = []
    stopped = train(
        labelled_folder,
        tmp_path / "parts",
        160,
        on_event=steps.append,
        should_stop=lambda: any(event["event"] == "step" for event in steps),
    )
    assert stopped is None
    assert train(labelled_folder, tmp_path / "parts", 160) is not None
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_verbs_for_generators_refuse_a_classifier_and_others_take_it(
    labelled_folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    model = train(labelled_folder, run, 32)
    assert model is not None
    for refused in (
        lambda: gansmith.generate(run, 4),
        lambda: gansmith.evaluate(run),
        lambda: model.sample(2),
    ):
        with pytest.raises(GansmithError, match="toy-classify"):
            refused()
    assert write_report(run).is_file()
    assert json.loads(json.dumps(gansmith.diagnose(run).to_json()))
    estimate = gansmith.doctor("pictures", data=labelled_folder, settings=SETTINGS).estimate
    assert estimate is not None and estimate.rate > 0
    manifest = Run(run).manifest()
    assert manifest["task"] == "toy-classify"
    assert manifest["blueprint"]["format"] == 2
    assert list(manifest["blueprint"]["networks"]) == ["classifier"]


def test_an_unknown_task_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="task 'toy-clasify' is unknown"):
        gansmith.train("pictures", data="nowhere", settings=["task=toy-clasify"])


def test_a_recipe_without_a_task_generates() -> None:
    recipe = load_recipe("digits")
    assert recipe.task == "generate"
    assert TASKS[recipe.task].model_class is GeneratorModel


def test_a_training_is_stopped_from_another_thread_and_locks_its_folder(
    labelled_folder: Path, tmp_path: Path
) -> None:
    run, asked, began = tmp_path / "run", threading.Event(), threading.Event()
    results: list[Model | None] = []

    def work() -> None:
        def listen(event: Event) -> None:
            if event["event"] == "step":
                began.set()

        results.append(
            train(
                labelled_folder,
                run,
                10**9,
                should_stop=asked.is_set,
                on_event=listen,
            )
        )

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert began.wait(60)
        with pytest.raises(GansmithError, match="is being trained by process"):
            train(labelled_folder, run, 10**9)
    finally:
        asked.set()
        thread.join(60)
    assert results == [None]
    assert not Run(run).lock_file.exists()
    events, offset = Run(run).read_events()
    assert events[-1]["text"].startswith("stopped and saved after")
    assert Run(run).read_events(offset) == ([], offset)
