"""The commands attack, harden and scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gansmith.cli.options import MOST_SEED, Data, Json, RunArgument, Settings, console
from gansmith.cli.robustness import (
    LabelsOption,
    TargetArgument,
    ValueRange,
    labelled_data,
    opened_classifier,
)
from gansmith.cli.training import train
from gansmith.console import PlainConsole, plain
from gansmith.errors import GansmithError

Images = Annotated[int, typer.Option("--images", min=1, help="Held-out images at most.")]
Oracle = Annotated[
    str | None,
    typer.Option(
        "--oracle", metavar="CLASSIFIER", help="Independent classifier that says what is right."
    ),
]
ClassifierSeed = Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Of everything.")]
OVERVIEW = ("attack.json", "sheet.png")


def attack(
    target: TargetArgument,
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="Labelled images: name or path."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="noise, fgsm, pgd, apgd-ce, apgd-t, square, advgan, universal, patch or "
            "unrestricted.",
        ),
    ] = "apgd-t",
    eps: Annotated[
        float | None, typer.Option("--eps", help="Size of perturbations; values are in [0, 1].")
    ] = None,
    norm: Annotated[str, typer.Option("--norm", help="Linf or L2.")] = "Linf",
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Output folder.")] = None,
    aim: Annotated[
        str | None,
        typer.Option("--target", metavar="LABEL", help="Label to be read as, instead of any."),
    ] = None,
    images: Images = 200,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Of training, or of the search.")
    ] = None,
    black_box: Annotated[
        bool, typer.Option("--black-box", help="AdvGAN by distillation: it sees answers only.")
    ] = False,
    area: Annotated[
        float, typer.Option("--area", help="Share of the image that a patch covers.")
    ] = 0.1,
    generator: Annotated[
        Path | None,
        typer.Option("--generator", metavar="RUN", help="Run whose latents are searched."),
    ] = None,
    oracle: Oracle = None,
    seed: ClassifierSeed = 0,
    labels: LabelsOption = None,
    value_range: ValueRange = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Attack a classifier, and save the pictures, a sheet and the figures."""
    from gansmith.outputs import Provenance
    from gansmith.robustness.attack_folder import save_attack
    from gansmith.robustness.attacking import AttackOptions
    from gansmith.robustness.attacking import attack as run
    from gansmith.robustness.patch import Scene
    from gansmith.robustness.threat import Threat

    notices = plain(PlainConsole(stderr=True) if as_json else console)
    if method == "unrestricted":
        means = labels, value_range
        _unrestricted(target, generator, oracle, means, aim, out, images, steps, seed, as_json)
        return
    if data is None:
        raise GansmithError(f"attack '{method}' needs images: gansmith attack CLASSIFIER DATA")
    place = out or Path("attacks") / f"{Path(target).stem}-{method}"
    _require_free(place)
    threat = None if eps is None else Threat(eps, norm)  # type: ignore[arg-type]
    options = AttackOptions(
        images=images,
        steps=steps or 600,
        aim=aim,
        black_box=black_box,
        scene=Scene(area=area),
        seed=seed,
    )
    opened = opened_classifier(target, labels, value_range)
    dataset = labelled_data(data, settings, opened)
    found = run(opened, dataset, method, threat, options, log=notices)
    save_attack(found, place, Provenance(data=dataset.source, seed=seed))
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    for line in (*found.notes, found.summary, f"pictures, sheet and figures in {place}"):
        notices(line)


