"""Interventions: which settings of the recipe to change for a diagnosis.

Each applies to the settings in force, so a second one for the same diagnosis goes further. For
noise duels they lead to the objective of the built-in recipes: relativistic pairing with R1 + R2,
no momentum, equal and moderate learning rates (Huang et al. 2025, arXiv 2501.05441).
`docs/results.md` shows their effect on planted faults. For sequence duels they keep the generator
closer to its language model.
"""

from __future__ import annotations

from collections.abc import Callable

from gansmith.health.diagnosis import Diagnosis
from gansmith.medium import MEDIA
from gansmith.recipe import Recipe, merge_settings
from gansmith.schema import Schedule
from gansmith.sections import StagedConfig
from gansmith.training.callbacks import Intervention

Settings = tuple[str, ...]
Rule = Callable[[Diagnosis, Recipe], Intervention]

MODERATE = 8e-4
"""The learning rate of the built-in recipes: higher ones are brought down to it before anything is
halved, and a training that gets its first penalty can bear it."""
STEADY = (
    "objective.name=relativistic",
    "objective.penalty=r1+r2",
    "optimiser.beta1=0",
    "optimiser.beta2=0.99",
)
LEAST_KL = 0.1
STAGE_RATE = 2e-3
"""Most for a rate of the staged duel's regressions after one diverged."""


