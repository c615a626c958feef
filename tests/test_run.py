from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.outputs import FINISHERS, Provenance
from gansmith.recipe import load_recipe
from gansmith.run import Run, provenance_of


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "run")
    run.create(load_recipe("digits"), {"name": "digits"})
    return run


def test_recipe_manifest_and_generator_survive(run: Run) -> None:
    assert run.recipe() == load_recipe("digits")
    run.note(best_samples=5)
    assert run.manifest() == {"format": "gansmith-run-1", "name": "digits", "best_samples": 5}
    run.save_generator({"w": torch.arange(3.0)}, {"format": "x"})
    weights, facts = run.load_trained()
    assert torch.equal(weights["w"], torch.arange(3.0))
    assert facts == {"format": "x"}


def test_a_metrics_line_that_was_cut_off_is_left_out(run: Run) -> None:
    run.log("step", samples=8, d_loss=0.5)
    with run.metrics_file.open("a") as file:
        file.write('{"event": "step", "sam')
    assert list(run.events()) == [{"event": "step", "samples": 8, "d_loss": 0.5}]


def test_forgetting_keeps_what_came_before(run: Run) -> None:
    for samples in (8, 16, 24):
        run.log("step", samples=samples)
        (run.frames_dir / f"{samples:09d}.png").touch()
    run.forget_after(16)
    assert [event["samples"] for event in run.events()] == [8, 16]
    assert [frame.stem for frame in run.frames()] == ["000000008", "000000016"]


@pytest.mark.parametrize("name", ["manifest.json", "recipe.yaml", "generator.safetensors"])
def test_a_damaged_file_is_named(run: Run, name: str) -> None:
    (run.path / name).write_bytes(b"\x00{[")
    readers = {
        "manifest.json": run.manifest,
        "recipe.yaml": run.recipe,
        "generator.safetensors": run.load_trained,
    }
    with pytest.raises(GansmithError, match=name.replace(".", r"\.")) as caught:
        readers[name]()
    assert "\n" not in str(caught.value)


def test_a_manifest_of_another_format_is_refused(run: Run) -> None:
    run.manifest_file.write_text(json.dumps({"format": "other"}), "utf-8")
    with pytest.raises(GansmithError, match="not of format gansmith-run-1"):
        run.manifest()


def test_a_run_that_was_cut_off_while_it_was_laid_out_can_begin_again(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.create(load_recipe("digits"), {"name": "digits"})
    run.manifest_file.unlink()
    Run(run.path).create(load_recipe("digits"), {"name": "again"})
    assert run.manifest()["name"] == "again"
    run.manifest_file.unlink()
    (run.path / "mine.txt").touch()
    with pytest.raises(GansmithError, match="holds files that are not a gansmith run"):
        run.check_usable()


def test_places_that_are_no_run_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="there is no run folder"):
        Run(tmp_path / "nowhere").require()
    with pytest.raises(GansmithError, match="is not a gansmith run"):
        Run(tmp_path).require()
    (tmp_path / "file").touch()
    with pytest.raises(GansmithError, match="is a file"):
        Run(tmp_path / "file").check_usable()
    with pytest.raises(GansmithError, match="not a gansmith run"):
        Run(tmp_path).check_usable()


def test_pictures_and_texts_of_a_run_know_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[Provenance] = []

    def note(content: bytes, origin: Provenance) -> bytes:
        passed.append(origin)
        return content

    for suffix in (".png", ".json"):
        monkeypatch.setitem(FINISHERS, suffix, [note])
    run.save_frame(8, Image.new("L", (8, 8)))
    run.save_picture(run.real_sheet_file, Image.new("L", (8, 8)), generated=False)
    run.save_texts({"generated": ["a dog"], "real": []})
    seed = run.recipe().training.seed
    assert [(p.run, p.recipe, p.seed) for p in passed] == 3 * [(str(run.path), "digits", seed)]
    assert [p.generated for p in passed] == [True, False, True]
    assert run.texts() == {"generated": ["a dog"], "real": []}


def test_a_generator_without_its_run_still_has_a_provenance(run: Run, tmp_path: Path) -> None:
    alone = tmp_path / "else" / "generator.safetensors"
    alone.parent.mkdir()
    alone.touch()
    found = provenance_of(alone, 3)
    assert (found.run, found.recipe, found.seed) == (str(alone), None, 3)
    run.save_generator({"w": torch.zeros(1)}, {})
    found = provenance_of(run.generator_file, 3)
    assert (found.run, found.recipe) == (str(run.generator_file), "digits")


