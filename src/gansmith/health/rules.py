"""Rules that diagnose a training from its history.

Every rule is a pure function of the history that returns a diagnosis or None. Thresholds were set
on runs with planted faults and on healthy ones, and tested on others: see `benchmarks/health.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from gansmith.health.diagnosis import ENOUGH, Diagnosis
from gansmith.health.history import History, ProbeResult

Rule = Callable[[History], Diagnosis | None]

WARM = 0.05
"""Share of the game's budget after its start, or a change of settings, before rules apply."""
SETTLED = 0.12
"""The same, for rules on what takes longer to learn."""
LATE = 0.5
"""The same, for what is learnt last: modes that are rare or hard."""
WINDOW = 0.03
"""Share of the game's budget over which signals of steps are averaged."""
FATAL = frozenset({"diverged", "mode collapse (total)"})
STRAY = 0.25
"""Relative difference of text lengths from real ones that counts: healthy trainings stay within a
few hundredths."""
POOR = 0.3
"""Coverage below this share of the floor is poor."""


def diagnose(history: History) -> list[Diagnosis]:
    """Return the new diagnoses since the last change of settings, the most serious first.

    After a fatal diagnosis, lesser ones are its consequences and are left out.
    """
    found = [diagnosis for rule in RULES if (diagnosis := rule(history)) is not None]
    fatal = any(diagnosis.fatal for diagnosis in found) or not FATAL.isdisjoint(history.diagnosed)
    return [d for d in found if d.name not in history.diagnosed and (d.fatal or not fatal)]


def suspected(history: History) -> list[Diagnosis]:
    """Return the diagnoses there would be if the next probes were like the latest one."""
    return diagnose(replace(history, probes=[*history.probes, *history.probes[-1:] * 2]))


def diverged(history: History) -> Diagnosis | None:
    """Signals that are not finite, or exploding losses."""
    latest = history.steps[-1].values if history.steps else {}
    broken = [name for name, value in latest.items() if not math.isfinite(value)]
    if broken:
        return Diagnosis("diverged", f"{broken[0]} is NaN or infinite.", fatal=True)
    losses = [history.mean(name, WINDOW) for name in ("d_loss", "g_loss")]
    largest = max((abs(loss) for loss in losses if loss is not None), default=0.0)
    if history.age < WARM or largest < 1e3:
        return None
    return Diagnosis("diverged", f"losses have grown to {largest:,.0f}.", fatal=True)


def total_collapse(history: History) -> Diagnosis | None:
    """Samples that are all alike, in two probes in a row, without growing more diverse."""
    probes = history.probes[-2:]
    vendi = history.floors["vendi"]
    alike = [
        probe.values["twins"] > 0.5 or probe.values["vendi"] < 1 + 0.05 * (vendi - 1)
        for probe in probes
    ]
    if history.age < SETTLED or len(probes) < 2 or not all(alike) or history.rising("vendi"):
        return None
    values = probes[-1].values
    return Diagnosis(
        "mode collapse (total)",
        f"{values['twins']:.0%} of samples have a near-duplicate in the same probe; their Vendi "
        f"score (effective number of distinct samples) is {values['vendi']:.1f}, that of real "
        f"samples {vendi:.1f}.",
        fatal=True,
    )


def overpowers(history: History) -> Diagnosis | None:
    """A discriminator of nearly perfect accuracy while coverage is low."""
    accuracy, warm = history.accuracy(WINDOW), SETTLED if history.since > history.begun else WARM
    if history.age < warm or accuracy is None or accuracy < 0.96 or not history.poor(POOR):
        return None
    return Diagnosis(
        "discriminator overpowers",
        f"discriminator accuracy is {accuracy:.1%} while coverage is only {_coverage(history)}.",
    )


def too_weak(history: History) -> Diagnosis | None:
    """A discriminator at chance level while coverage is low and does not rise.

    At chance level the networks may also be balanced, so two probes are needed.
    """
    accuracy = history.accuracy(2 * WINDOW)
    if history.age < WARM or accuracy is None or not history.poor(POOR):
        return None
    fooled = accuracy < 0.35
    early = history.age < SETTLED or not history.poor(POOR, probes=2)
    if not fooled and (accuracy > 0.54 or early or history.rising("coverage")):
        return None
    return Diagnosis(
        "discriminator too weak",
        f"discriminator accuracy is {accuracy:.0%} (chance level) while coverage is only "
        f"{_coverage(history)}.",
    )


def _coverage(history: History) -> str:
    return f"{history.now('coverage'):.3f} of {history.floors['coverage']:.3f}"


def oscillation(history: History) -> Diagnosis | None:
    """Samples of the same latents that change strongly between probes while coverage stays low."""
    moved = history.series("moved")[-2:]
    if history.age < SETTLED or len(moved) < 2 or min(moved) < 0.5 or not history.poor(POOR):
        return None
    return Diagnosis(
        "oscillation",
        f"samples of the same latents move by {min(moved):.0%} to {max(moved):.0%} of the distance "
        f"between real samples from probe to probe, and coverage stays at "
        f"{history.now('coverage'):.3f}.",
    )


def stalled(history: History) -> Diagnosis | None:
    """Samples that hardly change while coverage is low."""
    moved = history.series("moved")[-2:]
    if history.age < SETTLED or len(moved) < 2 or max(moved) > 0.04 or not history.poor(0.1):
        return None
    return Diagnosis(
        "generator stalled",
        f"samples of the same latents move by {max(moved):.1%} of the distance between real "
        f"samples from probe to probe, and coverage is {history.now('coverage'):.3f}.",
    )


