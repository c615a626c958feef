"""A file of texts through every verb, as its owner would type them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tokenizers import Tokenizer

from gansmith.media.text.code_points import to_texts
from gansmith.media.text.selection import TEMPERATURES
from gansmith.run import Run
from tests.report.page_reader import Page
from tests.tasks.text_runs import Cli, lines_run, options, poems, points_run, refusal
from tests.training.verses import TEXTS

WISHES: tuple[list[str], ...] = ([], ["--temperature", "0.7"])


@pytest.fixture
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lines_run(tmp_path_factory.getbasetemp())


def read_json(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def lines(gansmith: Cli, run: Path, out: Path, *extra: object) -> list[str]:
    code, _, err = gansmith("generate", run, *extra, "--out", out)
    assert code == 0, err
    return out.read_text("utf-8").split("\n")[:-1]


def test_a_run_keeps_all_that_its_texts_need(trained: Path) -> None:
    kept = {path.name for path in trained.iterdir()}
    assert {"contest.json", "texts.json", "tokenizer.json", "generator.safetensors"} <= kept
    tokenizer = Tokenizer.from_file(str(trained / "tokenizer.json"))
    assert set("".join(TEXTS)) >= set(tokenizer.get_vocab()) - {"<blank>", "<end>", "<unknown>"}
    assert [tokenizer.id_to_token(n) for n in tokenizer.encode("a dog").ids] == list("a dog")


def test_texts_are_judged_as_texts(trained: Path) -> None:
    metrics = read_json(trained / "quality.json")["metrics"]
    assert {"bleu4", "self_bleu4", "language", "reverse_language", "mean_length"} <= set(metrics)
    assert {"frechet", "recall", "unique", "copied"} <= set(metrics)
    assert not {name for name in metrics if name.startswith("form_")}


def test_generated_texts_are_kept_beside_real_ones(trained: Path) -> None:
    found = read_json(trained / "texts.json")
    assert found.pop("provenance") and set(found) == {"generated", "real"}
    assert len(found["generated"]) == 24
    assert 0 < len(found["real"]) <= 24 and set(found["real"]) <= set(TEXTS)


def test_a_contest_is_held_between_both_generators(trained: Path) -> None:
    contest = read_json(trained / "contest.json")
    assert set(contest["curves"]) == set(contest["samples"]) == {"likelihood", "adversarial"}
    for rows in contest["curves"].values():
        assert [row["temperature"] for row in rows] == list(TEMPERATURES)
    assert contest["shipped"] in contest["curves"]
    assert contest["reason"]


def test_the_texts_that_were_shown_are_those_of_the_arm_that_was_shipped(
    gansmith: Cli, trained: Path, tmp_path: Path
) -> None:
    contest = read_json(trained / "contest.json")
    shown = contest["samples"][contest["shipped"]]
    made = lines(gansmith, trained, tmp_path / "a.txt", "-n", len(shown), "--temperature", 1)
    assert made == shown


def test_the_report_has_the_texts_and_the_contest(gansmith: Cli, trained: Path) -> None:
    assert gansmith("report", trained)[0] == 0
    said = Page((trained / "report.html").read_text("utf-8")).text
    for text in (text for texts in Run(trained).texts().values() for text in texts):
        assert " ".join(text.split()) in said
    assert "Language model or adversarial training" in said
    assert read_json(trained / "contest.json")["reason"] in said
    assert "texts of up to 40 tokens" in said


def test_the_same_command_again_tells_that_it_is_finished(gansmith: Cli, trained: Path) -> None:
    data = trained.parent / "lines.txt"
    where = ["--data", data, "--out", trained]
    code, out, err = gansmith("train", "texts", *where, "--samples", 200, *options())
    assert code == 0, err
    assert "is finished" in out.replace("\n", " ")


@pytest.mark.parametrize("wish", WISHES)
def test_every_kind_of_file_holds_the_same_texts(
    gansmith: Cli, trained: Path, tmp_path: Path, wish: list[str]
) -> None:
    count = ["-n", 5, "--seed", 3, *wish]
    made = lines(gansmith, trained, tmp_path / "a.txt", *count)
    assert len(made) == 5
    for place in ("a.jsonl", "a.npz", "a.png", "folder"):
        code, _, err = gansmith("generate", trained, *count, "--out", tmp_path / place)
        assert code == 0, err
    rows = [json.loads(row) for row in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    assert all(row.pop("provenance") for row in rows)
    assert rows == [{"text": text, "seed": 3, "index": n} for n, text in enumerate(made)]
    with np.load(tmp_path / "a.npz") as arrays:
        assert to_texts(arrays["samples"]) == made
    with Image.open(tmp_path / "a.png") as picture:
        assert len(np.unique(np.asarray(picture))) > 1
    single = [(tmp_path / "folder" / f"{n}.txt").read_text("utf-8") for n in range(5)]
    assert single == [text + "\n" for text in made]
    listed = read_json(tmp_path / "folder" / "manifest.json")["files"]
    assert [entry["file"] for entry in listed] == [f"{n}.txt" for n in range(5)]


def test_left_out_the_file_is_in_the_run(gansmith: Cli, trained: Path) -> None:
    assert gansmith("generate", trained, "-n", 3, "--seed", 8)[0] == 0
    place = trained / "samples-8.txt"
    assert len(place.read_text("utf-8").split("\n")) == 4
    place.unlink()


@pytest.mark.parametrize("wish", [*WISHES, ["--best-of", "2"], ["--form", "haiku"]])
def test_the_same_seed_gives_the_same_texts(
    gansmith: Cli, trained: Path, tmp_path: Path, wish: list[str]
) -> None:
    made = [
        lines(gansmith, trained, tmp_path / "a.txt", "-n", 4, "--seed", seed, *wish)
        for seed in (1, 1, 2)
    ]
    assert made[0] == made[1] != made[2]


def test_other_endings_are_refused(gansmith: Cli, trained: Path, tmp_path: Path) -> None:
    told = refusal(gansmith, "generate", trained, "--out", tmp_path / "a.wav")
    assert ".txt" in told and ".jsonl" in told and "'a.wav'" in told
    assert not list(tmp_path.iterdir())


def test_a_walk_goes_from_sample_to_sample(gansmith: Cli, trained: Path, tmp_path: Path) -> None:
    made = lines(gansmith, trained, tmp_path / "a.txt", "-n", 6)
    walk = tmp_path / "walk.txt"
    assert gansmith("interpolate", trained, "--frames", 12, "--out", walk)[0] == 0
    steps = walk.read_text("utf-8").split("\n")[:-1]
    assert len(steps) == 12 and steps[::2] == made
    told = refusal(gansmith, "interpolate", trained, "--out", tmp_path / "walk.webp")
    assert ".txt" in told


def test_more_like_this_is_refused_with_a_hint(
    gansmith: Cli, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.txt").write_text("a dog sits here\n", "utf-8")
    assert "generate --prompt" in refusal(gansmith, "invert", trained, tmp_path / "own.txt")


def test_a_kit_is_refused(gansmith: Cli, trained: Path, tmp_path: Path) -> None:
    assert "needs a model of sounds" in refusal(gansmith, "kit", trained, "--out", tmp_path / "kit")
    assert not (tmp_path / "kit").exists()


def test_judging_again_gives_what_the_training_found(gansmith: Cli, trained: Path) -> None:
    code, out, err = gansmith("evaluate", trained, "--json")
    assert code == 0, err
    assert json.loads(out)["metrics"] == read_json(trained / "quality.json")["metrics"]
    code, out, err = gansmith("evaluate", trained, "--samples", 16, "--json")
    assert (code, json.loads(out)["generated"]) == (0, 16)


def test_files_of_texts_are_judged_against_each_other(
    gansmith: Cli, trained: Path, tmp_path: Path
) -> None:
    found = []
    for number, texts in enumerate((TEXTS, [text[::-1] for text in TEXTS])):
        place = tmp_path / f"{number}.txt"
        place.write_text("\n".join(texts) + "\n", "utf-8")
        code, out, err = gansmith(
            "evaluate", place, "--reference", trained.parent / "lines.txt", "--json"
        )
        assert code == 0, err
        found.append({name: m["value"] for name, m in json.loads(out)["metrics"].items()})
    real, backwards = found
    assert real["bleu4"] > 10 * backwards["bleu4"]
    assert real["frechet"] < backwards["frechet"]
    assert real["language"] < backwards["language"]


def test_options_of_pictures_and_sounds_are_refused(gansmith: Cli, trained: Path) -> None:
    assert "--temperature or --top-p" in refusal(
        gansmith, "generate", trained, "--truncation", 0.7, "--temperature", 0.5
    )
    assert "sounds" in refusal(gansmith, "generate", trained, "--tempo", 120)
    assert "without labels" in refusal(gansmith, "generate", trained, "--label", "a")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--temperature", 0.5),
        ("--top-p", 0.5),
        ("--prompt", "a"),
        ("--max-length", 3),
        ("--form", "haiku"),
        ("--best-of", 2),
    ],
)
def test_options_of_texts_are_refused_by_other_runs(
    gansmith: Cli, tmp_path_factory: pytest.TempPathFactory, option: str, value: object
) -> None:
    run = points_run(tmp_path_factory.getbasetemp())
    told = refusal(gansmith, "generate", run, option, value)
    assert told.startswith(option) and "only works with text and captions models" in told


def test_doctor_measures_a_recipe_of_texts(gansmith: Cli, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("\n".join(poems()), "utf-8")
    code, out, err = gansmith("doctor", "texts", "--data", tmp_path / "lines.txt", *options())
    assert code == 0, out + err
    assert "ms a step" in out
