"""The whole evaluation: an honest network, three fake defences, and networks without gradients."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from typing import Any

import pytest
import torch
from scipy.stats import binomtest
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.recipe import NetworkConfig
from gansmith.robustness import sanity
from gansmith.robustness.attacks import misread
from gansmith.robustness.classifier import Classifier
from gansmith.robustness.ladder import robustness
from gansmith.robustness.result import Evaluation, Proportion
from gansmith.robustness.train import TrainingOptions, train_classifier
from tests.robustness.targets import LABELS, held_out, spots, target

EPS, COUNT, QUERIES = 0.15, 40, 100


def evaluated(classifier: Classifier, **options: Any) -> Evaluation:
    settings = {"images": COUNT, "queries": QUERIES} | options
    return robustness(classifier, spots(), EPS, **settings)


def behind(change: Any) -> Classifier:
    """The classifier of the spots behind a fake defence."""
    return Classifier(lambda x: change(target().logits, x), "defended")


@cache
def honest() -> Evaluation:
    return evaluated(target())


@pytest.fixture(autouse=True)
def fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanity, "_LONGER", 2)


def failed(evaluation: Evaluation) -> set[str]:
    return {check.name for check in evaluation.checks if check.passed is False}


@pytest.mark.parametrize(("count", "total"), [(0, 10), (7, 10), (445, 1000), (200, 200)])
def test_the_interval_is_that_of_wilson(count: int, total: int) -> None:
    expected = binomtest(count, total).proportion_ci(method="wilson")
    assert Proportion(count, total).interval == pytest.approx((expected.low, expected.high))


def test_an_honest_network_passes() -> None:
    found = honest()
    assert found.reliable
    assert failed(found) == set()
    assert all(check.passed for check in found.checks)
    assert [outcome.name for outcome in found.outcomes] == [
        *("clean", "noise", "FGSM", "PGD-40", "PGD-100x5", "APGD-CE", "APGD-T", "Square")
    ]
    shares = {outcome.name: outcome.accuracy.share for outcome in found.outcomes}
    assert shares["clean"] == 1
    assert shares["noise"] > shares["FGSM"] >= shares["PGD-40"] >= shares["APGD-T"]
    assert found.worst.share <= min(shares.values())
    assert found.verdict.startswith(f"robust accuracy {found.worst} within eps 0.15 (Linf)")
    assert found.seconds >= sum(outcome.seconds for outcome in found.outcomes) > 0


def test_what_fooled_it_is_kept() -> None:
    found, images = honest(), held_out(120)
    x = images.x[found.indices]
    y = images.y[found.indices]
    fooled = misread(target().logits, found.adversarial, y)
    assert int((~fooled).sum()) == found.worst.count
    assert float((found.adversarial - x).abs().max()) <= EPS + 1e-6
    assert torch.equal(found.adversarial[~fooled], x[~fooled])
    union = set().union(*(outcome.fooled for outcome in found.outcomes))
    assert union == set(found.indices[fooled.numpy()].tolist())
    for outcome in found.outcomes:
        assert len(outcome.fooled) == found.outcomes[0].accuracy.count - outcome.accuracy.count


def test_classes_and_curve_add_up() -> None:
    found = honest()
    assert [row.label for row in found.classes] == list(LABELS)
    assert sum(row.attacked.count for row in found.classes) == found.worst.count
    assert sum(row.clean.total for row in found.classes) == found.worst.total == COUNT
    curve = dict(found.curve)
    assert list(curve) == pytest.approx([0, 0.0375, 0.075, 0.1125, 0.15, 0.225, 0.3])
    assert curve[0] == 1 and curve[0.3] < 0.1


def test_the_result_is_plain() -> None:
    plain = json.loads(json.dumps(honest().to_json()))
    assert plain["reliable"] and plain["verdict"] == honest().verdict
    assert plain["threat"] == {"eps": EPS, "norm": "Linf"}
    assert len(plain["images"]) == COUNT


def masked(net: Any, x: Tensor) -> Tensor:
    return net(x) * 1e4


def noisy(net: Any, x: Tensor) -> Tensor:
    return net(x + 0.1 * torch.randn(x.shape))


def quantised(net: Any, x: Tensor) -> Tensor:
    return net((x * 6).round() / 6)


@pytest.mark.parametrize(
    ("defence", "check"),
    [(masked, "gradients"), (noisy, "randomness"), (quantised, "quantised input")],
)
def test_fake_defences_are_noticed(defence: Any, check: str) -> None:
    lines: list[str] = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = evaluated(behind(defence), images=20, queries=30, log=lines.append)
    assert check in failed(found)
    assert not found.reliable
    assert found.verdict.startswith("not reliable: ")
    assert "robust" not in found.verdict.lower()
    assert any(line.startswith(f"check '{check}' failed") for line in lines)
    stronger = {outcome.name: outcome.accuracy.share for outcome in found.outcomes}
    if defence is not noisy:
        assert stronger["PGD-40"] > honest().worst.share  # what a weak attack would claim


def without_gradients() -> Classifier:
    def network(x: Tensor) -> Tensor:
        return target().logits(x.detach()).detach()

    return Classifier(network, "mine.onnx", differentiable=False)


def test_a_network_without_gradients_is_only_searched() -> None:
    found = evaluated(without_gradients())
    assert [outcome.name for outcome in found.outcomes] == ["clean", "noise", "Square"]
    assert failed(found) == {"gradients"}
    assert "there are no gradients to attack with" in found.verdict
    assert "robust" not in found.verdict.lower()
    assert found.curve == ()


def test_a_twin_lends_its_gradients() -> None:
    found = evaluated(without_gradients(), surrogate=target())
    assert found.reliable
    assert [outcome.fooled for outcome in found.outcomes] == [
        outcome.fooled for outcome in honest().outcomes
    ]
    assert torch.equal(found.adversarial, honest().adversarial)


def test_attacks_of_another_network_are_transferred() -> None:
    options = TrainingOptions(epochs=6, batch=32, seed=5)
    other = train_classifier(spots(), NetworkConfig(name="conv", width=4), options).classifier()
    found = evaluated(without_gradients(), surrogate=other)
    assert [(outcome.name, outcome.access) for outcome in found.outcomes[3:]] == [
        ("FGSM transferred", "transfer"),
        ("PGD-40 transferred", "transfer"),
    ]
    own = {outcome.name: outcome.accuracy.share for outcome in honest().outcomes}
    assert own["PGD-40"] < found.outcomes[4].accuracy.share < own["noise"]
    assert not found.reliable


def test_lengths_are_another_norm() -> None:
    found = robustness(target(), spots(), 0.7, "L2", images=20, queries=50)
    assert found.reliable
    assert (
        float((found.adversarial - held_out(120).x[found.indices]).flatten(1).norm(dim=1).max())
        < 0.701
    )
    assert 0 < found.worst.share < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eps": 8}, "eps is 8, but values"),
        ({"eps": 11, "norm": "L2"}, "within 10 any image can be turned into any other"),
        ({"eps": 0.1, "images": 5}, "has 5 held-out images, 10 are the least"),
    ],
)
def test_what_cannot_be_measured(options: dict[str, Any], message: str) -> None:
    with pytest.raises(GansmithError, match=message):
        robustness(target(), spots(), **options)


def test_a_classifier_that_cannot_be_judged() -> None:
    swapped = dataclasses.replace(
        target(), network=lambda x: target().logits(x)[:, [1, 0, 2, 3, 4]]
    )
    with pytest.raises(GansmithError, match="look swapped"):
        evaluated(swapped)
    with pytest.raises(GansmithError, match="look swapped"):
        evaluated(target(), surrogate=swapped)


def test_nothing_is_said_of_a_network_that_recognises_nothing() -> None:
    dataset = spots()
    assert dataset.labels is not None
    without_middle = dataclasses.replace(dataset, held_out=dataset.held_out & (dataset.labels < 4))
    constant = behind(lambda net, x: net(x) * 0 + torch.arange(5.0))
    found = robustness(constant, without_middle, EPS, images=20, queries=10)
    assert found.verdict == "not reliable: the classifier recognises none of the images"
    assert found.worst.count == 0
