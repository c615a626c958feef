from __future__ import annotations

from pathlib import Path

import pytest

from gansmith.tasks import doctor as module
from gansmith.tasks.doctor import ResourceEstimate, doctor, useful_seconds


def _rate(samples_per_second: float) -> ResourceEstimate:
    return ResourceEstimate(1.0, samples_per_second, 1.0, 1.0, 1, 1.0)


def test_useful_samples_take_longer_at_larger_sizes() -> None:
    assert useful_seconds(_rate(100), 64) == useful_seconds(_rate(100), 16) == 1000
    assert useful_seconds(_rate(100), 256) == 4000


def test_large_images_on_a_slow_device_are_hopeless_and_something_smaller_fits(
    labelled_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_measure", lambda task, steps=0: _rate(0.4))
    monkeypatch.setattr(module, "measure", lambda recipe, dataset, steps=0: _rate(80))
    settings = ["training.batch=8", "network.name=conv", "network.width=4"]
    report = doctor("pictures-256", data=labelled_folder, settings=settings)
    (problem,) = [text for text in report.problems if "hopeless" in text]
    assert "pictures-256 is hopeless on this device: 256 x 256 pixels at 0.4 samples/s" in problem
    assert f"gansmith train pictures --data {labelled_folder.resolve()}" in problem
    assert problem.endswith("--set data.size=128 --minutes 42") and "\n" not in problem


def test_small_images_are_not_hopeless(
    labelled_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_measure", lambda task, steps=0: _rate(50))
    report = doctor("pictures", data=labelled_folder, settings=["training.batch=8"])
    assert not [text for text in report.problems if "hopeless" in text]
