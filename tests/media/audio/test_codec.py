from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from gansmith.blueprint import Blueprint
from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.audio import codec as module
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.loudness import ATTACK, fade
from gansmith.media.audio.sheet import sound_sheet
from gansmith.media.audio.stft import refine_phases
from gansmith.media.audio.writing import sound_bytes
from gansmith.medium import MEDIA
from gansmith.model import GeneratorModel, load, save_model
from gansmith.networks import SampleSpec, build_networks
from gansmith.outputs import Provenance, save_samples
from gansmith.recipe import DataConfig, NetworkConfig, Recipe, parse_recipe
from gansmith.run import Run
from tests.media.audio import twins

RATE = 8000
REPRESENTATIONS = ["waveform", "logmel", "istft"]


def recipe(representation: str, **sound: Any) -> Recipe:
    settings = {"representation": representation, "mels": 32, "fft": 128, "hop": 32} | sound
    settings.setdefault("decoder_steps", 2)
    settings.setdefault("iterations", 4)
    plain = {"name": "test", "medium": "audio", "training": {"minutes": 1}, "sound": settings}
    return parse_recipe(plain)


def clips(count: int = 6, length: int = 1000, channels: int = 1) -> NDArray[np.int16]:
    """Tones of all pitches, another in each channel."""
    pitches = np.geomspace(200, 1500, count * channels).reshape(count, channels)
    waves = [[twins.tone(hertz, RATE, length) for hertz in row] for row in pitches]
    return np.rint(np.array(waves).transpose(0, 2, 1)[:, None] * 32767).astype(np.int16)


def dataset(samples: NDArray[np.int16], rate: int = RATE) -> Dataset:
    return Dataset(
        medium="audio",
        name="tones",
        samples=samples,
        labels=None,
        label_names=(),
        held_out=np.arange(len(samples)) == 0,
        fingerprint=f"tones-{samples.shape}-{rate}",
        source="made by the tests",
        licence="CC0",
        settings={"rate": rate},
    )


def fitted(representation: str, samples: NDArray[np.int16], **sound: Any) -> AudioCodec:
    return AudioCodec.fit(recipe(representation, **sound), dataset(samples))


def test_recipes_find_it_by_name_and_data_by_its_type() -> None:
    assert MEDIA["audio"].codec is AudioCodec and AudioCodec.stored is np.int16


@pytest.mark.parametrize("representation", REPRESENTATIONS)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", [960, 1001])
def test_it_is_restored_from_facts_and_tensors(
    representation: str, channels: int, length: int
) -> None:
    samples = clips(5, length, channels)
    codec = fitted(representation, samples)
    tensors = codec.encode(torch.from_numpy(samples))
    frames = -(-length // 32)
    shape = (channels, 1, length) if representation == "waveform" else (channels, 32, frames)
    assert tensors.shape == (5, *shape) and tensors.dtype == torch.float32
    assert codec.shape(samples.shape) == codec.shape(samples.shape[1:]) == shape
    assert tensors.is_contiguous() and tensors.min() >= -1 and tensors.max() <= 1
    sound = codec.decode(tensors)
    assert sound.shape == samples.shape and sound.dtype == np.int16 and sound.flags.c_contiguous
    assert bool(codec.state_dict()) == (representation == "istft")
    again = AudioCodec.from_config(json.loads(json.dumps(codec.config())), codec.state_dict())
    assert again.config() == codec.config() and again.shape(samples.shape) == shape
    assert torch.equal(again.encode(torch.from_numpy(samples)), tensors)
    assert np.array_equal(again.decode(tensors), sound)


@pytest.mark.parametrize("channels", [1, 2])
def test_waveforms_come_back_exactly(channels: int) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, (4, 1, 777, channels))
    samples = samples.astype(np.int16)
    codec = AudioCodec(RATE, 777)
    tensors = codec.encode(torch.from_numpy(samples))
    assert np.array_equal(tensors[:, :, 0].numpy(), samples[:, 0].transpose(0, 2, 1) / 32768)
    assert np.array_equal(codec.decode(tensors.requires_grad_()), samples)


