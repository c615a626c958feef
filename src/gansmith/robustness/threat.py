"""Threat: how far an attacker may move an image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gansmith.errors import GansmithError

Norm = Literal["Linf", "L2"]
_SLACK = 1e-5
"""Rounding error of a distance, relative to `eps` or to 1, whichever is larger."""


@dataclass(frozen=True)
class Threat:
    """Images within `eps` of the original, with values in [0, 1].

    Attributes:
        eps: Largest distance. Of Linf the largest change of a single value, at most 1; of L2 the
            length of the whole change.
        norm: `Linf` or `L2`.

    Raises:
        GansmithError: `eps` or `norm` is not what it must be.
    """

    eps: float
    norm: Norm = "Linf"

    def __post_init__(self) -> None:
        if self.norm not in ("Linf", "L2"):
            raise GansmithError(f"norm is {self.norm!r}: choose Linf or L2")
        if not (math.isfinite(self.eps) and self.eps > 0):
            raise GansmithError(f"eps is {self.eps}: it must be a number above 0")
        if self.norm == "Linf" and self.eps > 1:
            raise GansmithError(
                f"eps is {self.eps:g}, but values of images lie in [0, 1]: for {self.eps:g} of 255 "
                f"levels write {self.eps / 255:.4g}"
            )

    @classmethod
    def whole_range(cls, norm: Norm, shape: torch.Size | tuple[int, ...]) -> Threat:
        """Return the least threat that turns an image of `shape` (C, H, W) into any other."""
        return cls(1.0 if norm == "Linf" else math.sqrt(math.prod(shape)), norm)

    def distance(self, delta: Tensor) -> Tensor:
        """Return the size [N] of perturbations [N, C, H, W]."""
        flat = delta.flatten(1)
        return flat.abs().amax(1) if self.norm == "Linf" else flat.norm(dim=1)

    def project(self, candidates: Tensor, originals: Tensor) -> Tensor:
        """Return the candidates, moved to the nearest place that the threat allows.

        Args:
            candidates: [N, C, H, W].
            originals: [N, C, H, W] with values in [0, 1]. Since they lie in that box, clipping to
                it makes no distance longer.
        """
        if self.norm == "Linf":
            near = torch.maximum(
                torch.minimum(candidates, originals + self.eps), originals - self.eps
            )
            return near.clamp(0, 1)
        delta = candidates - originals
        scale = self.eps / self.distance(delta).clamp_min(self.eps)
        return (originals + delta * over_images(scale, delta)).clamp(0, 1)

    def direction(self, gradient: Tensor) -> Tensor:
        """Return the step of size 1 along which a linear loss of this gradient rises most."""
        if self.norm == "Linf":
            return gradient.sign()
        return gradient / over_images(self.distance(gradient), gradient).clamp_min(1e-12)

    def random_start(
        self, originals: Tensor, generator: torch.Generator, *, border: bool = False
    ) -> Tensor:
        """Return random images [N, C, H, W] that the threat allows.

        Args:
            originals: [N, C, H, W].
            generator: On the CPU.
            border: At distance `eps`, before values are clipped to [0, 1]; else of Linf uniform,
                of L2 of uniform length.
        """
        if self.norm == "Linf":
            delta = 2 * _uniform(originals.shape, originals, generator) - 1
        else:
            noise = torch.randn(originals.shape, generator=generator)
            delta = noise.to(originals)
        if border or self.norm == "L2":
            delta = delta / over_images(self.distance(delta), delta).clamp_min(1e-12)
        if not border and self.norm == "L2":
            delta = delta * _uniform((len(delta), 1, 1, 1), originals, generator)
        return self.project(originals + self.eps * delta, originals)

    def require(self, adversarial: Tensor, originals: Tensor) -> None:
        """Assert that perturbed images keep to the threat."""
        far = float(self.distance(adversarial - originals).amax()) if len(originals) else 0.0
        assert far <= self.eps + _SLACK * max(1.0, self.eps), f"distance {far} exceeds {self.eps}"
        inside = bool(((adversarial >= 0) & (adversarial <= 1)).all())
        assert inside, "values of a perturbed image lie outside [0, 1]"


def over_images(values: Tensor, images: Tensor) -> Tensor:
    """Reshape one value an image, [N], so that it multiplies images [N, ...]."""
    return values.view(-1, *[1] * (images.dim() - 1))


def _uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    """Draw uniform numbers in [0, 1) on the CPU, so that they are the same on any device."""
    return torch.rand(shape, generator=generator).to(like)
