"""The commands train, recipes and doctor."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gansmith.cli.options import Data, Json, Settings, console, output
from gansmith.cli.output import print_error
from gansmith.cli.rendering import doctor_lines
from gansmith.console import PlainConsole
from gansmith.errors import GansmithError


def train(
    recipe: Annotated[str, typer.Argument(help="Name from `gansmith recipes`, or a YAML file.")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="PATH|NAME",
            help="Training data, instead of the recipe's; twice to translate between two folders.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="RUN", help="Run folder.")] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Training time in minutes.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", help="Training length in real samples seen.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", min=2, help="Samples per step (training.batch).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed of the training (training.seed).")
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="auto, cpu, cuda or mps; by default auto.")
    ] = None,
    consent: Annotated[
        Path | None,
        typer.Option(
            "--consent",
            metavar="FILE",
            help="For faces: YAML that says who agreed, on what basis and when (data.consent).",
        ),
    ] = None,
    settings: Settings = None,
) -> None:
    """Train a recipe. Run the same command again to resume."""
    from gansmith.tasks.train import train as run_training
    from gansmith.training.engine import use_device

    if device is not None:
        use_device(device)
    short = {"training.batch": batch, "training.seed": seed}
    chosen = [f"{name}={value}" for name, value in short.items() if value is not None]

    notes: list[str] = []

    def listen(event: dict[str, Any]) -> None:
        if event["event"] == "note":
            notes.append(event["text"])

    run_training(
        recipe,
        data=data if data is None or len(data) > 1 else data[0],
        out=out,
        minutes=minutes,
        samples=samples,
        settings=[*chosen, *(settings or ())],
        console=console,
        should_stop=lambda: output.lost,
        on_event=listen,
        consent=consent,
        ask=typer.prompt if sys.stdin.isatty() and sys.stdout.isatty() else None,
    )
    if output.lost:
        print_error(f"gansmith: standard output was closed; {notes[-1] if notes else 'done'}")
        raise typer.Exit(1)


def recipes() -> None:
    """List the recipes that come with gansmith."""
    from gansmith.loading.catalog import CATALOG
    from gansmith.recipe import load_recipe, recipe_names

    table = Table("recipe", "what it trains", "data", "network", "budget")
    for name in recipe_names():
        recipe = load_recipe(name)
        budget = recipe.training
        amount = f"{budget.minutes:g} min" if budget.minutes else f"{budget.samples:,} samples"
        data = recipe.data.source if recipe.data.source in CATALOG else "your own"
        table.add_row(name, recipe.summary, data, recipe.network.name, amount)
    console.print(table)


def doctor(
    target: Annotated[
        str | None,
        typer.Argument(metavar="RECIPE|RUN", help="Recipe to estimate, or run to diagnose."),
    ] = None,
    data: Data = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Check this machine, estimate a recipe's cost, or diagnose a run."""
    from gansmith.console import plain
    from gansmith.report.diagnosis import run_named
    from gansmith.tasks.diagnose import diagnose
    from gansmith.tasks.doctor import doctor as check

    run = None if target is None else run_named(target)
    if run is not None and (data or settings):
        raise GansmithError(f"{run} is a run: --data and --set belong to a recipe")
    notices = PlainConsole(stderr=True) if as_json else console
    if run is not None:
        found = diagnose(run)
        lines, problems, content = found.lines, found.problems, found.to_json()
    else:
        report = check(target, data=data, settings=settings or (), log=plain(notices))
        lines, problems = tuple(doctor_lines(report)), report.problems
        content = report.to_json()
    if as_json:
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        for line in lines:
            plain(console)(line)
    if problems:
        raise typer.Exit(1)
