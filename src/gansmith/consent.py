"""Consent records: who agreed that their face is changed, on what basis, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from datetime import date as Day
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gansmith.errors import GansmithError
from gansmith.storage.reading import read_yaml, validated

FIELDS = ("who", "basis", "date")
EXAMPLE = "{who: NAME, basis: written consent, date: 2026-01-31}"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


def _not_in_future(day: Day) -> Day:
    if day > datetime.now(UTC).date():
        raise ValueError(f"{day} is in the future")
    return day


class Consent(BaseModel):
    """Consent for the pictures of one folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: Text = Field(description="the people shown, or who made the drawings")
    basis: Text = Field(description="such as `written consent`, `myself` or `own drawings`")
    date: Annotated[Day, AfterValidator(_not_in_future)] = Field(description="day of the consent")
    note: Annotated[str, StringConstraints(max_length=2_000)] = ""

    def __str__(self) -> str:
        text = f"{self.who} ({self.basis}, {self.date})"
        return f"{text}: {self.note}" if self.note else text


Record = dict[str, Consent]
"""Consent by name of the folder that it is for."""


def require_consent(
    sides: Sequence[str],
    file: str | Path | None = None,
    *,
    kept: Mapping[str, Any] | None = None,
    ask: Callable[[str], str] | None = None,
) -> Record:
    """Return the consent record of folders that show faces.

    It comes from the file, else from an earlier session of the same run, else from questions.

    Args:
        sides: Names of the folders.
        file: YAML: `who`, `basis`, `date` and perhaps `note`, for all folders together or for each
            one under its name.
        kept: Record of the run that goes on, as plain values.
        ask: Called with a question on a terminal, returns the answer; None where nobody can
            answer.

    Raises:
        GansmithError: There is no record, or it lacks a folder or a field.
    """
    if file is not None:
        return read_consent(file, sides)
    if kept and set(sides) <= set(kept):
        return {side: validated(kept[side], Consent, "the consent record") for side in sides}
    if ask is None:
        entries = ", ".join(f"{side}: {EXAMPLE}" for side in sides)
        raise GansmithError(
            "changing faces takes the consent of those shown: give --consent FILE.yaml that says "
            f"{{{entries}}}; for pictures of nobody, basis: own drawings"
        )
    return {side: _asked(side, ask) for side in sides}


def read_consent(file: str | Path, sides: Sequence[str]) -> Record:
    """Read the consent record of folders; see :func:`require_consent`."""
    path = Path(file).expanduser()
    found = read_yaml(path, remedy="correct it")
    if not isinstance(found, dict):
        raise GansmithError(f"{path} is no consent record: write SIDE: {EXAMPLE}")
    if not set(found).isdisjoint(FIELDS):
        found = dict.fromkeys(sides, found)
    for side in sides:
        if side not in found:
            raise GansmithError(f"{path} has no consent for '{side}': add {side}: {EXAMPLE}")
    return {
        side: validated(found[side], Consent, f"{path}: {side}", remedy=_REMEDY) for side in sides
    }


def plain_record(record: Mapping[str, Consent]) -> dict[str, dict[str, str]]:
    """Return a record as plain values, for a manifest or a file's metadata."""
    return {side: consent.model_dump(mode="json") for side, consent in record.items()}


_REMEDY = f"write {EXAMPLE}"


def _asked(side: str, ask: Callable[[str], str]) -> Consent:
    answers = {
        "who": ask(f"Who is shown in '{side}', or made the drawings?"),
        "basis": ask("On what basis (written consent, myself, own drawings)?"),
        "date": ask("Date of the consent (YYYY-MM-DD)?"),
    }
    return validated(answers, Consent, f"the consent for '{side}'", remedy=_REMEDY)
