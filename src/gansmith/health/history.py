"""History: the signals of a training so far, as the rules read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

Values = dict[str, float]


def discriminator_accuracy(real_sign: float, fake_sign: float) -> float:
    """Return the accuracy of a discriminator, from the mean signs of its logits on each side."""
    return 0.5 + (real_sign - fake_sign) / 4


@dataclass(frozen=True)
class Step:
    """Signals of a logged step, at a share of the budget."""

    progress: float
    values: Values


@dataclass(frozen=True)
class ProbeResult:
    """Values of a probe, at a share of the budget; `counts` are samples in each mode."""

    progress: float
    values: Values
    counts: list[int]


@dataclass
class History:
    """Everything since the start, or since the monitor last changed settings.

    Attributes:
        floors: Values of real samples in a probe.
        names: Of the modes.
        shares: Of real samples in each mode.
        since: Share of the budget at which the game, or the settings in force, began.
        steps: Logged steps since then.
        probes: Probes since then.
        diagnosed: When each diagnosis was last made.
        begun: Share of the budget at which the adversarial game began.
    """

    floors: Values
    names: Sequence[str]
    shares: Sequence[float]
    since: float = 0.0
    steps: list[Step] = field(default_factory=list)
    probes: list[ProbeResult] = field(default_factory=list)
    diagnosed: dict[str, float] = field(default_factory=dict)
    begun: float = 0.0

    def add_step(self, progress: float, values: Values) -> None:
        """Add the signals of a logged step."""
        self.steps.append(Step(progress, values))

    def add_probe(self, progress: float, values: Values, counts: list[int]) -> None:
        """Add the values of a probe."""
        self.probes.append(ProbeResult(progress, values, counts))

    def restore(self, event: dict[str, Any]) -> None:
        """Restore an event that a run logged in an earlier session."""
        if event["event"] == "health":
            numbers = {k: v for k, v in event.items() if isinstance(v, int | float)}
            self.add_probe(event["progress"], numbers, event["counts"])
        elif event["event"] == "game":
            self.begin(event["progress"])
        elif event["event"] == "diagnosis":
            self.add_diagnosis(event["diagnosis"], event["progress"])
            if event["action"] == "heal":
                self.restart(event["progress"])

    def add_diagnosis(self, name: str, progress: float) -> None:
        """Remember that a diagnosis was made."""
        self.diagnosed[name] = progress

    def begin(self, progress: float) -> None:
        """Begin with the adversarial game, after pretraining."""
        self.restart(progress)
        self.begun = progress

    def restart(self, progress: float) -> None:
        """Forget what was before settings were changed."""
        self.since, self.steps, self.probes, self.diagnosed = progress, [], [], {}

    @property
    def progress(self) -> float:
        """Share of the budget used up at the latest step."""
        return self.steps[-1].progress if self.steps else self.since

    @property
    def age(self) -> float:
        """Share of the game's budget used up since it began, or settings were changed."""
        return (self.progress - self.since) / self._game

    @property
    def _game(self) -> float:
        """Share of the budget that is the game's; a game may begin with the last step."""
        return max(1 - self.begun, 1e-6)

    def recent(self, name: str, share: float) -> list[float]:
        """Values of a step's signal over the last `share` of the game's budget."""
        first = self.progress - share * self._game
        return [
            step.values[name]
            for step in reversed(self.steps)
            if step.progress > first and name in step.values
        ]

    def mean(self, name: str, share: float) -> float | None:
        """Mean of `recent`; None where there is nothing."""
        values = self.recent(name, share)
        return fmean(values) if values else None

    def settled(self, share: float) -> list[ProbeResult]:
        """Probes after the first `share` of the game's budget since settings were changed."""
        first = self.since + share * self._game
        return [probe for probe in self.probes if probe.progress >= first]

    def series(self, name: str) -> list[float]:
        """Values of the probes since settings were changed."""
        return [probe.values[name] for probe in self.probes if name in probe.values]

    def now(self, name: str) -> float:
        """A value of the latest probe; NaN before the first."""
        return self.series(name)[-1] if self.probes else float("nan")

    def accuracy(self, share: float) -> float | None:
        """Accuracy of the discriminator over the last `share` of the budget."""
        real, fake = self.mean("real_sign", share), self.mean("fake_sign", share)
        return None if real is None or fake is None else discriminator_accuracy(real, fake)

    def poor(self, share: float, probes: int = 1) -> bool:
        """Whether the coverage of so many latest probes is below a share of its floor."""
        latest, limit = self.series("coverage")[-probes:], share * self.floors["coverage"]
        return len(latest) == probes and all(coverage < limit for coverage in latest)

    def rising(self, name: str) -> bool:
        """Whether a value has grown by a fifth over the latest probes."""
        values = self.series(name)[-3:]
        return len(values) > 1 and values[-1] > 1.2 * max(values[0], 0.01)

    @property
    def thriving(self) -> bool:
        """Whether the latest probe is about as good as the best since settings were changed."""
        coverage = self.series("coverage")
        return bool(coverage) and coverage[-1] >= 0.8 * max(coverage) > 0
