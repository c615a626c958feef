"""Evaluate a run, a folder of samples or an array against held-out real data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from gansmith.console import plain
from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import EvaluationResult, Evaluator
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.medium import MEDIA
from gansmith.model import load_generator
from gansmith.recipe import DataConfig, EvaluationConfig
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.tasks.finalize import evaluate_model


def evaluate(
    target: str | Path,
    *,
    reference: str | Path | None = None,
    samples: int | None = None,
    extractor: str | None = None,
    console: Console | None = None,
) -> EvaluationResult:
    """Evaluate a run, a folder of samples or an array.

    Args:
        target: A run folder, a folder of pictures, or a `.npz` or `.npy` of samples.
        reference: Real data, by name or path; needed unless `target` is a run. If a run
            is evaluated as its recipe states, its `quality.json` and report are written again.
        samples: Number of generated samples; by default all of a folder, or the recipe's number.
        extractor: Name of a feature extractor, in place of the default.
        console: Where to print notices; by default standard output.

    Raises:
        GansmithError: The target or the reference is missing or unsuitable.
    """
    console = console or Console()
    place = Path(target)
    if not place.exists():
        raise GansmithError(f"there is nothing at {place}: check the path")
    changes = {"samples": samples, "extractor": extractor}
    given: dict[str, object] = {k: v for k, v in changes.items() if v is not None}
    if Run(place).exists:
        return _evaluate_run(Run(place), reference, given, console)
    if reference is None:
        raise GansmithError(
            f"{place} is not a run: add --reference NAME or PATH, the real data to compare with"
        )
    return _evaluate_files(place, reference, given, console)


def _evaluate_run(
    run: Run, reference: str | Path | None, given: dict[str, object], console: Console
) -> EvaluationResult:
    recipe = run.recipe()
    evaluation = EvaluationConfig.model_validate(recipe.evaluation.model_dump() | given)
    data = recipe.data
    if reference is not None:
        manifest = run.manifest()
        channels, height, width = manifest["shape"]
        data = _like(manifest["medium"], data, reference, (height, width, channels))
    dataset = open_dataset(data, log=plain(console), medium=recipe.medium)
    evaluator = Evaluator(dataset, evaluation)
    verdict = evaluate_model(
        load_generator(run.path), evaluator, recipe.model_copy(update={"evaluation": evaluation})
    )
    if reference is None and not given:
        run.save_quality(verdict.to_json())
        write_report(run.path)
    return verdict


def _evaluate_files(
    place: Path, reference: str | Path, given: dict[str, object], console: Console
) -> EvaluationResult:
    collection = resolve_source(DataConfig(source=str(place)))
    native = MEDIA[collection.medium].native_settings(collection)
    dataset = open_dataset(
        DataConfig.model_validate({"source": str(reference)} | native), log=plain(console)
    )
    wanted = DataConfig.model_validate({"source": str(place)} | native)
    if not native:
        wanted = _like(dataset.medium, wanted, place, dataset.samples.shape[1:])
    generated = open_dataset(wanted, log=plain(console))
    count = given.get("samples", len(generated))
    assert isinstance(count, int)
    settings = given | {"samples": max(16, min(count, len(generated)))}
    evaluator = Evaluator(dataset, EvaluationConfig.model_validate(settings))
    return evaluator.full(generated.samples[:count])


def _like(medium: str, data: DataConfig, source: str | Path, shape: Sequence[int]) -> DataConfig:
    """Return settings that open another source as samples of the same shape (H, W, C)."""
    height, width, channels = shape
    matching = MEDIA[medium].matching_settings((height, width, channels))
    return data.model_copy(update={"source": str(source)} | matching)
