"""The command line: the verbs of the Python API, word for word."""

from __future__ import annotations

import io
import sys
from typing import NoReturn

import typer

from gansmith.cli.data import data_app
from gansmith.cli.judging import compare, evaluate, report
from gansmith.cli.training import doctor, recipes, train
from gansmith.cli.using import generate, interpolate, kit, similar
from gansmith.console import PlainConsole
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
