from __future__ import annotations

from gansmith.data.inspection import (
    counts,
    duplicate_row,
    examples,
    label_counts,
    label_row,
    span,
    spread,
    tally,
    unreadable_row,
)


def test_values_are_counted_and_ranged() -> None:
    assert list(tally(["b", "a", "b"]).items()) == [("b", 2), ("a", 1)]
    assert list(label_counts(["10", "2", "10"]).items()) == [("2", 1), ("10", 2)]
    assert label_counts(None) == {}
    assert spread([4, 1, 3, 2]) == (1, 2, 4)


def test_ranges_are_words() -> None:
    assert span((1, 2, 4)) == "1 to 4, median 2"
    assert span((0.5, 0.75, 1.25), ".1f") == "0.5 to 1.2, median 0.8"
    assert span((3, 3, 3)) == "all 3"
    assert span((0.501, 0.502, 0.503), ".2f") == "all 0.50"


def test_long_lists_are_summed_up() -> None:
    many = {str(number): 1000 for number in range(12)}
    assert counts(many).startswith("0 (1,000), 1 (1,000)")
    assert counts(many).endswith("9 (1,000) and 2 more")
    assert examples([]) == "" and examples(["a", "b"]) == " (a; b)"
    assert examples(map(str, range(1200))) == " (0; 1; 2; and 1,197 more)"
    assert examples(["x" * 300]) == f" ({'x' * 97}...)"


def test_rows_say_what_was_found() -> None:
    assert label_row({}) == ("labels", "none")
    assert label_row({"a": 2}) == ("labels", "1: a (2)")
    assert duplicate_row([["a", "b", "c", "d"], ["e", "f"]]) == (
        "duplicates",
        "4 (a = b = c; e = f)",
    )
    assert unreadable_row([("a.wav", "is empty")]) == ("unreadable", "1 (a.wav: is empty)")
