"""The commands classifier and robustness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gansmith.cli.options import MOST_SEED, Json, Settings, console
from gansmith.console import PlainConsole, plain
from gansmith.errors import GansmithError
from gansmith.log import silent
from gansmith.storage.atomic import require_writable

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset
    from gansmith.robustness.classifier import Classifier

TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="CLASSIFIER",
        help="Folder of `gansmith classifier` or `harden`, FILE.onnx, or FILE.pt2 or "
        "FILE.py:FUNCTION, which run code.",
    ),
]
LabelsOption = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="A,B,...|FILE",
        help="Names of the outputs of a classifier in a file, in their order; by default that of "
        "the labels of the data.",
    ),
]
ValueRange = Annotated[
    str | None,
    typer.Option(
        "--value-range",
        metavar="LOW..HIGH",
        help="What black and white are to a classifier in a file, such as -1..1; by default 0..1.",
    ),
]
DataArgument = Annotated[str, typer.Argument(metavar="DATA", help="Labelled images: name or path.")]


def classifier(
    data: DataArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the classifier.")],
    network: Annotated[str, typer.Option("--network", help="conv or resnet.")] = "conv",
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Times that each image is seen.")
    ] = None,
    augment: Annotated[
        bool,
        typer.Option("--augment", help="Turn, move, scale and light images; where there are few."),
    ] = False,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=MOST_SEED, help="Of weights and order.")
    ] = 0,
    settings: Settings = None,
) -> None:
    """Train a small classifier of labelled images."""
    from gansmith.recipe import NetworkConfig
    from gansmith.robustness.train import TrainingOptions, save_classifier, train_classifier

    if (out / "model.safetensors").exists():
        raise GansmithError(f"{out} holds a model: choose another folder with --out")
    require_writable(out, folder=True)
    dataset = labelled_data(data, settings)
    log = plain(console)
    trained = train_classifier(
        dataset,
        NetworkConfig(name=network),
        TrainingOptions.checked(epochs=epochs, augment=augment, seed=seed),
        log,
    )
    save_classifier(trained, out)
    facts = trained.facts
    log(
        f"classifier in {out}: {facts.accuracy:.1%} of {facts.held_out:,} held-out images are right"
    )


def robustness(
    target: TargetArgument,
    data: DataArgument,
    eps: Annotated[
        float, typer.Option("--eps", min=0, help="Size of perturbations; values are in [0, 1].")
    ],
    norm: Annotated[str, typer.Option("--norm", help="Linf or L2.")] = "Linf",
    images: Annotated[int, typer.Option("--images", min=10, help="Images at most.")] = 1000,
    surrogate: Annotated[
        str | None,
        typer.Option("--surrogate", help="Classifier whose gradients the attacks follow."),
    ] = None,
    advgan: Annotated[
        int, typer.Option("--advgan", min=0, help="Steps of training of AdvGAN; 0: without it.")
    ] = 400,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Report to write.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Of all attacks.")] = 0,
    labels: LabelsOption = None,
    value_range: ValueRange = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Measure the accuracy of a classifier under attacks, and check that the result is reliable."""
    from gansmith.outputs import Provenance
    from gansmith.robustness.ladder import AdvGANBudget
    from gansmith.robustness.ladder import robustness as measure
    from gansmith.robustness.page import (
        embedded,
        evaluation_table,
        fooled_sheet,
        write_robustness_page,
    )
    from gansmith.robustness.result import Evaluation

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise GansmithError(f"--out {out.name} is a report: name it FILE.html")
    if out is not None:
        require_writable(out)
    if norm not in ("Linf", "L2"):
        raise GansmithError(f"--norm is '{norm}': it takes Linf or L2")
    notices = PlainConsole(stderr=True) if as_json else console
    opened = opened_classifier(target, labels, value_range)
    followed = None if surrogate is None else opened_classifier(surrogate, labels, value_range)
    dataset = labelled_data(data, settings, opened)
    found: Evaluation = measure(
        opened,
        dataset,
        eps,
        norm,  # type: ignore[arg-type]
        images=images,
        seed=seed,
        surrogate=followed,
        advgan=AdvGANBudget(steps=advgan) if advgan else None,
        log=plain(notices),
    )
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        console.print(evaluation_table(found))
        for line in (*found.notes, found.verdict):
            plain(console)(line)
    if out is not None:
        write_robustness_page(
            found,
            embedded(fooled_sheet(found, dataset)),
            out,
            Provenance(data=dataset.source, seed=seed, generated=False),
        )
        plain(notices)(f"report {out}")
    if not found.reliable:
        raise typer.Exit(1)


def opened_classifier(target: str, labels: str | None, value_range: str | None) -> Classifier:
    """Open a classifier that a command names, with what its options say of those in files.

    A folder of gansmith knows its labels and values, so the options do not count for it.
    """
    from gansmith.robustness.opening import open_classifier, parse_labels
    from gansmith.schema import parse_range

    names = parse_labels(labels)
    try:
        values = parse_range(value_range) if value_range is not None else (0.0, 1.0)
    except ValueError:
        values = None
    if values is None:
        raise GansmithError(f"--value-range takes LOW..HIGH, such as -1..1, not {value_range}")
    if Path(target).expanduser().is_dir():
        return open_classifier(target, runs_code=True)
    return open_classifier(target, labels=names, value_range=values, runs_code=True)


def labelled_data(
    data: str, settings: list[str] | None, classifier: Classifier | None = None
) -> Dataset:
    """Open the images that a command names, by the settings of the recipe `pictures`.

    Size and mode are those that a classifier takes, unless the settings say otherwise.
    """
    from gansmith.loading.open import open_dataset
    from gansmith.recipe import load_recipe

    log = plain(PlainConsole(stderr=True))
    chosen = [f"data.source={data}", *(settings or ())]
    dataset = open_dataset(load_recipe("pictures", chosen).data, log=log)
    if classifier is None or dataset.medium != "image":
        return dataset
    from gansmith.robustness.classifier import settings_for

    height, width, channels = dataset.samples.shape[1:]
    needed = settings_for(classifier, (3 if channels > 2 else 1, height, width))
    given = {setting.partition("=")[0] for setting in chosen}
    needed = [setting for setting in needed if setting.partition("=")[0] not in given]
    if not needed:
        return dataset
    log(f"images are opened as {classifier.name} takes them: {', '.join(needed)}")
    return open_dataset(load_recipe("pictures", [*chosen, *needed]).data, log=silent)
