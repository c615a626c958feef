"""Examine: say in words how a run is, what is wrong with it and what to do."""

from __future__ import annotations

import shlex
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from gansmith.console import plain
from gansmith.counting import pluralize
from gansmith.drawing.scales import duration, number, si
from gansmith.errors import GansmithError
from gansmith.evaluation.result import Metric
from gansmith.health.diagnosis import ENOUGH, MORE_LOOKS
from gansmith.recipe import recipe_names
from gansmith.report.findings import (
    PAST,
    RETRAIN,
    Finding,
    done_on,
    find,
    healed_settings,
    longer_command,
    options,
    retrain_command,
    settings_of,
)
from gansmith.report.health_picture import health_png
from gansmith.report.history import RunHistory
from gansmith.report.learning import Learning, learning
from gansmith.report.metric_formatting import closeness, ordered, reading, title
from gansmith.report.run_status import WELL, RunStatus, right, standing
from gansmith.report.timeline import when
from gansmith.run import Run

INDENT, COLUMNS = 10, 96
GRADED = ("recall", "coverage", "precision", "vendi", "label_agreement")
"""Measurements that are told as good or short of real; distances are told by themselves."""


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


def examine(path: Path, console: Console) -> list[str]:
    """Print how a run is, and draw `health.png` in it where a monitor watched.

    Args:
        path: A run folder; that of a training which goes on will do.
        console: Where to print.

    Returns:
        What is wrong and was not healed, in words; empty where nothing is.

    Raises:
        GansmithError: The folder is not a run, a file in it is damaged, or the picture cannot be
            written.
    """
    record = RunHistory.read(path)
    stands, print_line = standing(record, time.time()), plain(console)
    teller = ConsoleReport(print_line)
    _tell_state(teller, record, stands)
    _tell_quality(teller, stands)
    _tell_learning(teller, record, stands)
    _tell_game(teller, record)
    _tell_monitor(teller, record)
    _tell_speed(teller, record)
    for finding in find(record):
        _tell_finding(teller, record, finding)
    if healed := healed_settings(record):
        teller.log("healed", "to train by the settings of the healing from the start:")
        teller.command(retrain_command(path, healed))
    if record.health or record.diagnoses:
        picture = health_png(record)
        file = record.run.save_output(path / "health.png", picture, generated=False)
        teller.log("picture", str(file))
    for problem in stands.problems:
        teller.log("problem", problem)
    if not stands.problems:
        print_line("no problems found")
    return stands.problems


class ConsoleReport:
    """Prints paragraphs under a word, and commands that can be copied.

    Args:
        print_line: Prints a line as it is.
    """

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self._print = print_line

    def log(self, word: str, text: str) -> None:
        """Print a paragraph under a word; under none it goes on with the one before."""
        lines = textwrap.wrap(
            text, COLUMNS - INDENT, break_on_hyphens=False, break_long_words=False
        ) or [""]  # a path stays whole, so that it can be copied
        for index, line in enumerate(lines):
            self._print(f"{'' if index else word:<{INDENT}}{line}".rstrip())

    def command(self, text: str) -> None:
        """Print a command on a line of its own, however long."""
        self._print(f"{'':<{INDENT}}{text}")


def _tell_state(teller: ConsoleReport, record: RunHistory, stands: RunStatus) -> None:
    share = "" if record.progress is None else f" at {record.progress:.0%} of its budget"
    states = {
        "finished": "finished and judged",
        "ended early": f"ended by its health monitor{share}, and judged",
        "judging": "trained; the judgement is still to come",
        "training": f"training goes on{share}",
        "stopped": f"stopped{share}",
    }
    path, spent = record.run.path, duration(record.latest["seconds"])
    state = f"{record.manifest.name} in {path}: {states[stands.stage]}"
    teller.log("run", f"{state}, after {spent} and {si(record.reached)} samples")
    if stands.stage == "stopped" and not stands.problems:
        teller.log("", "the same command again goes on from the last checkpoint:")
        recipe = str(path / "recipe.yaml")
        teller.command(shlex.join(["gansmith", "train", recipe, "--out", str(path)]))


