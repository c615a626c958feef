"""The classic fully connected GAN on MNIST, as tutorials write it in plain PyTorch.

A Dataset that converts each picture when it is asked for, a DataLoader, a Sigmoid with BCELoss,
separate passes on real and fake. Listings in circulation forget that 60,000 pictures leave a last
batch of 32 and stop with a shape error after the first epoch; here that batch is dropped.

    python benchmarks/baselines/textbook.py --epochs 1
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from gansmith.loading.open import open_dataset
from gansmith.recipe import DataConfig

LATENT = 100
BATCH = 64


class Pictures(Dataset[tuple[Tensor, int]]):
    """Converts a picture each time it is asked for, step by step as the usual transforms do."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index, :, :, 0])
        return normalise(to_tensor(picture)), int(self.labels[index])


def to_tensor(picture: Image.Image) -> Tensor:
    """What a tutorial's ToTensor does: bytes to float [C, H, W] in [0, 1]."""
    pixels = torch.from_numpy(np.array(picture, np.uint8, copy=True))
    pixels = pixels.view(picture.size[1], picture.size[0], len(picture.getbands()))
    return pixels.permute((2, 0, 1)).contiguous().to(dtype=torch.float32).div(255)


def normalise(tensor: Tensor, mean: float = 0.5, deviation: float = 0.5) -> Tensor:
    """What a tutorial's Normalize((0.5,), (0.5,)) does."""
    tensor = tensor.clone()
    means = torch.as_tensor((mean,), dtype=tensor.dtype, device=tensor.device)
    deviations = torch.as_tensor((deviation,), dtype=tensor.dtype, device=tensor.device)
    if (deviations == 0).any():
        raise ValueError("a deviation of 0 leads to division by zero")
    return tensor.sub_(means.view(-1, 1, 1)).div_(deviations.view(-1, 1, 1))


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(LATENT, 256),
            nn.ReLU(),
            nn.Linear(256, 512),
            nn.ReLU(),
            nn.Linear(512, 1024),
            nn.ReLU(),
            nn.Linear(1024, 784),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.model(x)
        return made.view(x.size(0), 1, 28, 28)


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(784, 1024),
            nn.LeakyReLU(0.2),
            nn.Linear(1024, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.model(x.view(x.size(0), 784))
        return logits


class Program:
    """The body of the program's loop, with its noise drawn by the caller's choice."""

    def __init__(self, noise: Callable[[], Tensor] = lambda: torch.randn(BATCH, LATENT)) -> None:
        self.generator, self.discriminator, self.noise = Generator(), Discriminator(), noise
        self.loss = nn.BCELoss()
        self.g_optimiser = torch.optim.Adam(self.generator.parameters(), lr=2e-4)
        self.d_optimiser = torch.optim.Adam(self.discriminator.parameters(), lr=2e-4)
        self.ones, self.zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

    def step(self, real: Tensor) -> tuple[float, float]:
        """One batch: the discriminator on real and on fake, then the generator."""
        self.d_optimiser.zero_grad()
        real_loss = self.loss(self.discriminator(real), self.ones)
        fake = self.generator(self.noise())
        fake_loss = self.loss(self.discriminator(fake.detach()), self.zeros)
        d_loss = real_loss + fake_loss
        d_loss.backward()
        self.d_optimiser.step()
        self.g_optimiser.zero_grad()
        g_loss = self.loss(self.discriminator(self.generator(self.noise())), self.ones)
        g_loss.backward()
        self.g_optimiser.step()
        return d_loss.item(), g_loss.item()


def loader() -> DataLoader[tuple[Tensor, int]]:
    """The training pictures, shuffled, the last batch of 32 dropped."""
    dataset = open_dataset(DataConfig(source="mnist"), log=lambda message: None)
    chosen = dataset.train_indices
    assert dataset.labels is not None
    pictures = Pictures(np.array(dataset.samples[chosen]), dataset.labels[chosen])
    return DataLoader(pictures, batch_size=BATCH, shuffle=True, drop_last=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    program, batches = Program(), loader()
    for epoch in range(args.epochs):
        started = time.perf_counter()
        for real, _ in batches:
            d_loss, g_loss = program.step(real)
        seconds = time.perf_counter() - started
        print(f"epoch {epoch + 1}: D {d_loss:.4f}, G {g_loss:.4f}, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
