"""What a report calls the network, its results and its sheets, by the task of the run."""

from __future__ import annotations

from dataclasses import dataclass

from gansmith.medium import MEDIA
from gansmith.report.history import RunHistory
from gansmith.report.metric_formatting import HEADLINES


@dataclass(frozen=True)
class Wording:
    """Words for one kind of runs.

    Attributes:
        network: What was trained.
        results: What it makes, in the plural.
        heading: Of the sheet.
        sheet: What the sheet shows, after the state that it is of.
        real: What the sheet of real samples shows.
        evaluations: How evaluations during training were done, as a sentence.
        headlines: Metrics at the top of the report.
    """

    network: str
    results: str
    heading: str
    sheet: str
    real: str
    evaluations: str
    headlines: tuple[str, ...] = HEADLINES


SHEETS = {
    "contrastive": "Inputs, each with its translation at the right.",
    "cycle": "Inputs, each with its translation at the right: the upper half to the second domain, "
    "the lower half back.",
    "paired": "Inputs, each with its translation and the true answer at the right.",
    "domains": "Inputs in the first row, and below them their translations to each domain.",
}
"""What the sheet of a translation shows, by duel."""


OTHERS = {
    "faceswap": Wording(
        "face swap",
        "swapped faces",
        "Before and after",
        "Faces, each with the other person's at the right: the upper half of the first person, the "
        "lower half of the second.",
        "Held-out faces of the second person, for comparison.",
        "Evaluations during training, each of swaps of the held-out faces.",
        ("target_share", "back_target_share", "pose_error", "kernel", "input_kernel"),
    ),
    "expressions": Wording(
        "editor",
        "edited faces",
        "Before and after",
        "A held-out face in each row: as it is, then with each expression in full.",
        "Held-out samples, for comparison.",
        "Evaluations during training, each of edits of the held-out samples.",
        ("agreement", "input_agreement", "grading", "kept"),
    ),
    "harden": Wording(
        "classifier",
        "images",
        "What fooled it",
        "",
        "Held-out samples, for comparison.",
        "Evaluations during training.",
    ),
}
"""Words of the tasks that neither generate nor translate."""


def wording_of(record: RunHistory) -> Wording:
    """Return the words for a run."""
    task = str(record.setting("task"))
    if task.startswith("translate"):
        return Wording(
            "translator",
            "translations",
            "Before and after",
            SHEETS.get(str(record.setting("duel")), "Inputs and their translations."),
            "Held-out samples of the target, for comparison.",
            "Evaluations during training, each of translations of the held-out samples.",
            ("target_share", "content_kept", "kernel", "input_kernel", "truth_l1"),
        )
    if task in OTHERS:
        return OTHERS[task]
    medium = record.manifest.medium
    quick = record.setting("evaluation.quick_samples")
    count = f"{quick:,}" if isinstance(quick, int) else "a few"
    return Wording(
        "generator",
        "generated samples",
        "Generated",
        "",
        "Held-out samples, for comparison.",
        f"Evaluations during training, with {count} samples each. Fewer samples raise the floor: "
        "read the trend here and the values in the table below.",
        (MEDIA[medium].headlines if medium in MEDIA else ()) or HEADLINES,
    )
