"""The command line: the same commands as the functions of the Python API."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from gansmith.cli.data import data_app
from gansmith.cli.judging import compare, evaluate, report
from gansmith.cli.options import command_of
from gansmith.cli.training import doctor, recipes, train
from gansmith.cli.using import generate, interpolate, invert
from gansmith.errors import GansmithError
from gansmith.verbs import VERBS

app = typer.Typer(
    help="Train, judge and ship generative adversarial networks on your own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _using in (train, generate, interpolate, invert):
    app.command()(_using)
app.command("similar", deprecated=True, hidden=True)(invert)
for _name in VERBS:
    app.command(_name)(command_of(VERBS[_name]))
for _judging in (evaluate, report, compare, recipes, doctor):
    app.command()(_judging)
app.add_typer(data_app, name="data", invoke_without_command=True)


def main() -> None:
    """Run the command line; an error of the user is one line and exit code 2."""
    try:
        app()
    except GansmithError as error:
        Console(stderr=True).print(
            f"gansmith: {error}", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
