"""Layout of a run's health over time, which the HTML and the PNG drawing share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gansmith.counting import linspace_indices
from gansmith.drawing.scales import duration, si
from gansmith.report.findings import Finding, action_in_words, action_of, find, level_of
from gansmith.report.history import RunHistory
from gansmith.run_schema import Event

MOST_MODES, MOST_COLUMNS = 30, 60


@dataclass(frozen=True)
class Mark:
    """A diagnosis in a row.

    Attributes:
        at: Samples seen.
        action: "warn", "heal" or "stop".
        level: "warning" or "error".
        text: When, what was done and why, one line each.
    """

    at: float
    action: str
    level: str
    text: str


@dataclass(frozen=True)
class Row:
    """A diagnosis with all its marks."""

    name: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Timeline:
    """A run from left to right.

    Attributes:
        end: Samples seen in all, positive.
        rows: One per diagnosis, by its first event.
        changes: Samples at which settings were changed or training ended.
        probes: Samples at which the monitor probed.
    """

    end: float
    rows: tuple[Row, ...]
    changes: tuple[float, ...]
    probes: tuple[float, ...]


@dataclass(frozen=True)
class ModeStrip:
    """Modes over time.

    Attributes:
        names: One a row.
        shares: Of real samples in each mode.
        edges: Samples at which columns begin and end, one more than columns.
        generated: Share of generated samples, by column and row.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    edges: tuple[float, ...]
    generated: tuple[tuple[float, ...], ...]

    def ratio(self, column: int, row: int) -> float:
        """Share of generated samples over that of real ones; 1 is as often as real."""
        made, real = self.generated[column][row], self.shares[row]
        if real > 0:
            return made / real
        return math.inf if made > 0 else 1.0


def timeline(record: RunHistory) -> Timeline:
    """Lay out the diagnoses of a run."""
    findings = sorted(find(record), key=lambda finding: finding.first["samples"])
    acted = [e for e in record.diagnoses if action_of(e) != "warn"]
    return Timeline(
        end=record.reached or 1.0,
        rows=tuple(_row(finding) for finding in findings),
        changes=tuple(e["samples"] for e in acted),
        probes=tuple(e["samples"] for e in record.probes),
    )


def mode_strip(record: RunHistory) -> ModeStrip | None:
    """Lay out how often each mode was generated; None without counts, or with too many modes."""
    facts, count = record.manifest.health, len(record.manifest.health.modes)
    probes = [e for e in record.probes if len(e.get("counts", ())) == count > 0]
    probes = [e for e in probes if any(e["counts"])]
    if not probes or count > MOST_MODES or len(facts.shares) != count:
        return None
    probes = [probes[i] for i in linspace_indices(len(probes), MOST_COLUMNS, ends=True)]
    shares = tuple(tuple(n / sum(e["counts"]) for n in e["counts"]) for e in probes)
    edges = _edges([e["samples"] for e in probes], record.reached)
    return ModeStrip(tuple(facts.modes), tuple(facts.shares), edges, shares)


def mode_colour(ratio: float) -> float:
    """Where a ratio of shares lies from -1 (never generated) over 0 (as real) to 1 (4 times)."""
    return ratio - 1 if ratio < 1 else min(1.0, math.log(ratio, 4))


def when(event: Event) -> str:
    """When an event was, in samples, time and share of the budget."""
    share = f", {event['progress']:.0%} of the budget" if "progress" in event else ""
    return f"{si(event['samples'])} samples ({duration(event['seconds'])}{share})"


def _row(finding: Finding) -> Row:
    return Row(finding.name, tuple(_mark(event) for event in finding.events))


def _mark(event: Event) -> Mark:
    text = (
        f"{event['diagnosis']}: {action_in_words(event)} at {when(event)}\n{event.get('text', '')}"
    )
    return Mark(event["samples"], action_of(event), level_of(event), text)


def _edges(places: Sequence[float], end: float) -> tuple[float, ...]:
    """Borders half-way between probes; the outer ones as far again, within the run."""
    between = [(a + b) / 2 for a, b in pairwise(places)] or [places[0]]
    first = max(0.0, 2 * places[0] - between[0])
    if len(places) == 1:
        return 0.0, max(end, places[0])
    return first, *between, min(end, 2 * places[-1] - between[-1])
