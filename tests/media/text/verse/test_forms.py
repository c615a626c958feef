from __future__ import annotations

from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.text.code_points import titled
from gansmith.media.text.verse.forms import FORMS, FREE, Form, form_labels
from gansmith.recipe import DataConfig

pytest.importorskip("zhconv")

REGULAR = "白日依山盡\n黃河入海流\n欲窮千里目\n更上一層樓"
LOOSE = "春眠不覺曉\n處處聞啼鳥\n夜來風雨聲\n花落知多少"


def test_texts_are_labelled_by_whether_they_keep_the_form() -> None:
    assert form_labels([REGULAR, LOOSE, "其他"], "quatrain-5") == ["quatrain-5", FREE, FREE]


def test_titles_do_not_count() -> None:
    texts = [titled("登鸛雀樓", REGULAR), titled("春曉", LOOSE)]
    assert form_labels(texts, "quatrain-5") == ["quatrain-5", FREE]


@pytest.mark.parametrize(
    ("texts", "form", "words"),
    [
        ([REGULAR, REGULAR], "quatrain-5", "every text keeps the form quatrain-5: drop data.form"),
        ([LOOSE], "quatrain-7", "no text keeps the form quatrain-7"),
        ([LOOSE], "sonnet", "sonnet"),
    ],
)
def test_a_form_that_parts_nothing_is_one_line(texts: list[str], form: str, words: str) -> None:
    with pytest.raises(GansmithError, match=words):
        form_labels(texts, form)


def test_without_the_packages_it_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> bool:
        raise GansmithError("forms of verse need the package 'x': pip install 'gansmith[poems]'")

    monkeypatch.setitem(FORMS._entries, "quatrain-5", Form("", missing))
    with pytest.raises(GansmithError, match=r"poems\]', or go on without forms: data.form=null"):
        form_labels([REGULAR, LOOSE], "quatrain-5")


def test_a_collection_takes_them_for_its_labels(tmp_path: Path) -> None:
    path = tmp_path / "poems.txt"
    path.write_text("\n\n".join([REGULAR, LOOSE, f"{REGULAR[:-1]}山"]), "utf-8")
    config = DataConfig(source=str(path), unit="paragraph")
    assert open_dataset(config, minimum=1).labels is None
    dataset = open_dataset(config.model_copy(update={"form": "quatrain-5"}), minimum=1)
    assert dataset.label_names == (FREE, "quatrain-5") and dataset.labels is not None
    assert dataset.labels.tolist() == [1, 0, 0]
