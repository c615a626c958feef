"""An evaluation under attack as a table, a sheet of what fooled it, and one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image
from rich.table import Table
from torch import Tensor

from gansmith.data.dataset import Dataset, evenly_chosen
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.drawing.pixels import png_bytes
from gansmith.drawing.scales import Series
from gansmith.outputs import Provenance, save_output
from gansmith.report.chart_specs import ChartSpec
from gansmith.report.charts import line_chart
from gansmith.report.page import Picture, embed_picture, render
from gansmith.robustness.classifier import take_images
from gansmith.robustness.result import Evaluation, Proportion

SHOWN = 12
SHORT = 9
"""Letters up to which four triples stand in a row, so that labels are not cut."""
AMPLIFIED = 10
"""Factor by which differences are shown."""
HARDENING_CHART = ChartSpec(
    "Accuracy during training",
    {
        "clean": "clean",
        "attacked_train": "training images, its own attack",
        "attacked": "its own attack",
        "more_steps": "more steps",
        "apgd": "APGD",
    },
    "Of images that neither train nor judge, unless it says so. A gap between the attack of the "
    "training and more steps means that gradients are hidden.",
    (0, 1),
)


def evaluation_table(found: Evaluation) -> Table:
    """Return the outcomes as a table for the terminal."""
    table = Table("attack", "sees", "accuracy (95 % interval)", "seconds")
    for outcome in found.outcomes:
        row = (str(outcome.accuracy), f"{outcome.seconds:.1f}")
        table.add_row(outcome.name, outcome.access, *row)
    table.add_row("worst case of each image", "", str(found.worst), "")
    return table


def triples(
    originals: Tensor, moved: Tensor, captions: Sequence[tuple[str, str]] = ()
) -> Image.Image:
    """Draw each image, what became of it, and ten times the difference, beside each other.

    Args:
        originals: [N, C, H, W] with values in [0, 1], N >= 1.
        moved: The same images, perturbed.
        captions: What is written below each image, and below what became of it.
    """
    difference = (0.5 + AMPLIFIED * (moved - originals)).clamp(0, 1)
    rows = torch.stack([originals, moved, difference], 1).flatten(0, 1)
    texts = [text for before, after in captions for text in (before, after, "")]
    short = max(map(len, texts), default=0) <= SHORT
    return contact_sheet(to_stored(rows), columns=3 * (4 if short else 2), captions=texts or None)


def to_stored(x: Tensor) -> NDArray[np.uint8]:
    """Return images [N, C, H, W] in [0, 1] as uint8 [N, H, W, C], grey or RGB."""
    values = (255 * x.detach().cpu()).round().clamp(0, 255).byte()
    return np.ascontiguousarray(values.permute(0, 2, 3, 1).numpy())


def fooled_sheet(found: Evaluation, dataset: Dataset) -> Image.Image:
    """Draw images that were fooled, or where none were, images under attack that were not."""
    images = take_images(dataset, found.indices)
    changed = (found.adversarial - images.x).flatten(1).abs().amax(1) > 0
    places = np.flatnonzero(changed.numpy())
    chosen = evenly_chosen(places if len(places) else np.arange(len(images.x)), SHOWN)
    names, right, said = images.label_names, images.y.tolist(), found.read_as.tolist()
    captions = [(names[right[k]], f"> {names[said[k]]}") for k in chosen.tolist()]
    return triples(images.x[chosen], found.adversarial[chosen], captions)


def write_robustness_page(
    found: Evaluation,
    sheet: Picture,
    path: Path,
    provenance: Provenance,
    history: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write an evaluation as one HTML page that works offline.

    Args:
        found: The evaluation.
        sheet: What fooled the classifier; see :func:`fooled_sheet`.
        path: The file.
        provenance: Where it comes from.
        history: Events of the training of a hardened classifier; empty for any other.

    Raises:
        GansmithError: The page cannot be written.
    """
    eps, shares = zip(*found.curve, strict=True) if found.curve else ((), ())
    measured = [event for event in history if event.get("event") == "attacked"]
    problems = [event for event in history if event.get("event") == "diagnosis"]
    charts: list[tuple[Markup, str]] = []
    if found.curve:
        lines = [Series("PGD-40", list(eps), list(shares))]
        chart = line_chart(lines, "eps", "Accuracy by eps", bounds=(0, 1))
        charts.append(
            (chart, "It must fall to about 0: where it does not, the attack fails, not the eps.")
        )
    if measured:
        charts.append((HARDENING_CHART.svg(measured), HARDENING_CHART.note))
    page = render(
        "robustness.html",
        title=f"{found.classifier} under attack",
        found=found,
        interval=_interval,
        percent=_percent,
        charts=charts,
        problems=problems,
        picture=sheet,
        amplified=AMPLIFIED,
    )
    return save_output(path, page.encode("utf-8", "backslashreplace"), provenance)


def embedded(image: Image.Image) -> Picture:
    """Return a picture as pages hold it."""
    return embed_picture(png_bytes(image), image.size)


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _interval(found: Proportion) -> str:
    low, high = found.interval
    return f"{low:.1%} to {high:.1%}"
