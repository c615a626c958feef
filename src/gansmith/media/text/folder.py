"""Texts as a collection: lines, paragraphs, files, or rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gansmith.data.collection import Collection, Prepared, combined_digest
from gansmith.data.labels import folder_labels
from gansmith.data.scan import find_files, readable
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.text.code_points import copy_key, hidden, normalise, split_title
from gansmith.media.text.files import TextFiles, is_text, read_files
from gansmith.media.text.options import TextOptions
from gansmith.media.text.preparation import PreparedTexts, different
from gansmith.media.text.tables import Row
from gansmith.media.text.verse.forms import form_labels
from gansmith.recipe import DataConfig
from gansmith.storage.file_facts import Facts
from gansmith.storage.reading import shorten

_TAKES = ".txt, .md, .json, .jsonl, .csv or .tsv files there"

MOST_NOTES = 5
"""Notes that are logged."""


class TextFolder(Collection):
    """The different texts in the files of a folder and its sub-folders, or in one file.

    Texts are normalised and empty ones removed. Of copies, which may differ in case or invisible
    characters, the first is kept, or the first that its publisher holds out.

    Args:
        root: The folder, or the file.
        config: `unit`, `separator`, `field`, `title`, `form` and `labels` count here.
        log: Takes warnings of files and records that cannot be read, one line each.

    Attributes:
        texts: Every different text, in the order of the files.
        titled: Whether each text begins with a title.
        numbers: Index in `names` of the file of each text.
        names: Relative path of every readable file.
        official: Whether the publisher holds out each text; counts with `official_split`.
        labels: One label for each text, or None; for a verse form its name or "free".
        unit: What a text is in plain files, or "record".
        separator: What separates texts in plain files, if anything does.
        field: The column that was read, if there is one.
        notes: How the headers of tables were understood, where that was a guess.
        empty: Number of empty texts.
        duplicates: Number of copies.
        cleaned: Number of texts from which terminal codes were removed, and number of those from
            which invisible characters were.
        merged_copies: Some copies differ in invisible characters, not only in case.

    Raises:
        GansmithError: No file can be read, there are fewer than two texts, or some have no label.
    """

    kind = "texts"
    medium = "text"

    def __init__(self, root: Path, config: DataConfig, *, log: LogFn = silent) -> None:
        self.root, files = (root, find_files(root)) if root.is_dir() else (root.parent, [root.name])
        self.name = root.resolve().name if root.is_dir() else root.stem
        self.source = f"{'folder' if root.is_dir() else 'file'} {root.resolve()}"
        chosen = [name for name in files if is_text(name)]
        self.ignored = len(files) - len(chosen)
        found = read_files(self.root, chosen, config.of(TextOptions))
        if not root.is_dir() and found.faults:
            raise GansmithError(f"{root} cannot be read: {found.faults[root.name]}")
        self.faults = _faults(found, self.root, log)
        self.names, self.unit, self.field = list(found.files), found.unit, found.field
        self.separator = found.separator
        self.notes = [f"{name}: {file.note}" for name, file in found.files.items() if file.note]
        for note in self.notes[:MOST_NOTES]:
            log(note)
        self._gather(found, config)
        sums = [file.sha256 for file in found.files.values()]
        self.content = combined_digest([*self.names, *sums, *(self.labels or ())])

    def held_out_file(self, name: str) -> bool:
        """Return whether the publisher holds out a file; for sets with `official_split`."""
        return False

    def prepare(self, config: DataConfig) -> Prepared:
        """Truncate the texts to one maximum length."""
        return PreparedTexts(self, config)

    def _gather(self, found: TextFiles, config: DataConfig) -> None:
        """Keep the different texts, with their labels and the indices of their files."""
        rows = [row for file in found.files.values() for row in file.rows]
        numbers = [n for n, file in enumerate(found.files.values()) for _ in file.rows]
        self.cleaned = _cleaned(rows)
        texts = [normalise(row.text) for row in rows]
        official = [self.held_out_file(name) for name in self.names]
        kept = different(texts, [official[number] for number in numbers])
        self.texts = [texts[index] for index in kept]
        self.titled = [bool(rows[i].title and split_title(texts[i])[0]) for i in kept]
        self.numbers = [numbers[index] for index in kept]
        self.official = [official[number] for number in self.numbers]
        self.empty = texts.count("")
        kinds = {text.casefold() for text in texts}
        self.merged_copies = len(set(map(copy_key, kinds))) < len(kinds)
        self.duplicates = len(texts) - self.empty - len(kept)
        self._require_several()
        self.labels = self._find_labels([rows[index].label for index in kept], config)

    def _find_labels(self, own: Sequence[str | None], config: DataConfig) -> list[str] | None:
        """Return labels by form, from the tables, or else from the folder; None without any."""
        form = config.of(TextOptions).form
        if form is not None:
            return form_labels(self.texts, form)
        if not config.labels:
            return None
        by_file = folder_labels(self.root, self.names) if len(self.names) > 1 else None
        labels = [
            label or (by_file[number] if by_file else None)
            for label, number in zip(own, self.numbers, strict=True)
        ]
        there = [label for label in labels if label is not None]
        if there and len(there) < len(labels):
            raise GansmithError(
                f"{self.source} has no label for {len(labels) - len(there):,} of {len(labels):,} "
                f"texts (first: {shorten(self.texts[labels.index(None)], 40)!r}); add them, or "
                "leave labels out with --set data.labels=false"
            )
        return there if len(set(there)) > 1 else None

    def _require_several(self) -> None:
        if not self.texts:
            raise GansmithError(f"{self.source} is empty: there is no text in it")
        if len(self.texts) == 1:
            notes = [f"{self.duplicates:,} copies left out"] if self.duplicates else []
            notes += [f"{place} {reason}" for place, reason in self.faults[:1]]
            beside = f" ({'; '.join(notes)})" if notes else ""
            raise GansmithError(
                f"{self.source} gives one text of {len(self.texts[0]):,} characters{beside}, and "
                "one does not train: put each text on a line of its own, or set how they are "
                "separated with --set data.unit=line (or paragraph, or file) or data.separator"
            )


def _cleaned(rows: Sequence[Row]) -> tuple[int, int]:
    """Count texts with terminal codes, and texts with invisible characters."""
    found = [
        hidden(row.text) for row in rows if not (row.text.isascii() and row.text.isprintable())
    ]
    return sum(one.codes for one in found), sum(one.invisible for one in found)


def _faults(found: TextFiles, root: Path, log: LogFn) -> list[tuple[str, str]]:
    """List files that cannot be read, and records of others; log the first of them."""
    records: dict[str, Facts] = {name: {"facts": {}} for name in found.files}
    records |= {name: {"fault": reason} for name, reason in found.faults.items()}
    for name, file in found.files.items():
        records |= {f"{name}, line {line:,}": {"fault": reason} for line, reason in file.faults}
    return readable(records, root, "text", _TAKES, log)[1]
