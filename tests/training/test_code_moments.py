"""Codes are drawn with the mean and covariance of the real ones of their class."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.networks import SampleSpec, build_networks, load_weights
from gansmith.networks.image import staged
from gansmith.networks.image.staged import CodePrior
from gansmith.recipe import NetworkConfig
from gansmith.training.code_moments import CodeMoments

SIZE, NOISE = 3, 0.4


def real_codes(classes: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes of a mean and a spread of their own for each class."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % classes
    mixing = torch.randn(classes, SIZE, SIZE, generator=random)
    centres = 3 * torch.randn(classes, SIZE, generator=random)
    codes = torch.randn(count, SIZE, generator=random)
    return centres[labels] + (mixing[labels] @ codes[..., None])[..., 0], labels


def fitted(classes: int, codes: torch.Tensor, labels: torch.Tensor | None) -> CodePrior:
    prior = CodePrior(SIZE, classes)
    moments = CodeMoments.of(prior)
    for at in range(0, len(codes), 100):
        moments.add(codes[at : at + 100], None if labels is None else labels[at : at + 100])
    moments.fit(prior, NOISE)
    return prior


def drawn(prior: CodePrior, label: int | None) -> NDArray[np.float32]:
    latents = torch.randn(40_000, SIZE, generator=torch.Generator().manual_seed(1))
    labels = None if label is None else torch.full((len(latents),), label)
    codes: NDArray[np.float32] = prior(latents, labels).numpy()
    return codes


def noisy(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    return (covariance + NOISE**2 * np.eye(SIZE)) / (1 + NOISE**2)


def test_until_they_are_fitted_codes_are_the_latents() -> None:
    latents = torch.randn(5, SIZE)
    assert torch.equal(CodePrior(SIZE, 0)(latents), latents)
    assert torch.equal(CodePrior(SIZE, 2)(latents, torch.tensor([0, 1, 0, 1, 1])), latents)


def test_weights_from_before_there_was_a_prior_load() -> None:
    spec = SampleSpec(1, 16, 16)
    config = NetworkConfig.model_validate({"name": "staged", "latent": 8, "max_width": 16})
    ours, theirs = (build_networks(config, spec, seed).generator for seed in (0, 1))
    weights = {k: v for k, v in theirs.state_dict().items() if not k.startswith("prior.")}
    load_weights(ours, weights)
    latents = torch.randn(2, 8)
    assert torch.equal(ours(latents), theirs(latents))
    with pytest.raises(GansmithError, match="do not fit"):
        load_weights(ours, {k: v for k, v in weights.items() if k != "codes.entry.bias"})


def test_without_labels_codes_have_the_moments_of_the_real_ones() -> None:
    codes, _ = real_codes(2, 5_000)
    found = drawn(fitted(0, codes, None), None)
    wanted = codes.numpy().astype(np.float64)
    assert found.mean(0) == pytest.approx(wanted.mean(0) / (1 + NOISE**2) ** 0.5, abs=0.05)
    assert np.cov(found.T) == pytest.approx(noisy(np.cov(wanted.T)), rel=0.05, abs=0.1)


def test_each_class_has_its_own_moments_and_some_of_all() -> None:
    codes, labels = real_codes(3, 6_000)
    prior = fitted(3, codes, labels)
    each = [codes[labels == k].numpy().astype(np.float64) for k in range(3)]
    spreads = [np.cov(mine.T, bias=True) for mine in each]
    shared = np.mean(spreads, axis=0)
    for k, mine in enumerate(each):
        found = drawn(prior, k)
        wanted = noisy((len(mine) * spreads[k] + SIZE * shared) / (len(mine) + SIZE))
        assert found.mean(0) == pytest.approx(mine.mean(0) / (1 + NOISE**2) ** 0.5, abs=0.06)
        assert np.cov(found.T) == pytest.approx(wanted, rel=0.05, abs=0.1)


def test_a_class_without_samples_is_drawn_as_all_others() -> None:
    codes, labels = real_codes(2, 4_000)
    found = drawn(fitted(3, codes, labels), 2)
    wanted = codes.numpy().astype(np.float64)
    assert found.mean(0) == pytest.approx(wanted.mean(0) / (1 + NOISE**2) ** 0.5, abs=0.06)
    assert np.isfinite(found).all()


def test_one_sample_of_each_class_is_enough() -> None:
    prior = fitted(2, torch.tensor([[1.0, 2, 3], [4, 5, 6]]), torch.tensor([0, 1]))
    assert torch.isfinite(prior.factors).all()


def test_many_classes_share_a_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staged, "MOST_FACTORS", 10)
    codes, labels = real_codes(3, 6_000)
    prior = fitted(3, codes, labels)
    assert len(prior.factors) == 1
    each = [codes[labels == k].numpy().astype(np.float64) for k in range(3)]
    shared = noisy(np.mean([np.cov(mine.T, bias=True) for mine in each], axis=0))
    for k, mine in enumerate(each):
        found = drawn(prior, k)
        assert found.mean(0) == pytest.approx(mine.mean(0) / (1 + NOISE**2) ** 0.5, abs=0.06)
        assert np.cov(found.T) == pytest.approx(shared, rel=0.05, abs=0.1)
