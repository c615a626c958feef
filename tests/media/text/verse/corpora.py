"""Tang quatrains, where they lie beside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

POEMS = Path(__file__).resolve().parents[4] / "../shared/data/poems"


def tang(length: int) -> list[str]:
    """Quatrains with lines of that length, joined by line feeds."""
    file = POEMS / f"tang-quatrains-{length}.jsonl"
    if not file.is_file():
        pytest.skip("the poems are not there: shared/data/poems beside the repository")
    rows = file.read_text(encoding="utf-8").splitlines()
    return ["\n".join(json.loads(row)["lines"]) for row in rows]
