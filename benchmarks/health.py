"""Planted faults and healthy runs under the health monitor: misses, false alarms, and healing.

    python benchmarks/health.py watch [--seeds 0 1 2] [--jobs 2]     the monitor only warns
    python benchmarks/health.py heal [--seeds 0] [--jobs 2]          the same faults, healed
    python benchmarks/health.py record --seeds 100                   as watch, without writing rows

MNIST at 16x16 (or points), a small budget in samples, one thread a run. A fault counts as found if
one of its right names is given within the first quarter of what is left of the budget when it
begins. The right names were written down here before any threshold was set; thresholds were set on
seed 100, which is not reported. Every run keeps its folder under runs/benchmarks/health.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from arena import HOME, few, in_processes, play
from gansmith.data.dataset import Dataset
from gansmith.loading.open import open_dataset
from gansmith.recipe import Recipe, load_recipe
from gansmith.run import Run
from gansmith.training.duel import Batch
from gansmith.training.loader import BatchLoader
from gansmith.training.trainer import Trainer
from harness import renew_rows

SMALL = [
    *("data.size=16", "network.width=16", "training.minutes=null", "training.samples=120000"),
    *("training.log_every=20", "training.checkpoint_seconds=1e9", "evaluation.quick_samples=2000"),
    "health.max_cost=0.05",  # a minute of training affords too few probes at the usual share
]
FREE = ("network.conditional=false",)


@dataclass(frozen=True)
class Case:
    """A run: what it trains and what is planted in it.

    Attributes:
        settings: On top of SMALL.
        names: Diagnoses that are right; empty for a healthy run.
        onset: Share of the budget at which the fault begins.
        tamper: Plants the fault.
        cut: Changes the collection.
        recipe: What SMALL and `settings` are laid over.
        shift: Added to the seed.
    """

    settings: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    onset: float = 0.0
    tamper: Callable[[Trainer], None] | None = None
    cut: Callable[[Dataset], Dataset] | None = None
    recipe: str = "digits"
    shift: int = 0


def tiny(dataset: Dataset) -> Dataset:
    """Keep six training samples a class."""
    return few(dataset, 6)


def tampered(trainer: Trainer, change: Callable[[Batch], Batch]) -> None:
    """Let every batch pass through a function."""
    feed, following = trainer.feed, trainer.feed.next
    feed.next = lambda: change(following())  # type: ignore[method-assign]


def shuffle_labels(trainer: Trainer) -> None:
    def change(batch: Batch) -> Batch:
        condition = batch.condition
        assert condition is not None
        return batch._replace(condition=condition[torch.randperm(len(condition))])

    tampered(trainer, change)


def drop_a_class(trainer: Trainer) -> None:
    """From half-way on, sevens are replaced by other samples of their batch."""
    feed, half = trainer.feed, trainer.recipe.training.samples
    assert half is not None and isinstance(feed, BatchLoader)
    dataset = open_dataset(trainer.recipe.data)
    assert dataset.labels is not None
    labels = torch.from_numpy(dataset.labels[dataset.train_indices])
    following = feed.sampler.next

    def indices() -> torch.Tensor:
        chosen = following()
        if trainer.clock.samples < half / 2:
            return chosen
        others = chosen[labels[chosen] != 7]
        return others[torch.arange(len(chosen)) % len(others)]

    feed.sampler.next = indices  # type: ignore[method-assign]


def collapse(trainer: Trainer) -> None:
    """Begin with a generator whose body is dead: every latent gives one picture."""
    generator = trainer.duel.networks["generator"]
    for parameter in generator.body.parameters():  # type: ignore[union-attr]
        parameter.data.zero_()


def poison(trainer: Trainer) -> None:
    """Put a NaN into one batch, at two fifths of the budget."""
    at = 0.4 * (trainer.recipe.training.samples or 0)
    done: list[bool] = []

    def change(batch: Batch) -> Batch:
        if trainer.clock.samples < at or done:
            return batch
        done.append(True)
        samples = batch.samples.clone()
        samples[0, 0, 0, 0] = float("nan")
        return batch._replace(samples=samples)

    tampered(trainer, change)


FAULTS: dict[str, Case] = {
    "generator's rate too high": Case(
        (*FREE, "optimiser.g_lr=0.03"), ("oscillation", "diverged", "mode collapse (total)")
    ),
    "discriminator's rate too high": Case(
        (*FREE, "optimiser.d_lr=0.05"), ("oscillation", "diverged", "discriminator overpowers")
    ),
    "discriminator too strong": Case(
        (
            *(*FREE, "objective.name=nonsaturating", "objective.penalty=none"),
            *("objective.critic_steps=4", "optimiser.d_lr=2e-3", "optimiser.g_lr=2e-4"),
        ),
        ("discriminator overpowers",),
    ),
    "discriminator too weak": Case(
        (*FREE, "optimiser.d_lr=4e-6"), ("discriminator too weak", "mode collapse (total)")
    ),
    "tiny collection": Case(FREE, ("memorising", "discriminator overfits"), cut=tiny),
    "labels shuffled": Case((), ("labels ignored",), tamper=shuffle_labels),
    "a class removed half-way": Case(
        FREE, ("mode collapse (partial)",), onset=0.5, tamper=drop_a_class
    ),
    "collapsed start": Case(FREE, ("mode collapse (total)", "generator stalled"), tamper=collapse),
    "a NaN in a batch": Case(FREE, ("diverged",), onset=0.4, tamper=poison),
}
STAGED = ("data.source=mnist", "augment.ops=[]", "augment.flip_if_symmetric=false")
UNLABELLED = (*STAGED, "network.conditional=false")
GAME = 0.58
"""Share of the budget after which the staged duel begins its game."""


def stop_codes(trainer: Trainer) -> None:
    """Make the generator of latents ignore its code from the game's beginning on."""
    generator = trainer.duel.networks["generator"]
    step = trainer.duel.step

    def stopped(batches: list[Batch]) -> None:
        if not trainer.duel.pretraining:
            for parameter in generator.codes.entry.parameters():  # type: ignore[union-attr]
                parameter.data.zero_()
        step(batches)

    trainer.duel.step = stopped  # type: ignore[method-assign]


