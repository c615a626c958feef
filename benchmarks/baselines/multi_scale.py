"""A multi-scale GAN of tokens after TOAD-GAN, in plain PyTorch, by the papers alone.

Awiszus et al. 2020 (arXiv 2008.01531), after SinGAN (Rott Shaham et al. 2019, arXiv 1905.01164):
four scales of a level are trained one after the other. The generator of a scale adds noise to the
upsampled level of the coarser scale; the discriminator judges patches (WGAN-GP). A fixed noise map
must give the training level again; by how much it fails says how strong the noise of the next scale
is. Tokens are downsampled so that rare ones survive.

The papers train one model on one level. Here one model trains on windows of several levels, drawn
anew each step: shared by 16 models, the same time would leave each one few steps, and so its
borders are those of the windows that are measured. As many cells as a level of the papers has are
seen in a step, and each of some fixed windows has a noise map of its own to be given again from.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

SCALES = (0.5, 0.75, 0.88, 1.0)
WIDTH, LAYERS = 64, 3
BATCH = 4
"""Windows of a step."""
STEPS = 3
"""Of the discriminator, then of the generator, in one iteration."""
RATE, BETAS = 5e-4, (0.5, 0.999)
DECAYED = 0.8
"""Share of a scale's time after which the rate is a tenth."""
PENALTY, RECONSTRUCTION = 0.1, 10.0
NOISE = 0.1
"""Deviation of the noise of a finer scale, in root mean squared errors of its reconstruction."""
ANCHORS = 64
"""Windows that have a fixed noise map."""


def network(channels: int, out: int) -> nn.Sequential:
    """Build 3 x 3 convolutions, as both players have them."""
    layers: list[nn.Module] = []
    for number in range(LAYERS - 1):
        before = WIDTH if number else channels
        layers += [nn.Conv2d(before, WIDTH, 3, padding=1)]
        layers += [nn.BatchNorm2d(WIDTH, track_running_stats=False), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(WIDTH, out, 3, padding=1))


@dataclass
class Scale:
    """The generator of one scale.

    Attributes:
        size: Rows and columns of its levels.
        generator: Of a level with noise, to what is added to the logits.
        amplitude: Deviation of the noise.
    """

    size: tuple[int, int]
    generator: nn.Module
    amplitude: float

    def draw(self, coarser: Tensor | None, noise: Tensor) -> Tensor:
        """Return distributions over tokens [N, C, rows, columns], given the coarser ones."""
        known = torch.zeros_like(noise) if coarser is None else resized(coarser, self.size)
        found: Tensor = (known + self.generator(known + self.amplitude * noise)).softmax(1)
        return found


@dataclass
class MultiScale:
    """A trained model.

    Attributes:
        scales: From coarse to fine.
        tokens: How many there are.
        steps: Iterations of each scale.
    """

    scales: list[Scale]
    tokens: int
    steps: list[int]

    @torch.no_grad()
    def chain(self, count: int, random: torch.Generator) -> Tensor | None:
        """Draw levels of the finest scale that there is, None where there is none."""
        found = None
        for scale in self.scales:
            noise = torch.randn(count, self.tokens, *scale.size, generator=random)
            found = scale.draw(found, noise)
        return found

    def sample(self, count: int, seed: int) -> NDArray[np.int64]:
        """Draw levels int64 [count, rows, columns] of the most probable tokens."""
        random = torch.Generator().manual_seed(seed)
        parts = []
        for _ in range(0, count, BATCH):  # as many at once as trained, for the batch normalisation
            drawn = self.chain(BATCH, random)
            assert drawn is not None
            parts.append(drawn.argmax(1).numpy())
        return np.concatenate(parts)[:count]


