"""Duels other than those of the package: a translation between two domains, and a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from gansmith.medium import MEDIA
from gansmith.networks import Discriminator, Generator, SampleSpec
from gansmith.objectives.losses import OBJECTIVES
from gansmith.recipe import Recipe
from gansmith.run import Run
from gansmith.storage.checkpoint import Tree
from gansmith.training.callbacks import Callback
from gansmith.training.duel import DUELS, Batch, Duel, DuelSetting, Loss, build_duel, register_duel
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader
from gansmith.training.trainer import Trainer
from tests.training.toy import bars, toy_recipe

POOL = 12
DOMAIN = SampleSpec(1, 16, 16)
TRANSLATED = SampleSpec(1, 16, 16, source=DOMAIN)


class Translator(Generator):
    """Turns pictures of one domain into pictures of another."""

    latent = 0

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.tanh(self.scale * self.body(latents))


class PatchCritic(Discriminator):
    """Gives a map of 8x8 logits."""

    def __init__(self) -> None:
        super().__init__()
        layers = (nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 3, padding=1))
        self.body = nn.Sequential(*layers)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.body(samples)
        return logits


def features() -> nn.Module:
    """A network that is used and never trained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.ReLU(), nn.Flatten())


class TranslationDuel(Duel):
    """Two generators, two critics of patches, a pool of earlier results and frozen features."""

    shipped, critics = ("forth", "back"), ("critic_forth", "critic_back")
    losses = (
        Loss("forth_loss", "source to target", "forth"),
        Loss("back_loss", "target to source", "back"),
        Loss("critic_forth_loss", "critic of targets", "critic_forth"),
        Loss("critic_back_loss", "critic of sources", "critic_back"),
    )

    def __init__(self, setting: DuelSetting) -> None:
        self._engine, self.frozen = setting.engine, setting.frozen or {"features": features()}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(setting.seed)
            self.networks = {
                "forth": Translator(),
                "back": Translator(),
                "critic_forth": PatchCritic(),
                "critic_back": PatchCritic(),
            }
        self.pool = torch.zeros(0, *setting.spec.shape)
        self._seen: dict[str, Tensor] = {}
        self.reconfigure(setting.recipe)

    def prepare(self, batch: Batch) -> None:
        """Make the projection of features, whose size is known from here on, and scale outputs."""
        assert batch.source is not None
        size = self.frozen["features"](batch.source).shape[1]
        self.networks["projection"] = nn.Linear(size, 4)
        forth = self.networks["forth"]
        assert isinstance(forth, Translator)
        with torch.no_grad():
            forth.scale.copy_(batch.samples.std() / forth.body(batch.source).std())
        self.optimisers = {
            name: Adam(network.parameters(), lr=1e-3) for name, network in self.networks.items()
        }

    def reconfigure(self, recipe: Recipe) -> None:
        self._objective = OBJECTIVES["least-squares"]
        self._rate = recipe.optimiser.g_lr

    def set_progress(self, progress: float, samples: int) -> None:
        for optimiser in self.optimisers.values():
            optimiser.param_groups[0]["lr"] = self._rate.at(progress, samples)

    def step(self, batches: list[Batch]) -> None:
        (batch,), nets = batches, self.networks
        assert batch.source is not None
        result = nets["forth"](self.draw_input(batch))
        cycle = F.l1_loss(nets["back"](result), batch.source)
        project = nets["projection"]
        near = F.mse_loss(
            project(self.frozen["features"](result)), project(self.frozen["features"](batch.source))
        )
        self._descend("forth", self._fool("critic_forth", result) + cycle + near)
        reverse = nets["back"](batch.samples)
        self._descend("back", self._fool("critic_back", reverse))
        self._critic_step("critic_forth", batch.samples, self._pooled(result.detach()))
        self._critic_step("critic_back", batch.source, reverse.detach())

    def _fool(self, critic: str, samples: Tensor) -> Tensor:
        return self._objective.generator(self.networks[critic](samples), None)

    def _critic_step(self, name: str, real: Tensor, fake: Tensor) -> None:
        critic = self.networks[name]
        self._descend(name, self._objective.discriminator(critic(real), critic(fake)))

    def _descend(self, name: str, loss: Tensor) -> None:
        self._seen[f"{name}_loss"] = loss.detach()
        self._engine.backward_and_step(loss, self.optimisers[name])

    def _pooled(self, samples: Tensor) -> Tensor:
        """Fill the pool; then give back earlier samples for about half of these."""
        if len(self.pool) < POOL:
            self.pool = torch.cat([self.pool, samples])[:POOL]
            return samples
        swap, place = self._engine.uniform(len(samples), 2).unbind(1)
        at, swapped = (place * POOL).long(), (swap < 0.5).view(-1, 1, 1, 1)
        earlier = self.pool[at]
        self.pool = self.pool.index_copy(0, at, torch.where(swapped, samples, earlier))
        return torch.where(swapped, earlier, samples)

    def signals(self) -> dict[str, float]:
        return {name: float(loss) for name, loss in self._seen.items()}

    @torch.no_grad()
    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        found = {"critic_forth": self.networks["critic_forth"](batch.samples).flatten(1).mean(1)}
        if batch.source is not None:
            found["critic_back"] = self.networks["critic_back"](batch.source).flatten(1).mean(1)
        return found

    @torch.no_grad()
    def visuals(self, batch: Batch) -> dict[str, Tensor]:
        source = self.draw_input(batch)
        result = self.networks["forth"](source)
        return {
            "source": source,
            "result": result,
            "reconstruction": self.networks["back"](result),
        }

    def state(self) -> dict[str, Any]:
        return {"pool": self.pool}

    def restore(self, state: dict[str, Any]) -> None:
        self.pool = state["pool"].to(self._engine.device)


