"""Evaluate a run, a folder of samples or an array against held-out real data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from gansmith.console import PlainConsole, plain
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import EvaluationResult, Evaluator
from gansmith.evaluation.features import build_extractor
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.medium import MEDIA
from gansmith.model import load_generator
from gansmith.recipe import DataConfig, EvaluationConfig
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.schema import checked
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
        reference: Real data, by name or path; needed unless `target` is a run. The
            `quality.json` and report of a run are renewed if it is evaluated as in its recipe.
        samples: Generated samples to evaluate; left out, all of a folder, or as in the recipe.
        extractor: Name of a feature extractor, in place of the default. A file `torch:FILE.pt2`
            runs code when it is loaded, and is accepted only here.
        console: Where to print notices; left out, standard output.

    Raises:
        GansmithError: The target or the reference is missing or of no use.
    """
    console = console or PlainConsole()
    place = Path(target)
    if not place.exists():
        raise GansmithError(f"there is nothing at {place}: check the path")
    given: dict[str, object] = {} if samples is None else {"samples": samples}
    if Run(place).exists:
        return _evaluate_run(Run(place), reference, given, extractor, console)
    if reference is None:
        raise GansmithError(
            f"{place} is not a run: name the real data with --reference NAME or PATH"
        )
    return _evaluate_files(place, reference, given, extractor, console)


def _evaluate_run(
    run: Run,
    reference: str | Path | None,
    given: dict[str, object],
    extractor: str | None,
    console: Console,
) -> EvaluationResult:
    recipe = run.recipe()
    evaluation = checked(EvaluationConfig, recipe.evaluation.model_dump() | given, "evaluation.")
    data = recipe.data
    if reference is not None:
        facts = run.facts()
        channels, height, width = facts.shape
        data = _like(facts.medium, data, reference, (height, width, channels))
    dataset = open_dataset(data, log=plain(console), medium=recipe.medium)
    evaluator = _evaluator(dataset, evaluation, extractor, console)
    verdict = evaluate_model(
        load_generator(run.path), evaluator, recipe.model_copy(update={"evaluation": evaluation})
    )
    if reference is None and extractor is None and not given:
        try:
            run.save_quality(verdict.to_json())
            write_report(run.path)
        except GansmithError as error:  # a run that can only be read is evaluated all the same
            plain(console)(f"warning: the result is not kept: {error}")
    return verdict


def _evaluate_files(
    place: Path,
    reference: str | Path,
    given: dict[str, object],
    extractor: str | None,
    console: Console,
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
    evaluation = checked(EvaluationConfig, settings, "evaluation.")
    evaluator = _evaluator(dataset, evaluation, extractor, console)
    return evaluator.full(generated.samples[:count])


def _evaluator(
    dataset: Dataset, evaluation: EvaluationConfig, extractor: str | None, console: Console
) -> Evaluator:
    """Make the evaluator; the caller's extractor replaces that of the settings.

    Only here may the extractor be a file that runs code: the caller named it, no recipe or run did.
    """
    if extractor is None:
        return Evaluator(dataset, evaluation)
    if extractor.startswith("torch:"):
        plain(console)(f"warning: {extractor} runs code from this file; use files you trust only")
    return Evaluator(dataset, evaluation, build_extractor(extractor, dataset))


def _like(medium: str, data: DataConfig, source: str | Path, shape: Sequence[int]) -> DataConfig:
    """Return settings that open another source as samples of the same shape (H, W, C)."""
    height, width, channels = shape
    matching = MEDIA[medium].matching_settings((height, width, channels))
    return data.model_copy(update={"source": str(source)} | matching)
