"""What is charted of a run: the one list that reports (SVG) and pictures (PNG) are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from gansmith.drawing.scales import Series
from gansmith.report.charts import line_chart
from gansmith.report.metric_formatting import ordered, title

Event = Mapping[str, Any]

DISTANCES = ("frechet", "kernel")
SHARES = (
    *("recall", "coverage", "precision", "label_agreement", "agreement", "input_agreement"),
    *("target_share", "weakest_share", "back_target_share", "content_kept", "back_content_kept"),
    *("kept", "playable", "trivial"),
)
"""Metrics that are shares: their axis is 0 to 1."""
NETWORKS = ("discriminator", "generator")
CLOCK = ("event", "samples", "seconds", "cost_seconds")
"""Fields of an evaluation event that are no metrics."""


@dataclass(frozen=True)
class ChartSpec:
    """A chart of events.

    Attributes:
        heading: What is measured.
        fields: What the legend calls each field of the events.
        note: How to read it, in a sentence or two.
        bounds: Values that the vertical axis always holds.
        log_y: The vertical axis is logarithmic.
        floor: A value to mark by a dashed line.
    """

    heading: str
    fields: Mapping[str, str]
    note: str = ""
    bounds: tuple[float, ...] = ()
    log_y: bool = False
    floor: float | None = None

    def series(self, events: Sequence[Event], over: str = "samples") -> list[Series]:
        """Collect a line for each field.

        Args:
            events: Objects of `metrics.jsonl`.
            over: The field that gives positions: "samples" or "seconds".
        """
        return series_of(events, self.fields, over)

    def svg(self, events: Sequence[Event]) -> Markup:
        """Draw the chart over samples seen; nothing where there is nothing to draw."""
        return self.svg_of(self.series(events))

    def svg_of(self, lines: Sequence[Series], x_label: str = "samples seen") -> Markup:
        """Draw given lines by this specification; the label "training time" makes a clock."""
        return line_chart(
            lines,
            x_label,
            self.heading,
            log_y=self.log_y,
            floor=self.floor,
            bounds=self.bounds,
            clock=x_label == "training time",
        )


def series_of(
    events: Sequence[Event], names: Mapping[str, str], over: str = "samples"
) -> list[Series]:
    """Collect a line for each field of events.

    Args:
        events: Objects of `metrics.jsonl`.
        names: What the legend calls each field; fields that no event has are left out.
        over: The field that gives positions: "samples" or "seconds".
    """
    lines = []
    for field, name in names.items():
        found = [(e[over], e[field]) for e in events if e.get(field) is not None]
        if found:
            lines.append(Series(name, *zip(*found, strict=True)))
    return lines


LOSSES_NOTE = (
    "Loss of each network. Where networks compete, no loss needs to fall while samples improve: "
    "judge by the quality metrics."
)


def loss_chart(losses: Mapping[str, str]) -> ChartSpec:
    """Specify the chart of the losses that a duel declares, by signal and title."""
    return ChartSpec("Losses", losses, LOSSES_NOTE)


TRAINING_CHARTS = (
    ChartSpec(
        "Sign of the logits",
        {"real_sign": "real samples", "fake_sign": "generated samples"},
        "Mean sign of the logits (+1: all classified as real, -1: all as generated). A wide "
        "lasting gap means the discriminator is too strong.",
        (-1, 1),
    ),
    ChartSpec(
        "Gradient norms",
        {"d_grad": "discriminator", "g_grad": "generator"},
        "Norm of the gradient of each network. Sudden jumps announce instability.",
        log_y=True,
    ),
)
"""Charts of logged steps."""
RATE = ChartSpec(
    "Real samples a second",
    {"rate": "rate"},
    "Drops are evaluations and checkpoints, or other programs on the same machine.",
)
VARIETY = ChartSpec("Recall and coverage", {"recall": "recall", "coverage": "coverage"})
COVERAGE = ChartSpec(
    "Coverage",
    {"coverage": "generated"},
    "Share of the real variety that is generated. Near 0 for long means nothing is learnt.",
    (0, 1),
)
HEALTH_CHARTS = (
    COVERAGE,
    ChartSpec(
        "Distinct samples",
        {"vendi": "generated"},
        "Effective number of distinct samples (Vendi score). Falling towards 1 means mode "
        "collapse.",
        (1,),
    ),
    ChartSpec(
        "Distance to a copy",
        {"copying": "generated"},
        "Distance to the nearest training sample, relative to held-out samples. About 1 is as new "
        "as those, towards 0 is memorisation.",
        (0,),
    ),
    ChartSpec(
        "Logits of real samples",
        {"seen": "training", "unseen": "held out"},
        "Mean logits of the discriminator. A widening gap between training and held-out data means "
        "the discriminator is overfitting.",
    ),
    ChartSpec(
        "Near-duplicates",
        {"twins": "generated"},
        "Share of samples that have a near-duplicate in the same probe.",
        (0, 1),
    ),
    ChartSpec(
        "Change between probes",
        {"moved": "generated"},
        "Distance that samples of the same latents move, relative to that between real samples.",
        (0,),
    ),
    ChartSpec(
        "Label agreement",
        {"agreement": "generated"},
        "Share of samples recognised as the requested class.",
        (0, 1),
    ),
    ChartSpec(
        "Kernel distance to the target",
        {"kernel": "translations", "input_kernel": "inputs as they are", "back_kernel": "back"},
        "From half time on, translations must be nearer to the target domain than the inputs are.",
        (0,),
    ),
    ChartSpec(
        "Taken for the target",
        {"target_share": "translations", "weakest_share": "least", "back_target_share": "back"},
        "Share that a classifier of the domains takes for the target. Below 0.6 at the end is a "
        "collapse to the input.",
        (0, 1),
    ),
    ChartSpec(
        "Content kept",
        {"content_kept": "translations", "back_content_kept": "back"},
        "Share of translations whose own input is the nearest of 100. Towards 0, content is lost.",
        (0, 1),
    ),
)
"""Charts of the health monitor's probes."""


def evaluated_metrics(events: Iterable[Event]) -> list[str]:
    """Return the names of the metrics that evaluations during training measured, in order."""
    found = {name: None for event in events for name in event if name not in CLOCK}
    return ordered(name for name in found if not name.endswith("_floor"))


def quality_chart(metric: str, events: Sequence[Event]) -> ChartSpec:
    """Specify the chart of a metric over time: its latest floor, and an axis that suits it."""
    floors = [event[f"{metric}_floor"] for event in events if f"{metric}_floor" in event]
    return ChartSpec(
        title(metric),
        {metric: "generated"},
        bounds=(0, 1) if metric in SHARES else (),
        log_y=metric in DISTANCES and all(event.get(metric, 1) > 0 for event in events),
        floor=floors[-1] if floors else None,
    )
