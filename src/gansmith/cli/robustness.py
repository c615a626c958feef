"""The commands classifier and robustness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from gansmith.cli.options import Json, Settings, console
from gansmith.console import PlainConsole, plain
from gansmith.errors import GansmithError

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset

DataArgument = Annotated[str, typer.Argument(metavar="DATA", help="Labelled images: name or path.")]


def classifier(
    data: DataArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the classifier.")],
    network: Annotated[str, typer.Option("--network", help="conv or resnet.")] = "conv",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights and order.")] = 0,
    settings: Settings = None,
) -> None:
    """Train a small classifier of labelled images."""
    from gansmith.recipe import NetworkConfig
    from gansmith.robustness.train import TrainingOptions, save_classifier, train_classifier

    if (out / "model.safetensors").exists():
        raise GansmithError(f"{out} holds a model: choose another folder with --out")
    dataset = _dataset(data, settings)
    log = plain(console)
    trained = train_classifier(
        dataset, NetworkConfig(name=network), TrainingOptions.checked(seed=seed), log
    )
    save_classifier(trained, out)
    facts = trained.facts
    log(
        f"classifier in {out}: {facts.accuracy:.1%} of {facts.held_out:,} held-out images are right"
    )


def robustness(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CLASSIFIER",
            help="Folder of `gansmith classifier`, FILE.onnx, or FILE.pt2 or FILE.py:FUNCTION, "
            "which run code.",
        ),
    ],
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
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all attacks.")] = 0,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Measure the accuracy of a classifier under attacks, and check that the result is reliable."""
    from gansmith.robustness.ladder import Evaluation
    from gansmith.robustness.ladder import robustness as measure
    from gansmith.robustness.opening import open_classifier

    if norm not in ("Linf", "L2"):
        raise GansmithError(f"--norm is '{norm}': it takes Linf or L2")
    notices = PlainConsole(stderr=True) if as_json else console
    dataset = _dataset(data, settings)
    opened = [
        None if name is None else open_classifier(name, runs_code=True)
        for name in (target, surrogate)
    ]
    assert opened[0] is not None
    found: Evaluation = measure(
        opened[0],
        dataset,
        eps,
        norm,  # type: ignore[arg-type]
        images=images,
        seed=seed,
        surrogate=opened[1],
        log=plain(notices),
    )
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        table = Table("attack", "sees", "accuracy (95 % interval)", "seconds")
        for outcome in found.outcomes:
            row = (str(outcome.accuracy), f"{outcome.seconds:.1f}")
            table.add_row(outcome.name, outcome.access, *row)
        table.add_row("worst case of each image", "", str(found.worst), "")
        console.print(table)
        plain(console)(found.verdict)
    if not found.reliable:
        raise typer.Exit(1)


def _dataset(data: str, settings: list[str] | None) -> Dataset:
    from gansmith.loading.open import open_dataset
    from gansmith.recipe import load_recipe

    recipe = load_recipe("pictures", [f"data.source={data}", *(settings or ())])
    return open_dataset(recipe.data, log=plain(PlainConsole(stderr=True)))
