"""Face swap of two people: a shared encoder with a decoder for each, from folders without pairs.

Each decoder learns to draw its own person from warped pictures (the scheme of DeepFakes; Perov et
al. 2020, arXiv 2005.05535, discuss it). In the second part, patches of swapped faces also play the
adversarial game against real ones of the person that they show.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gansmith.errors import GansmithError
from gansmith.faces.weights import load_landmark_network
from gansmith.networks import GANNetworks
from gansmith.networks.translation.swap import FaceSwapper, lit
from gansmith.recipe import Recipe
from gansmith.sections import FaceSwapConfig
from gansmith.training.duel import Batch, DuelSetting, Loss, register_duel
from gansmith.training.engine import Engine
from gansmith.training.noise import NoiseDuel
from gansmith.training.translation import TranslationDuel

TURN, ZOOM, SHIFT = 0.1, 0.08, 0.04
"""Deviations of views: radians, logarithm of the scale, share of a side."""
EXPOSURE, TINT = 0.2, 0.05
"""Deviations of the logarithm of brightness, and of each channel's."""
CELLS = 5
"""Points a side of the grid that warps what the encoder sees."""
_FEATURES = (2, 6), (9, 13), (16, 20)
"""Landmarks of the right eye, the left eye and the mouth."""
_RADIUS = 0.09
"""Deviation of the weights around eyes and mouth, as a share of a side."""
_GROUND = 0.05
"""Weight of what lies outside the face."""
_MASK_WEIGHT = 0.1
_WINDOW = 7


class View(NamedTuple):
    """Faces of both sides, first those of the source, as one step sees them.

    Attributes:
        faces: [2N, 3, S, S].
        seen: The same, warped: what the encoder gets.
        labels: Side of each, [2N].
        masks: Where the face is, [2N, 1, S, S] in [0, 1].
        weights: Of pixels, mean 1.
    """

    faces: Tensor
    seen: Tensor
    labels: Tensor
    masks: Tensor
    weights: Tensor


