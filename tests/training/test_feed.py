from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.data.store import open_dataset
from gansmith.media.base import Medium
from gansmith.networks.frames import FramesGenerator
from gansmith.recipe import Recipe, load_recipe
from gansmith.training import feed
from gansmith.training.engine import Engine
from gansmith.workflow.assemble import assemble_duel, draw_blueprint


@pytest.fixture
def hits(tmp_path: Path, private_cache: Path) -> tuple[Recipe, Dataset]:
    random = np.random.default_rng(0)
    fall = np.exp(-np.arange(4_000) / 500)
    for number in range(30):
        soundfile.write(tmp_path / f"{number}.wav", 0.2 * random.normal(size=4_000) * fall, 8000)
    settings = [f"data.source={tmp_path}", "data.rate=8000", "data.seconds=0.5"]
    settings += ["sound={representation: logmel, mels: 20, fft: 512, hop: 128}"]
    settings += ["network={name: frames, mean: true, width: 4, style: 4, head: 4, texture: 2}"]
    recipe = load_recipe("sounds", settings)
    return recipe, open_dataset(recipe.data)


def _encoded(dataset: Dataset, medium: Medium) -> NDArray[np.float32]:
    samples = torch.from_numpy(np.array(dataset.samples[dataset.train_indices]))
    encoded: NDArray[np.float32] = medium.encode(samples).numpy()
    return encoded


def test_the_mean_is_that_of_encoded_training_samples(
    hits: tuple[Recipe, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, dataset = hits
    medium = draw_blueprint(recipe, dataset).medium
    monkeypatch.setattr(feed, "AT_ONCE", 7)
    found = feed.mean_sample(dataset, medium).numpy()
    encoded = _encoded(dataset, medium)
    assert found.shape == encoded.shape[1:]
    np.testing.assert_allclose(found, encoded.mean(0), atol=1e-6)
    monkeypatch.setattr(feed, "MOST_AVERAGED", 10)
    every_third = encoded[:: -(-len(encoded) // 10)]
    np.testing.assert_allclose(feed.mean_sample(dataset, medium), every_third.mean(0), atol=1e-6)


def test_a_generator_that_asks_for_the_mean_is_told_it(hits: tuple[Recipe, Dataset]) -> None:
    recipe, dataset = hits
    blueprint = draw_blueprint(recipe, dataset)
    duel = assemble_duel(recipe, dataset, blueprint, Engine("32-true", 0), seed=0)
    generator = duel.networks["generator"]
    assert isinstance(generator, FramesGenerator) and generator.mean is not None
    np.testing.assert_allclose(
        generator.mean, _encoded(dataset, blueprint.medium).mean(0), atol=1e-6
    )
