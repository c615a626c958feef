"""Diagnoses: what can be wrong with a training, in names and in plain words."""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH = 3
"""Looks after which every rule can speak; fewer that find nothing prove nothing."""
MORE_LOOKS = "give the training more time, or the monitor a larger share of it (health.max_cost)"
"""What to do where there were fewer."""

EXPLANATIONS: dict[str, str] = {
    "diverged": (
        "Losses or weights left the range in which they mean anything: a step was too large, or a "
        "sample was damaged. Nothing that comes after it can be used."
    ),
    "discriminator overpowers": (
        "The discriminator tells real from generated without error and leaves the generator no "
        "slope to climb: it learns nothing, or only a few samples that pass for a moment."
    ),
    "discriminator too weak": (
        "The discriminator cannot tell generated from real although the samples are poor: it "
        "learns too slowly to teach the generator anything."
    ),
    "discriminator overfits": (
        "The discriminator knows its training samples by heart: it answers differently to real "
        "samples it has not seen. The generator is then drawn towards copies."
    ),
    "mode collapse (total)": (
        "Whatever the latents, the samples are nearly the same: the generator has found one answer "
        "and left all the others."
    ),
    "mode collapse (partial)": (
        "Some kinds of real samples are hardly ever generated, while others come too often."
    ),
    "oscillation": (
        "The players chase each other: what is generated changes wildly from look to look and "
        "settles nowhere, because steps are too large for the game."
    ),
    "memorising": (
        "Generated samples lie nearer to single training samples than unseen real ones do: the "
        "generator repeats the collection instead of adding to it."
    ),
    "generator stalled": (
        "The generator hardly changes and its samples are still poor: its rate is too low, or the "
        "discriminator has nothing to teach it."
    ),
    "labels ignored": (
        "Samples do not show what their label asks for: labels in the data are wrong, or the "
        "players do not use them."
    ),
    "reward hacking": (
        "Texts become shorter or longer than real ones: the generator has found that the "
        "discriminator likes a length, and lives on that instead of writing better."
    ),
}


@dataclass(frozen=True)
class Diagnosis:
    """Something that is wrong.

    Attributes:
        name: One of EXPLANATIONS.
        evidence: The figures that say so, in a sentence.
        fatal: Going on as before cannot lead anywhere.
        modes: Names of the modes that are gone.
        lost: They were there before.
    """

    name: str
    evidence: str
    fatal: bool = False
    modes: tuple[str, ...] = ()
    lost: bool = False

    @property
    def explanation(self) -> str:
        """What it means."""
        return EXPLANATIONS[self.name]