def test_channels_are_pictured_apart() -> None:
    samples = clips(4, 960, 2)
    both = fitted("logmel", samples)
    pictures = both.encode(torch.from_numpy(samples))
    for channel in (0, 1):
        one = both.encode(torch.from_numpy(samples[..., channel : channel + 1]))
        torch.testing.assert_close(pictures[:, channel], one[:, 0])
    sound = both.decode(pictures)
    swapped = both.decode(pictures.flip(1))
    assert abs(swapped[..., ::-1].astype(int) - sound).max() <= 1


def test_pitch_and_loudness_survive_pictures() -> None:
    """The strongest frequency is that of the tone, to a bin of the FFT; the level, to 3 dB."""
    samples = clips(6, 2048)
    codec = fitted("logmel", samples, fft=256, hop=64, mels=64, iterations=16)
    sound = codec.decode(codec.encode(torch.from_numpy(samples)))
    for made, real in zip(sound[:, 0, :, 0], samples[:, 0, :, 0], strict=True):
        peaks = [int(abs(np.fft.rfft(wave)).argmax()) * RATE / 2048 for wave in (made, real)]
        assert abs(peaks[0] - peaks[1]) <= RATE / 256
        assert 20 * np.log10(made.std() / real.std()) == pytest.approx(0, abs=3)


def test_a_clip_beyond_full_scale_is_made_quieter_as_a_whole() -> None:
    values = torch.tensor([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0]).view(1, 1, 1, 6)
    decoded = AudioCodec(RATE, 6).decode(values.to(torch.bfloat16))
    assert decoded.ravel().tolist() == [-32768, -16384, 0, 8192, 16384, 32767]
    codec = fitted("logmel", clips())
    loud = codec.decode(torch.full((1, 1, 32, 32), 3.0)).astype(int)
    as_one = codec.decode(torch.full((1, 1, 32, 32), 1.0)).astype(int)
    assert np.array_equal(loud, as_one) and loud.shape == (1, 1, 1000, 1)
    assert abs(loud).max() >= 32767 and np.isin(abs(loud), (32767, 32768)).sum() == 1


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_silence_stays_silence(representation: str) -> None:
    samples = clips()
    samples[2] = 0
    codec = fitted(representation, samples[3:])
    sound = codec.decode(codec.encode(torch.from_numpy(samples)))
    assert not sound[2].any() and sound[[0, 1, 3, 4, 5]].any(axis=(1, 2, 3)).all()


def test_more_clips_than_are_decoded_at_once() -> None:
    """Each clip as it is alone, to one step of 16 bits."""
    samples = clips(module.AT_ONCE + 5, 320)
    codec = fitted("logmel", samples)
    pictures = codec.encode(torch.from_numpy(samples))
    whole = codec.decode(pictures).astype(int)
    for number in (0, module.AT_ONCE - 1, module.AT_ONCE, module.AT_ONCE + 4):
        alone = codec.decode(pictures[number : number + 1]).astype(int)
        assert abs(alone[0] - whole[number]).max() <= 1


def sampler_chunk(path: Path) -> bytes | None:
    content, at = path.read_bytes(), 12
    while at < len(content):
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        if content[at : at + 4] == b"smpl":
            return content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return None


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
def test_files_hold_the_samples(tmp_path: Path, loop: bool, channels: int) -> None:
    samples = clips(3, 960, channels)
    codec = fitted("logmel", samples, loop=loop)
    origins = Provenance().of_samples(3)
    paths = save_samples(codec, samples, tmp_path / "deep" / "er", ["a", "b", "c"], origins)
    assert [path.relative_to(tmp_path / "deep" / "er").name for path in paths] == [
        *("a.wav", "b.wav", "c.wav")
    ]
    for path, sample in zip(paths, samples, strict=True):
        read, rate = soundfile.read(path, dtype="int16", always_2d=True)
        assert rate == RATE and soundfile.info(path).subtype == "PCM_16"
        assert np.array_equal(read, sample[0])
        chunk = sampler_chunk(path)
        assert (chunk is not None) == loop == codec.loops
        if chunk is not None:
            first, last = (int.from_bytes(chunk[at : at + 4], "little") for at in (44, 48))
            assert (first, last) == (0, 959)


