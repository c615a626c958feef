"""Inspection of texts: what is there, what is wrong with it, and what samples it will give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gansmith.counting import pluralize
from gansmith.data import inspection
from gansmith.data.collection import Collection
from gansmith.media.text.folder import TextFolder
from gansmith.media.text.near_duplicates import compared, find_near_duplicates
from gansmith.media.text.preparation import PreparedTexts
from gansmith.media.text.scripts import han_forms, scripts, words
from gansmith.recipe import DataConfig

DRAWN, SHOWN = 5, 200
"""Texts that are shown as examples, and characters shown of each."""


@dataclass(frozen=True)
class TextInspection(inspection.Inspected):
    """What `inspect_texts` found.

    Attributes:
        texts: Number of different texts.
        files: Number of readable files.
        ignored: Number of other files.
        empty: Number of empty texts, which are left out.
        duplicates: Number of copies, which are left out.
        cleaned: Number of texts with terminal codes, and with invisible characters, all removed.
        characters: Minimum, median and maximum length of a text.
        alphabet: Number of different characters.
        words: Minimum, median and maximum number of words; every Chinese character and Kana counts.
        vocabulary: Number of different words.
        scripts: Letters and emoji of each script.
        simplified: Chinese characters that only simplified writing uses.
        traditional: Chinese characters that only traditional writing uses.
        labels: Texts of each label.
        unreadable: Place and reason of files and records that cannot be read.
        drawn: Example texts, as they will be trained on.
        plan: Settings of the samples: unit, separator, field, longest, labels, held_out.
        samples: Number of samples.
        cut: Number of texts that are truncated because they are too long.
        titles_cut: Number of these whose title alone is truncated.
        notes: How the headers of tables were understood, where that was a guess.
        near_duplicates: Held-out texts that are nearly equal to a training text, and that text.
        compared: Number of texts that were compared for `near_duplicates`.
        training: Number of training samples.
        held_out: Number of held-out samples.
    """

    texts: int
    files: int
    ignored: int
    empty: int
    duplicates: int
    cleaned: tuple[int, int]
    characters: tuple[int, int, int]
    alphabet: int
    words: tuple[int, int, int]
    vocabulary: int
    scripts: dict[str, int]
    simplified: int
    traditional: int
    labels: dict[str, int]
    unreadable: list[tuple[str, str]]
    drawn: list[str]
    plan: dict[str, Any]
    samples: int
    cut: int
    titles_cut: int
    notes: list[str]
    near_duplicates: list[tuple[str, str]]
    compared: int
    training: int
    held_out: int

    def found(self) -> Iterable[tuple[str, str]]:
        """Yield properties of the texts, and what is wrong with them."""
        yield (
            "texts",
            f"{self.texts:,} in {pluralize(self.files, 'file')} "
            f"({pluralize(self.ignored, 'other file')} ignored)",
        )
        yield "left out", f"{self.duplicates:,} repeated, {self.empty:,} empty"
        codes, invisible = self.cleaned
        yield (
            "cleaned",
            f"{pluralize(codes, 'text')} of terminal codes (colours), "
            f"{invisible:,} of invisible characters",
        )
        yield "characters", f"{inspection.span(self.characters, ',')}; {self.alphabet:,} different"
        yield "words", f"{inspection.span(self.words, ',')}; {self.vocabulary:,} different"
        yield "scripts", self._scripts()
        yield inspection.label_row(self.labels)
        yield inspection.unreadable_row(self.unreadable)
        for number, text in enumerate(self.drawn):
            yield "" if number else "examples", _in_one_line(text)

    def planned(self) -> Iterable[tuple[str, str]]:
        """Yield the decisions of the plan."""
        field, separator = self.plan["field"], self.plan.get("separator")
        unit = self.plan["unit"] + (f" between lines of {separator!r}" if separator else "")
        column = f" (column {field})" if field else ""
        yield "samples", f"{self.samples:,} of up to {self.plan['longest']:,} characters"
        yield "a text is", f"a {unit}{column}"
        for note in self.notes[: inspection.SHOWN]:
            yield "header", note
        whole = f"; of {self.titles_cut:,} the title alone" if self.titles_cut else ""
        yield "truncated", f"{self.cut:,} longer texts, where a sentence or a word ends{whole}"
        official = self.plan["held_out"] == "official"
        yield inspection.split_row(self.training, self.held_out, official)
        among = f" among {self.compared:,} compared" if self.compared < self.samples else ""
        pairs = (f"{_in_one_line(a)} ~ {_in_one_line(b)}" for a, b in self.near_duplicates[:3])
        yield (
            "near copies",
            f"{len(self.near_duplicates):,} held-out texts nearly equal to a training text{among}"
            + inspection.examples(pairs),
        )

    def _scripts(self) -> str:
        total = sum(self.scripts.values())
        shares = [f"{name} {count / total:.1%}" for name, count in self.scripts.items()]
        if han := self.scripts.get("Han"):
            shares.append(
                f"of Han {self.traditional / han:.1%} traditional only, "
                f"{self.simplified / han:.1%} simplified only"
            )
        return ", ".join(shares) or "none"


def inspect_texts(folder: Collection, config: DataConfig) -> TextInspection:
    """Inspect a collection of texts.

    Args:
        folder: The texts, of type :class:`TextFolder`.
        config: How they become samples.
    """
    assert isinstance(folder, TextFolder)
    prepared = PreparedTexts(folder, config)
    held_out = prepared.held_out()
    chosen = np.random.default_rng(0).permutation(len(prepared))[:DRAWN]
    at = compared(prepared.texts)
    pairs = find_near_duplicates([prepared.texts[index] for index in at], held_out[at])
    return TextInspection(
        name=folder.name,
        source=folder.source,
        licence=folder.licence,
        texts=len(folder.texts),
        files=len(folder.names),
        ignored=folder.ignored,
        empty=folder.empty,
        duplicates=folder.duplicates + prepared.merged,
        cleaned=folder.cleaned,
        **_writing(folder.texts),
        labels=inspection.label_counts(prepared.labels()),
        unreadable=list(folder.faults),
        drawn=[prepared.texts[index] for index in chosen],
        plan=prepared.settings(),
        samples=len(prepared),
        cut=prepared.cut,
        titles_cut=prepared.titles_cut,
        notes=folder.notes,
        near_duplicates=[(prepared.texts[at[a]], prepared.texts[at[b]]) for a, b in pairs],
        compared=len(at),
        training=int((~held_out).sum()),
        held_out=int(held_out.sum()),
    )


def _writing(texts: list[str]) -> dict[str, Any]:
    """Return statistics of characters, words and scripts."""
    signs, vocabulary, counts = Counter("".join(texts)), set[str](), []
    for text in texts:
        found = words(text)
        vocabulary.update(found)
        counts.append(len(found))
    simplified, traditional = han_forms(signs)
    return {
        "characters": inspection.spread([len(text) for text in texts]),
        "alphabet": len(signs),
        "words": inspection.spread(counts),
        "vocabulary": len(vocabulary),
        "scripts": scripts(signs),
        "simplified": simplified,
        "traditional": traditional,
    }


def _in_one_line(text: str) -> str:
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."
    return shown.replace("\n", " / ")
