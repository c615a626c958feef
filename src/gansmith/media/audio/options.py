"""Settings of a recipe for sounds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gansmith.schema import Section
from gansmith.sections import DATA_OPTIONS, RECIPE_SECTIONS

Cut = Literal["whole", "fixed", "silence", "beat"]
LOWEST_RATE, HIGHEST_RATE = 4_000, 48_000
"""Sampling rates of clips in Hz."""


@DATA_OPTIONS.register("audio")
class AudioOptions(Section):
    """How sound files are turned into clips."""

    rate: int | None = Field(
        None,
        ge=LOWEST_RATE,
        le=HIGHEST_RATE,
        description="sampling rate of sounds in Hz; null: the most frequent one of the files",
    )
    seconds: float = Field(1.0, ge=0.05, le=30, description="length of a sound clip")
    channels: Literal[1, 2] | None = Field(
        None, description="1 mono, 2 stereo; null: stereo if most of the files are"
    )
    cut: Cut = Field("whole", description="how sound files are segmented; docs/sound.md")
    tempo: float | None = Field(
        None,
        ge=20,
        le=400,
        description="beats per minute, for cut=beat; null: from the names or lengths of the files",
    )
    meter: int = Field(4, ge=1, le=16, description="beats per bar, for cut=beat")
    notes: bool = Field(
        False, description="label sounds by note, from file names or estimated pitch"
    )
    loudness: float | None = Field(
        None, ge=-60, le=0, description="normalise every sound to this LUFS; null: unchanged"
    )


@RECIPE_SECTIONS.register("sound")
class SoundConfig(Section):
    """How sounds are represented for networks, and decoded."""

    representation: Literal["logmel", "istft", "waveform"] = Field(
        "istft", description="logmel: Griffin-Lim; istft: log-mel with a trained decoder; waveform"
    )
    mels: int = Field(64, ge=16, le=256, description="bands of a log-mel spectrogram")
    fft: int | None = Field(
        None, ge=64, le=8192, description="samples per window, a power of 2; null: about 64 ms"
    )
    hop: int | None = Field(
        None, ge=16, le=4096, description="samples between frames; null: a quarter of fft"
    )
    span: float = Field(60.0, gt=10, le=120, description="dB from the loudest level to silence")
    loop: bool = Field(False, description="clips are loops: the end continues into the beginning")
    iterations: int | None = Field(
        None, ge=1, description="of Griffin-Lim; null: 32, or 8 after a trained decoder (istft)"
    )
    decoder_steps: int = Field(1500, ge=1, description="of training, for representation=istft")

    @model_validator(mode="after")
    def _consistent(self) -> SoundConfig:
        if self.fft is not None and self.fft & (self.fft - 1):
            raise ValueError(f"takes fft as a power of 2, such as 512 or 1024, not {self.fft}")
        if self.hop is not None and self.hop & (self.hop - 1):
            raise ValueError(f"takes hop as a power of 2, such as 128 or 256, not {self.hop}")
        return self
