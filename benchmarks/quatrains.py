"""Verse: how often generated quatrains keep their form when nothing forces them to.

    python benchmarks/quatrains.py [--seeds 0 1 2] [--minutes 30]

The recipe `quatrains`, 30 % of the poems held out. It labels poems by whether they keep the form;
1,000 poems of each label, and of labels as frequent as among real poems ("any"), at several
temperatures, drawn freely: shares with four lines of five characters, whose second and fourth line
rhyme, and that keep a tone pattern of regular verse; then the share of their lines that are lines
of poems that were trained on, and of poems that differ from all others. The same of held-out poems.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gansmith.loading.open import open_dataset
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.quality import sides
from gansmith.media.text.verse.forms import form_labels
from gansmith.media.text.verse.quatrain import quatrain_lines, quatrain_report, quatrain_shaped
from gansmith.model import load_generator
from gansmith.networks.sequence.language_model import Decoding, SequenceGenerator
from gansmith.run import Run
from harness import over_seeds

FORM, LENGTH, ANY = "quatrain-5", 5, "any"
COUNT, SEED = 1_000, 1
TEMPERATURES = (1.0, 0.85, 0.7, 0.5)


def measured(texts: Sequence[str], known: set[str]) -> dict[str, float]:
    """Shares of poems that keep each rule, of copied lines and of different poems."""
    report = quatrain_report(texts, LENGTH)
    lines = [line for text in texts for line in quatrain_lines(text)]
    whole = sum(quatrain_shaped(text, LENGTH) for text in texts)
    row = {"lines": whole / len(texts), "rhyme": report.rhyme, "tones": report.tones}
    row |= {"kept": report.kept, "copied_lines": sum(line in known for line in lines) / len(lines)}
    return row | {"different": len(set(texts)) / len(texts)}


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Measure the generator that a run has shipped, and poems that it has not seen."""
    held_out, training = sides(open_dataset(run.recipe().data))
    known = {line for text in training for line in quatrain_lines(text)}
    labels = form_labels(held_out, FORM)
    real = {ANY: held_out}
    for text, label in zip(held_out, labels, strict=True):
        real.setdefault(label, []).append(text)
    rows = [
        {"of": "held out", "label": k, "temperature": 0} | measured(v, known)
        for k, v in real.items()
    ]
    model = load_generator(run.path)
    assert isinstance(model.generator, SequenceGenerator)
    for temperature in TEMPERATURES:
        model.generator.decoding = Decoding(temperature)
        for label in real:
            asked = None if label == ANY else label
            texts = to_texts(model.sample(COUNT, seed=SEED, label=asked))
            print(label, temperature, texts[:2], flush=True)
            row = {"of": "generated", "label": label, "temperature": temperature}
            rows.append(row | measured(texts, known))
    return rows


if __name__ == "__main__":
    over_seeds(
        __doc__ or "",
        "quatrains",
        rows_of,
        ("of", "label", "temperature"),
        30,
        (0, 1, 2),
        lambda: ["data.held_out=0.3"],
    )