def test_waveforms_are_no_loops() -> None:
    assert not fitted("waveform", clips(), loop=True).loops


@pytest.mark.parametrize(
    ("representation", "given", "used"),
    [("logmel", None, 32), ("istft", None, 8), ("logmel", 5, 5), ("istft", 5, 5)],
)
def test_iterations_are_those_asked_for(representation: str, given: int | None, used: int) -> None:
    samples = clips(2)
    codec = fitted(representation, samples, iterations=given)
    codec = AudioCodec.from_config(codec.config(), codec.state_dict())
    pictures = codec.encode(torch.from_numpy(samples))
    assert codec.mel is not None
    bands = pictures[:, 0]
    if codec.vocoder is None:
        waves = codec.mel.decode(bands, used)
    else:
        waves = refine_phases(codec.vocoder.spectra(bands), codec.mel.transform, used)
    waves = waves[:, : samples.shape[2]]
    waves = waves / waves.abs().amax(1, keepdim=True).clamp(min=1)
    faded = [fade(wave[:, None], RATE, attack=ATTACK)[:, 0] for wave in waves.numpy()]
    expected = np.rint(np.stack(faded) * 32767)
    assert np.abs(codec.decode(pictures)[:, 0, :, 0] - expected).max() <= 1


@pytest.mark.parametrize("representation", ["logmel", "istft"])
def test_a_loop_is_decoded_without_a_beginning(representation: str) -> None:
    """Rolling by 5 hops rolls the picture by 5 frames, and a vocoder's sound by as many hops.

    Griffin-Lim starts from fixed phases, so that its sound is another one. The tone of whole
    periods a hop is left out: all its frames are alike, and rounding decides between their phases.
    """
    samples = clips(4, 1024)[:3]
    codec = fitted(representation, samples, loop=True, iterations=32)
    pictures = codec.encode(torch.from_numpy(np.roll(samples, 5 * 32, axis=2)))
    torch.testing.assert_close(
        pictures, codec.encode(torch.from_numpy(samples)).roll(5, 3), atol=1e-4, rtol=1e-4
    )
    if representation == "istft":
        rolled = codec.decode(pictures.roll(-5, 3)).astype(int)
        assert abs(np.roll(rolled, 5 * 32, axis=2) - codec.decode(pictures)).max() <= 2


