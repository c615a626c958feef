"""What happens after the last step: the best generator, the judgement, the pictures, the report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from gansmith.console import plain
from gansmith.data.dataset import Dataset
from gansmith.drawing.animation import animation_bytes
from gansmith.evaluation.evaluator import EvaluationResult, Evaluator
from gansmith.media.captions.codec import CaptionCodec, example_labels
from gansmith.medium import MEDIA
from gansmith.model import Model, contact_sheet, draw_examples, row_length
from gansmith.recipe import Recipe
from gansmith.report.curves import curves_png
from gansmith.report.metric_formatting import result_table
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.tasks.model_selection import keep_best
from gansmith.tasks.sample_gallery import write_excerpts


def finish(
    run: Run, evaluator: Evaluator, dataset: Dataset, recipe: Recipe, samples: int, console: Console
) -> EvaluationResult:
    """Keep the best generator, judge it, draw everything and write the report.

    Args:
        run: The run that has just used up its budget.
        judge: Holds the reference.
        dataset: For a sheet of real samples beside the generated ones.
        recipe: Sample counts and seeds are read from it.
        samples: Real samples seen.
        console: Where the table is printed.
    """
    model = keep_best(run, dataset, recipe)
    log = plain(console)
    log("judging the best generator ...")
    verdict = judge_model(model, evaluator, recipe)
    run.save_quality(verdict.to_json())
    draw(run, model, dataset, recipe)
    report = write_report(run.path)
    console.print(result_table(verdict, f"{recipe.name} after {samples:,} samples"))
    log(f"report    {report}\nsheet     {run.sheet_file}\ngenerator {run.generator_file}")
    return verdict


def judge_model(model: Model, evaluator: Evaluator, recipe: Recipe) -> EvaluationResult:
    """Judge as many samples as the recipe says, with the labels that were asked for."""
    config = recipe.evaluation
    samples = model.sample(config.samples, seed=config.seed)
    asked = _asked(model, evaluator.dataset, config.samples, config.seed)
    return evaluator.full(samples, labels=asked, seeds={"latents": config.seed})


def _asked(model: Model, dataset: Dataset, count: int, seed: int) -> NDArray[np.int64] | None:
    """Numbers of the classes, or of captions of the pictures, that samples were asked for by."""
    if isinstance(model.codec, CaptionCodec):
        examples = example_labels(dataset)
        asked: NDArray[np.int64] = examples[draw_examples(len(examples), count, seed).numpy()]
        return asked
    classes = model.classes(count, seed)
    return None if classes is None else classes.numpy()


def draw(run: Run, model: Model, dataset: Dataset, recipe: Recipe) -> None:
    """Draw the sheets, the film and the curves."""
    run.save_picture(run.sheet_file, contact_sheet(model, recipe.training.seed))
    run.save_picture(run.real_sheet_file, real_sheet(model, dataset), generated=False)
    write_excerpts(run, model, dataset, recipe.training.seed)
    pictures = run.frame_images()
    if pictures:
        run.save_output(run.animation_file, animation_bytes(pictures, run.animation_file.suffix))
    run.save_output(run.curves_file, curves_png(list(run.events())), generated=False)


def real_sheet(model: Model, dataset: Dataset, count: int = 128) -> Image.Image:
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
    return model.codec.sheet(dataset.samples[chosen], columns=columns)
