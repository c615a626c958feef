"""Sections of a recipe: every setting with its type, its default and what it means.

A medium declares its own part: options of the section `data`, by flat names, and whole sections.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from gansmith.registry import Registry
from gansmith.schema import Schedule, Scheduled, Section, checked, unknown_field

DATA_OPTIONS: Registry[type[Section]] = Registry(
    "data options", provided_by="gansmith.media.options"
)
"""Options of the section `data` that serve one medium, by its name."""

RECIPE_SECTIONS: Registry[type[Section]] = Registry(
    "recipe section", provided_by="gansmith.media.options"
)
"""Sections of a recipe that a medium or a duel adds, by their own name."""

S = TypeVar("S", bound=Section)


class DataConfig(Section):
    """The samples, and how files become arrays.

    Each medium adds options of its own (`DATA_OPTIONS`). They stand beside the fields here, under
    flat names: `data.rate`. Typed access to them is :meth:`of`.
    """

    model_config = ConfigDict(extra="allow")

    source: str = Field("mnist", description="a name from `gansmith data`, or a path")
    domains: tuple[str, ...] = Field(
        (),
        description="in place of source: two paths to translate between, from the first to the "
        "second; or more",
    )
    paired: bool = Field(
        False, description="samples of both domains are pairs, by the names of their files"
    )
    target: str | None = Field(
        None, description="label of the domain that is translated to; null: the last one"
    )
    consent: str | None = Field(
        None,
        description="for faces: YAML file that says who agreed, on what basis and when",
    )
    labels: bool = Field(True, description="use labels where the collection has them")
    intensities: bool = Field(
        False,
        description="labels have an intensity from 0 to 1: a column `intensity` of their table, or "
        "`=0.4` at the end of file names; 1 where there is none",
    )
    held_out: float = Field(
        0.1, gt=0, lt=0.9, description="share held out for evaluation, chosen by hash"
    )

    fingerprint: str | None = Field(
        None,
        description="mark the training pictures, so that sets of generated ones show it: own, "
        "public, or a file with a key; null: no",
    )

    @model_validator(mode="before")
    @classmethod
    def _with_options(cls, given: object) -> object:
        """Check the options of every medium, and fill in those that are not given."""
        if not isinstance(given, dict):
            return given
        options: dict[str, Any] = {}
        for kind in _data_options():
            mine = {name: given[name] for name in kind.model_fields if name in given}
            values = checked(kind, mine, "data.")
            options |= {name: getattr(values, name) for name in kind.model_fields}
        for name in given:
            if name not in options and name not in cls.model_fields:
                raise unknown_field("data", str(name), cls.every_field())
        shared = {name: value for name, value in given.items() if name not in options}
        return shared | options

    @classmethod
    def every_field(cls) -> dict[str, FieldInfo]:
        """Return all fields by name: those that all media share, then the options of each."""
        fields = dict(cls.model_fields)
        for kind in _data_options():
            fields |= kind.model_fields
        return fields

    def of(self, options: type[S]) -> S:
        """Return the options of one medium, typed.

        Args:
            options: One of `DATA_OPTIONS`.
        """
        values = {name: getattr(self, name) for name in options.model_fields}
        return cast("S", options.model_construct(**values))


def _data_options() -> list[type[Section]]:
    return [DATA_OPTIONS[name] for name in DATA_OPTIONS]


@RECIPE_SECTIONS.register("staged")
class StagedConfig(Section):
    """Options of `duel: staged`."""

    autoencoder: float = Field(
        0.4, gt=0, lt=1, description="share of the budget that trains the autoencoder"
    )
    codes: float = Field(0.18, gt=0, lt=1, description="share of the budget that trains codes")
    autoencoder_lr: float = Field(1.5e-3, gt=0, description="learning rate of the autoencoder")
    codes_lr: float = Field(2e-3, gt=0, description="learning rate of codes")
    anchored: float = Field(
        0.5, ge=0, le=1, description="share of generated samples that start from real ones"
    )
    anchor_weight: float = Field(15.0, ge=0, description="weight of their distance from those")
    features: str = Field(
        "none",
        description="frozen network that a second discriminator sees samples through: none, "
        "autoencoder, efficientnet-lite0, or one of your own",
    )
    feature_gamma: float = Field(
        0.3, ge=0, description="weight of the penalty on that discriminator's gradient"
    )

    @model_validator(mode="after")
    def _leave_a_game(self) -> StagedConfig:
        if self.autoencoder + self.codes >= 1:
            raise ValueError("autoencoder and codes together must be less than 1")
        return self


@RECIPE_SECTIONS.register("contrastive")
class ContrastiveConfig(Section):
    """Options of `duel: contrastive`."""

    weight: float = Field(1.0, ge=0, description="weight of the contrast of results and sources")
    identity: float = Field(
        1.0, ge=0, description="weight, within it, of target samples that should stay as they are"
    )
    patches: int = Field(128, ge=8, le=4_096, description="places of a sample that are compared")
    projection: int = Field(128, ge=8, le=2_048, description="numbers that stand for a place")
    temperature: float = Field(
        0.07, gt=0, le=10, description="of the comparison; lower is stricter"
    )


@RECIPE_SECTIONS.register("paired")
class PairedConfig(Section):
    """Options of `duel: paired`."""

    weight: float = Field(
        30.0, ge=0, description="weight of the mean absolute difference from the true answers"
    )
    features: str = Field(
        "none", description="frozen network whose features are compared too: efficientnet-lite0"
    )
    feature_weight: float = Field(
        1.0, ge=0, description="weight of the difference of those features"
    )


@RECIPE_SECTIONS.register("cycle")
class CycleConfig(Section):
    """Options of `duel: cycle`."""

    weight: float = Field(
        10.0, ge=0, description="weight of samples that should come back as they were"
    )
    identity: float = Field(
        0.5, ge=0, description="weight, within it, of target samples that should stay as they are"
    )
    pool: int = Field(
        50, ge=0, le=100_000, description="earlier results that discriminators see again; 0: none"
    )


@RECIPE_SECTIONS.register("domains")
class DomainsConfig(Section):
    """Options of `duel: domains`."""

    weight: float = Field(
        5.0, ge=0, description="weight of samples that should come back as they were"
    )
    identity: float = Field(
        0.5, ge=0, description="weight, within it, of samples that are in the target domain already"
    )


@RECIPE_SECTIONS.register("expressions")
class ExpressionsConfig(Section):
    """Options of `duel: expressions`."""

    neutral: str = Field("neutral", description="label of samples without expression")
    reader: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="maximum share of the budget in which only reading is learnt",
    )
    reading: float = Field(
        1.0, ge=0, description="weight of telling a real sample's expression from another one"
    )
    cycle: float = Field(5.0, ge=0, description="weight of edits leading back when undone")
    smooth: float = Field(1.0, ge=0, description="weight of neighbouring pixels moving alike")
    paint: float = Field(
        2.0, ge=0, description="weight of painting little: moving pixels costs less"
    )
    attention: float = Field(
        0.025,
        ge=0,
        description="weight of changing little of a sample, once expressions can be read",
    )


@RECIPE_SECTIONS.register("faceswap")
class FaceSwapConfig(Section):
    """Options of `duel: faceswap`."""

    game_from: float = Field(
        0.5, ge=0, le=1, description="progress at which the adversarial game begins; 1: never"
    )
    adversarial: float = Field(0.03, ge=0, description="weight of the game in the swapper's loss")
    structure: float = Field(1.0, ge=0, description="weight of 1 - SSIM")
    features: float = Field(3.0, ge=0, description="additional weight of eyes and mouth")
    perceptual: float = Field(
        0.0, ge=0, description="weight of the distance by features of the landmark network"
    )
    warp: float = Field(
        0.05, ge=0, le=0.5, description="deviation of the warp of inputs, in half sides"
    )


@RECIPE_SECTIONS.register("hardening")
class HardeningConfig(Section):
    """Options of `task: harden`: adversarial training of a classifier."""

    eps: float = Field(
        0.3, gt=0, description="size of perturbations that the classifier is to withstand"
    )
    norm: Literal["Linf", "L2"] = Field("Linf", description="Linf or L2")
    beyond: float = Field(
        1.1, ge=1, le=2, description="eps that is trained with, relative to that one"
    )
    ramp: float = Field(
        0.35, ge=0, le=1, description="share of the budget over which eps grows from 0"
    )
    steps: int = Field(7, ge=1, le=1_000, description="steps of PGD")
    warm_start: bool = Field(
        True,
        description="Linf, without augmentation: half of the images start from the attack of the "
        "epoch before",
    )
    advgan: float = Field(
        0.125,
        ge=0,
        description="share of a batch that AdvGAN attacks, which is trained along; at most 0.5",
    )
    lr: float = Field(3e-3, gt=0, le=1, description="peak of the classifier's learning rate")
    chosen_on: int = Field(
        500, ge=10, le=100_000, description="training images set aside, on which the best is chosen"
    )

    @model_validator(mode="after")
    def _never_advgan_alone(self) -> HardeningConfig:
        if self.advgan > 0.5:
            raise PydanticCustomError(
                "advgan_alone",
                "should be at most 0.5: a classifier hardened by AdvGAN alone withstands that "
                "generator, and PGD breaks it",
            )
        return self


class SequenceConfig(Section):
    """Training of text, of duel `sequence`: maximum likelihood, then adversarial fine-tuning."""

    likelihood: float = Field(
        0.45, ge=0, le=1, description="maximum share of the budget for pretraining"
    )
    likelihood_lr: float = Field(
        2e-3, gt=0, le=10, description="learning rate of the generator in pretraining"
    )
    check_every: int = Field(
        100, ge=1, le=10**9, description="steps between measurements on held-out texts"
    )
    patience: int = Field(
        3, ge=1, le=10**9, description="measurements without gain before the rate is reduced"
    )
    warm_up: float = Field(
        0.15, ge=0, le=1, description="share of the budget for the discriminator alone"
    )
    discount: float = Field(0.9, ge=0, le=1, description="discount of rewards, from token to token")
    kl: float = Field(
        0.05, ge=0, le=1e6, description="weight of the KL divergence from the pretrained model"
    )
    replay: float = Field(
        0.5, ge=0, le=1e6, description="weight of the likelihood loss in adversarial steps"
    )


NETWORK_ALIASES = {
    "frames": "spectrogram",
    "residual": "r3gan",
    "textbook": "mlp",
    "textbook-wave": "mlp-wave",
}
"""Former names of network pairs, which recipes and finished runs may still use."""


class NetworkConfig(BaseModel):
    """A pair of networks by name; further fields are options of that pair."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field("conv", description="a pair from the network registry")
    conditional: bool = Field(True, description="give labels to the networks if there are any")

    @field_validator("name")
    @classmethod
    def _canonical(cls, name: str) -> str:
        return NETWORK_ALIASES.get(name, name)

    @property
    def options(self) -> dict[str, Any]:
        """The options given for this pair."""
        return dict(self.model_extra or {})


