from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from gansmith.cli import app
from gansmith.errors import GansmithError
from gansmith.robustness import ladder, sanity
from gansmith.robustness.result import Evaluation


def make_halves(folder: Path, count: int) -> Path:
    """Images that are bright at the left, or at the right."""
    random = np.random.default_rng(0)
    for label in ("left", "right"):
        (folder / label).mkdir(parents=True)
        for index in range(count):
            picture = random.integers(0, 120, (8, 8), dtype=np.uint8)
            half = slice(0, 4) if label == "left" else slice(4, 8)
            picture[:, half] += 100
            Image.fromarray(picture).save(folder / label / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("halves")
    make_halves(home / "data", 60)
    settings = ["--set", "data.held_out=0.3", "--set", "data.size=8"]
    result = CliRunner().invoke(
        app, ["classifier", str(home / "data"), "--out", str(home / "reader"), *settings]
    )
    assert result.exit_code == 0, result.output
    assert "held-out images are right" in result.output
    return home


def measure(home: Path, *more: str, target: str | None = None):  # type: ignore[no-untyped-def]
    words = ["robustness", target or str(home / "reader"), str(home / "data"), "--images", "12"]
    settings = ["--set", "data.held_out=0.3", "--set", "data.size=8"]
    return CliRunner().invoke(app, [*words, *more, *settings])


def test_a_trained_classifier_is_measured(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sanity, "_LONGER", 1)
    quick = partial(ladder.robustness, queries=20)
    found: list[Evaluation] = []

    def once(*arguments: Any, **options: Any) -> Evaluation:
        found[:] = found or [quick(*arguments, **options)]
        return found[0]

    monkeypatch.setattr(ladder, "robustness", once)
    page = tmp_path / "report.html"
    table = measure(home, "--eps", "0.05", "--advgan", "2", "--out", str(page))
    assert "APGD-T" in table.output and "worst case of each image" in table.output
    plain = json.loads(measure(home, "--eps", "0.05", "--json").stdout)
    accuracies = {entry["name"]: entry["accuracy"] for entry in plain["outcomes"]}
    assert {"clean", "noise", "FGSM", "PGD-40", "APGD-T", "Square", "AdvGAN"} <= set(accuracies)
    assert plain["threat"]["eps"] == 0.05 and len(plain["images"]) == 12
    assert table.exit_code == (0 if plain["reliable"] else 1)
    text = page.read_text("utf-8")
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org", "")
    for part in ("APGD-T", "What fooled it", "Accuracy by eps", "left", "quantised input"):
        assert part in text
    wrong = measure(home, "--eps", "0.05", "--out", str(tmp_path / "report.pdf"))
    assert "name it FILE.html" in str(wrong.exception)


def test_mistakes_are_answered_in_one_line(home: Path) -> None:
    for words, message in (
        (("--eps", "0.1", "--norm", "L3"), "takes Linf or L2"),
        (("--eps", "2"), "eps"),
    ):
        error = measure(home, *words).exception
        assert isinstance(error, GansmithError) and message in str(error)
    error = measure(home, "--eps", "0.1", target=str(home / "nowhere")).exception
    assert isinstance(error, GansmithError) and "is no classifier" in str(error)
    again = CliRunner().invoke(
        app, ["classifier", str(home / "data"), "--out", str(home / "reader")]
    )
    assert isinstance(again.exception, GansmithError) and "another folder" in str(again.exception)


def attack(home: Path, out: Path, *more: str, target: str | None = None):  # type: ignore[no-untyped-def]
    words = ["attack", target or str(home / "reader"), str(home / "data"), "--out", str(out)]
    settings = ["--set", "data.held_out=0.3", "--set", "data.size=8", "--images", "12"]
    return CliRunner().invoke(app, [*words, *more, *settings])


def test_an_attack_leaves_pictures_a_sheet_and_figures(home: Path, tmp_path: Path) -> None:
    result = attack(home, tmp_path / "fgsm", "--method", "fgsm", "--eps", "0.3", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    pictures = sorted((tmp_path / "fgsm").glob("[0-9]*.png"))
    assert len(pictures) == len(found["images"]) == found["fooled"]["total"]
    written = json.loads((tmp_path / "fgsm" / "attack.json").read_text())
    assert written.pop("provenance")["seed"] == 0 and found == written
    assert (tmp_path / "fgsm" / "sheet.png").is_file()
    first = found["images"][0]
    with Image.open(pictures[0]) as moved:
        assert moved.size == (8, 8) and str(first["index"]) in pictures[0].name
    result = attack(home, tmp_path / "patch", "--method", "patch", "--steps", "3", "--area", "0.2")
    assert result.exit_code == 0, result.output
    assert "with a patch of random colours" in " ".join(result.output.split())
    with Image.open(tmp_path / "patch" / "patch-to-print.png") as printed:
        assert printed.size == (720, 720)


def test_attacks_that_cannot_be_run_are_answered_in_one_line(home: Path, tmp_path: Path) -> None:
    for words, message in (
        (("--method", "fgsn", "--eps", "0.1"), "did you mean 'fgsm'"),
        (("--method", "fgsm"), "add --eps"),
        (("--method", "fgsm", "--eps", "0.1", "--target", "left"), "has no target label"),
        (("--method", "patch", "--target", "up"), "label 'up' is unknown"),
        (("--method", "patch", "--area", "7"), "share of the image"),
        (("--method", "fgsm", "--eps", "8"), "write 0.03137"),
        (("--method", "unrestricted"), "add --generator RUN and --oracle"),
    ):
        error = attack(home, tmp_path / "none", *words).exception
        assert isinstance(error, GansmithError) and message in str(error), (words, error)
        assert "\n" not in str(error)
    assert not (tmp_path / "none").exists()
    error = CliRunner().invoke(app, ["harden", "digits"]).exception
    assert "recipe 'digits' is of task 'generate'" in str(error)
    error = CliRunner().invoke(app, ["harden", "harden", "--set", "hardening.advgan=1"]).exception
    assert isinstance(error, GansmithError) and "hardened by AdvGAN alone" in str(error)


def test_a_classifier_in_a_file_has_its_own_order_and_values(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "def make():\n"
        "    def network(x):\n"
        "        assert x.min() < -0.2, 'takes values from -1 to 1'\n"
        "        halves = [x[..., 4:].mean((1, 2, 3)), x[..., :4].mean((1, 2, 3))]\n"
        "        return 10 * torch.stack(halves, 1)\n"
        "    return network\n"
    )
    mine, out = f"{tmp_path / 'mine.py'}:make", ["--out", str(tmp_path / "attack")]
    words = ["attack", mine, str(home / "data"), "--method", "fgsm", "--eps", "0.1", *out]
    settings = ["--set", "data.held_out=0.3", "--set", "data.size=8", "--value-range", "-1..1"]
    wrong = CliRunner().invoke(app, [*words, *settings])
    assert isinstance(wrong.exception, GansmithError)
    assert "with --labels; what it reads suggests 'right,left'" in str(wrong.exception)
    assert not (tmp_path / "attack").exists()
    right = CliRunner().invoke(app, [*words, *settings, "--labels", "right,left", "--json"])
    assert right.exit_code == 0, right.output
    assert json.loads(right.stdout)["clean"]["share"] > 0.9
    assert "reads 30 of 30 held-out images rightly: 100.0%" in right.stderr
    assert "does not name its outputs" not in right.stderr
    for value, why in (("auto", "takes LOW..HIGH"), ("3", "takes LOW..HIGH")):
        bad = CliRunner().invoke(app, [*words, "--value-range", value])
        assert isinstance(bad.exception, GansmithError) and why in str(bad.exception)


def test_data_are_opened_as_the_classifier_takes_them(home: Path, tmp_path: Path) -> None:
    out, data = ["--out", str(tmp_path / "attack")], str(home / "data")
    words = ["attack", str(home / "reader"), data, "--method", "fgsm", "--eps", "0.1"]
    held = ["--set", "data.held_out=0.3"]
    opened = CliRunner().invoke(app, [*words, *out, *held, "--set", "data.mode=RGB", "--json"])
    assert isinstance(opened.exception, GansmithError)  # what the user sets, stays
    assert "open the data with --set data.mode=L" in str(opened.exception)
    opened = CliRunner().invoke(app, [*words, *out, *held, "--json"])
    assert opened.exit_code == 0, opened.output
    assert "images are opened as reader takes them: data.size=8x8" in opened.stderr
    assert json.loads(opened.stdout)["clean"]["share"] > 0.9


def test_files_that_no_attack_wrote_are_never_replaced(home: Path, tmp_path: Path) -> None:
    for name in ("sheet.png", "attack.json"):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text("mine")
        error = attack(home, folder, "--method", "fgsm", "--eps", "0.3").exception
        assert f"{name} exists and was not generated" in str(error)
        assert [path.name for path in folder.iterdir()] == [name]
        assert (folder / name).read_text() == "mine"


def test_seeds_have_one_range(home: Path, tmp_path: Path) -> None:
    most, words = 2**63 - 1, ("--method", "noise", "--eps", "0.1")
    assert attack(home, tmp_path / "most", *words, "--seed", str(most)).exit_code == 0
    refused = attack(home, tmp_path / "more", *words, "--seed", str(most + 1))
    assert refused.exit_code == 2 and not (tmp_path / "more").exists()


def test_a_place_that_is_a_file_is_refused_before_the_attack(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    words = ["attack", str(home / "reader"), str(tmp_path / "no data"), "--method", "fgsm"]
    refused = CliRunner().invoke(app, [*words, "--eps", "0.1", "--out", str(tmp_path / "file")])
    assert isinstance(refused.exception, GansmithError)
    assert "file" in str(refused.exception) and "no data" not in str(refused.exception)
    assert (tmp_path / "file").read_text() == "mine"
