"""Captions of emoji that no network has seen: do they tell the picture that they were made for?

    python benchmarks/emoji_captions.py [--seeds 0 1 2] [--minutes 20]

Arms are the language model that sees pictures, and what the adversarial steps made of it, at equal
temperature. Five different captions of each of 128 held-out emoji are put among 100. Beside
them stand real captions, each left out of its own picture's words, and captions of another picture,
which is chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.loading.open import open_dataset
from gansmith.media.captions.codec import CaptionCodec, example_labels
from gansmith.media.captions.quality import captions_by_picture
from gansmith.media.captions.retrieval import Retrieval, words
from gansmith.media.text.code_points import to_texts
from gansmith.model import GeneratorModel
from gansmith.networks.sequence.language_model import Decoding, SequenceGenerator
from gansmith.run import Run
from gansmith.sampling import generate_samples
from harness import both_arms, over_seeds

CAPTIONS, OFFERED, SEED = 5, 32, 1
TEMPERATURES = (0.3, 0.4, 0.5, 0.7, 1.0)


def several(model: GeneratorModel, temperature: float) -> list[list[str]]:
    """Write captions of every example, each different from the others of its picture."""
    assert isinstance(model.codec, CaptionCodec)
    assert isinstance(model.generator, SequenceGenerator)
    model.generator.decoding = Decoding(temperature)
    seen = model.codec.encode_condition(torch.from_numpy(model.codec.examples))
    asked = seen.repeat_interleave(OFFERED, dim=0)
    latents = model.latents(len(asked), SEED)
    texts = to_texts(generate_samples(model.generator, model.codec, latents, asked))
    groups = [texts[at : at + OFFERED] for at in range(0, len(texts), OFFERED)]
    return [list(dict.fromkeys(group))[:CAPTIONS] for group in groups]


def measured(made: list[list[str]], dataset: Dataset, training: set[str]) -> dict[str, float]:
    """Measure captions of the examples."""
    retrieval, own = Retrieval(captions_by_picture(dataset)), example_labels(dataset)
    texts = [text for group in made for text in group]
    owners = [int(label) for label, group in zip(own, made, strict=True) for _ in group]
    fifth = [group[-1] for group in made]
    return {
        "match_1": retrieval.found(texts, owners, 1),
        "match_10": retrieval.found(texts, owners, 10),
        "match_10_fifth": retrieval.found(fifth, own, 10),
        "match_10_wrong": retrieval.found(texts, np.roll(owners, CAPTIONS), 10),
        "different": len(texts) / len(made),
        "novel": float(np.mean([text not in training for text in texts])),
        "words": len({word for text in texts for word in words(text)}),
    }


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Measure both arms of a run, and real captions."""
    dataset = open_dataset(run.recipe().data)
    training = set(to_texts(dataset.samples[dataset.train_indices]))
    rows: list[dict[str, Any]] = []
    for arm, model in both_arms(run).items():
        for temperature in TEMPERATURES:
            made = several(model, temperature)
            rows.append({"arm": arm, "temperature": temperature})
            rows[-1] |= measured(made, dataset, training)
            print(made[:3], flush=True)
    written = captions_by_picture(dataset)
    real = measured(
        [written[int(n)][:CAPTIONS] for n in example_labels(dataset)], dataset, training
    )
    retrieval = Retrieval(written)
    left_out = {f"match_{most}": retrieval.real(most) for most in (1, 10)}
    return [*rows, {"arm": "real", "temperature": 0, **real, **left_out}]


if __name__ == "__main__":
    torch.set_num_threads(1)
    over_seeds(
        __doc__ or "",
        "emoji-captions",
        rows_of,
        ("arm", "temperature"),
        minutes=20,
        seeds=(0, 1, 2),
    )
