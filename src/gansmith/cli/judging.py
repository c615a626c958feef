"""The commands evaluate, report and compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gansmith.cli.options import Json, RunArgument, console
from gansmith.console import PlainConsole, plain


def evaluate(
    target: Annotated[
        Path, typer.Argument(metavar="RUN|FOLDER|FILE.npz", help="Run, folder of samples or array.")
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference", metavar="DATA", help="Real data to compare with: name or path."
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--samples", min=16, help="Number of samples to evaluate.")
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor",
            help="Feature extractor, instead of the default; torch:FILE.pt2 runs code of the file.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate samples against held-out real data; real data itself gives the reference values."""
    from gansmith.report.metric_formatting import result_table
    from gansmith.tasks.evaluate import evaluate as evaluator

    notices = PlainConsole(stderr=True) if as_json else console
    verdict = evaluator(
        target, reference=reference, samples=count, extractor=extractor, console=notices
    )
    if as_json:
        typer.echo(json.dumps(verdict.to_json(), indent=2, ensure_ascii=False))
    else:
        console.print(result_table(verdict, str(target)))


def report(run: RunArgument) -> None:
    """Write the HTML report of a run again."""
    from gansmith.tasks.task import report_of

    plain(console)(f"report {report_of(run)}")


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Two or more run folders.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Also write an HTML page.")
    ] = None,
) -> None:
    """Compare runs: metrics, settings that differ, curves and sheets."""
    from gansmith.report.compare import compare_runs, write_comparison

    page = None if out is None else write_comparison(runs, out)
    console.print(compare_runs(runs))
    if page is not None:
        console.print(f"comparison {page}")
