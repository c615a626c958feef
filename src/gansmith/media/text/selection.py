"""Model selection for text: the pretrained language model, or what adversarial training made of it.

Both are compared by their quality-diversity curves over sampling temperatures, on held-out texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gansmith.data.dataset import Dataset
from gansmith.drawing.scales import LineChart, Series
from gansmith.errors import GansmithError
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.quality import LEAST, MOST, TEXT_METRICS, sides
from gansmith.media.text.temperature_sweep import Row, TemperatureSweep, gain
from gansmith.medium import Candidate, ModelChoice, ReportSection, Selected
from gansmith.metric import METRICS
from gansmith.networks.sequence.language_model import Decoding, SequenceGenerator

TEMPERATURES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
EQUAL = "self_bleu4"
"""The metric of diversity at equal values of which curves are compared."""
MAY_LOSE = 0.02
"""Share by which other metrics may be worse, which is within their noise from seed to seed."""
SAMPLES = 12
"""Texts of each candidate that the report shows."""
CHARTS = ("bleu4", "reverse_language", "frechet", "mean_length")
NAMES = {"likelihood": "language model", "adversarial": "adversarially trained"}
KEPT = {
    "likelihood": "The language model was kept",
    "adversarial": "The adversarially trained model was kept",
}
TITLES = {name: spec.title for name, spec in (METRICS | TEXT_METRICS).items()}


@dataclass(frozen=True)
class ModelSelection:
    """A comparison of two generators of texts.

    Attributes:
        curves: Rows of `TemperatureSweep` by rising temperature, of the candidates `likelihood` and
            `adversarial`.
        floor: The row of real texts.
        samples: The first texts of both candidates at temperature 1, from the same seed.
        shipped: The candidate that was kept.
        reason: Why, in a sentence.
    """

    curves: dict[str, list[Row]]
    floor: Row
    samples: dict[str, list[str]]
    shipped: str
    reason: str

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> ModelSelection:
        """Rebuild a comparison from its plain values.

        Raises:
            GansmithError: They are not those of one.
        """
        try:
            return TypeAdapter(cls).validate_python(plain)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise GansmithError(f"contest.json is damaged ({where}: {first['msg']})") from None


def select(candidates: Mapping[str, Candidate], dataset: Dataset, seed: int) -> Selected:
    """Choose the generator that is shipped; see `ModelChoice.select`.

    Args:
        candidates: `likelihood` and `adversarial`. Their decoding settings are changed.
        dataset: Its held-out texts are the reference.
        seed: Of the samples.
    """
    held_out, training = sides(dataset)
    if len(held_out) < LEAST:
        return Selected("likelihood")
    count = min(MOST, len(held_out) // 2)
    found = compare_candidates(candidates, TemperatureSweep(held_out, training, count), seed)
    return Selected(found.shipped, asdict(found))


def compare_candidates(
    candidates: Mapping[str, Candidate], sweep: TemperatureSweep, seed: int
) -> ModelSelection:
    """Measure all candidates over temperatures and decide between them."""
    curves: dict[str, list[Row]] = {}
    shown: dict[str, list[str]] = {}
    for name, candidate in candidates.items():
        texts = {t: texts_at(candidate, t, sweep.count, seed) for t in TEMPERATURES}
        curves[name], shown[name] = sweep.rows(texts), texts[1.0][:SAMPLES]
    shipped, reason = decide(curves, sweep.floor)
    return ModelSelection(curves, sweep.floor, shown, shipped, reason)


def texts_at(candidate: Candidate, temperature: float, count: int, seed: int) -> list[str]:
    """Generate texts at a temperature, in place of the candidate's own."""
    assert isinstance(candidate.generator, SequenceGenerator)
    candidate.generator.decoding = Decoding(temperature)
    return to_texts(candidate.sample(count, seed=seed))


def decide(curves: Mapping[str, Sequence[Row]], floor: Row) -> tuple[str, str]:
    """Ship the adversarially trained model only where it is better at equal diversity.

    Better is a higher BLEU-4 at equal self-BLEU-4, with neither the reverse language model nor
    the Fréchet distance worse by more than `MAY_LOSE`, and a mean length that is not further from
    that of real texts by more than that.

    Returns:
        The candidate that is shipped, and why.
    """
    before, after = curves["likelihood"], curves["adversarial"]
    try:
        better = gain(before, after, EQUAL, "bleu4")
        worse = {name: _loss(before, after, name) for name in ("reverse_language", "frechet")}
    except GansmithError:
        return "likelihood", "the curves cannot be compared: they share no range of diversity"
    strayed = _strayed(after, floor) - _strayed(before, floor)
    gained = f"BLEU-4 at equal self-BLEU-4 {better:+.4f} against the pretrained language model"
    faults = [f"{_NAMES[name]} {loss:+.1%}" for name, loss in worse.items() if loss > MAY_LOSE]
    faults += [f"length {strayed:+.1%} further from real"] if strayed > MAY_LOSE else []
    if better > 0 and not faults:
        return "adversarial", gained
    return "likelihood", f"{gained}: {', '.join(faults) or 'no gain'}"


_NAMES = {"reverse_language": "reverse language model", "frechet": "Fréchet distance"}


def _loss(before: Sequence[Row], after: Sequence[Row], name: str) -> float:
    """By what share a metric, of which lower is better, is worse at equal diversity."""
    usual = sum(row[name] for row in before) / len(before)
    return gain(before, after, EQUAL, name) / usual


def _strayed(curve: Sequence[Row], floor: Row) -> float:
    """How far the length at the highest temperature is from that of real texts, as a share."""
    return abs(curve[-1]["mean_length"] / floor["mean_length"] - 1)


def section(details: Mapping[str, Any]) -> ReportSection:
    """Present a comparison in the report; see `ModelChoice.section`.

    Raises:
        GansmithError: The stored comparison is damaged.
    """
    found = ModelSelection.from_json(details)
    return ReportSection(
        heading="Language model or adversarial training",
        text=(
            f"{KEPT[found.shipped]}: {found.reason}. Each curve covers sampling temperatures from "
            f"{TEMPERATURES[0]:g} to {TEMPERATURES[-1]:g}; further left is more diverse. The "
            "dashed line is the value of real texts."
        ),
        charts=[_chart(found, metric) for metric in CHARTS],
        texts_summary="Samples of both at temperature 1, from the same seed",
        texts=[(NAMES[name].capitalize(), texts) for name, texts in found.samples.items()],
    )


def _chart(found: ModelSelection, metric: str) -> LineChart:
    lines = [_line(NAMES[name], rows, metric) for name, rows in found.curves.items()]
    return LineChart(lines, TITLES[EQUAL], TITLES[metric], found.floor[metric])


def _line(name: str, rows: Sequence[Row], metric: str) -> Series:
    points = sorted((row[EQUAL], row[metric]) for row in rows)
    return Series(name, *zip(*points, strict=True))


CHOICE = ModelChoice(select, section)
