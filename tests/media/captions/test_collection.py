from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.media.captions.collection import CaptionedPictures, captioned
from gansmith.media.captions.inspect import CaptionInspection
from gansmith.media.text.code_points import to_texts
from gansmith.recipe import DataConfig
from tests.data.pictured import COLOURS, SHAPES, make_captioned


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_captioned(tmp_path / "shapes")


def config(folder: Path, **settings: object) -> DataConfig:
    return DataConfig.model_validate({"source": str(folder), "captions": True, **settings})


def captions_of(folder: Path) -> dict[str, list[str]]:
    found = captioned(folder, config(folder), print)
    names = found.pictures.names()
    return {names[number]: texts for number, texts in found.captions.items()}


def two(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (16, 16), "red").save(tmp_path / name)
    return tmp_path


def test_every_caption_is_stored_with_its_own_picture(folder: Path) -> None:
    dataset = open_dataset(config(folder))
    assert dataset.pictures is not None and dataset.labels is not None
    assert len(dataset) == 2 * len(dataset.pictures) == 2 * len(COLOURS) * len(SHAPES) * 4
    for text, label in zip(to_texts(dataset.samples), dataset.labels, strict=True):
        colour, shape, side = dataset.label_names[label].removesuffix(".png").split("-")
        assert text in (f"a {colour} {shape}", f"{shape}, {colour} on white, {side} wide")
        with Image.open(folder / dataset.label_names[label]) as image:
            same = np.asarray(image.convert("RGBA"))
        assert np.array_equal(dataset.pictures[label], same)


def test_all_captions_of_a_picture_are_on_one_side(folder: Path) -> None:
    dataset = open_dataset(config(folder, held_out=0.3))
    assert dataset.labels is not None
    held_out = set(dataset.labels[dataset.held_out])
    assert held_out and not held_out & set(dataset.labels[~dataset.held_out])


def test_it_is_read_from_the_cache_as_it_was_written(folder: Path) -> None:
    first, second = (open_dataset(config(folder)) for _ in range(2))
    assert first.pictures is not None and second.pictures is not None
    assert np.array_equal(first.pictures, second.pictures)
    assert np.array_equal(first.samples, second.samples)


def test_texts_beside_pictures_are_read_line_by_line(tmp_path: Path) -> None:
    (two(tmp_path) / "a.txt").write_text("one\r\n\n two  words \none\n", "utf-8")
    (tmp_path / "b.txt").write_text("three", "utf-16")
    assert captions_of(tmp_path) == {"a.png": ["one", "two words"], "b.png": ["three"]}


