"""Items for games: what palettes and hard alpha cost, seams of textures, and terrain in 16 bits.

    python benchmarks/items.py sprites --data FOLDER [--samples 60000] [--seed 0]
    python benchmarks/items.py textures --data FOLDER [--samples 20000] [--seed 0]
    python benchmarks/items.py heightmaps --data FOLDER [--samples 10000] [--seed 0]

Sprites: the recipe `sprites` against the same training without hard alpha and palette, for as many
samples, and against that training with both applied to finished pictures only. 1,000 sprites of
each are compared with held-out ones by features of a random network; the floor is that of training
sprites, as they are and held to the palette. Islands are counted before any are removed, and after.

Textures: seam ratio and the error of a shift, beside those of the training data. The same ratio is
taken at every place inside, as if the border were there (`inside_lowest` and `inside_highest`); its
mean over the places that are as far from the generator's coarsest positions as the border is, is
`inside_alike`: what differs there is no seam, but the grid of its upsampling.
Heightmaps: distinct heights of a map of 513 x 513, and the edges of a grid of 2 x 2.

Measured on the textures of Minetest Game (Debian package minetest-data: sprites are its 16 x 16
pictures with transparency, textures the opaque ones that are drawn in the world) and on the terrain
of matplotlib's sample data (jacksboro_fault_dem.npz).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from arena import HOME, Played, play, with_budget
from gansmith.data.dataset import Dataset
from gansmith.evaluation.evaluator import Evaluator
from gansmith.loading.open import open_dataset
from gansmith.media.heightmaps.tiles import write_heightmaps
from gansmith.media.image.codec import ImageCodec
from gansmith.media.image.islands import count_islands
from gansmith.media.image.quality import seam_ratio
from gansmith.media.image.reading import read_grey_values
from gansmith.networks.image.conv import ConvGenerator
from gansmith.outputs import Provenance
from gansmith.recipe import Recipe, load_recipe, override
from gansmith.sampling import generate_samples
from gansmith.verbs import Request
from harness import renew_rows

SPRITES = 1_000
FREE = ["image.hard_alpha=false", "image.palette=null", "image.min_island=1"]


def opened(name: str, args: argparse.Namespace) -> tuple[Recipe, Dataset]:
    recipe = load_recipe(name, [f"data.source={args.data}", f"training.seed={args.seed}"])
    recipe = with_budget(recipe, args.samples)
    return recipe, open_dataset(recipe.data, medium=recipe.medium)


def drawn(played: Played, codec: ImageCodec, count: int, seed: int = 0) -> NDArray[Any]:
    model = played.model
    latents, labels = model.latents(count, seed), model.labels(count, seed)
    return generate_samples(model.generator, codec, latents, labels)


def held_to(codec: ImageCodec, samples: NDArray[Any]) -> NDArray[Any]:
    """Bring real samples to the palette and alpha of a codec."""
    return codec.decode(codec.encode(torch.from_numpy(np.ascontiguousarray(samples))))


def colours(samples: NDArray[Any]) -> int:
    visible = samples[samples[..., -1] > 0][:, :3]
    return len(np.unique(visible, axis=0))


def sprites(args: argparse.Namespace) -> list[dict[str, Any]]:
    recipe, dataset = opened("sprites", args)
    evaluator = Evaluator(dataset, recipe.evaluation)
    held = play(recipe, dataset, HOME / "items-sprites", judged=False)
    free = play(override(recipe, FREE), dataset, HOME / "items-free", judged=False)
    codec = held.model.codec
    assert isinstance(codec, ImageCodec)
    whole = ImageCodec.from_config(codec.config() | {"min_island": 1}, codec.state_dict())
    train = dataset.samples[dataset.train_indices]
    arms: dict[str, tuple[NDArray[Any], float]] = {
        "recipe": (drawn(held, codec, SPRITES), held.seconds),
        "recipe, no island removed": (drawn(held, whole, SPRITES), held.seconds),
        "without options": (drawn(free, ImageCodec(), SPRITES), free.seconds),
        "without options, in files only": (drawn(free, codec, SPRITES), free.seconds),
        "training sprites": (train, 0.0),
        "training sprites, held to the palette": (held_to(codec, train), 0.0),
    }
    rows = []
    for arm, (samples, seconds) in arms.items():
        alpha = samples[..., 3]
        rows.append(
            {
                "item": "sprites",
                "arm": arm,
                "seen": args.samples,
                "pictures": len(samples),
                "frechet": round(evaluator.quick(samples)["frechet"], 3),
                "soft_alpha": int(((alpha > 0) & (alpha < 255)).sum()),
                "colours": colours(samples),
                "islands": round(float(count_islands(samples).mean()), 4),
                "empty": round(float((alpha == 0).all((1, 2)).mean()), 4),
                "cpu_seconds": round(seconds),
            }
        )
    return rows


@torch.no_grad()
def shift_errors(played: Played, seed: int) -> dict[str, float]:
    """Roll latent maps and textures, and compare with what should come of it."""
    generator = played.model.generator.eval()
    discriminator = played.trainer.duel.networks["discriminator"].eval()
    assert isinstance(generator, ConvGenerator)
    latents = played.model.latents(16, seed)
    local = latents[:, generator.shared :].unflatten(1, (-1, *generator.positions))
    shared, stride = latents[:, : generator.shared], generator.canvas.stride
    plain = generator.draw(generator.latent_map(shared, local))
    rolled = generator.draw(generator.latent_map(shared, local.roll((1, 2), (2, 3))))
    back = rolled.roll((-stride, -2 * stride), (2, 3))
    moved = plain.roll((stride, -stride), (2, 3))
    return {
        "shift_error": float((back - plain).abs().max()),
        "logit_shift_error": float((discriminator(plain) - discriminator(moved)).abs().max()),
    }


def ratios_inside(samples: NDArray[Any], stride: int) -> dict[str, float]:
    """Take the seam ratio at each place inside textures, as if their border were there."""
    side = samples.shape[1]
    found = {k: seam_ratio(np.roll(samples, (-k, -k), (1, 2))) for k in range(1, side)}
    alike = [found[k] for k in range(stride, side, stride)]
    return {
        "inside_alike": round(float(np.mean(alike)), 4),
        "inside_lowest": round(min(found.values()), 4),
        "inside_highest": round(max(found.values()), 4),
    }


def textures(args: argparse.Namespace) -> list[dict[str, Any]]:
    recipe, dataset = opened("textures", args)
    played = play(recipe, dataset, HOME / "items-textures", judged=False)
    evaluator = Evaluator(dataset, recipe.evaluation)
    generator = played.model.generator
    assert isinstance(generator, ConvGenerator)
    rows, stride = [], generator.canvas.stride
    train = dataset.samples[dataset.train_indices]
    for arm, samples in {"training": train, "recipe": played.model.sample(SPRITES)}.items():
        row = {"item": "textures", "arm": arm, "seen": args.samples, "pictures": len(samples)}
        row |= {"frechet": round(evaluator.quick(samples)["frechet"], 3)}
        row |= {"seam_ratio": round(seam_ratio(samples), 4)} | ratios_inside(samples, stride)
        if arm == "recipe":
            row |= shift_errors(played, args.seed)
            row["cpu_seconds"] = round(played.seconds)
        rows.append(row)
    return rows


def heightmaps(args: argparse.Namespace) -> list[dict[str, Any]]:
    recipe, dataset = opened("heightmaps", args)
    played = play(recipe, dataset, HOME / "items-heightmaps", judged=False)
    place, origin = HOME / "items-terrain", Provenance(run="benchmark", seed=args.seed)
    request = Request([0], args.seed, out=place, options={"tiles": "2x2"})
    write_heightmaps(played.model, HOME, origin, request, lambda line: None)
    tiles = {
        (y, x): read_grey_values(place / f"0_x{x}_y{y}.png")[0] for y in (0, 1) for x in (0, 1)
    }
    apart = [int((tiles[y, 0][:, -1] != tiles[y, 1][:, 0]).sum()) for y in (0, 1)]
    apart += [int((tiles[0, x][-1] != tiles[1, x][0]).sum()) for x in (0, 1)]
    evaluator = Evaluator(dataset, recipe.evaluation)
    row = {
        "item": "heightmaps",
        "arm": "recipe",
        "seen": args.samples,
        "pictures": 4,
        "side": len(tiles[0, 0]),
        "frechet": round(evaluator.quick(played.model.sample(SPRITES))["frechet"], 3),
        "distinct_heights": min(len(np.unique(tile)) for tile in tiles.values()),
        "edge_differences": sum(apart),
        "cpu_seconds": round(played.seconds),
    }
    train = dataset.samples[dataset.train_indices]
    floor = round(evaluator.quick(train)["frechet"], 3)
    real = {"item": "heightmaps", "arm": "training", "seen": args.samples}
    return [real | {"pictures": len(train), "frechet": floor}, row]


WORK: dict[str, Callable[[argparse.Namespace], list[dict[str, Any]]]] = {
    "sprites": sprites,
    "textures": textures,
    "heightmaps": heightmaps,
}
BUDGETS = {"sprites": 60_000, "textures": 20_000, "heightmaps": 10_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("item", choices=list(WORK))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--samples", type=int)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.samples = args.samples or BUDGETS[args.item]
    torch.set_num_threads(1)
    rows = [row | {"seed": args.seed} for row in WORK[args.item](args)]
    print(*rows, sep="\n")
    print(renew_rows(f"items_{args.item}", rows, ("arm", "seed")))


if __name__ == "__main__":
    main()
