from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.audio.file_facts import examine, read_clip
from gansmith.media.audio.segmentation import Cut, Span, segment, whole_bars

RATE = 8000


def noise(seconds: float, level: float = 0.5) -> NDArray[np.float32]:
    values = np.random.default_rng(0).uniform(-level, level, round(seconds * RATE))
    return values.astype(np.float32)


def rest(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), np.float32)


def cut(
    path: Path,
    *pieces: NDArray[np.float32],
    by: Cut,
    seconds: float = 1.0,
    tempo: float | None = None,
) -> list[Span]:
    soundfile.write(path, np.concatenate(pieces), RATE, subtype="FLOAT")
    return segment(path, examine(path), by, seconds, tempo)


def close(found: list[Span], expected: list[tuple[float, float]], within: float = 1e-9) -> bool:
    values = np.array([(span.start, span.seconds) for span in found])
    return values.shape == np.shape(expected) and bool(abs(values - expected).max() <= within)


def test_whole_is_one_clip_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    assert cut(path, noise(2.5), by="whole") == [Span(0.0, 1.0)]
    assert cut(path, rest(0.3), noise(0.2), by="whole") == [Span(0.0, 0.5)]


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (3.0, [(0, 1), (1, 1), (2, 1)]),
        (2.5, [(0, 1), (1, 1), (2, 0.5)]),
        (2.45, [(0, 1), (1, 1)]),
        (0.2, [(0, 0.2)]),
    ],
)
def test_fixed_windows(tmp_path: Path, length: float, expected: list[tuple[float, float]]) -> None:
    assert close(cut(tmp_path / "a.wav", noise(length), by="fixed"), expected)


def test_windows_that_are_no_binary_fractions(tmp_path: Path) -> None:
    found = cut(tmp_path / "a.wav", noise(0.7), by="fixed", seconds=0.1)
    assert close(found, [(index * 0.1, 0.1) for index in range(7)])


def test_bursts_are_found_where_they_are(tmp_path: Path) -> None:
    pieces = [rest(0.25), noise(0.3), rest(0.5), noise(0.1, 0.05), rest(0.15), noise(0.4)]
    found = cut(tmp_path / "a.wav", *pieces, by="silence")
    assert close(found, [(0.24, 0.31), (1.04, 0.11), (1.29, 0.41)], within=0.0101)
    for span, begin in zip(found, (0.25, 1.05, 1.3), strict=True):
        assert begin - 0.021 <= span.start <= begin - 0.009


def test_a_found_burst_is_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    burst = noise(0.333)
    (_, span) = cut(path, noise(0.2), rest(0.2), burst, rest(0.4), by="silence")
    clip = read_clip(path, span.start, span.seconds, RATE, 1)[:, 0]
    there = np.flatnonzero(clip)
    assert np.array_equal(clip[there[0] : there[-1] + 1], burst)
    assert len(clip) - len(burst) <= 0.03 * RATE


def test_short_pauses_do_not_part(tmp_path: Path) -> None:
    found = cut(tmp_path / "a.wav", noise(0.2), rest(0.05), noise(0.2), by="silence")
    assert close(found, [(0, 0.45)])


def test_quiet_is_relative_to_the_peak(tmp_path: Path) -> None:
    quieter, quiet = noise(0.3, 0.004), noise(0.3, 0.02)  # RMS 47 and 33 dB below the peak
    assert len(cut(tmp_path / "a.wav", noise(0.2), quieter, noise(0.2), by="silence")) == 2
    assert len(cut(tmp_path / "b.wav", noise(0.2), quiet, noise(0.2), by="silence")) == 1


def test_sound_in_one_of_many_channels_is_no_pause(tmp_path: Path) -> None:
    sound = np.zeros((RATE, 6), np.float32)
    sound[:, 3] = 0.012
    sound[:800] = 1
    sound[::2] *= -1
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    found = segment(tmp_path / "a.wav", examine(tmp_path / "a.wav"), "silence", 1, None)
    assert found == [Span(0.0, 1.0)]


def test_long_stretches_give_several_clips(tmp_path: Path) -> None:
    found = cut(tmp_path / "a.wav", noise(2.7), rest(0.3), noise(0.2), by="silence")
    assert close(found, [(0, 1), (1, 1), (2, 0.7), (2.99, 0.21)])


