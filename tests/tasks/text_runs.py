"""Runs that are trained as their owner would type it, once for all tests of a session."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from gansmith.cli import main
from gansmith.model import GeneratorModel
from gansmith.networks.sequence.language_model import SequenceGenerator
from tests.data.pictured import make_captioned
from tests.training.verses import TEXTS, text_game, verses

Cli = Callable[..., tuple[int, str, str]]
"""The fixture `gansmith`: arguments to exit code, standard output, standard error."""

QUICK = (
    "network.width=32",
    "network.embedding=16",
    "training.batch=8",
    "training.frames=2",
    "evaluation.samples=32",
    "evaluation.quick_samples=16",
    "evaluation.quick_looks=1",
    "sequence.check_every=5",
)
CHARACTERS = "生聲城情明名行清月日不一山間還關春人新身塵真親神民鄰巾陳水雲白落"


def options(*entries: str) -> list[str]:
    """Settings as they are typed."""
    return [part for entry in (*QUICK, *entries) for part in ("--set", entry)]


def refusal(gansmith: Cli, *arguments: object) -> str:
    """The one line by which a command refuses."""
    code, _, err = gansmith(*arguments)
    assert code == 2, err
    assert err.startswith("gansmith: ") and err.count("\n") == 1 and err.endswith("\n"), err
    return err.removeprefix("gansmith: ")[:-1]


def poems(count: int = 60, length: int = 5) -> list[str]:
    """Four lines of characters at random, which keep no tones and seldom rhyme."""
    drawn = random.Random(0)
    return [
        "\n".join("".join(drawn.choices(CHARACTERS, k=length)) for _ in range(4))
        for _ in range(count)
    ]


def make_titled_poems(path: Path) -> Path:
    """Write poems with titles as JSON Lines."""
    titles = ("春曉", "登樓", "江雪")
    rows = [
        {"title": titles[number % 3], "lines": poem.split("\n")}
        for number, poem in enumerate(poems())
    ]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def untrained(texts: list[str], *settings: str) -> GeneratorModel:
    """A generator that has only learnt which tokens there are."""
    game = text_game(*settings, dataset=verses(texts))
    generator = game.duel.networks["generator"]
    assert isinstance(generator, SequenceGenerator)
    return GeneratorModel(generator, game.blueprint)


@cache
def lines_run(base: Path) -> Path:
    """A run on English lines."""
    (base / "lines.txt").write_text("\n".join(TEXTS) + "\n", "utf-8")
    return _trained(base / "lines-run", "texts", base / "lines.txt", "--samples", 200, *options())


@cache
def verse_run(base: Path) -> Path:
    """A run on Chinese poems."""
    (base / "verse.txt").write_text("\n\n".join(poems()) + "\n", "utf-8")
    return _trained(base / "verse-run", "texts", base / "verse.txt", "--samples", 80, *options())


@cache
def points_run(base: Path) -> Path:
    """A run that is none of texts."""
    quick = ("training.frames=2", "evaluation.samples=64", "evaluation.quick_looks=1")
    settings = [part for entry in quick for part in ("--set", entry)]
    return _trained(base / "points-run", "ring", "ring", "--samples", 256, *settings)


@cache
def captioned_run(base: Path) -> Path:
    """A run on pictures with captions."""
    folder = make_captioned(base / "shapes")
    settings = options("data.held_out=0.3", "text.tokens=characters")
    return _trained(base / "captioned-run", "captioned", folder, "--samples", 160, *settings)


def _trained(out: Path, recipe: str, data: Path | str, *rest: object) -> Path:
    arguments = ["gansmith", "train", recipe, "--data", data, "--out", out, *rest]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANSMITH_CACHE", str(out.parent / "cache"))
        patch.delenv("GANSMITH_DATA", raising=False)
        patch.setattr(sys, "argv", list(map(str, arguments)))
        with pytest.raises(SystemExit) as ending:
            main()
    assert not ending.value.code
    return out
