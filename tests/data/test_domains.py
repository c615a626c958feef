from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gansmith.data.domains import split_domains
from gansmith.errors import GansmithError
from tests.evaluation.bars import bars


def test_domains_are_the_samples_of_two_labels() -> None:
    dataset = bars(300)
    assert dataset.labels is not None
    source, target = split_domains(dataset)
    assert (source.name, target.name) == ("upright", "lying")
    for part, label in ((source, 0), (target, 1)):
        assert np.array_equal(part.samples, dataset.samples[dataset.labels == label])
        assert np.array_equal(part.held_out, dataset.held_out[dataset.labels == label])
        assert part.labels is None
    assert source.fingerprint != target.fingerprint
    assert split_domains(dataset, "upright").target.name == "upright"


def test_what_is_no_pair_of_domains_is_refused() -> None:
    with pytest.raises(GansmithError, match=r"has no labels.*--data FROM --data TO"):
        split_domains(bars(labelled=False))
    three = replace(bars(), label_names=("a", "b", "c"))
    with pytest.raises(GansmithError, match="has 3 labels"):
        split_domains(three)
    with pytest.raises(GansmithError, match="'sideways', and the domains are: upright, lying"):
        split_domains(bars(), "sideways")
    with pytest.raises(GansmithError, match=r"'upright' has \d samples to train on"):
        split_domains(bars(20, held_out=10))
