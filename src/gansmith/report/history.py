"""RunHistory: a run folder, parsed for reports and diagnosis and never changed."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from gansmith.errors import GansmithError
from gansmith.evaluation.result import EvaluationResult
from gansmith.health.history import discriminator_accuracy
from gansmith.run import Run

Event = dict[str, Any]
Part = TypeVar("Part")

WORDS = ("event", "text", "level", "diagnosis", "action", "settings", "modes")
"""Fields of an event that hold text."""


class DatasetFacts(BaseModel):
    """What the run was trained on; `samples` includes those held out."""

    name: str
    source: str
    licence: str
    fingerprint: str
    samples: int
    held_out: int
    settings: dict[str, Any] = {}


class HealthFacts(BaseModel):
    """What the health monitor compares with: modes, their real shares, values of real samples."""

    modes: list[str] = []
    shares: list[float] = []
    floors: dict[str, float] = {}


class LossFacts(BaseModel):
    """A loss that the duel of a run declares: the signal that holds it, and what charts call it."""

    name: str
    title: str


NOISE_LOSSES = [
    LossFacts(name="d_loss", title="discriminator"),
    LossFacts(name="g_loss", title="generator"),
]
"""Losses of runs whose manifest was written before duels declared theirs."""


class Manifest(BaseModel):
    """Facts of a run; `stopped` where its monitor ended it before the budget was used up."""

    name: str
    medium: str
    shape: tuple[int, int, int]
    label_names: list[str] = []
    dataset: DatasetFacts
    versions: dict[str, str] = {}
    machine: dict[str, Any] = {}
    parameters: dict[str, int] = {}
    created: datetime
    best_samples: int | None = None
    precision: str = ""
    processes: int = 1
    health: HealthFacts = HealthFacts()
    losses: list[LossFacts] = NOISE_LOSSES
    stopped: bool = False

    @property
    def loss_titles(self) -> dict[str, str]:
        """Title of each declared loss, by the name of its signal."""
        return {loss.name: loss.title for loss in self.losses}


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
        events = _events(run)
        recipe_text = _read(run.recipe_file)
        evaluated = run.quality_file.is_file()
        return cls(
            run=run,
            manifest=_checked(run.manifest_file, run.manifest(), Manifest),
            recipe=_loaded(run.recipe_file, recipe_text, yaml.safe_load),
            recipe_text=recipe_text,
            steps=_of("step", events),
            evaluations=_of("quality", events),
            notes=_of("note", events),
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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _damaged(path, "it is no text") from None
    except OSError as error:
        raise GansmithError(f"{path} cannot be read: {error.strerror}") from None


def _damaged(path: Path, why: str) -> GansmithError:
    return GansmithError(f"{path} is damaged ({why}): restore it, or train or evaluate again")


def _loaded(path: Path, text: str, load: Callable[[str], Any]) -> dict[str, Any]:
    try:
        value = load(text)
    except (json.JSONDecodeError, yaml.YAMLError, RecursionError) as error:
        raise _damaged(path, " ".join(str(error).split())) from None
    if not isinstance(value, dict):
        raise _damaged(path, "it holds no table of names and values")
    return value


def _checked(path: Path, content: dict[str, Any], kind: type[Part]) -> Part:
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise _damaged(path, f"{field}: {first['msg'].lower()}") from None


def _result(path: Path) -> EvaluationResult:
    result = _checked(path, _loaded(path, _read(path), json.loads), EvaluationResult)
    if not {"name", "identity", "dimensions"} <= result.extractor.keys():
        raise _damaged(path, "it does not name its extractor")
    return result


def _of(kind: str, events: list[Event]) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def _events(run: Run) -> list[Event]:
    lines = enumerate(run.event_lines(), 1)
    return [_event(run.metrics_file, i, line) for i, line in lines if line.strip()]


def _event(path: Path, index: int, line: bytes) -> Event:
    try:
        event = json.loads(line)
        words = {key: str(event[key]) for key in WORDS if key in event}
        numbers = {key: v for key, v in event.items() if isinstance(v, int | float)}
        counts = _counts(event.get("counts"))
    except (ValueError, TypeError, AttributeError):
        words, numbers, counts = {}, {}, []
    wanted = {"event", "samples", "seconds"}
    if words.get("event") == "diagnosis":
        wanted |= {"diagnosis", "action"}
    if not wanted <= {*words, *numbers}:
        raise _damaged(path, f"line {index} is no event")
    return {**numbers, **words, **({"counts": counts} if counts else {})}


def _counts(value: object) -> list[int]:
    """How many samples fell into each mode; empty where that was not counted."""
    if isinstance(value, list) and all(isinstance(n, int) and n >= 0 for n in value):
        return value
    return []
