"""What the framework costs: a run of the trainer against a bare loop doing the same operations.

    python benchmarks/overhead.py [--pairs 7] [--steps 300]

The bare loop is written out below: no engine, no feed, no schedules object, no signals, no log.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from gansmith.loading.open import open_dataset
from gansmith.networks.base import Generator
from gansmith.recipe import Recipe, load_recipe
from gansmith.run import Run
from gansmith.tasks.build import build_training
from gansmith.training.engine import Engine
from gansmith.training.trainer import Trainer
from harness import interval, paired, write_rows


def trainer_of(recipe: Recipe, folder: Path) -> Trainer:
    """A trainer of a recipe on MNIST, without observers."""
    parts = build_training(recipe, open_dataset(recipe.data))
    run = Run(folder)
    run.create(recipe, {})
    return Trainer(parts.duel, parts.feed, parts.engine, recipe, run)


def bare_digits(recipe: Recipe) -> Callable[[int], None]:
    """The operations of recipe `digits`, written out by hand; returns a function of steps."""
    dataset = open_dataset(recipe.data)
    generator, discriminator = build_training(recipe, dataset).duel.networks.values()
    assert isinstance(generator, Generator)
    chosen = dataset.train_indices
    assert dataset.labels is not None
    images = torch.from_numpy(np.array(dataset.samples[chosen]))
    classes = torch.from_numpy(dataset.labels[chosen])
    g_adam, d_adam = (
        torch.optim.Adam(network.parameters(), lr=8e-4, betas=(0.0, 0.99), fused=True)
        for network in (generator, discriminator)
    )
    averaged = [p.detach().clone() for p in generator.parameters()]
    current: list[torch.Tensor] = list(generator.parameters())
    half = Engine(recipe.training.precision).precision == "bf16-mixed"
    batch, gamma, every = recipe.training.batch, 2.0, 4
    order, position, taken = torch.randperm(len(images)), 0, 0

    def real() -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal order, position
        if position + batch > len(images):
            order, position = torch.randperm(len(images)), 0
        picked = order[position : position + batch]
        position += batch
        return images[picked].permute(0, 3, 1, 2).float().div_(127.5).sub_(1), classes[picked]

    def fake(labels: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            made: torch.Tensor = generator(torch.randn(batch, generator.latent), labels)
            return made.float()

    def judged(samples: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits: torch.Tensor = discriminator(samples, labels)
            return logits.float()

    def step() -> None:
        nonlocal taken
        rate = 4e-5 + 3.8e-4 * (1 + math.cos(math.pi * 0.5))
        for adam in (g_adam, d_adam):
            adam.param_groups[0]["lr"] = rate
        samples, labels = real()
        with torch.no_grad():
            made = fake(labels)
        samples = torch.cat([samples, made])
        penalised = taken % every == 0
        samples.requires_grad_(penalised)
        logits = judged(samples, torch.cat([labels, labels]))
        on_real, on_fake = logits.chunk(2)
        loss = F.softplus(on_fake - on_real).mean()
        if penalised:
            (slope,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
            loss = loss + gamma * every * slope.square().flatten(1).sum(1).mean()
        d_adam.zero_grad()
        loss.backward()
        d_adam.step()
        discriminator.requires_grad_(False)
        samples, labels = real()
        with torch.no_grad():
            on_real = judged(samples, labels)
        loss = F.softplus(on_real - judged(fake(labels), labels)).mean()
        g_adam.zero_grad()
        loss.backward()
        g_adam.step()
        discriminator.requires_grad_(True)
        with torch.no_grad():
            torch._foreach_lerp_(averaged, current, 0.001)
        taken += 1

    def steps(count: int) -> None:
        for _ in range(count):
            step()

    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args()
    budget = 100_000_000
    settings = ["training.minutes=null", f"training.samples={budget}"]
    recipe = load_recipe("digits", settings)
    bare = bare_digits(recipe)
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(recipe, Path(folder) / "run")

        def framed() -> None:
            end = trainer.clock.samples + args.steps * recipe.training.batch
            trainer.clock.budget = recipe.training.model_copy(update={"samples": end})
            trainer.train()

        ratios = paired(framed, lambda: bare(args.steps), args.pairs)
    low, middle, high = interval(ratios)
    row = {"recipe": "digits", "pairs": args.pairs, "steps": args.steps}
    row |= {"ratio_low": round(low, 4), "ratio_median": round(middle, 4)}
    row |= {"ratio_high": round(high, 4)}
    print(row)
    print(write_rows("overhead", [row]))


if __name__ == "__main__":
    main()
