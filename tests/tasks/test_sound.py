"""A folder of sounds through every verb, as its owner would type them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from rich.console import Console

import gansmith as library
from gansmith.loading.open import open_dataset
from gansmith.media.audio.loudness import loudness
from gansmith.media.audio.vocoder import Vocoder
from gansmith.outputs import Provenance, save_samples
from gansmith.tasks.invert import SEARCH
from tests.conftest import make_hits, make_notes

QUICK = [
    "training.batch=8",
    "training.frames=2",
    "network.width=16",
    "network.max_width=16",
    "network.head=16",
    "network.texture=8",
    "sound.decoder_steps=4",
    "evaluation.quick_looks=1",
    "evaluation.quick_samples=16",
    "evaluation.samples=32",
    "evaluation.extractor=random-conv",
    "data.seconds=0.5",
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trained run, with the hits that it was trained on beside it."""
    home = tmp_path_factory.mktemp("sounds")
    data = make_hits(home / "hits", 24)
    quiet = Console(quiet=True)
    library.train("sounds", data=data, out=home / "run", samples=64, settings=QUICK, console=quiet)
    return home / "run"


@pytest.fixture
def trained(shared: Path, tmp_path: Path) -> Path:
    """A copy of the run, which a test may change."""
    return Path(shutil.copytree(shared, tmp_path / "run"))


def test_a_run_of_sounds_is_judged_and_can_be_heard(trained: Path) -> None:
    metrics = json.loads((trained / "quality.json").read_text("utf-8"))["metrics"]
    assert {"silence_share", "clipping_share", "tone_share", "noise_floor"} <= set(metrics)
    page = (trained / "report.html").read_text("utf-8")
    real = list((trained / "clips" / "real").glob("*.flac"))
    assert 0 < len(real) <= 12
    assert page.count("<audio") == 12 + len(real)
    assert "audio clips of 0.5 s at 16,000 Hz" in page
    clips = sorted((trained / "clips" / "generated").glob("*.flac"))
    assert len(clips) == 12
    assert {path.stem.split()[1] for path in clips} == {"hat", "kick"}
    assert soundfile.info(clips[0]).frames == 8_000