def test_tables_and_texts_go_together(tmp_path: Path) -> None:
    (two(tmp_path) / "a.txt").write_text("from a text", "utf-8")
    records = [
        {"file_name": "a.png", "text": "from a table"},
        {"image": "b.png", "captions": ["one", "two"]},
        {"file": "gone.png", "caption": "of no picture"},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    assert captions_of(tmp_path) == {
        "a.png": ["from a table", "from a text"],
        "b.png": ["one", "two"],
    }


def test_pictures_without_a_caption_are_left_out_and_counted(folder: Path) -> None:
    Image.new("RGB", (32, 32), "pink").save(folder / "pink.png")
    said: list[str] = []
    found = captioned(folder, config(folder), said.append)
    assert len(found.captions) == 48 and "pink.png" in found.pictures.names()
    assert said == [f"left out 1 picture of folder {folder.resolve()} without a caption"]


def test_too_few_captions_are_refused(tmp_path: Path) -> None:
    (two(tmp_path) / "a.txt").write_text("alone", "utf-8")
    with pytest.raises(GansmithError, match="has 1 picture with a caption"):
        captioned(tmp_path, config(tmp_path), print)


@pytest.mark.parametrize("line", ["{", "[]", "7", '{"file": "a.png"}', '{"caption": "x"}'])
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    good = json.dumps({"file": "a.png", "caption": "x"})
    (two(tmp_path) / "x.jsonl").write_text(f"{good}\n{line}\n", "utf-8")
    with pytest.raises(GansmithError, match=r"x\.jsonl, line 2: takes an object with 'file'"):
        captioned(tmp_path, config(tmp_path), print)


def test_a_caption_that_is_null_is_none(tmp_path: Path) -> None:
    records = [{"file": "a.png", "caption": None}, {"file": "b.png", "caption": ["x", None]}]
    (two(tmp_path) / "x.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    with pytest.raises(GansmithError, match="has 1 picture with a caption"):
        captioned(tmp_path, config(tmp_path), print)
    (tmp_path / "x.jsonl").write_text('{"file": "a.png", "caption": 7}', "utf-8")
    with pytest.raises(GansmithError, match="takes a text or a list of texts"):
        captioned(tmp_path, config(tmp_path), print)


def test_a_caption_in_another_encoding_is_named(tmp_path: Path) -> None:
    (two(tmp_path) / "a.txt").write_bytes("café".encode("latin-1"))
    with pytest.raises(GansmithError, match=r"a\.txt cannot be read: .*not UTF-8"):
        captioned(tmp_path, config(tmp_path), print)


@pytest.mark.parametrize(
    ("source", "reason"),
    [("mnist", "'mnist' has no captions: take emoji-google"), ("./none", "no folder of pictures")],
)
def test_what_has_no_captions_is_told(source: str, reason: str) -> None:
    with pytest.raises(GansmithError, match=reason):
        resolve_source(DataConfig(source=source, captions=True), print)


def test_without_being_asked_for_the_folder_is_pictures(folder: Path) -> None:
    assert not isinstance(resolve_source(DataConfig(source=str(folder))), CaptionedPictures)
    assert isinstance(resolve_source(config(folder)), CaptionedPictures)


def test_an_inspection_counts_captions_beside_pictures(folder: Path) -> None:
    found = inspect_path(str(folder), config(folder))
    assert isinstance(found, CaptionInspection)
    assert (found.pictures, found.captions) == (48, 96)
    assert ("captions", "96 different ones") in list(found.found())


def draw(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), "red").save(folder / name)
    return folder


def test_names_match_without_case_dots_and_backslashes(tmp_path: Path) -> None:
    draw(tmp_path, "a.png", "c.png", "COW.PNG", "sub/b.png", "sub/cafe\u0301.png")
    (tmp_path / "COW.TXT").write_text("a cow", "utf-8")
    (tmp_path / "c.txt").write_text("see", "utf-8")
    records = [
        {"file": "./a.png", "caption": "dot slash"},
        {"file": "sub\\b.png", "caption": "backslash"},
        {"file": "B", "caption": "bare name"},
        {"file": "sub/caf\u00e9.PNG", "caption": "composed"},
        {"file": "nothere.png", "caption": "lost"},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    (tmp_path / "orphan.txt").write_text("of no picture", "utf-8")
    said: list[str] = []
    found = captioned(tmp_path, config(tmp_path), said.append)
    assert captions_of(tmp_path) == {
        "COW.PNG": ["a cow"],
        "a.png": ["dot slash"],
        "c.png": ["see"],
        "sub/b.png": ["backslash", "bare name"],
        "sub/cafe\u0301.png": ["composed"],
    }
    assert set(found.unmatched) == {"nothere.png", "orphan.txt"}
    assert any("nothere.png" in line for line in said)


def test_an_inspection_names_what_has_no_caption_or_no_picture(tmp_path: Path) -> None:
    draw(tmp_path, "a.png", "b.png", "bare.png")
    records = [{"file": name, "caption": "x"} for name in ("a.png", "b.png", "gone.png")]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    rows = dict(inspect_path(str(tmp_path), config(tmp_path)).found())
    assert rows["no caption"] == "1 pictures (bare.png)"
    assert rows["no picture"] == "1 names (gone.png)"


FLICKR = {
    "captions.txt": 'image,caption\na.jpg,A dog , running .\na.jpg,"One, two"\nb.jpg,A cat .\n',
    "results.csv": (
        "image_name| comment_number| comment\na.jpg| 0| A dog , running .\n"
        "a.jpg| 1| One, two\nb.jpg| 0| A cat .\n"
    ),
    "Flickr8k.token.txt": "a.jpg#0\tA dog , running .\na.jpg#1\tOne, two\nb.jpg#0\tA cat .\n",
    "metadata.csv": 'file_name,text\na.jpg,"A dog , running ."\na.jpg,"One, two"\nb.jpg,A cat .\n',
    "plain.csv": "a.jpg;A dog , running .\na.jpg;One, two\nb.jpg;A cat .\n",
    "captions.json": json.dumps(
        {
            "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}],
            "annotations": [
                {"image_id": 7, "caption": "A dog , running ."},
                {"image_id": 7, "caption": "One, two"},
                {"image_id": 8, "caption": "A cat ."},
            ],
        }
    ),
    "by_name.json": json.dumps({"a.jpg": ["A dog , running .", "One, two"], "b.jpg": "A cat ."}),
}


@pytest.mark.parametrize("table", FLICKR)
def test_common_tables_of_captions_are_read(tmp_path: Path, table: str) -> None:
    draw(tmp_path, "images/a.jpg", "images/b.jpg")
    (tmp_path / table).write_text(FLICKR[table], "utf-8")
    assert captions_of(tmp_path) == {
        "images/a.jpg": ["A dog , running .", "One, two"],
        "images/b.jpg": ["A cat ."],
    }


def test_a_broken_row_of_a_table_is_a_fault(tmp_path: Path) -> None:
    draw(tmp_path, "a.jpg", "b.jpg")
    rows = ["image,caption", "a.jpg,one", 'b.jpg,"two "x" two"', "b.jpg,three", "b.jpg"]
    (tmp_path / "t.csv").write_text("\n".join(rows), "utf-8")
    found = captioned(tmp_path, config(tmp_path), print)
    assert list(found.captions.values()) == [["one"], ["three"]]
    assert [place for place, _ in found.faults] == ["t.csv, line 3", "t.csv, line 5"]