def test_long_files_are_cut_over_the_borders_of_blocks(tmp_path: Path) -> None:
    pieces = [noise(0.4), rest(0.6)] * 30
    found = cut(tmp_path / "a.wav", *pieces, by="silence")
    expected = [(max(0, second - 0.01), 0.41 - 0.01 * (second == 0)) for second in range(30)]
    assert close(found, expected)


@pytest.mark.parametrize("rate", [11025, 44100])
def test_rates_without_whole_milliseconds(tmp_path: Path, rate: int) -> None:
    sound = np.zeros(rate, np.float32)
    sound[rate // 2 : rate // 2 + rate // 4] = 0.5
    sound[::2] *= -1
    soundfile.write(tmp_path / "a.wav", sound, rate)
    found = segment(tmp_path / "a.wav", examine(tmp_path / "a.wav"), "silence", 1, None)
    assert close(found, [(0.485, 0.27)], within=0.012)


@pytest.mark.parametrize("offset", [0.006, -0.2])
def test_a_constant_offset_is_no_sound(tmp_path: Path, offset: float) -> None:
    pieces = [noise(0.2), rest(0.25), noise(0.2), rest(0.25), noise(0.1)]
    plain = cut(tmp_path / "a.wav", *pieces, by="silence")
    moved = cut(tmp_path / "b.wav", *(piece + offset for piece in pieces), by="silence")
    assert len(plain) == 3 and moved == plain
    assert cut(tmp_path / "c.wav", rest(0.5) + 0.2, by="silence") == []


def test_silent_files_give_no_stretch_of_sound(tmp_path: Path) -> None:
    assert cut(tmp_path / "a.wav", rest(1), by="silence") == []
    assert cut(tmp_path / "a.wav", noise(1, 0.0005), by="silence") == []


def test_a_single_click_is_a_sound(tmp_path: Path) -> None:
    click = np.ones(1, np.float32)
    (span,) = cut(tmp_path / "a.wav", rest(0.5), click, rest(0.5), by="silence")
    assert span.start <= 0.5 < span.start + span.seconds <= 0.52


@pytest.mark.parametrize(
    ("tempo", "seconds", "window"),
    [
        *((120, 1.0, 1.0), (120, 1.2, 1.0), (120, 1.3, 1.0), (60, 0.2, 1.0)),  # half a bar, a beat
        *((90, 2.0, 8 / 3), (100, 2.0, 2.4), (140, 2.0, 12 / 7), (174, 2.0, 240 / 174)),
        *((120, 3.1, 4.0), (120, 2.9, 2.0), (174, 2.1, 480 / 174)),
    ],
)
def test_windows_are_whole_bars_or_parts_of_one(
    tmp_path: Path, tempo: float, seconds: float, window: float
) -> None:
    count = 6
    found = cut(tmp_path / "a.wav", noise(count * window), by="beat", seconds=seconds, tempo=tempo)
    assert close(found, [(index * window, window) for index in range(count)], within=1e-3)


def test_bars_of_three_beats(tmp_path: Path) -> None:
    path = tmp_path / "waltz.wav"
    soundfile.write(path, noise(9.0), RATE)
    found = segment(path, examine(path), "beat", 2.0, 120, meter=3)
    assert [span.seconds for span in found] == [1.5] * 6
    assert whole_bars(4.9, 120, meter=3) == 4.5


@pytest.mark.parametrize(
    ("duration", "windows"),
    [(3.96, [2.0, 1.96]), (3.9, [2.0]), (1.7, [1.7]), (4.4, [2.0, 2.0])],
)
def test_bars_that_are_not_full_are_left_out(
    tmp_path: Path, duration: float, windows: list[float]
) -> None:
    found = cut(tmp_path / "a.wav", noise(duration), by="beat", seconds=2.0, tempo=120)
    assert close(found, [(2.0 * index, length) for index, length in enumerate(windows)])


def test_whole_bars_and_below_a_bar_whole_beats() -> None:
    assert [whole_bars(s, 120) for s in (0.3, 0.49, 1.7, 1.96, 2.0)] == [0.3, 0.5, 1.5, 2.0, 2.0]
    assert [whole_bars(s, 120) for s in (2.5, 3.9, 3.96, 9.0)] == [2.0, 2.0, 4.0, 8.0]


def test_beats_need_a_tempo(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"set data\.tempo to the beats per minute"):
        cut(tmp_path / "a.wav", noise(1), by="beat")
