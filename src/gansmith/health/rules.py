"""Rules: from the history of a training to what is wrong with it.

Every rule is a function of the history that returns a diagnosis or None. Thresholds were set on
runs with planted faults and on healthy ones, and tested on others: see `benchmarks/health.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from gansmith.health.diagnosis import ENOUGH, Diagnosis
from gansmith.health.history import History, ProbeResult

Rule = Callable[[History], Diagnosis | None]

WARM = 0.05
"""Share of the budget after the start, or a change of course, in which little can be told."""
SETTLED = 0.12
"""The same, for rules about what takes longer to learn."""
LATE = 0.5
"""The same, for what comes last: modes that are rare or hard."""
WINDOW = 0.03
"""Share of the budget over which signals of steps are averaged."""
FATAL = frozenset({"diverged", "mode collapse (total)"})
STRAY = 0.25
"""Lengths of texts that differ by this share from real ones are no chance: healthy trainings keep
within a few hundredths."""
POOR = 0.3
"""Coverage below this share of the floor is poor."""


def diagnose(history: History) -> list[Diagnosis]:
    """Return what is wrong, the gravest first, without what was said already on this course.

    Where something fatal was said, lesser things are its consequences and no news.
    """
    found = [diagnosis for rule in RULES if (diagnosis := rule(history)) is not None]
    fatal = any(diagnosis.fatal for diagnosis in found) or not FATAL.isdisjoint(history.said)
    return [d for d in found if d.name not in history.said and (d.fatal or not fatal)]


def suspected(history: History) -> list[Diagnosis]:
    """Return what would be wrong if the next looks were like the latest one."""
    return diagnose(replace(history, looks=[*history.looks, *history.looks[-1:] * 2]))


def diverged(history: History) -> Diagnosis | None:
    """Signals that are no numbers, or losses beyond all measure."""
    latest = history.steps[-1].values if history.steps else {}
    broken = [name for name, value in latest.items() if not math.isfinite(value)]
    if broken:
        return Diagnosis("diverged", f"{broken[0]} is no longer a number.", fatal=True)
    losses = [history.mean(name, WINDOW) for name in ("d_loss", "g_loss")]
    largest = max((abs(loss) for loss in losses if loss is not None), default=0.0)
    if history.age < WARM or largest < 1e3:
        return None
    return Diagnosis("diverged", f"losses have grown to {largest:,.0f}.", fatal=True)


def total_collapse(history: History) -> Diagnosis | None:
    """Samples that are all alike, at two looks in a row, and growing no more varied."""
    looks = history.looks[-2:]
    vendi = history.floors["vendi"]
    alike = [
        look.values["twins"] > 0.5 or look.values["vendi"] < 1 + 0.05 * (vendi - 1)
        for look in looks
    ]
    if history.age < SETTLED or len(looks) < 2 or not all(alike) or history.rising("vendi"):
        return None
    values = looks[-1].values
    return Diagnosis(
        "mode collapse (total)",
        f"{values['twins']:.0%} of samples have a near-equal beside them; they are worth "
        f"{values['vendi']:.1f} different ones, real samples {vendi:.1f}.",
        fatal=True,
    )


def overpowers(history: History) -> Diagnosis | None:
    """A discriminator that is right about nearly everything, while samples are poor."""
    right, warm = history.right(WINDOW), SETTLED if history.since else WARM
    if history.age < warm or right is None or right < 0.96 or not history.poor(POOR):
        return None
    return Diagnosis(
        "discriminator overpowers",
        f"it is right about {right:.1%} of samples, and coverage is {_coverage(history)}.",
    )


def too_weak(history: History) -> Diagnosis | None:
    """A discriminator that cannot tell, while samples are poor and get no better.

    One that tosses a coin may be evenly matched: that samples get no better takes two looks.
    """
    right = history.right(2 * WINDOW)
    if history.age < WARM or right is None or not history.poor(POOR):
        return None
    fooled = right < 0.35
    early = history.age < SETTLED or not history.poor(POOR, looks=2)
    if not fooled and (right > 0.54 or early or history.rising("coverage")):
        return None
    return Diagnosis(
        "discriminator too weak",
        f"it is right about {right:.0%} of samples, no better than a coin, though coverage is only "
        f"{_coverage(history)}.",
    )


def _coverage(history: History) -> str:
    return f"{history.now('coverage'):.3f} of {history.floors['coverage']:.3f}"


def oscillation(history: History) -> Diagnosis | None:
    """Samples of the same latents that change wildly from look to look and stay poor."""
    moved = history.series("moved")[-2:]
    if history.age < SETTLED or len(moved) < 2 or min(moved) < 0.5 or not history.poor(POOR):
        return None
    return Diagnosis(
        "oscillation",
        f"from look to look samples of the same latents move by {min(moved):.0%} to "
        f"{max(moved):.0%} of the distance between real samples, and coverage stays at "
        f"{history.now('coverage'):.3f}.",
    )


def stalled(history: History) -> Diagnosis | None:
    """Samples that are poor and do not change any more."""
    moved = history.series("moved")[-2:]
    if history.age < SETTLED or len(moved) < 2 or max(moved) > 0.04 or not history.poor(0.1):
        return None
    return Diagnosis(
        "generator stalled",
        f"samples of the same latents move by {max(moved):.1%} of the distance between real "
        f"samples from look to look, and coverage is {history.now('coverage'):.3f}.",
    )


def partial_collapse(history: History) -> Diagnosis | None:
    """Modes that are hardly generated, at two looks in a row, and not on their way up.

    Modes that were there before are missed at once; others are given time to be learnt.
    """
    looks = history.looks[-2:]
    if history.age < SETTLED or len(looks) < 2 or history.poor(0.1):
        return None
    known = _known(history)
    gone = set.intersection(*(missing(history, look, known) for look in looks)) - growing(history)
    lost = set() if history.rising("coverage") else gone & known
    if not lost and (not gone or history.age < LATE):
        return None
    modes, counts = sorted(lost or gone), looks[-1].counts
    names = tuple(history.names[mode] for mode in modes)
    made = sum(counts[mode] for mode in modes) / max(1, sum(counts))
    real = sum(history.shares[mode] for mode in modes)
    return Diagnosis(
        "mode collapse (partial)",
        f"{', '.join(names)}: {made:.1%} of generated samples, {real:.1%} of real ones.",
        modes=names,
        lost=bool(lost),
    )


def missing(history: History, look: ProbeResult, known: set[int]) -> set[int]:
    """Modes with too small a share, where chance cannot explain it.

    Too small is less than a fifth of the real share; of a mode that was there before, two fifths.
    """
    total = sum(look.counts)
    return {
        mode
        for mode, (count, share) in enumerate(zip(look.counts, history.shares, strict=True))
        if count < (0.4 if mode in known else 0.2) * total * share
        and at_most(count, total * share) < 1e-4
    }


def _known(history: History) -> set[int]:
    """Modes that were there, in about the real share, at two looks of this course."""
    pairs = enumerate(zip(best_shares(history), history.shares, strict=False))
    return {mode for mode, (share, real) in pairs if share > 0.75 * real > 0}


def growing(history: History) -> set[int]:
    """Modes that have come clearly more often from look to look, of late."""
    first, last = history.looks[-4:][0].counts, history.looks[-1].counts
    pairs = enumerate(zip(first, last, strict=True))
    return {mode for mode, (before, now) in pairs if now > 1.3 * before + 2}


def best_shares(history: History) -> list[float]:
    """The share that each mode has had at two looks of this course, once it had settled."""
    settled = [look for look in history.looks if look.progress >= history.since + SETTLED]
    shares = [[count / max(1, sum(look.counts)) for count in look.counts] for look in settled]
    return [sorted(mode)[-2] for mode in zip(*shares, strict=True)] if len(shares) > 1 else []


def at_most(count: int, expected: float) -> float:
    """Probability of so few events, or fewer, where `expected` are expected (Poisson)."""
    if expected <= 0:
        return 1.0
    logs = (k * math.log(expected) - math.lgamma(k + 1) - expected for k in range(count + 1))
    return sum(map(math.exp, logs))


def overfits(history: History) -> Diagnosis | None:
    """Answers to unseen samples that differ from those to seen ones, over three looks."""
    looks = [look.values for look in history.looks[-ENOUGH:] if "seen" in look.values]
    if history.age < WARM or len(looks) < ENOUGH:
        return None
    gaps = [(v["seen"] - v["unseen"]) / max(v["spread"], 1e-9) for v in looks]
    if sorted(gaps)[1] < 0.6 or min(gaps) < 0.4:
        return None
    return Diagnosis(
        "discriminator overfits",
        f"its answers to seen and unseen real samples lie {gaps[-1]:.2f} deviations apart.",
    )


def memorising(history: History) -> Diagnosis | None:
    """Samples nearer to training samples than unseen ones are, at two looks in a row."""
    looks = [look.values for look in history.looks[-2:]]
    if history.age < WARM or len(looks) < 2:
        return None
    if not all(v["copying"] < 0.75 and v["copies"] > 0.05 for v in looks):
        return None
    return Diagnosis(
        "memorising",
        f"samples lie at {looks[-1]['copying']:.0%} of the distance to training samples that "
        f"unseen real ones keep; {looks[-1]['copies']:.0%} are as near as the nearest hundredth.",
    )


def labels_ignored(history: History) -> Diagnosis | None:
    """Recognisable samples that do not show what was asked for."""
    agreement, precision = history.series("agreement")[-2:], history.series("precision")[-2:]
    if history.age < SETTLED or len(agreement) < 2 or min(precision) < 0.5:
        return None
    chance = sum(share * share for share in history.shares)
    limit = max(0.3, chance + 0.2 * (1 - chance))
    if max(agreement) > limit:
        return None
    return Diagnosis(
        "labels ignored",
        f"only {agreement[-1]:.0%} of samples are recognised as what their label asks for.",
    )


def reward_hacking(history: History) -> Diagnosis | None:
    """Texts of another length than real ones: a reward is won by ending early, or never."""
    made, real = history.mean("fake_length", WINDOW), history.mean("real_length", WINDOW)
    rewarded = bool(history.recent("kl", WINDOW))
    if history.age < WARM or not rewarded or not made or not real:
        return None
    if abs(made / real - 1) < STRAY:
        return None
    return Diagnosis(
        "reward hacking",
        f"texts have {made:.1f} tokens, real ones {real:.1f}.",
    )


RULES: tuple[Rule, ...] = (
    diverged,
    total_collapse,
    overpowers,
    too_weak,
    oscillation,
    stalled,
    memorising,
    overfits,
    partial_collapse,
    labels_ignored,
    reward_hacking,
)
