"""History: the signals of a training so far, as the rules read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from gansmith.report.metric_formatting import discriminator_accuracy

Values = dict[str, float]


@dataclass(frozen=True)
class Step:
    """Signals of a logged step, at a share of the budget."""

    progress: float
    values: Values


@dataclass(frozen=True)
class ProbeResult:
    """What a probe found, at a share of the budget; `counts` are samples in each mode."""

    progress: float
    values: Values
    counts: list[int]


@dataclass
class History:
    """Everything since the start, or since the monitor last changed the course.

    Attributes:
        floors: What real samples score in a probe.
        names: Of the modes.
        shares: Of real samples in each mode.
        since: Share of the budget at which the present course began.
        steps: Logged steps of this course.
        looks: Probes of this course.
        said: When each diagnosis was last made.
    """

    floors: Values
    names: Sequence[str]
    shares: Sequence[float]
    since: float = 0.0
    steps: list[Step] = field(default_factory=list)
    looks: list[ProbeResult] = field(default_factory=list)
    said: dict[str, float] = field(default_factory=dict)

    def add_step(self, progress: float, values: Values) -> None:
        """Add the signals of a logged step."""
        self.steps.append(Step(progress, values))

    def add_look(self, progress: float, values: Values, counts: list[int]) -> None:
        """Add what a probe found."""
        self.looks.append(ProbeResult(progress, values, counts))

    def take_up(self, event: dict[str, Any]) -> None:
        """Take up what a run noted of an earlier session."""
        if event["event"] == "health":
            numbers = {k: v for k, v in event.items() if isinstance(v, int | float)}
            self.add_look(event["progress"], numbers, event["counts"])
        elif event["event"] == "diagnosis":
            self.say(event["diagnosis"], event["progress"])
            if event["action"] == "heal":
                self.start_anew(event["progress"])

    def say(self, name: str, progress: float) -> None:
        """Remember that a diagnosis was made."""
        self.said[name] = progress

    def start_anew(self, progress: float) -> None:
        """Forget what was before the course was changed."""
        self.since, self.steps, self.looks, self.said = progress, [], [], {}

    @property
    def progress(self) -> float:
        """Share of the budget used up at the latest step."""
        return self.steps[-1].progress if self.steps else self.since

    @property
    def age(self) -> float:
        """Share of the budget used up on this course."""
        return self.progress - self.since

    def recent(self, name: str, share: float) -> list[float]:
        """Values of a step's signal over the last `share` of the budget."""
        return [
            step.values[name]
            for step in reversed(self.steps)
            if step.progress > self.progress - share and name in step.values
        ]

    def mean(self, name: str, share: float) -> float | None:
        """Mean of `recent`; None where there is nothing."""
        values = self.recent(name, share)
        return fmean(values) if values else None

    def series(self, name: str) -> list[float]:
        """A probe's value from the start of this course on."""
        return [look.values[name] for look in self.looks if name in look.values]

    def now(self, name: str) -> float:
        """A value of the latest probe; NaN before the first."""
        return self.series(name)[-1] if self.looks else float("nan")

    def right(self, share: float) -> float | None:
        """Share of samples that the discriminator took for what they were, lately."""
        real, fake = self.mean("real_sign", share), self.mean("fake_sign", share)
        return None if real is None or fake is None else discriminator_accuracy(real, fake)

    def poor(self, share: float, looks: int = 1) -> bool:
        """Whether the coverage of so many latest probes is below a share of its floor."""
        latest, limit = self.series("coverage")[-looks:], share * self.floors["coverage"]
        return len(latest) == looks and all(coverage < limit for coverage in latest)

    def rising(self, name: str) -> bool:
        """Whether a probe's value has grown by a fifth over this course's latest looks."""
        values = self.series(name)[-3:]
        return len(values) > 1 and values[-1] > 1.2 * max(values[0], 0.01)

    @property
    def thriving(self) -> bool:
        """Whether the latest probe is about as good as the best of this course."""
        coverage = self.series("coverage")
        return bool(coverage) and coverage[-1] >= 0.8 * max(coverage) > 0
