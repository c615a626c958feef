from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image
from scipy import signal

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.loading.resolve import resolve_source
from gansmith.media.audio import clips as clips_room
from gansmith.media.audio import folder as sounds_room
from gansmith.media.audio.clips import PreparedSounds
from gansmith.media.audio.folder import SoundFolder
from gansmith.media.audio.ogg_cache import DecodedOggCache
from gansmith.media.image.arrays import ArrayFile
from gansmith.media.image.folder import PictureFolder
from gansmith.recipe import DataConfig

RATE = 8000
DIGITS = Path(__file__).resolve().parents[2] / "../shared/data/fsdd"

Wave = NDArray[np.float64]


def open_(source: Path, minimum: int = 1, **settings: Any) -> Dataset:
    settings = {"rate": RATE, "seconds": 0.5} | settings
    return open_dataset(DataConfig(source=str(source), **settings), minimum=minimum)


def noise(seconds: float, seed: int = 0, level: float = 0.1, rate: int = RATE) -> Wave:
    random = np.random.default_rng(seed)
    return random.normal(0, level, round(seconds * rate)).clip(-0.99, 0.99)


def rest(seconds: float) -> Wave:
    return np.zeros(round(seconds * RATE))


def write(path: Path, *parts: Wave, rate: int = RATE, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.concatenate(parts), rate, **options)
    return path


def make_folder(root: Path, names: Sequence[str], seconds: float = 0.5) -> Path:
    for seed, name in enumerate(names):
        write(root / name, noise(seconds, seed))
    return root


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """Sub-folders `hat`, `kick` and `snare` with 5 sounds of half a second each."""
    names = [f"{kind}/{take}.wav" for kind in ("hat", "kick", "snare") for take in range(5)]
    return make_folder(tmp_path / "kit", names)


def test_sub_folders_become_labels(kit: Path) -> None:
    dataset = open_(kit)
    assert dataset.samples.shape == (15, 1, 4000, 1) and dataset.samples.dtype == np.int16
    assert dataset.label_names == ("hat", "kick", "snare") and dataset.labels is not None
    assert np.array_equal(dataset.labels, np.repeat([0, 1, 2], 5))
    plain = open_(kit, labels=False)
    assert plain.labels is None and plain.classes == 0
    assert np.array_equal(plain.samples, dataset.samples)
    assert dataset.name == "kit" and dataset.source == f"folder {kit}"
    assert dataset.settings["rate"] == RATE and dataset.settings["seconds"] == 0.5


def test_a_table_of_labels_comes_first(kit: Path) -> None:
    names = SoundFolder(kit, use_labels=False).names
    rows = [f"{name},{'odd' if index % 2 else 'even'}" for index, name in enumerate(names)]
    (kit / "labels.csv").write_text("\n".join(["file,label", *rows]))
    dataset = open_(kit)
    assert dataset.label_names == ("even", "odd") and len(dataset) == 15
    assert np.array_equal(dataset.labels, np.arange(15) % 2)


def test_clips_are_the_files_without_offset_filled_up_with_zeros(tmp_path: Path) -> None:
    """Exact to one step of 16 bits; the offset goes, but not from the silence behind."""
    waves = [noise(seconds, seed) + 0.2 for seed, seconds in enumerate((0.01, 0.3, 0.5))]
    for number, wave in enumerate(waves):
        write(tmp_path / f"{number}.wav", wave, subtype="PCM_24")
    dataset = open_(tmp_path)
    for row, wave in zip(dataset.samples[:, 0, :, 0], waves, strict=True):
        assert abs(row[: len(wave)] - (wave - wave.mean()) * 32768).max() <= 1
        assert not row[len(wave) :].any()


@pytest.mark.parametrize("own", [4000, 16000, 44100, 48000])
def test_clips_are_resampled(tmp_path: Path, own: int) -> None:
    """A tone stays the tone that it is: as far as 60 dB away from one made at the rate wanted."""
    time = np.arange(own) / own
    tone = 0.5 * np.sin(2 * np.pi * 440 * time) * signal.get_window("hann", own)
    write(tmp_path / "a.wav", tone, rate=own)
    write(tmp_path / "b.wav", noise(1))
    clip = open_(tmp_path, seconds=1).samples[0, 0, :, 0] / 32768
    time = np.arange(RATE) / RATE
    expected = 0.5 * np.sin(2 * np.pi * 440 * time) * np.sin(np.pi * time) ** 2
    assert np.linalg.norm(clip - expected) < 1e-3 * np.linalg.norm(expected)


