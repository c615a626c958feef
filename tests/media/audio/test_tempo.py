from __future__ import annotations

import pytest

from gansmith.errors import GansmithError
from gansmith.media.audio.tempo import find_tempo, named_tempo


@pytest.mark.parametrize(
    ("name", "tempo"),
    [
        ("2bars 140bpm.wav", 140),
        ("loops/Break_093.5_BPM-Am.flac", 93.5),
        ("bpm174 amen.wav", 174),
        ("BPM_90_dusty.wav", 90),
        ("128 bpm (2).wav", 128),
        ("loop 12.wav", None),
        ("808 kick.wav", None),
        ("140bpms.wav", None),
        ("999bpm.wav", None),
        ("90bpm/loop.wav", None),
    ],
)
def test_names_state_tempos(name: str, tempo: float | None) -> None:
    assert named_tempo(name) == tempo


def test_most_names_decide_and_other_tempos_are_left_out() -> None:
    names = ["a 140bpm.wav", "b 140bpm.wav", "c 70bpm.wav", "d 90bpm.wav", "e.wav"]
    found = find_tempo(names, [3.4] * 5, None)
    assert (found.bpm, found.kept) == (140, [True, True, True, False, True])
    assert len(found.notes) == 1 and "d 90bpm.wav" in found.notes[0]
    set_by_user = find_tempo(names, [3.4] * 5, 90)
    assert (set_by_user.bpm, set_by_user.kept) == (90, [False, False, False, True, True])


def test_a_tempo_that_no_file_has_is_refused() -> None:
    with pytest.raises(GansmithError, match=r"data\.tempo=100, .* 140 bpm: set data\.tempo=140"):
        find_tempo(["a 140bpm.wav"], [3.4], 100)


@pytest.mark.parametrize(("bpm", "bars"), [(120, 2), (140, 4), (93.5, 1), (90, 8)])
def test_lengths_of_whole_bars_give_the_tempo(bpm: float, bars: int) -> None:
    lengths = [240 / bpm * bars, 240 / bpm * bars + 0.001, 240 / bpm * 2 * bars]
    found = find_tempo(["a.wav", "b.wav", "c.wav"], lengths, None)
    assert found.bpm == pytest.approx(bpm, rel=2e-3) and "set data.tempo" in found.notes[0]


def test_without_names_or_whole_bars_a_tempo_is_needed() -> None:
    with pytest.raises(GansmithError, match=r"needs a tempo; set data\.tempo"):
        find_tempo(["a.wav", "b.wav"], [600.0, 431.7], None)