class ObjectiveConfig(Section):
    """Losses of both networks, and regularisation of the discriminator."""

    name: str = Field("relativistic", description="an objective from the registry")
    penalty: str = Field("r1+r2", description="a penalty on the discriminator's gradient, or none")
    gamma: Scheduled = Field(Schedule(start=0, end=0), description="weight of the penalty")
    penalty_every: int = Field(
        1, ge=1, le=10_000, description="steps between penalties, which are rescaled (lazy penalty)"
    )
    constraint: Literal["none", "spectral", "clip"] = Field(
        "none", description="on the discriminator's weights: spectral normalisation or clipping"
    )
    clip: float = Field(
        0.01, gt=0, le=1e6, description="largest weight where the constraint is clip"
    )
    critic_steps: int = Field(
        1, ge=1, le=1_000, description="discriminator steps per generator step"
    )
    packing: int = Field(
        1, ge=1, le=64, description="samples that the discriminator classifies together (PacGAN)"
    )


class OptimiserConfig(Section):
    """Adam, for both networks."""

    g_lr: Scheduled = Field(
        Schedule(start=2e-4, end=2e-4), description="learning rate of the generator"
    )
    d_lr: Scheduled = Field(
        Schedule(start=2e-4, end=2e-4), description="learning rate of the discriminator"
    )
    beta1: float = Field(0.0, ge=0, lt=1, description="decay of the gradient's mean")
    beta2: float = Field(0.99, ge=0, lt=1, description="decay of the gradient's square")


