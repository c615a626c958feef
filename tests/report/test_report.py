from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.evaluation.result import metric_specs
from gansmith.provenance.texts import HTML
from gansmith.report.history import RunHistory
from gansmith.report.report import write_report
from gansmith.run import Run
from tests.report.page_reader import Page
from tests.report.run_folders import edit_json, events, make_run, write_events, write_recipe


def read(run: Path) -> Page:
    return Page(write_report(run).read_text("utf-8"))


def test_the_page_says_everything(tmp_path: Path) -> None:
    text = read(make_run(tmp_path / "run")).text
    for section in (
        "Training progress", "Quality over time", "All metrics",
        "Losses and discriminator", "Events", "Cost", "Data",
        "Machine and versions", "Next steps", "Recipe",
    ):  # fmt: skip
        assert section in text, section
    for fact in (
        "digits", "glyphs", "CC0 1.0", "60,000", "10,000 samples held out", "1 min 40 s",
        "2 CPU threads", "100k", "2026-01-02 03:04 UTC", "trained and evaluated",
        "1,000 samples a second", "0.70 GiB at most", "2.5% of the training",
        "612,481 parameters", "Model 9000", "2.13.0", "gradients leapt", "minutes: 3.0",
    ):  # fmt: skip
        assert fact in text, fact


def test_the_verdict_stands_beside_its_floor(tmp_path: Path) -> None:
    text = read(make_run(tmp_path / "run")).text
    assert "27.4 11\N{MULTIPLICATION SIGN} the floor floor 2.50" in text
    assert "0.861 91% of real floor 0.950" in text
    assert "0.0214 ± 0.0016" in text
    assert "41.2 48.0 14% below real" in text
    for measure in metric_specs().values():
        assert measure.meaning in text


def test_the_small_print_makes_numbers_comparable(tmp_path: Path) -> None:
    text = read(make_run(tmp_path / "run")).text
    for fact in (
        "classifier, 128 features", "identity 5b1f", "10,000 generated against 9,000 held-out real",
        "8,000 real training samples", "among 7,000", "28x28, no resize", "judge 3, latents 4",
        "Neighbours 5", "fingerprint feedbeef", "vendi: over fewer samples",
    ):  # fmt: skip
        assert fact in text, fact


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    page = read(run)
    html = HTML.known.sub("", (run / "report.html").read_text("utf-8"))
    assert "http://" not in html and "https://" not in html
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    loaded = [v for k, v in page.attributes if k in ("src", "srcset", "href", "data", "action")]
    assert len(loaded) == 3 + 6  # sheet, real, film; six moments of the training
    assert all(value is not None and value.startswith("data:image/") for value in loaded)
    assert (
        "content",
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'",
    ) in (page.attributes)
    assert "url(" not in html and "@import" not in html


def test_the_commands_work_for_awkward_folders(tmp_path: Path) -> None:
    run = make_run(tmp_path / "my run")
    text = read(run).text
    assert f"gansmith train '{run}/recipe.yaml' --out '{run}'" in text
    assert f"gansmith generate '{run}' -n 64 --seed 0" in text
    assert f"gansmith evaluate '{run}'" in text


