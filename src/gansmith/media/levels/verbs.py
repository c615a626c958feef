"""Commands for files of levels."""

from __future__ import annotations

from pathlib import Path

from gansmith.verbs import GENERATIONS, VERBS, Generation, Option, Verb

SOLVE = VERBS.register("solve")(
    Verb(
        name="solve",
        function="gansmith.media.levels.solving:solve",
        help="Solve levels of games from any editor, and prove that they can or cannot be won.",
        takes="files",
        options=(
            Option("legend", Path, "What the symbols are; by default legend.yaml beside a file."),
            Option("layer", str, "Name of the layer, in files of Tiled and LDtk."),
            Option("seconds", float, "Time for each level.", default=10.0, minimum=0),
            Option("out", Path, "Folder for pictures with the solution drawn, and solutions.json."),
        ),
    )
)

LEVEL_GENERATION = GENERATIONS.register("levels")(
    Generation(
        function="",
        delivers="gansmith.media.levels.delivery:deliver",
        title="Levels",
        options=(
            Option("seconds", float, "Time for the solver, a level.", minimum=0),
            Option(
                "size", str, "Rows x columns, such as 20x400, where it is not that of the data."
            ),
            Option(
                "want",
                str,
                "Measures to search for: 'length=30 density=0.5' or difficulty; repeatable.",
                repeatable=True,
            ),
            Option("repair", str, "on or off: change the fewest tiles that make a level solvable."),
            Option("into", Path, "Map of Tiled or project of LDtk of your own to write into."),
        ),
    )
)

ARCHIVE = VERBS.register("archive")(
    Verb(
        name="archive",
        function="gansmith.media.levels.archiving:write_archive",
        help="Search a run for the best level of each pair of values of two measures.",
        options=(
            Option(
                "measures",
                str,
                "Two of length, density, difficulty, jumps, ...; with ranges 'density=0..0.6'.",
                default="density length",
            ),
            Option("quality", str, "Measure that is higher for better levels.", "difficulty"),
            Option("evaluations", int, "Levels that are tried.", default=5000, minimum=1),
            Option("seed", int, "Seed of the search.", default=0, minimum=0),
            Option("out", Path, "Folder of the page and of the levels."),
        ),
        logs=True,
    )
)

REPAIR = VERBS.register("repair")(
    Verb(
        name="repair",
        function="gansmith.media.levels.repairing:repair_files",
        help="Repair levels of games with few edits, so that they can be won.",
        takes="files",
        options=(
            Option("legend", Path, "What the symbols are; by default legend.yaml beside a file."),
            Option("layer", str, "Name of the layer, in files of Tiled and LDtk."),
            Option(
                "lock",
                str,
                "Cells that stay: '3,4 1-5,2-9', columns and rows from 1; repeatable.",
                repeatable=True,
            ),
            Option(
                "count",
                str,
                "Wanted counts: 'box=3 key=1..2', by symbol or role; repeatable.",
                repeatable=True,
            ),
            Option("border", str, "Symbol that all cells at the edge get."),
            Option("seconds", float, "Time for each level.", default=10.0, minimum=0),
            Option("seed", int, "Seed of the search.", default=0, minimum=0),
            Option("out", Path, "Folder for copies, pictures of the edits, and repairs.json."),
        ),
    )
)
