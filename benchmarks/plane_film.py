"""Film of the points finding the modes, with the critic's field behind them.

    python benchmarks/plane_film.py [--mixture grid] [--samples 2000000] [--out FILE.webp]

Blue ground: the discriminator takes a point there for real; orange: for generated. Dark dots are
samples of the averaged generator, pale rings the true modes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from arena import play, with_budget
from gansmith.drawing.animation import animation_bytes
from gansmith.loading.open import open_dataset
from gansmith.media.points.codec import REACH, scatter
from gansmith.media.points.mixtures import MIXTURES
from gansmith.networks.base import Generator
from gansmith.recipe import load_recipe
from gansmith.sampling import draw_latents
from gansmith.training.callbacks import TrainingState
from gansmith.training.trainer import Trainer

SIDE, CELLS, POINTS, FRAMES = 420, 140, 1_500, 48
REAL, FAKE = np.array([188, 210, 245.0]), np.array([250, 214, 180.0])


class Camera:
    """Draws field and points at marks that lie densely at first."""

    def __init__(self, trainer: Trainer, mixture: str) -> None:
        self.trainer, self.mixture = trainer, mixture
        self.pictures: list[Image.Image] = []
        self._marks = [(index / (FRAMES - 1)) ** 2 for index in range(FRAMES)]

    def on_train_begin(self, moment: TrainingState) -> None:
        self.on_step_end(moment)

    def on_log(self, moment: TrainingState, signals: dict[str, float]) -> None:
        pass

    def on_step_end(self, moment: TrainingState) -> bool:
        if len(self.pictures) < FRAMES and moment.progress >= self._marks[len(self.pictures)]:
            self.pictures.append(self._picture(moment))
        return False

    @torch.no_grad()
    def _picture(self, moment: TrainingState) -> Image.Image:
        generator = moment.network
        assert isinstance(generator, Generator)
        points = generator(draw_latents(POINTS, generator.latent, seed=3)).flatten(1).numpy()
        ground = Image.fromarray(self._field()).resize(
            (2 * SIDE, 2 * SIDE), Image.Resampling.BICUBIC
        )
        draw, scale = ImageDraw.Draw(ground), SIDE / REACH
        truth = MIXTURES[self.mixture]
        for x, y in (truth.means / truth.unit).tolist():
            centre, radius = (SIDE + x * scale, SIDE - y * scale), 22
            box = [centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius]
            draw.ellipse(box, outline="#ffffff", width=3)
        return scatter(points, ground=ground, ink="#16325c", side=SIDE)

    def _field(self) -> NDArray[np.uint8]:
        """The discriminator's logits over the plane, ranked, as colours [CELLS, CELLS, 3]."""
        axis = torch.linspace(-REACH, REACH, CELLS)
        y, x = torch.meshgrid(axis.flip(0), axis, indexing="ij")
        places = torch.stack([x, y], dim=-1).view(-1, 2, 1, 1)
        logits = self.trainer.duel.networks["discriminator"](places)
        ranks = logits.argsort().argsort().view(CELLS, CELLS, 1).numpy() / CELLS**2
        colours: NDArray[np.uint8] = (FAKE + (REAL - FAKE) * ranks).astype(np.uint8)
        return colours


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mixture", choices=list(MIXTURES), default="grid")
    parser.add_argument("--samples", type=int, default=2_000_000)
    parser.add_argument("--out", type=Path, default=Path("docs/images/grid-film.webp"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    recipe = with_budget(load_recipe(args.mixture), args.samples)
    cameras: list[Camera] = []

    def film(trainer: Trainer) -> None:
        cameras.append(Camera(trainer, args.mixture))
        trainer.observers = tuple(cameras)

    with tempfile.TemporaryDirectory() as folder:
        play(recipe, open_dataset(recipe.data), Path(folder) / "run", film, judged=False)
    args.out.write_bytes(animation_bytes(cameras[0].pictures, args.out.suffix))
    print(args.out)


if __name__ == "__main__":
    main()
