"""Adversarial training: what it withstands, its starts, and that it resumes to the same weights."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

import gansmith
from gansmith.cli import app
from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec
from gansmith.provenance.texts import HTML
from gansmith.recipe import NetworkConfig, load_recipe
from gansmith.robustness.attacks import pgd, run_attack
from gansmith.robustness.classifier import take_images
from gansmith.robustness.feed import LabelledFeed
from gansmith.robustness.hardening import HardeningDuel, WarmStarts
from gansmith.robustness.ladder import robustness
from gansmith.robustness.networks import build_classifier
from gansmith.robustness.opening import open_classifier
from gansmith.robustness.result import Evaluation
from gansmith.robustness.threat import Threat
from gansmith.run import Run
from gansmith.run_schema import Event
from gansmith.tasks.task import report_of
from gansmith.training.engine import Engine
from tests.conftest import make_labelled
from tests.robustness.targets import LABELS, held_out, spots, target

EPS = 0.15


def hardened(*settings: str, steps: int = 120) -> HardeningDuel:
    options = [f"hardening.eps={EPS}", "hardening.steps=5", "hardening.lr=0.005", *settings]
    recipe = load_recipe("harden", options)
    engine = Engine("32-true", 0)
    feed = LabelledFeed(spots(), engine, 32, 0)
    network = build_classifier(
        NetworkConfig(name="conv", width=8, features=32), SampleSpec(1, 10, 10, len(LABELS))
    )
    duel = HardeningDuel(network, recipe, engine, feed.count, feed.shape, 0)
    for step in range(steps):
        duel.set_progress(step / steps, 0)
        duel.step([feed.next()])
    duel.network.eval().requires_grad_(False)
    return duel


def withstood(network: object) -> float:
    images = held_out()
    attack = partial(pgd, steps=40)
    found = run_attack(attack, network, images.x, images.y, Threat(EPS))  # type: ignore[arg-type]
    return 1 - float(found.fooled.float().mean())


def test_it_withstands_what_a_plain_classifier_does_not() -> None:
    duel = hardened()
    assert withstood(duel.network) > withstood(target().logits) + 0.15
    signals = duel.signals()
    assert set(signals) >= {loss.name for loss in duel.losses}
    assert signals["eps"] == pytest.approx(EPS)


def test_eps_grows_and_the_rate_passes_a_cycle() -> None:
    duel = hardened("hardening.beyond=1.2", steps=0)
    seen, rates = [], []
    for progress in (0, 0.175, 0.35, 0.9, 1.0):
        duel.set_progress(progress, 0)
        seen.append(duel._threat.eps / EPS)
        rates.append(duel.optimisers["classifier"].param_groups[0]["lr"])
    assert seen == pytest.approx([0.024, 0.6, 1.2, 1.2, 1.2])
    assert rates[-1] < rates[0] < max(rates) <= 0.005


def test_moved_images_are_attacked_afresh_and_stay_images(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []
    attacked = HardeningDuel._by_pgd

    def watched(duel: HardeningDuel, x: torch.Tensor, *rest: object) -> torch.Tensor:
        seen.append(x)
        return attacked(duel, x, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(HardeningDuel, "_by_pgd", watched)
    plain = hardened("hardening.advgan=0", steps=1)
    moved = hardened(
        "hardening.advgan=0", "augment.ops=translation,colour", "augment.probability=1", steps=1
    )
    assert "starts" in plain.state() and "starts" not in moved.state()
    assert seen[0].shape == seen[1].shape and not torch.equal(seen[0], seen[1])
    assert 0 <= float(seen[1].min()) <= float(seen[1].max()) <= 1
    with pytest.raises(GansmithError, match="takes square samples"):
        recipe = load_recipe("harden", ["augment.ops=rotate"])
        HardeningDuel(torch.nn.Linear(1, 1), recipe, Engine("32-true", 0), 8, (1, 10, 12), 0)


def test_starts_are_the_signs_that_were_kept() -> None:
    starts, threat = WarmStarts(6, (1, 3, 5)), Threat(0.1)
    generator = torch.Generator().manual_seed(0)
    deltas = torch.randn(4, 1, 3, 5)
    places = torch.tensor([5, 0, 3, 1])
    starts.keep(deltas, places)
    x = torch.full((6, 1, 3, 5), 0.5)
    middle = torch.full_like(x, 0.7)
    everything = torch.arange(6)
    found = torch.stack(
        [starts.replace(middle, x, everything, threat, generator) for _ in range(12)]
    )
    warm = (found - 0.7).abs().flatten(2).amax(2) > 1e-6
    assert warm[:, [2, 4]].sum() == 0  # nothing was kept for these
    assert 0.3 < float(warm[:, places].float().mean()) < 0.7
    for row, place in enumerate(places.tolist()):
        one = found[warm[:, place], place][0]
        assert torch.allclose(one, 0.5 + 0.1 * (deltas[row] > 0).float() * 2 - 0.1)


def test_advgan_alone_is_refused() -> None:
    with pytest.raises(GansmithError, match="hardened by AdvGAN alone withstands that generator"):
        load_recipe("harden-digits", ["hardening.advgan=0.9"])


SETTINGS = [
    "data.size=8",
    "network.width=8",
    "hardening.chosen_on=10",
    "hardening.steps=2",
    "training.batch=8",
    "training.log_every=1",
    "evaluation.samples=16",
    "evaluation.quick_looks=2",
    "data.held_out=0.3",
]


def test_a_run_resumes_to_the_same_weights_and_opens_as_a_classifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gansmith.tasks.hardening as task

    found: list[Evaluation] = []  # both runs ship the same weights: one evaluation is theirs

    def measure(*arguments: Any, **options: Any) -> Evaluation:
        if not found:
            quick = options | {"advgan": None, "queries": 5}
            found.append(robustness(*arguments, **quick))
        return found[0]

    monkeypatch.setattr(task, "robustness", measure)
    data = make_labelled(tmp_path / "data", 40)

    def train(name: str, **options: object) -> object:
        return gansmith.train(
            "harden", data=data, out=tmp_path / name, samples=64, settings=SETTINGS, **options
        )  # type: ignore[arg-type]

    whole = train("whole")
    steps: list[Event] = []
    stop = {"should_stop": lambda: len(steps) >= 3, "on_event": steps.append}
    assert train("parts", **stop) is None
    assert train("parts") is not None
    ours, theirs = (Run(tmp_path / name).load_trained()[0] for name in ("whole", "parts"))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    opened = open_classifier(str(tmp_path / "whole"))
    files = sorted(data.rglob("*.png"))
    said = whole.apply(files)  # type: ignore[attr-defined]
    assert opened.labels == whole.label_names and said.shape == (len(files),)  # type: ignore[attr-defined]
    names = {path.name for path in (tmp_path / "whole").iterdir()}
    assert {"robustness.json", "report.html", "sheet.png", "model.safetensors"} <= names
    page = (tmp_path / "whole" / "report.html").read_text("utf-8")
    assert "classifier under attack" in page and "Accuracy during training" in page
    assert CliRunner().invoke(app, ["report", str(tmp_path / "whole")]).exit_code == 0
    again = (tmp_path / "whole" / "report.html").read_text("utf-8")
    assert HTML.known.sub("", again) == HTML.known.sub("", page)
    (tmp_path / "whole" / "robustness.json").write_text('{"outcomes": 3}', "utf-8")
    damaged = CliRunner().invoke(app, ["report", str(tmp_path / "whole")])
    assert "robustness.json is damaged" in str(damaged.exception)
    (tmp_path / "whole" / "robustness.json").unlink()  # as before the end of a training
    assert report_of(tmp_path / "whole").is_file()
    assert "Classifier trained on <b>data</b>" in (tmp_path / "whole" / "report.html").read_text(
        "utf-8"
    )
    kinds = [event["event"] for event in Run(tmp_path / "whole").events()]
    assert kinds.count("attacked") == 2


def test_images_of_the_feed_are_those_of_the_dataset() -> None:
    feed = LabelledFeed(spots(), Engine("32-true", 0), 16, 0)
    batch = feed.next()
    assert batch.places is not None and batch.condition is not None
    same = take_images(spots(), spots().train_indices[batch.places.numpy()])
    assert torch.equal(batch.samples, same.x) and torch.equal(batch.condition, same.y)
