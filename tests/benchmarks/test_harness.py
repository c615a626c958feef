from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import load


def test_rows_that_are_measured_again_replace_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = load("harness")
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    keys = ("arm", "seed")
    harness.renew_rows("a", [{"arm": "floor", "value": 1}], ("arm",))
    for value in (2, 3):
        rows = [
            {"arm": arm, "seed": seed, "value": value} for arm, seed in (("truth", None), ("b", 0))
        ]
        harness.renew_rows("a", rows, keys)
    found = [(row["arm"], row["seed"], row["value"]) for row in harness.read_rows("a")]
    assert found == [("floor", "", "1"), ("truth", "", "3"), ("b", "0", "3")]


def test_rows_with_other_columns_lose_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = load("harness")
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    harness.renew_rows("a", [{"arm": "labelled", "agreement": 0.9}], ("arm",))
    harness.renew_rows("a", [{"arm": "plain", "value": 1}], ("arm",))
    labelled, plain = harness.read_rows("a")
    assert (labelled["agreement"], labelled["value"]) == ("0.9", "")
    assert (plain["agreement"], plain["value"]) == ("", "1")
    assert list(plain)[:2] == ["arm", "value"]
