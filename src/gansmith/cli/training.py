"""The commands before and around a training: train, recipes, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gansmith.cli.options import Data, Settings, console
from gansmith.errors import GansmithError


def train(
    recipe: Annotated[str, typer.Argument(help="A name from `gansmith recipes`, or a YAML file.")],
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="RUN", help="Run folder.")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="Budget in minutes.")] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", help="Budget in samples seen.")
    ] = None,
    settings: Settings = None,
) -> None:
    """Train a recipe. The same command again resumes."""
    from gansmith.tasks.train import train as run_training

    run_training(
        recipe,
        data=data,
        out=out,
        minutes=minutes,
        samples=samples,
        settings=settings or (),
        console=console,
    )


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
        typer.Argument(metavar="RECIPE|RUN", help="A recipe to time, or a run to examine."),
    ] = None,
    data: Data = None,
    settings: Settings = None,
) -> None:
    """Tell what this machine is and what a recipe needs; or how a run is and what to do."""
    from gansmith.console import plain
    from gansmith.report.diagnosis import diagnose_run, render, run_named
    from gansmith.tasks.doctor import doctor as look_over
    from gansmith.tasks.resolve_config import resolve

    run = None if target is None else run_named(target)
    if run is not None and (data or settings):
        raise GansmithError(f"{run} is a run: --data and --set belong to a recipe")
    if run is not None:
        diagnosis = diagnose_run(run)
        for line in render(diagnosis):
            plain(console)(line)
        problems = diagnosis.problems
    else:
        chosen = None if target is None else resolve(target, data=data, settings=settings or ())
        problems = look_over(console, chosen)
    if problems:
        raise typer.Exit(1)
