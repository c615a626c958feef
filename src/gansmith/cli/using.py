"""The commands that use a trained run: generate, interpolate, invert, apply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from gansmith.cli.options import (
    Format,
    Label,
    Normalise,
    RunArgument,
    Seed,
    Tempo,
    Truncation,
    add_options,
    console,
)
from gansmith.cli.provenance import AiLabel, NoMark, NoProvenance, marking_of
from gansmith.verbs import GENERATIONS, Option


def generate(
    run: RunArgument,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Number of samples.")] = 64,
    seed: Seed = 0,
    label: Label = None,
    truncation: Truncation = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR|FILE",
            help="Folder, FILE.npz (array), FILE.png (sheet); for texts also FILE.txt, FILE.jsonl; "
            "with -n 1 the file of one sample, such as kick.wav.",
        ),
    ] = None,
    format_: Format = None,
    tempo: Tempo = None,
    normalise: Normalise = None,
    index: Annotated[
        str | None,
        typer.Option(
            "--index",
            metavar="N,N-N",
            help="Numbers of samples of the seed, such as 3,7,10-12, instead of the first -n.",
        ),
    ] = None,
    names: Annotated[
        bool,
        typer.Option("--names", help="Write number and class below each sample of a sheet."),
    ] = False,
    no_provenance: NoProvenance = False,
    no_mark: NoMark = False,
    ai_label: AiLabel = False,
    **options: Any,
) -> None:
    """Generate samples: single files, an array, a sheet, or one file of texts."""
    from gansmith.tasks.generate import generate as write_samples

    write_samples(
        run,
        count,
        seed=seed,
        label=label,
        truncation=truncation,
        out=out,
        format_=format_,
        tempo=tempo,
        normalise=normalise,
        index=index,
        names=names,
        log=console.print,
        marking=marking_of(no_provenance, no_mark, ai_label),
        **options,
    )


def _generation_options() -> Iterator[tuple[Option, str]]:
    """Yield the options of all media, each once, with the heading of its group."""
    known: set[str] = set()
    for generation in map(GENERATIONS.__getitem__, GENERATIONS):
        for option in generation.options:
            if option.name not in known:
                yield option, generation.title
            known.add(option.name)


generate = add_options(generate, _generation_options())


def interpolate(
    run: RunArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE|DIR", help=".webp or .gif; .wav or .flac for sound; or a folder."
        ),
    ],
    frames: Annotated[int, typer.Option("--frames", min=2, help="Number of steps.")] = 120,
    seed: Seed = 0,
    label: Label = None,
    truncation: Truncation = None,
    start: Annotated[
        int | None,
        typer.Option("--from", min=0, help="Seed of the sample to begin with; needs --to."),
    ] = None,
    end: Annotated[
        int | None, typer.Option("--to", min=0, help="Seed of the sample to end with.")
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(
            "--index",
            metavar="N,N",
            help="Numbers of samples of --seed to pass, in order, such as 3,7,12.",
        ),
    ] = None,
    grid: Annotated[
        int | None,
        typer.Option(
            "--grid", min=2, max=64, help="Number of interpolations side by side in an animation."
        ),
    ] = None,
    format_: Format = None,
    tempo: Tempo = None,
    normalise: Normalise = None,
    no_provenance: NoProvenance = False,
    no_mark: NoMark = False,
    ai_label: AiLabel = False,
) -> None:
    """Interpolate between samples: an animation, one continuous sound, or one file per step."""
    from gansmith.tasks.generate import interpolate as write_interpolation

    place = write_interpolation(
        run,
        out,
        frames=frames,
        seed=seed,
        label=label,
        format_=format_,
        tempo=tempo,
        normalise=normalise,
        truncation=truncation,
        start=start,
        end=end,
        index=index,
        grid=grid,
        marking=marking_of(no_provenance, no_mark, ai_label),
    )
    console.print(f"{frames} steps in {place}")


def invert(
    run: RunArgument,
    like: Annotated[Path, typer.Argument(metavar="FILE", help="An image or a sound.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Number of variations.")] = 8,
    spread: Annotated[
        float,
        typer.Option("--spread", help="How much variations differ, above 0 and at most 1."),
    ] = 0.4,
    seed: Seed = 0,
    label: Label = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Output folder.")] = None,
    format_: Format = None,
    no_provenance: NoProvenance = False,
    no_mark: NoMark = False,
    ai_label: AiLabel = False,
) -> None:
    """Find the latent closest to a file (GAN inversion) and generate variations."""
    from gansmith.tasks.invert import invert as find_and_vary

    place, found = find_and_vary(
        run,
        like,
        count,
        spread=spread,
        seed=seed,
        label=label,
        out=out,
        format_=format_,
        marking=marking_of(no_provenance, no_mark, ai_label),
    )
    console.print(
        f"{count} variations in {place}; the closest sample is at {found.distance:.0%} of the "
        "distance of random samples"
    )


def apply(
    run: RunArgument,
    inputs: Annotated[
        list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Pictures of any size.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR|FILE",
            help="Folder, or FILE.png for one picture; by default RUN/applied. With expressions "
            "also a film, FILE.webp or FILE.gif.",
        ),
    ] = None,
    strength: Annotated[
        float,
        typer.Option("--strength", min=0, max=1, help="From the input, 0, to the translation, 1."),
    ] = 1.0,
    expression: Annotated[
        list[str] | None,
        typer.Option(
            "--expression",
            metavar="NAME=N",
            help="Expression and its strength, -1 to 1, such as smile=0.7; may be repeated.",
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="NAME", help="Domain to translate to, or person that faces become."
        ),
    ] = None,
    strip: Annotated[
        int | None,
        typer.Option(
            "--strip", metavar="N", help="Strips of N pictures, from the input to --strength."
        ),
    ] = None,
    face: Annotated[
        str, typer.Option("--face", help="Faces: the largest of a picture, or all.")
    ] = "largest",
    frames: Annotated[
        bool, typer.Option("--frames", help="Face swap: files are frames of a film, in order.")
    ] = False,
    label: Annotated[
        bool, typer.Option("--label/--no-label", help="Faces: a visible label on results.")
    ] = True,
    no_provenance: NoProvenance = False,
    no_mark: NoMark = False,
    ai_label: AiLabel = False,
) -> None:
    """Translate pictures by a trained run, each in its own size: style, face swap, expressions."""
    from gansmith.console import plain
    from gansmith.data.expressions import parse_strengths
    from gansmith.tasks.apply import apply as write_results

    wanted = None if expression is None else parse_strengths(expression)
    place = write_results(
        run,
        inputs,
        out,
        strength=strength,
        expression=wanted,
        strip=strip,
        to=to,
        face=face,
        frames=frames,
        label=label,
        log=plain(console),
        marking=marking_of(no_provenance, no_mark, ai_label),
    )
    plain(console)(f"written to {place}")
