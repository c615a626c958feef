"""Kill trainings, `generate` and `apply` at renames, removals and new folders, and at random.

After each kill the same command runs once more. It must succeed and leave the same files as a run
that was never disturbed: networks, checkpoints, sheets, frames, texts and samples byte for byte,
no temporary files and no lock.

    OMP_NUM_THREADS=1 python benchmarks/kills.py --kills 200        # results/kills.csv
    OMP_NUM_THREADS=1 python benchmarks/kills.py style levels --kills 8    # renews their rows

Every command runs in a process that is forked from this one, which has imported everything, with a
cache of its own. Networks are tiny: what is tested is the order of writes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning_fabric  # noqa: F401  (imported before forks)
import numpy as np
import soundfile
import torch
from PIL import Image, ImageDraw
from rich.console import Console

import gansmith
from gansmith.media.levels.datasets import LEVEL_SETS
from gansmith.media.levels.datasets.corpus import write_levels
from gansmith.storage.checkpoint import Tree, load_tree
from gansmith.storage.process_lock import is_alive
from gansmith.storage.tensor_file import CHECKSUM
from gansmith.tasks import (  # noqa: F401  (imported before forks)
    apply,
    builtin,
    doctor,
    evaluate,
    generate,
    train,
)

Data = Path | list[Path]
KILLED = 137
STEPS, BATCH = 6, 8
CALLS = ("replace", "rename", "mkdir", "unlink", "rmdir")
"""Functions of `os` that change what is in a folder."""
CONSENT = "who: drawn shapes\nbasis: own drawings\ndate: 2026-01-31\n"
QUICK = (
    f"training.batch={BATCH}",
    "training.checkpoint_seconds=0",
    "training.log_every=2",
    "training.frames=3",
    "evaluation.quick_looks=2",
    "evaluation.quick_samples=16",
    "evaluation.max_cost=1",
    "evaluation.samples=16",
    "health.probes=2",
    "health.samples=50",
    "health.max_cost=1",
)
TRANSLATION = (
    *("training.batch=4", "data.size=16", "data.held_out=0.3", "evaluation.quick_looks=1"),
    *("network.width=8", "network.d_width=8"),
)
RESIDUAL = (*TRANSLATION, "network.blocks=1", "network.d_levels=2")
FACES = ("data.align=none", "network.width=4", "network.d_width=4")
TEXT = (
    *("network.width=16", "network.embedding=16", "sequence.check_every=2"),
    *("sequence.likelihood=0.5", "text.tokens=characters"),
)


@dataclass(frozen=True)
class Medium:
    """One kind of data with a recipe.

    Attributes:
        recipe: Name of the recipe.
        make: Writes the data to a folder and returns its path, or those of two folders; None for
            data that need no files.
        settings: Entries for `settings`, beside `QUICK`.
        outputs: What is made of the trained run, and killed too: by `generate`, but "applied" by
            `apply`.
        people: Those shown must have agreed.
    """

    recipe: str
    make: Callable[[Path], Data] | None
    settings: tuple[str, ...]
    outputs: tuple[str, ...] = ("samples", "sheet-of-12.png")
    people: bool = False


def make_pictures(home: Path) -> Path:
    """Draw two classes of 30 images of 16x16 each."""
    noise = np.random.default_rng(0)
    for label, shape in (("disc", "ellipse"), ("box", "rectangle")):
        (home / label).mkdir(parents=True)
        for index in range(30):
            image = Image.fromarray(noise.integers(0, 60, (16, 16), np.uint8))
            draw = getattr(ImageDraw.Draw(image), shape)
            draw([2 + index % 4, 3, 11, 12 + index % 3], fill=150 + index)
            image.save(home / label / f"{index}.png")
    return home


def make_sounds(home: Path) -> Path:
    """Write 24 decaying tones of half a second."""
    home.mkdir()
    seconds = np.arange(8000) / 16000
    for index in range(24):
        wave = np.sin(2 * np.pi * (200 + 30 * index) * seconds) * np.exp(-8 * seconds)
        soundfile.write(home / f"{index}.wav", 0.5 * wave, 16000)
    return home


def make_texts(home: Path) -> Path:
    """Write 80 lines of words."""
    home.mkdir()
    draw = random.Random(0)
    words = ["the", "cat", "dog", "sees", "a", "red", "big", "bird", "and", "old", "tree"]
    lines = [" ".join(draw.choices(words, k=5)) for _ in range(80)]
    (home / "lines.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return home / "lines.txt"


def make_captioned(home: Path) -> Path:
    """Draw 40 images with captions beside them."""
    home.mkdir()
    rows = []
    for index in range(40):
        shape, colour = ("disc", "box")[index % 2], ("red", "green", "blue")[index % 3]
        image = Image.new("RGB", (32, 32), "white")
        place = [4 + index % 5, 5, 20, 22 + index % 7]
        brush = ImageDraw.Draw(image)
        (brush.ellipse if shape == "disc" else brush.rectangle)(place, fill=colour)
        image.save(home / f"{index}.png")
        rows.append({"file_name": f"{index}.png", "text": f"a {colour} {shape}"})
    lines = [json.dumps(row) for row in rows]
    (home / "metadata.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return home


def make_squares(home: Path, colours: Sequence[str] = ("blue", "orange", "green")) -> Path:
    """Draw 24 dark pictures of 16x16 for each colour, with a square of it at the same places."""
    for colour in colours:
        noise = np.random.default_rng(0)
        (home / colour).mkdir(parents=True)
        for index in range(24):
            image = Image.fromarray(noise.integers(0, 40, (16, 16, 3), np.uint8))
            x, y = noise.integers(0, 10, 2).tolist()
            ImageDraw.Draw(image).rectangle([x, y, x + 5, y + 5], fill=colour)
            image.save(home / colour / f"{index:02}.png")
    return home


def make_two(home: Path) -> Data:
    """Draw dark pictures with blue squares, and the same with orange ones."""
    make_squares(home, ("blue", "orange"))
    return [home / "blue", home / "orange"]


def make_expressions(home: Path) -> Path:
    """Draw 24 light squares of 16x16 with a bar, which is high, low or wide, by label."""
    bars = {"neutral": (5, 10, 10, 10), "open": (5, 8, 10, 12), "smile": (2, 10, 13, 11)}
    for label, bar in bars.items():
        noise = np.random.default_rng(0)
        (home / label).mkdir(parents=True)
        for index in range(24):
            image = Image.new("RGB", (16, 16), tuple(noise.integers(180, 250, 3).tolist()))
            ImageDraw.Draw(image).rectangle(bar, fill=tuple(noise.integers(0, 40, 3).tolist()))
            image.save(home / label / f"{index:02}.png")
    return home


def make_level_files(name: str, count: int) -> Callable[[Path], Path]:
    """Return a function that writes levels of a named set, with their legend."""

    def make(home: Path) -> Path:
        write_levels(home, LEVEL_SETS[name], count)
        return home

    return make


MEDIA = {
    "pictures": Medium("pictures", make_pictures, ("network.width=4", "network.head=8")),
    "points": Medium("ring", None, ("network.width=8",)),
    "sound": Medium(
        "sounds",
        make_sounds,
        (
            *("network.width=8", "network.max_width=8", "network.head=8", "network.texture=4"),
            *("sound.decoder_steps=2", "data.seconds=0.5", "evaluation.extractor=random-conv"),
        ),
    ),
    "text": Medium("texts", make_texts, TEXT),
    "captions": Medium("captioned", make_captioned, ("data.held_out=0.3", *TEXT)),
    "style": Medium("style", make_two, RESIDUAL, ("applied",)),
    "style-cycle": Medium("style-cycle", make_two, RESIDUAL, ("applied",)),
    "style-paired": Medium(
        "style-paired",
        make_two,
        (*TRANSLATION, "network.levels=1", "network.d_levels=2"),
        ("applied",),
    ),
    "domains": Medium("domains", make_squares, RESIDUAL, ("applied",)),
    "faceswap": Medium(
        "faceswap",
        make_two,
        (*TRANSLATION, *FACES, "data.size=32", "network.max_width=16", "faceswap.game_from=0.4"),
        ("applied",),
        people=True,
    ),
    "expressions": Medium(
        "expressions",
        make_expressions,
        (
            *(*TRANSLATION, *FACES, "network.blocks=1", "network.levels=1"),
            *("network.d_features=16", "expressions.reader=0.3"),
        ),
        ("applied",),
        people=True,
    ),
    "levels": Medium("levels", make_level_files("level-dungeons", 12), ("network.width=8",)),
    "level-oneshot": Medium(
        "level-oneshot",
        make_level_files("level-hills", 1),
        ("network.width=8", "network.seen=8"),
    ),
    "harden": Medium(
        "harden",
        make_pictures,
        (
            *("data.size=16", "data.mode=L", "network.width=4", "hardening.steps=2"),
            *("data.held_out=0.3", "hardening.chosen_on=10"),
        ),
        outputs=(),
    ),
}


@dataclass(frozen=True)
class Call:
    """A call that changes a folder.

    Attributes:
        name: One of `CALLS`.
        target: The path, or the new path.
    """

    name: str
    target: str


@contextlib.contextmanager
def intercepted(seen: list[Call], kill_at: int | None, after: bool) -> Iterator[None]:
    """Record the calls of `CALLS`, and end this process at one of them.

    Args:
        seen: Takes the calls; removals of temporary files are not counted.
        kill_at: Number of the call at which the process ends; None never.
        after: End it after the call, not before.
    """
    originals = {name: getattr(os, name) for name in CALLS}

    def wrap(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            target = os.fspath(args[-1] if name in ("replace", "rename") else args[0])
            if ".part-" in os.path.basename(str(target)) and name != "mkdir":
                return originals[name](*args, **kwargs)
            seen.append(Call(name, str(target)))
            hit = len(seen) - 1 == kill_at
            if hit and not after:
                os._exit(KILLED)
            try:
                return originals[name](*args, **kwargs)
            finally:
                if hit:
                    os._exit(KILLED)

        return call

    for name in CALLS:
        setattr(os, name, wrap(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


class Child:
    """A process that calls a function in a folder, with a cache in that folder.

    Args:
        home: The folder.
        work: The function.
        kill_at: See :func:`intercepted`.
        after: See :func:`intercepted`.
    """

    def __init__(
        self,
        home: Path,
        work: Callable[[], object],
        kill_at: int | None = None,
        after: bool = False,
    ) -> None:
        home.mkdir(exist_ok=True)
        self._calls, self.log = home / "calls.json", home / "log.txt"
        self.process = os.fork()
        if self.process == 0:
            os._exit(self._run(home, work, kill_at, after))

    def _run(self, home: Path, work: Callable[[], object], kill_at: int | None, after: bool) -> int:
        seen: list[Call] = []
        try:
            descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            os.chdir(home)
            os.environ["GANSMITH_CACHE"] = str(home / "cache")
            os.environ["GANSMITH_CONFIG"] = str(home / "config")  # without anybody's certificate
            os.environ["SOURCE_DATE_EPOCH"] = "1700000000"  # records of files hold the time
            with intercepted(seen, kill_at, after):
                work()
            content = [(call.name, call.target) for call in seen]
            self._calls.write_text(json.dumps(content), "utf-8")
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            if sys.__stderr__ is not None:
                sys.__stderr__.flush()
            return 1
        return 0

    def wait(self) -> int:
        """Return the exit code; that of a kill is `KILLED`."""
        status = os.waitpid(self.process, 0)[1]
        return KILLED if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def kill_in(self, seconds: float) -> int:
        """Send SIGKILL after some time, and return the exit code."""
        time.sleep(seconds)
        if is_alive(self.process):
            os.kill(self.process, signal.SIGKILL)
        return self.wait()

    def calls(self) -> list[Call]:
        """Return the calls of a process that ended well."""
        return [Call(*entry) for entry in json.loads(self._calls.read_text("utf-8"))]


def training(name: str, data: Data | None, consent: Path | None) -> Callable[[], object]:
    """Return a function that trains a medium into `run`."""
    medium = MEDIA[name]
    quiet = Console(file=sys.stdout, width=100)

    def work() -> object:
        return gansmith.train(
            medium.recipe,
            data=data,
            out="run",
            samples=STEPS * BATCH,
            settings=(*QUICK, *medium.settings),
            console=quiet,
            consent=consent,
        )

    return work


def using(name: str, out: str, data: Data | None) -> Callable[[], object]:
    """Return a function that generates 12 samples of `run`, or applies it to its data."""
    if out != "applied":
        return lambda: gansmith.generate("run", 12, seed=1, out=out)
    folder = data[0] if isinstance(data, list) else data
    assert folder is not None
    wanted: dict[str, Any] = {"domains": {"to": "blue"}, "expressions": {"expression": {"open": 1}}}
    return lambda: apply.apply("run", folder, out, **wanted.get(name, {}))


def differences(expected: Path, found: Path) -> list[str]:
    """Return what a folder lacks, has beside, or has with other content."""
    names = {root: _files(root) for root in (expected, found)}
    wrong = [f"lacks {name}" for name in sorted(names[expected] - names[found])]
    wrong += [f"has {name}" for name in sorted(names[found] - names[expected])]
    for name in sorted(names[expected] & names[found]):
        if _content(expected / name) != _content(found / name):
            wrong.append(f"differs in {name}")
    return wrong


def _files(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "cache" not in path.relative_to(root).parts[:1]
        if path.name not in ("log.txt", "calls.json")
    } | {path.relative_to(root).as_posix() for path in root.rglob(".part-*")}


TIMED = {"metrics.jsonl", "report.html", "curves.png", "quality.json", "health.png"}
"""Files that hold times."""


def _content(file: Path) -> Any:
    """Return what two runs must have in common; nothing of files that hold times."""
    if file.name in TIMED:
        return None
    if file.name == "manifest.json":
        content = json.loads(file.read_text("utf-8"))
        return {k: v for k, v in content.items() if k not in ("created", "machine", "health")}
    if file.parent.name == "checkpoints":
        return _bytes(load_tree(file))
    if file.suffix == ".safetensors":
        content = file.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        facts = header["__metadata__"]
        if "training" in facts:  # a classifier's, which holds its time
            facts |= {"training": _timeless(json.loads(facts["training"])), CHECKSUM: None}
        return header, content[start:]
    if file.name == "robustness.json":
        return _timeless(json.loads(file.read_text("utf-8")))
    return file.read_bytes()


def _timeless(value: Any) -> Any:
    """Return values of a tree without those that hold times."""
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in ("seconds", "clock")}
    return [_timeless(entry) for entry in value] if isinstance(value, list) else value


def _bytes(tree: Tree) -> Any:
    """Return a checkpoint as plain values, without the clock."""
    if isinstance(tree, torch.Tensor):
        return tree.numpy().tobytes()
    if isinstance(tree, dict):
        return {k: _bytes(v) for k, v in tree.items() if k not in ("seconds", "clock")}
    return tree


def phase(call: Call) -> str:
    """Return the part of a training or of `generate` that a call belongs to."""
    parts = Path(call.target).parts
    name = parts[-1]
    if "cache" in parts:
        return "cache"
    if "samples" in parts or name in ("sheet-of-12.png",):
        return "generate"
    if "applied" in parts:
        return "apply"
    if name in ("run", "recipe.yaml", "lock") or (call.name == "mkdir" and "run" in parts):
        return "start"
    if "checkpoints" in parts:
        return "checkpoint"
    if "frames" in parts:
        return "frames"
    if name in (
        "generator.safetensors",
        "model.safetensors",
        "quality.json",
        "robustness.json",
        "contest.json",
        "tokenizer.json",
    ):
        return "evaluation"
    return "manifest" if name == "manifest.json" else "report"


def moment(home: Path) -> str:
    """Return how far a training had come when it was killed."""
    for phase_, file in (
        ("report", "quality.json"),
        ("evaluation", "generator.safetensors"),
        ("evaluation", "model.safetensors"),
        ("training", "manifest.json"),
    ):
        if (home / "run" / file).exists():
            return phase_
    return "start"


@dataclass
class Trials:
    """Kills of one medium.

    Attributes:
        name: Key of `MEDIA`.
        home: Folder for all runs of the medium.
        data: Its data.
    """

    name: str
    home: Path
    data: Data | None

    def __post_init__(self) -> None:
        started = time.perf_counter()
        self.whole, self.consent = self.home / "whole", None
        if MEDIA[self.name].people:
            self.consent = self.home / "consent.yaml"
            self.consent.write_text(CONSENT, "utf-8")
        child = Child(self.whole, self._training())
        if child.wait():
            raise SystemExit(f"{self.name}: the undisturbed training failed, see {child.log}")
        self.seconds = time.perf_counter() - started
        self.calls = child.calls()
        self.used = {out: self._reference(self._using(out)) for out in MEDIA[self.name].outputs}

    def _training(self) -> Callable[[], object]:
        return training(self.name, self.data, self.consent)

    def _using(self, out: str) -> Callable[[], object]:
        return using(self.name, out, self.data)

    def _reference(self, work: Callable[[], object]) -> list[Call]:
        child = Child(self.whole, work)
        if child.wait():
            raise SystemExit(f"{self.name}: the undisturbed command failed, see {child.log}")
        return child.calls()

    def plans(self) -> list[tuple[str, int, bool]]:
        """Return every kill at a call: the command, the number of the call, and its side."""
        commands = {"train": self.calls, **self.used}
        return [
            (command, index, after)
            for command, calls in commands.items()
            for index in range(len(calls))
            for after in (False, True)
        ]

    def at_call(self, command: str, index: int, after: bool) -> dict[str, Any]:
        """Kill a command at a call, repeat it and compare."""
        trained = command == "train"
        call = (self.calls if trained else self.used[command])[index]
        home = self._folder(f"{command}-{index}-{after}")
        work = self._training() if trained else self._using(command)
        if not trained:
            shutil.copytree(self.whole / "run", home / "run")
        killed = Child(home, work, index, after).wait()
        side = "after" if after else "before"
        row = {"command": command, "moment": f"{side} {call.name} {Path(call.target).name}"}
        return row | {"phase": phase(call)} | self._repeated(home, work, command, killed)

    def at_random(self, random_: random.Random) -> dict[str, Any]:
        """Kill a training at one to three random times, repeat it and compare.

        One that was over by then is begun anew and killed earlier.
        """
        work, latest, killed = self._training(), self.seconds, [0]
        while KILLED not in killed:
            home = self._folder(f"random-{random_.randrange(10**9)}")
            times = [random_.uniform(0.05, latest) for _ in range(random_.randint(1, 3))]
            killed = [Child(home, work).kill_in(seconds) for seconds in times]
            latest /= 2
            if KILLED not in killed:
                shutil.rmtree(home)
        moments = "after " + ", then ".join(f"{seconds:.2f} s" for seconds in times)
        row = {"command": "train", "moment": moments, "phase": moment(home)}
        return row | self._repeated(home, work, "train", max(killed))

    def _folder(self, name: str) -> Path:
        home = self.home / name
        home.mkdir()
        return home

    def _repeated(
        self, home: Path, work: Callable[[], object], command: str, killed: int
    ) -> dict[str, Any]:
        again = Child(home, work)
        code = again.wait()
        inner = {"train": "run", "sheet-of-12.png": ""}.get(command, command)
        wrong = ["failed"] if code else differences(self.whole / inner, home / inner)
        if inner == "":
            wrong = [text for text in wrong if command in text or ".part-" in text]
        wrong += [
            f"has cache/{path.name}"
            for pattern in (".part-*", "locks/*")
            for path in (home / "cache").rglob(pattern)
        ]
        if not wrong:
            shutil.rmtree(home)
        return {
            "medium": self.name,
            "killed": int(killed == KILLED),
            "exit": code,
            "equal": int(not wrong),
            "differences": "; ".join(wrong)[:300],
        }


COLUMNS = ("medium", "command", "phase", "moment", "killed", "exit", "equal", "differences")


def run(
    media: Sequence[str], kills: int, random_share: float, home: Path, seed: int = 0
) -> list[dict[str, Any]]:
    """Kill, repeat and compare; return a row for each kill.

    Args:
        media: Keys of `MEDIA`.
        kills: Number of kills, over all media.
        random_share: Share of kills at random times; all others are spread over all calls.
        home: Folder for all runs; those that differ are kept.
        seed: Of the choice.
    """
    chosen, rows = random.Random(seed), list[dict[str, Any]]()
    trials = []
    for name in media:
        folder = home / name
        folder.mkdir(parents=True)
        make = MEDIA[name].make
        trials.append(Trials(name, folder, make(folder / "data") if make else None))
    per_medium = -(-kills // len(media))
    jobs: list[Callable[[], dict[str, Any]]] = []
    for trial in trials:
        timed = round(per_medium * random_share)
        plans = trial.plans()
        places = np.linspace(0, len(plans) - 1, min(per_medium - timed, len(plans))).astype(int)
        jobs += [lambda t=trial, p=plans[k]: t.at_call(*p) for k in places]  # type: ignore[misc]
        jobs += [lambda t=trial: t.at_random(chosen)] * timed  # type: ignore[misc]
    chosen.shuffle(jobs)
    for number, job in enumerate(jobs, 1):
        row = job()
        rows.append({name: row[name] for name in COLUMNS})
        print(number, rows[-1], flush=True)
    return rows


def main() -> None:
    """Kill as often as asked and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", nargs="*", default=list(MEDIA))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--random", type=float, default=0.3, help="share of kills at random times")
    parser.add_argument("--out", type=Path, help="JSON file for the rows, in place of the table")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    home = Path(tempfile.mkdtemp(prefix="gansmith-kills-"))
    rows = run(arguments.media, arguments.kills, arguments.random, home)
    bad = [row for row in rows if not row["equal"]]
    if arguments.out is None:
        from harness import renew_rows

        renew_rows("kills", rows, ("medium",))
    else:
        arguments.out.write_text(json.dumps(rows), "utf-8")
    killed = sum(row["killed"] for row in rows)
    print(f"{killed} kills, {len(rows) - len(bad)} of {len(rows)} trials complete and equal")
    for row in bad:
        print(row)
    if not bad:
        shutil.rmtree(home)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
