"""Run folders as the health monitor leaves them: looks, diagnoses, modes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tests.report.run_folders import edit_json, events, make_run, write_events

MODES = [str(digit) for digit in range(10)]
FLOORS = {"coverage": 0.92, "precision": 0.94, "vendi": 46.0, "twins": 0.02, "copying": 1.01}
STEADY = "objective.name=relativistic objective.gamma.start=1 objective.gamma.end=1"


def make_watched_run(
    path: Path, *diagnoses: dict[str, Any], watched: int = 10, **options: Any
) -> Path:
    """Write a finished run with some looks at ten digits, and what the monitor said."""
    training = {"samples": 100_000, "batch": 64}
    run = make_run(path, **({"training": training} | options))
    facts = {"modes": MODES, "shares": [0.1] * len(MODES), "floors": FLOORS}
    edit_json(run / "manifest.json", health=facts, stopped=False)
    write_events(run, [*events(), *looks(watched), *diagnoses])
    return run


def looks(count: int = 10, lost: int = 7, since: float = 0.5) -> list[dict[str, Any]]:
    """Looks over 100,000 samples and 100 s; one digit is lost from some moment on."""
    return [look(i / count, lost if i / count > since else None) for i in range(1, count + 1)]


def look(progress: float, lost: int | None = None) -> dict[str, Any]:
    counts = [50 + (7 * digit) % 5 for digit in range(10)]
    if lost is not None:
        counts[lost] = 0
    return {
        **clock("health", progress),
        "coverage": round(0.85 * (1 - math.exp(-4 * progress)), 4),
        "precision": 0.8,
        "vendi": round(4 + 38 * (1 - math.exp(-5 * progress)), 3),
        "twins": round(0.4 * math.exp(-8 * progress), 4),
        "copying": 1.2 - 0.1 * progress,
        "copies": 0.01,
        "moved": round(0.4 * math.exp(-2 * progress), 4),
        "seen": 0.5 + 0.4 * progress,
        "unseen": 0.5 - 0.2 * progress,
        "spread": 1.0,
        "counts": counts,
        "monitor_seconds": 0.12,
    }


def diagnosis(name: str, progress: float, action: str = "warn", **more: str) -> dict[str, Any]:
    event = clock("diagnosis", progress) | {"diagnosis": name, "action": action}
    details = {"level": "warning", "text": f"{name} in figures.", "settings": STEADY, "modes": ""}
    return event | details | more


def clock(event: str, progress: float) -> dict[str, Any]:
    done = {"samples": round(100_000 * progress), "seconds": 100 * progress}
    return {"event": event, **done, "progress": progress}