def _tell_quality(teller: ConsoleReport, stands: RunStatus) -> None:
    names = ordered(stands.metrics)
    if not names:
        teller.log("quality", "nothing was measured yet")
        return
    others = [n for n in names if n in ("frechet", "kernel")]
    told = "; ".join(_told(name, stands.metrics[name]) for name in others[:1])
    teller.log("quality", f"by {stands.origin}" + (f": {told}" if told else ""))
    for word, wanted in (("good", True), ("short", False)):
        chosen = [n for n in names if n in GRADED and _well(stands.metrics[n]) is wanted]
        if chosen:
            teller.log(word, "; ".join(_told(name, stands.metrics[name]) for name in chosen))


def _well(metric: Metric) -> bool | None:
    near = closeness(metric)
    return None if near is None else near >= WELL


def _told(name: str, metric: Metric) -> str:
    against = reading(metric)
    return f"{title(name)} {number(metric.value)}" + (f", {against}" if against else "")


def _tell_learning(teller: ConsoleReport, record: RunHistory, stands: RunStatus) -> None:
    found = learning(record)
    if found is None:
        teller.log("learning", "too few looks to tell whether it still gets better")
        return
    teller.log("learning", _trend(found, stands))
    if _worth_more(found, stands):
        teller.command(longer_command(record))


def _worth_more(found: Learning, stands: RunStatus) -> bool:
    return found.trend == "improving" and stands.stage == "finished" and not stands.problems


def _trend(found: Learning, stands: RunStatus) -> str:
    name, now, before = title(found.metric), number(found.now), number(found.before)
    if found.trend == "improving":
        advice = "; give it more time:" if _worth_more(found, stands) else ""
        return f"{name} is still getting better, from {before} to {now} over the last looks{advice}"
    if found.trend == "falling":
        best = f"{number(found.best)} at {si(found.best_samples)} samples"
        return f"{name} has got worse: {now} over the last looks against {best}, the best state"
    return f"{name} has settled at {now}: more time alone will hardly change it"


def _tell_game(teller: ConsoleReport, record: RunHistory) -> None:
    share = right(record)
    if share is None:
        return
    words = "the players are matched"
    if share > 0.95:
        words = "it sees through nearly everything and has little to teach"
    elif share < 0.55:
        words = "it can hardly tell them apart"
    teller.log("game", f"the discriminator is right about {share:.0%} of samples lately: {words}")


def _tell_monitor(teller: ConsoleReport, record: RunHistory) -> None:
    looks = pluralize(len(record.health), "look")
    if not record.health:
        looks = "no looks of a health monitor, so this is told by losses and quality only"
    elif not record.diagnoses:
        looks += " found nothing wrong"
        if len(record.health) < ENOUGH:
            looks += f", but they are too few for that to mean much: {MORE_LOOKS}"
    teller.log("monitor", looks)


def _tell_speed(teller: ConsoleReport, record: RunHistory) -> None:
    parts = [f"{record.rate:,.0f} samples a second"] if record.rate else []
    shares = {
        "quick looks": record.share("cost_seconds", record.looks),
        "the health monitor": record.share("monitor_seconds", record.health),
    }
    parts += [f"{name} took {v:.1%} of the time" for name, v in shares.items() if v is not None]
    if parts:
        teller.log("speed", ", ".join(parts))


def _tell_finding(teller: ConsoleReport, record: RunHistory, finding: Finding) -> None:
    times = f"{len(finding.events)} times, first" if len(finding.events) > 1 else "once,"
    late = f", last at {when(finding.last)}" if len(finding.events) > 1 else ""
    teller.log("found", f"{finding.name}: said {times} at {when(finding.first)}{late}")
    for text in (finding.evidence, finding.explanation):
        teller.log("", text)
    if finding.state == "past":
        teller.log("", PAST)
    elif finding.state == "healed":
        teller.log("", f"Healed: {done_on(finding.last)}.")
        if settings := settings_of(finding.last):
            teller.command(options(settings))
    elif finding.settings:
        teller.log("", RETRAIN)
        teller.command(retrain_command(record.run.path, finding.settings))
    else:
        teller.log("", finding.advice)
