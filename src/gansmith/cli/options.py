"""What the commands share: options with one meaning, and where they print."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, TextIO, cast

import typer

from gansmith.cli.output import StandardOutput
from gansmith.console import PlainConsole, plain
from gansmith.verbs import Option, Verb, resolve_function

output = StandardOutput()
console = PlainConsole(file=cast("TextIO", output))

MOST_SEED = 2**63 - 1

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]
FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Files, or folders of them.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a setting of the recipe; repeatable."),
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="PATH|NAME", help="Training data, instead of the recipe's."),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=MOST_SEED, help="The same seed gives the same samples.")
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="File format of single files; sound: wav, wav24, flac, flac24."),
]
Tempo = Annotated[
    float | None,
    typer.Option(
        "--tempo",
        help="Tempo of loops in beats per minute; pitch is kept.",
        rich_help_panel="Sound",
    ),
]
Normalise = Annotated[
    str | None,
    typer.Option(
        "--normalise",
        metavar="LUFS|peak",
        help="Normalise sounds to a loudness such as -14, or to a peak of -0.1 dBFS.",
        rich_help_panel="Sound",
    ),
]
Truncation = Annotated[
    float | None,
    typer.Option(
        "--truncation",
        help="Largest latent in standard deviations, such as 0.8; lower is less varied.",
    ),
]
Label = Annotated[str | None, typer.Option("--label", help="Name or number of a class.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_SHORT = {"count": "-n"}


def add_options(
    command: Callable[..., None], options: Iterable[tuple[Option, str | None]]
) -> Callable[..., None]:
    """Return a command with further options, which it takes as `**options`.

    Args:
        command: Its last parameter is `**options`.
        options: Declared options, each with the heading of its group in `--help` or None.
    """
    listed = list(options)
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    added = [_parameter(option, panel) for option, panel in listed]
    repeatable = [option.name for option, _ in listed if option.repeatable]

    def joined(*args: Any, **given: Any) -> None:
        for name in repeatable:
            given[name] = " ".join(given[name]) if given[name] else None
        command(*args, **given)

    joined.__name__, joined.__doc__ = command.__name__, command.__doc__
    joined.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    joined.__annotations__ = {p.name: p.annotation for p in (*own, *added)} | {"return": None}
    return joined


def command_of(verb: Verb) -> Callable[..., None]:
    """Build the command of a verb: it calls the function and prints what was written or found."""

    def of_run(run: Path, **options: Any) -> None:
        more = {"log": plain(console)} if verb.logs else {}
        console.print(f"{verb.name} in {resolve_function(verb.function)(run, **options, **more)}")

    def of_files(files: list[Path], **options: Any) -> None:
        if resolve_function(verb.function)(files, log=plain(console), **options):
            raise typer.Exit(1)

    of_run.__annotations__["run"] = RunArgument
    of_files.__annotations__["files"] = FilesArgument
    command: Callable[..., None] = of_run if verb.takes == "run" else of_files
    command.__doc__ = verb.help
    command.__name__ = verb.name
    return add_options(command, [(option, None) for option in verb.options])


def _parameter(option: Option, panel: str | None) -> inspect.Parameter:
    names = [name for name in (_SHORT.get(option.name), option.flag) if name]
    declared = typer.Option(
        *names,
        help=option.help,
        metavar=option.metavar,
        min=option.minimum,
        rich_help_panel=panel,
    )
    required = option.required or option.default is not None
    kind = list[str] if option.repeatable else option.type
    type_ = kind if required else kind | None
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[type_, declared],
        default=inspect.Parameter.empty if option.required else option.default,
    )
