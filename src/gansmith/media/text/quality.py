"""Perusing: what is measured on texts themselves, beside all that is measured on features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.media.captions.retrieval import Retrieval
from gansmith.media.text.code_points import to_texts, untitled
from gansmith.media.text.temperature_sweep import TemperatureSweep
from gansmith.media.text.verse.quatrain import (
    LENGTHS,
    quatrain_lines,
    quatrain_report,
    quatrain_shaped,
)

MOST = 1_000
"""Texts that are read: BLEU of more costs much and says little more."""
LEAST = 4
"""Held-out texts below which there are no two halves to compare."""
SHOWN = (
    *("bleu4", "self_bleu4", "language", "reverse_language"),
    *("unique", "copied", "mean_length"),
)
"""Measurements of all texts."""
FORMS = ("form_lines", "form_rhyme", "form_tones")
"""Measurements of poems."""
MATCHES = {"match_1": 1, "match_10": 10}
"""Measurements of captions, and the nearest pictures that count in each."""
COMMON = 0.9
"""Share of real texts from which on a form is taken to be that of all."""

Values = dict[str, float]


def text_quality_metrics(
    samples: NDArray[np.int32], dataset: Dataset, seed: int = 0
) -> tuple[Values, Values]:
    """Measure texts against held-out ones, and those against others of their kind.

    Args:
        samples: Code points int32 [N, 1, L, 1].
        dataset: Its texts that are held out, and those that trained.
        seed: Of the halves that held-out texts are parted into.

    Returns:
        Values and floors of bleu4, self_bleu4, language, reverse_language, unique, copied and
        mean_length, as `TemperatureSweep.measure` has them, with two samples
        and `LEAST` held-out texts at least; of collections of Chinese quatrains also of form_lines,
        form_rhyme and form_tones. Titles do not count.
    """
    texts, (held_out, training) = to_texts(samples[:MOST]), sides(dataset)
    if dataset.settings.get("title") is not None:
        texts, held_out, training = (
            [untitled(text) for text in some] for some in (texts, held_out, training)
        )
    values, floors = _forms(texts, held_out)
    count = min(len(texts), len(held_out) // 2)
    if count < LEAST // 2:
        return values, floors
    sweep = TemperatureSweep(held_out, training, count, seed=seed)
    kept = {name: value for name, value in sweep.measure(texts[:count]).items() if name in SHOWN}
    return values | kept, floors | {name: sweep.floor[name] for name in SHOWN}


def match(
    texts: Sequence[str], asked: NDArray[np.int64], dataset: Dataset
) -> tuple[Values, Values]:
    """Measure whether captions tell the held-out pictures that they were made for.

    Args:
        texts: N captions.
        asked: Number of the picture that each was made for, int64 [N].
        dataset: What is really written of pictures.

    Returns:
        match_1 and match_10, see :class:`gansmith.media.captions.retrieval.Retrieval`, and the
        same of what is really written.
    """
    retrieval = Retrieval(written_of(dataset))
    values = {name: retrieval.found(texts, asked, most) for name, most in MATCHES.items()}
    return values, {name: retrieval.real(most) for name, most in MATCHES.items()}


def written_of(dataset: Dataset) -> dict[int, list[str]]:
    """Return the captions of each held-out picture, by its number."""
    assert dataset.labels is not None
    found: dict[int, list[str]] = {}
    chosen = dataset.held_out_indices
    for number, text in zip(dataset.labels[chosen], to_texts(dataset.samples[chosen]), strict=True):
        found.setdefault(int(number), []).append(text)
    return found


def sides(dataset: Dataset) -> tuple[list[str], list[str]]:
    """Return the texts held out and the texts to train on."""
    held_out = to_texts(dataset.samples[dataset.held_out_indices])
    return held_out, to_texts(dataset.samples[dataset.train_indices])


def line_length(texts: Sequence[str]) -> int | None:
    """Return the characters of a line where nearly all texts are Chinese quatrains of one kind."""
    shapes = Counter(tuple(map(len, quatrain_lines(text))) for text in texts[:MOST])
    shape, count = shapes.most_common(1)[0] if shapes else ((), 0)
    regular = len(shape) == 4 and set(shape) <= set(LENGTHS) and len(set(shape)) == 1
    return shape[0] if regular and count >= COMMON * min(MOST, len(texts)) else None


def _forms(texts: Sequence[str], real: Sequence[str]) -> tuple[Values, Values]:
    length = line_length(real)
    if length is None:
        return {}, {}
    try:
        return _kept(texts, length), _kept(real[:MOST], length)
    except GansmithError:  # without the extra `poems` nothing tells rhymes
        return {}, {}


def _kept(texts: Sequence[str], length: int) -> Values:
    told = quatrain_report(texts, length)
    even = sum(quatrain_shaped(text, length) for text in texts)
    return dict(zip(FORMS, (even / len(texts), told.rhyme, told.tones), strict=True))
