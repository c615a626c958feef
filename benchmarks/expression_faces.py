"""Faces for the benchmark of expressions: aligned crops of rendered heads, and heads for the judge.

    GANSMITH_DATA=DATA python benchmarks/expression_faces.py OUT.npz --heads 32 --each 96

renders `each` pictures of new people, whose shapes are mixtures of the training heads in
`DATA/heads`, crops them as the benchmark does and keeps them with expression and intensity. They
train the independent reader, which must read people it has never seen. Needs `numba`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 64
NAMES = ("neutral", "smile", "anger", "surprise", "sadness", "disgust", "open", "closed")
PEOPLE = ("ada", "bola", "chen", "dirk", "efua", "finn", "goro", "hana")
RIGHT, LEFT, NOSE = (2, 3), (9, 10), 0
"""Landmarks by which a face is aligned: corners of the eyes, and the tip of the nose."""
HAIR = 6
"""Number of the part of a head that is not mixed."""
PLACES = np.array([(21.0, 22.0), (43.0, 22.0), (32.0, 38.5)])
"""Where the middles of both eyes and the tip of the nose lie in a crop, in pixels."""

Row = dict[str, Any]


class Crop(NamedTuple):
    """A similarity from crops to pictures, as Pillow takes it."""

    coefficients: tuple[float, ...]

    def of(self, picture: Image.Image, smooth: bool = True) -> Image.Image:
        """Cut a square of 64 pixels out of a picture."""
        how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
        return picture.transform((SIDE, SIDE), Image.Transform.AFFINE, self.coefficients, how)


def aligned(landmarks: list[list[float]]) -> Crop:
    """Return the crop that brings eyes and nose nearest to their places, by least squares."""
    points = np.array(landmarks)
    seen = np.stack([points[list(RIGHT)].mean(0), points[list(LEFT)].mean(0), points[NOSE]])
    x, y = PLACES.T
    one, zero = np.ones(3), np.zeros(3)
    left = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    a, b, dx, dy = np.linalg.lstsq(left, np.concatenate([seen[:, 0], seen[:, 1]]), rcond=None)[0]
    return Crop((a, -b, dx, b, a, dy))


def rows_of(folder: Path) -> list[Row]:
    """Read what is known of each picture of a folder."""
    lines = (folder / "pictures.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def data_folder() -> Path:
    """Return the folder with the data sets, or stop with one line."""
    data = Path(os.environ.get("GANSMITH_DATA", "data"))
    if not (data / "faces").is_dir():
        sys.exit(f"there is no {data / 'faces'}: set GANSMITH_DATA to the folder that holds it")
    return data


def mixed(render: Any, data: Path, random: np.random.Generator) -> Any:
    """Return a head with the hair and skin of one person and a mixture of two persons' shapes."""
    first, second = random.choice(PEOPLE, 2, replace=False)
    head, other = (render.Head(data / "heads" / f"{name}.npz") for name in (first, second))
    numbers = [np.load(data / "heads" / f"{name}.npz")["SRC"] for name in (first, second)]
    pairs = zip(other.part, numbers[1], strict=True)
    where = {(int(part), int(number)): k for k, (part, number) in enumerate(pairs) if part < HAIR}
    shared = [
        (k, where[key])
        for k, key in enumerate(zip(head.part.tolist(), numbers[0].tolist(), strict=True))
        if key in where
    ]
    mine, theirs = np.array(shared).T
    share = random.uniform(0.1, 0.6)
    head.P[mine] += share * (other.P[theirs] - head.P[mine])
    head.E[:, mine] += share * (other.E[:, theirs] - head.E[:, mine])
    return head


def portraits(data: Path, heads: int, each: int, seed: int) -> Iterator[tuple[Any, str, float]]:
    """Yield crops, expressions and intensities of new people."""
    sys.path.insert(0, str(data / "heads"))
    import render

    random = np.random.default_rng(seed)
    for _ in range(heads):
        head = mixed(render, data, random)
        for index in range(each):
            name = NAMES[index % len(NAMES)]
            facts = render.parameters(random, expression=name)
            facts["intensity"] = 0.0 if name == "neutral" else float(random.uniform(0.3, 1))
            picture, _, marks = render.render(head, facts)
            crop = aligned(marks.tolist()).of(Image.fromarray(picture))
            yield np.asarray(crop), name, facts["intensity"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument("--each", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    made = list(portraits(data_folder(), args.heads, args.each, args.seed))
    pictures: NDArray[np.uint8] = np.stack([picture for picture, _, _ in made])
    names = np.array([NAMES.index(name) for _, name, _ in made])
    intensities = np.array([intensity for _, _, intensity in made])
    np.savez_compressed(args.out, pictures=pictures, names=names, intensities=intensities)


if __name__ == "__main__":
    main()
