"""Read an evaluation under attack again that a hardened run holds as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gansmith.robustness.result import ClassAccuracy, Evaluation, Outcome, Proportion
from gansmith.robustness.sanity import Check
from gansmith.robustness.threat import Threat
from gansmith.run import REMEDY
from gansmith.storage.reading import UnreadableFile, read_json


@dataclass(frozen=True)
class _Point:
    eps: float
    accuracy: float


@dataclass(frozen=True)
class _Saved:
    classifier: str
    data: str
    fingerprint: str
    threat: Threat
    seed: int
    seconds: float
    images: list[int]
    outcomes: tuple[Outcome, ...]
    worst: Proportion
    classes: tuple[ClassAccuracy, ...]
    curve: tuple[_Point, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]


def read_evaluation(path: Path) -> Evaluation:
    """Read what :meth:`Evaluation.to_json` gave; the images themselves are not in it.

    Raises:
        GansmithError: The file is not there, or damaged.
    """
    saved = read_json(path, _Saved, remedy=REMEDY)
    shares = (saved.worst, *(outcome.accuracy for outcome in saved.outcomes))
    if not saved.outcomes or any(share.total < 1 for share in shares):
        raise UnreadableFile(f"{path} is damaged (it has no images): {REMEDY}")
    named = {name: getattr(saved, name) for name in _Saved.__dataclass_fields__}
    indices = np.array(named.pop("images"), dtype=np.int64)
    curve = tuple((point.eps, point.accuracy) for point in named.pop("curve"))
    return Evaluation(
        **named,
        curve=curve,
        indices=indices,
        adversarial=torch.zeros(0),
        read_as=np.zeros(0, dtype=np.int64),
    )
