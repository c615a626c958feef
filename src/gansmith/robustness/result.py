"""What an evaluation of a classifier under attack found, with the uncertainty of each share."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gansmith.robustness.sanity import Check
from gansmith.robustness.threat import Threat

Access = Literal["none", "white-box", "black-box", "transfer"]
_Z = 1.959964
"""Quantile of the normal distribution for an interval of 95 %."""


@dataclass(frozen=True)
class Proportion:
    """A share of images with its 95 % interval (Wilson 1927).

    Attributes:
        count: Images that count.
        total: All images, at least 1.
    """

    count: int
    total: int

    @property
    def share(self) -> float:
        """The share itself."""
        return self.count / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the interval."""
        n, p = self.total, self.share
        centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return max(0.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.1%} ({low:.1%} to {high:.1%})"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        low, high = self.interval
        total = {"count": self.count, "total": self.total}
        return total | {"share": self.share, "low": low, "high": high}


@dataclass(frozen=True)
class Outcome:
    """The outcome of one attack.

    Attributes:
        name: The attack.
        access: What it sees of the classifier.
        accuracy: Images that are recognised under it.
        fooled: Indices in the dataset of images that are recognised without it and not with it.
        seconds: Time that it took.
    """

    name: str
    access: Access
    accuracy: Proportion
    fooled: tuple[int, ...]
    seconds: float


@dataclass(frozen=True)
class ClassAccuracy:
    """Accuracy on the images of one label.

    Attributes:
        label: Its name.
        clean: Without attack.
        attacked: Of the worst case of all attacks.
    """

    label: str
    clean: Proportion
    attacked: Proportion


@dataclass(frozen=True)
class Evaluation:
    """A classifier under attack.

    Attributes:
        classifier: Its name.
        data: Name of the dataset.
        fingerprint: Fingerprint of the dataset.
        threat: How far images were moved.
        seed: Of all attacks.
        outcomes: Outcomes by attack, from none at all to the strongest.
        worst: Images that withstood every attack.
        classes: Accuracy by label.
        curve: Accuracy under PGD-40 by eps.
        checks: Whether the outcomes can be believed.
        seconds: Time that everything took.
        notes: What else there is to say, in sentences, such as that AdvGAN did not train.
        indices: int64 [N]; the images' places in the dataset.
        adversarial: float32 [N, C, H, W]; of each image that was fooled, what fooled it (by the
            first attack that did); of the others the image itself.
        read_as: int64 [N]; the label that the classifier reads in each of these.
    """

    classifier: str
    data: str
    fingerprint: str
    threat: Threat
    seed: int
    outcomes: tuple[Outcome, ...]
    worst: Proportion
    classes: tuple[ClassAccuracy, ...]
    curve: tuple[tuple[float, float], ...]
    checks: tuple[Check, ...]
    seconds: float
    notes: tuple[str, ...]
    indices: NDArray[np.int64] = field(repr=False, compare=False)
    adversarial: Tensor = field(repr=False, compare=False)
    read_as: NDArray[np.int64] = field(repr=False, compare=False)

    @property
    def reliable(self) -> bool:
        """Whether no check failed."""
        return all(check.passed for check in self.checks)

    @property
    def verdict(self) -> str:
        """The outcome in a sentence."""
        failed = [check.detail for check in self.checks if not check.passed]
        if failed:
            return f"not reliable: {'; '.join(failed)}"
        return (
            f"robust accuracy {self.worst} within eps {self.threat.eps:g} ({self.threat.norm}), "
            f"{self.worst.total:,} images"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `json.dumps` takes; the images are left out."""
        plain = {
            name: getattr(self, name)
            for name in ("classifier", "data", "fingerprint", "seed", "seconds")
        }
        return plain | {
            "threat": asdict(self.threat),
            "images": self.indices.tolist(),
            "outcomes": [_plain(outcome) for outcome in self.outcomes],
            "worst": self.worst.to_json(),
            "classes": [_plain(found) for found in self.classes],
            "curve": [{"eps": eps, "accuracy": accuracy} for eps, accuracy in self.curve],
            "checks": [asdict(check) for check in self.checks],
            "notes": list(self.notes),
            "reliable": self.reliable,
            "verdict": self.verdict,
        }


def _plain(value: Outcome | ClassAccuracy) -> dict[str, Any]:
    """Return the fields of a result as plain values."""
    found = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {
        name: item.to_json() if isinstance(item, Proportion) else item
        for name, item in found.items()
    }
