from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from gansmith.cli import main
from gansmith.console import PlainConsole, plain
from gansmith.log import printable
from tests.forked import fork

HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m[red]cat[/red] :cat: \u202egnp\udcff\r\x00"
SAFE = r"\x1b]0;title\x07\x1b[2J\x9b31m[red]cat[/red] :cat: \u202egnp\udcff\x0d\x00"


def test_text_that_would_control_a_terminal_is_escaped() -> None:
    assert printable(HOSTILE) == SAFE
    assert printable("Kätzchen\t猫 ✓\n") == "Kätzchen\t猫 ✓\n"
    assert printable("ä猫", "latin-1") == "ä\\u732b"
    assert printable("ä", "ascii") == "\\xe4"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
@pytest.mark.parametrize("kind", ["string", "table", "line"])
def test_whatever_is_printed_is_safe(kind: str, encoding: str) -> None:
    raw = io.BytesIO()
    console = PlainConsole(file=io.TextIOWrapper(raw, encoding), width=300)
    if kind == "string":
        console.print("label", HOSTILE)
    elif kind == "line":
        plain(Console(file=console.file, width=300))(f"label {HOSTILE}")
    else:
        table = Table("label", "name")
        table.add_row("label", HOSTILE)
        console.print(table)
    console.file.flush()
    printed = raw.getvalue().decode(encoding)
    assert not set(printed) & set("\x1b\x07\x9b\r\x00\u202e")
    assert "[red]cat[/red] :cat:" in printed and r"\x1b]0;title" in printed


def test_styles_of_our_own_still_work() -> None:
    file = io.StringIO()
    console = PlainConsole(file=file, force_terminal=True, color_system="standard")
    console.print("bold", style="bold")
    assert file.getvalue() == "\x1b[1mbold\x1b[0m\n"


def test_an_error_is_one_safe_line_on_a_terminal_that_lacks_letters(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode("\x1b[2J猫\n") + b"\xff")
    told = tmp_path / "errors"
    process = fork(_report, name, told)
    process.join()
    assert process.exitcode == 2
    line = told.read_text("latin-1")
    assert line.startswith("gansmith: ") and line.count("\n") == 1 and "\x1b" not in line


def _report(name: str, errors: Path) -> None:
    """Run the command line as with PYTHONIOENCODING=latin-1."""
    sys.stderr = open(errors, "w", encoding="latin-1")  # noqa: SIM115  (to its end)
    sys.argv = ["gansmith", "report", name]
    main()
