"""Commands whose help is grouped, and which know names of options from other tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand

UsageError: Any = typer.BadParameter.__mro__[1]
"""The error of the click that typer uses, which may be its own copy."""

OTHER_TOOLS = {
    "--batch-size": "--batch N",
    "--batch_size": "--batch N",
    "--bs": "--batch N",
    "--epochs": "--samples N (real samples seen) or --minutes N",
    "--steps": "--samples N (real samples seen) or --minutes N",
    "--kimg": "--samples N (real samples seen) or --minutes N",
    "--lr": "--set optimiser.g_lr=... --set optimiser.d_lr=...",
    "--learning-rate": "--set optimiser.g_lr=... --set optimiser.d_lr=...",
    "--gamma": "--set objective.gamma=...",
    "--size": "--set data.size=N",
    "--resolution": "--set data.size=N",
    "--image-size": "--set data.size=N",
    "--gpu": "--device cuda",
    "--gpus": "--device cuda, or torchrun for several",
    "--cuda": "--device cuda",
    "--cpu": "--device cpu",
    "--fp16": "--set training.precision=bf16-mixed",
    "--bf16": "--set training.precision=bf16-mixed",
    "--precision": "--set training.precision=...",
    "--output": "--out PATH",
    "--outdir": "--out PATH",
    "--output-dir": "--out PATH",
    "--config": "the recipe as the first argument",
    "--resume": "the same command again: it resumes by itself",
    "--pretrained": "--set training.start_from=RUN",
    "--freeze": "--set training.freeze=PREFIX",
    "--mirror": "--set augment.ops=flip",
    "--aug": "--set augment.ops=flip,translation",
    "--num": "-n N",
    "--num-samples": "-n N",
    "--class": "--label NAME",
    "--trunc": "--truncation N",
    "--psi": "--truncation N",
    "--seeds": "--seed N -n COUNT, or --index",
}
"""Options of other tools, and what to write instead."""


class GroupedCommand(TyperCommand):
    """A command whose `--help` lists options under the heading of their group.

    An option that only other tools have is answered with what to write instead.
    """

    hints: ClassVar[Mapping[str, str]] = OTHER_TOOLS

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments.

        Raises:
            UsageError: An option is unknown.
        """
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            name = str(getattr(error, "option_name", ""))
            if name not in self.hints:
                raise
            message = f"No such option: {name}. Write {self.hints[name]}"
            raise UsageError(message, ctx) from None

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, those without a group first."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                argument = parameter.param_type_name == "argument"
                panel: Any = getattr(parameter, "rich_help_panel", None)
                heading = "Arguments" if argument else str(panel or "Options")
                groups.setdefault(heading, []).append(record)
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


TRAIN_EXAMPLES = """Examples:

\b
  gansmith train pictures --data FOLDER
  gansmith train pictures --data FOLDER --minutes 60 --out runs/flowers
  gansmith train pictures --data MORE --set training.start_from=runs/flowers
"""
GENERATE_EXAMPLES = """Examples:

\b
  gansmith generate RUN -n 16                      16 files in RUN/samples-0
  gansmith generate RUN -n 64 --out sheet.png --names
  gansmith generate RUN --index 3,7 --out chosen   two samples of that sheet
  gansmith generate RUN --label rose --truncation 0.8 --out roses
  gansmith generate RUN -n 1 --out kick.wav        a sound
  gansmith generate RUN --temperature 0.8 --out poems.txt
"""
INTERPOLATE_EXAMPLES = """Examples:

\b
  gansmith interpolate RUN --out loop.webp         a closed loop, with alpha
  gansmith interpolate RUN --from 3 --to 8 --out morph.gif
  gansmith interpolate RUN --index 3,7,12 --truncation 0.8 --out path.webp
  gansmith interpolate RUN --grid 16 --out grid.webp
"""
