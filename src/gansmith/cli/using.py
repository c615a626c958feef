"""The commands that use a trained run: samples, walks, variations, kits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gansmith.cli.options import Format, Label, RunArgument, Seed, console

TEXTS = "Texts"
"""Heading of the options that only generators of texts take."""


def generate(
    run: RunArgument,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many samples.")] = 64,
    seed: Seed = 0,
    label: Label = None,
    truncation: Annotated[
        float | None,
        typer.Option("--truncation", help="Largest latent in standard deviations, such as 1."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR|FILE",
            help="Folder, FILE.npz (array), FILE.png (sheet), or of texts FILE.txt or FILE.jsonl.",
        ),
    ] = None,
    format_: Format = None,
    tempo: Annotated[
        float | None, typer.Option("--tempo", help="Beats a minute, of loops; pitch stays.")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", help="Below 1 more typical.", rich_help_panel=TEXTS),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option("--top-p", help="Share of likely tokens to draw from.", rich_help_panel=TEXTS),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option("--title", help="Title of the texts.", rich_help_panel=TEXTS),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", help="Beginning of every text.", rich_help_panel=TEXTS),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option("--max-length", help="Most tokens of a text.", rich_help_panel=TEXTS),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--form",
            help="Verse that is kept: quatrain-5, quatrain-7, haiku, couplet.",
            rich_help_panel=TEXTS,
        ),
    ] = None,
    best_of: Annotated[
        int | None,
        typer.Option("--best-of", help="Candidates for each text.", rich_help_panel=TEXTS),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture", help="Picture to caption, or a folder of them.", rich_help_panel=TEXTS
        ),
    ] = None,
) -> None:
    """Make samples: single files, one array, one sheet, or one file of texts."""
    from gansmith.media.text.generate import TextGenerationConfig
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
        wish=TextGenerationConfig(
            temperature, top_p, title, prompt, max_length, form, best_of, picture
        ),
        log=console.print,
    )


def interpolate(
    run: RunArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE|DIR", help=".webp or .gif; .wav or .flac for sound; or a folder."
        ),
    ],
    frames: Annotated[int, typer.Option("--frames", min=2, help="Steps of the walk.")] = 120,
    seed: Seed = 0,
    label: Label = None,
) -> None:
    """Walk from sample to sample: a film, one continuous sound, or a file a step."""
    from gansmith.tasks.generate import interpolate as write_interpolation

    place = write_interpolation(run, out, frames=frames, seed=seed, label=label)
    console.print(f"{frames} steps in {place}")


def similar(
    run: RunArgument,
    like: Annotated[Path, typer.Argument(metavar="FILE", help="A picture or a sound.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Variations.")] = 8,
    spread: Annotated[
        float, typer.Option("--spread", help="How far variations go, up to 1.")
    ] = 0.4,
    seed: Seed = 0,
    label: Label = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder.")] = None,
    format_: Format = None,
) -> None:
    """More like this: find the sample that comes nearest to a file, and vary around it."""
    from gansmith.tasks.invert import similar as find_similar

    place, found = find_similar(
        run, like, count, spread=spread, seed=seed, label=label, out=out, format_=format_
    )
    console.print(
        f"{count} variations in {place}; the nearest is at {found.distance:.0%} of the distance "
        "that samples have by chance"
    )


def kit(
    run: RunArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the kit.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Sounds a class.")] = 8,
    seed: Seed = 0,
    format_: Format = "wav",
) -> None:
    """Write one-shots by class and an .sfz that loads in samplers."""
    from gansmith.media.audio.sampler_kit import kit as write_kit

    console.print(f"kit in {write_kit(run, count, seed=seed, out=out, format_=format_ or 'wav')}")