class FaceSwapDuel(TranslationDuel[FaceSwapConfig]):
    """Reconstruction of both people, then also the game of swapped faces.

    Args:
        pair: A :class:`FaceSwapper` and its discriminator.
        recipe: As for :class:`NoiseDuel`; its section `faceswap` is read too.
        engine: Device, precision and noise.

    Raises:
        GansmithError: The network is no face swapper, or as :class:`NoiseDuel`.
    """

    options = FaceSwapConfig
    losses = (
        Loss("face_loss", "faces", "generator"),
        Loss("mask_loss", "masks", "generator"),
        *NoiseDuel.losses,
    )

    def __init__(self, pair: GANNetworks, recipe: Recipe, engine: Engine) -> None:
        if not isinstance(pair.generator, FaceSwapper):
            raise GansmithError(
                f"duel 'faceswap' does not train network '{recipe.network.name}': set "
                "network.name=faceswap"
            )
        super().__init__(pair, recipe, engine)
        self.swapper = pair.generator
        self.landmarks = load_landmark_network().to(engine.device)
        self.frozen = {"landmarks": self.landmarks}
        self._progress = 0.0

    def reconfigure(self, recipe: Recipe) -> None:
        """Go on by the settings of another recipe, of the same networks and constraint."""
        super().reconfigure(recipe)
        self.draws = self.shown = 1

    @property
    def pretraining(self) -> bool:
        """Whether the adversarial game has not begun."""
        return self._progress < self._config.game_from

    def prepare(self, batch: Batch) -> None:
        """Measure the mean colour of both people's faces."""
        for side, faces in enumerate((self.draw_input(batch), batch.samples)):
            self.swapper.colours[side] = self.swapper.measured(faces).mean(0)

    def set_progress(self, progress: float, samples: int) -> None:
        """Set learning rates and the weight of the penalty, and begin the game when it is due."""
        self._progress = progress
        super().set_progress(progress, samples)

    def step(self, batches: list[Batch]) -> None:
        """Train both decoders, and where the game has begun, both of its players."""
        view = self._view(batches[0])
        self._seen = {}
        if not self.pretraining:
            self._train_discriminator(view)
        loss = self._reconstruction(view)
        if not self.pretraining and self._config.adversarial:
            self.discriminator.requires_grad_(False)
            loss = loss + self._config.adversarial * self._game(view)
            self.discriminator.requires_grad_(True)
        self._engine.backward_and_step(loss, self.optimisers["generator"])
        self._steps += 1

    def _reconstruction(self, view: View) -> Tensor:
        with self._engine.autocast():
            codes = self.swapper.codes(view.seen)
            both = [self.swapper.decode(half, k) for k, half in enumerate(codes.chunk(2))]
        drawn = torch.cat([face for face, _ in both]).float()
        drawn = lit(drawn, self.swapper.measured(view.faces))
        logits = torch.cat([mask for _, mask in both]).float()
        blended = view.faces + (drawn - view.faces) * view.masks
        faces = (view.weights * (drawn - view.faces).abs()).mean()
        faces = faces + self._config.structure * dissimilarity(blended, view.faces)
        if self._config.perceptual:
            faces = faces + self._config.perceptual * self._apart(blended, view.faces)
        masks = F.binary_cross_entropy_with_logits(logits, view.masks)
        self._seen |= {"face_loss": faces.detach(), "mask_loss": masks.detach()}
        return faces + _MASK_WEIGHT * masks

    def _apart(self, made: Tensor, real: Tensor) -> Tensor:
        """Return the distance of faces by features of the landmark network."""
        with torch.no_grad():
            wanted = self.landmarks.maps(real)
        pairs = zip(self.landmarks.maps(made), wanted, strict=True)
        return torch.stack([F.l1_loss(ours, theirs) for ours, theirs in pairs]).mean()

    def _swapped(self, view: View) -> Tensor:
        """Return swapped faces on grey, first those that become the second side."""
        with self._engine.autocast():
            drawn, masks = self.swapper.swap(view.faces, 1 - view.labels)
        return (drawn * masks.detach()).float()

    def _train_discriminator(self, view: View) -> None:
        with torch.no_grad():
            fake = self._swapped(view)
        real, fake = self.augmentation(self._real(view)), self.augmentation(fake)
        loss = self._discriminator_loss(real, fake, 1 - view.labels)
        self._engine.backward_and_step(loss, self.optimisers["discriminator"])

    def _real(self, view: View) -> Tensor:
        """Return real faces on grey, of the sides that :meth:`_swapped` shows."""
        return (view.faces * view.masks).roll(len(view.faces) // 2, 0)

    def _game(self, view: View) -> Tensor:
        labels = 1 - view.labels
        with torch.no_grad():
            real = self._discriminate(self.augmentation(self._real(view)), labels)
        fake = self._discriminate(self.augmentation(self._swapped(view)), labels)
        loss: Tensor = self._objective.generator(fake, real if self._objective.paired else None)
        self._seen["g_loss"] = loss.detach()
        return loss

    @torch.no_grad()
    def _view(self, batch: Batch) -> View:
        """Mirror, move and light faces of both sides, and warp what the encoder sees."""
        faces = torch.cat([self.draw_input(batch), batch.samples])
        count = len(faces)
        labels = torch.arange(count, device=faces.device) * 2 // count
        grid = self._moved(count, faces.shape[-1])
        faces = F.grid_sample(faces, grid, padding_mode="border", align_corners=False)
        gain = (EXPOSURE * self._engine.noise(count, 1) + TINT * self._engine.noise(count, 3)).exp()
        faces = ((faces + 1) * gain[:, :, None, None]).clamp(max=2) - 1
        bends = self._engine.noise(count, 2 * CELLS**2).view(count, 2, CELLS, CELLS)
        bends = F.interpolate(bends, faces.shape[-2:], mode="bicubic", align_corners=True)
        still = F.affine_grid(
            torch.eye(2, 3, device=faces.device).expand(count, -1, -1),
            list(faces.shape),
            align_corners=False,
        )
        bent = still + self._config.warp * bends.movedim(1, -1)
        seen = F.grid_sample(faces, bent, padding_mode="border", align_corners=False)
        points, masks = self._located(faces)
        weights = self._weights(points, masks)
        return View(faces, seen, labels, masks, weights)

    def _moved(self, count: int, side: int) -> Tensor:
        """Draw sampling grids [count, side, side, 2] of mirrored and moved views."""
        turn, zoom, *shift = self._engine.noise(count, 4).unbind(1)
        mirror = torch.where(self._engine.uniform(count, 1)[:, 0] < 0.5, -1.0, 1.0)
        scale = (ZOOM * zoom).exp()
        cosine, sine = (TURN * turn).cos() * scale, (TURN * turn).sin() * scale
        rows = [
            torch.stack([cosine * mirror, -sine, 2 * SHIFT * shift[0]], 1),
            torch.stack([sine * mirror, cosine, 2 * SHIFT * shift[1]], 1),
        ]
        return F.affine_grid(torch.stack(rows, 1), [count, 3, side, side], align_corners=False)

    @torch.no_grad()
    def _located(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Return landmarks [N, 20, 2] and masks [N, 1, S, S] of faces."""
        return self.landmarks.located(faces)

    def _weights(self, points: Tensor, masks: Tensor) -> Tensor:
        side = masks.shape[-1]
        line = (torch.arange(side, device=masks.device) + 0.5) / side
        centres = torch.stack([points[:, first:last].mean(1) for first, last in _FEATURES], 1)
        across = (line - centres[..., :1]).square()[:, :, None, :]
        down = (line - centres[..., 1:]).square()[:, :, :, None]
        near = torch.exp(-(across + down) / (2 * _RADIUS**2)).amax(1)[:, None]
        weights = _GROUND + masks * (1 + self._config.features * near)
        return weights / weights.mean((1, 2, 3), keepdim=True)

    def signals(self) -> dict[str, float]:
        """Return losses; in the game, what :class:`NoiseDuel` returns too."""
        if "real" not in self._seen or "fake" not in self._seen:
            return {name: float(value) for name, value in self._seen.items()}
        return super().signals()

    @torch.no_grad()
    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the logits of real faces of the second side, without learning from them."""
        masks = self._located(batch.samples)[1]
        labels = torch.ones(len(masks), dtype=torch.long, device=masks.device)
        logits = self._discriminate(batch.samples * masks, labels)
        return {"discriminator": logits.flatten(1).mean(1)}

    def visuals(self, batch: Batch) -> dict[str, Tensor]:
        """Return faces of both sides, and each as the other."""
        first, second = self.draw_input(batch), batch.samples
        ones = torch.ones(len(first), dtype=torch.long, device=first.device)
        with torch.no_grad(), self._engine.autocast():
            forward, back = self.swapper(first, ones), self.swapper(second, 0 * ones)
        return {
            "first": first,
            "first as second": forward.float(),
            "second": second,
            "second as first": back.float(),
        }


def dissimilarity(made: Tensor, real: Tensor) -> Tensor:
    """Return 1 - SSIM of samples [N, C, H, W] in [-1, 1], with square windows, averaged."""
    x, y = (made + 1) / 2, (real + 1) / 2
    mx, my, xx, yy, xy = _window_means(torch.stack([x, y, x * x, y * y, x * y]))
    c1, c2 = 0.01**2, 0.03**2
    similar = (2 * mx * my + c1) * (2 * (xy - mx * my) + c2)
    norm = (mx**2 + my**2 + c1) * (xx - mx**2 + yy - my**2 + c2)
    result: Tensor = 1 - (similar / norm).mean()
    return result


def _window_means(values: Tensor) -> Tensor:
    """Means over square windows of the last two axes, by cumulative sums: a pool takes longer."""
    sums = F.pad(values.cumsum(-2).cumsum(-1), (1, 0, 1, 0))
    rows = sums[..., _WINDOW:, :] - sums[..., :-_WINDOW, :]
    return (rows[..., _WINDOW:] - rows[..., :-_WINDOW]) / _WINDOW**2


@register_duel("faceswap", FaceSwapConfig)
def faceswap(setting: DuelSetting) -> FaceSwapDuel:
    """Build the duel of a face swap."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(setting.seed)
        return FaceSwapDuel(setting.build_networks(), setting.recipe, setting.engine)
