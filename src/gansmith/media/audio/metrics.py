"""Metrics of waveforms: how near two are, and what commonly goes wrong with generated ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Waves = Tensor | NDArray[np.float32]
"""Clips [N, T], N and T >= 1, float in [-1, 1] where 1 is full scale."""

POINTS = 2**22
"""Points of clips held at once: 16 MB, and a few times that for their spectra."""

FAINTEST = 1e-5
"""Magnitudes below this count as this: -100 dBFS, what 16 bits of depth hardly hold."""

SILENT = 1e-3
"""Peak below which a clip is silent: -60 dBFS."""

CLIPPED = 0.999
"""Magnitude from which a point is at full scale."""

CLIPPED_RUN = 3
"""Points in a row at full scale that make a clip clipped."""

TONE_FRAME = 0.064
"""Seconds of a frame in which tones are told apart: bins lie about 16 Hz apart."""

TONE_SHARE = 0.9
"""Share of a frame's energy that is one tone, and share of the frames that hold it.

Half of the energy would not do: the fundamental of a sung or bowed note (a sawtooth) has 61 %.
"""

TONE_FALL = 0.25
"""Energy of a steady tone against its loudest frame: -6 dB, which what dies away falls below."""

LEVEL_FRAME = 0.02
"""Seconds of a frame whose level is taken."""

LOUD_CLIPS = 0.9
"""Share of clips whose quiet moments are no louder than the noise floor."""

QUIETEST = 1e-6
"""Lowest level of a frame: -120 dBFS."""


def spectral_distance(a: Waves, b: Waves, sizes: Sequence[int] = (512, 1024, 2048)) -> float:
    """Multi-resolution STFT distance of aligned pairs.

    Yamamoto et al., "Parallel WaveGAN" (2020), arXiv 1910.11480: spectral convergence plus the
    mean absolute difference of log magnitudes (natural), averaged over FFT sizes. The Hann window
    is as long as the FFT, the hop a quarter; clips stand between zeros. Spectral convergence pools
    all pairs, so that silent ones do not divide by zero; magnitudes are kept above -100 dBFS.

    Args:
        a: Reference clips [N, T], not all silent.
        b: Clips [N, T], the i-th compared with the i-th of `a`.
        sizes: FFT sizes, multiples of 4. The default suits 16 kHz and more, half of each 8 kHz.
            All are halved until the longest fits into a clip.

    Returns:
        A value >= 0, 0 for equal clips. It is not symmetric.
    """
    while max(sizes) > max(a.shape[1], 4):
        sizes = [max(4, size // 2) for size in sizes]
    return sum(_resolution_distance(a, b, size) for size in sizes) / len(sizes)


def silence_share(waves: Waves) -> float:
    """Share of clips [N, T] whose peak is below -60 dBFS."""
    return _share(~_audible(clips) for clips in batches(waves))


def clipping_share(waves: Waves) -> float:
    """Share of clips [N, T], T >= 3, with 3 points in a row at or beyond 0.999 of full scale.

    The rounded top of an unclipped low tone counts as well where it just reaches full scale (below
    0.7 % of the rate: 114 Hz at 16 kHz), so read it against the share among real clips.
    """
    return _share(
        (clips.abs() >= CLIPPED).unfold(1, CLIPPED_RUN, 1).all(2).any(1) for clips in batches(waves)
    )


def tone_share(waves: Waves, rate: int) -> float:
    """Share of clips that are one steady tone, a common failure of generators of sound.

    A clip's tone is the frequency bin with the most energy over all frames (Hann, 64 ms or a
    quarter of a shorter clip, hop a quarter) with its two neighbours. A frame is steady where the
    tone has more than 90 % of the frame's energy, and no less than a quarter (-6 dB) of the tone's
    energy in its loudest frame. A clip is one steady tone where at least 90 % of its frames are
    steady and it is not silent. An offset is a tone of 0 Hz.

    Drums fall by more than 6 dB, notes with harmonics keep less than 90 % in one of them, speech
    does neither for long; a real sine or a whistle counts, as it must.

    Args:
        waves: [N, T], T >= 16.
        rate: Points per second.
    """
    return _share(_is_tone(clips, rate) & _audible(clips) for clips in batches(waves))


def noise_floor(waves: Waves, rate: int) -> float:
    """Level of the quiet moments, the 10th percentile of a clip's frames, that few clips exceed.

    It is that of the clip which a tenth of the others exceed: hiss in a third of the clips is heard
    by everyone, and a median would not tell.

    Args:
        waves: [N, T].
        rate: Points per second.

    Returns:
        Root mean square of 20 ms frames (of what lasts shorter: the clip) in dBFS, from -120 (and
        all below) to 0, a full-scale square wave; a full-scale sine has -3.
    """
    size = min(round(LEVEL_FRAME * rate), waves.shape[1])
    quiet = [
        clips.unfold(1, size, size).square().mean(2).sqrt().quantile(0.1, dim=1)
        for clips in batches(waves)
    ]
    return float(20 * torch.cat(quiet).clamp(min=QUIETEST).log10().quantile(LOUD_CLIPS))


def batches(waves: Waves) -> Iterator[Tensor]:
    """Yield copies of successive clips, float32 [<= N, T]."""
    plain = np.asarray(waves)
    size = max(1, POINTS // plain.shape[1])
    for start in range(0, len(plain), size):
        yield torch.from_numpy(plain[start : start + size].astype(np.float32))


def frame_length(seconds: float, rate: int, most: int) -> int:
    """Points of a frame: what lasts `seconds` but at most `most`, in a multiple of 4, >= 4."""
    return 4 * max(1, int(min(seconds * rate, most)) // 4)


def magnitudes(clips: Tensor, size: int) -> Tensor:
    """Magnitudes of spectra, Hann window, hop a quarter; only whole frames, none padded.

    Args:
        clips: [N, T], T >= `size`.
        size: Points of a frame, a multiple of 4.

    Returns:
        [N, size / 2 + 1, frames]; a full-scale sine in the middle of a bin has 1 there.
    """
    window = torch.hann_window(size, dtype=clips.dtype)
    spectra = torch.stft(clips, size, size // 4, window=window, center=False, return_complex=True)
    return spectra.abs() * (2 / window.sum())


def _share(flags: Iterable[Tensor]) -> float:
    return float(torch.cat(list(flags)).double().mean())


def _audible(clips: Tensor) -> Tensor:
    return clips.abs().amax(1) >= SILENT


def _resolution_distance(a: Waves, b: Waves, size: int) -> float:
    """Spectral convergence plus log magnitude difference at one FFT size."""
    squares = reference = logs = count = 0.0
    for pair in zip(batches(a), batches(b), strict=True):
        first, second = (
            magnitudes(F.pad(clips, (size // 2, size // 2)), size).clamp(min=FAINTEST)
            for clips in pair
        )
        squares += float((first - second).square().sum(dtype=torch.float64))
        reference += float(first.square().sum(dtype=torch.float64))
        logs += float((first.log() - second.log()).abs().sum(dtype=torch.float64))
        count += first.numel()
    return float((squares / reference) ** 0.5 + logs / count)


def _is_tone(clips: Tensor, rate: int) -> Tensor:
    energy = magnitudes(clips, frame_length(TONE_FRAME, rate, clips.shape[1] // 4)).square()
    strongest = energy.sum(2).argmax(1)
    bands = F.pad(energy, (0, 0, 1, 1)).unfold(1, 3, 1).sum(3)
    tone = bands[torch.arange(len(clips)), strongest]
    steady = (tone > TONE_SHARE * energy.sum(1)) & (tone >= TONE_FALL * tone.amax(1, keepdim=True))
    return steady.double().mean(1) >= TONE_SHARE
