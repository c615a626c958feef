"""Commands and options that one medium adds to the command line and to the Python API.

They are declared without importing the code behind them, so that `gansmith --help` starts fast: a
medium puts its declarations into `media/NAME/verbs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from gansmith.registry import Registry


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes:
        name: Name of the Python parameter; `max_length` is `--max-length` on the command line.
        type: `str`, `int`, `float` or `pathlib.Path`.
        help: One line for `--help`, with unit and range.
        default: Value if the option is not given.
        required: Whether it must be given.
        metavar: What `--help` shows for the value.
        minimum: Smallest number that is accepted.
        repeatable: Whether it may be given several times; the function takes all values, with
            spaces between them. For `str` only.
    """

    name: str
    type: type[Any]
    help: str
    default: Any = None
    required: bool = False
    metavar: str | None = None
    minimum: int | None = None
    repeatable: bool = False

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return "--" + self.name.rstrip("_").replace("_", "-")


@dataclass(frozen=True)
class Verb:
    """A command for runs of one medium, `gansmith NAME RUN`, or for its files.

    Attributes:
        name: Of the command.
        function: `module:name` of the function. With a run, it is called with that and all options
            by name, and returns the path that was written. With files, it is called with their
            paths, all options and `log`, and returns the number of problems.
        help: What it does, in one sentence.
        options: Its options.
        takes: "run", or "files" for any number of files and folders.
        logs: Whether a function of a run takes `log` too, because it works for long.
    """

    name: str
    function: str
    help: str
    options: tuple[Option, ...] = ()
    takes: Literal["run", "files"] = "run"
    logs: bool = False


@dataclass(frozen=True)
class Request:
    """What a call of `gansmith generate` asks for.

    Attributes:
        indices: Numbers of the samples.
        seed: The same seed gives the same samples.
        label: Name or number of a class, or None for all.
        truncation: Largest latent in standard deviations, or None.
        out: Folder or file; None for the usual folder of the run.
        format_: Format of single files, or None for the usual one.
        options: Options of the medium that were given, by name.
    """

    indices: Sequence[int]
    seed: int = 0
    label: str | int | None = None
    truncation: float | None = None
    out: Path | None = None
    format_: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.indices)


@dataclass(frozen=True)
class Generation:
    """How a medium generates samples with options of its own.

    Attributes:
        function: `module:name` of a function `(model, home, count, seed, labels, options, log)`
            that returns stored samples [count, H, W, C], or fewer with a line to `log`: a generator
            model, the folder of its run, the arguments of `gansmith.generate`, the conditions
            [count, ...] or None, and the options that were given, by name. None where `writes`
            serves all options.
        options: All options that it takes.
        title: Heading of the options in `--help`.
        writes: `module:name` of a function `(model, home, provenance, request, log)` that writes
            files of its own where the options ask for that, and returns their folder; it returns
            None where `function` applies. `request` is a :class:`Request`.
        delivers: `module:name` of a function `(model, provenance, request, log)` that makes and
            writes all samples in place of everything else, with or without options, for media whose
            samples are only handed out checked; returns what was written.
    """

    function: str | None
    options: tuple[Option, ...]
    title: str
    writes: str | None = None
    delivers: str | None = None


VERBS: Registry[Verb] = Registry("command", provided_by="gansmith.media.verbs")
GENERATIONS: Registry[Generation] = Registry("medium", provided_by="gansmith.media.verbs")
"""Media with generation options of their own, by name."""


def resolve_function(path: str) -> Callable[..., Any]:
    """Import the function that `module:name` names."""
    module, _, name = path.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function
