"""The command line: the verbs of the Python API, word for word."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from gansmith.cli.data import data_app
from gansmith.cli.judging import compare, evaluate, report
from gansmith.cli.training import doctor, recipes, train
from gansmith.cli.using import generate, interpolate, kit, similar
from gansmith.errors import GansmithError

app = typer.Typer(
    help="Train, judge and ship generative adversarial networks on your own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in (
    *(train, generate, interpolate, similar, kit),
    *(evaluate, report, compare, recipes, doctor),
):
    app.command()(_command)
app.add_typer(data_app, name="data", invoke_without_command=True)


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2."""
    try:
        app()
    except GansmithError as error:
        Console(stderr=True).print(
            f"gansmith: {error}", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
