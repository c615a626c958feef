from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gansmith.consent import Consent, plain_record, require_consent
from gansmith.errors import GansmithError

BOTH = """
ada: {who: Ada Example, basis: written consent, date: 2026-01-31, note: for a class}
chen: {who: Chen Example, basis: myself, date: "2026-02-01"}
"""
SIDES = ("ada", "chen")


def write(folder: Path, text: str) -> Path:
    path = folder / "consent.yaml"
    path.write_text(text, "utf-8")
    return path


def test_each_folder_has_its_record(tmp_path: Path) -> None:
    record = require_consent(SIDES, write(tmp_path, BOTH))
    assert record["ada"] == Consent(
        who="Ada Example", basis="written consent", date=date(2026, 1, 31), note="for a class"
    )
    assert str(record["chen"]) == "Chen Example (myself, 2026-02-01)"
    assert require_consent(SIDES, kept=plain_record(record)) == record


def test_one_record_serves_all_folders(tmp_path: Path) -> None:
    path = write(tmp_path, "who: the author\nbasis: own drawings\ndate: 2026-01-31\n")
    record = require_consent(SIDES, path)
    assert record["ada"] == record["chen"] and record["ada"].basis == "own drawings"


TOMORROW = datetime.now(UTC).date() + timedelta(days=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ada: {who: Ada, basis: myself, date: 2026-01-31}", "no consent for 'chen': add chen:"),
        ("- ada", "is no consent record"),
        ("who: Ada\ndate: 2026-01-31", r"ada is damaged \(basis: field required\): write"),
        ("who: Ada\nbasis: myself\ndate: soon", r"\(date: "),
        (f"who: Ada\nbasis: myself\ndate: {TOMORROW}", "is in the future"),
        ("who: Ada\nbasis: ''\ndate: 2026-01-31", r"\(basis: "),
        ("{", "not valid YAML"),
    ],
)
def test_an_incomplete_record_is_refused_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(GansmithError, match=message) as caught:
        require_consent(SIDES, write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_without_a_record_the_line_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"--consent FILE.yaml .*ada: {who: NAME, basis"):
        require_consent(SIDES)
    with pytest.raises(GansmithError, match=r"absent\.yaml"):
        require_consent(SIDES, tmp_path / "absent.yaml")


def test_on_a_terminal_it_is_asked_for() -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return ("Ada Example", "myself", "2026-01-31")[(len(asked) - 1) % 3]

    record = require_consent(SIDES, ask=ask)
    assert record["chen"] == Consent(who="Ada Example", basis="myself", date=date(2026, 1, 31))
    assert len(asked) == 6 and "'ada'" in asked[0] and "'chen'" in asked[3]