def test_channels_are_mixed_or_repeated(tmp_path: Path) -> None:
    left, right = noise(0.5, 1), noise(0.5, 2)
    soundfile.write(tmp_path / "stereo.wav", np.stack([left, right], axis=1), RATE)
    write(tmp_path / "mono.wav", left)
    both, one = open_(tmp_path, channels=2).samples, open_(tmp_path).samples
    assert both.shape == (2, 1, 4000, 2) and one.shape == (2, 1, 4000, 1)
    centred = [(wave - wave.mean()) * 32768 for wave in (left, right, (left + right) / 2)]
    assert abs(both[0, 0] - np.stack([centred[0]] * 2, axis=1)).max() <= 2
    assert abs(both[1, 0] - np.stack(centred[:2], axis=1)).max() <= 2
    assert abs(one[1, 0, :, 0] - centred[2]).max() <= 2


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("surround.wav", 96000, 6, "PCM_24"),
        ("coarse.wav", 8000, 1, "PCM_U8"),
        ("float.wav", 44100, 2, "FLOAT"),
        ("packed.flac", 48000, 2, "PCM_16"),
    ],
)
def test_sounds_of_every_make_are_read(
    tmp_path: Path, name: str, rate: int, channels: int, subtype: str
) -> None:
    wave = 0.4 * np.sin(2 * np.pi * 300 * np.arange(rate // 2) / rate)
    soundfile.write(tmp_path / name, np.repeat(wave[:, None], channels, 1), rate, subtype=subtype)
    write(tmp_path / "zz.wav", noise(0.01))
    dataset = open_(tmp_path)
    clip = dataset.samples[0, 0, :, 0] / 32768
    expected = 0.4 * np.sin(2 * np.pi * 300 * np.arange(4000) / RATE)
    assert abs(clip - expected)[200:-200].max() < 0.01
    assert np.count_nonzero(dataset.samples[1, 0, :, 0]) <= 80


def messy(root: Path) -> Path:
    make_folder(root, ["good.wav", "short.flac", "deep/er.wav"])
    write(root / "silence.wav", rest(0.5))
    write(root / "fast.wav", noise(0.2, 9), rate=96000, subtype="PCM_24")
    nan = noise(0.1)
    nan[400] = np.nan
    write(root / "nan.wav", nan, subtype="FLOAT")
    (root / "empty.wav").write_bytes(b"")
    (root / "text.wav").write_text("this is no sound\n")
    (root / "cut.wav").write_bytes((root / "good.wav").read_bytes()[:3000])
    (root / "notes.txt").write_text("made by the tests\n")
    (root / ".hidden.wav").write_bytes((root / "good.wav").read_bytes())
    (root / "good.wav").rename(root / "good.dat")
    return root


def test_faults_are_listed_and_other_files_ignored(tmp_path: Path) -> None:
    said: list[str] = []
    folder = SoundFolder(messy(tmp_path), use_labels=True, log=said.append)
    assert folder.names == ["deep/er.wav", "fast.wav", "good.dat", "short.flac", "silence.wav"]
    assert [name for name, _ in folder.faults] == ["cut.wav", "empty.wav", "nan.wav", "text.wav"]
    reasons = dict(folder.faults)
    assert "cut off" in reasons["cut.wav"] and "0 bytes" in reasons["empty.wav"]
    assert "NaN" in reasons["nan.wav"] and "0.05" in reasons["nan.wav"]
    assert "no sound" in reasons["text.wav"]
    assert folder.ignored == 1 and folder.labels is None
    assert said == [
        f"{tmp_path}: 1 .txt file is not read",
        *(f"warning: skipped {tmp_path / name}: {why}" for name, why in folder.faults),
    ]
    assert [facts.silent for facts in folder.facts] == [False, False, False, False, True]


def test_a_messy_folder_opens_with_warnings(tmp_path: Path) -> None:
    said: list[str] = []
    config = DataConfig(source=str(messy(tmp_path)), rate=RATE, seconds=0.5)
    dataset = open_dataset(config, log=said.append)
    assert len(dataset) == 5
    assert sum(line.startswith("warning") for line in said) == 4
    silent = ~dataset.samples.any(axis=(1, 2, 3))
    assert silent.tolist() == [False, False, False, False, True]


def test_the_second_opening_reads_no_sound(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_(kit)

    def refuse(*_: object) -> None:
        pytest.fail("this must not happen again")

    monkeypatch.setattr(sounds_room, "examine", refuse)
    monkeypatch.setattr(clips_room, "read_clip", refuse)
    second = open_(kit)
    assert second.fingerprint == first.fingerprint
    assert np.array_equal(second.samples, first.samples)
    assert np.array_equal(second.held_out, first.held_out)


def test_fixed_cuts_go_through_the_files(tmp_path: Path) -> None:
    long, short = noise(2.3, 1), noise(0.2, 2)
    write(tmp_path / "long.wav", long, subtype="PCM_24")
    write(tmp_path / "short.wav", short)
    assert len(open_(tmp_path)) == 2
    folder = SoundFolder(tmp_path, use_labels=True)
    prepared = PreparedSounds(folder, DataConfig(source="", rate=RATE, seconds=0.5, cut="fixed"))
    places = [(folder.names[clip.file], clip.span.start) for clip in prepared.clips]
    starts = (0.0, 0.5, 1.0, 1.5, 2.0)
    assert places == [*(("long.wav", start) for start in starts), ("short.wav", 0.0)]
    dataset = open_(tmp_path, cut="fixed")
    assert dataset.samples.shape == (6, 1, 4000, 1)
    for number in range(4):
        part = long[number * 4000 : (number + 1) * 4000]
        clip = dataset.samples[number, 0, :, 0]
        assert abs(clip - (part - part.mean()) * 32768)[20:-20].max() <= 1
    assert not dataset.samples[4, 0, 2400:].any() and dataset.samples[4, 0, :2390].any()


def test_cuts_at_silence_give_the_sounds(tmp_path: Path) -> None:
    parts = [noise(0.2, 1), noise(0.3, 2), noise(1.2, 3)]
    gap = rest(0.3)
    write(tmp_path / "a.wav", gap, parts[0], gap, parts[1], gap, parts[2], gap)
    write(tmp_path / "b.wav", rest(1))
    write(tmp_path / "c.wav", noise(0.1, 4))
    dataset = open_(tmp_path, cut="silence")
    assert len(dataset) == 2 + 2 + 1  # 1.2 s are two clips of 0.5 s: 0.2 s are less than half
    levels = [np.flatnonzero(abs(clip[0, :, 0]) > 100) for clip in dataset.samples]
    for loud, seconds in zip(levels, (0.2, 0.3, 0.49, 0.5, 0.1), strict=True):
        assert np.ptp(loud) / RATE == pytest.approx(seconds, abs=0.012)
    assert (levels[0][0] / RATE, levels[1][0] / RATE) == pytest.approx((0.01, 0.01), abs=0.011)


def test_beats_set_the_length(tmp_path: Path) -> None:
    """At 100 beats per minute 0.5 s are one beat of 0.6 s, and 2 s a bar of four."""
    wave = noise(6.0, 1)
    write(tmp_path / "loop.wav", wave)
    for seconds, count, length in ((0.5, 10, 4800), (2.0, 2, 19200)):
        dataset = open_(tmp_path, cut="beat", tempo=100, seconds=seconds)
        assert dataset.samples.shape == (count, 1, length, 1)
        assert dataset.settings["seconds"] == pytest.approx(length / RATE)
        joined = dataset.samples[:, 0, :, 0].astype(float)
        pieces = wave[: count * length].reshape(count, length)
        pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * 32768
        assert abs(joined - pieces).max() <= 1.5  # the edges too: loops are not faded


def test_beats_need_a_tempo(kit: Path) -> None:
    with pytest.raises(GansmithError, match=r"needs a tempo; set data\.tempo") as caught:
        open_(kit, cut="beat")
    assert "\n" not in str(caught.value)


def test_edges_are_faded_only_where_they_were_cut(tmp_path: Path) -> None:
    """2 ms are 16 points; a constant level shows what was done to it."""
    square = 0.5 * np.sign(np.sin(2 * np.pi * 1000 * (np.arange(12000) + 0.5) / RATE))
    write(tmp_path / "long.wav", square)
    write(tmp_path / "short.wav", square[:3000])
    clips = abs(open_(tmp_path, cut="fixed").samples[:, 0, :, 0] / 32768)
    full = abs(clips - 0.5) < 1e-3
    heads, tails = full[:, :16].all(axis=1), full[:, -16:].all(axis=1)
    assert full[:3, 20:-20].all()
    assert heads.tolist() == [True, False, False, True]
    assert tails.tolist() == [False, False, True, False]
    assert (clips[1:3, 0] < 0.01).all() and (clips[:2, -1] < 0.01).all()
    assert full[3, :3000].all() and not clips[3, 3000:].any()
    whole = abs(open_(tmp_path).samples[:, 0, :, 0] / 32768)
    assert whole[0, 0] > 0.49 and whole[0, -1] < 0.01 and (whole[1, :3000] > 0.49).all()


def test_loudness_brings_clips_to_one_level(tmp_path: Path) -> None:
    for seed, level in enumerate((0.003, 0.03, 0.2)):
        write(tmp_path / f"{seed}.wav", noise(1, seed, level), subtype="PCM_24")
    write(tmp_path / "silence.wav", rest(1))
    meter = pyloudnorm.Meter(RATE)
    clips = open_(tmp_path, seconds=1, loudness=-25).samples[:, 0] / 32768
    assert [meter.integrated_loudness(clip) for clip in clips[:3]] == pytest.approx(
        [-25] * 3, abs=0.1
    )
    assert not clips[3].any()
    as_they_are = open_(tmp_path, seconds=1).samples[:3, 0] / 32768
    assert as_they_are.std(axis=(1, 2)) == pytest.approx([0.003, 0.03, 0.2], rel=0.05)


def test_all_clips_of_a_file_are_on_one_side(tmp_path: Path) -> None:
    make_folder(tmp_path, [f"{number:02}.wav" for number in range(30)], seconds=2)
    dataset = open_(tmp_path, cut="fixed", held_out=0.3)
    sides = dataset.held_out.reshape(30, 4)
    assert (sides == sides[:, :1]).all()
    assert 0.05 < sides[:, 0].mean() < 0.6  # binomial: 0.3 +- 3 * 0.084


def test_equal_sounds_are_on_one_side_whatever_their_files(tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path / f"{number:02}.wav", noise(0.1, number))
        wave, rate = soundfile.read(tmp_path / f"{number:02}.wav")
        soundfile.write(tmp_path / f"{number:02}.flac", wave, rate, subtype="PCM_24")
    held_out = open_(tmp_path, held_out=0.5).held_out
    assert np.array_equal(held_out[::2], held_out[1::2]) and 0 < held_out.sum() < 24


def test_one_long_file_gives_both_sides(tmp_path: Path) -> None:
    file = write(tmp_path / "long.wav", noise(10))
    for source in (tmp_path, file):
        dataset = open_(source, cut="fixed")
        assert len(dataset) == 20 and 1 <= dataset.held_out.sum() <= 10
    shutil.copy(file, tmp_path / "copy.wav")
    twice = open_(tmp_path, cut="fixed").held_out.reshape(2, 20)
    assert np.array_equal(twice[0], twice[1]) and 1 <= twice[0].sum() <= 10


@pytest.mark.parametrize("seed", range(3))
def test_files_that_give_no_clips_take_no_side(tmp_path: Path, seed: int) -> None:
    write(tmp_path / "sound.wav", *[noise(0.3, seed), rest(0.3)] * 4)
    write(tmp_path / "silence.wav", rest(1 + seed / 10))
    held_out = open_(tmp_path, cut="silence", minimum=0).held_out
    assert 0 < held_out.sum() < len(held_out) == 4


def test_the_fingerprint_follows_content_and_settings(kit: Path, tmp_path: Path) -> None:
    base: dict[str, Any] = {"cut": "beat", "tempo": 120, "seconds": 0.5}
    first = open_(kit, **base).fingerprint
    changes: list[dict[str, Any]] = [
        {"rate": 11025},
        {"seconds": 0.3, "cut": "fixed"},
        {"seconds": 0.4, "cut": "fixed"},
        {"cut": "whole"},
        {"tempo": 180},
        {"channels": 2},
        {"loudness": -20},
        {"labels": False},
        {"held_out": 0.2},
    ]
    others = [open_(kit, **base | change).fingerprint for change in changes]
    assert len({first, *others}) == 1 + len(changes)
    assert open_(kit, **base, size=32, mode="L").fingerprint == first
    copy = shutil.copytree(kit, tmp_path / "copy")
    assert open_(copy, **base).fingerprint == first
    write(copy / "hat" / "0.wav", noise(0.5, 77))
    assert open_(copy, **base).fingerprint != first


def test_mixed_folders_go_to_whichever_is_more(tmp_path: Path) -> None:
    make_folder(tmp_path, ["a.wav", "b.WAV"])
    for number in range(2):
        Image.new("L", (8, 8), 99 * number).save(tmp_path / f"{number}.png")
    config = DataConfig(source=str(tmp_path))
    assert isinstance(resolve_source(config), PictureFolder)  # as many of both
    write(tmp_path / "c.flac", noise(0.1, 3))
    found = resolve_source(config)
    assert isinstance(found, SoundFolder) and found.ignored == 2 and not found.faults
    for number in range(2, 4):
        Image.new("L", (8, 8), 50 * number).save(tmp_path / f"{number}.png")
    assert isinstance(resolve_source(config), PictureFolder)


def test_arrays_beside_sounds_are_passed_over(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 8, 8), np.uint8))
    assert isinstance(resolve_source(DataConfig(source=str(tmp_path))), ArrayFile)
    write(tmp_path / "a.wav", noise(0.1))
    assert isinstance(resolve_source(DataConfig(source=str(tmp_path))), SoundFolder)


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    make_folder(tmp_path, ["other.wav", "song.flac"], seconds=3)
    dataset = open_(tmp_path / "song.flac", cut="fixed")
    assert len(dataset) == 6 and dataset.name == "song"
    assert dataset.source == f"file {tmp_path / 'song.flac'}"
    wave = soundfile.read(tmp_path / "song.flac")[0][4000:8000]
    assert abs(dataset.samples[1, 0, :, 0] - (wave - wave.mean()) * 32768)[20:-20].max() <= 1


def test_the_name_is_that_of_the_folder(tmp_path: Path) -> None:
    make_folder(tmp_path / "kit.v2", ["a.wav", "b.wav"])
    assert open_(tmp_path / "kit.v2").name == "kit.v2"


def test_folders_without_readable_sounds_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="holds no sounds; put WAV, FLAC"):
        SoundFolder(tmp_path, use_labels=True)
    for name in ("a.wav", "b.mp3"):
        (tmp_path / name).write_text("no sound")
    with pytest.raises(GansmithError, match=r"none of the 2 sound files .* \(first: a\.wav: ") as e:
        open_(tmp_path)
    assert "\n" not in str(e.value)


