"""Style transfer beside true answers: photographs of faces to drawings of the same scenes.

    GANSMITH_DATA=DATA python benchmarks/style.py --minutes 20 --seeds 0

trains `style`, or `--recipe style-cycle`, on the unpaired folders `DATA/faces-drawn/train/photo`
and `.../drawn`, and compares translations of 200 photographs of people that were not trained on
with the true drawings: mean absolute difference (of the range) and SSIM, at 64 pixels. Baselines
are the input as it is, and the input with mean and deviation of each colour channel as drawings
have them. `--run RUN` measures a run that is there already.

Where the extra `efficientnet` is installed, so are two values by EfficientNet-Lite0 at 96 pixels:
`perceptual`, the squared distance of unit features of four depths (as LPIPS of Zhang et al. 2018,
without learnt weights), and `kid`, the kernel distance to the true drawings, x 1000.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
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
        for part in whole.split(50):
            last.append(self.backbone.extract_features(part).mean((2, 3)))  # type: ignore[operator]
        count = len(DEPTHS)
        return [torch.cat(self.maps[depth::count]) for depth in range(count)], torch.cat(last)

    def compared(self, made: Pictures, truth: Pictures) -> Row:
        """Return both values of pictures beside true ones."""
        (ours, mine), (theirs, real) = self.look(made), self.look(truth)
        apart = [(a - b).square().sum(1).mean() for a, b in zip(ours, theirs, strict=True)]
        kid = kernel_distance(real, mine, subset_size=min(150, len(mine))).mean
        return {
            "perceptual": round(float(torch.stack(apart).mean()), 4),
            "kid": round(1000 * float(kid)),
        }


def compared(name: str, made: Pictures, truth: Pictures, eye: Eye | None) -> Row:
    """Return the row of pictures beside true ones."""
    apart = np.abs(made.astype(np.float64) - truth).mean() / 255
    row: Row = {"made_by": name, "l1": round(float(apart), 4), "ssim": round(ssim(made, truth), 4)}
    return row | (eye.compared(made, truth) if eye else {"perceptual": "", "kid": ""})


def open_eye() -> Eye | None:
    """Return the network, or None where its extra is not installed."""
    try:
        return Eye()
    except GansmithError as error:
        print(error, file=sys.stderr)
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", choices=("style", "style-cycle"), default="style")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--run", type=Path, help="measure this run, and train none")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    args = parser.parse_args()
    data = Path(os.environ.get("GANSMITH_DATA", "data")) / "faces-drawn"
    if not data.is_dir():
        sys.exit(f"there is no {data}: set GANSMITH_DATA to the folder that holds it")
    photos, truth = read(data / "test" / "photo"), read(data / "test" / "drawn")
    drawn = read(data / "train" / "drawn")
    eye = open_eye()
    fixed = {"minutes": None, "seed": None, "settings": ""}
    rows: list[Row] = [
        fixed | compared("input", photos, truth, eye),
        fixed | compared("input, recoloured", recoloured(photos, drawn), truth, eye),
    ]
    for seed in args.seeds:
        run = args.run or HOME / f"{args.recipe}-{args.minutes:g}-{seed}"
        if args.run is None:
            domains = [data / "train" / "photo", data / "train" / "drawn"]
            settings = [f"training.seed={seed}", *args.settings]
            minutes = args.minutes
            gansmith.train(args.recipe, data=domains, out=run, minutes=minutes, settings=settings)
        model = gansmith.load(run)
        assert isinstance(model, TranslationModel)
        row = {"minutes": args.minutes, "seed": seed, "settings": " ".join(args.settings)}
        row |= compared(args.recipe, model.apply(photos), truth, eye)
        metrics = Run(run).quality()["metrics"]
        for metric in ("target_share", "content_kept", "kernel", "input_kernel", "change"):
            row[metric] = round(metrics[metric]["value"], 4)
        row["seen"] = Run(run).manifest()["finished"]
        print(row, flush=True)
        rows.append(row)
    renew_rows(NAME, rows, ("made_by", "minutes", "seed", "settings"))


if __name__ == "__main__":
    main()
