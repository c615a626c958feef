"""Write the measured tables of docs/experiments.md from the CSVs in `results/`.

    python benchmarks/tables.py

Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->` in each page with such a block.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from scipy.stats import t

from harness import read_rows
from text_tables import caption_lines, form_lines, gain_lines, texygen_lines

ROOT = Path(__file__).parent.parent
PAGES = ("docs/experiments.md",)
COLUMNS = ("frechet", "recall", "coverage", "precision", "density")
OPEN = "Not measured yet."
Rows = list[dict[str, str]]


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Write a mean with its 95 % interval (Student's t); of one or two seeds, their values."""
    mean = statistics.fmean(values)
    if len(values) < 3:
        return " / ".join(f"{value:.{digits}f}" for value in values)
    quantile = float(t.ppf(0.975, len(values) - 1))
    half = quantile * statistics.stdev(values) / len(values) ** 0.5
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
    cells = [spread([float(row[column]) for row in group]) for column in COLUMNS]
    return [title, _minutes(group), str(len(group)), *cells]


def plane() -> str:
    """Modes in the plane: each arm's mean over seeds, with its worst seed."""
    lines = []
    for (mixture, arm), group in grouped(read_rows("plane"), "mixture", "arm").items():
        modes = [int(row["modes"]) for row in group]
        whole = sum(found == int(group[0]["of"]) for found in modes)
        share, kl = ([float(row[name]) for row in group] for name in ("quality", "reverse_kl"))
        cells = [f"{statistics.fmean(modes):.1f}", f"{whole} of {len(group)}"]
        cells += [f"{100 * statistics.fmean(share):.1f} ({100 * min(share):.1f})"]
        cells += [f"{statistics.fmean(kl):.4f} ({max(kl):.4f})"]
        seconds = statistics.fmean(float(row["cpu_seconds"]) for row in group)
        lines.append([mixture, arm, *cells, f"{seconds:.0f}" if seconds else ""])
    head = ["set", "trained", "modes", "all found", "quality %", "reverse KL", "CPU s"]
    return markdown(head, lines)


def health() -> str:
    """Planted faults and healthy runs: what was said when, and what healing gained."""
    rows = read_rows("health")
    warned = {(r["name"], r["seed"]): r for r in rows if r["act"] == "warn"}
    healed = {(r["name"], r["seed"]): r for r in rows if r["act"] == "heal"}
    lines = []
    for key, row in warned.items():
        found = "yes" if row["found"] == "True" else "no"
        sick = row["healthy"] == "False"
        other = healed.get(key, {}).get("coverage", "")
        at = row["found_at"] if sick else ""
        said = row["said"].replace(" (warn)", "") or "nothing"
        lines.append([row["name"], row["seed"], found if sick else "healthy", at, said])
        lines[-1] += [f"{float(row['coverage']):.3f}", f"{float(other):.3f}" if other else ""]
    head = ["run", "seed", "found in time", "at", "said, at which share of the budget"]
    return markdown([*head, "coverage", "healed"], lines)


def textbook_health() -> str:
    """The textbook program, watched and healed."""
    lines = [
        [
            *(row["act"], row["seed"], f"{float(row['seconds']):.0f}", row["diagnoses"]),
            *(f"{float(row['coverage']):.3f}", f"{float(row['recall']):.3f}", row["frechet"]),
        ]
        for row in read_rows("textbook_health")
    ]
    head = ["act", "seed", "seconds", "said", "coverage", "recall", "frechet"]
    return markdown(head, lines)


def pictures(former: bool) -> str:
    """The staged game beside other pairs, with floors and the checker grid.

    Args:
        former: Only arms of former versions, which are named `staged, ...`; otherwise the others.
    """
    rows = [row for row in read_rows("pictures") if ("," in row["arm"]) == former]
    columns = (*PICTURES, "checker")
    lines = [
        [
            *(*told, str(len(group))),
            f"{statistics.fmean(float(row['seen']) for row in group):,.0f}",
            *(spread([float(row[c]) for row in group]) for c in columns),
        ]
        for told, group in grouped(rows, "data", "arm", "minutes").items()
    ]
    for (data,), group in grouped(rows, "data").items():
        floors = [spread([float(group[0][f"{column}_floor"])]) for column in PICTURES]
        lines.append([data, "real (floor)", "", "", "", *floors, group[0]["checker_real"]])
    return markdown(["data", "trained", "CPU minutes", "seeds", "samples seen", *columns], lines)


def spoken_digits() -> str:
    """Generators of spoken digits, and real clips as they are and after each chain."""
    columns = ("agreement", "score", "spread", "frechet", "copying_ratio", "noise_floor")
    rows = [row | {"budget": f"{float(row['minutes']):.0f}"} for row in read_rows("spoken_digits")]
    groups = grouped(rows, "arm", "budget", "loudness", "augmented", "temperature")
    waves = ("real through wavegan", "real through textbook-wave")  # samples as they are: real
    lines = [
        [
            arm if loudness else f"{arm}, as recorded",
            *(_minutes(group), augmented, temperature),
            *(spread([float(row[c]) for row in group]) for c in columns),
        ]
        for (arm, _, loudness, augmented, temperature), group in groups.items()
        if arm not in waves
    ]
    return markdown(["clips", "minutes", "augmented", "temperature", *columns], lines)


