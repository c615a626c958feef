"""The record of the medium `text`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gansmith.log import LogFn
from gansmith.media.text import features  # noqa: F401  registers the extractors of texts
from gansmith.media.text.codec import TextCodec
from gansmith.media.text.datasets.texts import TEXT_SETS
from gansmith.media.text.files import SUFFIXES, is_text
from gansmith.media.text.folder import TextFolder
from gansmith.media.text.inspect import inspect_texts
from gansmith.media.text.options import TextConfig, TextOptions
from gansmith.media.text.quality import METRICS, measure
from gansmith.media.text.selection import CHOICE
from gansmith.media.text.verbs import TEXT_GENERATION
from gansmith.medium import CERTAIN, MEDIA, PLAUSIBLE, Listing, Medium
from gansmith.recipe import DataConfig


def claims(listing: Listing) -> float:
    """Claim a file of texts, and a folder with too many texts for captions or notes.

    Texts must be at least a third of all files, and more than twice as many as samples of other
    media.
    """
    texts = sum(map(is_text, listing.files))
    if not listing.folder:
        return CERTAIN if texts else 0.0
    many = texts > 2 * listing.count_others("text") and 3 * texts >= len(listing.files)
    return PLAUSIBLE if many else 0.0


def collect(path: Path, config: DataConfig, log: LogFn) -> TextFolder:
    """Read a file of texts, or all texts of a folder."""
    return TextFolder(path, config, log=log)


def _describe(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> str:
    return f"texts of up to {shape[2]:,} tokens"


TEXT = Medium(
    name="text",
    codec=TextCodec,
    kind="texts",
    reads="texts as .txt, .md, .json, .jsonl, .csv or .tsv",
    suffixes=SUFFIXES,
    options=TextOptions,
    sections={"text": TextConfig},
    claims=claims,
    collect=collect,
    inspect=inspect_texts,
    datasets=TEXT_SETS,
    extractor=lambda dataset: "reading",
    metrics=METRICS,
    measure=measure,
    showcase="text",
    sheets=False,
    describe=_describe,
    choice=CHOICE,
    generation=TEXT_GENERATION,
)
MEDIA.register(TEXT.name)(TEXT)
