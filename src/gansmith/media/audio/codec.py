"""Sound: clips to network tensors and back, to files and to sheets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.drawing.pixels import png_bytes
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.audio.file_facts import UnreadableSound, examine, read_clip
from gansmith.media.audio.logmel import LogMel, stretched
from gansmith.media.audio.loudness import fade, normalise_loudness
from gansmith.media.audio.options import SoundConfig
from gansmith.media.audio.samples import STEPS, by_channel, pad_or_trim, to_samples
from gansmith.media.audio.sheet import sound_sheet
from gansmith.media.audio.stft import Transform, resampled
from gansmith.media.audio.vocoder import ROUNDS, Vocoder, train_vocoder
from gansmith.media.audio.writing import joined, preview_bytes, sound_bytes
from gansmith.medium import Codec, suffix
from gansmith.storage.cached_tensors import cached_tensors

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset
    from gansmith.recipe import Recipe

WINDOW = 0.064
AT_ONCE = 32
ITERATIONS = 32
"""Of Griffin-Lim that begins without phases; `ROUNDS` where a vocoder says them roughly."""
CLOSED = 8
"""Loops have a multiple of so many frames, to which their length is brought and back."""
MOST_SHOWN = 256
VERSION = 4


class AudioCodec(Codec):
    """Clips of one length as samples int16 [N, 1, T, C].

    Networks see samples as they are, [N, C, 1, T] in [-1, 1], or log-mel pictures
    [N, C, mels, frames].

    Args:
        rate: In Hz.
        length: T.
        mel: Makes the pictures; None where networks see samples.
        iterations: Of Griffin-Lim, from no phases or from those of the vocoder.
        vocoder: Turns the pictures into sound.
        tempo: Beats a minute, of clips that were cut by beats.
        stretch: How many times as long as networks see them clips are made.
        loudness: LUFS that clips were brought to; None where they were left as they are.
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
    ) -> None:
        self.rate, self.length, self.mel = rate, length, mel
        self.iterations, self.vocoder = iterations, vocoder
        self.tempo, self.stretch, self.loudness = tempo, stretch, loudness

    @classmethod
    def fit(cls, recipe: Recipe, dataset: Dataset, log: LogFn = silent) -> AudioCodec:
        """Learn the level of the loudest clips, and the vocoder where the recipe wants one."""
        config, rate, length = recipe.section(SoundConfig), dataset.rate, dataset.samples.shape[2]
        told = (dataset.settings.get(name) for name in ("tempo", "loudness"))
        tempo, loudness = (None if value is None else float(str(value)) for value in told)
        tempo = tempo if dataset.settings.get("cut") == "beat" else None
        if config.representation == "waveform":
            return cls(rate, length, tempo=tempo, loudness=loudness)
        mel = _learn_levels(config, dataset)
        if config.representation == "logmel":
            iterations, vocoder = config.iterations or ITERATIONS, None
        else:
            iterations = config.iterations or ROUNDS
            vocoder = _learn_vocoder(config, dataset, mel, log)
        return cls(rate, length, mel, iterations, vocoder, tempo, loudness=loudness)

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
        loudness = config.get("loudness")
        return cls(config["rate"], config["length"], mel, *settings, loudness=loudness)

    def config(self) -> dict[str, Any]:
        """Return rate, length and loudness, the settings of pictures and of Griffin-Lim."""
        mel = None if self.mel is None else self.mel.config()
        config = {"rate": self.rate, "length": self.length, "mel": mel, "loudness": self.loudness}
        return config | {"iterations": self.iterations, "tempo": self.tempo}

    def state_dict(self) -> dict[str, Tensor]:
        """Return the weights of the vocoder, if there is one."""
        return {} if self.vocoder is None else dict(self.vocoder.state_dict())

    def time_stretched(self, tempo: float) -> AudioCodec:
        """Make the medium that plays the same clips at another tempo, at the same pitch.

        Args:
            tempo: Beats a minute, from half to twice that of the clips.

        Raises:
            GansmithError: The clips have no tempo, or cannot be stretched so far.
        """
        if self.tempo is None or self.mel is None:
            raise GansmithError(
                "a tempo is for log-mel pictures of clips that were cut by beats: train with "
                "data.cut=beat and data.tempo"
            )
        stretch = self.tempo / tempo if tempo else np.inf
        if not 0.5 <= stretch <= 2:
            raise GansmithError(
                f"tempo {tempo:g} is too far from the {self.tempo:g} of the clips: it takes "
                f"{self.tempo / 2:g} to {self.tempo * 2:g}"
            )
        length = round(self.length * stretch)
        settings = (self.iterations, self.vocoder, tempo, stretch, self.loudness)
        return AudioCodec(self.rate, length, self.mel, *settings)

    def shape(self, stored: tuple[int, ...]) -> tuple[int, int, int]:
        """Return (C, mels, frames) or (C, 1, T)."""
        _, length, channels = stored[-3:]
        if self.mel is None:
            return channels, 1, length
        return channels, self.mel.mels, self._frames(length)

    def encode(self, samples: Tensor) -> Tensor:
        """Turn clips int16 [N, 1, T, C] into float32 [N, C, 1, T] or [N, C, mels, frames]."""
        waves = samples[:, 0].permute(0, 2, 1).float() / STEPS
        if self.mel is None:
            return waves.unsqueeze(2).contiguous()
        flat = waves.flatten(0, 1)
        if self.loops:
            flat = resampled(flat, self._frames(self.length) * self.mel.transform.hop)
        pictures = self.mel.encode(flat)
        return pictures.reshape(*waves.shape[:2], *pictures.shape[1:])

    @torch.no_grad()
    def decode(self, tensors: Tensor) -> NDArray[np.int16]:
        """Undo :meth:`encode` as well as can be; a clip beyond full scale is made quieter."""
        tensors = tensors.detach().float().contiguous()
        flat = tensors.flatten(0, 1)
        if self.mel is None:
            waves = flat.squeeze(1)
        else:
            if self.stretch != 1:
                frames = round(flat.shape[2] * self.stretch)  # of a loop; others last till the end
                frames = frames if self.loops else self._frames(self.length)
                flat = stretched(flat, frames, self.loops)
            waves = torch.cat([self._sound(part) for part in torch.split(flat, AT_ONCE)])
            waves = resampled(waves, self.length) if self.loops else waves
        clips = waves[:, : self.length].reshape(*tensors.shape[:2], -1).permute(0, 2, 1)
        clips = clips / clips.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1)
        return to_samples(clips.unsqueeze(1).contiguous().cpu().numpy())

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[np.int16]:
        """Read the beginning of a sound file as a training would, filled up with silence."""
        _, length, channels = stored[-3:]
        try:
            facts = examine(path)
            whole = facts.frames / facts.rate
            seconds = min(length / self.rate, whole)
            wave = read_clip(path, 0.0, seconds, self.rate, channels)
        except UnreadableSound as error:
            raise GansmithError(f"{path} cannot be read as a sound: {error}") from error
        wave = normalise_loudness(wave, self.rate, self.loudness)
        goes_on = whole - seconds > 1 / facts.rate and self.tempo is None
        return pad_or_trim(fade(wave, self.rate, head=False, tail=goes_on), length)

    def to_bytes(self, sample: NDArray[Any], format_: str) -> bytes:
        """Encode a clip as WAV or FLAC; in WAV a clip that loops is marked as a loop."""
        kind = suffix(format_)
        bits: Literal[16, 24] = 24 if "24" in format_ else 16
        return sound_bytes(sample[0], self.rate, kind, bits=bits, loop=self.loops and kind == "wav")

    def overview(self, samples: NDArray[Any], names: Sequence[str]) -> dict[str, bytes]:
        """Return all clips behind each other with labels for Audacity, and a sheet."""
        sound, labels = preview_bytes([sample[0] for sample in samples], self.rate, names)
        shown = samples[:MOST_SHOWN]
        sheet = png_bytes(self.sheet(shown, captions=list(names[: len(shown)])))
        return dict(zip(self.overview_files, (sound, labels, sheet), strict=True))

    def interpolation_to_bytes(self, walks: Sequence[NDArray[Any]], suffix: str) -> bytes:
        """Encode one interpolation as one sound.

        Each clip is faded into the next over a tenth of its length.
        """
        return sound_bytes(joined(walks[0][:, 0], self.length // 10), self.rate, suffix[1:])

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
        assert self.mel is not None
        if self.vocoder is None:
            return self.mel.decode(pictures, self.iterations)
        waves: Tensor = self.vocoder.to(pictures.device)(pictures, self.iterations)
        return waves


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
