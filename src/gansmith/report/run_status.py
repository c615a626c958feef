"""RunStatus: how far a run came, how good it is, and what is wrong with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from gansmith.drawing.scales import si
from gansmith.evaluation.result import ENOUGH_HELD_OUT, metric_specs
from gansmith.metric import Metric
from gansmith.report.findings import Finding, find
from gansmith.report.history import RunHistory
from gansmith.report.learning import Trend, improvement_trend
from gansmith.report.metric_formatting import metric_of_event, ratio, title

Stage = Literal["finished", "ended early", "evaluating", "training", "stopped"]

PATIENCE = 120.0
"""Seconds without an event after which a training counts as stopped, or five logged steps."""
WELL, POOR = 0.8, 0.3
"""Share of the floor from which a metric of variety is good, and below which it is poor."""
VARIETY = ("recall", "coverage")


@dataclass(frozen=True)
class RunStatus:
    """The state of a run, for the report and for `doctor`.

    Attributes:
        stage: "finished" and evaluated, "ended early" by its monitor and evaluated, "evaluating"
            where training is over, "training" where an event is recent, else "stopped".
        origin: Where the metrics are from, in words; empty where there are none.
        metrics: The latest metrics, by name.
        findings: Diagnoses of the health monitor, open ones first.
        trend: Whether quality was still improving; None where there is too little to judge by.
        problems: What is wrong and was not corrected, one line each.
    """

    stage: Stage
    origin: str
    metrics: dict[str, Metric]
    findings: tuple[Finding, ...]
    trend: Trend | None
    problems: list[str]


def run_status(record: RunHistory, now: float) -> RunStatus:
    """Summarise a run.

    Args:
        record: The run.
        now: Seconds since the epoch; separates a running training from a stopped one.
    """
    stage = _stage(record, now)
    over = stage in ("finished", "ended early")
    origin, metrics = latest_metrics(record, final=over)
    findings = tuple(find(record))
    problems = [f"{f.name}: {f.last.get('text', '')}" for f in findings if f.state == "open"]
    telling = record.result is None or record.result.reference >= ENOUGH_HELD_OUT
    problems += [*_broken(record), *(_poor(metrics) if over and telling else ())]
    return RunStatus(stage, origin, metrics, findings, improvement_trend(record), problems)


def latest_metrics(record: RunHistory, final: bool) -> tuple[str, dict[str, Metric]]:
    """Return where the latest metrics are from, and the metrics.

    Args:
        record: The run.
        final: Take those of the final evaluation, if there is one.
    """
    if final and record.result:
        return "the final evaluation", record.result.metrics
    if record.evaluations:
        event = record.evaluations[-1]
        found = {name: metric_of_event(name, event) for name in metric_specs() if name in event}
        return f"the evaluation at {si(event['samples'])} samples", found
    if record.probes:
        floors = {f"{name}_floor": v for name, v in record.manifest.health.floors.items()}
        event = record.probes[-1] | floors
        names = [name for name in ("precision", "coverage", "vendi") if name in event]
        origin = f"the health probe at {si(event['samples'])} samples"
        return origin, {name: metric_of_event(name, event) for name in names}
    return "", {}


def _stage(record: RunHistory, now: float) -> Stage:
    done = record.progress is None or record.progress >= 1
    if record.result and (done or record.manifest.stopped):
        return "finished" if done else "ended early"
    if _gave_up(record) or not _recently_active(record, now):
        return "stopped"
    return "evaluating" if record.progress and done else "training"


def _gave_up(record: RunHistory) -> bool:
    """Whether the latest event is that training was stopped, or that it diverged."""
    ends = [e for e in record.notes if e.get("text", "").startswith("stopped")]
    ends += [e for e in record.diagnoses if e["diagnosis"] == "diverged" and e["action"] != "heal"]
    return any(event["samples"] >= record.last["samples"] for event in ends)


def _recently_active(record: RunHistory, now: float) -> bool:
    file = record.run.metrics_file
    if not file.is_file():
        file = record.run.manifest_file
    times = [e["seconds"] for e in record.steps[-20:]]
    gap = median(b - a for a, b in pairwise(times)) if times[1:] else 0.0
    return now - file.stat().st_mtime < max(PATIENCE, 5 * gap)


def _broken(record: RunHistory) -> list[str]:
    """Losses that are not finite; a run with a monitor has a diagnosis for that."""
    losses = [record.last.get(name, 0.0) for name in record.manifest.loss_titles]
    diagnosed = any(event["diagnosis"] == "diverged" for event in record.diagnoses)
    if diagnosed or all(map(math.isfinite, losses)):
        return []
    return ["diverged: the last losses are NaN or infinite; train again with lower learning rates"]


def _poor(metrics: dict[str, Metric]) -> list[str]:
    """What the metrics alone show to be wrong, with or without a health monitor."""
    found = []
    for name in VARIETY:
        share = ratio(metrics[name]) if name in metrics else None
        if share is not None and share < POOR:
            found.append(f"{title(name).lower()} is only {share:.0%} of that of real samples")
    near, share_of = metrics.get("copying_ratio"), metrics.get("copying_share")
    closeness = ratio(near) if near else None
    if closeness is not None and closeness < 0.75 and share_of and share_of.value > 0.05:
        found.append(
            f"memorisation: the distance to training samples is {closeness:.0%} of that of "
            "held-out samples"
        )
    return found
