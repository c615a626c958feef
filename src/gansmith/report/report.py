"""Report of a run: one self-contained HTML page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from gansmith.counting import linspace_indices
from gansmith.drawing.scales import duration, si
from gansmith.medium import MEDIA
from gansmith.report.chart_specs import (
    RATE,
    TRAINING_CHARTS,
    evaluated_metrics,
    loss_chart,
    quality_chart,
)
from gansmith.report.charts import line_chart
from gansmith.report.health_section import health_section
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import ordered, title
from gansmith.report.page import Picture, embed, embed_sound, render
from gansmith.report.run_status import latest_metrics
from gansmith.report.wording import wording_of
from gansmith.run_schema import Event

STRIP_FRAMES, STRIP_SIDE = 6, 360


def write_report(run_dir: Path) -> Path:
    """Write `report.html` of a run: one self-contained file that works offline.

    Args:
        run_dir: A run folder; a running or stopped training gives a report of what there is.

    Returns:
        The file written.

    Raises:
        GansmithError: The folder is none of a run, a file in it is damaged, or the page cannot be
            written.
    """
    record = RunHistory.read(run_dir)
    page = _page(record).encode("utf-8", "backslashreplace")
    return record.run.save_output(run_dir / "report.html", page)


def _page(record: RunHistory) -> Markup:
    metrics = record.result.metrics if record.result else {}
    origin, latest = latest_metrics(record, final=record.result is not None)
    words = wording_of(record)
    return render(
        "report.html",
        title=record.manifest.name,
        run=record,
        manifest=record.manifest,
        result=record.result,
        origin=origin,
        state=_state(record),
        machine=_machine(record.manifest.machine),
        samples=_samples(record),
        clips=_clips(record),
        texts=_texts(record),
        selection=selection_section(record),
        summary=record.setting("summary"),
        words=words,
        figures=[(title(name), latest[name]) for name in words.headlines if name in latest],
        metrics=[(title(name), metrics[name]) for name in ordered(metrics)],
        pictures=_pictures(record),
        strip=_strip(record.run.frames()),
        quality=_quality_charts(record.evaluations),
        health=health_section(record),
        training=_training_charts(record),
        cost=_cost(record),
        commands=_commands(record),
    )


def _state(record: RunHistory) -> str:
    """Whether the run is evaluated, and how far it came where it is not."""
    if record.result:
        return "trained and evaluated"
    if record.progress is None:
        return "not evaluated yet"
    return f"not evaluated yet; {record.progress:.0%} of the training done"


def _machine(machine: Mapping[str, object]) -> str:
    """The device in a few words."""
    device, threads = str(machine.get("device", "")), machine.get("threads")
    if device == "cpu" and threads:
        return f"{threads} CPU threads" if threads != 1 else "one CPU thread"
    return device


def _samples(record: RunHistory) -> str:
    """The samples in a few words."""
    medium = record.manifest.medium
    if medium not in MEDIA:
        return f"samples of medium '{medium}'"
    return MEDIA[medium].describe(record.manifest.shape, record.manifest.dataset.settings)


def selection_section(record: RunHistory) -> Markup:
    """Return the section on how the shipped generator was chosen; empty without a choice."""
    details, medium = record.run.contest(), record.manifest.medium
    choice = MEDIA[medium].choice if medium in MEDIA else None
    if details is None or choice is None:
        return Markup("")
    section = choice.section(details)
    charts = [line_chart(c.series, c.x_label, c.y_label, floor=c.floor) for c in section.charts]
    return render("section.html", section=section, charts=charts)


def _clips(record: RunHistory) -> list[tuple[str, list[tuple[str, str]]]]:
    """Heading, and name and sound of each clip, of generated and of real ones."""
    found = [
        (heading, [(path.stem, embed_sound(path)) for path in record.run.clips(kind)])
        for heading, kind in (("Generated", "generated"), ("Real", "real"))
    ]
    return [(heading, sounds) for heading, sounds in found if sounds]


def _texts(record: RunHistory) -> list[tuple[str, list[str]]]:
    """Heading and texts, of generated and of real ones."""
    found = record.run.texts()
    headings = (("Generated", "generated"), ("Real", "real"))
    return [(heading, found[kind]) for heading, kind in headings if found.get(kind)]


def _pictures(record: RunHistory) -> list[tuple[str, str, Picture]]:
    """Heading, caption and picture of each sheet that exists."""
    run, best, words = record.run, record.manifest.best_samples, wording_of(record)
    state = (
        f"best {words.network}, after {si(best)} samples" if best else f"current {words.network}"
    )
    made = f"The {state}. {words.sheet}".strip()
    sheet = run.sheet_file
    if not sheet.is_file():
        sheet = (run.frames() or [sheet])[-1]
    shown = [
        (words.heading, made, sheet),
        ("Real", words.real, run.real_sheet_file),
        ("Training", "Samples of the same latents, from start to end.", run.animation_file),
    ]
    medium = record.manifest.medium
    if medium in MEDIA and not MEDIA[medium].sheets and _texts(record):
        shown = shown[2:]
    return [(heading, text, embed(path)) for heading, text, path in shown if path.is_file()]


def _strip(frames: list[Path]) -> list[tuple[int, Picture]]:
    """Samples seen and sheet of a few states from first to last."""
    frames = [path for path in frames if path.stem.isdecimal()]
    chosen = [frames[index] for index in linspace_indices(len(frames), STRIP_FRAMES, ends=True)]
    return [(int(path.stem), embed(path, side=STRIP_SIDE)) for path in chosen]


def _quality_charts(events: list[Event]) -> list[Markup]:
    return [quality_chart(name, events).svg(events) for name in evaluated_metrics(events)]


def _training_charts(record: RunHistory) -> list[tuple[Markup, str]]:
    """Charts of losses and of the discriminator, each with a note on how to read it."""
    specs = (loss_chart(record.manifest.loss_titles), *TRAINING_CHARTS)
    drawn = [(spec.svg(record.steps), spec.note) for spec in specs]
    drawn.append((RATE.svg(record.rates), RATE.note))
    return [(chart, note) for chart, note in drawn if chart]


def _cost(record: RunHistory) -> list[tuple[str, str]]:
    """Time and memory of the run, as far as they were logged."""
    cost = []
    evaluating, watching = record.evaluation_share, record.monitor_share
    if record.rate:
        cost.append(("Rate", f"{record.rate:,.0f} samples a second (median)"))
    if record.memory:
        cost.append(("Memory", f"{record.memory:.2f} GiB at most"))
    if evaluating is not None:
        spent = duration(evaluating * record.last["seconds"])
        cost.append(("Evaluations", f"{spent}, {evaluating:.1%} of the training"))
    if watching is not None:
        cost.append(("Health monitor", f"{watching:.1%} of the training"))
    for network, count in record.manifest.parameters.items():
        cost.append((network.capitalize().replace("_", " "), f"{count:,} parameters"))
    return cost


def _to(record: RunHistory) -> list[str]:
    """Return the option that names the domain or the expression, where one must be named."""
    names = record.manifest.label_names
    if record.setting("task") == "expressions":
        return ["--expression", f"{names[-1]}=0.7"] if names else []
    return ["--to", names[0]] if record.setting("duel") == "domains" and names else []


def _commands(record: RunHistory) -> list[tuple[str, str]]:
    """Command lines for the next steps."""
    run = str(record.run.path)
    task = str(record.setting("task"))
    train = "harden" if task == "harden" else "train"
    commands = [("Continue training", [train, f"{run}/recipe.yaml", "--out", run])]
    if record.run.generator_file.is_file():
        commands.append(("Generate 64 samples", ["generate", run, "-n", "64", "--seed", "0"]))
        commands.append(("Evaluate again", ["evaluate", run]))
    elif record.run.model_file.is_file() and task != "harden":
        commands.append(("Apply it to a folder", ["apply", run, "FOLDER", *_to(record)]))
    commands.append(("Write this report again", ["report", run]))
    return [(what, shlex.join(["gansmith", *command])) for what, command in commands]
