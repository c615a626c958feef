from __future__ import annotations

import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gansmith.data.note_names import hertz_of
from gansmith.errors import GansmithError
from gansmith.media.audio.pitch import estimate_f0
from gansmith.output_folder import safe_file_names
from tests.media.audio import kits
from tests.media.audio.kits import RATE, make_kit
from tests.media.audio.test_sfz import regions
from tests.media.audio.test_writing import chunks

NOTES = ["A3", "C4", "F#4"]
HATS = ["closed hat", "open hat", "kick"]


def heard(wave: NDArray[Any], level: float = 1e-3) -> float:
    """Return the second after which a wave stays below a level."""
    loud = np.flatnonzero(np.abs(wave) > level)
    return (int(loud[-1]) + 1) / RATE if len(loud) else 0.0


def test_hits_play_to_their_end_and_hats_choke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(2.0), HATS, kits.long_hit)
    found = regions(write())
    assert {r["loop_mode"] for r in found} == {"one_shot"}
    groups = {r["key"]: (r.get("group"), r.get("off_by"), r.get("off_mode")) for r in found}
    choke = ("1", "1", "fast")
    assert groups == {"42": choke, "46": choke, "36": (None, None, None)}
    assert not any("ampeg_release" in r for r in found)


def test_the_end_of_a_quiet_hit_is_cut_below_its_own_peak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quiet(label: str, number: int) -> NDArray[np.float64]:
        time = kits.times(2.0)
        return 0.05 * np.exp(-time * 12) * np.sin(2 * np.pi * 440 * time)

    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(2.0), ["kick"], quiet)
    write(1)
    wave, _ = soundfile.read(tmp_path / "kit" / "kick" / "kick-00.wav")
    expected = np.log(1000) / 12  # seconds in which it decays by 60 dB
    assert len(wave) / RATE == pytest.approx(expected, abs=0.02)
    assert wave[-1] == 0 and np.abs(wave[-160:]).max() < 2e-3 * np.abs(wave).max()


def test_velocity_layers_go_by_loudness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(0.6), ["kick"], kits.hit)
    found = regions(write(4, velocity_layers=2))
    layers = [(r["lovel"], r["hivel"], r["seq_length"], Path(r["sample"]).stem) for r in found]
    assert layers == [
        *(("1", "63", "2", "kick-02"), ("1", "63", "2", "kick-03")),
        *(("64", "127", "2", "kick-00"), ("64", "127", "2", "kick-01")),
    ]
    with pytest.raises(GansmithError, match=r"--velocity-layers 3 .* set -n to at least 3, not 2"):
        write(2, velocity_layers=3)


def test_sounds_are_normalised_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(0.6), ["kick"], kits.hit)
    write(2, normalise="peak")
    for number in range(2):
        wave, _ = soundfile.read(tmp_path / "kit" / "kick" / f"kick-0{number}.wav")
        assert 20 * np.log10(np.abs(wave).max()) == pytest.approx(-0.1, abs=0.01)
    with pytest.raises(GansmithError, match=r"--normalise takes peak, or a loudness in LUFS"):
        write(2, normalise="loud")


def test_notes_end_with_their_key_and_held_ones_sustain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = make_kit(monkeypatch, tmp_path / "held", kits.codec(1.0), NOTES, kits.held_note)
    for region in regions(write(1)):
        assert region["loop_mode"] == "loop_sustain" and float(region["ampeg_release"]) > 0
        path = tmp_path / "held" / region["sample"]
        first, last = int(region["loop_start"]), int(region["loop_end"])
        wave, _ = soundfile.read(path)
        joined = np.concatenate([wave[: last + 1], wave[first : last + 1]])
        seam = np.abs(np.diff(joined, 2)[last - 20 : last + 20]).max()
        assert seam <= 1.05 * np.abs(np.diff(wave, 2))[2000:10000].max()
        sampler = chunks(path.read_bytes())[b"smpl"]
        assert struct.unpack("<9I", sampler[:36])[3] == int(region["pitch_keycenter"])
        assert struct.unpack("<6I", sampler[36:])[2:4] == (first, last)
    write = make_kit(monkeypatch, tmp_path / "plucked", kits.codec(1.0), NOTES, kits.plucked_note)
    for region in regions(write(1)):
        assert region["loop_mode"] == "no_loop" and "loop_start" not in region


def test_a_scale_rises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["F#4", "A3", "C4"]
    make_kit(monkeypatch, tmp_path / "kit", kits.codec(1.0), names, kits.held_note)(1)
    lines = (tmp_path / "kit" / "scale.txt").read_text("utf-8").splitlines()
    assert [line.split("\t")[2] for line in lines] == NOTES


def test_loops_repeat_and_carry_their_tempo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = kits.codec(2.0, loop=True, tempo=120)
    write = make_kit(monkeypatch, tmp_path / "kit", codec, ["bass", "lead"], kits.loop)
    for region in regions(write(1)):
        assert region["loop_mode"] == "loop_continuous" and region["sample"].endswith("-120bpm.wav")
        assert (region["loop_start"], region["loop_end"]) == ("0", str(2 * RATE - 1))
        acid = chunks((tmp_path / "kit" / region["sample"]).read_bytes())[b"acid"]
        assert struct.unpack("<IHHfIHHf", acid)[4:] == (4, 4, 4, 120.0)
    found = regions(write(1, format_="flac"))
    assert {Path(r["sample"]).suffix for r in found} == {".flac"} and found[0][
        "loop_end"
    ] == "31999"


