from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.blueprint import Blueprint
from gansmith.errors import GansmithError
from gansmith.medium import MEDIA
from gansmith.model import GeneratorModel
from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import NetworkConfig
from gansmith.sampling import draw_labels, draw_latents, generate_samples, latent_path


@settings(max_examples=20, deadline=None)
@given(few=st.integers(1, 200), more=st.integers(0, 200), seed=st.integers(0, 1000))
def test_the_first_latents_and_labels_do_not_depend_on_how_many(
    few: int, more: int, seed: int
) -> None:
    assert torch.equal(draw_latents(few, 5, seed), draw_latents(few + more, 5, seed)[:few])
    weights = torch.tensor([0.2, 0.3, 0.5])
    labels = draw_labels(few, weights, seed)
    assert torch.equal(labels, draw_labels(few + more, weights, seed)[:few])


def test_latents_are_standard_normal() -> None:
    latents = draw_latents(20_000, 4, seed=0)
    assert latents.mean().abs() < 0.02
    assert latents.std().item() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("limit", [0.3, 1.0, 2.0])
def test_truncation_gives_the_truncated_normal_and_keeps_order(limit: float) -> None:
    whole, cut = draw_latents(20_000, 1, 0), draw_latents(20_000, 1, 0, limit)
    assert cut.abs().max() <= limit
    in_order = cut.flatten()[whole.flatten().argsort()]
    assert (in_order.diff() >= 0).all()
    normal = torch.distributions.Normal(0.0, 1.0)
    density = normal.log_prob(torch.tensor(limit)).exp()
    mass = 2 * normal.cdf(torch.tensor(limit)) - 1
    expected = 1 - 2 * limit * density / mass  # variance of a normal cut at +-limit
    assert cut.var().item() == pytest.approx(expected.item(), rel=0.03)


def test_labels_come_in_the_proportions_of_the_data() -> None:
    weights = torch.tensor([0.1, 0.2, 0.7])
    counts = torch.bincount(draw_labels(20_000, weights, 0), minlength=3) / 20_000
    torch.testing.assert_close(counts, weights, atol=0.015, rtol=0)


def test_a_walk_is_closed_and_passes_its_stops() -> None:
    walk = latent_path(draw_latents(6, 16, 3), 60)
    stops = draw_latents(6, 16, seed=3)
    torch.testing.assert_close(walk[::10], stops, rtol=1e-4, atol=1e-4)
    steps = (walk.roll(-1, 0) - walk).norm(dim=1)
    assert steps.max() < 4 * steps.median()


def _model(temperature: float) -> GeneratorModel:
    spec = SampleSpec(1, 16, 16)
    config = NetworkConfig.model_validate({"name": "conv", "width": 8})
    generator = build_networks(config, spec, seed=0).generator
    return GeneratorModel(
        generator, Blueprint(MEDIA["image"].codec(), config, spec, temperature=temperature)
    )


def test_samples_do_not_depend_on_the_batch() -> None:
    model, latents = _model(1.0), draw_latents(37, 64, 0)
    codec = MEDIA["image"].codec()
    one = generate_samples(model.generator, codec, latents, batch=1).astype(int)
    many = generate_samples(model.generator, codec, latents, batch=37).astype(int)
    assert abs(one - many).max() <= 1


@pytest.mark.parametrize(
    ("name", "side", "fitting"),
    [("conv", 16, 256), ("conv", 64, 32), ("conv", 128, 8), ("conv", 256, 4), ("staged", 64, 16)],
)
def test_few_large_pictures_are_drawn_at_once_on_a_cpu(name: str, side: int, fitting: int) -> None:
    config = NetworkConfig.model_validate({"name": name, "width": 4, "max_width": 4})
    generator = build_networks(config, SampleSpec(1, side, side), seed=0).generator
    counts = []
    generator.register_forward_hook(lambda _, given, __: counts.append(len(given[0])))
    latents = draw_latents(fitting + 1, generator.latent, 0)
    generate_samples(generator, MEDIA["image"].codec(), latents)
    assert counts == [fitting, 1]


def test_temperature_widens_the_latents_and_truncation_replaces_it() -> None:
    plain, warm = _model(1.0), _model(1.5)
    torch.testing.assert_close(warm.latents(8, 0), 1.5 * plain.latents(8, 0))
    assert torch.equal(warm.latents(8, 0, truncation=0.5), plain.latents(8, 0, truncation=0.5))


def test_a_walk_wanders_among_what_samples_are_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []

    def caught(generator: object, codec: object, latents: torch.Tensor, labels: object) -> None:
        seen.append(latents)

    monkeypatch.setattr("gansmith.model.generate_samples", caught)
    for temperature in (1.0, 0.5):
        _model(temperature).interpolate(12, seed=1)
    torch.testing.assert_close(seen[1], 0.5 * seen[0])


def test_nonsense_is_refused() -> None:
    with pytest.raises(GansmithError, match="truncation is -1"):
        draw_latents(3, 4, 0, -1)
    with pytest.raises(GansmithError, match="at least 1"):
        _model(1.0).sample(0)
    with pytest.raises(GansmithError, match="without labels"):
        _model(1.0).sample(1, label="seven")
