"""Landmarks of faces that were not trained on, and the training of the networks that find them.

    GANSMITH_DATA=DATA python benchmarks/landmarks.py

finds faces and landmarks in whole pictures of a person that no network was trained on (`iris` of
`DATA/faces-truth`), as they are, smaller, larger, rotated, on other grounds, and drawn. Rows: share
of pictures in which the face is found, and mean, median and 95th percentile of the distance of 20
landmarks from the true ones, in distances between the eyes; and the share of pictures without a
face in which one is found.

    GANSMITH_DATA=DATA python benchmarks/landmarks.py --train landmarks.safetensors

trains both networks on `DATA/faces` (rendered heads, CC0) with their landmarks and masks: heads are
moved, scaled, rotated, mirrored, put on other grounds, lit, coloured, blurred, covered and drawn.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from arena import Row
from gansmith.faces.finder import face_finder
from gansmith.faces.networks import CROP, STRIDE, UNIT, FaceDetector, LandmarkNetwork
from gansmith.faces.points import (
    EYE_DISTANCES,
    MIRRORED,
    TEMPLATE,
    eye_distance,
    five_points,
)
from gansmith.faces.weights import load_detector, load_landmark_network
from gansmith.storage.tensor_file import write_tensor_file
from harness import renew_rows

NAME, SIDE, CANVAS = "landmarks", 96, 96
FACE = (1, 4, 5, 7)
"""Values of the masks that are the face: skin of the face, eyes, mouth and brows."""
EMA = 0.99
HEAT = 1.2
"""Deviation of where a landmark is said to lie, in places of a heat map."""
N = TypeVar("N", bound=nn.Module)


class Heads:
    """Rendered heads with landmarks, foregrounds and masks of the face.

    Args:
        data: Folder with `faces` and `photo-vangogh`.
        without: A person that is left out.
    """

    def __init__(self, data: Path, without: str | None = None) -> None:
        rows = [json.loads(line) for line in (data / "faces/pictures.jsonl").open(encoding="utf-8")]
        rows = [row for row in rows if row["identity"] != without]
        labels = [_labels(data / "faces/masks" / row["file"]) for row in rows]
        pictures = [_pixels(data / "faces" / row["file"]) for row in rows]
        drawn = [
            draw(picture, mask, seed)
            for seed, (picture, mask) in enumerate(zip(pictures, labels, strict=True))
            if seed % 3 == 0
        ]
        pictures, labels = pictures + drawn, labels + labels[::3]
        self.points = torch.tensor(
            [row["landmarks"] for row in (*rows, *rows[::3])], dtype=torch.float32
        )
        masks = np.stack(labels)
        planes = np.stack([masks > 0, np.isin(masks, FACE)], 1).astype(np.float32)
        values = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 255
        self.layers = torch.from_numpy(np.concatenate([values, planes], 1))
        grounds = sorted((data / "photo-vangogh/train").glob("*/*"))
        self.grounds = torch.from_numpy(
            np.stack([_pixels(path, SIDE) for path in grounds]).transpose(0, 3, 1, 2)
        ).float()
        self.grounds /= 255

    def placed(self, count: int, side: int, pose: Tensor, random: torch.Generator) -> Placed:
        """Draw heads, each under its similarity transform, on new grounds or their own.

        Args:
            count: How many.
            side: Of the result in pixels.
            pose: Pixels of a crop of this side to pixels of the head, [count, 2, 3], for heads that
                :meth:`choose` drew.
            random: Draws grounds.
        """
        chosen = self.layers[self.chosen]
        mirrored = torch.where(self.mirror[:, None, None, None], chosen.flip(3), chosen)
        shift = side / 2 * pose[:, :, :2].sum(2) + pose[:, :, 2]
        theta = torch.cat([pose[:, :, :2] * side / SIDE, (shift * 2 / SIDE - 1)[:, :, None]], 2)
        grid = F.affine_grid(theta, [count, 5, side, side], align_corners=False)
        sampled = F.grid_sample(mirrored, grid, align_corners=False)
        inside = F.grid_sample(
            torch.ones(count, 1, SIDE, SIDE), grid, align_corners=False, mode="nearest"
        )
        own = torch.rand(count, 1, 1, 1, generator=random) < 0.3
        grounds = self.ground(count, side, random)
        alpha = torch.where(own, inside, sampled[:, 3:4])
        return Placed(grounds + (sampled[:, :3] - grounds) * alpha, alpha, sampled[:, 4:])

    def choose(self, count: int, random: torch.Generator) -> Tensor:
        """Draw heads, half of them mirrored, and return their landmarks [count, 20, 2]."""
        self.chosen = torch.randint(len(self.layers), (count,), generator=random)
        self.mirror = torch.rand(count, generator=random) < 0.5
        points = self.points[self.chosen]
        other = points[:, list(MIRRORED)] * torch.tensor([-1.0, 1.0]) + torch.tensor([SIDE, 0.0])
        return torch.where(self.mirror[:, None, None], other, points)

    def ground(self, count: int, side: int, random: torch.Generator) -> Tensor:
        """Draw views into pictures without faces."""
        chosen = self.grounds[torch.randint(len(self.grounds), (count,), generator=random)]
        zoom = 0.3 + 0.7 * torch.rand(count, 1, 1, generator=random)
        shift = (torch.rand(count, 2, 1, generator=random) * 2 - 1) * (1 - zoom)
        theta = torch.cat([torch.eye(2) * zoom, shift], 2)
        grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
        return F.grid_sample(chosen, grid, align_corners=False, padding_mode="reflection")


class Placed:
    """Heads in new places: pictures [N, 3, S, S] in [0, 1], where they are, masks of the face."""

    def __init__(self, pictures: Tensor, alpha: Tensor, faces: Tensor) -> None:
        self.pictures, self.alpha, self.faces = pictures, alpha, faces


def _pixels(path: Path, side: int | None = None) -> NDArray[np.uint8]:
    image = Image.open(path).convert("RGB")
    return np.asarray(image if side is None else image.resize((side, side)))


def _labels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path.with_suffix(".png")))


def draw(picture: NDArray[np.uint8], labels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Turn a picture into a drawing: flat strong colours, and ink where regions or tones meet."""
    random = np.random.default_rng(seed)
    values = torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
    soft = F.avg_pool2d(F.pad(values, (2, 2, 2, 2), "reflect"), 5, stride=1)
    tones = int(random.integers(3, 7))
    flat = (soft * tones).round() / tones * 0.6 + soft * 0.4
    flat = flat.mean(1, keepdim=True) + random.uniform(1, 1.8) * (flat - flat.mean(1, keepdim=True))
    grey = values.mean(1, keepdim=True)
    edges = (F.avg_pool2d(F.pad(grey, (2, 2, 2, 2), "reflect"), 5, stride=1) - grey).clamp(min=0)
    borders = np.zeros(labels.shape, np.float32)
    borders[:, 1:] = labels[:, 1:] != labels[:, :-1]
    borders[1:] = np.maximum(borders[1:], labels[1:] != labels[:-1])
    ink = (
        edges * random.uniform(3, 12) + torch.from_numpy(borders) * random.uniform(0, 0.8)
    ).clamp(0, 1)
    result = (flat * (1 - ink) + 0.08 * ink).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    drawn: NDArray[np.uint8] = (result * 255).round().astype(np.uint8)
    return drawn


