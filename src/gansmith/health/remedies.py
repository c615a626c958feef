"""Remedies: what to change where something is wrong, as settings of the recipe.

A remedy is made for the settings in force, so a second one for the same diagnosis goes further.
Where the remedies lead is the game of the house's own recipes: relativistic pairing with R1 + R2,
no momentum, equal and moderate rates (Huang et al. 2025, arXiv 2501.05441). `docs/results.md` has
what they gained on planted faults.
"""

from __future__ import annotations

from collections.abc import Callable

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.rates import MODERATE, Settings, scaled, set_schedule, slower
from gansmith.health.sequence_remedies import SEQUENCE_REMEDIES
from gansmith.recipe import Recipe, merge_settings
from gansmith.training.callbacks import Intervention

STEADY = (
    "objective.name=relativistic",
    "objective.penalty=r1+r2",
    "optimiser.beta1=0",
    "optimiser.beta2=0.99",
)
CROPS = "translation,scale,cutout"
EVERYTHING = "translation,scale,cutout,colour"
SPECTROGRAM = "translation,cutout"


def remedy(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    """Return the settings that answer a diagnosis, and where to go on from.

    An empty ruling means that no setting would help.
    """
    remedies = SEQUENCE_REMEDIES if recipe.duel == "sequence" else REMEDIES
    return remedies[diagnosis.name](diagnosis, recipe)


def steady(recipe: Recipe) -> Settings:
    """Settings that bring the game to relativistic pairing under a penalty that is felt."""
    settings, gamma = list(STEADY), recipe.objective.gamma
    if recipe.objective.penalty == "none" or gamma.start <= 0:
        settings += _first_penalty(recipe)
    else:
        settings += scaled("objective.gamma", gamma, 3)
    if recipe.objective.critic_steps > 1:
        settings.append("objective.critic_steps=1")
    if recipe.training.ema_half_life == 0:
        settings.append("training.ema_half_life=20000")
    return tuple(settings)


def _first_penalty(recipe: Recipe) -> Settings:
    """Settings of a penalty where there was none, and of the rates that it allows."""
    rates = (
        *set_schedule("optimiser.g_lr", MODERATE, MODERATE),
        *set_schedule("optimiser.d_lr", MODERATE, MODERATE),
    )
    if recipe.medium == "points":
        return (*set_schedule("objective.gamma", 0.1, 0.1), *rates)
    return (*set_schedule("objective.gamma", 5, 5), "objective.penalty_every=4", *rates)


def _for_divergence(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(settings=slower(recipe), back="kept")


def _for_power_or_collapse(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(settings=merge_settings((*_level(recipe), *steady(recipe))), back="kept")


def _for_weakness(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return _faster("optimiser.d_lr", recipe)


def _for_lost_modes(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    """To the steady game; where it is played and loses what it had, more slowly, then no more."""
    objective = recipe.objective
    felt = objective.penalty == "r1+r2" and objective.gamma.start > 0
    if objective.name != "relativistic" or not felt:
        return Intervention(settings=steady(recipe), back="kept")
    if not diagnosis.lost:
        return Intervention()
    if recipe.optimiser.g_lr.start < MODERATE / 4:
        return Intervention(stop=True, back="kept")
    return Intervention(settings=slower(recipe), back="kept")


def _for_stalling(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return _faster("optimiser.g_lr", recipe)


def _faster(player: str, recipe: Recipe) -> Intervention:
    """Begin anew with equal rates; where they are equal already, with one player's doubled."""
    rates = recipe.optimiser
    if rates.g_lr == rates.d_lr:
        return Intervention(settings=scaled(player, rates.g_lr, 2), back="new")
    return Intervention(settings=_level(recipe), back="new")


def _for_copying(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    """Augment, then more; then what is copied already will not be unlearnt, and training ends."""
    augment, (some, every) = recipe.augment, _suitable(recipe)
    exhausted = bool(augment.ops) and augment.probability >= augment.limit
    if exhausted or not some:
        copies = diagnosis.name == "memorising"
        return Intervention(stop=True, back="kept") if copies else Intervention()
    if augment.ops:
        ops = ",".join(dict.fromkeys((*augment.ops, *every.split(","))))
        return Intervention(
            settings=(f"augment.ops={ops}", f"augment.probability={augment.limit:g}")
        )
    first = (f"augment.ops={some}", f"augment.probability={min(0.5, augment.limit):g}")
    return Intervention(settings=(*first, *scaled("objective.gamma", recipe.objective.gamma, 2)))


def _suitable(recipe: Recipe) -> tuple[str, str]:
    """Operations to begin with and all of them; empty for points and waveforms."""
    if recipe.medium == "audio":
        ops = "" if recipe.value("sound.representation") == "waveform" else SPECTROGRAM
        return ops, ops
    return ("", "") if recipe.medium == "points" else (CROPS, EVERYTHING)


def _no_answer(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention()


def _level(recipe: Recipe) -> Settings:
    """Settings with both rates equal, at the higher of the two but moderate."""
    rates = (recipe.optimiser.g_lr, recipe.optimiser.d_lr)
    higher = max(rates, key=lambda rate: rate.start)
    factor = min(1.0, MODERATE / max(higher.start, 1e-12))
    players = ("optimiser.g_lr", "optimiser.d_lr")
    return tuple(setting for name in players for setting in scaled(name, higher, factor))


REMEDIES: dict[str, Callable[[Diagnosis, Recipe], Intervention]] = {
    "diverged": _for_divergence,
    "discriminator overpowers": _for_power_or_collapse,
    "discriminator too weak": _for_weakness,
    "discriminator overfits": _for_copying,
    "mode collapse (total)": _for_power_or_collapse,
    "mode collapse (partial)": _for_lost_modes,
    "oscillation": _for_divergence,
    "memorising": _for_copying,
    "generator stalled": _for_stalling,
    "labels ignored": _no_answer,
    "reward hacking": _no_answer,
}
"""For duel `noise`, where nothing is rewarded for its length."""
