"""Search and scan of a generator whose samples have two halves, with readers that compare them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansmith.blueprint import Blueprint
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.medium import MEDIA
from gansmith.model import GeneratorModel
from gansmith.networks import Generator, SampleSpec
from gansmith.outputs import Provenance
from gansmith.recipe import NetworkConfig
from gansmith.robustness.attack_folder import save_readings
from gansmith.robustness.classifier import Classifier
from gansmith.robustness.scan import scan
from gansmith.robustness.unrestricted import as_classified, search_latents

NAMES = ("left", "right")


class Halves(Generator):
    """Each half has the brightness of one number of the latent."""

    latent = 2

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        values = torch.tanh(self.scale * latents).view(-1, 1, 1, 2)
        return values.repeat_interleave(4, 3).expand(-1, 1, 8, 8)


def reader(bias: float, name: str) -> Classifier:
    """Says which half is brighter, and favours the left one."""

    def logits(x: Tensor) -> Tensor:
        halves = torch.stack([x[..., :4].mean((1, 2, 3)), x[..., 4:].mean((1, 2, 3))], 1)
        return 20 * halves + torch.tensor([bias, 0.0])

    return Classifier(logits, name, (1, 8, 8), NAMES)


def model(names: tuple[str, ...] = NAMES) -> GeneratorModel:
    spec = SampleSpec(1, 8, 8, classes=len(names))
    codec = MEDIA["image"].codec.from_config({}, {})
    network = NetworkConfig(name="conv")
    weights = (0.5,) * len(names)
    return GeneratorModel(Halves(), Blueprint(codec, network, spec, names, weights))


def dataset() -> Dataset:
    samples = model().sample(120, seed=99)
    return Dataset(
        medium="image",
        name="halves",
        samples=samples,
        labels=(samples[..., 4:, 0].mean((1, 2)) > samples[..., :4, 0].mean((1, 2))).astype(int),
        label_names=NAMES,
        held_out=np.arange(120) < 60,
        fingerprint="halves",
        source="made by the tests",
        licence="CC0",
    )


def test_the_search_finds_what_only_the_oracle_reads_rightly() -> None:
    target, oracle = reader(5.0, "target"), reader(0.0, "oracle")
    found = search_latents(model(), target, oracle, label=1, count=16, steps=40)
    random = search_latents(model(), target, oracle, label=1, count=16, steps=1)
    assert found.misread.mean() > 0.9 > random.misread.mean() + 0.3
    brighter = found.samples[..., 4:, 0].mean((1, 2)) > found.samples[..., :4, 0].mean((1, 2))
    assert brighter[found.misread].all()
    # of the label that the target favours there is nothing to find
    assert not search_latents(model(), target, oracle, label=0, count=8, steps=20).misread.any()


def test_a_scan_counts_what_is_read_differently(tmp_path: Path) -> None:
    target, oracle = reader(5.0, "target"), reader(0.0, "oracle")
    found = scan(model(), dataset(), target, oracle, count=100, seed=3)
    x = as_classified(model().sample(100, seed=3), 1)
    expected = target.logits(x).argmax(1) != oracle.logits(x).argmax(1)
    assert found.differs.count == int(expected.sum()) > 5
    assert set(found.by_label) == set(NAMES) and found.by_label["left"].count == 0
    assert sum(part.total for part in found.by_label.values()) == 100
    assert found.on_real.total == 60 and found.on_real.count > 0
    place = save_readings(found.readings, tmp_path / "scan", Provenance(), found.to_json())
    assert (place / "attack.json").is_file()


def test_a_generator_of_copies_is_found_out() -> None:
    class Copies(GeneratorModel):
        def sample(self, count: int, **options: object) -> np.ndarray:  # type: ignore[override]
            return np.ascontiguousarray(dataset().samples[dataset().train_indices[:count]])

    honest = scan(model(), dataset(), reader(0.0, "t"), count=50)
    plain = model()
    copies = scan(Copies(plain.generator, plain.blueprint), dataset(), reader(0.0, "t"), count=50)
    assert copies.duplicates.share == 1 > honest.duplicates.share
    assert copies.nearest == tuple(dataset().train_indices[list(copies.near_duplicates)].tolist())


def test_readers_that_do_not_fit_are_answered() -> None:
    small = Classifier(lambda x: x.flatten(1)[:, :2], "small", (1, 4, 4), NAMES)
    with pytest.raises(GansmithError, match="takes images of 1 x 4 x 4"):
        scan(model(), dataset(), small)
    with pytest.raises(GansmithError, match="without labels"):
        scan(model(()), dataset(), reader(0.0, "t"))
    blind = Classifier(lambda x: x.flatten(1)[:, :2], "blind.onnx", differentiable=False)
    with pytest.raises(GansmithError, match="gives no gradients to search with"):
        search_latents(model(), blind, reader(0.0, "oracle"))


def test_other_orders_of_labels_are_noticed() -> None:
    plain = reader(0.0, "mine.pt2")
    turned = Classifier(lambda x: plain.logits(x).flip(1), "mine.pt2", (1, 8, 8))
    with pytest.raises(GansmithError, match=r"swapped: .* --labels; .* suggests 'right,left'"):
        scan(model(), dataset(), turned, plain)
    with pytest.raises(GansmithError, match="suggests 'right,left'"):
        scan(model(), dataset(), plain, turned)
    named = dataclasses.replace(turned, labels=NAMES[::-1])
    assert scan(model(), dataset(), named, plain, count=20).differs.count == 0
    certain = Classifier(lambda x: plain.logits(x).softmax(1), "mine.pt2", (1, 8, 8))
    assert scan(model(), dataset(), certain, plain, count=20).differs.count == 0
    wider = Classifier(lambda x: plain.logits(x).repeat(1, 2), "mine.pt2", (1, 8, 8))
    with pytest.raises(GansmithError, match="4 outputs, the data has 2 labels"):
        scan(model(), dataset(), wider, plain)
    with pytest.raises(
        GansmithError, match=r"returns shape \(4, 4\) for 4 samples and .* 2 labels"
    ):
        search_latents(model(), wider, plain, count=4, steps=1)


def test_a_search_says_in_which_order_it_takes_labels() -> None:
    class Conditional(Halves):
        def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
            assert labels is not None
            sign = 2 * labels[:, None] - 1
            return super().forward(torch.cat([-3.0 * sign, 3.0 * sign], 1) + 0 * latents)

    plain, lines = model(), list[str]()
    asked = GeneratorModel(Conditional(), plain.blueprint)
    right = reader(0.0, "oracle")
    turned = Classifier(lambda x: right.logits(x).flip(1), "mine.pt2", (1, 8, 8))
    search_latents(asked, turned, right, count=20, steps=1, log=lines.append)
    assert (
        "mine.pt2 does not name its outputs: taken in the order of the labels, left,right"
        in lines[0]
    )
    assert lines[1].startswith("warning: as it reads samples, the labels of mine.pt2 look swapped")
    lines.clear()
    named = dataclasses.replace(turned, labels=NAMES[::-1])
    search_latents(asked, named, right, count=20, steps=1, log=lines.append)
    assert not [line for line in lines if "labels" in line or "outputs" in line]
