from __future__ import annotations

import math

import numpy as np
import pytest

from gansmith.media.audio import metrics
from tests.benchmarks import load
from tests.evaluation.metrics.clips import RATE, Wave, kick, noise, note, sine, times

loop_seam, attack_times = load("sound_metrics").loop_seam, load("sound_metrics").attack_times


def rhythm() -> Wave:
    """Eight beats in two seconds, each dying away into the next."""
    beat = kick(0.08)[: RATE // 4]
    return np.tile(beat, 8) + noise(1e-3, seconds=2)


@pytest.mark.parametrize("hertz", [80, 440, 1003])
def test_whole_periods_have_no_seam(hertz: int) -> None:
    for clip in (sine(hertz), note(hertz)):
        seam = loop_seam(clip[None], RATE)
        assert seam.change_high < 1.1
    assert loop_seam(sine(hertz)[None], RATE).jump < 1.01


def test_the_step_of_a_jump_has_a_closed_form() -> None:
    ramp = np.linspace(0, 1, RATE, dtype=np.float32)
    assert loop_seam(ramp[None], RATE).jump == pytest.approx(RATE - 1, rel=1e-2)


def test_a_jump_is_heard_at_the_seam() -> None:
    clip = sine(440)[: -RATE // 440 // 4]
    seam = loop_seam(clip[None], RATE)
    assert seam.jump > 4
    assert seam.change > 10
    assert seam.change_high > 10


def test_a_break_of_phase_is_heard_without_a_jump() -> None:
    clip = sine(440, seconds=200.5 / 440)
    seam = loop_seam(clip[None], RATE)
    assert seam.jump < 1.1
    assert seam.change_high > 5


def test_a_break_inside_is_no_break_of_the_seam() -> None:
    broken = np.roll(sine(440, seconds=200.5 / 440), 3000)
    seam = loop_seam(broken[None], RATE)
    assert seam.jump < 1.1
    assert seam.change_high < 1


def test_another_sound_at_the_other_end_is_heard() -> None:
    morph = np.linspace(0, 1, RATE, dtype=np.float32)
    clip = note(200, 0.2) * (1 - morph) + noise(0.2) * morph
    assert loop_seam(clip[None], RATE).change_high > 1.5


def test_noise_has_no_seam() -> None:
    clips = np.stack([noise(seed=seed) for seed in range(20)])
    seam = loop_seam(clips, RATE)
    assert seam.jump < 1
    assert seam.change == pytest.approx(1, abs=0.1)


def test_a_beat_on_the_seam_is_not_taken_for_a_cut() -> None:
    whole, cut = (np.roll(rhythm(), shift)[None] for shift in (0, -1500))
    between = loop_seam(np.roll(rhythm(), 2000)[None], RATE)
    assert max(between) < 1.1
    assert loop_seam(whole, RATE).change_high < 1.5
    assert loop_seam(cut[:, :-300], RATE).change_high > 2


def test_a_gain_changes_nothing() -> None:
    clips = np.stack([rhythm(), np.roll(rhythm(), 500)])
    assert loop_seam(clips * 0.7, RATE) == pytest.approx(loop_seam(clips, RATE), rel=0.05)


def test_medians_are_of_clips_in_any_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = np.stack([sine(440), sine(440.5), noise(), np.roll(note(220), 37), kick()])
    single = np.array([loop_seam(clip[None], RATE) for clip in clips])
    monkeypatch.setattr(metrics, "POINTS", 2 * RATE)
    assert loop_seam(clips, RATE) == pytest.approx(np.median(single, axis=0), rel=1e-5)


def test_silence_has_no_seam() -> None:
    assert loop_seam(np.zeros((2, RATE), np.float32), RATE) == (0, 0, 0)


@pytest.mark.parametrize("hertz", [60, 400, 3000])
@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("before", [0, 0.2])
def test_attack_of_a_known_ramp(hertz: float, seconds: float, before: float) -> None:
    ramp = np.clip((times() - before) / seconds, 0, 1) * np.cos(2 * np.pi * hertz * times())
    clip = ramp * np.exp(-np.maximum(0, times() - before - seconds))
    (found,) = attack_times(clip[None].astype(np.float32), RATE).tolist()
    assert found == pytest.approx(0.8 * seconds, abs=0.002 + 0.5 / hertz)


def test_attack_of_what_sets_in_at_once() -> None:
    late = np.roll(kick(), 3000)
    late[:3000] = noise(0.005)[:3000]
    click = np.eye(1, RATE, 5000, dtype=np.float32)[0]
    assert max(attack_times(np.stack([kick(), late, click]), RATE).tolist()) < 0.003


def test_attack_waits_for_the_peak_not_for_noise_before_it() -> None:
    early = np.zeros(RATE, np.float32)
    early[1000:1400] = 0.2
    early[8000:] = 1
    assert attack_times(early[None], RATE).item() < 0.002


def test_silence_has_no_attack() -> None:
    assert math.isnan(attack_times(np.zeros((1, 1000), np.float32), RATE).item())


def test_attacks_are_found_in_any_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = np.stack([note(220), noise(), kick(), sine(440)])
    expected = attack_times(clips, RATE).tolist()
    monkeypatch.setattr(metrics, "POINTS", 2 * RATE)
    assert attack_times(clips, RATE).tolist() == pytest.approx(expected, rel=1e-6)
