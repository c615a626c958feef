"""The command line: the verbs of the Python API, word for word."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gansmith.errors import GansmithError

app = typer.Typer(
    help="Train, judge and ship generative adversarial networks on your own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data_app = typer.Typer(help="Named data sets, and a look at your own data.", no_args_is_help=False)
app.add_typer(data_app, name="data", invoke_without_command=True)
console = Console()

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Replace a setting of the recipe; repeatable."
    ),
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="PATH|NAME", help="Samples, in place of the recipe's."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same samples.")]
Format = Annotated[
    str | None,
    typer.Option("--format", help="Of single files; sound takes wav, wav24, flac, flac24."),
]
Label = Annotated[str | None, typer.Option("--label", help="Name or number of a class.")]


@app.command()
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
    from gansmith.workflow.train import train as run_training

    run_training(
        recipe,
        data=data,
        out=out,
        minutes=minutes,
        samples=samples,
        settings=settings or (),
        console=console,
    )


@app.command()
def generate(
    run: RunArgument,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many samples.")] = 64,
    seed: Seed = 0,
    label: Label = None,
    truncation: Annotated[
        float | None,
        typer.Option("--truncation", help="Largest latent in standard deviations, such as 1."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR|FILE", help="Folder, FILE.npz (array) or FILE.png (sheet)."
        ),
    ] = None,
    format_: Format = None,
    tempo: Annotated[
        float | None, typer.Option("--tempo", help="Beats a minute, of loops; pitch stays.")
    ] = None,
) -> None:
    """Make samples: single files, one array, or one sheet."""
    from gansmith.workflow.generate import generate as write_samples

    place = write_samples(
        run,
        count,
        seed=seed,
        label=label,
        truncation=truncation,
        out=out,
        format_=format_,
        tempo=tempo,
    )
    console.print(f"{count} samples in {place}")


@app.command()
def interpolate(
    run: RunArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE|DIR", help=".webp or .gif; .wav or .flac for sound; or a folder."
        ),
    ],
    frames: Annotated[int, typer.Option("--frames", min=2, help="Steps of the walk.")] = 120,
    seed: Seed = 0,
    label: Label = None,
) -> None:
    """Walk from sample to sample: a film, one continuous sound, or a file a step."""
    from gansmith.workflow.generate import interpolate as write_walk

    place = write_walk(run, out, frames=frames, seed=seed, label=label)
    console.print(f"{frames} steps in {place}")


@app.command()
def similar(
    run: RunArgument,
    like: Annotated[Path, typer.Argument(metavar="FILE", help="A picture or a sound.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Variations.")] = 8,
    spread: Annotated[
        float, typer.Option("--spread", help="How far variations go, up to 1.")
    ] = 0.4,
    seed: Seed = 0,
    label: Label = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder.")] = None,
    format_: Format = None,
) -> None:
    """More like this: find the sample that comes nearest to a file, and vary around it."""
    from gansmith.workflow.similar import similar as find_similar

    place, found = find_similar(
        run, like, count, spread=spread, seed=seed, label=label, out=out, format_=format_
    )
    console.print(
        f"{count} variations in {place}; the nearest is at {found.distance:.0%} of the distance "
        "that samples have by chance"
    )


@app.command()
def kit(
    run: RunArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the kit.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Sounds a class.")] = 8,
    seed: Seed = 0,
    format_: Format = "wav",
) -> None:
    """Write one-shots by class and an .sfz that loads in samplers."""
    from gansmith.workflow.kit import kit as write_kit

    console.print(f"kit in {write_kit(run, count, seed=seed, out=out, format_=format_ or 'wav')}")


@app.command()
def evaluate(
    target: Annotated[Path, typer.Argument(metavar="RUN|FOLDER|FILE.npz", help="What to judge.")],
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="DATA", help="Real data, by name or path.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--samples", min=16, help="How many to judge.")
    ] = None,
    extractor: Annotated[str | None, typer.Option("--extractor", help="Feature extractor.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Judge samples against held-out real data, beside real against real."""
    from gansmith.workflow.evaluate import evaluate as judge
    from gansmith.workflow.tables import verdict_table

    notices = Console(stderr=True) if as_json else console
    verdict = judge(
        target, reference=reference, samples=count, extractor=extractor, console=notices
    )
    if as_json:
        typer.echo(json.dumps(verdict.to_json(), indent=2))
    else:
        console.print(verdict_table(verdict, str(target)))


@app.command()
def report(run: RunArgument) -> None:
    """Write the report of a run again."""
    from gansmith.evaluation.report import write_report
    from gansmith.run import Run

    console.print(f"report {write_report(Run(run).require().path)}")


