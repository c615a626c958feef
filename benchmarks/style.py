"""Style transfer on pictures that were not trained on, beside true answers where there are any.

    GANSMITH_DATA=DATA python benchmarks/style.py --data faces-drawn --minutes 20 --seeds 0

trains `style`, or `--recipe style-cycle`, on two unpaired folders, and translates the pictures of
the test, at 64 pixels:

- `faces-drawn`: photographs of faces to drawings; 200 people that were not trained on, with the
  true drawings.
- `emoji-pairs`: emoji of Google to those of Twitter; 200 that were not trained on, with the true
  ones. Both draw the same things in other shapes, so that no translation can come near.
- `photo-vangogh`: photographs to paintings of Van Gogh; 55 further views of the same places, with
  no true answers.

With true answers, `l1` is the mean absolute difference (of the range), and `ssim` is the structural
similarity. Baselines are the input as it is, the input with mean and deviation of each colour
channel as the target has them, and the `nearest` training picture of the target; without true
answers also `real`, training pictures of the target at random. `--run RUN` measures a run that is
there already.

Where the extra `efficientnet` is installed, so are values by EfficientNet-Lite0 at 96 pixels:
`perceptual`, the squared distance of unit features of four depths (as LPIPS of Zhang et al. 2018,
without learnt weights); `kid`, the kernel distance to real pictures of the target, x 1000; and
`retrieval`, the share of pictures whose true answer is the nearest of 100, or, without answers,
whose own source is the nearest of 50.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional as F

import gansmith
from arena import HOME, Row
from gansmith.errors import GansmithError
from gansmith.evaluation.metrics import structural_similarity
from gansmith.evaluation.metrics.kernel import kernel_distance
from gansmith.media.image.reading import read_picture
from gansmith.media.image.resizing import conform
from gansmith.networks.image.frozen_features import load_efficientnet_lite0
from gansmith.run import Run
from gansmith.translation import TranslationModel
from harness import renew_rows

NAME, SIDE = "style", 64
SETS = ("faces-drawn", "emoji-pairs", "photo-vangogh")
DEPTHS = (0, 2, 4, 10)
"""Blocks whose maps are at 1/2, 1/4, 1/8 and 1/16 of a side."""
Pictures = NDArray[np.uint8]


def read(folder: Path) -> Pictures:
    """Read all pictures of a folder, in the order of their names, [N, 64, 64, 3]."""
    pictures = [read_picture(path).image.convert("RGB") for path in sorted(folder.iterdir())]
    return np.stack([conform(picture, (SIDE, SIDE), "RGB", "fit") for picture in pictures])


def ssim(a: Pictures, b: Pictures) -> float:
    """Mean structural similarity (Wang et al. 2004)."""
    return float(structural_similarity(*unit(a, b)).mean())


def unit(*sides: Pictures) -> list[torch.Tensor]:
    """Return pictures as tensors [N, 3, H, W] in [0, 1]."""
    return [torch.from_numpy(side).permute(0, 3, 1, 2).double() / 255 for side in sides]


def recoloured(pictures: Pictures, like: Pictures) -> Pictures:
    """Give pictures the mean and deviation of each channel of others."""
    values, wanted = pictures.astype(np.float64), like.astype(np.float64)
    axes = (0, 1, 2)
    plain = (values - values.mean(axes)) / values.std(axes)
    changed = np.rint(plain * wanted.std(axes) + wanted.mean(axes)).clip(0, 255)
    result: Pictures = changed.astype(np.uint8)
    return result


class Eye:
    """EfficientNet-Lite0 at 96 pixels."""

    def __init__(self) -> None:
        self.backbone = load_efficientnet_lite0()
        self.maps: list[torch.Tensor] = []
        for depth in DEPTHS:
            self.backbone._blocks[depth].register_forward_hook(  # type: ignore[index, union-attr]
                lambda _, __, found: self.maps.append(F.normalize(found, dim=1))
            )

    @torch.no_grad()
    def look(self, pictures: Pictures) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Return unit features [N, D, h, w] of four depths, and the last ones averaged, [N, D]."""
        whole = 2 * unit(pictures)[0].float() - 1
        whole = F.interpolate(whole, size=(96, 96), mode="bilinear", align_corners=False)
        self.maps, last = [], []
        for part in torch.split(whole, 50):
            last.append(self.backbone.extract_features(part).mean((2, 3)))  # type: ignore[operator]
        count = len(DEPTHS)
        return [torch.cat(self.maps[depth::count]) for depth in range(count)], torch.cat(last)

    def compared(self, made: Pictures, test: Test) -> Row:
        """Return the values of pictures beside real ones."""
        (ours, mine), (theirs, real) = self.look(made), self.look(test.target)
        kid = kernel_distance(real, mine, subset_size=min(150, len(mine), len(real))).mean
        row: Row = {"perceptual": "", "kid": round(1000 * float(kid))}
        if not test.paired:
            own = self.look(test.source)[1]
            return row | {"retrieval": round(found_among(mine, own, 50), 3)}
        apart = [(a - b).square().sum(1).mean() for a, b in zip(ours, theirs, strict=True)]
        row["perceptual"] = round(float(torch.stack(apart).mean()), 4)
        return row | {"retrieval": round(found_among(mine, real, 100), 3)}


