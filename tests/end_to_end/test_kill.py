"""Runs that are killed at any moment end like runs that were never disturbed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch
from rich.console import Console

import gansmith
from gansmith.cli import main
from gansmith.errors import GansmithError
from gansmith.model import load_generator
from gansmith.run import Run
from gansmith.storage.checkpoint import load_tree
from tests.forked import fork, forks

ROOT = Path(__file__).parents[2]
QUICK = (
    *("training.batch=8", "training.frames=2", "training.log_every=1", "network.width=8"),
    *("evaluation.quick_looks=2", "evaluation.quick_samples=16", "evaluation.samples=16"),
    "health.probes=0",
)
QUIET = Console(quiet=True)


def _environment(tmp_path: Path) -> dict[str, str]:
    own = {"OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    return {**os.environ, **own}


def train(run: Path, samples: int = 64, *settings: str, **options: object):  # type: ignore[no-untyped-def]
    return gansmith.train(
        "ring",
        out=run,
        samples=samples,
        settings=(*QUICK, *settings),
        console=QUIET,
        **options,  # type: ignore[arg-type]
    )


def test_kills_at_renames_new_folders_and_random_times_leave_no_trace(tmp_path: Path) -> None:
    """Training and generating; `benchmarks/kills.py` does this hundreds of times for all media."""
    table = tmp_path / "rows.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "kills.py"), "points"]
    command += ["--kills", "8", "--random", "0.2", "--out", str(table)]
    done = subprocess.run(
        command, env=_environment(tmp_path), capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(table.read_text("utf-8"))
    assert len(rows) == 8 and sum(row["killed"] for row in rows) >= 7
    assert all(row["equal"] and not row["exit"] for row in rows), rows


@pytest.mark.parametrize(
    "missing", [("report.html",), ("sheet.png", "real.png", "curves.png", "report.html")]
)
def test_a_run_that_lacks_results_gets_them_by_the_same_command(
    missing: tuple[str, ...], tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    train(run.path)
    quality = run.quality_file.read_bytes()
    for name in missing:
        (run.path / name).unlink()
    run.note(finished=None)  # as after a kill while results were written
    train(run.path)
    assert all((run.path / name).is_file() for name in missing)
    assert run.quality_file.read_bytes() == quality  # what was evaluated is not evaluated again
    assert run.manifest()["finished"] == 64


def test_a_run_killed_before_its_codec_was_written_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text(
        "\n".join(f"{a} {b} runs" for a in "abcdef" for b in "uvwxyz"), "utf-8"
    )
    settings = ("network.width=16", "network.embedding=16", *QUICK[:2], "sequence.check_every=2")
    settings += ("evaluation.samples=16", "evaluation.quick_looks=0", "health.probes=0")

    def texts() -> object:
        return gansmith.train(
            "texts",
            data=tmp_path / "lines.txt",
            out=tmp_path / "run",
            samples=16,
            settings=settings,
            console=QUIET,
        )

    texts()
    run = Run(tmp_path / "run")
    expected = run.load_trained()[0]
    for name in ("generator.safetensors", "quality.json", "report.html"):
        (run.path / name).unlink()
    run.medium_file.unlink()  # earlier versions wrote it after the manifest
    for checkpoint in run.checkpoints_dir.iterdir():
        checkpoint.unlink()
    texts()
    found = run.load_trained()[0]
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_run_folder_that_is_removed_ends_the_training_at_once(tmp_path: Path) -> None:
    run, moved = tmp_path / "run", tmp_path / "moved"
    seen: list[int] = []

    def listen(event: dict[str, object]) -> None:
        if event["event"] == "step":
            seen.append(int(str(event["samples"])))
            if len(seen) == 3:
                run.rename(moved)

    with pytest.raises(GansmithError, match="was removed or renamed during training") as caught:
        train(run, 8000, on_event=listen)
    assert "\n" not in str(caught.value)
    assert seen == [8, 16, 24] and not run.exists()
    moved.rename(run)
    assert train(run, 80) is not None


def test_one_seed_ships_one_generator_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = []
    real = time.perf_counter
    for number, speed in enumerate((1.0, 1000.0, 1e-3, 1.0)):
        monkeypatch.setattr(time, "perf_counter", lambda speed=speed: real() * speed)
        run = tmp_path / f"run{number}"
        train(run, 320, "training.seed=3", "evaluation.quick_looks=8", "evaluation.max_cost=0.2")
        weights, facts = Run(run).load_trained()
        looks = [event["samples"] for event in Run(run).events() if event["event"] == "quality"]
        shipped.append((weights, facts, looks, Run(run).manifest()["best_samples"]))
    first = shipped[0]
    assert len(first[2]) > 2
    for weights, facts, looks, best in shipped[1:]:
        assert (facts, looks, best) == (first[1], first[2], first[3])
        assert all(torch.equal(weights[name], first[0][name]) for name in weights)


def test_generating_while_checkpoints_are_replaced_reads_whole_ones(tmp_path: Path) -> None:
    run = tmp_path / "run"
    stop, steps = threading.Event(), threading.Event()

    def listen(event: dict[str, object]) -> None:
        if event["event"] == "step" and int(str(event["samples"])) > 8:  # one is saved
            steps.set()

    def work() -> None:
        train(
            run,
            10**9,
            "training.checkpoint_seconds=0",
            should_stop=stop.is_set,
            on_event=listen,
        )

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert steps.wait(60)
        for _ in range(20):
            assert load_generator(run).sample(2).shape[0] == 2
        with pytest.raises(GansmithError, match="is being trained by process"):
            train(run, 10**9)
    finally:
        stop.set()
        thread.join(60)


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals on Windows")
@pytest.mark.parametrize("how", ["closed", "hang-up"])
def test_closed_output_and_hang_up_save_and_say_so(how: str, tmp_path: Path) -> None:
    run, told = tmp_path / "run", tmp_path / "errors"
    reader, writer = forks().Pipe(duplex=False)
    process = fork(_train_forever, run, writer, told, environment=_environment(tmp_path))
    writer.close()
    with os.fdopen(os.dup(reader.fileno())) as output:
        reader.close()
        output.readline()
        if how == "closed":
            output.close()
        else:
            while not Run(run).metrics_file.exists() and process.is_alive():
                time.sleep(0.05)
            time.sleep(0.5)
            assert process.pid is not None
            os.kill(process.pid, signal.SIGHUP)
        process.join(120)
        error = told.read_text("utf-8")
        assert process.exitcode == (1 if how == "closed" else 0), error
        samples = load_tree(run / "checkpoints" / "last.safetensors")["clock"]["samples"]
        if how == "closed":
            assert error.count("\n") == 1
            assert f"stopped and saved after {samples:,} samples" in error
        else:
            assert f"stopped and saved after {samples:,} samples" in output.read()
    assert not Run(run).lock_file.exists()


def _train_forever(run: Path, output: Connection, errors: Path) -> None:
    """Run the command line, as a process of its own does."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` of the tests would hold here too
    os.dup2(output.fileno(), 1)
    output.close()
    sys.stdout, sys.stderr = open(1, "w"), open(errors, "w")  # noqa: SIM115  (to their end)
    settings = (f"--set={setting}" for setting in QUICK)
    command = ["train", "ring", "--out", str(run), "--samples", str(10**8), *settings]
    sys.argv = ["gansmith", *command]
    main()