def spoken_digits_copies() -> str:
    """How near generated digits lie to held-out takes and to those that were trained on."""
    lines = []
    groups = grouped(read_rows("spoken_digits_copies"), *TRAINED, "taught")
    for told, group in groups.items():
        held_out, low, high, ratio, least, most = (
            [float(row[column]) for row in group]
            for column in ("held_out", "trained_low", "trained_high", *RATIO)
        )
        others = f"{100 * min(low):.1f} to {100 * max(high):.1f}"
        cells = [spread([100 * share for share in held_out], 1), others, spread(ratio)]
        lines.append([*told, *cells, f"{min(least):.3f} to {max(most):.3f}"])
    shares = ["% nearest to held-out", "to one of the nine"]
    head = [*TRAINED, "classifier taught by", *shares, "ratio", "widest interval"]
    return markdown(head, lines)


def spoken_digits_heard() -> str:
    """Shares that a recogniser of speech hears rightly, and what it hears of real clips."""
    lines = []
    groups = grouped(read_rows("spoken_digits_heard"), "loudness", *TRAINED)
    for (loudness, *told), group in groups.items():
        chain, real = (float(group[0][column]) for column in ("chain", "real"))  # know no seed
        heard = [float(row["generated"]) for row in group]
        cells = [spread(heard), spread([share / real for share in heard])]
        cells += [f"{chain:.3f}", f"{real:.3f}"]
        lines.append([*told, loudness or "as recorded", str(len(group)), *cells])
    head = [*TRAINED, "loudness", "seeds", "heard", "of real", "chain heard", "real heard"]
    return markdown(head, lines)


def _minutes(group: Rows) -> str:
    mean = statistics.fmean(float(row["minutes"]) for row in group)
    return f"{mean:.1f}" if mean else ""


def seeds_table(name: str, key: str, columns: Sequence[str], first: str = "trained") -> str:
    """Each arm's mean over seeds, with its interval."""
    lines = [
        [arm, str(len(group)), *(spread([float(row[c]) for row in group]) for c in columns)]
        for (arm,), group in grouped(read_rows(name), key).items()
    ]
    return markdown([first, "seeds", *columns], lines)


def grouped(rows: Rows, *keys: str) -> dict[tuple[str, ...], Rows]:
    """Rows by the values of some columns, in the order in which these come."""
    groups: dict[tuple[str, ...], Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups


def ratios(name: str) -> str:
    """The table of a paired timing."""
    (row,) = read_rows(name)
    skipped = {"cpu", "cores", "threads", "device", "torch", "gansmith", "date"}
    return markdown(["figure", "value"], [[k, v] for k, v in row.items() if k not in skipped])


ATTACKS = ("q25", "q50", "q50_low", "q50_high", "q75", "clipped")
RATIO = ("ratio", "ratio_low", "ratio_high")
TRAINED = ("minutes", "augmented", "temperature")
PICTURES = ("frechet", "recall", "coverage", "precision", "copying_ratio")
QUALITY = ("frechet", "recall", "coverage", "precision")


def archives() -> str:
    """Coverage of archives of levels against that of random ones."""
    lines = []
    for (generator,), group in grouped(read_rows("level_archive"), "generator").items():
        coverage, random = (
            spread([100 * float(row[name]) for row in group], 1)
            for name in ("coverage", "random_coverage")
        )
        ratio = spread([float(row["ratio"]) for row in group], 2)
        seconds = statistics.fmean(float(row["cpu_seconds"]) for row in group)
        lines.append([generator, str(len(group)), coverage, random, ratio, f"{seconds:.0f}"])
    return markdown(["generator", "seeds", "covered %", "random %", "ratio", "CPU s"], lines)


TABLES: dict[str, Callable[[], str]] = {
    "digits_quality": quality,
    "plane": plane,
    "health": health,
    "textbook_health": textbook_health,
    "small_data": lambda: seeds_table("small_data", "arm", (*QUALITY, "copying_ratio")),
    "objectives": lambda: seeds_table("objectives", "arm", QUALITY),
    "pictures": partial(pictures, False),
    "pictures_former": partial(pictures, True),
    "spoken_digits": spoken_digits,
    "spoken_digits_copies": spoken_digits_copies,
    "spoken_digits_heard": spoken_digits_heard,
    "drums": lambda: seeds_table("drums", "side", ATTACKS, "hits"),
    "loops": lambda: seeds_table("loops", "side", ("jump", "change", "change_high"), "clips"),
    "notes": lambda: seeds_table("notes", "side", ("asked", "other", "cents"), "clips"),
    "text_gain": lambda: markdown(*gain_lines(spread)),
    "quatrains": lambda: markdown(*form_lines(spread)),
    "texygen_table": lambda: markdown(*texygen_lines()),
    "emoji_captions": lambda: markdown(*caption_lines(spread)),
    "level_archive": archives,
    "stacked": lambda: seeds_table("stacked", "arm", ("modes", "kl")),
    **{
        n: partial(ratios, n) for n in ("textbook_speed", "overhead", "monitor_cost", "sound_speed")
    },
}
"""By the names of their files in `results/`, and of their marks in the pages."""


def _filled(table: str, found: re.Match[str]) -> str:
    return f"{found[1]}\n{table}\n\n{found[2]}"


def main() -> None:
    tables = {
        name: table() if read_rows(name.removesuffix("_former")) else OPEN
        for name, table in TABLES.items()
    }
    for page in (ROOT / name for name in PAGES):
        if not page.exists():
            continue
        text = page.read_text("utf-8")
        for name, table in tables.items():
            block = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            text = block.sub(partial(_filled, table), text)
        page.write_text(text, "utf-8")
        print(page)


if __name__ == "__main__":
    main()
