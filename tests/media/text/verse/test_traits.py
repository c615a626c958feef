from __future__ import annotations

import pytest
import torch

from gansmith.media.text.verse.chinese import rhymes, tones, verse_traits

SYMBOLS = ["<blank>", "<end>", "<unknown>", "\n", *"東紅春人月六雪花家"]


def own(numbers: torch.Tensor) -> set[int]:
    return {int(number) for number in numbers if number}


def test_characters_share_a_trait_where_they_rhyme_or_are_toned_alike() -> None:
    traits = verse_traits(SYMBOLS)
    assert traits is not None
    assert not traits[:4].any()
    tonal = own(traits[4]) & own(traits[6])  # 東 and 春: both level, no rhyme
    assert len(tonal) == 1
    for one in range(4, len(SYMBOLS)):
        for other in range(4, one):
            shared = own(traits[one]) & own(traits[other])
            pair = SYMBOLS[one], SYMBOLS[other]
            assert bool(shared - tones_of(traits)) == rhymes(*pair)
            assert len(shared & tones_of(traits)) == len(tones(pair[0]) & tones(pair[1]))


def tones_of(traits: torch.Tensor) -> set[int]:
    """Numbers of the two tones, by characters of one reading each: 東 level, 月 oblique."""
    level = own(traits[SYMBOLS.index("東")]) & own(traits[SYMBOLS.index("春")])
    oblique = own(traits[SYMBOLS.index("月")]) & own(traits[SYMBOLS.index("六")])
    return level | oblique


def test_numbers_leave_no_gap() -> None:
    traits = verse_traits(SYMBOLS)
    assert traits is not None
    assert sorted(own(traits.flatten())) == list(range(1, int(traits.max()) + 1))


@pytest.mark.parametrize("symbols", [["a", "b", "東"], ["春人", "月"], ["e", "\n"], [*"㐀㐁㐂㐃"]])
def test_other_vocabularies_have_no_traits(symbols: list[str]) -> None:
    assert verse_traits(["<blank>", "<end>", "<unknown>", *symbols]) is None