def test_24_bit_files_have_24_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(0.6), ["kick"], kits.hit)
    for format_ in ("wav24", "flac24"):
        write(1, format_=format_)
        (path,) = (tmp_path / "kit" / "kick").iterdir()
        values, _ = soundfile.read(path, dtype="int32")
        assert soundfile.info(path).subtype == "PCM_24" and (values & 0xFF00).any()


def test_decent_sampler_plays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(2.0), HATS, kits.long_hit)
    found = regions(write(2))
    groups = list(ET.parse(tmp_path / "kit" / "kit.dspreset").getroot().iter("group"))
    samples = [sample for group in groups for sample in group]
    assert [s.get("path") for s in samples] == [r["sample"] for r in found]
    assert [s.get("rootNote") for s in samples] == [r["key"] for r in found]
    assert all((tmp_path / "kit" / str(s.get("path"))).is_file() for s in samples)
    assert {g.get("seqMode") for g in groups} == {"round_robin"}
    assert {g.get("ampEnvEnabled") for g in groups} == {"false"}
    assert {g.get("name"): g.get("silencedByTags") for g in groups} == {
        **{"closed hat": "hihat", "open hat": "hihat", "kick": None}
    }


def test_names_hold_no_signs_of_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = ["Snare $1", "Hat vel=127", "Kick"]
    assert safe_file_names(labels) == ["Snare _1", "Hat vel_127", "Kick"]
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(0.6), labels, kits.hit)
    samples = [line.partition("sample=")[2] for line in write(1).read_text("utf-8").splitlines()]
    assert not any("$" in sample or "=" in sample for sample in samples)


class Player:
    """sfizz with a kit loaded; skipped where pysfizz is not installed."""

    def __init__(self, kit: Path) -> None:
        pysfizz = pytest.importorskip("pysfizz")
        self.synth = pysfizz.Synth(RATE, 64)
        whole = kit.with_name("whole.sfz")  # in memory: streaming falls behind on a busy machine
        whole.write_text("<control> hint_ram_based=1\n" + kit.read_text("utf-8"), "utf-8")
        assert self.synth.load_sfz_file(str(whole))
        self.keys = set(self.synth.playable_keys)

    def play(self, events: list[tuple[float, int, bool]], seconds: float) -> NDArray[Any]:
        """Return the left channel of keys pressed (True) and released at some seconds."""
        blocks, pending = [], sorted(events)
        for block in range(round(seconds * RATE / 64)):
            while pending and pending[0][0] <= block * 64 / RATE:
                _, key, down = pending.pop(0)
                if down:
                    self.synth._synth.note_on(0, key, 100)
                else:
                    self.synth._synth.note_off(0, key, 0)
            blocks.append(self.synth._synth.render_block()[0])
        return np.concatenate(blocks)


def test_sfizz_plays_hits_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pysfizz")
    labels = ["Snare $1", "Hat vel=127", "kick"]
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(0.6), labels, kits.hit)
    player = Player(write(2))
    assert len(player.keys) == 3 and 36 in player.keys
    pitches = []
    for _ in range(4):  # a short press: hits play to their end
        wave = player.play([(0.0, 36, True), (0.02, 36, False)], 0.7)
        assert 0.5 < heard(wave) < 0.62
        pitches.append(round(float(estimate_f0(wave[:4000], RATE) or 0) / 10) * 10)
    assert pitches == [100, 140, 100, 140]


def test_sfizz_chokes_an_open_hat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pysfizz")
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(2.0), HATS, kits.long_hit)
    player = Player(write(1))
    assert heard(player.play([(0.0, 46, True)], 2.5)) > 1.8
    choked = player.play([(0.0, 46, True), (0.5, 42, True)], 2.5)
    assert heard(choked) < 0.8
    assert heard(player.play([(0.0, 46, True), (0.5, 36, True)], 2.5)) > 1.8


def test_sfizz_ends_notes_with_their_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pysfizz")
    write = make_kit(monkeypatch, tmp_path / "kit", kits.codec(1.0), NOTES, kits.held_note)
    player = Player(write(1))
    for key in (57, 60, 66, 64):
        short = player.play([(0.0, key, True), (0.3, key, False)], 1.5)
        assert 0.3 <= heard(short) < 0.3 + 0.3
        long = player.play([(0.0, key, True), (4.0, key, False)], 5.0)  # of a clip of 1 s
        assert 4.0 <= heard(long) < 4.3
        levels = np.abs(long[RATE // 2 : 4 * RATE - 500].reshape(-1, 500)).max(axis=1)
        assert levels.min() > 0.7 * levels.max()
        pitch = estimate_f0(long[RATE : 3 * RATE], RATE)
        assert pitch == pytest.approx(hertz_of(key), rel=0.005)


def test_sfizz_repeats_loops_while_the_key_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pysfizz")
    codec = kits.codec(2.0, loop=True, tempo=120)
    for format_ in ("wav", "flac"):
        place = tmp_path / format_
        write = make_kit(monkeypatch, place, codec, ["bass", "lead"], kits.loop)
        player = Player(write(1, format_=format_))
        wave = player.play([(0.0, 36, True), (6.0, 36, False)], 7.0)
        assert 6.0 <= heard(wave) < 6.3
        first, second = wave[RATE : 2 * RATE], wave[3 * RATE : 4 * RATE]
        assert np.corrcoef(first, second)[0, 1] > 0.99
