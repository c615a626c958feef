from __future__ import annotations

import pytest

from gansmith.data.note_names import HIGHEST, is_note, note_name, note_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("A4", 69),
        ("c4", 60),
        ("C-1", 0),
        ("G9", 127),
        ("piano_c#3 v2", 49),
        ("Db-1", 1),
        ("Fs2", 42),
        ("take 3 A#4v8", 70),
        ("Gsharp5", 80),
        ("B♭2", 46),
        ("Cb4", 59),
        ("midi 60", 60),
        ("Midi_7 soft", 7),
        ("C3 then E4", 64),
    ],
)
def test_notes_are_found_in_names(text: str, number: int) -> None:
    assert note_number(text) == number


@pytest.mark.parametrize("text", ["", "kick01", "H4", "C10", "bass4", "midi 128", "G#9", "take 4"])
def test_other_names_have_none(text: str) -> None:
    assert note_number(text) is None


def test_names_and_numbers_of_all_notes_agree() -> None:
    names = [note_name(number) for number in range(HIGHEST + 1)]
    assert names[0] == "C-1" and names[69] == "A4" and names[-1] == "G9"
    assert [note_number(name) for name in names] == list(range(HIGHEST + 1))
    assert all(is_note(name) for name in names)
    assert not any(is_note(name) for name in ("a4", "Db4", "A4 soft", "kick", ""))
