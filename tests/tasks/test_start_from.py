from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

import gansmith
from gansmith.errors import GansmithError
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree
from tests.conftest import make_labelled

QUICK = (
    *("training.batch=8", "training.frames=0", "network.width=4", "network.head=8"),
    *("evaluation.quick_looks=0", "evaluation.samples=16", "evaluation.extractor=pixels"),
    *("health.probes=0", "training.log_every=1"),
)


def train(data: Path, out: Path, samples: int, *settings: str, console: Console | None = None):  # type: ignore[no-untyped-def]
    quiet = console or Console(quiet=True)
    settings = (*QUICK, *settings)
    return gansmith.train(
        "pictures", data=data, out=out, samples=samples, settings=settings, console=quiet
    )


def last(run: Path) -> Tree:
    state = Run(run).load_checkpoint("last")
    assert state is not None
    return state


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("first")
    train(make_labelled(home / "shapes", 16), home / "run", 64)
    return home


def test_training_starts_from_the_networks_of_another_run_on_more_data(
    first: Path, tmp_path: Path
) -> None:
    more = make_labelled(tmp_path / "more", 24)
    console = Console(record=True, width=200)
    start = f"training.start_from={first / 'run'}"
    train(more, tmp_path / "run", 8, start, "optimiser.g_lr=1e-12", console=console)
    assert "starts from" in console.export_text()
    source, found = last(first / "run"), last(tmp_path / "run")
    for name, weight in source["averages"]["generator"].items():
        assert torch.allclose(weight, found["networks"]["generator"][name], atol=1e-6), name
    for name, weight in source["networks"]["discriminator"].items():
        assert torch.allclose(weight, found["networks"]["discriminator"][name], atol=0.01), name
    assert Run(tmp_path / "run").recipe().training.start_from == str(first / "run")


def test_a_run_resumes_without_the_run_it_started_from(first: Path, tmp_path: Path) -> None:
    start = Path(shutil.copytree(first / "run", tmp_path / "start"))
    data, setting = first / "shapes", f"training.start_from={start}"
    train(data, tmp_path / "whole", 32, setting)
    steps: list[object] = []
    stopped = gansmith.train(
        "pictures",
        data=data,
        out=tmp_path / "parts",
        samples=32,
        settings=(*QUICK, setting),
        console=Console(quiet=True),
        on_event=steps.append,
        should_stop=lambda: len(steps) > 2,
    )
    assert stopped is None
    shutil.rmtree(start)
    train(data, tmp_path / "parts", 32, setting)
    assert np.array_equal(
        gansmith.load(tmp_path / "whole").sample(4), gansmith.load(tmp_path / "parts").sample(4)
    )


def test_a_critic_that_does_not_fit_starts_untrained(first: Path, tmp_path: Path) -> None:
    console = Console(record=True, width=200)
    start = f"training.start_from={first / 'run'}"
    train(
        first / "shapes",
        tmp_path / "run",
        8,
        start,
        "objective.constraint=spectral",
        console=console,
    )
    assert "discriminator does not fit and starts untrained" in console.export_text()


def test_networks_that_do_not_fit_are_refused_in_one_line(first: Path, tmp_path: Path) -> None:
    for setting in ("network.width=8", "data.labels=false"):
        with pytest.raises(GansmithError, match=r"generator of .* does not fit: .*shape") as caught:
            train(
                first / "shapes",
                tmp_path / "run",
                8,
                f"training.start_from={first / 'run'}",
                setting,
            )
        assert "\n" not in str(caught.value)
    with pytest.raises(GansmithError, match=r"training\.start_from: there is no run folder"):
        train(first / "shapes", tmp_path / "run", 8, f"training.start_from={tmp_path / 'none'}")
    assert not (tmp_path / "run").exists()


def test_frozen_layers_keep_their_weights(first: Path, tmp_path: Path) -> None:
    start = f"training.start_from={first / 'run'}"
    names = list(last(first / "run")["averages"]["generator"])
    prefix = names[0].rpartition(".")[0]
    train(first / "shapes", tmp_path / "run", 32, start, f"training.freeze=generator.{prefix}")
    source = last(first / "run")["averages"]["generator"]
    found = last(tmp_path / "run")["networks"]["generator"]
    same = {name for name in names if torch.equal(source[name], found[name])}
    assert {name for name in names if name.startswith(f"{prefix}.")} <= same
    assert same != set(names)


def test_a_prefix_that_matches_nothing_is_refused(first: Path, tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"no weight begins with 'generator\.nothing'"):
        train(first / "shapes", tmp_path / "run", 8, "training.freeze=generator.nothing")
    with pytest.raises(GansmithError, match="leaves nothing to train in 'discriminator'"):
        train(first / "shapes", tmp_path / "run", 8, "training.freeze=discriminator")
