"""Sound: clips to network tensors and back, to files and to sheets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.codec import Codec, suffix
from gansmith.drawing.pixels import png_bytes
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.audio.file_facts import UnreadableSound, examine, read_clip
from gansmith.media.audio.logmel import LogMel, stretched
from gansmith.media.audio.loudness import (
    ATTACK,
    fade,
    gain_to,
    normalisation,
    normalise_loudness,
)
from gansmith.media.audio.options import SoundConfig
from gansmith.media.audio.samples import STEPS, by_channel, pad_or_trim, to_samples, to_waves
from gansmith.media.audio.sheet import sound_sheet
from gansmith.media.audio.stft import Transform, resampled
from gansmith.media.audio.vocoder import ROUNDS, Vocoder, train_vocoder
from gansmith.media.audio.writing import (
    MIDDLE_C,
    joined,
    joined_loops,
    preview_bytes,
    sound_bytes,
)
from gansmith.storage.cached_tensors import cached_tensors

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset
    from gansmith.recipe import Recipe

WINDOW = 0.064
AT_ONCE = 32
ITERATIONS = 32
"""Of Griffin-Lim from fixed phases; `ROUNDS` from those of a vocoder."""
CLOSED = 8
"""Loops are resampled to a multiple of so many frames, and back."""
MOST_SHOWN = 256
VERSION = 4


class AudioCodec(Codec):
    """Clips of one length as samples int16 [N, 1, T, C].

    Networks see waveforms [N, C, 1, T] in [-1, 1], or log-mel spectrograms [N, C, mels, frames].
    Decoded spectrograms that are no loops begin and end at 0, by short fades.

    Args:
        rate: Sampling rate in Hz.
        length: T.
        mel: Computes spectrograms; None if networks see waveforms.
        iterations: Iterations of Griffin-Lim, from fixed phases or from those of the vocoder.
        vocoder: Decodes spectrograms.
        tempo: Beats per minute of clips that were cut by beats.
        stretch: Decoded length in relation to the length that networks see.
        loudness: LUFS that clips were normalised to; None if they were not.
        meter: Beats per bar of clips that were cut by beats.

    Attributes:
        depth: Bits per decoded sample: 16 for int16, 24 for float32 in [-1, 1].
        target: Loudness of generated clips in LUFS, "peak", or None to leave it.
    """

    name = "audio"
    stored = np.int16
    formats = ("wav", "wav24", "flac", "flac24")
    interpolation_suffixes = (".wav", ".flac")
    overview_files = ("preview.wav", "preview.txt", "sheet.png")
    walks = 1

    def __init__(
        self,
        rate: int,
        length: int,
        mel: LogMel | None = None,
        iterations: int = ITERATIONS,
        vocoder: Vocoder | None = None,
        tempo: float | None = None,
        stretch: float = 1.0,
        loudness: float | None = None,
        meter: int = 4,
    ) -> None:
        self.rate, self.length, self.mel = rate, length, mel
        self.iterations, self.vocoder = iterations, vocoder
        self.tempo, self.stretch, self.loudness = tempo, stretch, loudness
        self.meter = meter
        self.depth: Literal[16, 24] = 16
        self.target: float | Literal["peak"] | None = None

    @classmethod
    def fit(cls, recipe: Recipe, dataset: Dataset, log: LogFn = silent) -> AudioCodec:
        """Learn the level of the loudest clips, and the vocoder where the recipe wants one."""
        config, rate, length = recipe.section(SoundConfig), dataset.rate, dataset.samples.shape[2]
        given = (dataset.settings.get(name) for name in ("tempo", "loudness"))
        tempo, loudness = (None if value is None else float(str(value)) for value in given)
        tempo = tempo if dataset.settings.get("cut") == "beat" else None
        meter = int(str(dataset.settings.get("meter", 4)))
        if config.representation == "waveform":
            return cls(rate, length, tempo=tempo, loudness=loudness, meter=meter)
        mel = _learn_levels(config, dataset)
        if config.representation == "logmel":
            iterations, vocoder = config.iterations or ITERATIONS, None
        else:
            iterations = config.iterations or ROUNDS
            vocoder = _learn_vocoder(config, dataset, mel, log)
        return cls(rate, length, mel, iterations, vocoder, tempo, loudness=loudness, meter=meter)

    def adapted(self, dataset: Dataset) -> AudioCodec:
        """Return the codec itself, for clips of the same rate and length."""
        length = dataset.samples.shape[2]
        if (dataset.rate, length) != (self.rate, self.length):
            raise GansmithError(
                f"training.start_from: the run has clips of {self.length} samples at {self.rate} "
                f"Hz, and these have {length} at {dataset.rate} Hz: set data.rate={self.rate} and "
                f"data.seconds={self.length / self.rate:g}"
            )
        return self

    @classmethod
    def from_config(cls, config: Mapping[str, Any], state_dict: Mapping[str, Tensor]) -> AudioCodec:
        """Rebuild a codec from its :meth:`config` and :meth:`state_dict`."""
        mel = None if config["mel"] is None else LogMel.from_config(config["mel"])
        vocoder = Vocoder.restore(mel, state_dict) if mel is not None and state_dict else None
        settings = (config["iterations"], vocoder, config.get("tempo"))
        loudness, meter = config.get("loudness"), config.get("meter", 4)
        rate, length = config["rate"], config["length"]
        return cls(rate, length, mel, *settings, loudness=loudness, meter=meter)

    def config(self) -> dict[str, Any]:
        """Return rate, length and loudness, the settings of pictures and of Griffin-Lim."""
        mel = None if self.mel is None else self.mel.config()
        config = {"rate": self.rate, "length": self.length, "mel": mel, "loudness": self.loudness}
        config |= {"iterations": self.iterations, "tempo": self.tempo}
        return config if self.meter == 4 else config | {"meter": self.meter}

    def state_dict(self) -> dict[str, Tensor]:
        """Return the weights of the vocoder, if there is one."""
        return {} if self.vocoder is None else dict(self.vocoder.state_dict())

    def time_stretched(self, tempo: float) -> AudioCodec:
        """Return a codec that decodes the same clips at another tempo and the same pitch.

        Args:
            tempo: Beats per minute, from half to twice that of the clips.

        Raises:
            GansmithError: The clips have no tempo, or cannot be stretched so far.
        """
        if self.tempo is None or self.mel is None:
            raise GansmithError(
                "--tempo needs spectrograms of clips that were cut by beats: train with "
                "data.cut=beat and data.tempo"
            )
        stretch = self.tempo / tempo if tempo else np.inf
        if not 0.5 <= stretch <= 2:
            raise GansmithError(
                f"tempo {tempo:g} is too far from the {self.tempo:g} of the clips: it takes "
                f"{self.tempo / 2:g} to {self.tempo * 2:g}"
            )
        changed = copy(self)
        changed.length, changed.tempo = round(self.length * stretch), tempo
        changed.stretch = self.stretch * stretch
        return changed

    def for_format(self, format_: str | None) -> AudioCodec:
        """Return a codec that decodes at the depth of a file format: 16 or 24 bits per sample."""
        changed = copy(self)
        changed.depth = 24 if "24" in self.chosen_format(format_) else 16
        return changed

    def normalised(self, target: str) -> AudioCodec:
        """Return a codec that normalises generated clips.

        Args:
            target: Loudness in LUFS such as "-14", or "peak".

        Raises:
            GansmithError: The target is neither.
        """
        changed = copy(self)
        changed.target = normalisation(target)
        return changed

    def shape(self, stored: tuple[int, ...]) -> tuple[int, int, int]:
        """Return (C, mels, frames) or (C, 1, T)."""
        _, length, channels = stored[-3:]
        if self.mel is None:
            return channels, 1, length
        return channels, self.mel.mels, self._frames(length)

    def encode(self, samples: Tensor) -> Tensor:
        """Turn clips [N, 1, T, C], int16 or float32 in [-1, 1], into network tensors.

        Returns:
            float32 [N, C, 1, T] or [N, C, mels, frames].
        """
        waves = samples[:, 0].permute(0, 2, 1).float()
        waves = waves if samples.is_floating_point() else waves / STEPS
        if self.mel is None:
            return waves.unsqueeze(2).contiguous()
        flat = waves.flatten(0, 1)
        if self.loops:
            flat = resampled(flat, self._frames(self.length) * self.mel.transform.hop)
        pictures = self.mel.encode(flat)
        return pictures.reshape(*waves.shape[:2], *pictures.shape[1:])

    @torch.no_grad()
    def decode(self, tensors: Tensor) -> NDArray[Any]:
        """Undo :meth:`encode` approximately; a clip beyond full scale is scaled down."""
        tensors = tensors.detach().float().contiguous()
        if self.mel is None:
            waves = tensors.squeeze(2)
        else:
            flat = tensors.flatten(0, 1)
            if self.stretch != 1:
                frames = round(flat.shape[2] * self.stretch)  # of a loop; others last till the end
                frames = frames if self.loops else self._frames(self.length)
                flat = stretched(flat, frames, self.loops)
            pictures = flat.reshape(*tensors.shape[:2], *flat.shape[1:])
            waves = torch.cat([self._sound(part) for part in torch.split(pictures, AT_ONCE)])
            if self.loops:
                waves = resampled(waves.flatten(0, 1), self.length)
                waves = waves.reshape(*tensors.shape[:2], -1)
        clips = waves[..., : self.length].permute(0, 2, 1)
        clips = clips / clips.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1)
        made: NDArray[np.float32] = clips.contiguous().cpu().numpy()
        if self.mel is not None and not self.loops:
            made = self._faded(made)
        return self._stored(made[:, None])

    def finish(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Normalise generated clips if asked for, and fade the ends of generated waveforms."""
        fades = self.mel is None and not self.loops
        if not fades and self.target is None:
            return samples
        waves = to_waves(samples[:, 0])
        if fades:
            waves = self._faded(waves)
        if self.target is not None:
            gains = [gain_to(wave, self.rate, self.target) for wave in waves]
            waves = waves * np.array(gains, np.float32)[:, None, None]
        return self._stored(waves[:, None])

    def _faded(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fade the ends of waves [N, T, C], so that they do not click."""
        return np.stack([fade(wave, self.rate, attack=ATTACK) for wave in waves])

    def _stored(self, waves: NDArray[np.float32]) -> NDArray[Any]:
        return waves if self.depth == 24 else to_samples(waves)

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[Any]:
        """Read the beginning of a sound file as a training would, filled up with silence."""
        _, length, channels = stored[-3:]
        try:
            facts = examine(path)
            whole = facts.frames / facts.rate
            seconds = min(length / self.rate, whole)
            wave = read_clip(path, 0.0, seconds, self.rate, channels, facts.peak)
        except UnreadableSound as error:
            raise GansmithError(f"{path} cannot be read as a sound: {error}") from error
        wave = normalise_loudness(wave, self.rate, self.loudness)
        goes_on = whole - seconds > 1 / facts.rate and self.tempo is None
        clip = pad_or_trim(fade(wave, self.rate, head=False, tail=goes_on), length)
        return clip if self.depth == 16 else to_waves(clip)

    def to_bytes(self, sample: NDArray[Any], format_: str) -> bytes:
        """Encode a clip as WAV or FLAC; WAV files of loops have loop points and their tempo."""
        return self.clip_bytes(sample[0], format_)

    def clip_bytes(
        self,
        clip: NDArray[Any],
        format_: str,
        loop: tuple[int, int] | None = None,
        root_note: int = MIDDLE_C,
    ) -> bytes:
        """Encode a clip of any length.

        Args:
            clip: int16, or float32 in [-1, 1], [T, C].
            format_: One of `formats`.
            loop: First frame of a sustain loop and the frame after its last; by default the whole
                clip if clips are loops. Only WAV files hold it.
            root_note: MIDI number of the key at which the clip has its own pitch.
        """
        kind = suffix(format_)
        bits: Literal[16, 24] = 24 if "24" in format_ else 16
        if loop is None and self.loops:
            loop = (0, len(clip))
        if kind != "wav":
            loop = None
        tempo = self.tempo if self.loops and kind == "wav" else None
        return sound_bytes(clip, self.rate, kind, bits, loop, root_note, tempo, self.meter)

    @property
    def file_tag(self) -> str:
        """The tempo of loops, for names of files; empty for other clips."""
        return f"-{self.tempo:g}bpm" if self.loops and self.tempo is not None else ""

    def overview(self, samples: NDArray[Any], names: Sequence[str]) -> dict[str, bytes]:
        """Return all clips behind each other with labels for Audacity, and a sheet."""
        sound, labels = preview_bytes([sample[0] for sample in samples], self.rate, names)
        shown = samples[:MOST_SHOWN]
        sheet = png_bytes(self.sheet(shown, captions=list(names[: len(shown)])))
        return dict(zip(self.overview_files, (sound, labels, sheet), strict=True))

    def interpolation_to_bytes(self, walks: Sequence[NDArray[Any]], suffix: str) -> bytes:
        """Encode one interpolation as one sound.

        Each clip is faded into the next over a tenth of its length. Loops stay on the grid: the
        sound has the length of all of them, and is a loop itself.
        """
        clips, overlap = walks[0][:, 0], self.length // 10
        whole = joined_loops(clips, overlap) if self.loops else joined(clips, overlap)
        bits = "24" if whole.dtype.kind == "f" else ""
        return self.clip_bytes(whole, suffix[1:] + bits)

    def sheet(self, samples: NDArray[Any], **options: Any) -> Image.Image:
        """Draw waveforms and spectrograms; options as for `gansmith.media.audio.sheet`."""
        return sound_sheet(samples, self.rate, **options)

    @property
    def loops(self) -> bool:
        """Whether a clip goes on with its own beginning."""
        return self.mel is not None and self.mel.transform.loop

    def _frames(self, length: int) -> int:
        """Frames of a clip; of a loop, those nearest to it that networks can close."""
        assert self.mel is not None
        if not self.loops:
            return self.mel.transform.frames(length)
        return CLOSED * max(1, round(length / (CLOSED * self.mel.transform.hop)))

    def _sound(self, pictures: Tensor) -> Tensor:
        """Decode spectrograms [N, C, mels, F] to waves [N, C, F * hop]."""
        assert self.mel is not None
        if self.vocoder is not None and pictures.shape[1] > 1:
            return self.vocoder.to(pictures.device).decode_channels(pictures, self.iterations)
        flat = pictures.flatten(0, 1)
        if self.vocoder is None:
            waves: Tensor = self.mel.decode(flat, self.iterations)
        else:
            waves = self.vocoder.to(pictures.device)(flat, self.iterations)
        return waves.reshape(*pictures.shape[:2], -1)


def _learn_levels(config: SoundConfig, dataset: Dataset) -> LogMel:
    fft = config.fft or 1 << round(np.log2(WINDOW * dataset.rate))
    hop = config.hop or fft // 4
    if hop > fft // 2:
        raise GansmithError(
            f"sound.hop={hop} is more than half of sound.fft={fft}: make it smaller"
        )
    transform = Transform(fft, hop, config.loop)
    return LogMel.fit(_trained_on(dataset), dataset.rate, transform, config.mels, config.span)


def _learn_vocoder(config: SoundConfig, dataset: Dataset, mel: LogMel, log: LogFn) -> Vocoder:
    """Train the vocoder on this collection, or take the one that was kept."""
    settings = repr((VERSION, dataset.fingerprint, mel.config(), config.decoder_steps))
    key = hashlib.sha256(settings.encode()).hexdigest()[:16]
    weights = cached_tensors("vocoder", key, partial(_trained, config, dataset, mel, log))
    return Vocoder.restore(mel, weights)


def _trained(config: SoundConfig, dataset: Dataset, mel: LogMel, log: LogFn) -> dict[str, Tensor]:
    log(f"training the decoder of sound for {config.decoder_steps:,} steps, once for these clips")
    return dict(train_vocoder(mel, _trained_on(dataset), config.decoder_steps).state_dict())


def _trained_on(dataset: Dataset) -> NDArray[np.int16]:
    """Every channel of the training clips, int16 [N * C, T]."""
    return by_channel(dataset.samples[dataset.train_indices])
