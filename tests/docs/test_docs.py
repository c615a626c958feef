"""Every command and every code block of the pages does what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gansmith
from gansmith.cli import app
from tests.docs.conftest import GIVEN
from tests.docs.pages import Page, page, pages
from tests.docs.reader import Reader

TO_READ = ("docs/architecture.md", "docs/results.md", "docs/experiments.md")
TRIED = [one for one in pages() if one.name not in ("README.zh-CN.md", "CHANGELOG.md")]


@pytest.mark.parametrize("one", TRIED, ids=lambda one: one.name)
def test_a_page_can_be_followed(one: Page, reader: Reader) -> None:
    for name in one.given():
        GIVEN[name](Path(name))
    done = reader.follow(one)
    assert done > 0 or one.name in TO_READ, "nothing to run"


def test_every_command_is_listed() -> None:
    listed = set(re.findall(r"^\| `gansmith (\w+)", page("docs/commands.md").text, re.MULTILINE))
    commands = {
        command.callback.__name__
        for command in app.registered_commands
        if command.callback and not command.hidden
    }
    assert listed == commands | {group.name for group in app.registered_groups}


def test_every_function_of_the_package_is_listed() -> None:
    listed = set(re.findall(r"^\| `gansmith\.(\w+)\(", page("docs/commands.md").text, re.MULTILINE))
    public = {name: getattr(gansmith, name) for name in gansmith.__all__}
    assert listed == {name for name, thing in public.items() if not isinstance(thing, type)}


def test_a_run_holds_what_is_listed(reader: Reader) -> None:
    run = Path("runs/demo")
    GIVEN["runs/demo"](run)
    table = page("docs/commands.md").text.partition("## Files of a run")[2].partition("\n## ")[0]
    listed = {name.strip("/") for name in re.findall(r"^\| `([\w./]+)`", table, re.MULTILINE)}
    assert listed == {path.name for path in run.iterdir()}
