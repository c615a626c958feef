"""RunHistory: a run folder, parsed for reports and diagnosis and never changed."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from gansmith.errors import GansmithError
from gansmith.evaluation.result import EvaluationResult
from gansmith.health.history import discriminator_accuracy
from gansmith.run import REMEDY, Run
from gansmith.run_schema import Event, Manifest
from gansmith.storage.reading import (
    YAML_BYTES,
    UnreadableFile,
    parse_json,
    parse_yaml,
    read_json,
    read_text,
    validated,
)

WORDS = ("event", "text", "level", "diagnosis", "action", "settings", "modes")
"""Fields of an event that hold text."""


@dataclass(frozen=True)
class RunHistory:
    """A run folder, read.

    Attributes:
        run: The folder.
        manifest: What the run is.
        recipe: The resolved recipe as plain values.
        recipe_text: The same as it is written.
        steps, evaluations, notes: Events of `metrics.jsonl` of kind step, quality and note.
        probes: Probes of the health monitor.
        diagnoses: Its diagnoses, in order.
        result: The final evaluation, where there is one.
    """

    run: Run
    manifest: Manifest
    recipe: dict[str, Any]
    recipe_text: str
    steps: list[Event]
    evaluations: list[Event]
    notes: list[Event]
    probes: list[Event]
    diagnoses: list[Event]
    result: EvaluationResult | None

    @classmethod
    def read(cls, path: Path) -> RunHistory:
        """Read a run folder; one of a running or stopped training will do.

        Raises:
            GansmithError: No run folder, or a file in it is damaged.
        """
        run = Run(path).require()
        events, skipped = _events(run)
        recipe_text = read_text(run.recipe_file, YAML_BYTES)
        recipe = parse_yaml(recipe_text, run.recipe_file, remedy=REMEDY)
        evaluated = run.quality_file.is_file()
        return cls(
            run=run,
            manifest=run.facts(),
            recipe=validated(recipe, dict[str, Any], run.recipe_file, remedy=REMEDY),
            recipe_text=recipe_text,
            steps=_of("step", events),
            evaluations=_of("quality", events),
            notes=[*_of("note", events), *_note_on(skipped, events)],
            probes=_of("health", events),
            diagnoses=_of("diagnosis", events),
            result=_result(run.quality_file) if evaluated else None,
        )

    @property
    def last(self) -> Event:
        """The latest step that was logged; zeros before the first."""
        return self.steps[-1] if self.steps else {"samples": 0, "seconds": 0.0}

    @property
    def latest(self) -> Event:
        """The latest step or diagnosis: a step on which the monitor acted is not logged."""
        return max((self.last, *self.diagnoses[-1:]), key=lambda event: float(event["samples"]))

    @property
    def reached(self) -> float:
        """Samples seen at the latest event of any kind."""
        events = (*self.steps, *self.evaluations, *self.probes, *self.diagnoses)
        return max((float(e["samples"]) for e in events), default=0.0)

    @property
    def progress(self) -> float | None:
        """Share of the budget used up, in [0, 1]; None without a budget in the recipe."""
        minutes, budget = self.setting("training.minutes"), self.setting("training.samples")
        done = self.latest["samples"]
        if isinstance(minutes, int | float):
            done, budget = self.latest["seconds"], 60 * minutes
        if not isinstance(budget, int | float) or budget <= 0:
            return None
        return min(1.0, float(done / budget))

    def share(self, field: str, events: list[Event]) -> float | None:
        """Share of the training's time that a field of events adds up to; None where unknown."""
        seconds = [e[field] for e in events if field in e]
        return sum(seconds) / self.last["seconds"] if seconds and self.last["seconds"] else None

    @property
    def evaluation_share(self) -> float | None:
        """Share of the training's time that evaluations took; None where unknown."""
        return self.share("cost_seconds", self.evaluations)

    @property
    def monitor_share(self) -> float | None:
        """Share of the training's time that the health monitor took; None where unknown."""
        return self.share("monitor_seconds", self.probes)

    @property
    def discriminator_accuracy(self) -> float | None:
        """Mean accuracy of the discriminator over the last 20 steps; None where unknown."""
        steps = [e for e in self.steps[-20:] if {"real_sign", "fake_sign"} <= e.keys()]
        found = [discriminator_accuracy(e["real_sign"], e["fake_sign"]) for e in steps]
        return statistics.fmean(found) if found and all(map(math.isfinite, found)) else None

    def setting(self, path: str) -> Any:
        """A value of the recipe by its dotted name; None if the recipe does not have it."""
        value: Any = self.recipe
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    @property
    def rates(self) -> list[Event]:
        """Samples a second between each two steps that were logged."""
        return [
            {"samples": b["samples"], "rate": (b["samples"] - a["samples"]) / seconds}
            for a, b in pairwise(self.steps)
            if (seconds := b["seconds"] - a["seconds"]) > 0
        ]

    @property
    def rate(self) -> float | None:
        """The median of `rates`; None before there are any."""
        return statistics.median(e["rate"] for e in self.rates) if self.rates else None

    @property
    def memory(self) -> float | None:
        """Peak memory in GiB; None where it was not logged."""
        return max((e["memory_gib"] for e in self.steps if "memory_gib" in e), default=None)


def _result(path: Path) -> EvaluationResult:
    result = read_json(path, EvaluationResult, remedy=REMEDY)
    figures = [
        n for m in result.metrics.values() for n in (m.value, m.floor, m.std) if n is not None
    ]
    if not all(map(math.isfinite, (*figures, result.seconds))):
        raise _damaged(path, "a metric or its time is not finite")
    if not {"name", "identity", "dimensions"} <= result.extractor.keys():
        raise _damaged(path, "it does not name its extractor")
    return result


def _damaged(path: Path, why: str) -> GansmithError:
    return UnreadableFile(f"{path} is damaged ({why}): {REMEDY}")


def _of(kind: str, events: list[Event]) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def _events(run: Run) -> tuple[list[Event], int]:
    """Return the events of a run, and how many lines of metrics.jsonl are none."""
    found = [_event(line) for line in run.event_lines() if line.strip()]
    events = [event for event in found if event is not None]
    return events, len(found) - len(events)


def _event(line: bytes) -> Event | None:
    """Parse one line; None where it is no event."""
    try:
        event = parse_json(line, dict[str, Any], "a line")
    except GansmithError:
        return None
    words = {key: str(event[key]) for key in WORDS if key in event}
    numbers = {key: v for key, v in event.items() if isinstance(v, int | float)}
    counts = _counts(event.get("counts"))
    wanted = {"event", "samples", "seconds"}
    if words.get("event") == "diagnosis":
        wanted |= {"diagnosis", "action"}
    clock = [numbers.get("samples", math.nan), numbers.get("seconds", math.nan)]
    if not wanted <= {*words, *numbers} or not all(map(math.isfinite, clock)):
        return None
    return {**numbers, **words, **({"counts": counts} if counts else {})}


def _note_on(skipped: int, events: list[Event]) -> list[Event]:
    """Return a note on lines that were skipped, at the time of the latest event."""
    if not skipped:
        return []
    clock = {key: max((e[key] for e in events), default=0) for key in ("samples", "seconds")}
    lines = "1 line" if skipped == 1 else f"{skipped:,} lines"
    text = f"{lines} of metrics.jsonl cannot be read: skipped"
    return [{"event": "note", **clock, "text": text, "level": "warning"}]


def _counts(value: object) -> list[int]:
    """How many samples fell into each mode; empty where that was not counted."""
    if isinstance(value, list) and all(isinstance(n, int) and n >= 0 for n in value):
        return value
    return []