def partial_collapse(history: History) -> Diagnosis | None:
    """Modes that are hardly generated, in two probes in a row, and are not growing.

    Modes that were generated before count at once; others are given time to be learnt.
    """
    probes = history.probes[-2:]
    if history.age < SETTLED or len(probes) < 2 or history.poor(0.1):
        return None
    known = _known(history)
    gone = set.intersection(*(missing(history, probe, known) for probe in probes)) - growing(
        history
    )
    lost = set() if history.rising("coverage") else gone & known
    if not lost and (not gone or history.age < LATE):
        return None
    modes, counts = sorted(lost or gone), probes[-1].counts
    names = tuple(history.names[mode] for mode in modes)
    made = sum(counts[mode] for mode in modes) / max(1, sum(counts))
    real = sum(history.shares[mode] for mode in modes)
    return Diagnosis(
        "mode collapse (partial)",
        f"{', '.join(names)}: {made:.1%} of generated samples, {real:.1%} of real ones.",
        modes=names,
        lost=bool(lost),
    )


def missing(history: History, probe: ProbeResult, known: set[int]) -> set[int]:
    """Modes with too small a share, where chance cannot explain it.

    Too small is less than a fifth of the real share; of one that was generated before, two fifths.
    """
    total = sum(probe.counts)
    return {
        mode
        for mode, (count, share) in enumerate(zip(probe.counts, history.shares, strict=True))
        if count < (0.4 if mode in known else 0.2) * total * share
        and at_most(count, total * share) < 1e-4
    }


def _known(history: History) -> set[int]:
    """Modes of about the real share in two probes since the last change of settings."""
    pairs = enumerate(zip(best_shares(history), history.shares, strict=False))
    return {mode for mode, (share, real) in pairs if share > 0.75 * real > 0}


def growing(history: History) -> set[int]:
    """Modes whose counts have clearly grown over the latest probes."""
    first, last = history.probes[-4:][0].counts, history.probes[-1].counts
    pairs = enumerate(zip(first, last, strict=True))
    return {mode for mode, (before, now) in pairs if now > 1.3 * before + 2}


def best_shares(history: History) -> list[float]:
    """The share that each mode reached in two settled probes since the last change of settings."""
    settled = history.settled(SETTLED)
    shares = [[count / max(1, sum(probe.counts)) for count in probe.counts] for probe in settled]
    return [sorted(mode)[-2] for mode in zip(*shares, strict=True)] if len(shares) > 1 else []


def at_most(count: int, expected: float) -> float:
    """Probability of so few events, or fewer, where `expected` are expected (Poisson)."""
    if expected <= 0:
        return 1.0
    logs = (k * math.log(expected) - math.lgamma(k + 1) - expected for k in range(count + 1))
    return sum(map(math.exp, logs))


def overfits(history: History) -> Diagnosis | None:
    """Logits of held-out samples that differ from those of training samples, in three probes."""
    probes = [probe.values for probe in history.probes[-ENOUGH:] if "seen" in probe.values]
    if history.age < WARM or len(probes) < ENOUGH:
        return None
    gaps = [(v["seen"] - v["unseen"]) / max(v["spread"], 1e-9) for v in probes]
    if sorted(gaps)[1] < 0.6 or min(gaps) < 0.4:
        return None
    return Diagnosis(
        "discriminator overfits",
        f"mean logits of training and held-out samples are {gaps[-1]:.2f} deviations apart.",
    )


def memorising(history: History) -> Diagnosis | None:
    """Samples nearer to training samples than held-out ones are, in two probes in a row."""
    probes = [probe.values for probe in history.probes[-2:]]
    if history.age < WARM or len(probes) < 2:
        return None
    if not all(v["copying"] < 0.75 and v["copies"] > 0.05 for v in probes):
        return None
    return Diagnosis(
        "memorising",
        f"the distance to training samples is {probes[-1]['copying']:.0%} of that of held-out "
        f"samples; {probes[-1]['copies']:.0%} are as near as the nearest 1% of those.",
    )


def labels_ignored(history: History) -> Diagnosis | None:
    """Recognisable samples that do not show the requested class."""
    agreement, precision = history.series("agreement")[-2:], history.series("precision")[-2:]
    if history.age < SETTLED or len(agreement) < 2 or min(precision) < 0.5:
        return None
    chance = sum(share * share for share in history.shares)
    limit = max(0.3, chance + 0.2 * (1 - chance))
    if max(agreement) > limit:
        return None
    return Diagnosis(
        "labels ignored",
        f"only {agreement[-1]:.0%} of samples are recognised as the class of their label.",
    )


def reward_hacking(history: History) -> Diagnosis | None:
    """Texts of another length than real ones: the reward is raised by ending early or never."""
    made, real = history.mean("fake_length", WINDOW), history.mean("real_length", WINDOW)
    rewarded = bool(history.recent("kl", WINDOW))
    if history.age < WARM or not rewarded or not made or not real:
        return None
    if abs(made / real - 1) < STRAY:
        return None
    return Diagnosis(
        "reward hacking",
        f"generated texts have {made:.1f} tokens on average, real ones {real:.1f}.",
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
