from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.robustness.classifier import (
    Classifier,
    Images,
    as_images,
    check_classifier,
    images_to_check,
    take_images,
)
from tests.robustness.targets import LABELS, held_out, spots, target


def changed(**changes: Any) -> Classifier:
    return dataclasses.replace(target(), name="mine", **changes)


def around(change: Any) -> Classifier:
    """The classifier of the spots with something done to its logits."""
    network = target().network
    return changed(network=lambda x: change(network(x)))


def check(classifier: Classifier, images: Images | None = None) -> None:
    check_classifier(classifier, images or held_out())


def test_images_are_in_the_unit_range() -> None:
    dataset, images = spots(), held_out(20)
    expected = torch.from_numpy(dataset.samples[:20, ..., 0] / 255).float()
    torch.testing.assert_close(images.x[:, 0], expected)
    assert images.y.tolist() == [number % 5 for number in range(20)]
    assert images.indices.tolist() == list(range(20))
    assert images.label_names == LABELS


def test_alpha_is_laid_over_grey() -> None:
    clear = np.zeros((600, 10, 10, 4), np.uint8)
    images = take_images(dataclasses.replace(spots(), samples=clear), np.arange(3))
    torch.testing.assert_close(images.x, torch.full((3, 3, 10, 10), 0.5))


def test_a_good_classifier_passes() -> None:
    check(target())


def test_only_labelled_images_are_taken() -> None:
    unlabelled = dataclasses.replace(spots(), labels=None, label_names=())
    with pytest.raises(GansmithError, match="'spots' has no labels, a classifier needs two"):
        as_images(unlabelled)
    zeros = np.zeros(600, np.int64)
    single = dataclasses.replace(spots(), labels=zeros, label_names=("stone",))
    with pytest.raises(GansmithError, match=r"has a single label, .* two or more sub-folders"):
        as_images(single)
    points = dataclasses.replace(spots(), medium="points", samples=np.zeros((600, 1, 2, 1), "f4"))
    with pytest.raises(GansmithError, match=r"'spots' holds points: .* give labelled images"):
        as_images(points)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda z: z.softmax(1), "mine returns probabilities: .* without the softmax"),
        (lambda z: torch.where(z == z.max(), torch.nan, z), "NaN or infinity for 1 of 120"),
        (lambda z: z / 0, "NaN or infinity for 120 of 120"),
        (lambda z: z[:, :4], "mine has 4 outputs, the data has 5 labels"),
        (lambda z: z[:, 0], r"mine returns shape \(120,\) for 120 images: .* \[N, classes\]"),
        (
            lambda z: z[:, [1, 0, 2, 3, 4]],
            "swapped: 'north' is read as 'east', 'east' is read as 'north' .accuracy 60.0%, with "
            "these exchanged 100.0%.: name its outputs in their order",
        ),
        (lambda z: z.roll(1, 1), "swapped: 'north' is read as 'east', .* exchanged 100.0%"),
    ],
)
def test_outputs_that_no_logits_are(change: Any, message: str) -> None:
    with pytest.raises(GansmithError, match=message) as error:
        check(around(change))
    assert "\n" not in str(error.value)


def test_another_order_is_found_where_few_images_are_held_out_and_is_named() -> None:
    few = dataclasses.replace(spots(), held_out=np.arange(600) < 10)
    chosen = take_images(few, few.held_out_indices)
    unnamed = around(lambda z: z.roll(1, 1))
    unnamed = dataclasses.replace(unnamed, labels=())
    check_classifier(unnamed, chosen)  # two images of each label say nothing
    images = images_to_check(few, chosen)
    assert set(chosen.indices) <= set(images.indices) and len(images.x) == 500
    with pytest.raises(GansmithError, match="look swapped") as error:
        check_classifier(unnamed, images)
    suggested = str(error.value).split("'")[-2].split(",")
    assert suggested == ["middle", "north", "east", "south", "west"]
    right = dataclasses.replace(unnamed, labels=tuple(suggested)).in_order(LABELS)
    check_classifier(right, images)
    assert torch.equal(right.logits(images.x), target().logits(images.x))


def test_a_label_for_each_output() -> None:
    wider = dataclasses.replace(
        changed(), network=lambda x: F.pad(target().logits(x), (0, 1)), labels=LABELS[::-1]
    )
    with pytest.raises(GansmithError, match="has 6 outputs and 5 labels are named"):
        wider.in_order(LABELS).logits(held_out(3).x)


@pytest.mark.parametrize(
    "change",
    [
        lambda z: z.log_softmax(1),
        lambda z: z.relu(),
        lambda z: z * 0 + torch.tensor([1.0, 0, 0, 0, 0]) * 2,  # sees the same in all images
        lambda z: torch.where(z.argmax(1, keepdim=True) == 1, z.flip(1), z),  # mistakes one label
        lambda z: torch.randn(z.shape, generator=torch.Generator().manual_seed(0)),
    ],
)
def test_poor_outputs_are_no_mistake(change: Any) -> None:
    check(around(change))


def test_other_sizes_name_what_to_type() -> None:
    with pytest.raises(
        GansmithError,
        match=r"mine takes images of 3 x 32 x 32 .*, the data has "
        "1 x 10 x 10: open the data with --set data.size=32x32 --set data.mode=RGB",
    ):
        check(changed(shape=(3, 32, 32)))
    check(changed(shape=(1, None, None)))


def test_networks_that_fail_get_one_line() -> None:
    images = held_out(10)
    wide = dataclasses.replace(images, x=torch.zeros(10, 1, 12, 12))
    with pytest.raises(GansmithError, match="mine fails on images of 1 x 12 x 12") as error:
        check(changed(shape=(None, None, None)), wide)
    assert "\n" not in str(error.value)


def test_the_value_range_is_what_the_network_sees() -> None:
    seen: list[Tensor] = []

    def network(x: Tensor) -> Tensor:
        seen.append(x)
        return x.flatten(1)

    x = torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)
    for low, high, expected in (
        (0, 1, [0.0, 0.5, 1.0]),
        (-1, 1, [-1.0, 0, 1]),
        (0, 255, [0.0, 127.5, 255]),
    ):
        Classifier(network, "mine", value_range=(low, high)).logits(x)
        torch.testing.assert_close(seen.pop().flatten(), torch.tensor(expected))
    with pytest.raises(GansmithError, match=r"1\.\.0 is empty"):
        Classifier(network, "mine", value_range=(1, 0))


def test_a_fixed_batch_is_filled() -> None:
    network, images = target().network, held_out(10)

    def strict(x: Tensor) -> Tensor:
        assert len(x) == 4
        return network(x)

    torch.testing.assert_close(
        changed(network=strict, batch=4).logits(images.x), target().logits(images.x)
    )


def test_outputs_are_put_in_the_order_of_the_data() -> None:
    images, order = held_out(), [3, 1, 4, 0, 2]
    shuffled = dataclasses.replace(
        around(lambda z: z[:, order]), labels=tuple(LABELS[number] for number in order)
    )
    ordered = shuffled.in_order(LABELS)
    torch.testing.assert_close(ordered.logits(images.x), target().logits(images.x))
    check(ordered)
    assert changed(labels=()).in_order(("a", "b")).labels == ()


def test_other_labels_are_named() -> None:
    with pytest.raises(GansmithError, match="only in the classifier: middle; only in the data: up"):
        changed().in_order(("north", "east", "south", "west", "up"))
