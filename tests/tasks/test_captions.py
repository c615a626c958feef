"""Captions of pictures, from a folder to the files that are asked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.loading.open import open_dataset
from gansmith.media.captions.codec import CaptionCodec, draw_examples, example_labels
from gansmith.media.text.generate import TextGenerationConfig, generate_text
from gansmith.model import Model, load
from gansmith.networks.sequence.language_model import SequenceGenerator, uniform
from gansmith.run import Run
from tests.data.pictured import draw_shape, make_captioned
from tests.tasks.text_runs import Cli, captioned_run, lines_run, options, refusal


@pytest.fixture
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captioned_run(tmp_path_factory.getbasetemp())


@pytest.fixture
def model(trained: Path) -> Model:
    return load(trained)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    draw_shape("red", "circle", 22).resize((90, 70)).save(tmp_path / "mine.jpg")
    return tmp_path / "mine.jpg"


def medium_of(model: Model) -> CaptionCodec:
    assert isinstance(model.codec, CaptionCodec)
    return model.codec


def test_a_run_is_judged_by_its_pictures_and_shows_them(trained: Path) -> None:
    metrics = Run(trained).quality()["metrics"]
    for name in ("match_1", "match_10"):
        assert 0 <= metrics[name]["value"] <= 1 and 0 <= metrics[name]["floor"] <= 1
    for name in ("sheet.png", "real.png"):
        with Image.open(trained / name) as sheet:
            assert sheet.mode == "RGB" and sheet.width == 1200
    page = (trained / "report.html").read_text("utf-8")
    assert "Own picture found" in page and "captions of pictures of up to" in page


def test_examples_are_held_out_pictures_and_come_back_with_the_generator(
    trained: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(Run(trained).recipe().data)
    assert dataset.pictures is not None and dataset.labels is not None
    labels = example_labels(dataset)
    assert set(labels) <= set(dataset.labels[dataset.held_out])
    alone = load(shutil.copy(trained / "generator.safetensors", tmp_path / "alone.safetensors"))
    assert np.array_equal(medium_of(alone).examples, dataset.pictures[labels])


def test_each_sample_is_asked_for_by_its_own_picture(model: Model) -> None:
    codec, generator = medium_of(model), model.generator
    assert isinstance(generator, SequenceGenerator)
    asked = model.labels(6, seed=3)
    assert asked is not None
    chosen = draw_examples(len(codec.examples), 6, 3)
    assert torch.equal(asked, codec.encode_condition(torch.from_numpy(codec.examples[chosen])))
    one = generator.write(uniform(model.latents(6, 3))[2:3], asked[2:3])
    assert np.array_equal(codec.decode(one[:, None, None])[0], model.sample(6, seed=3)[2])


def test_other_pictures_are_told_of_otherwise(model: Model, trained: Path) -> None:
    generator, codec = model.generator, medium_of(model)
    assert isinstance(generator, SequenceGenerator)
    tokens = codec.vocabulary.encode(["a red circle"], codec.length)
    seen = codec.encode_condition(torch.from_numpy(codec.examples[:2]))
    one, two = (generator.logits(tokens, seen[k : k + 1]) for k in (0, 1))
    assert not torch.allclose(one, two, atol=1e-4)


def test_captions_of_one_picture_are_different(
    gansmith: Cli, trained: Path, picture: Path, tmp_path: Path
) -> None:
    out = tmp_path / "made.txt"
    wish = ["-n", 12, "--picture", picture, "--seed", 4]
    code, _, err = gansmith("generate", trained, *wish, "--out", out)
    assert code == 0, err
    made = out.read_text("utf-8").split("\n")[:-1]
    assert len(made) == len(set(made)) == 12
    gansmith("generate", trained, *wish, "--out", tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == out.read_bytes()


def test_wishes_go_with_a_picture(model: Model, trained: Path, picture: Path) -> None:
    wish = TextGenerationConfig(prompt="a ", picture=picture, best_of=2, top_p=0.95)
    made = generate_text(model, trained, 4, 0, None, wish)
    assert len(set(made)) == 4 and all(text.startswith("a") for text in made)


@pytest.mark.parametrize("name", ["made.txt", "folder"])
def test_fewer_captions_are_written_where_there_are_no_more(
    gansmith: Cli, trained: Path, picture: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    wish = ["--picture", picture, "--top-p", 1e-6, "-n", 3, "--out", out]
    code, printed, err = gansmith("generate", trained, *wish)
    assert code == 0, err
    said = " ".join(printed.split())
    assert "has only 1 different caption: for more" in said and "1 sample in" in said
    written = out if out.is_file() else out / "0.txt"
    assert len(written.read_text("utf-8").splitlines()) == 1
    if out.is_dir():
        assert {path.name for path in out.iterdir()} == {"0.txt", "manifest.json"}


def test_every_picture_of_a_folder_gets_a_file_of_captions(
    gansmith: Cli, trained: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "pictures", tmp_path / "out"
    for name in ("a.png", "B.PNG", "sub/c.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        draw_shape("red", "circle", 22).save(folder / name)
    (folder / "A.TXT").write_text("my own caption", "utf-8")
    (folder / "bad.png").write_text("no picture", "utf-8")
    wish = ["generate", trained, "--picture", folder, "-n", 2, "--seed", 5]
    code, printed, err = gansmith(*wish)
    assert code == 0, err
    said = " ".join(printed.split())
    assert "captions of 2 pictures" in said and "A.TXT exists" in said and "bad.png" in said
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    records = {f"{name}.provenance.json" for name in ("B.txt", "sub/c.txt")}
    captions = {"A.TXT", "B.txt", "sub/c.txt"}
    assert found == {"a.png", "bad.png", "B.PNG", "sub/c.jpg"} | captions | records
    assert (folder / "A.TXT").read_text("utf-8") == "my own caption"
    assert len((folder / "B.txt").read_text("utf-8").splitlines()) == 2
    assert gansmith(*wish, "--out", out)[0] == 0
    assert (out / "sub" / "c.txt").read_bytes() == (folder / "sub" / "c.txt").read_bytes()
    assert (out / "a.txt").is_file() and (out / "manifest.json").is_file()
    (tmp_path / "empty").mkdir()
    assert "holds no pictures" in refusal(gansmith, *wish[:3], tmp_path / "empty")


def test_what_is_no_picture_is_told(gansmith: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("no picture", "utf-8")
    assert "x.png cannot be read" in refusal(
        gansmith, "generate", trained, "--picture", tmp_path / "x.png"
    )
    assert "gone.png" in refusal(gansmith, "generate", trained, "--picture", tmp_path / "gone.png")


def test_other_generators_see_no_pictures(
    gansmith: Cli, tmp_path_factory: pytest.TempPathFactory, picture: Path
) -> None:
    run = lines_run(tmp_path_factory.getbasetemp())
    told = refusal(gansmith, "generate", run, "--picture", picture)
    assert told == "--picture only works with captions models; this one generates 'text'"


def test_captions_have_no_labels_to_ask_for(gansmith: Cli, trained: Path) -> None:
    assert "without labels" in refusal(gansmith, "generate", trained, "--label", "red")


def test_records_of_captions_hold_no_pictures(gansmith: Cli, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "made.jsonl"
    assert gansmith("generate", trained, "-n", 3, "--out", out)[0] == 0
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [set(record) for record in records] == [{"text", "seed", "index", "provenance"}] * 3


def test_a_walk_between_captions_keeps_to_one_picture(
    gansmith: Cli, trained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "walk.txt"
    code, _, err = gansmith("interpolate", trained, "--frames", 6, "--out", out)
    assert code == 0, err
    assert len(out.read_text("utf-8").splitlines()) == 6


def test_media_and_data_must_fit(gansmith: Cli, tmp_path: Path) -> None:
    folder = make_captioned(tmp_path / "shapes", sides=(12,))
    texts = ["train", "texts", "--data", folder, "--set", "data.captions=true"]
    assert "set medium=captions" in refusal(gansmith, *texts, "--out", tmp_path / "a", *options())
    (tmp_path / "lines.txt").write_text("one\ntwo\nthree\n" * 5, "utf-8")
    alone = ["train", "captioned", "--data", tmp_path / "lines.txt"]
    told = refusal(
        gansmith, *alone, "--set", "data.captions=false", "--out", tmp_path / "b",
        *options("training.batch=2"),
    )  # fmt: skip
    assert "set data.captions=true" in told


def test_an_inspection_draws_pictures_with_captions(gansmith: Cli, tmp_path: Path) -> None:
    folder, sheet = make_captioned(tmp_path / "shapes"), tmp_path / "sheet.png"
    wish = ["--set", "data.captions=true", "--sheet", sheet]
    code, printed, err = gansmith("data", "inspect", folder, *wish)
    assert code == 0, err
    assert "96 different ones" in printed
    with Image.open(sheet) as drawn:
        assert drawn.width == 1200
