"""How much faster recipe `textbook` trains than the textbook program, on the same mathematics.

    python benchmarks/textbook_speed.py [--pairs 7] [--steps 150]

Both train on MNIST with batches of 64, in turn, in one process. Also measured: the share of this
machine's float32 matrix product that each reaches.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from functools import partial
from pathlib import Path

import torch

from baselines.textbook import Program, loader
from gansmith.networks.linear import linear
from gansmith.recipe import Recipe, load_recipe
from gansmith.training.trainer import Trainer
from harness import interval, paired, seconds_of, write_rows
from overhead import trainer_of

WIDTHS_G, WIDTHS_D = (100, 256, 512, 1024, 784), (784, 1024, 512, 256, 1)
BATCH = 64


def step_flops() -> float:
    """Floating-point operations of one step's matrix products, the wasted ones left out.

    A product counts 2 operations a multiply-add. The discriminator's step is the generator
    forward, then the discriminator forward and backward to its weights on twice the batch; the
    generator's is forward and backward through both, without the discriminator's weight gradients.
    """
    g, d = (sum(i * o for i, o in itertools.pairwise(widths)) for widths in (WIDTHS_G, WIDTHS_D))
    first_g, first_d = WIDTHS_G[0] * WIDTHS_G[1], WIDTHS_D[0] * WIDTHS_D[1]
    d_step = g + 2 * (3 * d - first_d)
    g_step = 3 * g - first_g + 2 * d
    return 2.0 * BATCH * (d_step + g_step)


def peak_flops() -> float:
    """The best float32 matrix product this machine shows, of the two PyTorch has."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    with torch.no_grad():
        times = [
            min(seconds_of(partial(product, a, b)) for _ in range(20))
            for product in (linear, torch.nn.functional.linear)
        ]
    return 2 * 2048**3 / min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=150)
    args = parser.parse_args()
    recipe = load_recipe("textbook")
    torch.manual_seed(0)
    program, batches = Program(), itertools.cycle(loader())
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(recipe, Path(folder) / "run")
        times: dict[str, list[float]] = {"program": [], "recipe": []}

        def textbook() -> None:
            for _ in range(args.steps):
                program.step(next(batches)[0])

        def ours() -> None:
            for _ in range(args.steps):
                play(trainer, recipe)

        ratios = paired(textbook, ours, args.pairs)
        times["program"] = [seconds_of(textbook) for _ in range(2)]
        times["recipe"] = [seconds_of(ours) for _ in range(2)]
    peak = peak_flops()
    low, middle, high = interval(ratios)
    row = {"pairs": args.pairs, "steps": args.steps, "ratio_low": round(low, 3)}
    row |= {"ratio_median": round(middle, 3), "ratio_high": round(high, 3)}
    for name, seconds in times.items():
        best = min(seconds) / args.steps
        row |= {
            f"{name}_ms": round(1000 * best, 2),
            f"{name}_images_per_s": round(BATCH / best),
            f"{name}_share_of_peak": round(step_flops() / best / peak, 3),
        }
    row["peak_gflops"] = round(peak / 1e9)
    print(row)
    print(write_rows("textbook_speed", [row]))


def play(trainer: Trainer, recipe: Recipe) -> None:
    """One step of the recipe, as the trainer takes it."""
    trainer.duel.set_progress(0.5, trainer.clock.samples)
    trainer.duel.step([trainer.feed.next() for _ in range(trainer.duel.draws)])
    trainer.averages["generator"].update(recipe.training.batch, trainer.clock.samples + 1)


if __name__ == "__main__":
    main()
