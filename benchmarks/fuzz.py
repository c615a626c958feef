"""Hostile input: mutated files of every kind, special files and odd names, through the commands.

Each case is one call of the command line in a process of its own, forked from one that has
imported everything. It passes if the call ends with exit code 0 or 1, or refuses in one line with
exit code 2; it fails on a traceback, a crash, raw control characters in what is printed, more than
20 seconds of processor time or a minute on the clock, or more than 1.5 GiB. A file that would be
executed leaves a mark, which fails too.

    python benchmarks/fuzz.py --cases 5000 --seed 0 --out benchmarks/results/fuzz.csv

writes kind of case, outcome and count. Failures are printed with the number of the case, which is
repeated by the same seed and `--only NUMBER`. Exit code 1 if there are any.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

SECONDS = 20.0
"""Of processor time, so that other work of the machine does not count; thrice that on the clock."""
BYTES = 3 << 29
ROOM = 6 << 30
"""Address space that a call may add, so that the machine survives what this script looks for."""

Random = random.Random


# Mutations

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 255, 65_537, 2**31, 2**63, 10**30, -(10**30)),
    *(0.5, -1e308, 1e308, float("nan"), float("inf"), "", "x" * 300, "\x1b]0;title\x07\x1b[2J"),
    *("\ud800", "../../escaped", "/etc/passwd", "\x00", "[red]markup[/]", "\u202egnp.exe", "7"),
    *([], {}, [[]], [None], ["a", 1], {"a": {"b": []}}, {"": ""}),
)
RAW_VALUES = (
    *(
        "9" * 4_301,
        "1e999",
        "-" + "9" * 400,
        "[" * 2_000 + "]" * 2_000,
        '{"a":' * 500 + "1" + "}" * 500,
    ),
    *("NaN", "-Infinity", '"\\ud800"', '"\\u001b[31m"', "0x10", "", '"' + "y" * 70_000 + '"'),
)
_RAW = "@@raw@@"


def mutate_bytes(content: bytes, random: Random) -> bytes:
    """Flip, cut, insert, remove, repeat or blank bytes."""
    data = bytearray(content or b"\0")
    for _ in range(random.choice((1, 1, 1, 2, 5, 20))):
        at, length = random.randrange(len(data)), random.choice((1, 2, 4, 16, 200))
        kind = random.randrange(7)
        if kind == 0:
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            data[at:at] = random.randbytes(length)
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at:at] = data[at : at + length] * random.choice((1, 2, 50))
        elif kind == 5:
            data[at : at + length] = bytes(min(length, len(data) - at))
        else:
            data[at : at + 4] = random.choice(
                (b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0")
            )
        if not data:
            return b""
    return bytes(data)


def mutate_value(value: Any, random: Random) -> Any:
    """Replace, delete, rename or repeat something inside a JSON value."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        key = random.choice(list(value))
        kind = random.random()
        rest = {k: v for k, v in value.items() if k != key}
        if kind < 0.12:
            return rest
        if kind < 0.18:
            return rest | {random.choice(("", "x" * 300, "\x1b[1m", key + "_")): value[key]}
        return value | {key: mutate_value(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.7:
        at = random.randrange(len(value))
        kind = random.random()
        if kind < 0.15:
            return value[:at] + value[at + 1 :]
        if kind < 0.3:
            return value + value[: at + 1] * random.choice((1, 3))
        return [*value[:at], mutate_value(value[at], random), *value[at + 1 :]]
    if isinstance(value, int | float) and not isinstance(value, bool) and random.random() < 0.4:
        return random.choice((value + 1, -value, value * 1000, value / 7, str(value)))
    return _RAW if random.random() < 0.15 else random.choice(ODD_VALUES)


def mutate_json(content: bytes, random: Random) -> bytes:
    """Mutate a JSON text by its structure, or its bytes."""
    if random.random() < 0.2:
        return mutate_bytes(content, random)
    value = json.loads(content)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        value = mutate_value(value, random)
    text = json.dumps(value).replace(f'"{_RAW}"', random.choice(RAW_VALUES))
    return text.encode("utf-8", "surrogatepass")


def mutate_lines(content: bytes, random: Random) -> bytes:
    """Mutate one line of JSON Lines, or all bytes."""
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    try:
        lines[at] = mutate_json(lines[at], random)
    except ValueError:
        return mutate_bytes(content, random)
    return b"\n".join(lines)


def mutate_yaml(content: bytes, random: Random) -> bytes:
    """Mutate a recipe by its structure, or its text."""
    import yaml

    kind = random.random()
    if kind < 0.25:
        return mutate_bytes(content, random)
    if kind < 0.4:
        return content + random.choice(YAML_TAILS)
    value = yaml.safe_load(content)
    for _ in range(random.choice((1, 1, 2, 4))):
        value = mutate_value(value, random)
    text = json.dumps(value).replace(f'"{_RAW}"', random.choice(RAW_VALUES))
    return text.encode("utf-8", "surrogatepass")


LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
YAML_TAILS = tuple(
    text.encode()
    for text in (
        *(
            "\nx: &x [*x]\n",
            f"\n{LAUGHS}",
            "\n<<: *a\n",
            "\nx: " + "[" * 3_000,
            "\n? {a: 1}\n: 2\n",
        ),
        *("\nx: !!python/object/apply:os.system [touch executed]\n", "\nextends: ../r/r\n"),
        *("\nname: ../../escaped\n", "\nname: /tmp/escaped\n", "\nname: ''\n", "\nname: con\n"),
        *(
            "\nevaluation: {extractor: 'torch:evil.pt2'}\n",
            "\nextends: r.yaml\n",
            "\nextends: [a]\n",
        ),
        *(
            "\nx: 1:1:1:1" + ":59" * 5_000,
            "\ny: 2001-99-99\n",
            "\n---\na: 1\n",
            "\n\x85\u2028: \x07\n",
        ),
        *('\nname: "\\e]0;title\\a"\n', '\nsummary: "\\e[2J"\n', "\nnetwork: {width: 1000000}\n"),
        *("\nnetwork: {latent: 100000000}\n", "\ntraining: {batch: 10000000000, samples: 1}\n"),
        *("\nevaluation: {samples: 1000000000}\n", "\ndata: {source: /dev/zero}\n", "\n1: 2\n"),
    )
)


def mutate_tensors(content: bytes, random: Random) -> bytes:
    """Mutate the header of a safetensors file, its length, its data, or all bytes."""
    kind = random.random()
    if kind < 0.35:
        return mutate_bytes(content, random)
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    if kind < 0.45:
        return (
            random.choice((2**63, 2**31, 10**8, length + 1, 0)).to_bytes(8, "little") + content[8:]
        )
    if kind < 0.55:
        values = np.frombuffer(data[: len(data) // 4 * 4], np.float32).copy()
        values[random.randrange(max(1, len(values)))] = random.choice(
            (np.nan, np.inf, 1e38, 0.5, -0.5)
        )
        data = values.tobytes() + data[len(data) // 4 * 4 :]
    facts = header.get("__metadata__", {})
    nested = [key for key, value in facts.items() if value.startswith(("{", "["))]
    if nested and random.random() < 0.7:
        key = random.choice(nested)
        facts[key] = mutate_json(facts[key].encode(), random).decode("utf-8", "replace")
    elif kind >= 0.55:
        header = mutate_value(header, random)
    if isinstance(header, dict) and isinstance(header.get("__metadata__"), dict):
        header["__metadata__"].pop("sha256", None)  # as if written by an earlier version
    text = json.dumps(header).replace(f'"{_RAW}"', random.choice(RAW_VALUES)).encode()
    return len(text).to_bytes(8, "little") + text + data


MUTATORS: dict[str, Callable[[bytes, Random], bytes]] = {
    ".json": mutate_json,
    ".jsonl": mutate_lines,
    ".yaml": mutate_yaml,
    ".safetensors": mutate_tensors,
}


def mutate_file(path: Path, random: Random) -> None:
    """Mutate a file in place, by its suffix."""
    content = path.read_bytes()
    mutate = MUTATORS.get(path.suffix, mutate_bytes)
    try:
        path.write_bytes(mutate(content, random))
    except (ValueError, RecursionError):
        path.write_bytes(mutate_bytes(content, random))


def make_special(path: Path, random: Random) -> str:
    """Put something that is no plain file in a file's place; return what."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    kind = random.choice(
        ("pipe", "folder", "empty", "loop", "zero", "nowhere", "sparse", "garbage")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "nowhere":
        path.symlink_to("nowhere")
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(random.choice((1 << 20, 1 << 29)))
    else:
        path.write_bytes(random.randbytes(random.choice((1, 10, 1_000))))
    return kind


# What is mutated


@dataclass
class Case:
    """One call.

    Attributes:
        kind: For the table of outcomes.
        arguments: Of the command line, in the folder of the case.
        note: What was done.
    """

    kind: str
    arguments: list[str]
    note: str = ""


@dataclass
class Stock:
    """Sound inputs, made once, that cases are mutated from."""

    root: Path
    runs: dict[str, Path] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)


SMALL = (
    *("training.batch=4", "training.samples=16", "training.minutes=null", "training.frames=2"),
    *("evaluation.samples=16", "evaluation.quick_samples=16", "evaluation.quick_looks=1"),
    *("health.samples=50", "health.probes=2", "training.precision=32-true", "training.log_every=2"),
)
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "points": ("ring", ()),
    "image": ("digits", ("network.width=4", "network.head=8")),
    "text": ("texts", ("network.width=16", "network.embedding=8", "sequence.check_every=2")),
    "audio": (
        "drums",
        (
            *("network.width=4", "network.max_width=8", "network.head=8", "sound.iterations=2"),
            *("sound.decoder_steps=1", "data.rate=8000", "data.seconds=0.25"),
        ),
    ),
}


def make_stock(root: Path, kinds: tuple[str, ...] = tuple(KINDS)) -> Stock:
    """Make small folders of data, and train a small run on each."""
    stock = Stock(root)
    stock.folders = make_folders(root / "data")
    for kind in kinds:
        recipe, settings = KINDS[kind]
        run = root / "runs" / kind
        command = ["train", recipe, "--out", str(run)]
        if kind in stock.folders:
            command += ["--data", str(stock.folders[kind])]
        command += [part for entry in (*SMALL, *settings) for part in ("--set", entry)]
        outcome = call(command, root, seconds=600)
        if outcome.name != "accepted":
            raise SystemExit(f"the run of {kind} cannot be made: {outcome}")
        stock.runs[kind], stock.commands[kind] = run, command
    return stock


def make_folders(root: Path) -> dict[str, Path]:
    """Write small folders of pictures, sounds and texts, with tables of labels."""
    import soundfile

    draw = np.random.default_rng(0)
    pictures, sounds, texts, arrays = (root / kind for kind in ("image", "audio", "text", "array"))
    for folder in (pictures, sounds, texts, arrays):
        folder.mkdir(parents=True)
    suffixes = ("png", "jpg", "webp", "bmp", "gif", "tif")
    names = [f"{index:02d}.{suffixes[index % 6]}" for index in range(24)]
    for name in names:
        Image.fromarray(draw.integers(0, 256, (28, 28), np.uint8)).save(pictures / name)
    table = {name: "ab"[index % 2] for index, name in enumerate(names)}
    (pictures / "labels.json").write_text(json.dumps(table))
    for index in range(12):
        wave = np.sin(np.arange(4_000) * (0.05 + 0.01 * index)) * np.linspace(1, 0, 4_000)
        soundfile.write(sounds / f"{index:02d}.{('wav', 'flac', 'ogg')[index % 3]}", wave, 8_000)
    rows = [{"text": f"the line number {index} of {index % 7} words"} for index in range(40)]
    (texts / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (texts / "b.csv").write_text("text\n" + "".join(f'"row, {i}"\n' for i in range(30)))
    (texts / "c.txt").write_text("".join(f"a plain line {index}\n" for index in range(30)))
    np.savez(arrays / "a.npz", images=draw.integers(0, 256, (24, 16, 16, 3), np.uint8))
    np.save(arrays / "b.npy", draw.integers(0, 256, (24, 16, 16), np.uint8))
    return {"image": pictures, "audio": sounds, "text": texts, "array": arrays}


def cases(stock: Stock, place: Path, index: int, seed: int) -> Case:
    """Make case number `index` in the folder `place`."""
    random = Random(f"{seed} {index}")
    kinds = (
        *(recipe_case,) * 5, *(run_case,) * 6, *(generator_case,) * 5,
        *(cache_case,) * 2, *(data_case,) * 2, *(name_case,) * 2,
    )  # fmt: skip
    return random.choice(kinds)(stock, place, random)


def recipe_case(stock: Stock, place: Path, random: Random) -> Case:
    """A mutated recipe: what it means for data, or a training that would be cut short at once."""
    source = random.choice(
        sorted((Path(sys.modules["gansmith"].__path__[0]) / "recipes").iterdir())
    )
    file = place / "r.yaml"
    file.write_bytes(source.read_bytes())
    note = source.stem
    if random.random() < 0.06:
        note = make_special(file, random)
    else:
        mutate_file(file, random)
    data = str(stock.folders[random.choice(("image", "text", "audio", "array"))])
    if random.random() < 0.5:
        return Case("recipe", ["data", "inspect", data, "--recipe", "r.yaml"], note)
    settings = [
        part
        for entry in (*SMALL, "sound.decoder_steps=1", "training.samples=4", "data.size=32")
        for part in ("--set", entry)
    ]
    return Case("recipe", ["train", "r.yaml", "--data", data, "--out", "run", *settings], note)


def run_case(stock: Stock, place: Path, random: Random) -> Case:
    """A run one file of which is mutated or replaced, and a command that reads it."""
    kind = random.choice(sorted(stock.runs))
    run = place / "run"
    shutil.copytree(stock.runs[kind], run)
    files = sorted(p for p in run.rglob("*") if p.is_file() and p.suffix != ".html")
    typed = [p for p in files if p.suffix in MUTATORS]
    file = random.choice(typed if random.random() < 0.8 else files)
    note = f"{kind} {file.relative_to(run)}"
    if random.random() < 0.15:
        note += f" {make_special(file, random)}"
    else:
        mutate_file(file, random)
    if file.parent.name == "checkpoints" and random.random() < 0.5:
        (run / "generator.safetensors").unlink(missing_ok=True)
    return Case("run", _run_command(stock, kind, random), note)


def _run_command(stock: Stock, kind: str, random: Random) -> list[str]:
    """A command that reads the folder `run`."""
    train = [*stock.commands[kind]]
    train[train.index("--out") + 1] = "run"
    return random.choice(
        [
            ["generate", "run", "-n", "2", "--out", "out"],
            ["generate", "run", "-n", "2", "--out", "out", "--label", "a"],
            ["interpolate", "run", "--frames", "4", "--out", "out"],
            ["report", "run"],
            ["doctor", "run"],
            ["compare", "run", str(stock.runs[kind])],
            ["generate", "run", "-n", "1", "--out", "out.npz"],
            ["doctor", "run"],
            ["report", "run"],
            ["evaluate", "run", "--samples", "16"],
            train,
            [*train, "--samples", "24"],
        ]
    )


def generator_case(stock: Stock, place: Path, random: Random) -> Case:
    """A mutated generator without its run."""
    kind = random.choice(sorted(stock.runs))
    file = place / "g.safetensors"
    shutil.copy(stock.runs[kind] / "generator.safetensors", file)
    mutate_file(file, random)
    command = ["generate", "g.safetensors", "-n", "2", "--out", random.choice(("out", "out.npz"))]
    return Case("generator", command, kind)


def cache_case(stock: Stock, place: Path, random: Random) -> Case:
    """A cache one file of which is mutated or replaced."""
    cache = place / "cache"
    shutil.copytree(os.environ["GANSMITH_CACHE"], cache)
    file = random.choice(sorted(p for p in cache.rglob("*") if p.is_file()))
    note = str(file.relative_to(cache))
    if random.random() < 0.2:
        note += f" {make_special(file, random)}"
    else:
        mutate_file(file, random)
    kind = random.choice(("image", "audio", "text"))
    if random.random() < 0.5:
        return Case("cache", ["data", "inspect", str(stock.folders[kind])], note)
    return Case("cache", ["evaluate", str(stock.runs[kind]), "--samples", "17"], note)


def data_case(stock: Stock, place: Path, random: Random) -> Case:
    """A folder of data with mutated, special and oddly named files."""
    kind = random.choice(sorted(stock.folders))
    folder = place / "data"
    shutil.copytree(stock.folders[kind], folder)
    notes = [kind]
    for _ in range(random.choice((1, 2))):
        file = random.choice(sorted(folder.iterdir()))
        if random.random() < 0.3:
            notes.append(f"{file.name} {make_special(file, random)}")
        elif file.is_file() and not file.is_symlink():
            mutate_file(file, random)
            notes.append(file.name)
    if random.random() < 0.3:
        odd = random.choice(
            (b"\xff\xfe", b"\x1b[31m", b"a\nb", b"[red]", b"x" * 200, "\u202e".encode())
        )
        source = next(p for p in sorted(folder.iterdir()) if p.is_file() and not p.is_symlink())
        os.link(source, os.fsencode(folder) + b"/" + odd + os.fsencode(source.suffix))
        notes.append(repr(odd))
    target = "data"
    if random.random() < 0.3:
        target = f"data/{random.choice(sorted(os.listdir(folder)))}"
    return Case("data", ["data", "inspect", target], ", ".join(notes))


ODD_NAMES = (
    *("x" * 255, "x" * 5_000, "a/" * 3_000, "\x1b[2J", "\udcff\udcfe", "a\nb", "", "."),
    *(
        "/dev/zero",
        "/dev/stdin",
        "pipe",
        "loop",
        "[red]x[/red]",
        "\u202egnp",
        "-",
        "~",
        "~nobody/x",
    ),
    *("C:\\x", "con", "a:b", "http://x/y", "\u2028", "é" * 127),
)


def name_case(stock: Stock, place: Path, random: Random) -> Case:
    """Odd names and values on the command line."""
    os.mkfifo(place / "pipe")
    (place / "loop").symlink_to("loop")
    odd, kind = random.choice(ODD_NAMES), random.choice(sorted(stock.runs))
    run, data = str(stock.runs[kind]), str(stock.folders["image"])
    setting = random.choice(("training.seed", "name", "data.source", "network.width", "data.size"))
    value = random.choice((*map(str, ODD_VALUES), *RAW_VALUES)).replace("\x00", "")[:50_000]
    command = random.choice(
        [
            ["generate", odd],
            ["generate", run, "-n", "1", "--out", odd],
            ["generate", run, "-n", "1", "--out", "out", "--label", odd],
            ["generate", run, "-n", random.choice(("1000000000", "99999999999999", "-1"))],
            ["interpolate", run, "--out", "out", "--frames", "999999999999"],
            ["evaluate", odd, "--reference", data],
            ["evaluate", run, "--extractor", odd],
            ["evaluate", run, "--samples", "99999999999"],
            ["data", "inspect", odd],
            ["data", "inspect", data, "--set", f"{setting}={value}"],
            ["data", "inspect", data, "--recipe", odd],
            ["train", odd, "--out", "run"],
            ["train", "digits", "--data", odd, "--out", "run"],
            ["doctor", odd],
            ["report", odd],
            ["compare", run, odd],
        ]
    )
    command = [part.replace("\x00", "") for part in command]
    return Case("name", command, repr(odd)[:60])


# Calls


@dataclass
class Outcome:
    """How a call ended; `name` is accepted, refused or a failure."""

    name: str
    seconds: float
    mib: float
    code: int
    output: str = ""


GOOD = ("accepted", "refused")


def call(arguments: list[str], place: Path, seconds: float = SECONDS) -> Outcome:
    """Call the command line in a forked process, in a folder."""
    printed = place / ".printed"
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        limit = math.ceil(seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        _run(arguments, place, printed)
    status, usage, hung = _wait(child, started + 3 * seconds)
    took = usage.ru_utime + usage.ru_stime
    hung = hung or took >= seconds
    code = os.waitstatus_to_exitcode(status)
    output = printed.read_text("utf-8", "replace") if printed.exists() else ""
    mib = usage.ru_maxrss / 1024
    name = "hang" if hung else _judged(code, output, mib, place)
    return Outcome(name, took, mib, code, output)


def _judged(code: int, output: str, mib: float, place: Path) -> str:
    if (place / "executed").exists():
        return "executed"
    if code == 99 or "Traceback (most recent call last)" in output:
        return "traceback"
    if mib * 2**20 > BYTES:
        return "memory"
    if code not in (0, 1, 2):
        return "crash"
    if any(sign in output for sign in ("\x1b", "\x07", "\x9b")):
        return "control characters"
    if code < 2:
        return "accepted"
    last = output.rstrip("\n").rpartition("\n")[2]
    usage = "Usage:" in output or "Error" in output
    return "refused" if last.startswith("gansmith: ") or usage else "unexplained"


def _run(arguments: list[str], place: Path, printed: Path) -> None:
    """Be the child: never returns."""
    try:
        os.chdir(place)
        os.setsid()
        file = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.stdout, sys.stderr = (
            os.fdopen(to, "w", encoding="utf-8", closefd=False) for to in (1, 2)
        )
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        room = pages * resource.getpagesize() + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
        if (place / "cache").is_dir():
            os.environ["GANSMITH_CACHE"] = str(place / "cache")
        from gansmith.cli import main

        sys.argv = ["gansmith", *arguments]
        main()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _wait(child: int, deadline: float) -> tuple[int, Any, bool]:
    pause = 0.002
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage, False
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            _, status, usage = os.wait4(child, 0)
            return status, usage, True
        time.sleep(pause)
        pause = min(0.05, pause * 1.3)


def sweep(
    stock: Stock, indices: range, seed: int, scratch: Path
) -> Iterator[tuple[int, Case, Outcome]]:
    """Make and call cases one after another."""
    for index in indices:
        place = scratch / f"case-{index}"
        place.mkdir()
        case = cases(stock, place, index, seed)
        yield index, case, call(case.arguments, place)
        shutil.rmtree(place, ignore_errors=True)


def preload() -> None:
    """Import what calls need, so that forked processes have it."""
    torch.set_num_threads(1)
    for module in ("cli", "evaluation.features", "media.records", "report.compare", "tasks.doctor"):
        import_module(f"gansmith.{module}")
    for task in ("evaluate", "generate", "inspect_data", "train"):
        import_module(f"gansmith.tasks.{task}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="repeat one case and print what it prints")
    parser.add_argument("--stock", type=Path, help="keep what cases are made from here")
    parser.add_argument("--part", default="0/1", help="I/N: every Nth case, from I on")
    parser.add_argument("--out", type=Path, help="write the table of outcomes here, as CSV")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    preload()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        scratch = Path(name)
        root = options.stock or scratch / "stock"
        os.environ["GANSMITH_CACHE"] = str(root / "cache")
        stock = _stored(root)
        first, step = map(int, options.part.split("/"))
        indices = range(first, options.cases, step)
        if options.only is not None:
            indices = range(options.only, options.only + 1)
        table: Counter[tuple[str, str]] = Counter()
        slowest = largest = 0.0
        for index, case, outcome in sweep(stock, indices, options.seed, scratch):
            table[case.kind, outcome.name] += 1
            slowest, largest = max(slowest, outcome.seconds), max(largest, outcome.mib)
            if outcome.name not in GOOD or options.only is not None:
                tail = outcome.output if options.only is not None else outcome.output[-600:]
                print(f"{index}: {outcome.name} ({case.note}) {shlex.join(case.arguments)[:300]!r}")
                print(tail, flush=True)
    rows = [(kind, name, count) for (kind, name), count in sorted(table.items())]
    print(*rows, f"slowest {slowest:.1f} s, largest {largest:,.0f} MiB", sep="\n")
    if options.out is not None:
        with options.out.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("kind", "outcome", "cases", "seed", "slowest_s", "largest_mib"))
            writer.writerows(
                (*row, options.seed, f"{slowest:.1f}", f"{largest:.0f}") for row in rows
            )
    sys.exit(any(name not in GOOD for _, name in table))


def _stored(root: Path) -> Stock:
    """Make the stock, or take the one that a former call left in this folder."""
    if not (root / "complete").exists():
        root.mkdir(parents=True, exist_ok=True)
        stock = make_stock(root)
        (root / "complete").write_text(json.dumps(stock.commands))
        return stock
    commands = json.loads((root / "complete").read_text())
    folders = {path.name: path for path in (root / "data").iterdir()}
    return Stock(root, {kind: root / "runs" / kind for kind in commands}, folders, commands)


if __name__ == "__main__":
    main()