class ClassifierDuel(Duel):
    """One network, no critic: a classifier hardened by a step along the sign of its gradient."""

    shipped = ("classifier",)
    losses = (Loss("loss", "classifier", "classifier"),)

    def __init__(self, setting: DuelSetting) -> None:
        self._engine = setting.engine
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(setting.seed)
            layers = (nn.Flatten(), nn.Linear(256, 16), nn.Dropout(0.2), nn.Linear(16, 2))
            self.networks = {"classifier": nn.Sequential(*layers)}
        parameters = self.networks["classifier"].parameters()
        self.optimisers = {"classifier": Adam(parameters, lr=1e-3)}
        self._loss = torch.zeros(())

    def reconfigure(self, recipe: Recipe) -> None: ...

    def set_progress(self, progress: float, samples: int) -> None: ...

    def step(self, batches: list[Batch]) -> None:
        (batch,), classifier = batches, self.networks["classifier"]
        assert batch.condition is not None
        samples = batch.samples.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(
            F.cross_entropy(classifier(samples), batch.condition), samples
        )
        attacked = (samples + 0.1 * gradient.sign()).detach()
        self._loss = F.cross_entropy(classifier(attacked), batch.condition)
        self._engine.backward_and_step(self._loss, self.optimisers["classifier"])

    def signals(self) -> dict[str, float]:
        return {"loss": float(self._loss.detach())}


@pytest.fixture
def open_duels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have these duels registered during a test, and only then."""
    monkeypatch.setattr(DUELS, "_entries", {name: DUELS[name] for name in DUELS})
    register_duel("toy-translation")(TranslationDuel)
    register_duel("toy-classifier")(ClassifierDuel)


class TwoDomains:
    """Batches of a domain with batches of another as their sources."""

    def __init__(self, target: BatchLoader, source: BatchLoader) -> None:
        self.target, self.source = target, source

    def next(self) -> Batch:
        return self.target.next()._replace(source=self.source.next().samples)

    def example(self) -> Batch:
        return self.target.example()._replace(source=self.source.example().samples)

    def state_dict(self) -> Tree:
        return {"target": self.target.state_dict(), "source": self.source.state_dict()}

    def load_state_dict(self, state: Tree) -> None:
        self.target.load_state_dict(state["target"])
        self.source.load_state_dict(state["source"])


def two_domains(recipe: Recipe, engine: Engine) -> TwoDomains:
    """Bars, and more bars in another order."""
    loaders = [
        BatchLoader(bars(count), MEDIA["image"].codec(), engine, recipe.training.batch, seed, False)
        for count, seed in ((64, 0), (96, 1))
    ]
    return TwoDomains(*loaders)


def open_trainer(
    name: str,
    samples: int,
    folder: Path,
    observers: tuple[Callback, ...] = (),
    frozen: Mapping[str, nn.Module] | None = None,
    **options: Any,
) -> Trainer:
    """A trainer of one of these duels over bars, with its run folder laid out."""
    recipe = toy_recipe(samples, f"duel={name}")
    engine, run = Engine("32-true", recipe.training.seed), Run(folder)
    if not run.exists:
        run.create(recipe, {})
    config = recipe.training
    if name == "toy-translation":
        feed: Any = two_domains(recipe, engine)
        spec = TRANSLATED
    else:
        feed = BatchLoader(
            bars(), MEDIA["image"].codec(), engine, config.batch, config.seed, conditional=True
        )
        spec = SampleSpec(1, 16, 16, classes=2)
    duel = build_duel(DuelSetting(recipe, spec, engine, config.seed, frozen=frozen or {}))
    return Trainer(duel, feed, engine, recipe, run, observers, **options)
