"""What the files of a run hold: its manifest, and the events of its metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gansmith.consent import Consent
from gansmith.errors import GansmithError
from gansmith.storage.reading import MIB, parse_json, validated

_LINE_BYTES = MIB

Event = dict[str, Any]
"""One line of metrics.jsonl: `event` says its kind."""
_Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]


class DatasetFacts(BaseModel):
    """What a run was trained on; `samples` includes those held out."""

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
    consent: dict[str, Consent] = {}

    @property
    def loss_titles(self) -> dict[str, str]:
        """Title of each declared loss, by the name of its signal."""
        return {loss.name: loss.title for loss in self.losses}


class _Event(BaseModel):
    """A line of metrics.jsonl: what every event may have."""

    model_config = ConfigDict(extra="allow")

    event: str
    samples: _Finite = 0
    seconds: _Finite = 0
    level: str = ""
    text: str = ""


class _Figures(_Event):
    """An event whose further fields are numbers."""

    samples: _Finite
    __pydantic_extra__: dict[str, float | None]


class _Quality(_Figures):
    cost_seconds: _Finite


class _Probe(_Figures):
    progress: _Finite
    counts: list[Annotated[int, Field(ge=0, strict=True)]]
    monitor_seconds: _Finite = 0


class _Diagnosis(_Event):
    samples: _Finite
    progress: _Finite
    diagnosis: str
    action: str


_EVENTS: dict[str, type[_Event]] = {
    "step": _Figures,
    "quality": _Quality,
    "health": _Probe,
    "diagnosis": _Diagnosis,
}


def parse_event(line: bytes) -> Event | None:
    """Parse one line of metrics.jsonl; None where it is no event."""
    if len(line) > _LINE_BYTES:
        return None
    try:
        event = parse_json(line, Event, "a line")
        validated(event, _EVENTS.get(str(event.get("event")), _Event), "a line")
    except GansmithError:
        return None
    return event
