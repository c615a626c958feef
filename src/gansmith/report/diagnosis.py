"""Diagnosis of a run: how good it is, what is wrong with it, and what to do."""

from __future__ import annotations

import shlex
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gansmith.counting import pluralize
from gansmith.drawing.scales import duration, number, si
from gansmith.errors import GansmithError
from gansmith.evaluation.result import ENOUGH_HELD_OUT, too_few_held_out
from gansmith.health.diagnosis import ENOUGH, MORE_PROBES
from gansmith.health.interventions import augmentation_settings
from gansmith.metric import Metric
from gansmith.recipe import recipe_names
from gansmith.report.findings import (
    PAST,
    RETRAIN,
    Finding,
    action_in_words,
    changed_settings,
    longer_command,
    options,
    retrain_command,
    settings_of,
)
from gansmith.report.health_picture import health_png
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import closeness, ordered, reading, title
from gansmith.report.run_status import WELL, RunStatus, run_status
from gansmith.report.timeline import when
from gansmith.run import Run

INDENT, COLUMNS = 10, 96
GRADED = ("recall", "coverage", "precision", "vendi", "label_agreement")
"""Metrics that are listed as good or poor; distances are printed by themselves."""

Paragraph = tuple[str, str]
"""A word, empty where the paragraph continues the one before, and text."""
COMMAND = "$"
"""In place of the word: the text is a command to copy."""


@dataclass(frozen=True)
class RunDiagnosis:
    """What `doctor RUN` finds.

    Attributes:
        history: The run folder, parsed.
        status: How far the run came, its metrics, findings and problems.
        changed_settings: Settings that the health monitor changed, as `name=value`.
        picture: `health.png` of the run; None without a health monitor.
    """

    history: RunHistory
    status: RunStatus
    changed_settings: tuple[str, ...]
    picture: Path | None

    @property
    def problems(self) -> list[str]:
        """What is wrong and was not corrected, in words; empty where nothing is."""
        return self.status.problems


def diagnose_run(path: Path) -> RunDiagnosis:
    """Diagnose a run, and draw its `health.png` where a monitor watched.

    Args:
        path: A run folder; the training may still be running.

    Raises:
        GansmithError: The folder is not a run, a file in it is damaged, or the picture cannot be
            written.
    """
    record = RunHistory.read(path)
    picture = None
    if record.probes or record.diagnoses:
        file = path / "health.png"
        picture = record.run.save_output(file, health_png(record), generated=False)
    return RunDiagnosis(
        history=record,
        status=run_status(record, time.time()),
        changed_settings=changed_settings(record),
        picture=picture,
    )


def render(diagnosis: RunDiagnosis) -> list[str]:
    """Return a diagnosis as lines for the terminal, without markup."""
    lines = []
    for word, text in _paragraphs(diagnosis):
        if word == COMMAND:  # on a line of its own, however long
            lines.append(f"{'':<{INDENT}}{text}")
            continue
        wrapped = textwrap.wrap(
            text, COLUMNS - INDENT, break_on_hyphens=False, break_long_words=False
        )  # a path stays whole, so that it can be copied
        for index, line in enumerate(wrapped or [""]):
            lines.append(f"{'' if index else word:<{INDENT}}{line}".rstrip())
    return lines if diagnosis.problems else [*lines, "no problems found"]


def run_named(target: str) -> Path | None:
    """Return the run folder that a user means, or None where it is a recipe.

    Raises:
        GansmithError: It is a folder that is not a run, or a path where nothing is.
    """
    path = Path(target)
    recipe = target in recipe_names() or path.suffix in (".yaml", ".yml")
    if Run(path).exists:
        return path
    if path.is_dir() and not recipe:
        raise GansmithError(f"{path} is not a gansmith run: give a run folder or a recipe")
    if not recipe and len(path.parts) > 1:
        raise GansmithError(f"there is no run folder {path}: check the path")
    return None


def _paragraphs(diagnosis: RunDiagnosis) -> Iterator[Paragraph]:
    record, status, path = diagnosis.history, diagnosis.status, diagnosis.history.run.path
    yield from _state(record, status)
    yield from _quality(record, status)
    yield from _trend(record, status)
    yield from _networks(record)
    yield "monitor", _monitor(record)
    yield from _speed(record)
    for finding in status.findings:
        yield from _finding(path, finding)
    if diagnosis.changed_settings:
        yield "changed", "to train with the changed settings from the start:"
        yield COMMAND, retrain_command(path, diagnosis.changed_settings)
    if diagnosis.picture:
        yield "picture", str(diagnosis.picture)
    for problem in diagnosis.problems:
        yield "problem", problem


