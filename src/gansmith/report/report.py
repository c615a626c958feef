"""Report: everything a run folder says, on one page that needs nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from gansmith.drawing.scales import TIMES, duration, si
from gansmith.evaluation.result import Metric
from gansmith.media.text.selection_report import contest_section
from gansmith.report.charts import line_chart, series_of
from gansmith.report.health_section import health_section
from gansmith.report.history import Event, RunHistory
from gansmith.report.metric_formatting import HEADLINES, from_look, ordered, title
from gansmith.report.page import Picture, embed, embed_sound, render

DISTANCES = ("frechet", "kernel")
SHARES = ("recall", "coverage", "precision")
TOKENS = {"text": "texts", "captions": "captions of pictures"}
CHANNELS = {1: "grey", 2: "grey with transparency", 3: "colour", 4: "colour with transparency"}
LOSS_NOTE = (
    "Each player's own error. They pull against each other, so neither need fall while the "
    "pictures get better: judge by quality, not by loss."
)
SIGN_NOTE = (
    "The mean sign of the discriminator's output: +1 takes every such sample for real, -1 takes "
    "none. Lines far apart for long mean it sees through everything and has little to teach."
)
GRADIENT_NOTE = "How hard each player is pulled. Calm lines are healthy; leaps announce trouble."
RATE_NOTE = "Dips are looks and checkpoints, or other programs on the same machine."
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
    return record.run.save_output(run_dir / "report.html", _page(record).encode())


def looked_at(looks: Iterable[Event]) -> list[str]:
    """Names of the measurements that looks during training took, in order of worth."""
    clock = ("event", "samples", "seconds", "cost_seconds")
    found = {name: None for look in looks for name in look if name not in clock}
    return ordered(name for name in found if not name.endswith("_floor"))


def chart_style(metric: str, looks: list[Event]) -> dict[str, Any]:
    """How to draw a measurement over time: its floor, and an axis that suits it."""
    floors = [look[f"{metric}_floor"] for look in looks if f"{metric}_floor" in look]
    return {
        "floor": floors[-1] if floors else None,
        "log_y": metric in DISTANCES and all(look.get(metric, 1) > 0 for look in looks),
        "bounds": (0, 1) if metric in SHARES else (),
    }


def _page(record: RunHistory) -> Markup:
    metrics = record.verdict.metrics if record.verdict else {}
    quick = record.setting("evaluation.quick_samples")
    return render(
        "report.html",
        title=record.manifest.name,
        run=record,
        manifest=record.manifest,
        verdict=record.verdict,
        status=_status(record),
        machine=_machine(record.manifest.machine),
        what=_what(record),
        clips=_clips(record),
        texts=_texts(record),
        contest=contest_section(record.run),
        summary=record.setting("summary"),
        quick=f"{quick:,}" if isinstance(quick, int) else "a few",
        figures=[(title(name), m) for name, m in _figures(record).items()],
        metrics=[(title(name), metrics[name]) for name in ordered(metrics)],
        pictures=_pictures(record),
        strip=_strip(record.run.frames()),
        quality=_quality_charts(record.looks),
        health=health_section(record),
        game=_game_charts(record),
        cost=_cost(record),
        commands=_commands(record),
    )


def _status(record: RunHistory) -> str:
    """Whether the run is judged, and how far it came where it is not."""
    if record.verdict:
        return "trained and judged"
    if record.progress is None:
        return "not judged yet"
    return f"not judged yet; {record.progress:.0%} of its training done"


def _machine(machine: Mapping[str, object]) -> str:
    """The device in a few words."""
    device, threads = str(machine.get("device", "")), machine.get("threads")
    if device == "cpu" and threads:
        return f"{threads} CPU threads" if threads != 1 else "one CPU thread"
    return device


def _what(record: RunHistory) -> str:
    """What the samples are, in a few words."""
    channels, height, width = record.manifest.shape
    settings = record.manifest.dataset.settings
    if record.manifest.medium == "audio":
        return f"sounds of {settings['seconds']:g} s at {settings['rate']:,} Hz"
    if kind := TOKENS.get(record.manifest.medium):
        return f"{kind} of up to {width:,} tokens"
    return f"{CHANNELS.get(channels, '')} samples of {height}{TIMES}{width}".strip()


def _clips(record: RunHistory) -> list[tuple[str, list[tuple[str, str]]]]:
    """Heading, and name and sound of each clip, of generated and of real ones."""
    found = [
        (heading, [(path.stem, embed_sound(path)) for path in record.run.clips(kind)])
        for heading, kind in (("Generated", "generated"), ("Real", "real"))
    ]
    return [(heading, sounds) for heading, sounds in found if sounds]


def _texts(record: RunHistory) -> list[tuple[str, list[str]]]:
    """Heading, and texts to be read, of generated and of real ones."""
    found = record.run.texts()
    headings = (("Generated", "generated"), ("Real", "real"))
    return [(heading, found[kind]) for heading, kind in headings if found.get(kind)]


def _figures(record: RunHistory) -> dict[str, Metric]:
    """The measurements at the top: the verdict's, or else those of the latest look."""
    if record.verdict:
        found = record.verdict.metrics
        return {name: found[name] for name in HEADLINES if name in found}
    look = record.looks[-1] if record.looks else {}
    return {name: from_look(name, look) for name in HEADLINES if name in look}


