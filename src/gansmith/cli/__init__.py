"""The command line: the same commands as the functions of the Python API."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from gansmith.cli.attacking import attack, harden, scan
from gansmith.cli.commands import (
    GENERATE_EXAMPLES,
    INTERPOLATE_EXAMPLES,
    TRAIN_EXAMPLES,
    GroupedCommand,
)
from gansmith.cli.data import data_app
from gansmith.cli.judging import compare, evaluate, report
from gansmith.cli.options import command_of
from gansmith.cli.provenance import detect, provenance_app
from gansmith.cli.robustness import classifier, robustness
from gansmith.cli.training import doctor, recipes, train
from gansmith.cli.using import apply, generate, interpolate, invert
from gansmith.console import PlainConsole
from gansmith.errors import GansmithError
from gansmith.verbs import VERBS


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gansmith {version('gansmith')}")
        raise typer.Exit


app = typer.Typer(
    help="Train, evaluate and ship generative adversarial networks on your own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _using, _examples in (
    (train, TRAIN_EXAMPLES),
    (generate, GENERATE_EXAMPLES),
    (interpolate, INTERPOLATE_EXAMPLES),
    (invert, None),
    (apply, None),
):
    app.command(cls=GroupedCommand, epilog=_examples)(_using)
app.command("similar", deprecated=True, hidden=True)(invert)
for _name in VERBS:
    app.command(_name)(command_of(VERBS[_name]))
for _judging in (evaluate, report, compare, recipes, doctor, classifier, robustness, detect):
    app.command()(_judging)
for _attacking in (attack, harden, scan):
    app.command()(_attacking)
app.add_typer(data_app, name="data", invoke_without_command=True)
app.add_typer(provenance_app, name="provenance", invoke_without_command=True)


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Train, evaluate and ship generative adversarial networks on your own data."""


def main() -> None:
    """Run the command line; an error of the user is one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack a letter of some file
            stream.reconfigure(errors="backslashreplace")
    try:
        _commands()()
    except GansmithError as error:
        _fail(str(error))
    except MemoryError as error:
        _fail(f"not enough memory ({error}): use fewer or smaller samples")
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


@cache
def _commands() -> Callable[[], object]:
    """Build the commands, once a process: there are many, and each takes milliseconds."""
    return typer.main.get_command(app)


def _fail(message: str) -> NoReturn:
    PlainConsole(stderr=True).print("gansmith:", " ".join(message.splitlines()))
    sys.exit(2)
