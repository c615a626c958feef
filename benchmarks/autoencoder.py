"""The autoencoder of staged training: how near images come back after equal processor time.

    python benchmarks/autoencoder.py --data emoji-google --seconds 80

trains only the first stage of recipe `pictures`, with batches of 16, 8 and 4 samples, with the
output skips of the decoder and without them, and compares images that are held out with what comes
back.
"""

from __future__ import annotations

import argparse
import time
from itertools import product

import numpy as np
import torch

from arena import Row, in_processes
from gansmith.loading.open import open_dataset
from gansmith.recipe import load_recipe
from gansmith.sections import StagedConfig
from gansmith.tasks.build import build_training
from gansmith.training import staged
from gansmith.training.duel import Batch
from gansmith.training.staged import StagedDuel
from harness import renew_rows

BATCHES = (16, 8, 4)
AT_ONCE = 64


def row_of(data: str, batch: int, skips: bool, seconds: float, seed: int) -> Row:
    settings = [f"data.source={data}", f"training.seed={seed}", "augment.flip_if_symmetric=false"]
    staged.AUTOENCODER_BATCH = batch
    recipe = load_recipe("pictures", settings)
    dataset = open_dataset(recipe.data)
    parts = build_training(recipe, dataset)
    duel = parts.duel
    assert isinstance(duel, StagedDuel)
    if not skips:
        for parameter in duel.staged.decoder.outputs[:-1].parameters():
            parameter.requires_grad_(False).zero_()
    real = torch.from_numpy(np.array(dataset.samples[dataset.train_indices]))
    held_out = torch.from_numpy(np.array(dataset.samples[dataset.held_out_indices]))
    chosen = np.random.default_rng(seed)
    started, steps = time.process_time(), 0
    while (spent := time.process_time() - started) < seconds:
        duel.set_progress(spent / seconds * recipe.section(StagedConfig).autoencoder, 0)
        samples = real[chosen.integers(0, len(real), batch)]
        duel.step([Batch(parts.blueprint.codec.encode(samples), None)])
        steps += 1
    duel.sample_encoder.eval()
    errors = []
    with torch.inference_mode():
        for part in held_out.split(AT_ONCE):
            wanted = parts.blueprint.codec.encode(part)
            errors.append(duel.staged.decode(duel.sample_encoder(wanted)).clamp(-1, 1) - wanted)
    psnr = 10 * torch.log10(4 / torch.cat(errors).square().mean())
    row: Row = {"data": data, "batch": batch, "skips": skips, "seconds": seconds, "seed": seed}
    row |= {"steps": steps, "psnr": round(float(psnr), 2)}
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default="emoji-google")
    parser.add_argument("--seconds", type=float, default=80)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    arms = product(args.seeds, BATCHES, (False, True))
    tasks = [(args.data, batch, skips, args.seconds, seed) for seed, batch, skips in arms]
    rows = in_processes(row_of, tasks, args.jobs)
    renew_rows("autoencoder", rows, ("data", "batch", "skips", "seconds", "seed"))


if __name__ == "__main__":
    main()
