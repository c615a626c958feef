"""The command line: the same commands as the functions of the Python API."""

from __future__ import annotations

import io
import sys
from typing import NoReturn

import typer

from gansmith.cli.data import data_app
from gansmith.cli.judging import compare, evaluate, report
from gansmith.cli.options import command_of
from gansmith.cli.training import doctor, recipes, train
from gansmith.cli.using import generate, interpolate, invert
from gansmith.console import PlainConsole
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack a letter of some file
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
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


def _fail(message: str) -> NoReturn:
    PlainConsole(stderr=True).print("gansmith:", " ".join(message.splitlines()))
    sys.exit(2)