@app.command()
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Two or more run folders.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Write a page as well.")
    ] = None,
) -> None:
    """Lay runs side by side: figures, settings that differ, curves, sheets."""
    from gansmith.evaluation.compare import compare_runs, write_comparison

    console.print(compare_runs(runs))
    if out is not None:
        console.print(f"comparison {write_comparison(runs, out)}")


@app.command()
def recipes() -> None:
    """List the recipes that come with gansmith."""
    from gansmith.recipe import load_recipe, recipe_names

    table = Table("recipe", "what it trains", "data", "network", "budget")
    for name in recipe_names():
        recipe = load_recipe(name)
        budget = recipe.training
        amount = f"{budget.minutes:g} min" if budget.minutes else f"{budget.samples:,} samples"
        table.add_row(name, recipe.summary, recipe.data.source, recipe.network.name, amount)
    console.print(table)


@data_app.callback()
def data_list(context: typer.Context) -> None:
    """List the named data sets."""
    if context.invoked_subcommand is not None:
        return
    from gansmith.data.names import known

    table = Table("name", "what it is", "licence")
    for name, about in known().items():
        table.add_row(name, about.summary, about.licence)
    console.print(table)


@data_app.command("get")
def data_get(name: Annotated[str, typer.Argument(help="A name from `gansmith data`.")]) -> None:
    """Fetch a named data set, check it and keep it."""
    from gansmith.data.store import open_dataset
    from gansmith.recipe import DataConfig

    dataset = open_dataset(DataConfig(source=name), say=console.print)
    held_out = int(dataset.held_out.sum())
    console.print(f"{name}: {len(dataset):,} samples, {held_out:,} of them held out")


@data_app.command("inspect")
def data_inspect(
    path: Annotated[str, typer.Argument(metavar="PATH|NAME", help="A folder, array or name.")],
    recipe: Annotated[
        str, typer.Option("--recipe", help="Whose data settings to apply.")
    ] = "pictures",
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE.png", help="Draw up to 64 samples.")
    ] = None,
    round_trip: Annotated[
        Path | None,
        typer.Option(
            "--round-trip", metavar="DIR", help="Write sounds as they are and as networks see them."
        ),
    ] = None,
) -> None:
    """Tell what is in your data and what a recipe will do to it."""
    from gansmith.workflow.look import look

    notices = Console(stderr=True) if as_json else console
    found, trip = look(
        path, recipe, settings or (), sheet=sheet, pairs=round_trip, say=notices.print
    )
    if as_json:
        pairs = {} if trip is None else {"round_trip": trip.to_json()}
        typer.echo(json.dumps(found.to_json() | pairs, indent=2))
        return
    console.print(found.render())
    if trip is not None:
        console.print(trip.render())
    if sheet is not None:
        console.print(f"sheet in {sheet}")


@data_app.command("augment")
def data_augment(
    path: Annotated[str, typer.Argument(metavar="PATH|NAME", help="A folder, array or name.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.png", help="Where the sheet goes.")],
    recipe: Annotated[
        str, typer.Option("--recipe", help="Whose data and augment settings to apply.")
    ] = "pictures",
    settings: Settings = None,
) -> None:
    """Draw what augmentation will do to your data, before any training."""
    from gansmith.data.store import open_dataset
    from gansmith.workflow.preview import write_preview
    from gansmith.workflow.settle import resolve

    chosen = resolve(recipe, data=path, settings=settings or ())
    write_preview(chosen, open_dataset(chosen.data, say=console.print), out)
    console.print(f"preview in {out}")


@app.command()
def doctor(
    target: Annotated[
        str | None,
        typer.Argument(metavar="RECIPE|RUN", help="A recipe to time, or a run to examine."),
    ] = None,
    data: Data = None,
    settings: Settings = None,
) -> None:
    """Tell what this machine is and what a recipe needs; or how a run is and what to do."""
    from gansmith.workflow.doctor import doctor as look_over
    from gansmith.workflow.examine import examine, run_named
    from gansmith.workflow.settle import resolve

    run = None if target is None else run_named(target)
    if run is not None and (data or settings):
        raise GansmithError(f"{run} is a run: --data and --set belong to a recipe")
    if run is not None:
        problems = examine(run, console)
    else:
        chosen = None if target is None else resolve(target, data=data, settings=settings or ())
        problems = look_over(console, chosen)
    if problems:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2."""
    try:
        app()
    except GansmithError as error:
        Console(stderr=True).print(
            f"gansmith: {error}", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