def _pictures(record: RunHistory) -> list[tuple[str, str, Picture]]:
    """Heading, caption and picture of what is there to be looked at."""
    run, best = record.run, record.manifest.best_samples
    made = f"The best generator, after {si(best)} samples." if best else "The generator as it is."
    sheet = run.sheet_file
    if not sheet.is_file():
        sheet = (run.frames() or [sheet])[-1]
    shown = (
        ("Generated", made, sheet),
        ("Real", "Kept aside while training, for comparison.", run.real_sheet_file),
        ("Training", "The same random numbers, from start to end.", run.animation_file),
    )
    return [(heading, text, embed(path)) for heading, text, path in shown if path.is_file()]


def _strip(frames: list[Path]) -> list[tuple[int, Picture]]:
    """Samples seen, and the sheet drawn then, for a few moments from first to last."""
    frames = [path for path in frames if path.stem.isdecimal()]
    count = min(STRIP_FRAMES, len(frames))
    chosen = [frames[i * (len(frames) - 1) // max(1, count - 1)] for i in range(count)]
    return [(int(path.stem), embed(path, side=STRIP_SIDE)) for path in chosen]


def _quality_charts(looks: list[Event]) -> list[Markup]:
    return [
        _chart(looks, title(name), (name,), ("generated",), **chart_style(name, looks))
        for name in looked_at(looks)
    ]


def _game_charts(record: RunHistory) -> list[tuple[Markup, str]]:
    """Charts of the two players, each with a sentence on how to read it."""
    steps, players = record.steps, ("discriminator", "generator")
    answers = ("to real", "to generated")
    charts = (
        (_chart(steps, "Losses", ("d_loss", "g_loss"), players), LOSS_NOTE),
        (_chart(steps, "Answers", ("real_sign", "fake_sign"), answers, bounds=(-1, 1)), SIGN_NOTE),
        (_chart(steps, "Gradient norms", ("d_grad", "g_grad"), players, log_y=True), GRADIENT_NOTE),
        (_chart(record.rates, "Real samples a second", ("rate",), ("rate",)), RATE_NOTE),
    )
    return [(chart, note) for chart, note in charts if chart]


def _chart(
    events: list[Event],
    heading: str,
    fields: Iterable[str],
    names: Iterable[str],
    log_y: bool = False,
    floor: float | None = None,
    bounds: Sequence[float] = (),
) -> Markup:
    lines = series_of(events, dict(zip(fields, names, strict=True)))
    return line_chart(lines, "samples seen", heading, log_y=log_y, floor=floor, bounds=bounds)


def _cost(record: RunHistory) -> list[tuple[str, str]]:
    """What the run took, as far as it was logged."""
    cost = []
    looking = record.share("cost_seconds", record.looks)
    watching = record.share("monitor_seconds", record.health)
    if record.rate:
        cost.append(("Rate", f"{record.rate:,.0f} samples a second (median)"))
    if record.memory:
        cost.append(("Memory", f"{record.memory:.2f} GiB at most"))
    if looking is not None:
        spent = duration(looking * record.last["seconds"])
        cost.append(("Quick looks", f"{spent}, {looking:.1%} of the training"))
    if watching is not None:
        cost.append(("Health monitor", f"{watching:.1%} of the training"))
    for player, count in record.manifest.parameters.items():
        cost.append((player.capitalize(), f"{count:,} parameters"))
    return cost


def _commands(record: RunHistory) -> list[tuple[str, str]]:
    """The command lines that go on from this run."""
    run = str(record.run.path)
    commands = [("Go on training", ["train", f"{run}/recipe.yaml", "--out", run])]
    if record.run.generator_file.is_file():
        commands.append(("Make 64 samples", ["generate", run, "-n", "64", "--seed", "0"]))
        commands.append(("Judge it again", ["evaluate", run]))
    commands.append(("Write this page again", ["report", run]))
    return [(what, shlex.join(["gansmith", *command])) for what, command in commands]
