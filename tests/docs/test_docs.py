"""Every command and every snippet of the pages does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gansmith.cli import app
from tests.docs.conftest import GIVEN
from tests.docs.pages import Page, page, pages
from tests.docs.reader import Reader

TRIED = [one for one in pages() if one.name not in ("README.zh-CN.md", "CHANGELOG.md")]


@pytest.mark.parametrize("one", TRIED, ids=lambda one: one.name)
def test_a_page_can_be_followed(one: Page, reader: Reader) -> None:
    for name in one.given():
        GIVEN[name](Path(name))
    done = reader.follow(one)
    assert done > 0 or one.name in ("docs/architecture.md", "docs/results.md"), "nothing to run"


def test_the_readme_lists_every_command() -> None:
    listed = set(re.findall(r"^\| `gansmith (\w+)", page("README.md").text, re.MULTILINE))
    commands = {
        command.callback.__name__ for command in app.registered_commands if command.callback
    }
    assert listed == commands | {group.name for group in app.registered_groups}


def test_a_run_holds_what_the_readme_says(reader: Reader) -> None:
    run = Path("runs/demo")
    GIVEN["runs/demo"](run)
    table = page("README.md").text.partition("What a run leaves")[2].partition("\n## ")[0]
    listed = {name.strip("/") for name in re.findall(r"^\| `([\w./]+)`", table, re.MULTILINE)}
    assert listed == {path.name for path in run.iterdir()}
