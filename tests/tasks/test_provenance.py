"""Every file that a verb leaves went through the door, with run, recipe and seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gansmith import outputs
from gansmith.outputs import Finisher, Provenance
from gansmith.provenance.carriers import SIDECAR
from tests.tasks.test_sound import QUICK as SOUNDS
from tests.tasks.text_runs import Cli, lines_run, refusal

BOOKKEEPING = {
    *("recipe.yaml", "manifest.json", "metrics.jsonl", "quality.json", "contest.json"),
    *("generator.safetensors", "medium.safetensors", "tokenizer.json"),
    *("last.safetensors", "last-previous.safetensors", "best.safetensors"),
}


class Door(dict[str, list[Finisher]]):
    """Finishers that change nothing and note what passes."""

    def __init__(self) -> None:
        self.passed: dict[bytes, Provenance] = {}

    def get(self, suffix: str, default: object = ()) -> list[Finisher]:  # type: ignore[override]
        def note(content: bytes, origin: Provenance) -> bytes:
            self.passed[content] = origin
            return content

        return [note]

    @contextmanager
    def watching(self, place: Path) -> Iterator[dict[str, Provenance]]:
        """Give the provenance of each file that a block leaves in a folder, by relative path."""
        before = set(_files(place))
        found: dict[str, Provenance] = {}
        yield found
        left = [path for path in _files(place) if path not in before]
        past = [path for path in left if path.read_bytes() not in self.passed]
        assert not past, f"written past the door: {past}"
        found |= {
            path.relative_to(place).as_posix(): self.passed[path.read_bytes()] for path in left
        }


def _files(place: Path) -> Iterator[Path]:
    for path in place.rglob("*"):
        if path.is_file() and path.name not in BOOKKEEPING and not path.name.endswith(SIDECAR):
            yield path


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    door = Door()
    monkeypatch.setattr(outputs, "FINISHERS", door)
    return door


def _train(gansmith: Cli, recipe: str, data: Path, run: Path, *settings: str) -> None:
    where = ["--data", data, "--out", run, "--samples", 64]
    given = [part for entry in settings for part in ("--set", entry)]
    code, out, err = gansmith("train", recipe, *where, *given)
    assert code == 0, out + err


def test_files_of_a_training_and_of_all_verbs_have_their_provenance(
    gansmith: Cli, door: Door, hits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansmith.tasks.invert.STEPS", 5)
    run, out = tmp_path / "run", tmp_path / "out"
    out.mkdir()
    like = hits / "kick" / "00.wav"
    with door.watching(run) as made:
        _train(gansmith, "sounds", hits, run, *SOUNDS, "training.seed=5")
    expected = {"sheet.png", "real.png", "film.webp", "curves.png", "report.html"}
    assert expected <= set(made)
    for kind in ("generated", "real"):
        clips = [p for name, p in made.items() if name.startswith(f"clips/{kind}/")]
        assert clips and all(p.generated == (kind == "generated") for p in clips)
        assert {p.label for p in clips} == {"hat", "kick"}
    assert all((p.run, p.recipe, p.seed) == (str(run), "sounds", 5) for p in made.values())
    assert made["sheet.png"].generated and made["report.html"].generated
    assert not made["real.png"].generated and not made["curves.png"].generated

    verbs: dict[str, tuple[object, ...]] = {
        "folder": ("generate", run, "-n", 3, "--seed", 7, "--out", out / "folder"),
        "flac24": ("generate", run, "-n", 2, "--seed", 7, "--format", "flac24", "--out", out / "f"),
        "sheet": ("generate", run, "-n", 4, "--seed", 7, "--out", out / "a.png"),
        "array": ("generate", run, "-n", 4, "--seed", 7, "--out", out / "a.npz"),
        "walk": ("interpolate", run, "--frames", 3, "--seed", 7, "--out", out / "walk.wav"),
        "steps": ("interpolate", run, "--frames", 3, "--seed", 7, "--out", out / "steps"),
        "similar": ("similar", run, like, "-n", 1, "--seed", 7, "--out", out / "like"),
        "kit": ("kit", run, "-n", 2, "--seed", 7, "--out", out / "kit"),
    }
    counts = dict.fromkeys(verbs, 1) | {"folder": 6, "flac24": 5, "steps": 6}
    counts |= {"similar": 6, "kit": 6}
    for verb, arguments in verbs.items():
        with door.watching(out) as made:
            code, _, err = gansmith(*arguments)
            assert code == 0, err
        assert len(made) == counts[verb], (verb, made)
        assert all((p.run, p.recipe, p.seed) == (str(run), "sounds", 7) for p in made.values())
        samples = {name: p for name, p in made.items() if p.index is not None}
        if verb in ("folder", "flac24", "kit"):
            assert all(p.label in name for name, p in samples.items() if p.label)
            assert all(p.label in ("hat", "kick") for p in samples.values())
        if verb == "similar":
            assert [p.generated for _, p in sorted(samples.items())] == [True, False, True]

    for command in ("report", "evaluate", "doctor"):
        with door.watching(run):
            (run / "report.html").unlink(missing_ok=True)
            (run / "health.png").unlink(missing_ok=True)
            assert gansmith(command, run)[0] in (0, 1), command


def test_texts_and_comparisons_have_their_provenance(
    gansmith: Cli,
    door: Door,
    labelled_folder: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lines, pictures = lines_run(tmp_path_factory.getbasetemp()), tmp_path / "pictures"
    small = ("training.batch=8", "training.frames=2", "network.width=8", "network.head=16")
    judged = ("evaluation.quick_looks=0", "evaluation.samples=16")
    with door.watching(pictures) as made:
        extractor = "evaluation.extractor=random-conv"
        _train(gansmith, "pictures", labelled_folder, pictures, *small, *judged, extractor)
    assert {"sheet.png", "film.webp", "report.html"} <= set(made)
    for name in ("a.txt", "a.jsonl", "folder"):
        with door.watching(tmp_path) as made:
            code, _, err = gansmith("generate", lines, "-n", 2, "--out", tmp_path / name)
            assert code == 0, err
        assert made and all((p.run, p.seed) == (str(lines), 0) for p in made.values())
        assert all(p.recipe for p in made.values())
    with door.watching(tmp_path) as made:
        arguments = ("interpolate", pictures, "--frames", 2, "--out", tmp_path / "walk.webp")
        assert gansmith(*arguments)[0] == 0
        assert gansmith("compare", lines, pictures, "--out", tmp_path / "both.html")[0] == 0
    assert set(made) == {"walk.webp", "both.html"}
    assert made["both.html"].run == f"{lines}, {pictures}"
    assert made["walk.webp"].recipe == "pictures"


def test_previews_of_data_say_that_nothing_was_generated(
    gansmith: Cli, door: Door, hits: Path, tmp_path: Path
) -> None:
    with door.watching(tmp_path) as made:
        settings = ("data.seconds=0.5", "sound.representation=logmel")
        arguments = ("--recipe", "sounds", *(p for s in settings for p in ("--set", s)))
        pairs, sheet = tmp_path / "pairs", tmp_path / "sheet.png"
        code, _, err = gansmith(
            "data", "inspect", hits, "--sheet", sheet, "--round-trip", pairs, *arguments
        )
        assert code == 0, err
        preview = ("--set", "augment.ops=translation", "--out", tmp_path / "augment.png")
        assert gansmith("data", "augment", hits, *arguments, *preview)[0] == 0
    assert {"sheet.png", "augment.png", "pairs/0-original.wav", "pairs/0-decoded.wav"} <= set(made)
    assert not any(p.generated for p in made.values())
    assert {p.data for p in made.values()} == {f"folder {hits}"}


def test_a_folder_is_refused_before_anything_is_sampled(
    gansmith: Cli,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = lines_run(tmp_path_factory.getbasetemp())
    (tmp_path / "1.txt").write_text("my own")

    def sampled(*_: object, **__: object) -> None:
        raise AssertionError("sampled for a place that is refused")

    monkeypatch.setattr("gansmith.model.generate_samples", sampled)
    for verb, number in (("generate", "-n"), ("interpolate", "--frames")):
        error = refusal(gansmith, verb, run, number, 2, "--out", tmp_path)
        assert "1.txt exists and was not generated" in error
    assert "--out takes" in refusal(gansmith, "generate", run, "--out", tmp_path / "a.mp3")
    assert [path.name for path in tmp_path.iterdir()] == ["1.txt"]
