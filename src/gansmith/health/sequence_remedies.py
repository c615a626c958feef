"""Remedies of the game over tokens: nearer to the language model, slower, or no more."""

from __future__ import annotations

from collections.abc import Callable

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.rates import Settings, scaled, slower
from gansmith.recipe import Recipe
from gansmith.training.callbacks import Intervention

LEAST_KL = 0.1


def closer(recipe: Recipe) -> Settings:
    """Settings that hold the generator closer to its language model and to real texts."""
    game = recipe.sequence
    return (
        f"sequence.kl={max(LEAST_KL, 4 * game.kl):g}",
        f"sequence.replay={max(1.0, game.replay):g}",
    )


def _for_divergence(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    likelihood = f"sequence.likelihood_lr={recipe.sequence.likelihood_lr / 2:g}"
    return Intervention(settings=(*slower(recipe), likelihood), back="kept")


def _for_straying(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(settings=closer(recipe), back="kept")


def _for_lost_modes(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return _for_straying(diagnosis, recipe) if diagnosis.lost else Intervention()


def _for_weakness(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(settings=scaled("optimiser.d_lr", recipe.optimiser.d_lr, 2))


def _for_overfitting(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(settings=scaled("optimiser.d_lr", recipe.optimiser.d_lr, 0.5))


def _for_stalling(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(settings=scaled("optimiser.g_lr", recipe.optimiser.g_lr, 2))


def _for_copying(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention(stop=True, back="kept")


def _no_answer(diagnosis: Diagnosis, recipe: Recipe) -> Intervention:
    return Intervention()


SEQUENCE_REMEDIES: dict[str, Callable[[Diagnosis, Recipe], Intervention]] = {
    "diverged": _for_divergence,
    "discriminator overpowers": _for_straying,
    "discriminator too weak": _for_weakness,
    "discriminator overfits": _for_overfitting,
    "mode collapse (total)": _for_straying,
    "mode collapse (partial)": _for_lost_modes,
    "oscillation": _for_divergence,
    "memorising": _for_copying,
    "generator stalled": _for_stalling,
    "labels ignored": _no_answer,
    "reward hacking": _for_straying,
}
