"""What happens after the last step: model selection, evaluation, images and report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from gansmith.console import plain
from gansmith.data.dataset import Dataset
from gansmith.drawing.animation import animation_bytes
from gansmith.errors import GansmithError
from gansmith.evaluation.evaluator import EvaluationResult, Evaluator
from gansmith.medium import MEDIA
from gansmith.model import GeneratorModel, contact_sheet, row_length
from gansmith.recipe import Recipe
from gansmith.report.curves import curves_png
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import result_table
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.tasks.model_selection import keep_best
from gansmith.tasks.sample_gallery import write_excerpts


def finish(
    run: Run, evaluator: Evaluator, dataset: Dataset, recipe: Recipe, samples: int, console: Console
) -> EvaluationResult:
    """Ship the best generator, evaluate it, draw everything and write the report.

    If an earlier call was interrupted after the evaluation, its result is used again.

    Args:
        run: The run, whose budget is used up.
        evaluator: Compares samples with held-out real ones.
        dataset: For a sheet of real samples beside the generated ones.
        recipe: Sample counts and seeds are read from it.
        samples: Real samples seen.
        console: Where to print the table.
    """
    model = keep_best(run, dataset, recipe)
    log = plain(console)
    verdict = _evaluated(run, samples)
    if verdict is None:
        log("evaluating the best generator ...")
        verdict = evaluate_model(model, evaluator, recipe)
        run.save_quality(verdict.to_json())
        run.note(evaluated=samples)
    draw(run, model, dataset, recipe)
    report = write_report(run.path)
    console.print(result_table(verdict, f"{recipe.name} after {samples:,} samples"))
    log(f"report    {report}\nsheet     {run.sheet_file}\ngenerator {run.generator_file}")
    return verdict


def _evaluated(run: Run, samples: int) -> EvaluationResult | None:
    """Return the result of an interrupted :func:`finish` after so many samples, if there is one."""
    if run.manifest().get("evaluated") != samples or not run.quality_file.is_file():
        return None
    try:
        return EvaluationResult.from_json(run.quality())
    except (GansmithError, LookupError, TypeError, AttributeError):
        return None


def evaluate_model(model: GeneratorModel, evaluator: Evaluator, recipe: Recipe) -> EvaluationResult:
    """Evaluate as many samples as the recipe states, against the labels they are conditioned on."""
    config = recipe.evaluation
    samples = model.sample(config.samples, seed=config.seed)
    asked = _conditions(model, evaluator.dataset, config.samples, config.seed)
    return evaluator.full(samples, labels=asked, seeds={"latents": config.seed})


def _conditions(
    model: GeneratorModel, dataset: Dataset, count: int, seed: int
) -> NDArray[np.int64] | None:
    """Return the labels int64 [count] that samples were conditioned on, or None."""
    labels = model.codec.condition_labels(dataset, count, seed)
    if labels is not None:
        return labels
    classes = model.classes(count, seed)
    return None if classes is None else classes.numpy()


def draw(run: Run, model: GeneratorModel, dataset: Dataset, recipe: Recipe) -> None:
    """Draw the sheets, the animation and the curves."""
    run.save_picture(run.sheet_file, contact_sheet(model, recipe.training.seed))
    run.save_picture(run.real_sheet_file, real_sheet(model, dataset), generated=False)
    write_excerpts(run, model, dataset, recipe.training.seed)
    pictures = run.frame_images()
    if pictures:
        run.save_output(run.animation_file, animation_bytes(pictures, run.animation_file.suffix))
    titles = RunHistory.read(run.path).manifest.loss_titles
    curves = curves_png(list(run.events()), titles)
    run.save_output(run.curves_file, curves, generated=False)


def real_sheet(model: GeneratorModel, dataset: Dataset, count: int = 128) -> Image.Image:
    """Draw held-out real samples; one row a class where the generated sheet has them."""
    draw = MEDIA[dataset.medium].draw
    if dataset.pictures is not None and draw is not None:
        return draw(dataset, dataset.held_out_indices, count)[0]
    indices = np.random.default_rng(0).permutation(dataset.held_out_indices)
    classes, columns, chosen = len(model.label_names), None, indices[:count]
    if 2 <= classes <= 16 and dataset.labels is not None:
        columns = row_length(count, classes)
        rows = [indices[dataset.labels[indices] == label][:columns] for label in range(classes)]
        columns = min(len(row) for row in rows) or None
        chosen = np.concatenate([row[:columns] for row in rows])
        named = {"row_names": model.label_names} if columns else {}
        return model.codec.sheet(dataset.samples[chosen], columns=columns, **named)
    return model.codec.sheet(dataset.samples[chosen], columns=columns)