def poison_early(trainer: Trainer) -> None:
    """Put a NaN into the first batch."""

    def change(batch: Batch) -> Batch:
        samples = batch.samples.clone()
        samples[0, 0, 0, 0] = float("nan") if trainer.clock.steps == 0 else samples[0, 0, 0, 0]
        return batch._replace(samples=samples)

    tampered(trainer, change)


FAULTS |= {
    "staged, generator's rate too high": Case(
        (*UNLABELLED, "optimiser.g_lr=0.1"),
        ("oscillation", "diverged", "mode collapse (total)"),
        onset=GAME,
        recipe="pictures",
    ),
    "staged, discriminator's rate too high": Case(
        (*UNLABELLED, "optimiser.d_lr=0.1"),
        ("oscillation", "diverged", "discriminator overpowers", "discriminator too weak"),
        onset=GAME,
        recipe="pictures",
    ),
    "staged, codes ignored": Case(
        (*UNLABELLED, "staged.anchored=0"),
        ("mode collapse (total)", "generator stalled"),
        onset=GAME,
        tamper=stop_codes,
        recipe="pictures",
    ),
    "staged, labels shuffled": Case(
        STAGED, ("labels ignored",), onset=GAME, tamper=shuffle_labels, recipe="pictures"
    ),
    "staged, tiny collection": Case(
        UNLABELLED,
        ("memorising", "discriminator overfits"),
        onset=GAME,
        cut=tiny,
        recipe="pictures",
    ),
    "staged, a NaN in the first batch": Case(
        UNLABELLED, ("diverged",), tamper=poison_early, recipe="pictures"
    ),
}
HINGE = ("objective.name=hinge", "objective.penalty=r1")
HEALTHY: dict[str, Case] = {
    "digits by label": Case(),
    "digits by label, other seed": Case(shift=50),
    "digits": Case(FREE),
    "digits, other seed": Case(FREE, shift=50),
    "digits, batch of 64": Case((*FREE, "training.batch=64", "training.samples=200000")),
    "digits, hinge and R1": Case((*FREE, *HINGE)),
    "digits, non-saturating": Case((*FREE, "objective.name=nonsaturating")),
    "digits, augmented": Case((*FREE, "augment.ops=translation,scale", "augment.probability=0.3")),
    "staged": Case(UNLABELLED, recipe="pictures"),
    "staged, by label": Case(STAGED, recipe="pictures"),
    "grid": Case(recipe="grid"),
    "ring": Case(recipe="ring"),
}
PLANE = ["training.minutes=null", "training.samples=1200000", "training.checkpoint_seconds=1e9"]


def recipe_of(case: Case, seed: int, act: str) -> Recipe:
    base = SMALL if case.recipe in ("digits", "pictures") else PLANE
    own = [f"training.seed={seed + case.shift}", f"health.act={act}"]
    return load_recipe(case.recipe, [*base, *case.settings, *own])


def row_of(name: str, seed: int, act: str) -> dict[str, Any]:
    """Train one case under the monitor; returns its row."""
    case = (FAULTS | HEALTHY)[name]
    recipe = recipe_of(case, seed, act)
    dataset = open_dataset(recipe.data)
    dataset = case.cut(dataset) if case.cut else dataset
    folder = HOME / "health" / f"{name}-{seed}-{act}".replace(" ", "_")
    played = play(recipe, dataset, folder, case.tamper)
    assert played.evaluator is not None
    row = read(case, played.run) | {"ended": played.ended}
    row["coverage"] = round(played.evaluator.quick(played.model.sample(2000))["coverage"], 4)
    row = {"name": name, "seed": seed, "act": act, "healthy": not case.names} | row
    print(row, flush=True)
    return row


def read(case: Case, run: Run) -> dict[str, Any]:
    """What the monitor said, and whether it was right and in time."""
    said = [event for event in run.events() if event["event"] == "diagnosis"]
    limit = case.onset + 0.25 * (1 - case.onset)
    right = [e for e in said if e["diagnosis"] in case.names and e["progress"] >= case.onset]
    names = "; ".join(f"{e['diagnosis']} at {e['progress']:.2f} ({e['action']})" for e in said)
    return {
        "said": names,
        "found": bool(right) and right[0]["progress"] <= limit,
        "found_at": round(right[0]["progress"], 3) if right else "",
        "warnings": len(said),
        "false_alarms": sum(e["progress"] < case.onset for e in said) if case.names else len(said),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("watch", "heal", "record"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    cases = FAULTS if args.what == "heal" else FAULTS | HEALTHY
    chosen = [name for name in cases if args.only in name]
    act = "heal" if args.what == "heal" else "warn"
    tasks = [(name, seed, act) for seed in args.seeds for name in chosen]
    rows = in_processes(row_of, tasks, args.jobs)
    if args.what == "record":
        return
    print(renew_rows("health", rows, ("name", "seed", "act")))


if __name__ == "__main__":
    main()