def intervention(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    """Return the settings to change for a diagnosis, and the state to continue from.

    An empty intervention means that no setting would help.
    """
    rules = DUEL_INTERVENTIONS.get(recipe.duel, INTERVENTIONS)
    return rules[diagnosis.name](diagnosis, recipe)


# Learning rates


def slower(recipe: Recipe) -> Settings:
    """Return settings with lower rates: too high ones become moderate, moderate ones are halved."""
    rates = recipe.optimiser
    pairs = (("optimiser.g_lr", rates.g_lr), ("optimiser.d_lr", rates.d_lr))
    wild = any(rate.start > MODERATE for _, rate in pairs)
    return tuple(
        setting
        for name, rate in pairs
        if rate.start > 0
        for setting in scaled(name, rate, min(1.0, MODERATE / rate.start) if wild else 0.5)
    )


def scaled(name: str, schedule: Schedule, factor: float) -> Settings:
    """Return a schedule's values times a factor, as settings."""
    return set_schedule(name, schedule.start * factor, schedule.end * factor)


def set_schedule(name: str, start: float, end: float) -> Settings:
    """Return settings of both ends of a schedule."""
    return f"{name}.start={start:g}", f"{name}.end={end:g}"


def _equal_rates(recipe: Recipe) -> Settings:
    """Settings with both rates equal, at the higher of the two but moderate."""
    rates = (recipe.optimiser.g_lr, recipe.optimiser.d_lr)
    higher = max(rates, key=lambda rate: rate.start)
    factor = min(1.0, MODERATE / max(higher.start, 1e-12))
    names = ("optimiser.g_lr", "optimiser.d_lr")
    return tuple(setting for name in names for setting in scaled(name, higher, factor))


def _faster(name: str, recipe: Recipe) -> Intervention:
    """Start again with equal rates; where they are equal already, with one of them doubled."""
    rates = recipe.optimiser
    if rates.g_lr == rates.d_lr:
        return Intervention(settings=scaled(name, rates.g_lr, 2), back="new")
    return Intervention(settings=_equal_rates(recipe), back="new")


# Noise duels


def steady(recipe: Recipe) -> Settings:
    """Return settings of relativistic pairing with a gradient penalty that takes effect."""
    settings, gamma = list(STEADY), recipe.objective.gamma
    if recipe.objective.penalty == "none" or gamma.start <= 0:
        settings += MEDIA[recipe.medium].first_penalty
        settings += set_schedule("optimiser.g_lr", MODERATE, MODERATE)
        settings += set_schedule("optimiser.d_lr", MODERATE, MODERATE)
    else:
        settings += scaled("objective.gamma", gamma, 3)
    if recipe.objective.critic_steps > 1:
        settings.append("objective.critic_steps=1")
    if recipe.training.ema_half_life == 0:
        settings.append("training.ema_half_life=20000")
    return tuple(settings)


def _for_divergence(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(settings=slower(recipe), back="kept")


def _for_power_or_collapse(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    settings = merge_settings((*_equal_rates(recipe), *steady(recipe)))
    return Intervention(settings=settings, back="kept")


def _for_weakness(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return _faster("optimiser.d_lr", recipe)


def _for_lost_modes(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    """Use the steady objective; where it is in use and loses modes, lower the rates, then stop."""
    objective = recipe.objective
    penalised = objective.penalty == "r1+r2" and objective.gamma.start > 0
    if objective.name != "relativistic" or not penalised:
        return Intervention(settings=steady(recipe), back="kept")
    if not diagnosis.lost:
        return Intervention()
    if recipe.optimiser.g_lr.start < MODERATE / 4:
        return Intervention(stop=True, back="kept")
    return Intervention(settings=slower(recipe), back="kept")


def _for_stalling(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return _faster("optimiser.g_lr", recipe)


def augmentation_settings(recipe: Recipe) -> tuple[str, ...]:
    """Return settings that turn on augmentation; empty if it is on or does not suit the medium."""
    stages = () if recipe.augment.ops else MEDIA[recipe.medium].augmentations(recipe)
    return (f"augment.ops={','.join(stages[0])}",) if stages else ()


def _for_overfitting(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    """Augment, then augment more; memorisation beyond that is not unlearnt, and training stops."""
    augment, stages = recipe.augment, MEDIA[recipe.medium].augmentations(recipe)
    exhausted = bool(augment.ops) and augment.probability >= augment.limit
    if exhausted or not stages:
        memorised = diagnosis.name == "memorising"
        return Intervention(stop=True, back="kept") if memorised else Intervention()
    if augment.ops:
        ops = ",".join(dict.fromkeys((*augment.ops, *stages[-1])))
        return Intervention(
            settings=(f"augment.ops={ops}", f"augment.probability={augment.limit:g}")
        )
    probability = min(0.5, augment.limit)
    first = (f"augment.ops={','.join(stages[0])}", f"augment.probability={probability:g}")
    return Intervention(settings=(*first, *scaled("objective.gamma", recipe.objective.gamma, 2)))


def _none(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention()


INTERVENTIONS: dict[str, Rule] = {
    "diverged": _for_divergence,
    "discriminator overpowers": _for_power_or_collapse,
    "discriminator too weak": _for_weakness,
    "discriminator overfits": _for_overfitting,
    "mode collapse (total)": _for_power_or_collapse,
    "mode collapse (partial)": _for_lost_modes,
    "oscillation": _for_divergence,
    "memorising": _for_overfitting,
    "generator stalled": _for_stalling,
    "labels ignored": _none,
    "reward hacking": _none,
}
"""For duels whose generator gets noise."""


# Sequence duels


def closer(recipe: Recipe) -> Settings:
    """Return settings that keep the generator closer to its language model and to real texts."""
    sequence = recipe.sequence
    return (
        f"sequence.kl={max(LEAST_KL, 4 * sequence.kl):g}",
        f"sequence.replay={max(1.0, sequence.replay):g}",
    )


def _slower_likelihood(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    likelihood = f"sequence.likelihood_lr={recipe.sequence.likelihood_lr / 2:g}"
    return Intervention(settings=(*slower(recipe), likelihood), back="kept")


def _closer(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(settings=closer(recipe), back="kept")


def _closer_if_lost(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return _closer(diagnosis, recipe) if diagnosis.lost else Intervention()


def _rate_times(name: str, factor: float) -> Rule:
    def change(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
        schedule = getattr(recipe.optimiser, name)
        return Intervention(settings=scaled(f"optimiser.{name}", schedule, factor))

    return change


def _stop(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(stop=True, back="kept")


SEQUENCE_INTERVENTIONS: dict[str, Rule] = {
    "diverged": _slower_likelihood,
    "discriminator overpowers": _closer,
    "discriminator too weak": _rate_times("d_lr", 2),
    "discriminator overfits": _rate_times("d_lr", 0.5),
    "mode collapse (total)": _closer,
    "mode collapse (partial)": _closer_if_lost,
    "oscillation": _slower_likelihood,
    "memorising": _stop,
    "generator stalled": _rate_times("g_lr", 2),
    "labels ignored": _none,
    "reward hacking": _closer,
}
"""For duels over tokens."""

# Staged duels


def _slower_stages(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    """Lower all rates: without a kept state, training begins again with the autoencoder."""
    staged = recipe.section(StagedConfig)
    rates = {"autoencoder_lr": staged.autoencoder_lr, "codes_lr": staged.codes_lr}
    stages = tuple(f"staged.{name}={min(rate / 2, STAGE_RATE):g}" for name, rate in rates.items())
    return Intervention(settings=(*slower(recipe), *stages), back="kept")


STAGED_INTERVENTIONS: dict[str, Rule] = {**INTERVENTIONS, "diverged": _slower_stages}
"""For duels that pretrain by regression."""

DUEL_INTERVENTIONS: dict[str, dict[str, Rule]] = {
    "sequence": SEQUENCE_INTERVENTIONS,
    "staged": STAGED_INTERVENTIONS,
}
"""By duel; all others have those of the noise duel."""
