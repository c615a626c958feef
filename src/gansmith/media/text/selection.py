"""Contest: which of two generators of texts is shipped, by their curves on held-out texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gansmith.errors import GansmithError
from gansmith.media.text.temperature_sweep import Row, gain

TEMPERATURES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
EQUAL = "self_bleu4"
"""What is held equal: how alike the texts of an arm are among themselves."""
MAY_LOSE = 0.02
"""Share by which global measures may be worse, which is within their noise from seed to seed."""


@dataclass(frozen=True)
class ModelSelection:
    """Two curves and what became of them.

    Attributes:
        curves: Rows of `TemperatureSweep` by rising temperature, of the arms
            `likelihood` and `adversarial`.
        floor: The row of real texts.
        samples: The first texts of both arms at temperature 1, drawn with the same numbers.
        shipped: The arm that was kept.
        reason: Why, in a sentence.
    """

    curves: dict[str, list[Row]]
    floor: Row
    samples: dict[str, list[str]]
    shipped: str
    reason: str

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> ModelSelection:
        """Rebuild a contest from its plain values.

        Raises:
            GansmithError: They are those of none.
        """
        try:
            return TypeAdapter(cls).validate_python(plain)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise GansmithError(f"contest.json is damaged ({where}: {first['msg']})") from None


def decide(curves: Mapping[str, Sequence[Row]], floor: Row) -> tuple[str, str]:
    """Ship what the discriminator taught only where it is better, at equal variety.

    Better is a higher BLEU-4 at equal self-BLEU-4, with neither the reverse language model nor
    the Fréchet distance worse by more than `MAY_LOSE`, and a length no further from that of real
    texts by more than that.
    """
    before, after = curves["likelihood"], curves["adversarial"]
    try:
        better = gain(before, after, EQUAL, "bleu4")
        worse = {name: _loss(before, after, name) for name in ("reverse_language", "frechet")}
    except GansmithError:
        return "likelihood", "the curves of both cannot be compared: they share no range of variety"
    strayed = _strayed(after, floor) - _strayed(before, floor)
    told = f"BLEU-4 at equal self-BLEU-4 {better:+.4f} against the language model it began as"
    faults = [f"{_NAMES[name]} {loss:+.1%}" for name, loss in worse.items() if loss > MAY_LOSE]
    faults += [f"length {strayed:+.1%} further from real"] if strayed > MAY_LOSE else []
    if better > 0 and not faults:
        return "adversarial", told
    return "likelihood", f"{told}: {', '.join(faults) or 'no gain'}"


_NAMES = {"reverse_language": "reverse language model", "frechet": "Fréchet distance"}


def _loss(before: Sequence[Row], after: Sequence[Row], name: str) -> float:
    """By what share a measure, of which less is better, is worse at equal variety."""
    usual = sum(row[name] for row in before) / len(before)
    return gain(before, after, EQUAL, name) / usual


def _strayed(curve: Sequence[Row], floor: Row) -> float:
    """How far the length at the highest temperature is from that of real texts, as a share."""
    return abs(curve[-1]["mean_length"] / floor["mean_length"] - 1)
