"""Standing: how far a run came, what it is worth, and what is wrong with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Literal

from gansmith.evaluation.result import METRICS, Metric
from gansmith.report.findings import find
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import discriminator_accuracy, from_look, ratio, title

Stage = Literal["finished", "ended early", "judging", "training", "stopped"]

PATIENCE = 120.0
"""Seconds of silence after which a training counts as stopped, or five logged steps' time."""
WELL, POOR = 0.8, 0.3
"""Share of the floor from which a measure of variety is good, and below which it is poor."""
VARIETY = ("recall", "coverage")


@dataclass(frozen=True)
class RunStatus:
    """Where a run stands.

    Attributes:
        stage: "finished" and judged, "ended early" by its monitor and judged, "judging" where
            training is over, "training" where it was heard of lately, else "stopped".
        origin: What the measurements are from, in words; empty where there are none.
        metrics: The measurements that matter most, by name.
        problems: What is wrong and was not healed, one line each.
    """

    stage: Stage
    origin: str
    metrics: dict[str, Metric]
    problems: list[str]


def standing(record: RunHistory, now: float) -> RunStatus:
    """Tell where a run stands.

    Args:
        record: The run.
        now: Seconds since the epoch; tells a training that goes on from one that was stopped.
    """
    stage = _stage(record, now)
    over = stage in ("finished", "ended early")
    origin, metrics = _measured(record, judged=over)
    said = [f"{f.name}: {f.last.get('text', '')}" for f in find(record) if f.state == "open"]
    problems = [*said, *_broken(record), *(_poor(metrics) if over else ())]
    return RunStatus(stage, origin, metrics, problems)


def right(record: RunHistory) -> float | None:
    """Share of samples that the discriminator took for what they were, over the last steps."""
    steps = [e for e in record.steps[-20:] if {"real_sign", "fake_sign"} <= e.keys()]
    told = [discriminator_accuracy(e["real_sign"], e["fake_sign"]) for e in steps]
    return fmean(told) if told and all(map(math.isfinite, told)) else None


def _stage(record: RunHistory, now: float) -> Stage:
    done = record.progress is None or record.progress >= 1
    if record.verdict and (done or record.manifest.stopped):
        return "finished" if done else "ended early"
    if _gave_up(record) or not _heard_lately(record, now):
        return "stopped"
    return "judging" if record.progress and done else "training"


def _gave_up(record: RunHistory) -> bool:
    """Whether the latest that was noted is that training was stopped, or that it diverged."""
    ends = [e for e in record.notes if e.get("text", "").startswith("stopped")]
    ends += [e for e in record.diagnoses if e["diagnosis"] == "diverged" and e["action"] != "heal"]
    return any(event["samples"] >= record.last["samples"] for event in ends)


def _heard_lately(record: RunHistory, now: float) -> bool:
    file = record.run.metrics_file
    if not file.is_file():
        file = record.run.manifest_file
    times = [e["seconds"] for e in record.steps[-20:]]
    gap = median(b - a for a, b in pairwise(times)) if times[1:] else 0.0
    return now - file.stat().st_mtime < max(PATIENCE, 5 * gap)


def _measured(record: RunHistory, judged: bool) -> tuple[str, dict[str, Metric]]:
    """The verdict's measurements, or those of the latest quick look, or of the monitor's."""
    if judged and record.verdict:
        return "the final judgement", record.verdict.metrics
    if record.looks:
        look = record.looks[-1]
        found = {name: from_look(name, look) for name in METRICS if name in look}
        return "the latest quick look", found
    if record.health:
        floors = {f"{name}_floor": v for name, v in record.manifest.health.floors.items()}
        look = record.health[-1] | floors
        names = [name for name in ("precision", "coverage", "vendi") if name in look]
        return "the monitor's latest look", {name: from_look(name, look) for name in names}
    return "", {}


def _broken(record: RunHistory) -> list[str]:
    """Losses that are no numbers; a run with a monitor says so itself."""
    losses = [record.last.get(name, 0.0) for name in ("d_loss", "g_loss")]
    said = any(event["diagnosis"] == "diverged" for event in record.diagnoses)
    if said or all(map(math.isfinite, losses)):
        return []
    return ["diverged: the last losses are no numbers; train again with lower rates"]


def _poor(metrics: dict[str, Metric]) -> list[str]:
    """What the measurements alone say is wrong, whether a monitor watched or not."""
    found = []
    for name in VARIETY:
        share = ratio(metrics[name]) if name in metrics else None
        if share is not None and share < POOR:
            found.append(f"{title(name).lower()} is only {share:.0%} of that of real samples")
    near, share_of = metrics.get("copying_ratio"), metrics.get("copying_share")
    closeness = ratio(near) if near else None
    if closeness is not None and closeness < 0.75 and share_of and share_of.value > 0.05:
        found.append(f"samples lie at {closeness:.0%} of the distance that new ones keep: copies")
    return found
