"""What the commands share: options of one meaning, and where they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gansmith.console import PlainConsole

console = PlainConsole()

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Replace a setting of the recipe; repeatable."
    ),
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="PATH|NAME", help="Samples, in place of the recipe's."),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**63 - 1, help="The same seed gives the same samples.")
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="Of single files; sound takes wav, wav24, flac, flac24."),
]
Label = Annotated[str | None, typer.Option("--label", help="Name or number of a class.")]
