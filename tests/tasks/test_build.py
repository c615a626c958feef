from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gansmith.blueprint import Blueprint
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.image.codec import ImageCodec
from gansmith.networks import SampleSpec
from gansmith.recipe import DataConfig, Recipe, load_recipe, override
from gansmith.tasks.build import build_training, fit_codec, make_blueprint
from gansmith.training.noise import NoiseDuel
from tests.media.audio import test_codec as sounds


def test_texts_for_pictures_are_told_their_medium(tmp_path: Path, private_cache: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(f"line {number}" for number in range(40)), "utf-8")
    dataset = open_dataset(DataConfig(source=str(path)))
    with pytest.raises(GansmithError, match=r"does not serve .*: set medium=text"):
        fit_codec(load_recipe("pictures"), dataset)


def test_sounds_for_pictures_are_told_their_medium(tmp_path: Path, private_cache: Path) -> None:
    for number in range(12):
        wave = 0.5 * np.sin(np.arange(800) * (number + 1) / 20)
        soundfile.write(tmp_path / f"{number}.wav", wave, 8000)
    dataset = open_dataset(DataConfig(source=str(tmp_path), rate=8000, seconds=0.1))
    with pytest.raises(GansmithError, match=r"does not serve .*: set medium=audio"):
        fit_codec(load_recipe("pictures"), dataset)


def _pictures(channels: int) -> Dataset:
    samples = np.random.default_rng(0).integers(0, 256, (24, 16, 16, channels), np.uint8)
    held_out = np.arange(24) % 6 == 0
    return Dataset("noise", samples, None, (), held_out, "0", "made", "none", medium="image")


@pytest.mark.parametrize(("channels", "alpha"), [(1, False), (2, True), (3, False), (4, True)])
def test_pictures_have_alpha_by_their_mode(channels: int, alpha: bool) -> None:
    spec = make_blueprint(load_recipe("pictures"), _pictures(channels)).spec
    assert spec == SampleSpec(channels, 16, 16, alpha=alpha)


def _stereo(settings: list[str]) -> tuple[Recipe, Dataset]:
    recipe = override(sounds.recipe("logmel"), ["training.batch=4", *settings])
    return recipe, sounds.dataset(sounds.clips(count=12, channels=2))


def test_stereo_spectrograms_are_augmented_as_sounds_and_not_as_grey_with_alpha() -> None:
    """Cutout fills each channel as it fills that of a mono sound, not with transparency."""
    settings = ["network.name=spectrogram", "augment.ops=cutout", "augment.probability=1"]
    recipe, dataset = _stereo(settings)
    game = build_training(recipe, dataset)
    assert game.blueprint.spec.channels == 2 and not game.blueprint.spec.alpha
    assert isinstance(game.duel, NoiseDuel)
    samples = game.feed.example().samples
    changed = game.duel.augmentation(samples)
    filled = changed[changed != samples]
    assert len(filled) and not filled.any()


def test_a_blueprint_of_an_earlier_version_gets_alpha_from_its_codec() -> None:
    blueprint = make_blueprint(load_recipe("pictures"), _pictures(4))
    facts = blueprint.to_dict()
    for name in ("alpha", "output", "source", "condition_shape"):
        del facts["spec"][name]
    facts["spec"]["picture"] = None
    again = Blueprint.from_dict(facts, {})
    assert again.spec == blueprint.spec and isinstance(again.codec, ImageCodec)
