"""Diagnose a run: its state, its quality, what is wrong and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gansmith.report.diagnosis import diagnose_run, render


@dataclass(frozen=True)
class RunDiagnosis:
    """Diagnosis of a run.

    Attributes:
        run: The run folder.
        lines: The diagnosis as text, line by line; commands stand on lines of their own.
        problems: What is wrong and was not corrected, one line each; empty where nothing is.
    """

    run: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for `json.dumps`."""
        return asdict(self)


def diagnose(run: str | Path) -> RunDiagnosis:
    """Diagnose a run that is training, stopped or finished.

    Where its health was monitored, `health.png` is drawn in the run.

    Args:
        run: A run folder.

    Raises:
        GansmithError: The folder is not a run, or a file in it is damaged.
    """
    found = diagnose_run(Path(run))
    return RunDiagnosis(str(run), tuple(render(found)), tuple(found.problems))
