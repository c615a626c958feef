"""Captions by the protocol of Texygen's table, beside the rows that it published.

    python benchmarks/texygen_table.py [--minutes 20] [--seeds 0]

Trained on its 10,000 captions; 10,000 are generated at every temperature, BLEU against its 10,000
test captions and self-BLEU among all that were generated, both with NLTK's smoothing method 1. The
table (Zhu et al. 2018, arXiv 1802.01886; `docs/evaluation.md` of its repository) does not say how
many references it took: real captions score as its language model does with all 10,000, and far
lower with 500, so that it must have been all.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch

from gansmith.media.text.datasets.texts import TEXT_SETS
from gansmith.media.text.metrics.bleu import sentence_bleu, sentence_self_bleu
from gansmith.media.text.selection import texts_at
from harness import both_arms, renew_rows, trained

COUNT, SEED = 10_000, 1
TEMPERATURES = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05)
PUBLISHED = {
    "SeqGAN": ((0.745, 0.498, 0.294, 0.180), (0.950, 0.840, 0.670, 0.489)),
    "MaliGAN": ((0.673, 0.432, 0.257, 0.159), (0.918, 0.781, 0.606, 0.437)),
    "RankGAN": ((0.743, 0.467, 0.264, 0.156), (0.959, 0.882, 0.762, 0.618)),
    "LeakGAN": ((0.746, 0.528, 0.355, 0.230), (0.966, 0.913, 0.848, 0.780)),
    "TextGAN": ((0.593, 0.463, 0.277, 0.207), (0.942, 0.931, 0.804, 0.746)),
    "MLE": ((0.731, 0.497, 0.305, 0.189), (0.916, 0.769, 0.583, 0.408)),
}


def row(arm: str, test: Any, own: Any, **where: Any) -> dict[str, Any]:
    """A row of the results; BLEU and self-BLEU of order 2 to 5."""
    values = {
        f"bleu{order}": round(float(v), 4) for order, v in zip(range(2, 6), test, strict=True)
    }
    values |= {
        f"self_bleu{order}": round(float(v), 4) for order, v in zip(range(2, 6), own, strict=True)
    }
    return {"arm": arm, "seed": "", "minutes": "", "temperature": ""} | where | values


def measured(arm: str, texts: list[str], references: list[str], **where: Any) -> dict[str, Any]:
    """A row of texts."""
    test = sentence_bleu(texts, references, 5).mean(0)[1:]
    return row(arm, test, sentence_self_bleu(texts, 5).mean(0)[1:], **where)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parsed = parser.parse_args()
    folder = TEXT_SETS["captions-coco"].fetch()
    real, references = (
        (folder / f"{side}.txt").read_text("utf-8").strip().split("\n")
        for side in ("train", "test")
    )
    rows = [row(f"{name} (published)", *values) for name, values in PUBLISHED.items()]
    rows.append(measured("real", real[:COUNT], references))
    for seed in parsed.seeds:
        run = trained("captions", "texygen", parsed.minutes, seed)
        for arm, model in both_arms(run).items():
            for temperature in TEMPERATURES:
                texts = texts_at(model, temperature, COUNT, SEED)
                where = {"seed": seed, "minutes": parsed.minutes, "temperature": temperature}
                rows.append(measured(arm, texts, references, **where))
                print(rows[-1], flush=True)
    print(renew_rows("texygen_table", rows, ("arm", "seed", "minutes", "temperature")))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
