"""Sections of a recipe: every setting with its type, its default and what it means."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gansmith.schema import Schedule, Scheduled, Section, Size, parse_range

Mode = Literal["auto", "L", "LA", "RGB", "RGBA"]
Resize = Literal["fit", "crop", "pad", "place"]
Filter = Literal["auto", "lanczos", "nearest"]
Cut = Literal["whole", "fixed", "silence", "beat"]
Unit = Literal["auto", "line", "paragraph", "file"]


class DataConfig(Section):
    """Which samples, and how files become arrays."""

    source: str = Field("mnist", description="a name from `gansmith data`, or a path")
    size: Size | None = Field(None, description="height x width in pixels; null: from the files")
    mode: Mode = Field(
        "auto", description="grey, grey+alpha, RGB or RGBA; auto keeps what is there"
    )
    resize: Resize = Field(
        "fit",
        description="fit: stretch; crop: fill and cut; pad: show all; place: pad, never enlarged",
    )
    filter: Filter = Field(
        "auto", description="nearest: mixes no colours; auto: nearest for place, else lanczos"
    )
    range: str | None = Field(
        None,
        description="values that are black and white in files of over 8 bits, signed or float: "
        "auto (least and greatest) or LOW..HIGH; null: by the depth they state",
    )
    labels: bool = Field(True, description="use labels where the collection has them")
    held_out: float = Field(0.1, gt=0, lt=0.9, description="share kept for judging, by hash")
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
    unit: Unit = Field("auto", description="what is one text in a .txt file; docs/text.md")
    field: str | None = Field(
        None, description="column of a table that holds the texts; null: text, caption or content"
    )
    form: str | None = Field(
        None, description="form of verse; texts are labelled by whether they keep it; docs/text.md"
    )
    title: str | None = Field(
        None, description="column of a table that holds a title for each text; null: none"
    )
    captions: bool = Field(
        False, description="read pictures with what is written of them; docs/captions.md"
    )
    longest: int | None = Field(
        None, ge=2, le=10_000, description="characters of a text; null: as 99.5 % of them have"
    )

    @field_validator("range", mode="before")
    @classmethod
    def _limits(cls, value: object) -> object:
        if value is not None:
            parse_range(str(value))
        return value


class ImageConfig(Section):
    """How what networks make becomes pictures."""

    hard_alpha: bool = Field(False, description="alpha is 0 or 255 only, as of pixel art")
    palette: int | None = Field(
        None, ge=2, le=256, description="most colours, learnt from the data; null: any colours"
    )


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


class TextConfig(Section):
    """How texts become tokens."""

    tokens: Literal["auto", "characters", "pieces"] = Field(
        "auto", description="pieces of words for long texts whose words blanks part; or characters"
    )
    vocabulary: int = Field(2_000, ge=64, le=50_000, description="most different pieces of words")


class SequenceConfig(Section):
    """The game over tokens, of duel `sequence`: first likelihood, then against a discriminator."""

    likelihood: float = Field(
        0.45, ge=0, le=1, description="share of the budget, at most, that goes to likelihood alone"
    )
    likelihood_lr: float = Field(2e-3, gt=0, description="generator's rate in it")
    check_every: int = Field(100, ge=1, description="steps from look to look at held-out texts")
    patience: int = Field(3, ge=1, description="looks without gain until the rate is cut")
    warm_up: float = Field(
        0.15, ge=0, le=1, description="share of the budget in which the discriminator learns alone"
    )
    discount: float = Field(0.9, ge=0, le=1, description="of rewards, from token to token")
    kl: float = Field(0.05, ge=0, description="weight of the divergence from the language model")
    replay: float = Field(0.5, ge=0, description="weight of likelihood in the adversarial steps")


class NetworkConfig(BaseModel):
    """Which pair of networks; further fields are the pair's own options."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field("conv", description="a pair from the network registry")
    conditional: bool = Field(True, description="give labels to the networks where there are any")

    @property
    def options(self) -> dict[str, Any]:
        """The options given for this pair."""
        return dict(self.model_extra or {})


class ObjectiveConfig(Section):
    """What the two players want, and what keeps the discriminator in bounds."""

    name: str = Field("relativistic", description="an objective from the registry")
    penalty: str = Field("r1+r2", description="a penalty on the discriminator's gradient, or none")
    gamma: Scheduled = Field(Schedule(start=0, end=0), description="weight of the penalty")
    penalty_every: int = Field(1, ge=1, description="steps from penalty to penalty, rescaled")
    constraint: Literal["none", "spectral", "clip"] = Field(
        "none", description="on the discriminator's weights: spectral normalisation or clipping"
    )
    clip: float = Field(0.01, gt=0, description="largest weight where the constraint is clip")
    critic_steps: int = Field(1, ge=1, description="discriminator's steps to one of the generator")
    packing: int = Field(1, ge=1, description="samples that the discriminator judges together")


