from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.dataset import Dataset
from gansmith.data.expressions import (
    by_expression,
    numbered,
    parse_strengths,
    read_expressions,
    strengths_of,
)
from gansmith.data.labels import folder_labels
from gansmith.errors import GansmithError


def dataset(names: tuple[str, ...], each: int = 10) -> Dataset:
    count = each * len(names)
    return Dataset(
        medium="image",
        name="faces",
        samples=np.zeros((count, 4, 4, 1), np.uint8),
        labels=np.arange(count) % len(names),
        label_names=names,
        held_out=np.zeros(count, np.bool_),
        fingerprint="faces",
        source="made by the tests",
        licence="CC0",
    )


def test_labels_become_vectors_of_strengths() -> None:
    given = dataset(("calm", "open=0.30", "smile", "smile=0.50+open=0.25", "smile=0.00"))
    found = read_expressions(given, "calm")
    assert found.names == ("open", "smile")
    expected = [[0, 0], [0.3, 0], [0, 1], [0.25, 0.5], [0, 0]]
    assert np.allclose(found.table, expected)
    assert numbered(found.table).tolist() == [0, 1, 2, 2, 0]
    plain = by_expression(given, found, "calm")
    assert plain.label_names == ("calm", "open", "smile")


def test_what_has_no_neutral_or_too_few_samples_is_refused() -> None:
    with pytest.raises(GansmithError, match=r"no label 'neutral'.*expressions\.neutral=calm"):
        read_expressions(dataset(("calm", "smile")), "neutral")
    with pytest.raises(GansmithError, match=r"too few pictures.*smile 3, neutral 3"):
        read_expressions(dataset(("neutral", "smile"), each=3), "neutral")
    with pytest.raises(GansmithError, match="no expression beside"):
        read_expressions(dataset(("neutral",)), "neutral")
    with pytest.raises(GansmithError, match=r"no labels.*sub-folder"):
        read_expressions(replace(dataset(("a",)), labels=None, label_names=()), "neutral")


def test_strengths_are_read_and_checked() -> None:
    assert parse_strengths(["smile=.7", "open"]) == {"smile": 0.7, "open": 1.0}
    assert strengths_of({"open": -0.5}, ["smile", "open"]).tolist() == [0, -0.5]
    with pytest.raises(GansmithError, match=r"such as smile=0\.7"):
        parse_strengths(["smile=much"])
    with pytest.raises(GansmithError, match=r"'simle' is unknown.*did you mean 'smile'"):
        strengths_of({"simle": 0.5}, ["smile", "open"])
    with pytest.raises(GansmithError, match="from -1 to 1"):
        strengths_of({"smile": float("nan")}, ["smile"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", "file,label,intensity\na.png,smile,0.4\nb.png,neutral,\nc.png,open,1\n"),
        (
            "labels.json",
            '[{"file": "a.png", "label": "smile", "intensity": 0.4}, {"file": "b.png", "label": '
            '"neutral"}, {"file": "c.png", "label": "open", "intensity": 1}]',
        ),
    ],
)
def test_intensities_come_from_the_table(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    files = ["a.png", "b.png", "c.png"]
    graded = folder_labels(tmp_path, files, intensities=True)
    assert graded == ["smile=0.40", "neutral", "open=1.00"]
    assert folder_labels(tmp_path, files) == ["smile", "neutral", "open"]


def test_intensities_come_from_file_names(tmp_path: Path) -> None:
    files = ["neutral/1.png", "smile/2=0.35.png", "smile/3=1.png"]
    graded = folder_labels(tmp_path, files, intensities=True)
    assert graded == ["neutral", "smile=0.35", "smile=1.00"]
    assert folder_labels(tmp_path, files) == ["neutral", "smile", "smile"]


@pytest.mark.parametrize("wrong", ["7", "-0.1", "much", "nan"])
def test_an_intensity_that_is_none_is_named_with_its_file(tmp_path: Path, wrong: str) -> None:
    table = f"file,label,intensity\na.png,smile,{wrong}\n"
    (tmp_path / "labels.csv").write_text(table, encoding="utf-8")
    with pytest.raises(GansmithError, match=r"intensity of a\.png is .* number 0 to 1"):
        folder_labels(tmp_path, ["a.png"], intensities=True)
