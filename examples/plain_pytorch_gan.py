"""A short GAN in plain PyTorch; gansmith_gan.py is the same GAN with gansmith.

Only the data loading comes from gansmith: any data set by name or path, here as one array.

    python examples/plain_pytorch_gan.py --data mnist --samples 600000 --out plain.png
"""

from __future__ import annotations

import argparse
import math
from itertools import pairwise

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gansmith.loading.open import open_dataset
from gansmith.recipe import DataConfig

LATENT, BATCH = 100, 64


def real_samples(source: str) -> Tensor:
    """Return all training images as grey float32 [N, H, W] in [-1, 1]."""
    dataset = open_dataset(DataConfig(source=source, mode="L"), minimum=BATCH)
    images = dataset.samples[dataset.train_indices][..., 0]
    return torch.from_numpy(images).float() / 127.5 - 1


def layers(*widths: int, activation: nn.Module) -> list[nn.Module]:
    """Return linear layers of these widths with an activation between them."""
    stack: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        stack += [nn.Linear(inputs, outputs), activation]
    return stack[:-1]


def train(real: Tensor, samples: int) -> nn.Module:
    """Train until so many real samples were seen; return the generator."""
    size = real[0].numel()
    generator = nn.Sequential(
        *layers(LATENT, 256, 512, 1024, size, activation=nn.ReLU()), nn.Tanh()
    )
    discriminator = nn.Sequential(*layers(size, 1024, 512, 256, 1, activation=nn.LeakyReLU(0.2)))
    g_adam = torch.optim.Adam(generator.parameters(), lr=2e-4)
    d_adam = torch.optim.Adam(discriminator.parameters(), lr=2e-4)
    loss, ones, zeros = nn.BCEWithLogitsLoss(), torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    for step in range(math.ceil(samples / BATCH)):
        batch = real[torch.randint(len(real), (BATCH,))].flatten(1)
        fake = generator(torch.randn(BATCH, LATENT)).detach()
        d_loss = loss(discriminator(batch), ones) + loss(discriminator(fake), zeros)
        d_adam.zero_grad()
        d_loss.backward()
        d_adam.step()
        g_loss = loss(discriminator(generator(torch.randn(BATCH, LATENT))), ones)
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
        if step % 500 == 0:
            print(f"{step * BATCH:9,} samples: loss D {d_loss:.2f} G {g_loss:.2f}")
    return generator


def save_sheet(generator: nn.Module, shape: torch.Size, path: str) -> None:
    """Write a contact sheet of 8 x 8 samples."""
    with torch.no_grad():
        samples = generator(torch.randn(64, LATENT)).view(8, 8, *shape)
    sheet = samples.permute(0, 2, 1, 3).reshape(8 * shape[0], 8 * shape[1])
    Image.fromarray(((sheet + 1) * 127.5).numpy().astype(np.uint8)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="A GAN in plain PyTorch.")
    parser.add_argument("--data", default="mnist", help="data set, folder or array")
    parser.add_argument("--samples", type=int, default=600_000, help="real samples to train on")
    parser.add_argument("--out", default="plain.png", help="contact sheet to write")
    args = parser.parse_args()
    torch.manual_seed(0)
    real = real_samples(args.data)
    save_sheet(train(real, args.samples), real.shape[1:], args.out)
    print(f"sheet {args.out}")


if __name__ == "__main__":
    main()
