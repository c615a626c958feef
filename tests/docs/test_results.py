"""The measured tables of docs/experiments.md are those of the rows in benchmarks/results/."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.docs.pages import ROOT, page


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("tables")


def test_every_table_is_as_measured(tables: Any) -> None:
    text = page("docs/experiments.md").text
    written: Mapping[str, str] = dict(re.findall(r"<!-- (\w+) -->\n(.*?)<!-- /\1 -->", text, re.S))
    assert set(written) == set(tables.TABLES)
    for name, table in tables.TABLES.items():
        assert written[name].strip() == table().strip(), (
            f"run: python benchmarks/tables.py ({name})"
        )
