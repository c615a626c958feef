"""Images a second that the generators of own pictures make, side by side in one process.

    python benchmarks/sampling_speed.py

Untrained networks of the recipes `pictures-conv` and `pictures` at 64 x 64 RGBA pixels, one thread,
as many samples at once as `generate` draws; rounds alternate, so that both see the same load. Rows
hold the median of the rounds.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import torch

from gansmith.networks import SampleSpec, build_networks
from gansmith.recipe import load_recipe
from harness import renew_rows

RECIPES = ("pictures-conv", "pictures")
COUNT, ROUNDS = 128, 9


def main() -> None:
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    torch.set_num_threads(1)
    spec = SampleSpec(4, 64, 64, alpha=True)
    generators = {
        name: build_networks(load_recipe(name).network, spec, seed=0).generator.eval()
        for name in RECIPES
    }
    speeds: dict[str, list[float]] = {name: [] for name in RECIPES}
    with torch.inference_mode():
        for round_ in range(ROUNDS + 1):
            for name, generator in generators.items():
                parts = torch.split(torch.randn(COUNT, generator.latent), generator.at_once)
                started = time.process_time()
                for latents in parts:
                    generator(latents)
                if round_:  # the first pays for what is done once
                    speeds[name].append(COUNT / (time.process_time() - started))
    rows = [{"recipe": name, "per_second": round(median(speeds[name]), 1)} for name in RECIPES]
    print(renew_rows("sampling_speed", rows, ("recipe",)))


if __name__ == "__main__":
    main()
