"""Steps of training beside WaveGAN's, in turn: the same clips, batch, objective and threads.

    python benchmarks/sound_speed.py [--pairs 7] [--steps 4]

Both pairs play the game of recipe `spoken-digits` over its clips of 8 kHz, at its batch:
`frames` on log-mel pictures of 64 x 64, `wavegan` (its default width) on 8,000 samples. Encoding of
clips counts; what decodes them, or is fitted once before a training, does not.
"""

from __future__ import annotations

import argparse
from functools import partial

from gansmith.loading.open import open_dataset
from gansmith.recipe import load_recipe
from gansmith.tasks.build import TrainingSetup, build_training
from harness import interval, paired, seconds_of, write_rows

PAIRS = {
    "frames": "sound.representation=logmel",
    "wavegan": "sound.representation=waveform",
}


def steps(assembly: TrainingSetup, count: int) -> None:
    """Play so many steps."""
    duel, feed = assembly.duel, assembly.feed
    for _ in range(count):
        duel.set_progress(0.5, 100_000)
        duel.step([feed.next() for _ in range(duel.draws)])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4)
    args = parser.parse_args()
    recipes = [load_recipe("spoken-digits", [f"network={{name: {n}}}", PAIRS[n]]) for n in PAIRS]
    dataset = open_dataset(recipes[0].data)
    ours, theirs = (build_training(recipe, dataset) for recipe in recipes)
    ratios = paired(lambda: steps(theirs, args.steps), lambda: steps(ours, args.steps), args.pairs)
    low, middle, high = interval(ratios)
    row = {"batch": recipes[0].training.batch, "pairs": args.pairs}
    row |= {"ratio_low": round(low, 2), "ratio_median": round(middle, 2)}
    row |= {"ratio_high": round(high, 2)}
    for name, assembly in zip(PAIRS, (ours, theirs), strict=True):
        seconds = seconds_of(partial(steps, assembly, args.steps))
        row[f"{name}_steps_per_second"] = round(args.steps / seconds, 3)
    print(row)
    print(write_rows("sound_speed", [row]))


if __name__ == "__main__":
    main()
