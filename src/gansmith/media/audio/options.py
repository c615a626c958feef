"""Settings of a recipe that are for sounds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gansmith.schema import Section
from gansmith.sections import DATA_OPTIONS, RECIPE_SECTIONS

Cut = Literal["whole", "fixed", "silence", "beat"]


@DATA_OPTIONS.register("audio")
class AudioOptions(Section):
    """How sound files become clips."""

    rate: int = Field(16_000, ge=4_000, le=48_000, description="of sounds, in Hz")
    seconds: float = Field(1.0, ge=0.05, le=30, description="length of a sound clip")
    channels: Literal[1, 2] = Field(1, description="of sounds: mono or stereo")
    cut: Cut = Field("whole", description="how sound files give clips; docs/sound.md")
    tempo: float | None = Field(None, ge=20, le=400, description="beats a minute, for cut=beat")
    notes: bool = Field(
        False, description="label sounds by the note they play, as named in the file or heard"
    )
    loudness: float | None = Field(
        None, ge=-60, le=0, description="LUFS that every sound is brought to; null: as they are"
    )


@RECIPE_SECTIONS.register("sound")
class SoundConfig(Section):
    """How sounds become what networks see, and networks' pictures sound again."""

    representation: Literal["logmel", "istft", "waveform"] = Field(
        "istft", description="logmel by Griffin-Lim, logmel by a trained decoder, or samples"
    )
    mels: int = Field(64, ge=16, le=256, description="bands of a log-mel picture")
    fft: int | None = Field(
        None, ge=64, le=8192, description="samples in a window, a power of 2; null: about 64 ms"
    )
    hop: int | None = Field(
        None, ge=16, le=4096, description="samples from frame to frame; null: a quarter of fft"
    )
    span: float = Field(60.0, gt=10, le=120, description="dB from the loudest level to silence")
    loop: bool = Field(False, description="a clip goes on with its own beginning")
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
