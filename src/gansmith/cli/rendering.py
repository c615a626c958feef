"""How the command line shows what the Python API returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table

if TYPE_CHECKING:
    from gansmith.data.inspection import Inspected
    from gansmith.tasks.doctor import DoctorReport


def rows_table(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    """Lay out names and texts in two columns."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold", min_width=15)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(name, text)
    return table


def inspection_tables(found: Inspected) -> RenderableType:
    """Lay out an inspection as two tables: the data, and the samples that a recipe gets."""
    source = [("source", found.source), ("licence", found.licence)]
    return Group(
        rows_table(f"{found.name}: the data", [*source, *found.found()]),
        rows_table("after preparation by the recipe", found.planned()),
    )


def doctor_lines(report: DoctorReport) -> Iterator[str]:
    """Yield the lines that show a report of `doctor`."""
    from gansmith.tasks.progress_line import readable_time

    machine, extras = report.machine, report.extras
    bf16 = "native" if report.native_bf16 else "not native, float32 is used"
    memory = f"{machine['memory_gib']} GiB memory"
    yield f"machine   {machine['cpu']}, {machine['cores']} cores, {memory}"
    yield f"device    {report.device}, {machine['threads']} threads, bfloat16 {bf16}"
    yield "versions  " + ", ".join(f"{name} {text}" for name, text in report.versions.items())
    for extra, installed in extras.items():
        missing = f"not installed: pip install 'gansmith[{extra}]'"
        yield f"extra     {extra}: {'installed' if installed else missing}"
    if report.memory_gib is not None:
        yield f"memory    {report.memory_gib:.2f} GiB estimated for a step of {report.recipe}"
    if (cost := report.estimate) is not None:
        yield (
            f"recipe    {report.recipe}: {cost.milliseconds:.1f} ms a step, "
            f"{cost.rate:,.0f} samples/s, {cost.memory_gib:.2f} GiB; its budget takes "
            f"{readable_time(cost.seconds)} for {cost.samples:,} samples ({cost.epochs:.1f} epochs)"
        )
    for problem in report.problems:
        yield f"problem   {problem}"
    if not report.problems:
        yield "no problems found"