def test_the_vocoder_is_trained_once_and_then_found(
    private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = clips(channels=2)
    first = fitted("istft", samples)
    names = [file.name for file in private_cache.rglob("*") if file.is_file()]
    assert len(names) == 1 and names[0].startswith("vocoder-")

    def never(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(module, "train_vocoder", never)
    again = fitted("istft", samples)
    assert again.config() == first.config()
    pairs = zip(again.state_dict().values(), first.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    for changed in ({"decoder_steps": 3}, {"span": 50.0}, {"mels": 40}, {"loop": True}):
        with pytest.raises(AssertionError, match="trained again"):
            fitted("istft", samples, **changed)
    with pytest.raises(AssertionError, match="trained again"):
        fitted("istft", clips(7, channels=2))


def test_fitting_leaves_random_state_alone() -> None:
    samples, state = clips(), torch.get_rng_state()
    codec = fitted("istft", samples)
    AudioCodec.from_config(codec.config(), codec.state_dict())
    assert torch.equal(torch.get_rng_state(), state)


def test_what_is_held_out_is_not_learnt_from() -> None:
    samples = clips(8)
    samples[0] //= 100
    before = fitted("logmel", samples).config()
    samples[0] = 32767
    assert fitted("logmel", samples).config() == before
    samples[1:] //= 10
    assert fitted("logmel", samples).config() != before


@pytest.mark.parametrize(
    ("rate", "fft", "hop", "expected"),
    [
        (8000, None, None, (512, 128)),
        (16000, None, None, (1024, 256)),
        (44100, None, None, (2048, 512)),
        (16000, 256, None, (256, 64)),
        (8000, None, 64, (512, 64)),
        (8000, 256, 128, (256, 128)),
    ],
)
def test_windows_last_about_64_ms_unless_said_otherwise(
    rate: int, fft: int | None, hop: int | None, expected: tuple[int, int]
) -> None:
    asked = recipe("logmel", fft=fft, hop=hop)
    codec = AudioCodec.fit(asked, dataset(clips(2, 4000), rate))
    assert codec.rate == rate and codec.mel is not None
    assert (codec.mel.transform.fft, codec.mel.transform.hop) == expected


@pytest.mark.parametrize(("fft", "hop"), [(128, 128), (None, 512), (64, 4096)])
def test_too_long_a_hop_is_one_line(fft: int | None, hop: int) -> None:
    with pytest.raises(GansmithError, match=rf"sound\.hop={hop} is more than half of") as caught:
        fitted("logmel", clips(), fft=fft, hop=hop)
    assert "\n" not in str(caught.value)


def test_the_sheet_is_that_of_the_samples() -> None:
    samples = clips(4)
    found = AudioCodec(RATE, 1000).sheet(samples, columns=2)
    assert np.array_equal(np.asarray(found), np.asarray(sound_sheet(samples, RATE, columns=2)))


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_a_saved_generator_sounds_the_same(tmp_path: Path, representation: str) -> None:
    """With all that its medium learnt in the one file, and nothing in the cache."""
    samples = clips(6, 1024, channels=2 if representation == "logmel" else 1)
    codec = fitted(representation, samples)
    wave = representation == "waveform"
    network = NetworkConfig.model_validate(
        {"name": "wavegan" if wave else "spectrogram", "width": 8}
    )
    spec = SampleSpec(*codec.shape(samples.shape), 0)
    generator = build_networks(network, spec, seed=3).generator
    blueprint = Blueprint(codec, network, spec)
    model, run = GeneratorModel(generator, blueprint), Run(tmp_path / "run")
    run.path.mkdir()
    save_model(run, blueprint, generator.state_dict())
    expected = model.sample(5, seed=1)
    again = load(run.generator_file)
    assert isinstance(again.codec, AudioCodec) and again.codec.config() == codec.config()
    found = again.sample(5, seed=1)
    assert found.shape == (5, *samples.shape[1:]) and found.any()
    assert np.array_equal(found, expected)


def test_a_blueprint_of_a_run_brings_the_vocoder_back(tmp_path: Path) -> None:
    samples = clips(6, 1024)
    codec = fitted("istft", samples)
    network = NetworkConfig(name="spectrogram")
    blueprint = Blueprint(codec, network, SampleSpec(*codec.shape(samples.shape), 0))
    run = Run(tmp_path)
    run.save_medium(codec.state_dict())
    plain = json.loads(json.dumps(blueprint.to_dict()))
    again = Blueprint.from_dict(plain, run.load_medium()).codec
    pictures = codec.encode(torch.from_numpy(samples))
    assert np.array_equal(again.decode(pictures), codec.decode(pictures))


def test_another_tempo_changes_length_and_not_pitch() -> None:
    rate, length = 8000, 16_000
    time = np.arange(length) / rate
    wave = np.sin(2 * np.pi * 500 * time) * (np.sin(2 * np.pi * 2 * time) > 0)
    clip = np.rint(12_000 * wave).astype(np.int16).reshape(1, 1, length, 1)
    made = AudioCodec.fit(
        recipe("logmel", loop=True),
        replace(
            dataset(np.repeat(clip, 4, 0), rate),
            settings={"rate": rate, "tempo": 120.0, "cut": "beat"},
        ),
    )
    tensors = made.encode(torch.from_numpy(clip))
    slow = AudioCodec.from_config(made.config(), made.state_dict()).time_stretched(80)
    sound = slow.decode(tensors)[0, 0, :, 0] / 32768
    assert len(sound) == 24_000
    spectrum = np.abs(np.fft.rfft(sound))
    assert abs(int(spectrum.argmax()) * rate / len(sound) - 500) < 10
    loud = np.abs(sound).reshape(-1, 240).max(1) > 0.1  # 30 ms each
    starts = np.flatnonzero(loud & ~np.roll(loud, 1)) * 0.03
    assert np.diff(starts) == pytest.approx([0.75] * (len(starts) - 1), abs=0.07)
    assert len(starts) == 4
    for wrong, part in ((300, "60 to 240"), (50, "60 to 240"), (0, "60 to 240")):
        with pytest.raises(GansmithError, match=part):
            made.time_stretched(wrong)
    with pytest.raises(GansmithError, match=r"data\.tempo"):
        AudioCodec(rate, length).time_stretched(100)


@pytest.mark.parametrize("tempo", [130.0, 151.0, 97.0])
def test_clips_at_another_tempo_are_as_long_as_its_beats(tempo: float) -> None:
    made = AudioCodec.fit(
        recipe("logmel"),
        replace(
            dataset(clips(length=4000)), settings={"rate": RATE, "tempo": 120.0, "cut": "beat"}
        ),
    )
    tensors = made.encode(torch.from_numpy(clips(length=4000)))
    assert made.time_stretched(tempo).decode(tensors).shape[2] == round(4000 * 120 / tempo)


def test_a_file_is_read_as_trainings_read_it(tmp_path: Path) -> None:
    """Without its offset, as loud as the clips, faded where it is cut off."""
    rate, length = 8000, 4000
    wave = 0.02 * np.sin(2 * np.pi * 440 * np.arange(6000) / rate)
    folder = tmp_path / "sounds"
    folder.mkdir()
    for index in range(3):
        moved = (wave + 0.01 * (index + 1))[:, None].astype(np.float32)
        (folder / f"{index}.wav").write_bytes(sound_bytes(moved, rate, "wav"))
    config = DataConfig(source=str(folder), rate=rate, seconds=length / rate, loudness=-20.0)
    data = open_dataset(config)
    codec = AudioCodec.fit(recipe("logmel"), data)
    again = AudioCodec.from_config(codec.config(), codec.state_dict())
    for index in range(3):
        found = again.read(folder / f"{index}.wav", data.samples.shape)
        assert np.array_equal(found, data.samples[index])
    assert np.abs(data.samples).max() > 3000


@pytest.mark.parametrize("length", [5000, 8000, 8192])
def test_a_loop_of_any_length_comes_back_without_a_seam(length: int) -> None:
    turns = 2 * np.pi * np.arange(length) / length
    wave = sum(np.sin(turns * round(length * hertz / 8000)) for hertz in (220, 440, 900)) / 4
    clip = np.rint(32_000 * wave).astype(np.int16).reshape(1, 1, length, 1)
    codec = fitted("logmel", np.repeat(clip, 4, 0), loop=True, iterations=32, fft=512, hop=128)
    tensors = codec.encode(torch.from_numpy(clip))
    assert tensors.shape[1:] == codec.shape(clip.shape) and tensors.shape[3] % 8 == 0
    sound = codec.decode(tensors)[0, 0, :, 0].astype(np.float32) / 32768
    assert len(sound) == length
    seam, inside = abs(sound[0] - sound[-1]), np.abs(np.diff(sound)).max()
    assert seam <= inside
