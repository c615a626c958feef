"""Write the measured tables of README and docs from the CSVs in `results/`.

    python benchmarks/tables.py

Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->` in each page with such a block.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from harness import read_rows

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "README.zh-CN.md", "docs/results.md")
COLUMNS = ("frechet", "recall", "coverage", "precision", "density")
Rows = list[dict[str, str]]


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Write a mean with its 95 % interval (Student's t); of one or two seeds, their values."""
    mean = statistics.fmean(values)
    if len(values) < 3:
        return " / ".join(f"{value:.{digits}f}" for value in values)
    t = {3: 4.30, 4: 3.18, 5: 2.78}[len(values)]
    half = t * statistics.stdev(values) / len(values) ** 0.5
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Lay a table out in Markdown."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *lines))


def quality() -> str:
    """The table of recipes against the textbook program."""
    rows = read_rows("digits_quality")
    groups: dict[tuple[str, str], Rows] = {}
    for row in rows:
        epochs = f", {float(row['epochs']):.0f} epochs" if row["name"].startswith("text") else ""
        groups.setdefault((row["name"] + epochs, epochs), []).append(row)
    lines = [_quality_line(title, group) for (title, _), group in groups.items()]
    floor = [spread([float(rows[0][f"{column}_floor"])]) for column in COLUMNS]
    lines.append(["real training pictures (floor)", "", "", *floor])
    return markdown(["trained", "minutes", "seeds", *COLUMNS], lines)


def _quality_line(title: str, group: Rows) -> list[str]:
    minutes = statistics.fmean(float(row["minutes"]) for row in group)
    cells = [spread([float(row[column]) for row in group]) for column in COLUMNS]
    return [title, f"{minutes:.1f}" if minutes else "", str(len(group)), *cells]


def ratios(name: str) -> str:
    """The table of a paired timing."""
    (row,) = read_rows(name)
    skipped = {"cpu", "cores", "threads", "torch", "gansmith", "date"}
    return markdown(["figure", "value"], [[k, v] for k, v in row.items() if k not in skipped])


def main() -> None:
    tables = {"quality": quality()}
    tables |= {name: ratios(name) for name in ("textbook_speed", "overhead")}
    for page in (ROOT / name for name in PAGES):
        if not page.exists():
            continue
        text = page.read_text("utf-8")
        for name, table in tables.items():
            block = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            text = block.sub(lambda found, t=table: f"{found[1]}\n{t}\n\n{found[2]}", text)
        page.write_text(text, "utf-8")
        print(page)


if __name__ == "__main__":
    main()
