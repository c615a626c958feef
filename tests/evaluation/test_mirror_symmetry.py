from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gansmith.data.dataset import Dataset
from gansmith.evaluation.mirror_symmetry import mirror_symmetry
from tests.evaluation.bars import bars


def wedges(count: int, right: float, labelled: bool, seed: int = 0) -> Dataset:
    """Ramps that get brighter to the right in a share of samples, else to the left."""
    random = np.random.default_rng(seed)
    plain = bars(count, labelled=False, seed=seed)
    samples = random.integers(0, 60, plain.samples.shape, dtype=np.uint8)
    ramp = np.linspace(0, 190, 16).astype(np.uint8)
    rising = np.arange(count) % 10 < 10 * right
    samples += np.where(rising[:, None], ramp, ramp[::-1])[:, None, :, None]
    return replace(
        plain,
        samples=samples,
        labels=rising.astype(np.int64) if labelled else None,
        label_names=("left", "right") if labelled else (),
        fingerprint=f"wedges-{count}-{right}-{labelled}-{seed}",
    )


@pytest.mark.parametrize(
    ("right", "labelled", "symmetric"),
    [(1.0, False, False), (0.8, False, False), (0.5, False, True), (0.5, True, False)],
)
def test_only_what_stays_as_likely_is_mirrored(
    right: float, labelled: bool, symmetric: bool
) -> None:
    """Half to the left and half to the right is symmetric, but not within a label."""
    found = mirror_symmetry(wedges(500, right, labelled))
    assert found.p_value is not None
    assert found.symmetric == symmetric == (found.p_value > 0.05)


def test_it_is_wrong_about_symmetric_samples_as_rarely_as_its_level_says() -> None:
    refused = sum(not mirror_symmetry(bars(300, seed=seed)).symmetric for seed in range(20))
    assert refused <= 4  # of 20 at 5 %: more than 4 has a probability of 0.3 %


def test_too_few_samples_are_not_asked() -> None:
    assert mirror_symmetry(bars(150, held_out=20)) == (False, None)