def resized(levels: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize maps [N, C, h, w] bilinearly."""
    return F.interpolate(levels, size, mode="bilinear", antialias=True)


def downsampled(levels: Tensor, size: tuple[int, int], rank: Tensor) -> Tensor:
    """Shrink one-hot levels: of the tokens that reach a cell, the one with the highest rank."""
    reached = resized(levels, size) > 1e-3
    best = (reached * (rank + 1)[None, :, None, None]).argmax(1)
    return F.one_hot(best, levels.shape[1]).permute(0, 3, 1, 2).float()


def train(grids: NDArray[np.int64], seconds: float, seed: int) -> MultiScale:
    """Train on windows.

    Args:
        grids: Tokens from 0, [N, rows, columns].
        seconds: Of the processor, shared equally by the scales.
        seed: Of weights and draws; equal numbers of steps give equal models.
    """
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    tokens = int(grids.max()) + 1
    rank = torch.from_numpy(np.bincount(grids.ravel(), minlength=tokens)).argsort(descending=True)
    rank = rank.argsort()  # rare tokens are high
    model = MultiScale([], tokens, [])
    fixed = torch.from_numpy(grids[torch.randperm(len(grids), generator=random)[:ANCHORS]])
    rebuilt: Tensor | None = None
    critic = network(tokens, 1)
    for share in SCALES:
        size = round(share * grids.shape[1]), round(share * grids.shape[2])
        anchors = downsampled(one_hot(fixed, tokens), size, rank)
        maps = torch.zeros_like(anchors)  # only the coarsest noise is kept
        if rebuilt is None:
            maps = torch.randn(maps.shape, generator=random)
            scale = Scale(size, network(tokens, tokens), 1.0)
        else:
            error = float((resized(rebuilt, size) - anchors).square().mean().sqrt())
            scale = Scale(size, copy.deepcopy(model.scales[-1].generator), NOISE * error)
            scale.generator.requires_grad_(True)
        game = Game(model, scale, critic, random)
        ends = time.process_time() + seconds / len(SCALES)
        model.steps.append(0)
        while (left := ends - time.process_time()) > 0:
            if left < (1 - DECAYED) * seconds / len(SCALES):
                game.slow_down()
            chosen = torch.randint(len(grids), (STEPS, BATCH), generator=random)
            windows = one_hot(torch.from_numpy(grids[chosen.numpy()]).flatten(0, 1), tokens)
            real = downsampled(windows, size, rank).unflatten(0, (STEPS, BATCH))
            for each in real:
                game.discriminator_step(each)
            for _ in range(STEPS):
                some = torch.randint(len(anchors), (BATCH,), generator=random)
                coarser = None if rebuilt is None else rebuilt[some]
                game.generator_step(coarser, maps[some], anchors[some])
            model.steps[-1] += 1
        scale.generator.requires_grad_(False)
        parts = []
        for some in torch.arange(len(anchors)).split(BATCH):
            coarser = None if rebuilt is None else rebuilt[some]
            parts.append(scale.draw(coarser, maps[some]))
        rebuilt = torch.cat(parts)
        model.scales.append(scale)
    return model


def one_hot(grids: Tensor, tokens: int) -> Tensor:
    """Return float32 [N, C, rows, columns] of tokens [N, rows, columns]."""
    return F.one_hot(grids.long(), tokens).permute(0, 3, 1, 2).float()


class Game:
    """The two players of one scale, the coarser ones fixed.

    Args:
        coarser: What is trained already.
        scale: What is trained now.
        critic: Its discriminator, which begins with the weights of the coarser scale's.
        random: Draws the noise.
    """

    def __init__(
        self, coarser: MultiScale, scale: Scale, critic: nn.Module, random: torch.Generator
    ) -> None:
        self.coarser, self.scale, self.critic, self.random = coarser, scale, critic, random
        players = (critic, scale.generator)
        self.optimisers = [torch.optim.Adam(p.parameters(), RATE, BETAS) for p in players]

    def slow_down(self) -> None:
        """Take a tenth of the rate."""
        for optimiser in self.optimisers:
            optimiser.param_groups[0]["lr"] = RATE / 10

    def fake(self) -> Tensor:
        """Draw levels of this scale, with new noise in all."""
        coarser = self.coarser.chain(BATCH, self.random)
        noise = torch.randn(BATCH, self.coarser.tokens, *self.scale.size, generator=self.random)
        return self.scale.draw(coarser, noise)

    def discriminator_step(self, real: Tensor) -> None:
        """Tell real levels from fake ones, with a gradient of length 1 between them."""
        with torch.no_grad():
            fake = self.fake()
        share = torch.rand(1, generator=self.random)
        between = (share * real + (1 - share) * fake).requires_grad_(True)
        (slope,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        loss = self.critic(fake).mean() - self.critic(real).mean() + PENALTY * penalty
        self._update(0, loss)

    def generator_step(self, coarser: Tensor | None, noise: Tensor, real: Tensor) -> None:
        """Please the discriminator, and give fixed windows again from their noise."""
        rebuilt = self.scale.draw(coarser, noise)
        loss = RECONSTRUCTION * F.mse_loss(rebuilt, real) - self.critic(self.fake()).mean()
        self._update(1, loss)

    def _update(self, player: int, loss: Tensor) -> None:
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        loss.backward()
        self.optimisers[player].step()