def found_among(made: torch.Tensor, wanted: torch.Tensor, among: int) -> float:
    """Return the share of features [N, D] whose wanted ones are the nearest of so many."""
    ours, theirs = (F.normalize(side - side.mean(0), dim=1) for side in (made, wanted))
    right = []
    for at in range(0, len(ours) - among + 1, among):
        nearest = (ours[at : at + among] @ theirs[at : at + among].t()).argmax(1)
        right.append(nearest == torch.arange(among))
    return float(torch.cat(right).float().mean())


@dataclass(frozen=True)
class Test:
    """What is translated, and real pictures of the target.

    Attributes:
        domains: Folders of the training, source and target.
        source: Pictures [N, 64, 64, 3].
        target: True answers, or other pictures of the target.
        paired: Whether they are true answers.
    """

    domains: tuple[Path, Path]
    source: Pictures
    target: Pictures
    paired: bool


def open_test(name: str, data: Path) -> Test:
    """Read the pictures of a set, and write those of the training to folders if need be."""
    if name == "emoji-pairs":
        found = np.load(data / name / "emoji.npz")
        folders = HOME / name / "google", HOME / name / "twitter"
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            for number, pixels in enumerate(found[f"{folder.name}_train"]):
                Image.fromarray(pixels).save(folder / f"{number:04d}.png")
        return Test(folders, found["google_test"], found["twitter_test"], paired=True)
    names = ("photo", "drawn") if name == "faces-drawn" else ("photo", "vangogh")
    source, target = (read(data / name / "test" / side) for side in names)
    folders = data / name / "train" / names[0], data / name / "train" / names[1]
    return Test(folders, source, target, paired=name == "faces-drawn")


def nearest(test: Test, training: Pictures) -> Pictures:
    """Return for each source the training picture of the target with the nearest pixels."""
    ours, theirs = (
        torch.from_numpy(side.reshape(len(side), -1)).float() for side in (test.source, training)
    )
    nearest: Pictures = training[torch.cdist(ours, theirs).argmin(1).numpy()]
    return nearest


def compared(name: str, made: Pictures, test: Test, eye: Eye | None) -> Row:
    """Return the row of pictures beside real ones."""
    row: Row = {"made_by": name, "l1": "", "ssim": ""}
    if test.paired:
        apart = np.abs(made.astype(np.float64) - test.target).mean() / 255
        row |= {"l1": round(float(apart), 4), "ssim": round(ssim(made, test.target), 4)}
    nothing: Row = {"perceptual": "", "kid": "", "retrieval": ""}
    return row | (eye.compared(made, test) if eye else nothing)


def open_eye() -> Eye | None:
    """Return the network, or None where its extra is not installed."""
    try:
        return Eye()
    except GansmithError as error:
        print(error, file=sys.stderr)
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", choices=SETS, default=SETS[0])
    parser.add_argument("--recipe", choices=("style", "style-cycle"), default="style")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--run", type=Path, help="measure this run, and train none")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    args = parser.parse_args()
    data = Path(os.environ.get("GANSMITH_DATA", "data"))
    if not (data / args.data).is_dir():
        sys.exit(f"there is no {data / args.data}: set GANSMITH_DATA to the folder that holds it")
    test = open_test(args.data, data)
    real = read(test.domains[1])
    eye = open_eye()
    fixed = {"data": args.data, "minutes": None, "seed": None, "settings": ""}
    baselines = {"input": test.source, "input, recoloured": recoloured(test.source, real)}
    baselines["nearest"] = nearest(test, real)
    if not test.paired:
        chosen = np.random.default_rng(0).choice(len(real), len(test.source), replace=False)
        baselines["real"] = real[chosen]
    rows: list[Row] = [fixed | compared(name, made, test, eye) for name, made in baselines.items()]
    for seed in args.seeds:
        run = args.run or HOME / f"{args.recipe}-{args.data}-{args.minutes:g}-{seed}"
        if args.run is None:
            settings = [f"training.seed={seed}", *args.settings]
            minutes, both = args.minutes, list(test.domains)
            gansmith.train(args.recipe, data=both, out=run, minutes=minutes, settings=settings)
        model = gansmith.load(run)
        assert isinstance(model, TranslationModel)
        row = {"data": args.data, "minutes": args.minutes, "seed": seed}
        row |= {"settings": " ".join(args.settings)}
        row |= compared(args.recipe, model.apply(test.source), test, eye)
        metrics = Run(run).quality()["metrics"]
        for metric in ("target_share", "content_kept", "kernel", "input_kernel", "change"):
            row[metric] = round(metrics[metric]["value"], 4)
        row["seen"] = Run(run).manifest()["finished"]
        print(row, flush=True)
        rows.append(row)
    renew_rows(NAME, rows, ("data", "made_by", "minutes", "seed", "settings"))


if __name__ == "__main__":
    main()
