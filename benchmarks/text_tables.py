"""The tables of texts, for `tables.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from gansmith.media.text.temperature_sweep import gain
from harness import read_rows

EQUAL = "self_bleu4"
MEASURES = ("bleu2", "bleu3", "bleu4", "bleu5", "language", "reverse_language", "frechet", "copied")
MATCHES = ("match_1", "match_10", "match_10_fifth", "match_10_wrong", "different", "novel", "words")
RULES = ("lines", "rhyme", "tones", "kept", "copied_lines")
Spread = Callable[..., str]
Curves = dict[tuple[str, ...], list[dict[str, float]]]
Lines = list[Sequence[str]]


def gain_lines(spread: Spread) -> tuple[Sequence[str], Lines]:
    """Mean gains of each arm over the language model at equal self-BLEU, over seeds."""
    curves = _curves("text_gain", ("corpus", "minutes", "seed", "arm"))
    lines: Lines = []
    for corpus, minutes, arm in dict.fromkeys((c, m, a) for c, m, _, a in curves):
        seeds = [s for c, m, s, a in curves if (c, m, a) == (corpus, minutes, arm)]
        pairs = [
            (curves[corpus, minutes, seed, "likelihood"], curves[corpus, minutes, seed, arm])
            for seed in seeds
            if (corpus, minutes, seed, "likelihood") in curves and arm not in ("real", "likelihood")
        ]
        if pairs:
            gains = [[gain(*pair, EQUAL, measure) for pair in pairs] for measure in MEASURES]
            cells = [spread(values, 4) for values in gains]
            lines.append([f"{corpus}, {arm}", f"{float(minutes):g}", str(len(pairs)), *cells])
    return ["gain", "minutes", "seeds", *MEASURES], lines


def form_lines(spread: Spread) -> tuple[Sequence[str], Lines]:
    """Shares of poems that keep each rule, by label and temperature, over seeds."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read_rows("quatrains"):
        where = f"temperature {row['temperature']}" if row["of"] == "generated" else row["of"]
        groups.setdefault((row["label"], where), []).append(row)
    lines: Lines = [
        [*key, str(len(rows)), *(spread([float(row[rule]) for row in rows]) for rule in RULES)]
        for key, rows in sorted(groups.items())
    ]
    return ["label", "poems", "seeds", *RULES], lines


def texygen_lines() -> tuple[Sequence[str], Lines]:
    """Each published row, and both arms where they are as varied as it is, between temperatures."""
    curves = _curves("texygen_table", ("arm", "seed", "minutes"))
    orders = [f"bleu{order}" for order in range(2, 6)]
    ours = {key[0]: rows for key, rows in curves.items() if key[1]}
    lines: Lines = []
    for (name, seed, _), rows in curves.items():
        if seed:
            continue
        aim = rows[0]["self_bleu5"]
        lines.append([name, f"{aim:.3f}", *(f"{rows[0][order]:.3f}" for order in orders)])
        for arm, points in ours.items():
            cells = [_at(points, aim, order) for order in orders]
            if None not in cells:
                lines.append([f"— {arm}, as varied", "", *(f"{cell:.3f}" for cell in cells)])
    return ["texts", "self-BLEU-5", *(order.replace("bleu", "BLEU-") for order in orders)], lines


def caption_lines(spread: Spread) -> tuple[Sequence[str], Lines]:
    """Captions of emoji by arm and temperature, over seeds."""
    curves = _curves("emoji_captions", ("arm", "temperature"))
    lines: Lines = [
        [arm, temperature, str(len(rows)), *(spread([r[m] for r in rows]) for m in MATCHES)]
        for (arm, temperature), rows in curves.items()
    ]
    return ["captions", "temperature", "seeds", *MATCHES], lines


def _at(points: list[dict[str, float]], aim: float, measure: str) -> float | None:
    """The measure where self-BLEU-5 is `aim`, on straight lines between temperatures."""
    ordered = sorted(points, key=lambda row: row["self_bleu5"])
    for low, high in pairwise(ordered):
        if low["self_bleu5"] <= aim <= high["self_bleu5"]:
            share = (aim - low["self_bleu5"]) / (high["self_bleu5"] - low["self_bleu5"])
            return low[measure] + share * (high[measure] - low[measure])
    return None


def _curves(name: str, keys: Sequence[str]) -> Curves:
    """Rows of a file by some columns, their numbers as numbers."""
    found: Curves = {}
    for row in read_rows(name):
        numbers = {k: float(v) for k, v in row.items() if _numeric(v)}
        found.setdefault(tuple(row[key] for key in keys), []).append(numbers)
    return found


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
