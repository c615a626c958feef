"""Graded expressions beside true edits of a person that was never seen.

    GANSMITH_DATA=DATA python benchmarks/expressions.py --minutes 45 --seeds 0 --judge JUDGE.npz

crops the faces of `DATA/faces` (8 people, 7 expressions), trains `expressions` on them, and
compares edits of 10 neutral pictures of an unseen person to all expressions in strengths .4, .7 and
1 with the 210 true pictures in `DATA/faces-truth/edit`. Faces are aligned by eyes and nose of the
neutral picture; all differences are of the range. `l1_moved` counts where the truth differs by more
than 6/255, `outside_kept` is the share of pixels off the face that change by less than 4/255.

The reader is another network than any in the training. It learns from people that
`expression_faces.py` renders (`--judge`), and reads true pictures and unchanged ones too: more than
its rate on true pictures is an alarm. `--run RUN` measures a run that is there already.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

import gansmith
from arena import HOME, Row
from expression_faces import NAMES, SIDE, aligned, data_folder, rows_of
from gansmith.drawing.contact_sheet import contact_sheet
from gansmith.evaluation.expressions import rank_correlation
from gansmith.evaluation.metrics.similarity import similarity_map
from gansmith.expressions import ExpressionModel
from harness import renew_rows
from style import unit

NAME, GRADES, SCENES = "expressions", (40, 70, 100), 10
ON_FACE = (1, 4, 5, 7)
"""Labels of masks: face, eyes, inside of the mouth, brows."""
MOVED, KEPT = 6 / 255, 4 / 255
RIM = 5
"""Positions at each edge where the similarity has no whole window."""
Pictures = NDArray[np.uint8]


class Truth(NamedTuple):
    """Neutral pictures of an unseen person, and the true edits.

    Attributes:
        neutral: [N, 64, 64, 3], of the same scene as the truth.
        edited: [N, 64, 64, 3].
        face: Where either shows the face, bool [N, 64, 64].
        wanted: Number of the expression in `NAMES`, [N].
        strength: In (0, 1], [N].
    """

    neutral: Pictures
    edited: Pictures
    face: NDArray[np.bool_]
    wanted: NDArray[np.int64]
    strength: NDArray[np.float64]


def crop_faces(data: Path, folder: Path) -> Path:
    """Write the aligned faces of `DATA/faces` with their labels, once; return their folder."""
    if (folder / "labels.csv").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    table = [("file", "label", "intensity")]
    for row in rows_of(data / "faces"):
        name = row["file"].removeprefix("train/").replace("/", "-").replace(".webp", ".png")
        with Image.open(data / "faces" / row["file"]) as picture:
            aligned(row["landmarks"]).of(picture.convert("RGB")).save(folder / name)
        table.append((name, row["expression"], str(row["intensity"])))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    return folder


def read_truth(data: Path, person: str = "iris") -> Truth:
    """Read all edits of the unseen person, cropped as its neutral picture of the same scene."""
    home = data / "faces-truth"
    known = {row["file"]: row for row in rows_of(home)}
    found: list[tuple[Pictures, Pictures, NDArray[np.bool_], int, float]] = []
    for scene in range(SCENES):
        stem = f"edit/{person}/{scene}"
        crop = aligned(known[f"{stem}/neutral-000.webp"]["landmarks"])

        def seen(name: str, stem: str = stem, crop=crop) -> tuple[Pictures, NDArray[np.bool_]]:  # type: ignore[no-untyped-def]
            with Image.open(home / f"{stem}/{name}.webp") as picture:
                cut = np.asarray(crop.of(picture.convert("RGB")))
            with Image.open(home / f"masks/{stem}/{name}.png") as mask:
                face = np.isin(np.asarray(crop.of(mask, smooth=False)), ON_FACE)
            return cut, face

        neutral, face = seen("neutral-000")
        for number, name in enumerate(NAMES[1:], start=1):
            for grade in GRADES:
                edited, other = seen(f"{name}-{grade:03d}")
                found.append((neutral, edited, face | other, number, grade / 100))
    columns = list(zip(*found, strict=True))
    return Truth(*(np.stack(column) for column in columns))


class Reader(nn.Module):
    """A reader of expressions: 3x3 convolutions and means, without normalisation."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        for before, after in ((12, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.LeakyReLU(0.2), nn.AvgPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3))
        self.head = nn.Linear(128 * (SIDE // 16) ** 2, len(NAMES))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits [N, 8] of pictures [N, 3, 64, 64] in [-1, 1]."""
        logits: Tensor = self.head(self.body(pictures))
        return logits


def as_tensor(pictures: Pictures) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2) / 127.5 - 1


def obtain_reader(judge: Path) -> Reader:
    """Return the reader of a file of rendered people; it is trained once and kept beside them."""
    kept, reader = judge.with_suffix(".reader.pt"), Reader()
    if kept.exists():
        reader.load_state_dict(torch.load(kept, weights_only=True))
        return reader.eval().requires_grad_(False)
    reader = train_reader(judge)
    torch.save(reader.state_dict(), kept)
    return reader


def train_reader(judge: Path, seed: int = 1_000, epochs: int = 8) -> Reader:
    """Train a reader on rendered people, mirrored, moved and with other colours."""
    with np.load(judge) as stored:
        names, strengths = stored["names"], stored["intensities"]
        clear = (names == 0) | (strengths >= 0.35)
        pictures, labels = as_tensor(stored["pictures"][clear]), torch.from_numpy(names[clear])
    torch.manual_seed(seed)
    reader, batch = Reader(), 64
    adam = torch.optim.Adam(reader.parameters(), lr=1e-3)
    steps = epochs * len(pictures) // batch
    decay = torch.optim.lr_scheduler.OneCycleLR(adam, 2e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(len(pictures), (batch,))
        seen = pictures[chosen]
        seen = torch.where(torch.rand(batch, 1, 1, 1) < 0.5, seen.flip(3), seen)
        seen = seen * (0.7 + 0.6 * torch.rand(batch, 3, 1, 1)) + 0.2 * torch.randn(batch, 3, 1, 1)
        shift = torch.randint(-3, 4, (2,)).tolist()
        seen = seen.roll(shift, dims=(2, 3)) + 0.05 * torch.randn_like(seen)
        loss = F.cross_entropy(reader(seen), labels[chosen])
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        decay.step()
    return reader.eval().requires_grad_(False)


def measured(name: str, made: Pictures, truth: Truth, reader: Reader) -> Row:
    """Compare edits with the true ones, and read them."""
    apart = np.abs(made.astype(np.float64) - truth.edited).mean(3) / 255
    moves = np.abs(truth.edited.astype(np.float64) - truth.neutral).mean(3) / 255 > MOVED
    change = np.abs(made.astype(np.float64) - truth.neutral).mean(3) / 255
    similar = similarity_map(*unit(made, truth.edited)).mean(1).numpy()
    inside = truth.face[:, RIM:-RIM, RIM:-RIM]
    seen = torch.softmax(reader(as_tensor(made)), 1).numpy()
    wish = seen[np.arange(len(seen)), truth.wanted].reshape(-1, len(GRADES))
    right = seen.argmax(1) == truth.wanted
    return {
        "made_by": name,
        "read": round(float(right.mean()), 3),
        "read_whole": round(float(right[truth.strength == 1].mean()), 3),
        "l1_face": round(float(apart[truth.face].mean()), 4),
        "ssim_face": round(float(similar[inside].mean()), 4),
        "l1_moved": round(float(apart[moves].mean()), 4),
        "outside_kept": round(float((change[~truth.face] < KEPT).mean()), 4),
        "grading": round(float(np.mean([rank_correlation(np.array(GRADES), w) for w in wish])), 3),
    }


def edits(model: ExpressionModel, truth: Truth) -> Pictures:
    """Edit the neutral pictures as the truth does."""
    wanted = [
        {NAMES[number]: float(strength)}
        for number, strength in zip(truth.wanted, truth.strength, strict=True)
    ]
    return model.apply(truth.neutral, wanted)


def draw(made: Pictures, truth: Truth, place: Path, scenes: tuple[int, ...] = (0, 3, 6, 8)) -> None:
    """Draw, by scene, the true edits at full strength, and below them the made ones."""
    rows = []
    each = len(GRADES) * (len(NAMES) - 1)
    for scene in scenes:
        whole = range(scene * each + len(GRADES) - 1, (scene + 1) * each, len(GRADES))
        for pictures in (truth.edited, made):
            rows += [truth.neutral[scene * each], *(pictures[k] for k in whole)]
    contact_sheet(np.stack(rows), columns=len(NAMES)).save(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--samples", type=int, help="budget in samples, in place of minutes")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--judge", type=Path, required=True, help="from expression_faces.py")
    parser.add_argument("--run", type=Path, help="measure this run, and train none")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    args = parser.parse_args()
    data = data_folder()
    truth, reader = read_truth(data), obtain_reader(args.judge)
    fixed: Row = {"minutes": None, "samples": None, "seed": None, "settings": ""}
    minutes = None if args.samples else args.minutes
    budget: Row = {"minutes": minutes, "samples": args.samples}
    rows = [
        fixed | measured("nothing", truth.neutral, truth, reader),
        fixed | measured("truth", truth.edited, truth, reader),
    ]
    print(*rows, sep="\n", flush=True)
    for seed in args.seeds:
        run = args.run or HOME / f"expressions-{args.samples or args.minutes:g}-{seed}"
        if args.run is None:
            faces = crop_faces(data, HOME / "expression-faces")
            consent = HOME / "expression-consent.yaml"
            consent.write_text("{who: rendered heads, basis: nobody is shown, date: 2026-01-31}")
            settings = [f"training.seed={seed}", "data.align=none", *args.settings]
            gansmith.train(
                "expressions",
                data=faces,
                out=run,
                **budget,
                settings=settings,
                consent=consent,
            )
        model = gansmith.load(run)
        assert isinstance(model, ExpressionModel)
        made = edits(model, truth)
        row: Row = budget | {"seed": seed, "settings": " ".join(args.settings)}
        row |= measured("expressions", made, truth, reader)
        draw(made, truth, run / "beside-truth.png")
        print(row, flush=True)
        rows.append(row)
    renew_rows(NAME, rows, ("made_by", "minutes", "samples", "seed", "settings"))


if __name__ == "__main__":
    main()