class OptimiserConfig(Section):
    """Adam, for both players."""

    g_lr: Scheduled = Field(Schedule(start=2e-4, end=2e-4), description="generator's rate")
    d_lr: Scheduled = Field(Schedule(start=2e-4, end=2e-4), description="discriminator's rate")
    beta1: float = Field(0.0, ge=0, lt=1, description="decay of the gradient's mean")
    beta2: float = Field(0.99, ge=0, lt=1, description="decay of the gradient's square")


AugmentOp = Literal["flip", "rotate", "translation", "scale", "colour", "cutout"]


class AugmentConfig(Section):
    """What samples go through on their way to the discriminator; for small collections."""

    ops: tuple[AugmentOp, ...] = Field((), description="any of the operations; none: as they are")
    probability: float = Field(
        0.5, ge=0, le=1, description="of each operation for each sample; at first, with a target"
    )
    target: float | None = Field(
        None, gt=0, lt=1, description="`real_sign` to steer the probability by; null: it is fixed"
    )
    span: int = Field(100_000, ge=1, description="samples in which the probability can move by 1")
    limit: float = Field(
        0.8, gt=0, le=1, description="highest probability it moves to; from 1 on, operations leak"
    )

    @field_validator("ops", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Accept `flip,colour`, as it is written on a command line."""
        return [name.strip() for name in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> AugmentConfig:
        if len(set(self.ops)) < len(self.ops):
            raise ValueError(f"takes each operation once, not {', '.join(self.ops)}")
        if self.target is not None and self.probability > self.limit:
            raise ValueError(f"starts at probability {self.probability}, above limit {self.limit}")
        return self


class TrainingConfig(Section):
    """How long, how many at a time, with what care."""

    minutes: float | None = Field(None, gt=0, description="budget in minutes; or give samples")
    samples: int | None = Field(None, gt=0, description="budget in real samples seen")
    batch: int = Field(64, ge=2, description="samples a step, over all processes together")
    seed: int = Field(
        0, ge=0, lt=2**63, description="fixes initial weights, order of samples and noise"
    )
    precision: Literal["auto", "32-true", "bf16-mixed"] = Field(
        "auto", description="auto: bf16-mixed where the device has fast bfloat16, else 32-true"
    )
    ema_half_life: int = Field(20_000, ge=0, description="of the averaged generator, in samples")
    ema_ramp: float = Field(0.05, gt=0, le=1, description="half-life at most this share of samples")
    checkpoint_seconds: float = Field(30.0, ge=0, description="time from checkpoint to checkpoint")
    log_every: int = Field(50, ge=1, description="steps from line to line of metrics.jsonl")
    frames: int = Field(
        60, ge=0, description="pictures in the film of the training, cost permitting"
    )

    @model_validator(mode="after")
    def _one_budget(self) -> TrainingConfig:
        if (self.minutes is None) == (self.samples is None):
            raise ValueError("takes one budget, minutes or samples; --samples N replaces minutes")
        return self


class SamplingConfig(Section):
    """How samples are drawn from the trained generator."""

    temperature: float = Field(
        1.0, gt=0, le=2, description="deviation of the latents; 1: as trained, above 1: more varied"
    )


class EvaluationConfig(Section):
    """How quality is judged, while training and at the end."""

    extractor: str = Field("auto", description="auto: classifier with labels, else random-conv")
    samples: int = Field(10_000, ge=16, description="generated samples in the final judgement")
    quick_samples: int = Field(2_000, ge=16, description="generated samples in a quick look")
    quick_looks: int = Field(20, ge=0, description="looks over the whole training, cost permitting")
    max_cost: float = Field(0.05, ge=0, le=1, description="share of time the looks may take")
    neighbours: int = Field(5, ge=1, description="k of precision, recall, density and coverage")
    seed: int = Field(0, ge=0, lt=2**63, description="of the latents and subsets that are judged")


class HealthConfig(Section):
    """The health monitor: how closely it watches, and what it may do."""

    act: Literal["warn", "heal", "stop"] = Field(
        "warn", description="warn: say so; heal: change settings and go on; stop: end the training"
    )
    probes: int = Field(40, ge=0, description="looks at samples over the whole training")
    samples: int = Field(500, ge=50, description="generated samples in such a look")
    max_cost: float = Field(0.02, ge=0, le=1, description="share of time the monitor may take")
    remedies: int = Field(4, ge=0, description="changes of settings that heal may make in a run")
