"""Executes the blocks of a page, in one folder and in this process."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gansmith.cli import main
from gansmith.consent import read_consent
from gansmith.media.levels.legend import load_legend
from gansmith.recipe import load_recipe
from tests.docs.pages import ROOT, Block, Page

SET_UP = {"python3 -m venv .venv", ". .venv/bin/activate"}
_NAME = re.compile(r"# (\S+\.yaml)\n")
_SETTING = re.compile(r"(\w+)=(.*)")


class Reader:
    """Executes a page from top to bottom; an unknown command is a failure.

    `bash` and `python` blocks are run. In `console` blocks, lines after `$` are run and must print
    the lines that follow, where `...` matches anything. `yaml` blocks are written to the file that
    their first line names, and must be recipes. Other blocks are not executed.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._programs: dict[str, Callable[[list[str]], None]] = {
            "gansmith": self._gansmith,
            "make": self._make,
            "pip": self._pip,
            "python": self._python,
            "torchrun": self._torchrun,
        }

    def follow(self, page: Page) -> int:
        """Execute a page; return the number of executed blocks."""
        steps = {"bash": self._bash, "console": self._console, "yaml": self._yaml}
        steps["python"] = self._snippet
        done = 0
        for block in page.blocks():
            if block.language in steps:
                steps[block.language](block, f"{page.name}:{block.line}")
                done += 1
        return done

    def _bash(self, block: Block, place: str) -> None:
        for command in _commands(block.text):
            code, printed = self._call(command)
            assert code == 0, f"{place}: `{command}` ends with {code}: {printed}"

    def _console(self, block: Block, place: str) -> None:
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            _, printed = self._call(command)
            assert _matches(printed, expected), f"{place}: `{command}` prints {printed}"

    def _yaml(self, block: Block, place: str) -> None:
        named = _NAME.match(block.text)
        assert named, f"{place}: a yaml block begins with the name of its file"
        Path(named[1]).write_text(block.text, "utf-8")
        if Path(named[1]).name == "legend.yaml":
            load_legend(Path(named[1]))
        elif Path(named[1]).name == "consent.yaml":
            read_consent(named[1], ("ada", "chen"))
        else:
            load_recipe(named[1])

    def _snippet(self, block: Block, place: str) -> None:
        exec(compile("\n" * (block.line - 1) + block.text, place, "exec"), self._names)

    def _call(self, command: str) -> tuple[int, str]:
        """Run one command line; return its exit code and all that it printed."""
        words = shlex.split(command)
        with self._monkeypatch.context() as patch:
            while found := _SETTING.fullmatch(words[0]):
                patch.setenv(found[1], found[2])
                words.pop(0)
            code = 0
            try:
                if command not in SET_UP:
                    self._programs[words[0]](words[1:])
            except SystemExit as ending:
                code = int(ending.code or 0)
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err

    def _gansmith(self, arguments: list[str]) -> None:
        self._monkeypatch.setattr(sys, "argv", ["gansmith", *arguments])
        main()

    def _make(self, targets: list[str]) -> None:
        """Check that make has the targets, and run their gansmith commands."""
        command = ["make", "-n", "-C", str(ROOT), *targets]
        plan = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for line in plan.splitlines():
            if line.startswith(".venv/bin/gansmith "):
                self._gansmith(shlex.split(line)[1:])

    def _pip(self, arguments: list[str]) -> None:
        """Check that the named files and extras exist."""
        *options, what = arguments
        assert options in (["install", "-e"], ["install", "-c", "constraints.txt", "-e"])
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        folder, _, chosen = what.partition("[")
        assert folder == "."
        assert set(filter(None, chosen.rstrip("]").split(","))) <= set(
            extras["optional-dependencies"]
        )

    def _python(self, arguments: list[str]) -> None:
        script, *rest = arguments
        if script == "-m":
            assert rest[0] == "pytest"
            assert all((ROOT / path).exists() for path in rest[1:] if not path.startswith("-"))
            return
        self._monkeypatch.setattr(sys, "argv", [script, *rest])
        runpy.run_path(str(ROOT / script), run_name="__main__")

    def _torchrun(self, arguments: list[str]) -> None:
        """Run in one process; several processes are tested end to end."""
        processes, dash_m, module, *rest = arguments
        assert re.fullmatch(r"--nproc-per-node=\d", processes)
        assert (dash_m, module) == ("-m", "gansmith")
        self._gansmith(rest)


def _commands(text: str) -> list[str]:
    lines = (line.split(" # ")[0].strip() for line in text.replace("\\\n", " ").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _matches(printed: str, expected: str) -> bool:
    """Compare word by word; `...` stands for anything."""
    pattern = " ".join(map(re.escape, expected.split())).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, " ".join(printed.split())) is not None