def test_a_running_training_gives_a_report(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", training={"samples": 400_000})
    for name in ("quality.json", "sheet.png", "film.webp", "real.png", "generator.safetensors"):
        (run / name).unlink()
    page = read(run)
    assert "not evaluated yet; 25% of the training done" in page.text
    assert "Generator trained on glyphs" in page.text
    assert "From the evaluation at 100k samples" in page.text
    assert "4.50 at the floor floor 5.60" in page.text
    assert "gansmith generate" not in page.text
    assert page.tags.count("img") == 1 + 6  # the latest frame stands in for the sheet


def test_manifest_and_recipe_are_enough(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    for path in sorted(run.rglob("*"), reverse=True):
        if path.name not in ("manifest.json", "recipe.yaml"):
            path.rmdir() if path.is_dir() else path.unlink()
    page = read(run)
    assert "No sheets have been drawn yet" in page.text
    assert "has not been evaluated yet" in page.text
    assert "svg" not in page.tags


def test_a_line_cut_by_a_kill_is_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "step", "samples": 999999, "sec')
    assert "999" not in read(run).text


def test_numbers_that_are_none_do_no_harm(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    step = {"event": "step", "samples": 200_000, "seconds": 200.0}
    broken = {"d_loss": float("nan"), "g_loss": float("inf"), "d_grad": 0.0, "rate": None}
    look = {"event": "quality", "samples": 200_000, "seconds": 200.0, "frechet": float("nan")}
    write_events(run, [*events(), step | broken, look | {"frechet_floor": float("nan")}])
    assert "nan" not in " ".join(v or "" for k, v in read(run).attributes if k == "points")


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("manifest.json", "{", "manifest.json is damaged"),
        ("manifest.json", '{"format": "gansmith-run-9"}', "not of format gansmith-run-1"),
        ("manifest.json", '{"format": "gansmith-run-1"}', "name: field required"),
        ("recipe.yaml", "a: [1", "recipe.yaml is damaged"),
        ("recipe.yaml", "- a list", "recipe.yaml is damaged"),
        ("quality.json", "null", "quality.json is damaged"),
        ("quality.json", '{"metrics": 3}', "quality.json is damaged"),
        ("metrics.jsonl", None, "metrics.jsonl cannot be read: Is a directory"),
        ("sheet.png", "no picture", "sheet.png is not a readable picture"),
    ],
)
def test_damage_is_named_in_one_line(
    tmp_path: Path, file: str, content: str | None, complaint: str
) -> None:
    run = make_run(tmp_path / "run")
    if content is None:
        (run / file).unlink()
        (run / file).mkdir()
    else:
        (run / file).write_text(content, "utf-8")
    with pytest.raises(GansmithError, match=complaint) as caught:
        write_report(run)
    assert "\n" not in str(caught.value)
    assert not list(run.glob("report*"))


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ('{"event": "step"}\n{}\n', "2 lines"),
        ("[1]\n", "1 line"),
        ('{"event": "step", "samples": 1e999, "seconds": 1}\n', "1 line"),
        ('{"event": "step", "samples": ' + "9" * 5000 + ', "seconds": 1}\n', "1 line"),
        ("[" * 5000 + "\n\xff\n", "2 lines"),
    ],
)
def test_odd_lines_of_metrics_are_skipped_and_counted(
    tmp_path: Path, lines: str, count: str
) -> None:
    run = make_run(tmp_path / "run")
    with (run / "metrics.jsonl").open("a", encoding="latin-1") as file:
        file.write(lines)
    record = RunHistory.read(run)
    assert record.steps == [e for e in events() if e["event"] == "step"]
    assert f"{count} of metrics.jsonl cannot be read: skipped" in read(run).text
    assert len(list(Run(run).events())) == len(events())


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="not a gansmith run"):
        write_report(tmp_path)


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    evil = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    run = make_run(tmp_path / "run", name=evil)
    write_recipe(run, {"name": evil, "summary": evil})
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    edit_json(
        run / "manifest.json",
        label_names=[evil],
        dataset={key: evil if isinstance(v, str) else v for key, v in manifest["dataset"].items()},
        machine={evil: evil},
        versions={evil: evil},
        parameters={evil: 1},
    )
    note = {"event": "note", "samples": 1, "seconds": 1.0, "text": evil, "level": evil}
    look = {"event": "quality", "samples": 1, "seconds": 1.0, evil: 1.0, f"{evil}_floor": 0.5}
    write_events(run, [look, note])
    page = read(run)
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all((v or "").startswith("data:") for k, v in page.attributes if k == "src")
    assert evil in page.text


def test_writing_again_replaces_the_page(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    first = write_report(run).read_text("utf-8")
    edit_json(run / "manifest.json", name="renamed")
    assert "renamed" in write_report(run).read_text("utf-8") and "renamed" not in first
    assert [path.name for path in run.glob("*report*")] == ["report.html"]


def test_losses_that_a_duel_declares_are_charted(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    edit_json(
        run / "manifest.json",
        losses=[{"name": "cycle_loss", "title": "cycle consistency", "network": "a_to_b"}],
    )
    steps = [{"event": "step", "samples": n, "seconds": n, "cycle_loss": 1 / n} for n in (64, 128)]
    write_events(run, steps)
    page = write_report(run).read_text("utf-8")
    assert "cycle consistency" in page


@pytest.mark.parametrize(
    ("task", "network", "heading"),
    [
        ("translate", "Translator", "Before and after"),
        ("faceswap", "Face swap", "Before and after"),
        ("expressions", "Editor", "Before and after"),
        ("harden", "Classifier", "What fooled it"),
        ("generate", "Generator", "Generated"),
    ],
)
def test_each_task_has_its_words(task: str, network: str, heading: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", task=task)
    if task != "generate":
        (run / "generator.safetensors").rename(run / "model.safetensors")
    text = read(run).text
    assert f"{network} trained on glyphs" in text and f"{heading} The best" in text
    applied = "gansmith apply" in text
    assert applied == (task in ("translate", "faceswap", "expressions"))
    assert f"gansmith {'harden' if task == 'harden' else 'train'} {run}/recipe.yaml" in text


def test_texts_stand_in_place_of_small_pictures_of_them(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    edit_json(run / "manifest.json", medium="text")
    assert read(run).tags.count("img") == 3 + 6
    (run / "texts.json").write_text('{"generated": ["a cow"], "real": ["a cat"]}', "utf-8")
    page = read(run)
    assert page.tags.count("img") == 1 + 6 and "a cow" in page.text  # the film stays


def test_long_sheets_have_the_whole_width(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert ("class", "wide") not in read(run).attributes
    Image.new("L", (400, 50)).save(run / "sheet.png")
    assert read(run).attributes.count(("class", "wide")) == 1