def _unrestricted(
    target: str,
    generator: Path | None,
    oracle: str | None,
    means: tuple[str | None, str | None],
    aim: str | None,
    out: Path | None,
    images: int,
    steps: int | None,
    seed: int,
    as_json: bool,
) -> None:
    from gansmith.model import load_generator
    from gansmith.registry import unknown
    from gansmith.robustness.attack_folder import save_readings
    from gansmith.robustness.result import Proportion
    from gansmith.robustness.unrestricted import search_latents
    from gansmith.run import provenance_of

    if generator is None or oracle is None:
        raise GansmithError(
            "attack 'unrestricted' searches a trained generator: add --generator RUN and --oracle "
            "CLASSIFIER, an independent classifier that says what its samples show"
        )
    if Path(oracle).resolve() == Path(target).resolve():
        raise GansmithError("the oracle is the target itself: give an independent classifier")
    place = out or Path("attacks") / f"{Path(target).stem}-unrestricted"
    _require_free(place)
    notices = plain(PlainConsole(stderr=True) if as_json else console)
    model = load_generator(generator)
    names = list(model.label_names)
    if aim is not None and aim not in names:
        raise unknown("label", aim, names)
    opened, judge = (opened_classifier(name, *means) for name in (target, oracle))
    found = search_latents(
        model,
        opened,
        judge,
        label=None if aim is None else names.index(aim),
        count=images,
        steps=steps or 60,
        seed=seed,
        log=notices,
    )
    share = Proportion(int(found.misread.sum()), images)
    facts: dict[str, object] = {
        "method": "unrestricted",
        "classifier": target,
        "oracle": oracle,
        "run": str(generator),
    }
    facts |= {"searches": images, "found": share.count, "share": share.share}
    save_readings(found, place, provenance_of(generator, seed), facts)
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    notices(
        f"unrestricted: {share} of {images} searches end in a sample that the oracle reads as "
        f"asked and {opened.name} does not; look at the sheet in {place}: the oracle may be wrong"
    )


def harden(
    recipe: Annotated[
        str, typer.Argument(help="harden-digits, harden for your own pictures, or a YAML file.")
    ],
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="RUN", help="Run folder.")] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Training time in minutes.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", help="Training length in images seen.")
    ] = None,
    eps: Annotated[
        float | None, typer.Option("--eps", help="Size to withstand (hardening.eps).")
    ] = None,
    norm: Annotated[str | None, typer.Option("--norm", help="Linf or L2 (hardening.norm).")] = None,
    settings: Settings = None,
) -> None:
    """Train a classifier that withstands attacks. Run the same command again to resume."""
    from gansmith.recipe import load_recipe

    short = {"hardening.eps": eps, "hardening.norm": norm}
    chosen = [f"{name}={value}" for name, value in short.items() if value is not None]
    chosen += settings or []
    task = load_recipe(recipe, chosen).task
    if task != "harden":
        raise GansmithError(
            f"recipe '{recipe}' is of task '{task}': use gansmith train, or a recipe of task harden"
        )
    train(
        recipe,
        data=None if data is None else [data],
        out=out,
        minutes=minutes,
        samples=samples,
        settings=chosen,
    )


def scan(
    run: RunArgument,
    target: Annotated[
        str, typer.Option("--classifier", metavar="CLASSIFIER", help="Classifier in question.")
    ],
    oracle: Oracle = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Number of samples.")] = 1000,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Output folder.")] = None,
    seed: ClassifierSeed = 0,
    labels: LabelsOption = None,
    value_range: ValueRange = None,
    as_json: Json = False,
) -> None:
    """Read a generator's samples: how many a classifier misreads, and how many are copies."""
    from gansmith.loading.open import open_dataset
    from gansmith.model import load_generator
    from gansmith.robustness.attack_folder import save_readings
    from gansmith.robustness.scan import scan as read
    from gansmith.run import Run, provenance_of

    place = out or run / "scan"
    _require_free(place)
    notices = plain(PlainConsole(stderr=True) if as_json else console)
    model = load_generator(run)
    opened = opened_classifier(target, labels, value_range)
    judge = None if oracle is None else opened_classifier(oracle, labels, value_range)
    dataset = open_dataset(Run(run).recipe().data, log=notices, medium=Run(run).recipe().medium)
    found = read(model, dataset, opened, judge, count=count, seed=seed)
    only = found.readings.target != found.readings.truth
    facts = found.to_json()
    save_readings(found.readings, place, provenance_of(run, seed), facts, lambda _: only)
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    reference = "the oracle" if judge is not None else "the label asked for"
    notices(
        f"{found.differs} of {count:,} samples are read otherwise than by {reference}; of held-out "
        f"real images {found.on_real}"
    )
    notices(f"{found.duplicates} are nearer to a training image than 99 of 100 held-out images are")
    notices(f"misread samples, sheet and figures in {place}")


def _require_free(place: Path) -> None:
    """Raise GansmithError where a folder of results cannot be written; long work comes before."""
    from gansmith.output_folder import prepare_output_dir

    prepare_output_dir(place, OVERVIEW)
