"""The commands `gansmith data ...`: named data sets, and checks of your own data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gansmith.cli.options import Json, Settings, console
from gansmith.cli.rendering import inspection_tables, rows_table
from gansmith.console import PlainConsole, plain
from gansmith.errors import GansmithError

data_app = typer.Typer(
    help="List named data sets, and inspect your own data.", no_args_is_help=False
)


@data_app.callback()
def data_list(context: typer.Context) -> None:
    """List the named data sets."""
    if context.invoked_subcommand is not None:
        return
    from gansmith.loading.catalog import CATALOG

    table = Table("name", "what it is", "licence")
    for name in CATALOG:
        table.add_row(name, CATALOG[name].summary, CATALOG[name].licence)
    console.print(table)


@data_app.command("get")
def data_get(name: Annotated[str, typer.Argument(help="Name from `gansmith data`.")]) -> None:
    """Download a named data set and verify it."""
    from gansmith.loading.open import open_dataset
    from gansmith.recipe import DataConfig

    dataset = open_dataset(DataConfig(source=name), log=console.print)
    held_out = int(dataset.held_out.sum())
    console.print(f"{name}: {len(dataset):,} samples, {held_out:,} of them held out")


@data_app.command("inspect")
def data_inspect(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|NAME...",
            help="Folder, array, file of texts, or name; the domains of a translation.",
        ),
    ],
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help="Recipe whose data settings apply, by default pictures."),
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE.png", help="Draw up to 64 samples as an image."),
    ] = None,
    round_trip: Annotated[
        Path | None,
        typer.Option(
            "--round-trip",
            metavar="DIR",
            help="Write sounds before and after encoding and decoding.",
        ),
    ] = None,
) -> None:
    """Show what is in your data and how a recipe will prepare it."""
    from gansmith.tasks.inspect_data import inspect_data

    notices = PlainConsole(stderr=True) if as_json else console
    if len(paths) > 1 or _translates(recipe):
        if round_trip is not None:
            raise GansmithError("--round-trip is for one collection: give one path")
        _inspect_domains(paths, recipe or "style", settings or (), sheet, as_json, notices)
        return
    found, trip = inspect_data(
        paths[0],
        recipe or "pictures",
        settings or (),
        sheet=sheet,
        pairs=round_trip,
        log=notices.print,
    )
    if as_json:
        pairs = {} if trip is None else {"round_trip": trip.to_json()}
        typer.echo(json.dumps(found.to_json() | pairs, indent=2, ensure_ascii=False))
        return
    console.print(inspection_tables(found))
    if trip is not None:
        console.print(rows_table("after encoding and decoding", trip.rows()))
    if sheet is not None:
        console.print(f"sheet in {sheet}")


def _translates(recipe: str | None) -> bool:
    """Return whether a recipe translates between domains."""
    from gansmith.recipe import load_recipe

    return recipe is not None and load_recipe(recipe).task.startswith("translate")


def _inspect_domains(
    paths: Sequence[str],
    recipe: str,
    settings: Sequence[str],
    sheet: Path | None,
    as_json: bool,
    notices: Console,
) -> None:
    from gansmith.tasks.inspect_domains import inspect_domains

    found = inspect_domains(paths, recipe, settings, sheet=sheet, log=notices.print)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    for domain in found.domains:
        console.print(inspection_tables(domain))
    for line in found.warnings:
        plain(console)(f"warning: {line}")
    if not found.warnings:
        console.print("the domains are alike in size, number and kind, and share no picture")
    if sheet is not None:
        console.print(f"sheet in {sheet}")


@data_app.command("augment")
def data_augment(
    path: Annotated[str, typer.Argument(metavar="PATH|NAME", help="Folder, array or name.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.png", help="File for the sheet.")],
    recipe: Annotated[
        str, typer.Option("--recipe", help="Recipe whose data and augment settings apply.")
    ] = "pictures",
    settings: Settings = None,
) -> None:
    """Draw what augmentation does to your data."""
    from gansmith.loading.open import open_dataset
    from gansmith.tasks.augmentation_preview import write_preview
    from gansmith.tasks.resolve_config import resolve

    chosen = resolve(recipe, data=path, settings=settings or ())
    dataset = open_dataset(chosen.data, log=console.print, medium=chosen.medium)
    write_preview(chosen, dataset, out, console.print)
    console.print(f"preview in {out}")