def _state(record: RunHistory, status: RunStatus) -> Iterator[Paragraph]:
    share = "" if record.progress is None else f" at {record.progress:.0%} of its budget"
    states = {
        "finished": "finished and evaluated",
        "ended early": f"ended by its health monitor{share}, and evaluated",
        "evaluating": "trained; the final evaluation is pending",
        "training": f"training{share}",
        "stopped": f"stopped{share}",
    }
    path, spent = record.run.path, duration(record.latest["seconds"])
    state = f"{record.manifest.name} in {path}: {states[status.stage]}"
    yield "run", f"{state}, after {spent} and {si(record.reached)} samples"
    if status.stage == "stopped" and not status.problems:
        yield "", "to resume from the last checkpoint:"
        recipe = str(path / "recipe.yaml")
        yield COMMAND, shlex.join(["gansmith", "train", recipe, "--out", str(path)])


def _quality(record: RunHistory, status: RunStatus) -> Iterator[Paragraph]:
    held_out = record.manifest.dataset.held_out
    names = ordered(status.metrics)
    if not names:
        yield "quality", "nothing was measured yet"
        return
    distances = [n for n in names if n in ("frechet", "kernel")]
    first = "; ".join(_measured(name, status.metrics[name], held_out) for name in distances[:1])
    yield "quality", f"from {status.origin}" + (f": {first}" if first else "")
    if held_out < ENOUGH_HELD_OUT:
        yield "", f"{too_few_held_out(held_out)} {_more_data(record)}"
    for word, wanted in (("good", True), ("poor", False)):
        chosen = [n for n in names if n in GRADED and _well(status.metrics[n], held_out) is wanted]
        if chosen:
            metrics = (_measured(name, status.metrics[name], held_out) for name in chosen)
            yield word, "; ".join(metrics)


def _more_data(record: RunHistory) -> str:
    """Return advice for small data: more of it, or augmentation where there is none yet."""
    settings = augmentation_settings(record.run.recipe())
    return "Add samples" + (f", or train with {options(settings)}." if settings else ".")


def _well(metric: Metric, held_out: int) -> bool | None:
    near = closeness(metric, held_out)
    return None if near is None else near >= WELL


def _measured(name: str, metric: Metric, held_out: int) -> str:
    against = reading(metric, held_out)
    return f"{title(name)} {number(metric.value)}" + (f", {against}" if against else "")


def _trend(record: RunHistory, status: RunStatus) -> Iterator[Paragraph]:
    trend = status.trend
    if trend is None:
        yield "trend", "too few evaluations to judge whether quality is still improving"
        return
    name, now, before = title(trend.metric), number(trend.now), number(trend.before)
    if trend.direction == "improving":
        more = status.stage == "finished" and not status.problems
        advice = "; train longer:" if more else ""
        yield "trend", f"{name} is still improving, from {before} to {now}{advice}"
        if more:
            yield COMMAND, longer_command(record)
    elif trend.direction == "falling":
        best = f"{number(trend.best)} at {si(trend.best_samples)} samples"
        yield "trend", f"{name} has got worse: {now} lately, {best} at best"
    else:
        yield "trend", f"{name} has levelled off at {now}: more time alone will hardly change it"


def _networks(record: RunHistory) -> Iterator[Paragraph]:
    accuracy = record.discriminator_accuracy
    if accuracy is None:
        return
    words = "discriminator and generator are balanced"
    if accuracy > 0.95:
        words = "almost always right: little gradient for the generator"
    elif accuracy < 0.55:
        words = "near chance level"
    yield "networks", f"discriminator accuracy is {accuracy:.0%}: {words}"


def _monitor(record: RunHistory) -> str:
    probes = pluralize(len(record.probes), "probe")
    if not record.probes:
        return "no probes of a health monitor: this diagnosis uses losses and quality only"
    if record.diagnoses:
        return probes
    few = f", too few to rely on: {MORE_PROBES}" if len(record.probes) < ENOUGH else ""
    return f"{probes} found no problem{few}"


def _speed(record: RunHistory) -> Iterator[Paragraph]:
    parts = [f"{record.rate:,.0f} samples a second"] if record.rate else []
    shares = {"evaluations": record.evaluation_share, "the health monitor": record.monitor_share}
    parts += [f"{name} took {v:.1%} of the time" for name, v in shares.items() if v is not None]
    if parts:
        yield "speed", ", ".join(parts)


def _finding(path: Path, finding: Finding) -> Iterator[Paragraph]:
    times = f"{len(finding.events)} times, first" if len(finding.events) > 1 else "once,"
    late = f", last at {when(finding.last)}" if len(finding.events) > 1 else ""
    yield "found", f"{finding.name}: diagnosed {times} at {when(finding.first)}{late}"
    yield "", finding.evidence
    yield "", finding.explanation
    if finding.state == "past":
        yield "", PAST
    elif finding.state == "healed":
        yield "", f"Corrected: {action_in_words(finding.last)}."
        if settings := settings_of(finding.last):
            yield COMMAND, options(settings)
    elif finding.settings:
        yield "", RETRAIN
        yield COMMAND, retrain_command(path, finding.settings)
    else:
        yield "", finding.advice