def test_generated_files_come_with_a_preview(gansmith, trained: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "made"
    code, _, err = gansmith(
        "generate", trained, "-n", 3, "--label", "kick", "--format", "flac24", "--out", place
    )
    assert code == 0, err
    files = sorted(path.name for path in place.iterdir())
    made = [f"{index}-kick.flac" for index in range(3)]
    assert files == sorted([*made, "manifest.json", "preview.txt", "preview.wav", "sheet.png"])
    assert soundfile.info(place / made[0]).subtype == "PCM_24"
    labels = (place / "preview.txt").read_text("utf-8").splitlines()
    assert [line.split("\t")[2] for line in labels] == [name[:-5] for name in made]
    length, rate = soundfile.info(place / "preview.wav").frames, 16_000
    assert length == 3 * 8_000 + 2 * round(0.25 * rate)
    before = {path: path.read_bytes() for path in place.iterdir()}
    assert gansmith("generate", trained, "--format", "mp3", "--out", place)[0] == 2
    assert {path: path.read_bytes() for path in place.iterdir()} == before
    assert gansmith("generate", trained, "-n", 2, "--label", "kick", "--out", place)[0] == 0
    assert {path.name for path in place.glob("*-kick.*")} == {"0-kick.wav", "1-kick.wav"}
    dotted = tmp_path / "hits.v2"
    dotted.mkdir()
    assert gansmith("generate", trained, "-n", 1, "--out", dotted)[0] == 0


@pytest.mark.parametrize("verb", ["generate", "interpolate", "invert", "kit"])
def test_a_run_is_not_overwritten_by_samples_of_it(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, hits: Path, verb: str
) -> None:
    manifest = (trained / "manifest.json").read_bytes()
    like = [hits / "kick" / "00.wav"] if verb == "invert" else []
    code, _, err = gansmith(verb, trained, *like, "--out", trained)
    assert (code, "is a run: choose another folder" in err.replace("\n", " ")) == (2, True)
    assert (trained / "manifest.json").read_bytes() == manifest


def test_a_walk_is_one_sound_or_a_file_a_step(gansmith, trained: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    sound = tmp_path / "walk.wav"
    assert gansmith("interpolate", trained, "--frames", 4, "--out", sound)[0] == 0
    assert soundfile.info(sound).frames == 4 * 8_000 - 3 * 800
    fine = ("interpolate", trained, "--frames", 2, "--format", "wav24", "--out")
    assert gansmith(*fine, sound)[0] == 0 and soundfile.info(sound).subtype == "PCM_24"
    assert gansmith(*fine, tmp_path / "walk.flac")[0] == 2
    steps = tmp_path / "steps"
    assert gansmith("interpolate", trained, "--frames", 4, "--out", steps)[0] == 0
    assert len(list(steps.glob("[0-9].wav"))) == 4
    code, _, err = gansmith("interpolate", trained, "--out", tmp_path / "x.webp")
    assert (code, ".wav or .flac" in err) == (2, True)


def test_one_sample_can_be_one_file(gansmith, trained: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    one = ("generate", trained, "-n", 1, "--label", "kick", "--out")
    assert gansmith(*one, tmp_path / "kick.wav")[0] == 0
    wave, rate = soundfile.read(tmp_path / "kick.wav", dtype="int16")
    assert (len(wave), rate) == (8_000, 16_000)
    assert np.array_equal(wave, library.load(trained).sample(1, label="kick")[0, 0, :, 0])
    assert gansmith(*one, tmp_path / "kick24.wav", "--format", "wav24")[0] == 0
    fine, _ = soundfile.read(tmp_path / "kick24.wav", dtype="int32")
    assert (fine & 0xFF00).any() and np.abs(fine / 65_536 - wave).max() <= 1
    code, _, err = gansmith(*one, tmp_path / "kick.wav", "--format", "flac")
    assert (code, "does not fit kick.wav" in err) == (2, True)
    code, _, err = gansmith("generate", trained, "-n", 2, "--out", tmp_path / "two.wav")
    assert (code, "add -n 1" in err.replace("\n", " ")) == (2, True)


def test_generated_clips_are_normalised_on_request(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, tmp_path: Path
) -> None:
    place = tmp_path / "loud"
    made = ("generate", trained, "-n", 4, "--out", place, "--normalise")
    assert gansmith(*made, "peak")[0] == 0
    for path in place.glob("[0-9]-*.wav"):
        peak = np.abs(soundfile.read(path)[0]).max()
        assert 20 * np.log10(peak) == pytest.approx(-0.1, abs=0.02)
    assert gansmith(*made, "-30")[0] == 0
    levels = [
        loudness(soundfile.read(path, dtype="float32", always_2d=True)[0], 16_000)
        for path in place.glob("[0-9]-*.wav")
    ]
    assert len(levels) == 4 and levels == pytest.approx([-30] * 4, abs=0.3)
    code, _, err = gansmith(*made, "loud")
    assert (code, "--normalise takes peak" in err.replace("\n", " ")) == (2, True)


def test_a_kit_has_a_folder_a_class_and_lays_them_on_keys(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, tmp_path: Path
) -> None:
    place = tmp_path / "kit"
    assert gansmith("kit", trained, "-n", 2, "--out", place)[0] == 0
    text = (place / "kit.sfz").read_text("utf-8")
    for name, key in (("kick", 36), ("hat", 42)):
        assert {p.name for p in (place / name).iterdir()} == {f"{name}-00.wav", f"{name}-01.wav"}
        assert f"{name}/{name}-00.wav" in text
        assert f"key={key}" in text
    code, _, err = gansmith("kit", trained, "--format", "mp3", "--out", place)
    assert (code, "mp3" in err) == (2, True)
    assert gansmith("kit", trained, "-n", 1, "--format", "flac", "--out", place)[0] == 0
    assert {p.name for p in place.rglob("*-0*.*")} == {"kick-00.flac", "hat-00.flac"}


def test_an_instrument_is_laid_on_keys_and_plays_its_scale(  # type: ignore[no-untyped-def]
    gansmith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vocoder.__init__, "__defaults__", (32, 1))  # width and depth: small ones
    folder = make_notes(tmp_path / "flute", 40)
    run, place = tmp_path / "run", tmp_path / "kit"
    settings = [part for entry in QUICK for part in ("--set", entry)]
    where = ["--data", folder, "--out", run, "--samples", 64]
    code, out, err = gansmith("train", "notes", *where, *settings)
    assert code == 0, out + err
    assert gansmith("kit", run, "-n", 2, "--out", place)[0] == 0
    labels = (place / "scale.txt").read_text("utf-8").splitlines()
    assert [line.split("\t")[2] for line in labels] == ["A4", "C5"]
    assert soundfile.info(place / "scale.wav").frames > 0
    text = (place / "kit.sfz").read_text("utf-8")
    assert "pitch_keycenter=69" in text and "A4/A4-00.wav" in text


def test_more_like_this_starts_from_the_file(gansmith, trained: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    model = library.load(trained)
    sample = model.sample(1, seed=3, label="hat")
    own = save_samples(model.codec, sample, tmp_path, ["own"], [Provenance()])[0]
    place = tmp_path / "like"
    code, out, err = gansmith("invert", trained, own, "-n", 2, "--out", place)
    assert code == 0, err
    names = {path.stem for path in place.glob("*.wav")} - {"preview"}
    assert names == {"original", "nearest", "variation-1", "variation-2"}
    original, _ = soundfile.read(place / "original.wav", dtype="int16")
    wave, _ = soundfile.read(own, dtype="int16")
    inner = slice(32, -32)  # 2 ms at each end keep their place
    centred = (wave - wave.mean())[inner]  # without its DC offset
    gain = original[inner] @ centred / (centred @ centred)
    assert gain == pytest.approx(1, abs=1e-3)  # its loudness is the wanted one but for rounding
    assert np.abs(original[inner] - gain * centred).max() <= 1
    assert original[0] == wave[0] == 0 == original[-1] == wave[-1]
    manifest = json.loads((place / "manifest.json").read_text("utf-8"))
    assert 0 <= manifest["distance"] < 1
    assert manifest["label"] in model.label_names
    assert "of the distance" in out.replace("\n", " ")
    code, _, err = gansmith("invert", trained, place / "nearest.wav", "--out", place)
    assert (code, "would be overwritten" in err.replace("\n", " ")) == (2, True)
    assert (place / "nearest.wav").exists()
    code, _, err = gansmith("invert", trained, tmp_path / "none.wav")
    assert (code, "cannot be read" in err) == (2, True)


def test_a_file_of_a_kit_is_not_taken_from_it(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, tmp_path: Path
) -> None:
    place = tmp_path / "kit"
    assert gansmith("kit", trained, "-n", 1, "--out", place)[0] == 0
    code, _, err = gansmith("invert", trained, place / "kick" / "kick-00.wav", "--out", place)
    assert (code, "would be overwritten" in err.replace("\n", " ")) == (2, True)
    assert gansmith("generate", trained, "-n", 1, "--out", place)[0] == 0
    left = {path.name for path in place.rglob("*") if path.is_file()}
    assert not left & {"kit.sfz", "kick-00.wav", "hat-00.wav"}
    assert gansmith("kit", trained, "-n", 1, "--out", place)[0] == 0
    assert not (place / "preview.wav").exists()


def test_variations_are_not_what_the_search_has_drawn(trained: Path) -> None:
    model = library.load(trained)
    for seed in range(3):
        assert not torch.equal(model.latents(64, SEARCH), model.latents(64, seed))


def test_the_same_command_finds_sounds_judged_as_such(gansmith, trained: Path, hits: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = gansmith("evaluate", trained, "--samples", 16, "--json")
    assert code == 0, err
    assert json.loads(out)["generated"] == 16
    code, out, err = gansmith("evaluate", hits, "--reference", hits, "--json")
    assert code == 0, err
    assert json.loads(out)["metrics"]["silence_share"]["value"] == 0


def test_generated_files_are_judged_as_they_are(  # type: ignore[no-untyped-def]
    gansmith, trained: Path, hits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, open_audio = tmp_path / "made", []

    def noted(config, **rest):  # type: ignore[no-untyped-def]
        open_audio.append((config.rate, config.seconds, config.channels))
        return open_dataset(config, **rest)

    assert gansmith("generate", trained, "-n", 20, "--out", place)[0] == 0
    monkeypatch.setattr("gansmith.tasks.evaluate.open_dataset", noted)
    code, out, err = gansmith("evaluate", place, "--reference", hits, "--json")
    assert code == 0, err
    assert json.loads(out)["generated"] == 20  # the preview is no sample
    assert open_audio == [(16_000, 0.5, 1)] * 2
