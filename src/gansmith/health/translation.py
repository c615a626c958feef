"""Rules for translations, from evaluations without pairs."""

from __future__ import annotations

from collections.abc import Mapping

from gansmith.health.diagnosis import Diagnosis
from gansmith.health.history import History, Values
from gansmith.health.interventions import set_schedule
from gansmith.health.result_monitor import EARLY, HALF_TIME, Rules
from gansmith.health.rules import WINDOW
from gansmith.recipe import Recipe
from gansmith.sections import ContrastiveConfig, CycleConfig, DomainsConfig, PairedConfig

TAKEN = 0.6
"""Least share of final translations that a classifier takes for the target domain."""
KEPT = 0.2
"""Least share of translations whose own input is found again among 100."""
IGNORED = 0.1
"""A domain that fewer translations than this are taken for is ignored where others are not."""
STILL = 0.02
"""Change, of the range, below which results are their inputs."""
CHANCE = 0.58
"""Accuracy of a discriminator up to which it tells nothing apart."""
FACTORS = {"identity collapse": 0.5, "content lost": 2.0, "one side ignored": 0.5}
OFF = 0.2
"""A discriminator whose learning rate is a smaller share of the translator's is off."""


Tie = ContrastiveConfig | PairedConfig | CycleConfig | DomainsConfig
TIES: dict[str, type[Tie]] = {
    "contrastive": ContrastiveConfig,
    "paired": PairedConfig,
    "cycle": CycleConfig,
    "domains": DomainsConfig,
}
"""Options of each duel of translations, by its name, which is that of their section."""


def translation_remedy(diagnosis: Diagnosis, recipe: Recipe) -> tuple[str, ...]:
    """Return the settings that answer a diagnosis.

    A discriminator that does not learn gets the translator's rate, and an identity term that is
    stronger than by default its default. Only where neither is the cause, what holds results to
    their inputs is loosened or, for lost content, tightened.
    """
    kind = TIES[recipe.duel]
    tie: Tie = recipe.section(kind)
    found: list[str] = []
    if diagnosis.name != "content lost":
        rates = recipe.optimiser
        if rates.d_lr.start < OFF * rates.g_lr.start:
            found += set_schedule("optimiser.d_lr", rates.g_lr.start, rates.g_lr.end)
        usual = kind()
        if _identity(tie) > _identity(usual):
            found.append(f"{recipe.duel}.identity={_identity(usual):g}")
    if not found:
        found.append(f"{recipe.duel}.weight={tie.weight * FACTORS[diagnosis.name]:g}")
    return tuple(found)


def _identity(tie: Tie) -> float:
    return 0.0 if isinstance(tie, PairedConfig) else tie.identity


def diagnose_translation(values: Mapping[str, float], progress: float) -> list[Diagnosis]:
    """Return what is wrong with a translator, from one evaluation.

    Args:
        values: `kernel`, `input_kernel`, `target_share` and `content_kept`, as evaluated; of a
            translator in both directions also those of the way back, as `back_...`, and of one to
            several domains `weakest_share`.
        progress: Share of the budget that is used up, in [0, 1]; nothing is said before half.
    """
    if progress < HALF_TIME:
        return []
    sides = {"": "", "back_": " back"} if "back_kernel" in values else {"": ""}
    unlike = {name: _unlike(values, side, name, progress) for side, name in sides.items()}
    wrong = [evidence for evidence in unlike.values() if evidence]
    found = []
    if wrong and len(wrong) == len(sides):
        found.append(Diagnosis("identity collapse", "; ".join(wrong) + "."))
    elif wrong:
        found.append(Diagnosis("one side ignored", f"{wrong[0]}."))
    elif values.get("weakest_share", 1.0) < IGNORED and values["target_share"] >= HALF_TIME:
        found.append(
            Diagnosis(
                "one side ignored",
                f"a classifier takes {values['target_share']:.0%} of translations for their "
                f"targets, but of those to one domain only {values['weakest_share']:.0%}.",
            )
        )
    lost = [values[f"{side}content_kept"] for side in sides]
    if min(lost) < KEPT:
        found.append(
            Diagnosis(
                "content lost",
                f"only {min(lost):.0%} of translations are nearest to their own input among 100.",
            )
        )
    return found


def _unlike(values: Mapping[str, float], side: str, name: str, progress: float) -> str:
    """Return evidence that translations of one direction are not like the target; or nothing."""
    kernel, unchanged = values[f"{side}kernel"], values[f"{side}input_kernel"]
    taken = values[f"{side}target_share"]
    if kernel >= unchanged > 0:
        return (
            f"the kernel distance of translations{name} to the target domain is {kernel:.3f}, that "
            f"of the inputs left as they are {unchanged:.3f}"
        )
    if progress >= 1 and taken < TAKEN:
        return (
            f"a classifier takes {taken:.0%} of translations{name} for the target domain, and "
            f"should take {TAKEN:.0%} at least"
        )
    return ""


def standing_still(history: History) -> Diagnosis | None:
    """Results that are no nearer to the target than their inputs, and nothing that pulls them.

    It applies long before half time. A translator that is still learning is far from the target
    too, but its results change and its discriminator tells them apart.
    """
    probes = [probe.values for probe in history.probes[-2:]]
    if history.age < EARLY or len(probes) < 2:
        return None
    if not all(_no_nearer(values) and values["target_share"] < 0.2 for values in probes):
        return None
    accuracy = history.accuracy(2 * WINDOW)
    blind = accuracy is not None and accuracy <= CHANCE
    change = max(v["change"] for v in probes)
    if not blind and change >= STILL:
        return None
    seen = f"; discriminator accuracy is {accuracy:.0%}" if accuracy is not None else ""
    latest = probes[-1]
    return Diagnosis(
        "identity collapse",
        f"translations differ from their inputs by {change:.1%} of the range, and their kernel "
        f"distance to the target domain is {latest['kernel']:.3f}, that of the inputs "
        f"{latest['input_kernel']:.3f}{seen}.",
    )


def _no_nearer(values: Values) -> bool:
    """Whether results are about as far from the target as inputs, as far as features can tell.

    Inputs at a distance of 0 differ from the target in what the features do not see.
    """
    unchanged = values["input_kernel"]
    return unchanged <= 0 or values["kernel"] >= 0.95 * unchanged


TRANSLATION_RULES = Rules(diagnose_translation, translation_remedy, standing_still)
