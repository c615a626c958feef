"""Face swap beside true answers: two rendered people, each with the face of the other.

    GANSMITH_DATA=DATA python benchmarks/faceswap.py --minutes 15 --seeds 0

trains `faceswap` on `DATA/faces/train/ada` and `.../chen` (300 pictures each), swaps the faces of
100 unseen pictures of each, whole pictures of 96 pixels in which faces are found and aligned, and
compares them with the same scenes rendered with the other face. Inside the true mask of the face:
mean absolute difference (of the range), the same for eyes and inside of the mouth, and SSIM.
Outside: how much pictures are changed. `taken`: share of results that a classifier of both people
takes for the other person; it sees a fixed oval of aligned faces, so that hair cannot tell.
Baselines: the picture as it is, the mean face of the other person and its nearest training picture
(smallest difference of aligned, colour-matched faces), both pasted by the mask of the face.
`--run RUN` measures a run that is there already.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.nn import functional as F

import gansmith
from arena import HOME, Row
from gansmith.faces.alignment import align, crop, paste
from gansmith.faces.finder import face_finder
from gansmith.faces.weights import load_landmark_network
from gansmith.faceswap import FaceSwapModel
from gansmith.run import Run
from harness import renew_rows

NAME, PAIR = "faceswap", ("ada", "chen")
FACE, FEATURES = (1, 4, 5, 7), (4, 5)
"""Values of the masks: the face with all its parts; eyes and inside of the mouth."""
SIZE = 64
CONSENT = "who: rendered heads\nbasis: own drawings\ndate: 2026-01-01\n"
Pictures = NDArray[np.uint8]


class Direction(NamedTuple):
    """Pictures of one person, and the true answers.

    Attributes:
        title: Such as `ada as chen`.
        inputs: [N, 96, 96, 3].
        truth: The same scenes with the other face.
        face: Where that face is, bool [N, 96, 96].
        features: Where its eyes and the inside of its mouth are.
        landmarks: Of the inputs, [N, 20, 2]; used by baselines only.
    """

    title: str
    inputs: Pictures
    truth: Pictures
    face: NDArray[np.bool_]
    features: NDArray[np.bool_]
    landmarks: NDArray[np.float64]


def directions(data: Path) -> list[Direction]:
    rows = map(json.loads, (data / "faces-truth/pictures.jsonl").open(encoding="utf-8"))
    swaps = [row for row in rows if row["use"] == "swap"]
    found = []
    for role, answer, title in (
        ("a", "b_on_a", " as ".join(PAIR)),
        ("b", "a_on_b", " as ".join(reversed(PAIR))),
    ):
        inputs = [row for row in swaps if row["role"] == role]
        answers = [row for row in swaps if row["role"] == answer]
        labels = np.stack(
            [
                np.asarray(
                    Image.open((data / "faces-truth/masks" / row["file"]).with_suffix(".png"))
                )
                for row in answers
            ]
        )
        found.append(
            Direction(
                title,
                np.stack([pixels(data / "faces-truth" / row["file"]) for row in inputs]),
                np.stack([pixels(data / "faces-truth" / row["file"]) for row in answers]),
                np.isin(labels, FACE),
                np.isin(labels, FEATURES),
                np.array([row["landmarks"] for row in inputs]),
            )
        )
    return found


def pixels(path: Path) -> Pictures:
    return np.asarray(Image.open(path).convert("RGB"))


def similarity_map(a: Pictures, b: Pictures) -> NDArray[np.float64]:
    """SSIM of each pixel, with a Gaussian window of 11 (Wang et al. 2004), mean over channels."""
    x, y = (torch.from_numpy(side).permute(0, 3, 1, 2).double() / 255 for side in (a, b))
    line = torch.exp(-((torch.arange(11) - 5.0) ** 2) / (2 * 1.5**2)).double()
    kernel = (line[:, None] * line[None] / line.sum() ** 2).expand(3, 1, 11, 11)

    def blurred(values: torch.Tensor) -> torch.Tensor:
        return F.conv2d(F.pad(values, (5, 5, 5, 5), "reflect"), kernel, groups=3)

    mx, my = blurred(x), blurred(y)
    vx, vy = blurred(x * x) - mx**2, blurred(y * y) - my**2
    covariance = blurred(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    similar = (2 * mx * my + c1) * (2 * covariance + c2)
    return (similar / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean(1).numpy()


def measured(made: Pictures, way: Direction, judge: Judge) -> Row:
    apart = np.abs(made.astype(np.float64) - way.truth).mean(3) / 255
    changed = np.abs(made.astype(np.float64) - way.inputs).mean(3) / 255
    alike = similarity_map(made, way.truth)

    def inside(values: NDArray[np.float64], masks: NDArray[np.bool_]) -> float:
        parts = [v[m].mean() for v, m in zip(values, masks, strict=True) if m.any()]
        return round(float(np.mean(parts)), 4)

    return {
        "direction": way.title,
        "l1_face": inside(apart, way.face),
        "l1_eyes_mouth": inside(apart, way.features),
        "ssim_face": inside(alike, way.face),
        "outside_changed": inside(changed, ~way.face),
        "taken": round(judge.taken(made, way), 3),
    }


class Judge:
    """A classifier of both people, on a fixed oval of aligned faces.

    Args:
        faces: Aligned training faces of each, [N, S, S, 3].
    """

    def __init__(self, faces: Sequence[Pictures], steps: int = 300) -> None:
        torch.manual_seed(7)
        widths = (3, 24, 48, 64)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 64, 2))
        samples = torch.cat([self._prepared(part) for part in faces])
        labels = torch.arange(2).repeat_interleave(torch.tensor([len(part) for part in faces]))
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-3, weight_decay=0.05)
        random = torch.Generator().manual_seed(7)
        for _ in range(steps):
            chosen = torch.randint(len(samples), (32,), generator=random)
            batch = samples[chosen]
            batch = torch.where(
                torch.rand(32, 1, 1, 1, generator=random) < 0.5, batch.flip(3), batch
            )
            shift = torch.randint(-3, 4, (2,), generator=random).tolist()
            gain = 1 + 0.2 * torch.randn(32, 1, 1, 1, generator=random)
            batch = (batch.roll(shift, (2, 3)) + 1) * gain - 1
            batch = batch + 0.05 * torch.randn(batch.shape, generator=random)
            loss = F.cross_entropy(self.network(batch), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    @staticmethod
    def _prepared(faces: Pictures) -> torch.Tensor:
        values = torch.from_numpy(faces).permute(0, 3, 1, 2).float() / 127.5 - 1
        return values * oval()

    @torch.no_grad()
    def taken(self, pictures: Pictures, way: Direction) -> float:
        """Share that is taken for the person whose face it should be."""
        faces = aligned(pictures, way.landmarks)
        label = 1 if way.title.startswith(PAIR[0]) else 0
        return float((self.network(self._prepared(faces)).argmax(1) == label).float().mean())


def oval() -> torch.Tensor:
    """A fixed oval inside an aligned face, [64, 64]."""
    line = (torch.arange(SIZE) + 0.5) / SIZE
    return (((line - 0.5) / 0.27) ** 2 + (((line - 0.55) / 0.36) ** 2)[:, None] < 1).float()


def aligned(pictures: Pictures, landmarks: NDArray[np.float64]) -> Pictures:
    return np.stack(
        [crop(p, align(points), SIZE) for p, points in zip(pictures, landmarks, strict=True)]
    )


def training_faces(data: Path) -> list[Pictures]:
    """Aligned training pictures of both people, by the given landmarks."""
    rows = [json.loads(r) for r in (data / "faces/pictures.jsonl").open(encoding="utf-8")]
    parts = []
    for person in PAIR:
        mine = [row for row in rows if row["identity"] == person]
        pictures = np.stack([pixels(data / "faces" / row["file"]) for row in mine])
        parts.append(aligned(pictures, np.array([row["landmarks"] for row in mine])))
    return parts


def pasted(way: Direction, faces: Pictures) -> Pictures:
    """Paste aligned faces [N, 64, 64, 3] over the inputs by the mask of the face."""
    network, results = load_landmark_network(), []
    for picture, points, face in zip(way.inputs, way.landmarks, faces, strict=True):
        values = torch.from_numpy(face).permute(2, 0, 1)[None].float() / 127.5 - 1
        mask = network.located(values)[1][0, 0].numpy()
        results.append(paste(picture, face, mask, align(points)))
    return np.stack(results)


def nearest(way: Direction, own: Pictures, other: Pictures) -> Pictures:
    """The training face of the other person that is nearest to each input, colours matched."""
    inputs = aligned(way.inputs, way.landmarks).astype(np.float32)
    inside = oval().numpy()[..., None]
    wanted = other[:, :, :].astype(np.float32)
    means = [(part * inside).sum((0, 1, 2)) / inside.sum() / len(part) for part in (own, wanted)]
    matched = inputs * (means[1] / means[0])
    distances = np.stack([(((wanted - one) * inside) ** 2).sum((1, 2, 3)) for one in matched])
    nearest: Pictures = other[distances.argmin(1)]
    return nearest


def baselines(data: Path, ways: Sequence[Direction], judge: Judge) -> list[Row]:
    faces = training_faces(data)
    rows: list[Row] = []
    for k, way in enumerate(ways):
        own, other = faces[k], faces[1 - k]
        mean = other.astype(np.float64).mean(0).round().astype(np.uint8)
        made = {
            "truth": way.truth,
            "the picture as it is": way.inputs,
            "mean face, pasted": pasted(way, np.stack([mean] * len(way.inputs))),
            "nearest training face, pasted": pasted(way, nearest(way, own, other)),
        }
        rows += [{"made_by": name} | measured(p, way, judge) for name, p in made.items()]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--run", type=Path, help="measure this run, and train none")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    args = parser.parse_args()
    data = Path(os.environ.get("GANSMITH_DATA", "data"))
    if not (data / "faces-truth").is_dir():
        sys.exit(f"there is no {data / 'faces-truth'}: set GANSMITH_DATA to its folder")
    torch.set_num_threads(1)
    ways = directions(data)
    judge = Judge(training_faces(data))
    fixed: Row = {"minutes": None, "seed": None, "settings": ""}
    rows = [fixed | row for row in baselines(data, ways, judge)]
    for seed in args.seeds:
        run = args.run or HOME / f"{NAME}-{args.minutes:g}-{seed}"
        if args.run is None:
            train(data, run, args.minutes, [f"training.seed={seed}", *args.settings])
        settings = {"minutes": args.minutes, "seed": seed, "settings": " ".join(args.settings)}
        rows += [settings | row for row in swapped(run, ways, judge)]
    renew_rows(NAME, rows, ("made_by", "direction", "minutes", "seed", "settings"))


def train(data: Path, run: Path, minutes: float, settings: Sequence[str]) -> None:
    folders = [data / "faces/train" / person for person in PAIR]
    consent = HOME / "consent.yaml"
    consent.parent.mkdir(parents=True, exist_ok=True)
    consent.write_text(CONSENT, "utf-8")
    gansmith.train(
        "faceswap", data=folders, out=run, minutes=minutes, settings=settings, consent=consent
    )


def swapped(run: Path, ways: Sequence[Direction], judge: Judge) -> list[Row]:
    """Swap whole pictures, in which faces are found; those without a face stay as they are."""
    model, finder = gansmith.load(run), face_finder()
    assert isinstance(model, FaceSwapModel)
    rows: list[Row] = []
    for way, person in zip(ways, reversed(PAIR), strict=True):
        faces = [finder(picture)[:1] for picture in way.inputs]
        made = np.stack(
            [
                model.swap(picture, found, to=person) if found else picture
                for picture, found in zip(way.inputs, faces, strict=True)
            ]
        )
        row: Row = {"made_by": NAME} | measured(made, way, judge)
        row |= {"found": sum(map(bool, faces)), "seen": Run(run).manifest()["finished"]}
        print(row, flush=True)
        rows.append(row)
        shown = [np.concatenate(part[::12], 1) for part in (way.inputs, made, way.truth)]
        Image.fromarray(np.concatenate(shown)).save(run / f"truth-{person}.png")
    return rows


if __name__ == "__main__":
    main()
