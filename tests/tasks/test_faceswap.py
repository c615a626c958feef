from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

import gansmith
from gansmith.consent import Consent
from gansmith.errors import GansmithError
from gansmith.faces.finder import Face
from gansmith.faceswap import FaceSwapModel
from gansmith.run import Run
from gansmith.tasks import face_choice
from gansmith.tasks.apply import apply
from tests.tasks.people import SIDE, make_person

SMALL = [
    *("network.width=8", "network.max_width=16", "network.code=16", "network.d_width=8"),
    *("data.size=32", "training.batch=4", "training.log_every=1", "data.held_out=0.3"),
    *("evaluation.quick_looks=1", "faceswap.game_from=0.4", "objective.penalty_every=2"),
]
CONSENT = "who: drawn people\nbasis: own drawings\ndate: 2026-01-31\n"


def train(home: Path, out: Path, consent: Path | None, samples: int = 24, **more: object) -> str:
    console = Console(record=True, width=200)
    folders = [home / "ann", home / "ben"]
    gansmith.train(
        "faceswap",
        data=folders,
        out=out,
        samples=samples,
        settings=SMALL,
        console=console,
        consent=consent,
        **more,  # type: ignore[arg-type]
    )
    return console.export_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("swap")
    make_person(home / "ann", (240, 200, 170), seed=0)
    make_person(home / "ben", (150, 100, 60), seed=1)
    (home / "consent.yaml").write_text(CONSENT, "utf-8")
    train(home, home / "run", home / "consent.yaml")
    return home


def test_nothing_is_trained_without_consent(home: Path, tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"--consent FILE\.yaml .*ann: .*ben: "):
        train(home, tmp_path / "run", None)
    assert not (tmp_path / "run").exists()


def test_the_consent_is_kept_in_run_model_and_report(home: Path) -> None:
    run = Run(home / "run")
    assert run.manifest()["consent"]["ben"]["who"] == "drawn people"
    model = gansmith.load(home / "run")
    assert isinstance(model, FaceSwapModel)
    assert model.blueprint.consent["ann"] == Consent.model_validate(
        {"who": "drawn people", "basis": "own drawings", "date": "2026-01-31"}
    )
    page = run.report_file.read_text("utf-8")
    assert "Consent for ann" in page and "own drawings" in page
    assert "is finished" in train(home, home / "run", None)  # and is not asked for again


def test_both_directions_are_judged(home: Path) -> None:
    metrics = Run(home / "run").quality()["metrics"]
    for name in ("target_share", "back_target_share"):
        assert 0 <= metrics[name]["value"] <= 1
    assert metrics["pose_error"]["value"] >= 0
    events = [event for event in Run(home / "run").events() if event["event"] == "step"]
    assert "g_loss" not in events[0] and "g_loss" in events[-1]  # the game begins later


