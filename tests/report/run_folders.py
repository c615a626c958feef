"""Small run folders, as a training leaves them, for the tests of reports."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from gansmith.evaluation.result import EvaluationResult, metric_specs
from gansmith.metric import Metric

FLOORS = {"frechet": 2.5, "kernel": 0.0003, "vendi": 48.0}
VALUES = {"frechet": 27.4, "kernel": 0.0214, "vendi": 41.2, "recall": 0.861, "coverage": 0.803}


def make_run(
    path: Path, name: str = "digits", values: Mapping[str, float] | None = None, **recipe: Any
) -> Path:
    """Write a finished run with everything in it."""
    path.mkdir(parents=True)
    write_recipe(path, {"name": name, "training": {"minutes": 3.0, "batch": 64}} | recipe)
    write_json(path / "manifest.json", manifest(name))
    write_events(path, events())
    write_json(path / "quality.json", verdict({**VALUES, **(values or {})}).to_json())
    write_pictures(path)
    (path / "generator.safetensors").touch()
    return path


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), "utf-8")


def edit_json(path: Path, **changes: object) -> None:
    write_json(path, json.loads(path.read_text("utf-8")) | changes)


def write_recipe(path: Path, recipe: Mapping[str, Any]) -> None:
    (path / "recipe.yaml").write_text(yaml.safe_dump(dict(recipe)), "utf-8")


def write_events(path: Path, lines: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (path / "metrics.jsonl").write_text(text, "utf-8")


def manifest(name: str) -> dict[str, Any]:
    dataset = {
        "name": "glyphs",
        "source": "made by the tests",
        "licence": "CC0 1.0",
        "fingerprint": "feedbeef",
        "samples": 70_000,
        "held_out": 10_000,
        "settings": {"size": [28, 28], "resize": "fit"},
    }
    return {
        "format": "gansmith-run-1",
        "name": name,
        "medium": "image",
        "shape": [1, 28, 28],
        "label_names": ["zero", "one"],
        "dataset": dataset,
        "versions": {"gansmith": "0.1.0", "torch": "2.13.0"},
        "machine": {"cpu": "Model 9000", "threads": 2, "memory_gib": 24.0, "device": "cpu"},
        "parameters": {"generator": 612_481, "discriminator": 548_225},
        "created": "2026-01-02T03:04:05+00:00",
        "best_samples": 95_000,
    }


def events(count: int = 200) -> list[dict[str, Any]]:
    """Steps of 500 samples and half a second each, with a look every 20 and one warning."""
    lines: list[dict[str, Any]] = []
    for i in range(1, count + 1):
        clock = {"samples": 500 * i, "seconds": 0.5 * i}
        players = {"d_loss": 0.7, "g_loss": 1 + 0.1 * math.sin(i), "d_grad": 2.0, "g_grad": 0.8}
        signs = {"real_sign": 0.4, "fake_sign": -0.4, "memory_gib": 0.5 + i / 1000}
        lines.append({"event": "step", **clock, **players, **signs})
        if i % 20 == 0:
            figures = {"frechet": 900 / i, "frechet_floor": 5.6, "recall": i / 250}
            lines.append({"event": "quality", **clock, **figures, "cost_seconds": 0.25})
    late = {"samples": 100_000, "seconds": 100.0}
    lines.append({"event": "note", **late, "text": "gradients leapt", "level": "warning"})
    return lines


def verdict(values: Mapping[str, float]) -> EvaluationResult:
    metrics = {
        name: Metric(
            values.get(name, 0.9), FLOORS.get(name, 0.95), m.better, m.meaning,
            0.0016 if name == "kernel" else None,
        )
        for name, m in metric_specs().items()
    }  # fmt: skip
    return EvaluationResult(
        extractor={"name": "classifier", "identity": "5b1f", "dimensions": 128, "details": {}},
        generated=10_000,
        reference=9_000,
        floor_samples=8_000,
        training_reference=7_000,
        resize="28x28, no resize",
        seeds={"judge": 3, "latents": 4},
        neighbours=5,
        metrics=metrics,
        notes=("vendi: over fewer samples",),
        seconds=21.0,
    )


def write_pictures(path: Path) -> None:
    random = np.random.default_rng(0)
    frames = [Image.fromarray(random.integers(0, 256, (40, 40), dtype=np.uint8)) for _ in range(9)]
    (path / "frames").mkdir()
    for index, frame in enumerate(frames):
        frame.save(path / "frames" / f"{12_500 * index:09d}.png")
    frames[-1].save(path / "sheet.png")
    frames[0].save(path / "real.png")
    frames[0].save(path / "film.webp", save_all=True, append_images=frames[1:], duration=80)