def disguised(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Light, colour, blur, cover and add noise to pictures [N, 3, S, S] in [0, 1], to [-1, 1]."""
    count, _, side, _ = pictures.shape

    def draw_uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *(shape or (1, 1, 1)), generator=random)

    def where(share: float, yes: Tensor, no: Tensor) -> Tensor:
        return torch.where(draw_uniform(0, 1) < share, yes, no)

    line = torch.linspace(-1, 1, side)
    angle = draw_uniform(0, 2 * math.pi)
    slope = angle.cos() * line + angle.sin() * line[:, None]
    x = pictures * where(0.5, 1 + draw_uniform(0, 0.7) * slope, torch.ones(1))
    mixing = torch.eye(3) + 0.12 * torch.randn(count, 3, 3, generator=random)
    x = where(0.5, torch.einsum("ncij,nkc->nkij", x, mixing), x)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * where(0.2, torch.zeros(1), draw_uniform(0.5, 1.5))
    x = x.clamp(0.001, 1) ** draw_uniform(-0.6, 0.6).exp()
    x = (x - 0.5) * draw_uniform(0.6, 1.4) + 0.5 + draw_uniform(-0.15, 0.15)
    small = F.interpolate(x, scale_factor=0.5, mode="bilinear", antialias=True)
    x = where(0.25, F.interpolate(small, side, mode="bilinear"), x)
    corner, extent = draw_uniform(-1, 1, 2), draw_uniform(0.1, 0.4, 2)
    covers = (
        (line[None] - corner[:, :1]).abs() < extent[:, :1],
        (line[None] - corner[:, 1:]).abs() < extent[:, 1:],
    )
    cover = (covers[0][:, None, :] & covers[1][:, :, None])[:, None]
    x = where(0.15, torch.where(cover, draw_uniform(0, 1, 3, 1, 1), x), x)
    x = x + where(0.5, draw_uniform(0, 0.08), torch.zeros(1)) * torch.randn(
        x.shape, generator=random
    )
    return x.clamp(0, 1) * 2 - 1


def similarity_of(
    points: Tensor, side: int, eyes: Tensor, angle: Tensor, centre: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the transform from new pixels to old ones, and the points in new pixels.

    Args:
        points: Landmarks [N, 20, 2] in old pixels.
        side: Of the new picture.
        eyes: New distance between the eyes, [N].
        angle: Rotation against upright in radians, [N].
        centre: New place of the middle of the five points, [N, 2].
    """
    five = torch.from_numpy(five_points(points.double().numpy())).float()
    across = five[:, 1] - five[:, 0]
    scale = across.norm(dim=1) / eyes
    turn = torch.atan2(across[:, 1], across[:, 0]) - angle
    cosine, sine = turn.cos() * scale, turn.sin() * scale
    linear = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
    offset = five.mean(1) - (linear @ centre[:, :, None])[:, :, 0]
    moved = torch.linalg.solve(linear, (points - offset[:, None]).transpose(1, 2)).transpose(1, 2)
    return torch.cat([linear, offset[:, :, None]], 2), moved


def spread(low: float, high: float, count: int, random: torch.Generator) -> Tensor:
    """Draw between two bounds, evenly in logarithm."""
    share = torch.rand(count, generator=random)
    return low * (high / low) ** share


def detector_batches(heads: Heads, seed: int) -> Iterator[tuple[Tensor, Callable[..., Tensor]]]:
    """Yield pictures with one face, none, or two, and the loss of what the detector says."""
    random = torch.Generator().manual_seed(seed)
    count = 16
    while True:
        pictures = heads.ground(count, CANVAS, random)
        targets = torch.full((count, 2, len(TEMPLATE), 2), -1e4)
        for layer in range(2):
            points = heads.choose(count, random)
            eyes = spread(6, 24, count, random)
            angle = torch.randn(count, generator=random) * 0.35
            centre = CANVAS * (0.15 + 0.7 * torch.rand(count, 2, generator=random))
            pose, moved = similarity_of(points, CANVAS, eyes, angle, centre)
            placed = heads.placed(count, CANVAS, pose, random)
            there = torch.rand(count, generator=random) < (0.85, 0.15)[layer]
            pictures = torch.where(there[:, None, None, None], placed.pictures, pictures)
            five = torch.from_numpy(five_points(moved.double().numpy())).float()
            targets[there, 0] = -1e4  # the second head may cover the first
            targets[there, layer] = five[there]

        def loss(logits: Tensor, points: Tensor, targets: Tensor = targets) -> Tensor:
            rows = (torch.arange(logits.shape[1]) + 0.5) * STRIDE
            places = torch.stack(torch.meshgrid(rows, rows, indexing="xy"), -1)
            centres = targets.mean(2)[:, :, None, None]
            across = (targets[:, :, 1] - targets[:, :, 0]).norm(dim=-1).clamp(min=1)
            apart = (places - centres).norm(dim=-1)
            near = apart / across[:, :, None, None]
            nearest, which = near.min(1)
            at_best = apart.amin(1) < STRIDE * 0.75
            heat = torch.exp(-((nearest / 0.35) ** 2)) * (nearest < 1)
            heat = torch.where(at_best & (nearest < 1), heat.clamp(min=0.8), heat)
            found = F.binary_cross_entropy_with_logits(logits, heat, reduction="none")
            focal = (found * (logits.sigmoid() - heat).abs() ** 1.5).sum() / len(logits)
            wanted = torch.where(
                which[..., None, None].bool(), targets[:, 1, None, None], targets[:, 0, None, None]
            )
            weight = heat * (heat > 0.3)
            error = ((points - wanted).abs().sum(-1).mean(-1) / UNIT).clamp(max=50)
            return focal + 2 * (error * weight).sum() / weight.sum().clamp(min=1)

        yield disguised(pictures, random), loss


def landmark_batches(heads: Heads, seed: int) -> Iterator[tuple[Tensor, Callable[..., Tensor]]]:
    """Yield roughly aligned crops, and the loss of what the landmark network says."""
    random = torch.Generator().manual_seed(seed)
    count = 24
    while True:
        points = heads.choose(count, random)
        eyes = CROP / EYE_DISTANCES * spread(0.75, 1.3, count, random)
        angle = torch.randn(count, generator=random) * 0.2
        middle = torch.tensor(TEMPLATE.mean(0), dtype=torch.float32) * CROP
        centre = middle + torch.randn(count, 2, generator=random) * CROP * 0.05
        pose, moved = similarity_of(points, CROP, eyes, angle, centre)
        placed = heads.placed(count, CROP, pose, random)

        def loss(
            heat: Tensor,
            logits: Tensor,
            wanted: Tensor = moved / CROP,
            faces: Tensor = placed.faces,
        ) -> Tensor:
            side = heat.shape[-1]
            inside = ((wanted > 0) & (wanted < 1)).all(2).float()
            line = (torch.arange(side) + 0.5) / side
            across = ((line - wanted[..., :1]) * side).square()[:, :, None, :]
            down = ((line - wanted[..., 1:]) * side).square()[:, :, :, None]
            target = (-(across + down) / (2 * HEAT**2)).flatten(2).softmax(2)
            places = heat.flatten(2).log_softmax(2)
            entropy = -(target * places).sum(2)
            weights = places.exp().unflatten(2, (side, side))
            found = torch.stack([weights.sum(2) @ line, weights.sum(3) @ line], 2)
            apart = (found - wanted).abs().sum(2) * CROP
            mask = F.binary_cross_entropy_with_logits(logits, faces.clamp(0, 1))
            return ((entropy + apart) * inside).mean() + mask

        yield disguised(placed.pictures, random), loss


def train(
    network: N,
    batches: Iterator[tuple[Tensor, Callable[..., Tensor]]],
    outputs: Callable[[N, Tensor], tuple[Tensor, Tensor]],
    seconds: float,
) -> N:
    """Train for seconds of processor time, and return the moving average."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-4, fused=True)
    average, began, step = deepcopy(network), time.process_time(), 0
    while (share := (time.process_time() - began) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2.5e-3 * min(1, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * share))
        pictures, loss_of = next(batches)
        loss = loss_of(*outputs(network, pictures))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            for mean, new in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(new, 1 - min(EMA, step / (step + 10)))
        if step % 100 == 0:
            print(
                f"{type(network).__name__}: step {step}, loss {float(loss.detach()):.3f}",
                flush=True,
            )
    return average.eval()


def train_networks(data: Path, out: Path, seconds: float, names: Sequence[str]) -> None:
    """Train networks for `seconds` each, and write the weights of both in half precision."""
    heads = Heads(data)
    torch.manual_seed(0)
    trained: dict[str, nn.Module] = {}
    if "detector" in names:
        batches = detector_batches(heads, 1)
        trained["detector"] = train(FaceDetector(), batches, FaceDetector.__call__, seconds)
    else:
        trained["detector"] = load_detector()
    if "landmarks" in names:
        batches = landmark_batches(heads, 2)
        trained["landmarks"] = train(LandmarkNetwork(), batches, LandmarkNetwork.heat_maps, seconds)
    else:
        trained["landmarks"] = load_landmark_network()
    weights = {
        f"{name}.{key}": value.half()
        for name, network in trained.items()
        for key, value in network.state_dict().items()
    }
    write_tensor_file(
        out, weights, {"trained_on": "rendered heads, CC0", "seconds": f"{seconds:g}"}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--train", type=Path, metavar="FILE", help="train, and write the weights")
    parser.add_argument(
        "--seconds", type=float, default=270, help="processor time of each training"
    )
    parser.add_argument(
        "--only", nargs="+", default=["detector", "landmarks"], help="networks that are trained"
    )
    args = parser.parse_args()
    data = Path(os.environ.get("GANSMITH_DATA", "data"))
    if not (data / "faces").is_dir():
        sys.exit(f"there is no {data / 'faces'}: set GANSMITH_DATA to the folder that holds it")
    torch.set_num_threads(1)
    if args.train:
        train_networks(data, args.train, args.seconds, args.only)
        return
    renew_rows(NAME, list(measured(data)), ("pictures",))


class Case(NamedTuple):
    """Pictures of one kind, with the true landmarks of each or None where no face is shown."""

    title: str
    pictures: list[NDArray[np.uint8]]
    landmarks: list[NDArray[np.float64] | None]


def cases(data: Path) -> Iterator[Case]:
    """Yield pictures of an unseen person, and pictures without a face."""
    truth = [
        json.loads(row) for row in (data / "faces-truth/pictures.jsonl").open(encoding="utf-8")
    ]
    rows_of_iris = [row for row in truth if row["use"] == "edit"][::5]
    pictures = [_pixels(data / "faces-truth" / row["file"]) for row in rows_of_iris]
    points = [np.array(row["landmarks"]) for row in rows_of_iris]
    yield Case("iris, 96 px", pictures, [*points])
    for side in (48, 320):
        resized = [np.asarray(Image.fromarray(p).resize((side, side))) for p in pictures]
        yield Case(f"iris, {side} px", resized, [p * side / SIDE for p in points])
    for degrees in (30, -60, 180):
        turned, where = zip(
            *(rotated(p, q, degrees) for p, q in zip(pictures, points, strict=True)), strict=True
        )
        yield Case(f"iris, turned by {degrees} degrees", list(turned), list(where))
    random, grounds = np.random.default_rng(0), sorted((data / "photo-vangogh/test").glob("*/*"))
    placed, spots = [], []
    for k, (picture, points_of) in enumerate(zip(pictures, points, strict=True)):
        ground = np.array(Image.open(grounds[k % len(grounds)]).convert("RGB").resize((256, 256)))
        row, column = random.integers(0, 256 - SIDE, 2)
        ground[row : row + SIDE, column : column + SIDE] = picture
        placed.append(ground)
        spots.append(points_of + np.array([column, row]))
    yield Case("iris, in a picture of 256 px", placed, [*spots])
    drawn = [
        json.loads(row) for row in (data / "faces-drawn/pictures.jsonl").open(encoding="utf-8")
    ]
    true = {row["file"]: np.array(row["landmarks"]) for row in truth}
    drawn = [row for row in drawn if row["of"] in true][::5]
    yield Case(
        "iris, drawn in ink",
        [_pixels(data / "faces-drawn" / row["file"].replace("*", "drawn")) for row in drawn],
        [true[row["of"]] for row in drawn],
    )
    empty = [_pixels(path) for path in grounds]
    yield Case("photographs and paintings without a face", empty, [None] * len(empty))
    peeps = sorted((data / "drawn-faces").glob("test/*/*"))[::6]
    yield Case(
        "Open Peeps, black and white drawings", [_pixels(p) for p in peeps], [None] * len(peeps)
    )


def _rows(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "pictures.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def rotated(
    picture: NDArray[np.uint8], points: NDArray[np.float64], degrees: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Turn a picture about its centre, counter-clockwise."""
    turned = np.asarray(Image.fromarray(picture).rotate(degrees, Image.Resampling.BICUBIC))
    angle, middle = math.radians(degrees), np.array([SIDE / 2, SIDE / 2])
    cosine, sine = math.cos(angle), math.sin(angle)
    return turned, (points - middle) @ np.array([[cosine, -sine], [sine, cosine]]) + middle


def measured(data: Path) -> Iterator[Row]:
    finder = face_finder()
    for case in cases(data):
        found = [finder(picture) for picture in case.pictures]
        row: Row = {"pictures": case.title, "count": len(found)}
        row["found"] = round(sum(map(bool, found)) / len(found), 4)
        errors = [
            float(np.linalg.norm(faces[0].landmarks - truth, axis=1).mean() / eye_distance(truth))
            for faces, truth in zip(found, case.landmarks, strict=True)
            if faces and truth is not None
        ]
        if errors:
            median, last = np.percentile(errors, [50, 95])
            row |= {"median_error": round(float(median), 4), "error_95": round(float(last), 4)}
        print(row, flush=True)
        yield row


if __name__ == "__main__":
    main()