def test_nothing_but_silence_gives_no_clips(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", rest(1))
    write(tmp_path / "b.wav", rest(2))
    with pytest.raises(GansmithError, match="gives no clips: all of it is silence"):
        open_(tmp_path)
    with pytest.raises(GansmithError, match="gives no clips: all of it is silence"):
        open_(tmp_path, cut="silence")


def test_fewer_clips_than_a_batch_are_one_line(kit: Path) -> None:
    with pytest.raises(GansmithError, match=r"sounds .* a batch takes 64; add sounds or lower"):
        open_(kit, minimum=64)


def test_a_file_of_less_than_a_point_is_silence(tmp_path: Path) -> None:
    """One point at 48 kHz is a sixth of one at 8 kHz."""
    write(tmp_path / "point.wav", np.array([0.5]), rate=48000)
    write(tmp_path / "sound.wav", noise(0.5))
    assert not open_(tmp_path).samples[0].any()


def test_a_sound_that_vanishes_meanwhile_is_one_line(kit: Path) -> None:
    folder = SoundFolder(kit, use_labels=True)
    prepared = folder.prepare(DataConfig(source="", rate=RATE, seconds=0.5))
    (kit / "kick" / "3.wav").unlink()
    with pytest.raises(GansmithError, match=r"3\.wav changed while .* run again"):
        list(prepared.rows())


def test_real_recordings_are_kept_but_for_their_offset(tmp_path: Path) -> None:
    files = sorted(DIGITS.glob("*_[07].wav"))
    if not files:
        pytest.skip("the spoken digits are not there: shared/data/fsdd beside the repository")
    for file in files:
        target = tmp_path / file.name[0] / file.name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, target)
    dataset = open_(tmp_path, seconds=1.0)
    assert dataset.label_names == tuple("0123456789")
    assert len(dataset) == len(files) and 0 < dataset.held_out.sum() < len(files)
    for row, file in zip(dataset.samples[:, 0, :, 0], files, strict=True):
        wave = soundfile.read(file, dtype="int16")[0].astype(float)
        expected = np.zeros(RATE)
        expected[: len(wave)] = (wave - wave.mean())[:RATE]
        fade = 16 if len(wave) > RATE else 0
        assert abs(row - expected)[: RATE - fade].max() <= 1


