from __future__ import annotations

import itertools

import numpy as np
import pytest

from gansmith.media.captions.retrieval import Retrieval, words

FLAGS = {n: [f"flag country{n}", f"flag country{n}: nation, banner"] for n in range(20)}
THINGS = {n: [f"thing{n}", f"thing{n}: object, kind{n % 3}"] for n in range(20, 40)}
ALL = FLAGS | THINGS


def test_words_are_letters_and_digits_in_small_letters() -> None:
    assert words("Flag: Côte d'Ivoire, 12:30") == ["flag", "côte", "d", "ivoire", "12", "30"]


def test_the_own_name_finds_its_picture_at_once() -> None:
    retrieval = Retrieval(ALL, among=40)
    own = list(ALL)
    assert retrieval.found([ALL[n][0] for n in own], own, 1) == 1


def test_what_says_nothing_finds_by_chance() -> None:
    retrieval = Retrieval(ALL, among=40)
    for most in (1, 10, 40):
        assert retrieval.found(["unheard of"], [3], most) == pytest.approx(most / 40)


def test_of_equally_near_pictures_any_order_is_as_likely() -> None:
    retrieval = Retrieval(ALL, among=40)
    assert retrieval.found(["flag"], [5], 1) == pytest.approx(1 / 20)
    assert retrieval.found(["flag"], [5], 10) == pytest.approx(10 / 20)
    assert retrieval.found(["flag"], [25], 10) == 0
    assert retrieval.found(["flag"], [25], 21) == pytest.approx(1 / 20)


def test_it_agrees_with_all_orders_tried() -> None:
    written = {0: ["red dog"], 1: ["red cat"], 2: ["red dog"], 3: ["blue"], 4: ["red bird"]}
    retrieval = Retrieval(written, among=5)
    near = {0: 2, 1: 1, 2: 2, 3: 0, 4: 1}  # 'red dog', by hand
    for own, most in itertools.product(written, range(1, 6)):
        orders = [
            sorted(order, key=lambda n: -near[n])[:most] for order in itertools.permutations(near)
        ]
        expected = np.mean([own in order for order in orders])
        assert retrieval.found(["red dog"], [own], most) == pytest.approx(expected)


def test_rare_words_count_more() -> None:
    written = {0: ["common rare"], 1: ["common other"], 2: ["common third"], 3: ["rare fourth"]}
    assert Retrieval(written, among=4).found(["common rare"], [0], 1) == 1
    assert Retrieval(written, among=4).found(["common rare"], [3], 2) == 1


def test_real_captions_are_left_out_of_their_own_picture() -> None:
    alone = {n: [f"only{n}", f"other{n}"] for n in range(10)}
    assert Retrieval(alone, among=10).real(1) == pytest.approx(1 / 10)
    assert Retrieval(ALL, among=40).real(1) == 1


def test_there_are_never_more_pictures_than_there_are() -> None:
    assert Retrieval({0: ["a"], 1: ["b"]}).among == 2
