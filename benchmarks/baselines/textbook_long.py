"""The textbook program's mathematics for 100 epochs, without its overheads.

`textbook.py` is the program as tutorials print it; it needs most of an hour for 100 epochs on
two cores. This loop performs the same updates (tests compare the two step by step) and keeps
the generator at chosen epochs, so that the textbook's best can be judged with three seeds.

    python benchmarks/baselines/textbook_long.py --mnist DIR --out runs/textbook-long --seed 0

`DIR` holds the four IDX files. Running the command again resumes at the last saved epoch.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from gansmith.networks.linear import Linear

KEPT_EPOCHS = (1, 2, 3, 5, 8, 12, 20, 31, 40, 50, 60, 70, 80, 90, 100)


def networks() -> tuple[nn.Sequential, nn.Sequential]:
    """The classic fully connected pair; the discriminator returns a logit."""
    generator = nn.Sequential(
        Linear(100, 256), nn.ReLU(), Linear(256, 512), nn.ReLU(),
        Linear(512, 1024), nn.ReLU(), Linear(1024, 784), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        Linear(784, 1024), nn.LeakyReLU(0.2), Linear(1024, 512), nn.LeakyReLU(0.2),
        Linear(512, 256), nn.LeakyReLU(0.2), Linear(256, 1),
    )  # fmt: skip
    return generator, discriminator


class Game:
    """Both players, their optimisers and one alternating update."""

    def __init__(self) -> None:
        self.generator, self.discriminator = networks()
        self.g_optimiser = torch.optim.Adam(self.generator.parameters(), lr=2e-4, fused=True)
        self.d_optimiser = torch.optim.Adam(self.discriminator.parameters(), lr=2e-4, fused=True)

    def step(self, real: Tensor, d_noise: Tensor, g_noise: Tensor) -> tuple[Tensor, Tensor]:
        """One update of each player; returns (discriminator loss, generator loss)."""
        with torch.no_grad():
            fake = self.generator(d_noise)
        on_real, on_fake = self.discriminator(torch.cat([real, fake])).chunk(2)
        d_loss = F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
        self.d_optimiser.zero_grad()
        d_loss.backward()
        self.d_optimiser.step()
        self.discriminator.requires_grad_(False)
        g_loss = F.softplus(-self.discriminator(self.generator(g_noise))).mean()
        self.g_optimiser.zero_grad()
        g_loss.backward()
        self.g_optimiser.step()
        self.discriminator.requires_grad_(True)
        return d_loss.detach(), g_loss.detach()


def read_images(folder: Path) -> Tensor:
    raw = np.fromfile(folder / "train-images-idx3-ubyte", np.uint8)[16:]
    return torch.from_numpy(raw.reshape(60_000, 784))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    images = read_images(args.mnist)
    torch.manual_seed(args.seed)
    game, first, seconds = Game(), 0, 0.0
    players: dict[str, Any] = {
        "generator": game.generator,
        "discriminator": game.discriminator,
        "g_optimiser": game.g_optimiser,
        "d_optimiser": game.d_optimiser,
    }
    saved = args.out / f"seed{args.seed}-state.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        for name, player in players.items():
            player.load_state_dict(state[name])
        torch.set_rng_state(state["rng"])
        first, seconds = state["epoch"], state["seconds"]
    for epoch in range(first + 1, args.epochs + 1):
        started = time.perf_counter()
        order = torch.randperm(60_000)[: 937 * 64].reshape(937, 64)
        for chosen in order:
            real = images[chosen].float().div_(127.5).sub_(1)
            d_loss, g_loss = game.step(real, torch.randn(64, 100), torch.randn(64, 100))
        seconds += time.perf_counter() - started
        print(f"epoch {epoch} d {d_loss:.4f} g {g_loss:.4f} {seconds:.0f} s", flush=True)
        if epoch in KEPT_EPOCHS:
            name = f"seed{args.seed}-epoch{epoch:03d}.safetensors"
            save_file(game.generator.state_dict(), args.out / name)
            state = {name: player.state_dict() for name, player in players.items()}
            clock = {"rng": torch.get_rng_state(), "epoch": epoch, "seconds": seconds}
            torch.save(state | clock, saved)


if __name__ == "__main__":
    main()
