"""The project's Markdown pages, as the tests read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_GIVEN = re.compile(r"^<!-- given: (.*) -->$", re.MULTILINE)
_HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: The word after the fence.
        text: What stands between the fences.
        line: Number of its first line in the page.
    """

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """A Markdown file of the project."""

    path: Path

    @property
    def name(self) -> str:
        """Its path below the root of the project."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text("utf-8")

    @property
    def prose(self) -> str:
        """It without fenced blocks and inline code."""
        return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", self.text))

    def blocks(self) -> Iterator[Block]:
        """Its fenced blocks, in order."""
        for found in _FENCE.finditer(self.text):
            line = self.text.count("\n", 0, found.start(2)) + 1
            yield Block(found[1], found[2], line)

    def given(self) -> list[str]:
        """What must be there before its commands make sense: `<!-- given: sprites -->`."""
        return [name for found in _GIVEN.findall(self.text) for name in found.split(", ")]

    def headings(self) -> list[tuple[int, str]]:
        """Level and text of its headings."""
        return [(len(marks), text) for marks, text in _HEADING.findall(_FENCE.sub("", self.text))]

    def anchors(self) -> set[str]:
        """What `#...` may point to: headings in lower case, words joined by hyphens."""
        texts = (re.sub(r"[^\w\- ]", "", text.lower()) for _, text in self.headings())
        return {text.replace(" ", "-") for text in texts}

    def links(self) -> list[str]:
        """Targets of its links and pictures."""
        return [a or b for a, b in _LINK.findall(self.prose)]


def pages() -> list[Page]:
    """All pages of the project."""
    return [Page(path) for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])]


def page(name: str) -> Page:
    """One page, by its path below the root."""
    return Page(ROOT / name)
