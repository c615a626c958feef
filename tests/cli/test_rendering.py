from __future__ import annotations

from io import StringIO

from rich.console import Console

from gansmith.cli.rendering import rows_table


def test_texts_are_shown_as_they_are() -> None:
    console = Console(width=80, file=StringIO())
    console.print(rows_table("[title]", [("files", "[bold]a[/bold].wav")]))
    text = console.file.getvalue()
    assert "[title]" in text and "[bold]a[/bold].wav" in text
