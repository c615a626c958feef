"""One calm line that tells how a training goes; plain lines where there is no terminal."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from gansmith.health.history import discriminator_accuracy
from gansmith.training.callbacks import TrainingState

PLAIN_SECONDS = 15.0


class ProgressLine:
    """Shows share done, time left, rate, losses, the balance of the players and quality.

    Args:
        console: Where to print.
        name: Of the run.
    """

    def __init__(self, console: Console, name: str) -> None:
        self._console, self._name = console, name
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self._distance: float | None = None
        self._printed = -PLAIN_SECONDS
        self._origin: TrainingState | None = None

    def __enter__(self) -> ProgressLine:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def quality(self, distance: float) -> None:
        """Hear the newest distance to the held-out data."""
        self._distance = distance

    def on_train_begin(self, moment: TrainingState) -> None:
        """Learn where training starts, to tell the rate from there."""
        self._origin = moment

    def on_step_end(self, moment: TrainingState) -> bool:
        """There is nothing to look at between signals."""
        return False

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        """Show a logged step."""
        line = self._line(moment, signals)
        if self._live:
            self._live.update(Text(line, overflow="ellipsis", no_wrap=True))
        elif time.perf_counter() - self._printed >= PLAIN_SECONDS or moment.progress >= 1:
            self._printed = time.perf_counter()
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _line(self, moment: TrainingState, signals: dict[str, float]) -> str:
        assert self._origin is not None
        seconds = moment.seconds - self._origin.seconds
        rate = (moment.samples - self._origin.samples) / max(seconds, 1e-9)
        done = moment.progress - self._origin.progress
        left = seconds / done * max(0.0, 1 - moment.progress) if done > 0 else 0.0
        losses = {
            name.removesuffix("loss").rstrip("_").upper(): value
            for name, value in signals.items()
            if name.endswith("loss")
        }
        shown = [f"{name} {value:.2f}".strip() for name, value in sorted(losses.items())]
        parts = [
            f"{self._name} {min(moment.progress, 1):4.0%}",
            f"{readable_time(left)} left",
            f"{rate:,.0f} samples/s",
            f"loss {' '.join(shown)}",
        ]
        if {"real_sign", "fake_sign"} <= signals.keys():
            right = discriminator_accuracy(signals["real_sign"], signals["fake_sign"])
            parts.append(f"D right {right:.0%}")
        if "nats" in signals:
            parts.append(f"{signals['nats']:.3f} nats")
        if self._distance is not None:
            parts.append(f"distance {self._distance:.3g}")
        return " · ".join(parts)


def readable_time(seconds: float) -> str:
    """Write seconds as minutes:seconds, or hours:minutes:seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
