from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.media.text import quality as perusing
from gansmith.media.text.code_points import to_points
from gansmith.media.text.quality import FORMS, SHOWN, line_length, sides, text_quality_metrics
from gansmith.media.text.verse.chinese import rhymes
from gansmith.media.text.verse.quatrain import pattern_kept
from tests.media.text.scores import bleu, language_score, reverse_language_score, self_bleu

CHARACTERS = "生聲城情明名行清月日不一山間還關春人新身塵真親神民鄰巾陳水雲白落"
TEXTS = [f"the {who} {does} {n} times" for n in range(20) for who, does in (
    ("cat", "sits"), ("dog", "runs"), ("old man", "sings"),
)]  # fmt: skip


def collection(texts: list[str], held_out: int) -> Dataset:
    """Texts of which the first are held out."""
    kept = np.arange(len(texts)) < held_out
    return Dataset("made", points(texts), None, (), kept, "made", "made", "none", {}, medium="text")


def points(texts: list[str]) -> NDArray[np.int32]:
    return to_points(texts, max(1, *map(len, texts)))


def quatrains(count: int, seed: int, length: int = 5) -> list[str]:
    drawn = random.Random(seed)
    return [
        "\n".join("".join(drawn.choices(CHARACTERS, k=length)) for _ in range(4))
        for _ in range(count)
    ]


def test_held_out_texts_stand_apart_from_those_that_train() -> None:
    assert sides(collection(TEXTS, 13)) == (TEXTS[:13], TEXTS[13:])


def test_values_are_what_the_metrics_say_of_equal_counts() -> None:
    held_out, training = TEXTS[:20], TEXTS[20:]
    samples = [*TEXTS[30:36], "the cat sits", "the cat sits", "a  dog", "Old man sings 3 times"]
    values, _ = text_quality_metrics(
        points([*samples, "never read"]), collection(TEXTS, 20), seed=3
    )
    order = np.random.default_rng(3).permutation(20)
    reference = [held_out[index] for index in order[10:]]
    assert set(values) == set(SHOWN)
    assert values["bleu4"] == pytest.approx(bleu(samples, reference, 4))
    assert values["self_bleu4"] == pytest.approx(self_bleu(samples, 4))
    assert values["language"] == pytest.approx(language_score(samples, training))
    assert values["reverse_language"] == pytest.approx(
        reverse_language_score(samples, reference, training)
    )
    assert values["unique"] == 9 / 10
    assert values["copied"] == 6 / 10
    assert values["mean_length"] == np.mean([len(text.split()) for text in samples])


def test_floors_are_the_values_of_the_other_half() -> None:
    order = np.random.default_rng(0).permutation(20)
    first, second = ([TEXTS[index] for index in part] for part in (order[:10], order[10:]))
    values, floors = text_quality_metrics(points(first), collection(TEXTS, 20))
    assert values == pytest.approx(floors)
    assert floors["bleu4"] == pytest.approx(bleu(first, second, 4))
    assert (floors["unique"], floors["copied"]) == (1, 0)


def test_the_seed_parts_the_halves() -> None:
    samples, dataset = points(TEXTS[20:40]), collection(TEXTS, 20)
    found = [text_quality_metrics(samples, dataset, seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("samples", "held_out", "measured"),
    [(10, 4, True), (10, 3, False), (10, 0, False), (2, 20, True), (1, 20, False)],
)
def test_too_few_texts_are_not_measured(samples: int, held_out: int, measured: bool) -> None:
    found = text_quality_metrics(points(TEXTS[-samples:]), collection(TEXTS, held_out))
    assert [set(part) for part in found] == [set(SHOWN) if measured else set()] * 2


def test_only_the_first_samples_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perusing, "MOST", 6)
    whole, dataset = TEXTS[20:], collection(TEXTS, 20)
    assert text_quality_metrics(points(whole), dataset) == text_quality_metrics(
        points(whole[:6]), dataset
    )


def test_empty_samples_are_measured_too() -> None:
    values, _ = text_quality_metrics(points([""] * 8), collection(TEXTS, 20))
    assert (values["mean_length"], values["unique"], values["bleu4"]) == (0, 1 / 8, 0)


@pytest.mark.parametrize(
    ("texts", "length"),
    [
        ([], None),
        (quatrains(20, 0), 5),
        (quatrains(20, 0, 7), 7),
        (quatrains(20, 0, 6), None),
        (quatrains(18, 0) + ["x"] * 2, 5),
        (quatrains(17, 0) + ["x"] * 3, None),
        (quatrains(10, 0) + quatrains(10, 0, 7), None),
        ([text.replace("\n", "，") + "。" for text in quatrains(20, 0)], 5),  # noqa: RUF001
        ([text.rsplit("\n", 1)[0] for text in quatrains(20, 0)], None),
        ([text[:-1] for text in quatrains(20, 0)], None),
        (TEXTS, None),
    ],
)
def test_the_form_is_told_by_nearly_all_texts(texts: list[str], length: int | None) -> None:
    assert line_length(texts) == length


def test_forms_of_poems_are_shares_that_keep_each_rule() -> None:
    pytest.importorskip("zhconv")
    real, made = quatrains(40, seed=1), [*quatrains(30, seed=2), "春眠\n不覺", "", "春" * 20]
    values, floors = text_quality_metrics(points(made), collection(real, 10))
    for found, texts in ((values, made), (floors, real[:10])):
        lines = [text.split("\n") for text in texts]
        four = [poem for poem in lines if len(poem) == 4]
        assert found["form_lines"] == len(four) / len(texts)
        rhyming = sum(rhymes(poem[1][-1], poem[3][-1]) for poem in four)
        assert found["form_rhyme"] == rhyming / len(texts)
        assert found["form_tones"] == sum(map(pattern_kept, four)) / len(texts)
    assert 0 < values["form_rhyme"] < 1


def test_poems_have_forms_also_where_too_few_are_held_out() -> None:
    pytest.importorskip("zhconv")
    values, floors = text_quality_metrics(points(quatrains(5, 2)), collection(quatrains(20, 1), 2))
    assert set(values) == set(floors) == set(FORMS)


def test_other_texts_have_no_forms() -> None:
    values, floors = text_quality_metrics(points(quatrains(20, 2)), collection(TEXTS, 20))
    assert not {*values, *floors} & set(FORMS)


def test_without_tables_of_rhymes_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise GansmithError("not installed")

    monkeypatch.setattr(perusing, "quatrain_report", missing)
    values, floors = text_quality_metrics(
        points(quatrains(20, 2)), collection(quatrains(40, 1), 20)
    )
    assert set(values) == set(floors) == set(SHOWN)
