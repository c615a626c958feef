"""Preparation of samples for a feature extractor, by the record of their medium."""

from __future__ import annotations

from collections.abc import Sequence

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.extractor import Preparation
from gansmith.medium import MEDIA


def prepare_for(
    name: str, dataset: Dataset, limit: int, centre: float = 0.5, scale: float = 0.5
) -> Preparation:
    """Choose how samples are brought to a network that takes any size.

    Args:
        name: Name of the extractor, for errors.
        dataset: What is measured against.
        limit: Longest side that the network sees.
        centre: Subtracted from values in [0, 1].
        scale: Divides what remains.

    Raises:
        GansmithError: The extractor does not apply to samples of this medium.
    """
    to_extractor = MEDIA[dataset.medium].to_extractor
    if to_extractor is None:
        raise _not_applicable(name, dataset)
    return to_extractor(dataset, limit, centre, scale)


def prepare_for_network(
    name: str,
    dataset: Dataset,
    shape: Sequence[int | None],
    centre: float = 0.5,
    scale: float = 0.5,
) -> Preparation:
    """Choose how samples are brought to a network of one input shape, None for free sides.

    Raises:
        GansmithError: The extractor, or a network of this shape, does not apply to samples of this
            medium.
    """
    to_network = MEDIA[dataset.medium].to_network
    if to_network is None:
        raise _not_applicable(name, dataset)
    return to_network(dataset, shape, centre, scale)


def _not_applicable(name: str, dataset: Dataset) -> GansmithError:
    return GansmithError(
        f"feature extractor '{name}' does not apply to samples of medium '{dataset.medium}' "
        f"('{dataset.name}'): set evaluation.extractor=auto"
    )