def test_a_resumed_training_is_bit_equal(home: Path, tmp_path: Path) -> None:
    stopped: list[object] = []
    train(
        home,
        tmp_path / "parts",
        home / "consent.yaml",
        on_event=stopped.append,
        should_stop=lambda: len(stopped) > 2,
    )
    train(home, tmp_path / "parts", None)  # the run keeps its consent
    whole, parts = ((p / "model.safetensors") for p in (home / "run", tmp_path / "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def read(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path))


def test_a_swap_changes_the_face_alone_and_says_so(home: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    place = apply(home / "run", home / "ann", tmp_path / "out", label=False, log=lines.append)
    assert lines == [line for line in lines if "no visible label" in line] and len(lines) == 1
    before, after = read(home / "ann/00.png"), read(place / "00.png")
    assert after.shape == before.shape and not np.array_equal(before, after)
    assert np.array_equal(before[0], after[0])  # far from the face
    listed = json.loads((place / "manifest.json").read_text("utf-8"))
    assert listed["label"] is False and listed["to"] == "ben"
    assert listed["consent"]["ann"]["basis"] == "own drawings"
    labelled = apply(home / "run", home / "ann", tmp_path / "labelled", to="ben")
    changed = (read(labelled / "00.png") != after).any(2)
    assert changed[-2:, -10:].any() and not changed[:20].any()
    listed = json.loads((labelled / "manifest.json").read_text("utf-8"))
    assert listed["label"] == "AI: face swapped"


def test_a_file_without_a_face_is_left_out_in_one_line(home: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    Image.new("RGB", (50, 40), "grey").save(inputs / "empty.png")
    alpha = Image.open(home / "ann/00.png").convert("RGBA")
    alpha.putalpha(Image.new("L", alpha.size, 77))
    alpha.save(inputs / "clear.png")
    known = json.loads((home / "ann/landmarks.json").read_text("utf-8"))
    (inputs / "landmarks.json").write_text(json.dumps({"clear.png": known["00.png"]}), "utf-8")
    lines: list[str] = []
    place = apply(home / "run", inputs, tmp_path / "out", log=lines.append)
    assert len(lines) == 1 and "empty.png: no face is found" in lines[0]
    made = read(place / "clear.png")
    assert made.shape == (SIDE, SIDE, 4) and set(np.unique(made[:20, :, 3])) == {77}
    with pytest.raises(GansmithError, match=r"empty\.png: no face is found; give its landmarks"):
        apply(home / "run", inputs / "empty.png", tmp_path / "one.png")
    with pytest.raises(GansmithError, match="takes largest or all"):
        apply(home / "run", inputs, tmp_path / "none", face="best")
    with pytest.raises(GansmithError, match="face 'eve' is unknown"):
        apply(home / "run", inputs, tmp_path / "none", to="eve")


def test_of_two_faces_the_largest_is_swapped_or_all(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [read(home / f"ann/0{k}.png") for k in (0, 1)]
    apart = np.zeros_like(pictures[0])  # the crops around the faces do not overlap
    wide = np.concatenate([pictures[0], apart, apart, pictures[1]], axis=1)
    Image.fromarray(wide).save(tmp_path / "two.png")
    known = json.loads((home / "ann/landmarks.json").read_text("utf-8"))
    first = Face(np.array(known["00.png"]), 1.0)
    second = Face(np.array(known["01.png"]) + np.array([3 * SIDE, 0]), 1.0)
    monkeypatch.setattr(face_choice, "face_finder", lambda: lambda picture: [first, second])
    lines: list[str] = []
    options = {"label": False, "log": lines.append}
    one = read(apply(home / "run", tmp_path / "two.png", tmp_path / "1.png", **options))  # type: ignore[arg-type]
    assert "2 faces, the largest is changed; --face all takes all" in lines[-1]
    both = read(
        apply(home / "run", tmp_path / "two.png", tmp_path / "2.png", face="all", **options)  # type: ignore[arg-type]
    )
    right = slice(3 * SIDE, None)
    assert np.array_equal(one[:, right], wide[:, right]) and not np.array_equal(one, wide)
    assert np.array_equal(one[:, :SIDE], both[:, :SIDE]) and not np.array_equal(both, one)


def test_frames_are_smoothed_over_time(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    still = tmp_path / "film"
    still.mkdir()
    for k in range(5):
        Image.open(home / "ann/00.png").save(still / f"{k}.png")
    known = np.array(json.loads((home / "ann/landmarks.json").read_text("utf-8"))["00.png"])
    jitter = iter(np.random.default_rng(0).normal(size=(5, 1, 2)))
    monkeypatch.setattr(
        face_choice, "face_finder", lambda: lambda picture: [Face(known + next(jitter), 1.0)]
    )
    swap = FaceSwapModel.swap

    def watched(model: FaceSwapModel, picture: NDArray[np.uint8], faces, **options):  # type: ignore[no-untyped-def]
        seen.append(faces[0].landmarks.mean(0))
        return swap(model, picture, faces, **options)

    monkeypatch.setattr(FaceSwapModel, "swap", watched)
    apply(home / "run", still, tmp_path / "out", frames=True)
    noise = np.random.default_rng(0).normal(size=(5, 2))
    assert np.std(np.diff(seen, axis=0)) < 0.8 * np.std(np.diff(noise, axis=0))


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (("ann", "ann"), "two different folders"),
        (("ann",), "two different folders"),
        (("ann", "few"), "pictures to train on"),
        (("ann", "empty"), "no picture in which a face is found"),
    ],
)
def test_what_cannot_be_swapped_is_refused_in_one_line(
    home: Path, tmp_path: Path, folders: tuple[str, ...], message: str
) -> None:
    make_person(tmp_path / "few", (9, 99, 200), seed=3, count=6)
    (tmp_path / "empty").mkdir()
    for k in range(3):
        Image.new("RGB", (40, 40), (k, k, k)).save(tmp_path / "empty" / f"{k}.png")
    places = [home / name if (home / name).exists() else tmp_path / name for name in folders]
    with pytest.raises(GansmithError, match=message) as caught:
        gansmith.train(
            "faceswap",
            data=places,
            out=tmp_path / "run",
            samples=8,
            settings=SMALL,
            consent=home / "consent.yaml",
            console=Console(quiet=True),
        )
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()