def test_a_file_that_may_not_be_read_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(3):
        soundfile.write(tmp_path / f"{index}.wav", noise(0.5, index), RATE)
    plain = Path.open

    def closed(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == "1.wav":
            raise PermissionError(13, "Permission denied")
        return plain(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", closed)
    folder = SoundFolder(tmp_path, use_labels=False)
    assert folder.names == ["0.wav", "2.wav"]
    assert folder.faults == [("1.wav", "Permission denied")]
    monkeypatch.undo()
    assert len(SoundFolder(tmp_path, use_labels=False).names) == 3  # may be read by now


def test_beats_of_short_files_are_whole(tmp_path: Path) -> None:
    """Files of 1.7 s at 120 beats a minute have three whole beats."""
    for index in range(4):
        soundfile.write(tmp_path / f"{index}.wav", noise(1.7, index), RATE)
    found = open_(tmp_path, cut="beat", tempo=120.0, seconds=2.0)
    assert found.samples.shape[2] == round(1.5 * RATE)


def test_files_without_a_whole_bar_are_left_out(tmp_path: Path) -> None:
    for index, seconds in enumerate((4.0, 2.0, 1.2, 0.3)):
        soundfile.write(tmp_path / f"{index}.wav", noise(seconds, index), RATE)
    said: list[str] = []
    config = DataConfig(source=str(tmp_path), rate=RATE, cut="beat", tempo=120.0, seconds=2.0)
    found = PreparedSounds(SoundFolder(tmp_path, use_labels=False, log=said.append), config)
    assert [(clip.file, clip.span.seconds) for clip in found.clips] == [(0, 2), (0, 2), (1, 2)]
    assert said == ["2 clips shorter than 2 s left out"]


def test_what_is_made_to_look_samples_over_is_no_sample(tmp_path: Path) -> None:
    for name in ("0.wav", "1.wav", "preview.wav"):
        soundfile.write(tmp_path / name, noise(0.5, len(name)), RATE)
    assert SoundFolder(tmp_path, use_labels=False).names == ["0.wav", "1.wav", "preview.wav"]
    (tmp_path / "manifest.json").write_text(
        '{"run": "runs/a", "files": [], "overview": ["preview.wav"]}'
    )
    assert SoundFolder(tmp_path, use_labels=False).names == ["0.wav", "1.wav"]


def test_a_long_ogg_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its clips are those of the same sound in a file in which one can leap."""
    soundfile.write(tmp_path / "a.ogg", noise(20.3), RATE)
    decoded, _ = soundfile.read(tmp_path / "a.ogg", dtype="float32")
    (tmp_path / "wav").mkdir()
    soundfile.write(tmp_path / "wav" / "a.wav", decoded, RATE, subtype="FLOAT")
    made: list[Path] = []
    plain = DecodedOggCache._decoded

    def pluralize(self: DecodedOggCache, path: Path, facts: Any) -> Path:
        made.append(plain(self, path, facts))
        return made[-1]

    monkeypatch.setattr(DecodedOggCache, "_decoded", pluralize)
    settings: dict[str, Any] = {"cut": "fixed", "rate": 6000}
    found = open_(tmp_path / "a.ogg", **settings)
    assert np.array_equal(found.samples, open_(tmp_path / "wav", **settings).samples)
    assert len(found.samples) == 41 and len(made) == 1
    assert not made[0].exists()


def test_equal_ogg_files_and_others_between_them_are_read(tmp_path: Path) -> None:
    for index, name in enumerate("acde"):
        soundfile.write(tmp_path / f"{name}.ogg", noise(5, index), RATE)
    shutil.copy(tmp_path / "a.ogg", tmp_path / "b.ogg")
    found = open_(tmp_path, cut="fixed")
    assert len(found.samples) == 50
    assert np.array_equal(found.samples[:10], found.samples[10:20])
