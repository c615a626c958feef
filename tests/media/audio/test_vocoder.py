from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.media.audio.logmel import LogMel
from gansmith.media.audio.metrics import spectral_distance
from gansmith.media.audio.stft import Transform
from gansmith.media.audio.vocoder import PIECE, Vocoder, pieces_of, spectral_loss, train_vocoder
from tests.media.audio import twins

RATE, FFT, HOP, MELS, LENGTH = 8000, 128, 32, 32, 512
RESOLUTIONS = [Transform(64, 16), Transform(256, 64)]


def codec(loop: bool = False) -> LogMel:
    return LogMel(RATE, Transform(FFT, HOP, loop), MELS, top=0.0, span=60.0)


def tones(*hertz: float) -> NDArray[np.int16]:
    waves = [twins.tone(pitch, RATE, LENGTH) for pitch in hertz]
    return np.rint(np.stack(waves) * 32767).astype(np.int16)


def as_float(waves: NDArray[np.int16]) -> Tensor:
    return torch.from_numpy(waves.astype(np.float32) / 32768)


def seeded(mel: LogMel, seed: int = 0, **options: int) -> Vocoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Vocoder(mel, **options).eval().requires_grad_(False)


TRAINED_ON = tones(200, 310, 450, 700, 1000, 1500)


@cache
def trained() -> Vocoder:
    return train_vocoder(codec(), TRAINED_ON, steps=60)


def equal(first: Vocoder, second: Vocoder) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(("loop", "frames"), [(False, 1), (False, 7), (True, 3), (True, 16)])
def test_a_picture_gives_a_hop_of_sound_a_frame(loop: bool, frames: int) -> None:
    pictures = torch.rand(3, MELS, frames) * 2 - 1
    waves = seeded(codec(loop), width=16, depth=2)(pictures)
    assert waves.shape == (3, frames * HOP) and waves.dtype == torch.float32
    assert waves.isfinite().all() and waves.any(dim=1).all()


def test_steps_of_training_make_it_nearer() -> None:
    """A third of the untrained loss is gone, and a quarter of the distance by another metric."""
    untrained, waves = seeded(codec()), as_float(TRAINED_ON)
    pictures = codec().encode(waves)
    after, before = trained()(pictures), untrained(pictures)
    losses = [float(spectral_loss(made, waves, RESOLUTIONS)) for made in (after, before)]
    assert losses[0] < 2 / 3 * losses[1]
    distances = [spectral_distance(waves, made, (64, 128, 256)) for made in (after, before)]
    assert distances[0] < 3 / 4 * distances[1]


def test_the_same_seed_gives_the_same_weights() -> None:
    first, again, other = (train_vocoder(codec(), TRAINED_ON[:2], 2, seed) for seed in (0, 0, 1))
    assert equal(first, again) and not equal(first, other)
    assert not equal(first, seeded(codec()))


def test_training_leaves_random_state_and_gradient_mode_alone() -> None:
    state = torch.get_rng_state()
    with torch.inference_mode():
        vocoder = train_vocoder(codec(), TRAINED_ON[:2], steps=2)
        assert torch.is_inference_mode_enabled()
    assert torch.equal(torch.get_rng_state(), state)
    assert not vocoder.training and not any(p.requires_grad for p in vocoder.parameters())


def test_collections_larger_than_a_batch_and_of_odd_length_train() -> None:
    clips = np.resize(TRAINED_ON, (37, 301))
    vocoder = train_vocoder(codec(), clips, steps=4)
    assert vocoder(codec().encode(as_float(clips[:1]))).isfinite().all()


def test_a_silent_clip_among_others_does_no_harm() -> None:
    clips = TRAINED_ON[:3].copy()
    clips[1] = 0
    vocoder = train_vocoder(codec(), clips, steps=2)
    assert all(weights.isfinite().all() for weights in vocoder.state_dict().values())


@pytest.mark.parametrize("which", ["fresh", "trained"])
def test_a_silent_picture_is_silence(which: str) -> None:
    vocoder = trained() if which == "trained" else seeded(codec())
    assert not vocoder(torch.full((2, MELS, 20), -1.0)).any()


def test_a_loop_has_no_beginning() -> None:
    vocoder = seeded(codec(loop=True), width=24, depth=3)
    pictures = torch.rand(2, MELS, 20, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for frames in (1, 7):
        moved = vocoder(pictures.roll(frames, 2))
        expected = vocoder(pictures).roll(frames * HOP, 1)
        torch.testing.assert_close(moved, expected, atol=1e-4, rtol=1e-4)
    plain = seeded(codec(), width=24, depth=3)
    assert (plain(pictures.roll(7, 2)) - plain(pictures).roll(7 * HOP, 1)).abs().max() > 0.01


def twin(made: Tensor, real: Tensor) -> float:
    """The loss of Yamamoto et al. (2020), convergence over all clips, one resolution at a time."""
    terms = []
    for transform in RESOLUTIONS:
        off, whole, logs = 0.0, 0.0, []
        for a, b in zip(made.double().numpy(), real.double().numpy(), strict=True):
            found, wanted = (abs(twins.frames(w, transform.fft, transform.hop)) for w in (a, b))
            quiet = 1e-4 * wanted.max() + 1e-5
            off += np.square(found - wanted).sum()
            whole += np.square(wanted).sum()
            logs.append(abs(np.log(found + quiet) - np.log(wanted + quiet)).mean())
        terms.append(np.sqrt(off / whole) + np.mean(logs))
    return float(np.mean(terms))


def test_the_loss_agrees_with_a_brute_force_twin() -> None:
    waves = as_float(TRAINED_ON)
    noise = torch.randn(waves.shape, generator=torch.Generator().manual_seed(0))
    for made in (waves + 0.1 * noise, 0.5 * waves, noise):
        found = float(spectral_loss(made, waves, RESOLUTIONS))
        assert found == pytest.approx(twin(made, waves), rel=1e-3)


def test_the_loss_of_equal_sounds_is_zero_and_silence_gives_none_infinite() -> None:
    waves = as_float(TRAINED_ON)
    assert spectral_loss(waves, waves, RESOLUTIONS) < 1e-4
    assert spectral_loss(0 * waves, 0 * waves, RESOLUTIONS) < 1e-2
    made = waves.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(spectral_loss(made, 0 * waves, RESOLUTIONS), made)
    assert gradient.isfinite().all()


def test_silence_teaches_nothing() -> None:
    """Of two clips of four pieces' length only what is heard is learnt from, in pieces by half."""
    length = PIECE * HOP
    waves = np.zeros((2, 4 * length), np.int16)
    waves[0, length : 2 * length] = 8_000
    pieces = pieces_of(waves, HOP)
    assert pieces.shape == (3, length) and pieces.any(1).all()
    assert (pieces == 8_000).mean(1).tolist() == [0.5, 1, 0.5]


def test_short_clips_stay_whole() -> None:
    waves = tones(200, 310)
    assert pieces_of(waves, HOP) is waves


def test_a_loop_is_learnt_as_other_clips_are() -> None:
    loop, plain = (train_vocoder(codec(loop), TRAINED_ON[:2], 2) for loop in (True, False))
    assert equal(loop, plain) and loop.codec == codec(loop=True)


def test_nothing_but_silence_is_learnt_from_where_there_is_nothing_else() -> None:
    assert len(pieces_of(np.zeros((2, 2 * PIECE * HOP), np.int16), HOP)) == 6
