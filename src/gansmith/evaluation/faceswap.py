"""Metrics of a face swap: those of a translation, inside a fixed oval of aligned faces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.data.domains import Domains
from gansmith.evaluation.result import EvaluationResult, tabulate
from gansmith.evaluation.translation import TranslationEvaluator
from gansmith.faces.points import eye_distance
from gansmith.faces.weights import load_landmark_network
from gansmith.medium import Values
from gansmith.recipe import EvaluationConfig
from gansmith.translation import TranslationModel

_CENTRE, _RADII = (0.5, 0.55), (0.27, 0.36)
"""Of the oval, in sides of an aligned face; (x, y)."""
_GREY = 128


def inside_oval(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return aligned faces [N, S, S, C] that are grey outside a fixed oval.

    A classifier that saw hair would tell people by it, and a swap keeps the hair.
    """
    line = (np.arange(faces.shape[1]) + 0.5) / faces.shape[1]
    across, down = ((line - c) / r for c, r in zip(_CENTRE, _RADII, strict=True))
    oval = across**2 + (down**2)[:, None] < 1
    return np.where(oval[..., None], faces, np.uint8(_GREY))


class FaceSwapEvaluator(TranslationEvaluator):
    """Measures swapped faces of held-out pictures against held-out pictures of the other person.

    Args:
        dataset: Aligned faces of both people, by label.
        domains: The same, apart.
        config: How many samples, which seed.
    """

    def __init__(self, dataset: Dataset, domains: Domains, config: EvaluationConfig) -> None:
        super().__init__(_hidden(dataset), Domains(*map(_hidden, domains)), config)
        self._whole = domains

    @property
    def sources(self) -> NDArray[Any]:
        """Held-out faces to swap, whole, [N, S, S, 3]."""
        return self.held_out(self._whole.source)

    def held_out(self, domain: Dataset) -> NDArray[Any]:
        """Return held-out faces of one person, whole."""
        random = np.random.default_rng(self.config.seed)
        chosen = random.permutation(domain.held_out_indices)[: self.config.quick_samples]
        return np.ascontiguousarray(domain.samples[chosen])

    def seen(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return what extractor and classifier see of faces: the oval."""
        return inside_oval(samples)

    def quick_of(self, model: TranslationModel) -> Values:
        """Measure swapped faces of the first person, and who those of the second are taken for."""
        return super().quick_of(model) | {"back_target_share": self._back_target_share(model)}

    def _back_target_share(self, model: TranslationModel) -> float:
        source, target = self._whole
        back = model.apply(self.held_out(target), to=source.name)
        return self.target_share(back, source.name)

    def full_of(self, model: TranslationModel) -> EvaluationResult:
        """Measure everything, in both directions."""
        results = model.apply(self.sources, to=self._whole.target.name)
        own = {
            "back_target_share": self._back_target_share(model),
            "pose_error": pose_error(self.sources, results),
        }
        verdict = super().full_of(model)
        return replace(verdict, metrics=verdict.metrics | tabulate(own, {}))


def pose_error(inputs: NDArray[np.uint8], results: NDArray[np.uint8]) -> float:
    """Return the mean distance of landmarks of aligned faces [N, S, S, 3], in eye distances."""
    network = load_landmark_network()
    points = []
    with torch.no_grad():
        for faces in (inputs, results):
            values = torch.from_numpy(faces).permute(0, 3, 1, 2).float() / 127.5 - 1
            points.append(network.located(values)[0].double().numpy())
    apart = np.linalg.norm(points[1] - points[0], axis=2).mean(1)
    return float((apart / eye_distance(points[0])).mean())


def _hidden(dataset: Dataset) -> Dataset:
    return replace(
        dataset,
        samples=inside_oval(np.asarray(dataset.samples)),
        fingerprint=f"{dataset.fingerprint}-oval",
    )