def test_events_are_read_from_an_offset_and_a_partial_line_waits(run: Run) -> None:
    assert run.read_events() == ([], 0)
    run.log("step", samples=8)
    events, offset = run.read_events()
    assert [event["samples"] for event in events] == [8]
    assert run.read_events(offset) == ([], offset)
    with run.metrics_file.open("ab") as file:
        file.write('{"event": "note", "text": "é'.encode()[:-1])
    assert run.read_events(offset) == ([], offset)
    with run.metrics_file.open("ab") as file:
        file.write("é".encode()[1:] + b'"}\nbroken\n')
    events, later = run.read_events(offset)
    assert events == [{"event": "note", "text": "é"}]
    assert later == run.metrics_file.stat().st_size
    run.log("step", samples=16)
    run.forget_after(0)
    events, _ = run.read_events(later)
    assert [event["event"] for event in events] == ["note"]  # shorter now: read from the start


def test_listeners_hear_what_is_logged(run: Run) -> None:
    heard: list[object] = []
    run.listen(heard.append)
    run.log("step", samples=8)
    assert heard == list(run.events())


def test_a_run_is_locked_once_and_a_dead_process_holds_nothing(run: Run) -> None:
    with run.lock():
        assert run.lock_file.read_text() == str(os.getpid())
        refused = pytest.raises(GansmithError, match=f"trained by process {os.getpid()}: .*--out")
        with refused, Run(run.path).lock():
            pass
    assert not run.lock_file.exists()
    finished = subprocess.Popen([sys.executable, "-c", ""])
    finished.wait()
    for stale in (str(finished.pid), str(os.getpid()), "", "nonsense"):
        run.lock_file.write_text(stale)
        assert run.training_process is None
        with run.lock():
            assert run.training_process == os.getpid()


def test_the_lock_of_a_dead_process_is_removed_by_looking(run: Run) -> None:
    """A finished run whose process was killed in the last moment is not locked again."""
    run.lock_file.write_text("4000000")
    run.check_unlocked()
    assert not run.lock_file.exists()


def test_the_lock_of_another_live_process_is_respected(run: Run) -> None:
    run.lock_file.write_text(str(os.getppid()))
    with pytest.raises(GansmithError, match=f"trained by process {os.getppid()}") as caught:
        run.check_unlocked()
    assert "\n" not in str(caught.value)


def test_a_damaged_frame_is_left_out_of_the_animation(tmp_path: Path) -> None:
    said: list[str] = []
    run = Run(tmp_path / "run", said.append)
    run.create(load_recipe("digits"), {})
    for samples in (8, 16, 24):
        run.save_frame(samples, Image.new("L", (40, 30 + samples), samples))
    frame = run.frames()[1]
    frame.write_bytes(frame.read_bytes()[:60])
    assert [image.size for image in run.frame_images()] == [(40, 38), (40, 54)]
    assert len(said) == 1 and str(frame) in said[0]


def test_a_run_folder_that_is_gone_stops_the_training_in_one_line(run: Run) -> None:
    shutil.rmtree(run.path)
    with pytest.raises(GansmithError, match="run was removed or renamed during training"):
        run.log("step", samples=8)


def test_a_damaged_last_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    said: list[str] = []
    run = Run(tmp_path / "run", said.append)
    run.create(load_recipe("digits"), {})
    for step in (1, 2, 3):
        run.save_checkpoint("last", {"step": step, "averages": {}})
        run.save_checkpoint("best", {"step": step, "averages": {}})
    latest, before = run.checkpoint_files("last")
    assert (run.load_checkpoint("last") or {})["step"] == 3 and not said
    content = bytearray(latest.read_bytes())
    content[-1] ^= 1
    latest.write_bytes(content)
    assert (run.load_checkpoint("last") or {})["step"] == 2
    assert len(said) == 1 and str(latest) in said[0] and str(before) in said[0]
    run.save_checkpoint("last", {"step": 3, "averages": {}})
    assert (run.load_checkpoint("last") or {})["step"] == 3
    assert not run.checkpoint_files("best")[1].exists()
