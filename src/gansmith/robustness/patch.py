"""Adversarial patch: a sticker that fools a classifier wherever and however it is seen.

Brown et al. 2017 (arXiv 1712.09665). The patch is trained in expectation over transformations
(Athalye et al. 2018, arXiv 1707.07397): rotation, scale, place and light, so that it survives being
printed and photographed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.robustness.attacks import Logits, margins
from gansmith.robustness.feed import ImageFeed

CONFIDENCE = 2.0
SMOOTHNESS = 0.02
"""Weight of the differences of neighbouring pixels, which printers and cameras lose."""
PRINTABLE = (0.04, 0.96)
"""Values that paper and ink can show."""
RATE = 0.03


@dataclass(frozen=True)
class Scene:
    """How a patch may lie on an image and be lit.

    Attributes:
        area: Its share of the image, at its largest.
        rotation: Degrees to either side.
        smallest: Smallest scale, relative to the largest.
        reach: How far its centre may be from the middle of the image, relative to where it would
            touch the border: 0 in the middle, 1 anywhere inside. A sign fills the middle.
        light: Changes of contrast and of brightness, to either side.
    """

    area: float = 0.1
    rotation: float = 20.0
    smallest: float = 0.8
    reach: float = 0.6
    light: float = 0.15

    def __post_init__(self) -> None:
        if not 0 < self.area <= 0.5:
            raise GansmithError(
                f"the area of the patch is {self.area:g}: it is a share of the image, above 0 and "
                "at most 0.5, such as 0.1"
            )

    def paste(self, x: Tensor, patch: Tensor, generator: torch.Generator) -> Tensor:
        """Lay a patch on images, on each in another way; gradients lead to the patch.

        Args:
            x: Images [N, C, H, W] with values in [0, 1].
            patch: [C, S, S] with values in [0, 1].
            generator: On the CPU.
        """
        count, _, height, width = x.shape
        draws = 2 * torch.rand(count, 6, generator=generator).to(x) - 1
        angle = draws[:, 0] * math.radians(self.rotation)
        scale = 1 - (1 - self.smallest) * (draws[:, 1] + 1) / 2
        # half the side of the patch, in units of half the image's
        half_y = scale * math.sqrt(self.area * height * width) / height
        half_x = scale * math.sqrt(self.area * height * width) / width
        turned = angle.cos() + angle.sin().abs()
        centre_y = draws[:, 2] * self.reach * (1 - half_y * turned).clamp_min(0)
        centre_x = draws[:, 3] * self.reach * (1 - half_x * turned).clamp_min(0)
        cos, sin = angle.cos(), angle.sin()
        ratio = width / height
        rows = [
            torch.stack([cos, sin / ratio, -cos * centre_x - sin / ratio * centre_y], 1)
            / half_x[:, None],
            torch.stack([-sin * ratio, cos, sin * ratio * centre_x - cos * centre_y], 1)
            / half_y[:, None],
        ]
        grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
        many = patch[None].expand(count, -1, -1, -1)
        seen = F.grid_sample(many, grid, padding_mode="border", align_corners=False)
        inside = (grid.abs().amax(3) <= 1).to(x)[:, None]
        contrast, brightness = (1 + self.light * draws[:, 4]), self.light * draws[:, 5]
        lit = seen * contrast.view(-1, 1, 1, 1) + brightness.view(-1, 1, 1, 1)
        return torch.where(inside > 0, lit.clamp(0, 1), x)


def patch_side(scene: Scene, shape: tuple[int, int, int]) -> int:
    """Return the side of a patch in pixels: about one for each pixel that it covers."""
    return max(4, round(math.sqrt(scene.area * shape[1] * shape[2])))


def train_patch(
    model: Logits,
    feed: ImageFeed,
    scene: Scene,
    *,
    steps: int = 400,
    aim: int | None = None,
    seed: int = 0,
    log: LogFn = silent,
) -> Tensor:
    """Find a patch that fools most images, however it lies.

    Args:
        model: The classifier; gradients lead through it.
        feed: Labelled images to find it on.
        scene: How it may lie.
        steps: Batches.
        aim: Class to be read as; None: any other than the right one.
        seed: Of the first patch and of the transformations.
        log: Takes a line at intervals.

    Returns:
        float32 [C, S, S] with printable values.
    """
    generator = torch.Generator().manual_seed(seed)
    side = patch_side(scene, feed.shape)
    low, high = PRINTABLE
    example = feed.example().samples
    patch = (low + (high - low) * torch.rand(feed.shape[0], side, side, generator=generator)).to(
        example
    )
    patch = patch.requires_grad_()
    adam = torch.optim.Adam([patch], RATE)
    for step in range(steps):
        batch = feed.next()
        y = batch.condition
        assert y is not None
        logits = model(scene.paste(batch.samples, patch, generator))
        above = margins(logits, y) if aim is None else -margins(logits, torch.full_like(y, aim))
        rough = (patch.diff(dim=1).abs().mean() + patch.diff(dim=2).abs().mean()) / 2
        loss = F.relu(above + CONFIDENCE).mean() + SMOOTHNESS * rough
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.param_groups[0]["lr"] = RATE * max(0.1, 1 - step / steps)
        adam.step()
        with torch.no_grad():
            patch.clamp_(low, high)
        if (step + 1) % max(1, steps // 4) == 0:
            fooled = float((above.detach() < 0).float().mean())
            log(f"step {step + 1} of {steps}: {fooled:.1%} of a batch fooled")
    return patch.detach()


@torch.no_grad()
def patch_success(
    model: Logits,
    x: Tensor,
    y: Tensor,
    patch: Tensor,
    scene: Scene,
    *,
    views: int = 8,
    aim: int | None = None,
    seed: int = 1,
) -> tuple[int, int, Tensor]:
    """Count how often a patch fools, over transformations that it was not trained on.

    Args:
        model: The classifier.
        x: Images [N, C, H, W] that it recognises.
        y: Their labels.
        patch: [C, S, S].
        scene: How it may lie.
        views: Transformations of each image.
        aim: Class to be read as; None: any other than the right one. Images of that class do not
            count.
        seed: Of the transformations.

    Returns:
        Views that fool, all views, and the images of the first view.
    """
    generator = torch.Generator().manual_seed(seed)
    counts = torch.ones_like(y, dtype=torch.bool) if aim is None else y != aim
    fooled, first = 0, x
    for view in range(views):
        seen = scene.paste(x, patch, generator)
        first = seen if view == 0 else first
        said = torch.cat([model(part).argmax(1) for part in torch.split(seen, 256)])
        hit = said != y if aim is None else said == aim
        fooled += int((hit & counts).sum())
    return fooled, views * int(counts.sum()), first
