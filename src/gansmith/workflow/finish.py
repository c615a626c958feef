"""What happens after the last step: the best generator, the judgement, the pictures, the report."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from rich.console import Console

from gansmith.data.dataset import Dataset
from gansmith.evaluation.curves import curves_png
from gansmith.evaluation.judge import Judge, Verdict
from gansmith.evaluation.report import write_report
from gansmith.media.film import write_film
from gansmith.model import (
    Model,
    contact_sheet,
    rebuild,
    row_length,
    run_blueprint,
    save_model,
)
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.sampling import generate_samples
from gansmith.workflow.tables import plain, verdict_table

CLIPS = 12


def finish(
    run: Run, judge: Judge, dataset: Dataset, recipe: Recipe, samples: int, console: Console
) -> Verdict:
    """Keep the best generator, judge it, draw everything and write the report.

    Args:
        run: The run that has just used up its budget.
        judge: Holds the reference.
        dataset: For a sheet of real samples beside the generated ones.
        recipe: Sample counts and seeds are read from it.
        samples: Real samples seen.
        console: Where the table is printed.
    """
    model = keep_best(run)
    say = plain(console)
    say("judging the best generator ...")
    verdict = judge_model(model, judge, recipe)
    run.save_quality(verdict.to_json())
    draw(run, model, dataset, recipe)
    report = write_report(run.path)
    console.print(verdict_table(verdict, f"{recipe.name} after {samples:,} samples"))
    say(f"report    {report}\nsheet     {run.sheet_file}\ngenerator {run.generator_file}")
    return verdict


def keep_best(run: Run) -> Model:
    """Write the generator of the best checkpoint (or the last) as `generator.safetensors`."""
    state = run.load_checkpoint("best") or run.load_checkpoint("last")
    assert state is not None
    blueprint = run_blueprint(run)
    save_model(run, blueprint, state["average"])
    run.note(best_samples=state["clock"]["samples"])
    return rebuild(blueprint, state["average"])


def judge_model(model: Model, judge: Judge, recipe: Recipe) -> Verdict:
    """Judge as many samples as the recipe says, with the labels that were asked for."""
    config = recipe.evaluation
    samples = model.sample(config.samples, seed=config.seed)
    labels = model.labels(config.samples, config.seed)
    asked = None if labels is None else labels.numpy()
    return judge.full(samples, labels=asked, seeds={"latents": config.seed})


def draw(run: Run, model: Model, dataset: Dataset, recipe: Recipe) -> None:
    """Draw the sheets, the film and the curves."""
    run.save_picture(run.sheet_file, contact_sheet(model, recipe.training.seed))
    run.save_picture(run.real_sheet_file, real_sheet(model, dataset))
    if model.medium.heard:
        write_clips(run, model, dataset, recipe.training.seed)
    frames = run.frames()
    if frames:
        pictures = [Image.open(frame).convert("RGB") for frame in frames]
        write_film(pictures, run.film_file)
    curves_png(list(run.events()), run.curves_file)


def write_clips(run: Run, model: Model, dataset: Dataset, seed: int) -> None:
    """Write a few generated and real samples to be heard, asked for by the same labels."""
    classes, labels, held_out = len(model.label_names), None, dataset.held_out_indices
    real = held_out[:CLIPS]
    if classes and dataset.labels is not None:
        labels = torch.arange(CLIPS) * max(1, classes // CLIPS) % classes
        of = dataset.labels[held_out]
        turns = ((k, i // classes) for i, k in enumerate(labels.tolist()))
        real = np.concatenate([held_out[of == k][turn : turn + 1] for k, turn in turns])
    made = generate_samples(model.generator, model.medium, model.latents(CLIPS, seed), labels)
    told = None if labels is None or dataset.labels is None else dataset.labels[real]
    for kind, samples, shown in (
        ("generated", made, None if labels is None else labels.numpy()),
        ("real", dataset.samples[real], told),
    ):
        names = [f"{index:02d}" for index in range(len(samples))]
        if shown is not None:
            names = [f"{n} {model.label_names[k]}" for n, k in zip(names, shown, strict=True)]
        names = [name.replace("/", "_") for name in names]
        model.medium.write(samples, run.clips_dir / kind, names, "flac")


def real_sheet(model: Model, dataset: Dataset, count: int = 128) -> Image.Image:
    """Draw held-out real samples; one row a class where the generated sheet has them."""
    indices = np.random.default_rng(0).permutation(dataset.held_out_indices)
    classes, columns, chosen = len(model.label_names), None, indices[:count]
    if 2 <= classes <= 16 and dataset.labels is not None:
        columns = row_length(count, classes)
        rows = [indices[dataset.labels[indices] == label][:columns] for label in range(classes)]
        columns = min(len(row) for row in rows) or None
        chosen = np.concatenate([row[:columns] for row in rows])
    return model.medium.sheet(dataset.samples[chosen], columns=columns)