AugmentOp = Literal["flip", "rotate", "roll", "translation", "scale", "colour", "cutout"]


class AugmentConfig(Section):
    """Augmentation of real and generated samples before the discriminator; for small data sets."""

    ops: tuple[AugmentOp, ...] = Field(
        (), description="any of the operations; none: no augmentation"
    )
    flip_if_symmetric: bool = Field(
        False, description="add flip if a test finds mirrored samples as likely as real ones"
    )
    probability: float = Field(
        0.5, ge=0, le=1, description="of each operation for each sample; at first, with a target"
    )
    target: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="overfitting of the discriminator above which the probability rises and "
        "below which it falls, such as 0.3; null: it is fixed",
    )
    span: int = Field(
        100_000, ge=1, le=10**12, description="samples in which the probability can change by 1"
    )
    limit: float = Field(
        0.8, gt=0, le=1, description="highest probability; at 1, augmentations leak into samples"
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
    """Budget, batch, seed, precision, EMA and checkpoints."""

    minutes: float | None = Field(
        None, gt=0, le=10**7, description="budget in minutes; or give samples"
    )
    samples: int | None = Field(None, gt=0, le=10**12, description="budget in real samples seen")
    batch: int = Field(
        64, ge=2, le=2**20, description="samples per step, over all processes together"
    )
    seed: int = Field(
        0, ge=0, lt=2**63, description="fixes initial weights, order of samples and noise"
    )
    precision: Literal["auto", "32-true", "bf16-mixed"] = Field(
        "auto", description="auto: bf16-mixed where the device has fast bfloat16, else 32-true"
    )
    ema_half_life: int = Field(
        20_000, ge=0, le=10**12, description="half-life of the EMA generator, in samples"
    )
    ema_ramp: float = Field(0.05, gt=0, le=1, description="half-life at most this share of samples")
    checkpoint_seconds: float = Field(
        30.0, ge=0, le=10**9, description="seconds between checkpoints"
    )
    log_every: int = Field(50, ge=1, le=10**9, description="steps between lines of metrics.jsonl")
    frames: int = Field(
        60, ge=0, le=10_000, description="frames of the animation of the training, if cheap enough"
    )

    start_from: str | None = Field(
        None, description="run folder whose trained networks the training starts from"
    )
    freeze: tuple[str, ...] = Field(
        (), description="beginnings of names of weights that stay fixed: generator.stem"
    )

    @field_validator("freeze", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Accept `generator.a,generator.b`, as it is written on a command line."""
        return [name.strip() for name in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_budget(self) -> TrainingConfig:
        if (self.minutes is None) == (self.samples is None):
            raise ValueError("takes one budget, minutes or samples; --samples N replaces minutes")
        return self


class SamplingConfig(Section):
    """Sampling from the trained generator."""

    temperature: float = Field(
        1.0,
        gt=0,
        le=2,
        description="standard deviation of latents; 1: as trained, above 1: more varied",
    )


class EvaluationConfig(Section):
    """Evaluation, during training and at the end."""

    extractor: str = Field(
        "auto", description="a feature extractor; auto: classifier with labels, else random-conv"
    )
    samples: int = Field(
        10_000, ge=16, le=1_000_000, description="generated samples in the final evaluation"
    )
    quick_samples: int = Field(
        2_000, ge=16, le=1_000_000, description="generated samples in an evaluation while training"
    )
    quick_looks: int = Field(
        20, ge=0, le=100_000, description="evaluations over the whole training, if cheap enough"
    )
    max_cost: float = Field(
        0.05, ge=0, le=1, description="largest share of training time for evaluations"
    )
    neighbours: int = Field(
        5, ge=1, le=1_000, description="k of precision, recall, density and coverage"
    )
    seed: int = Field(0, ge=0, lt=2**63, description="of the latents and subsets in evaluations")

    @field_validator("extractor")
    @classmethod
    def _runs_no_code(cls, extractor: str) -> str:
        """Refuse files that run code when they are loaded: recipes and runs are passed around."""
        if extractor.startswith("torch:"):
            raise PydanticCustomError(
                "runs_code",
                "should not be a file that runs code when it is loaded: export the network to ONNX "
                "and write onnx:FILE; torch:FILE.pt2 is for `gansmith evaluate --extractor` only",
            )
        return extractor


class HealthConfig(Section):
    """The health monitor: how often it measures, and what it may do."""

    act: Literal["warn", "heal", "stop"] = Field(
        "warn", description="warn: report; heal: change settings and go on; stop: end the training"
    )
    probes: int = Field(
        40, ge=0, le=100_000, description="measurements of samples over the whole training"
    )
    samples: int = Field(
        500, ge=50, le=100_000, description="generated samples in such a measurement"
    )
    max_cost: float = Field(
        0.02, ge=0, le=1, description="largest share of training time for the monitor"
    )
    remedies: int = Field(
        4, ge=0, le=1_000, description="changes of settings that heal may make in a run"
    )
