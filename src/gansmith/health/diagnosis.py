"""Diagnoses: what can be wrong with a training, by name, and what it means."""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH = 3
"""Probes after which every rule applies; fewer without a diagnosis prove nothing."""
MORE_PROBES = "train longer, or allow the monitor a larger share of the time (health.max_cost)"
"""What to do where there were fewer."""

EXPLANATIONS: dict[str, str] = {
    "diverged": (
        "Losses or weights are no longer finite or have exploded, because of too high a learning "
        "rate or a damaged sample. Training after this point is useless."
    ),
    "discriminator overpowers": (
        "The discriminator separates real from generated samples almost without error, so the "
        "generator gets no useful gradient and stops learning or collapses to a few samples."
    ),
    "discriminator too weak": (
        "The discriminator cannot separate generated from real samples although quality is low: it "
        "learns too slowly to guide the generator."
    ),
    "discriminator overfits": (
        "The discriminator has memorised its training samples: its logits differ on held-out real "
        "samples. This pushes the generator towards copies."
    ),
    "mode collapse (total)": (
        "Samples are nearly the same for all latents: the generator has collapsed to one mode."
    ),
    "mode collapse (partial)": (
        "Some kinds of real samples are hardly ever generated, while others are too frequent."
    ),
    "oscillation": (
        "Generated samples change strongly between probes without improving: discriminator and "
        "generator chase each other, because learning rates are too high or the objective is "
        "unstable."
    ),
    "memorising": (
        "Generated samples are nearer to training samples than held-out real ones are: the "
        "generator memorises the dataset instead of generalising."
    ),
    "generator stalled": (
        "The generator hardly changes although quality is low: its learning rate is too low, or it "
        "gets no useful gradient from the discriminator."
    ),
    "labels ignored": (
        "Samples do not show the class of their label: labels of the dataset are wrong, or the "
        "networks do not use them."
    ),
    "reward hacking": (
        "Generated texts become shorter or longer than real ones: the generator exploits text "
        "length to raise its reward instead of improving quality."
    ),
}
"""Diagnoses by name. The names are stored in runs."""

TRANSLATION_EXPLANATIONS: dict[str, str] = {
    "identity collapse": (
        "Results are no nearer to the target domain than the inputs are, or are not taken for it; "
        "most often because the translator returns its input nearly unchanged."
    ),
    "content lost": (
        "Translations do not show what their inputs show: the translator generates samples of the "
        "target domain that have little to do with what it is given."
    ),
    "one side ignored": (
        "Translations to one of the domains are not like it, while those to the others are: the "
        "translator has given up one side."
    ),
}
"""Diagnoses of translators; `diverged` is one of theirs too."""


@dataclass(frozen=True)
class Diagnosis:
    """A problem of a training.

    Attributes:
        name: One of EXPLANATIONS or TRANSLATION_EXPLANATIONS.
        evidence: The values that show it, in a sentence.
        fatal: Training cannot recover without a change.
        modes: Names of the missing modes.
        lost: They were generated before.
    """

    name: str
    evidence: str
    fatal: bool = False
    modes: tuple[str, ...] = ()
    lost: bool = False

    @property
    def explanation(self) -> str:
        """What the diagnosis means."""
        return (EXPLANATIONS | TRANSLATION_EXPLANATIONS)[self.name]
