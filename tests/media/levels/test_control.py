from __future__ import annotations

import json
import math
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.levels import wishes
from gansmith.media.levels.archive import (
    SELDOM,
    Archive,
    Axis,
    Elite,
    _parents,
    _redrawn,
    illuminate,
)
from gansmith.media.levels.archive_page import save_archive
from gansmith.media.levels.codec import LevelCodec
from gansmith.media.levels.control import MEASURES, measure_of, steer, verified
from gansmith.media.levels.delivery import Gate, _as_wanted
from gansmith.media.levels.games import Solved
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.level import Level
from gansmith.media.levels.novelty import Novelty
from gansmith.media.levels.wishes import Wish
from gansmith.provenance.texts import HTML
from tests.media.levels.games.tiny import MAZE, level_of

pytest.importorskip("cma")
SIDE = 11


def combs(latents: NDArray[np.float32]) -> list[Level]:
    """Mazes of four walls, each left open at a height that a latent says: wide sweeps are rare."""
    levels = []
    for latent in latents:
        tiles = np.ones((SIDE, SIDE), dtype=np.uint16)
        tiles[[0, -1]] = tiles[:, [0, -1]] = 0
        for wall in range(4):
            tiles[1:-1, 2 * wall + 2] = 0
            opening = round(5 + 1.5 * float(latent[wall]))
            if 1 <= opening <= SIDE - 2:
                tiles[opening, 2 * wall + 2] = 1
        tiles[1, 1], tiles[-2, -2] = 2, 3
        levels.append(Level(tiles))
    return levels


def test_a_wish_that_nothing_meets_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wishes, "sampler_of", lambda model, seed: (combs, 5))
    monkeypatch.setattr(wishes, "EVALUATIONS", 20)
    model = SimpleNamespace(codec=LevelCodec(MAZE, [0]))
    with pytest.raises(GansmithError, match=r"no level with length=900 .* 60 .*length="):
        next(wishes.steered(model, Wish({"length": 900}, MAZE), 0))  # type: ignore[arg-type]
    with pytest.raises(GansmithError, match="measure 'beauty' is unknown"):
        next(wishes.steered(model, Wish({"beauty": 3}, MAZE), 0))  # type: ignore[arg-type]
    assert next(wishes.steered(model, Wish({"density": 0.6}, MAZE), 0))  # type: ignore[arg-type]


def test_a_search_takes_every_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []

    def sampler(model: object, seed: int) -> tuple[object, int]:
        seeds.append(seed)
        torch.Generator().manual_seed(seed)
        return combs, 5

    monkeypatch.setattr(wishes, "sampler_of", sampler)
    model = SimpleNamespace(codec=LevelCodec(MAZE, [0]))
    found = wishes.steered(model, Wish({"density": 0.6}, MAZE), 2**63 - 1)  # type: ignore[arg-type]
    assert next(found) and 0 <= seeds[0] < 2**63


def test_the_nearest_of_all_searches_is_named() -> None:
    wish = Wish({"length": 40, "density": 0.5}, MAZE)
    for length, density in ((10, 0.5), (30, 0.4), (80, 0.5)):
        wish.consider({"length": length, "density": density})
    assert wish.described().startswith("the nearest has length=30 density=0.4; ask for")
    (level,) = combs(np.zeros((1, 5), np.float32))
    solution = verified(level, MAZE)
    assert solution is not None
    share = float((level.tiles == 0).mean())
    assert Wish({"length": 1.09 * solution.length}, MAZE).met_by(level, solution)
    assert not Wish({"length": 1.2 * solution.length}, MAZE).met_by(level, solution)
    near = Wish({"length": solution.length, "density": 2 * share}, MAZE)
    assert not near.met_by(level, solution)
    assert near.nearest == {"length": solution.length, "density": share}


def test_a_generator_of_levels_that_nobody_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    shut = level_of(MAZE, "@#.#>")
    monkeypatch.setattr(wishes, "sampler_of", lambda model, seed: (lambda z: [shut] * len(z), 5))
    monkeypatch.setattr(wishes, "EVALUATIONS", 20)
    model, wish = SimpleNamespace(codec=LevelCodec(MAZE, [0])), Wish({"length": 2}, MAZE)
    with pytest.raises(GansmithError, match="among 60 that were drawn: none of them can be won"):
        next(wishes.steered(model, wish, 0))  # type: ignore[arg-type]
    assert not list(wishes.steered(model, wish, 0, repaired=True))  # type: ignore[arg-type]

    # what repair makes of them is measured instead
    mended = iter([level_of(MAZE, row) for row in ("@...>", "@..>#", "@.>##")])
    gate = Gate(MAZE, Novelty([]), repairer=lambda level, chances, verdict: next(mended))
    drawn = ((level, None) for level in [shut] * 3)
    candidates = _as_wanted(wishes.steered(model, wish, 0, repaired=True), gate, wish, drawn)  # type: ignore[arg-type]
    found = [gate.judge(*candidate) for candidate in candidates]
    assert [each is not None for each in found] == [False, False, True]
    assert gate.tally.rejected == {"not as wanted": 2} and gate.tally.as_drawn == 0
    assert wish.nearest == {"length": 2}


def test_a_wanted_length_is_found() -> None:
    for wanted in (24, 40):
        found = steer(combs, 5, MAZE, {"length": wanted}, evaluations=600, seed=1)
        assert found is not None and found.reached
        assert abs(found.measures["length"] - wanted) <= 0.1 * wanted
        assert replay(found.level, MAZE, found.verdict.moves).won
        (again,) = combs(found.latent[None])
        assert (again.tiles == found.level.tiles).all()


def test_what_cannot_be_met_gives_the_nearest() -> None:
    found = steer(combs, 5, MAZE, {"length": 500}, evaluations=200, seed=0)
    assert found is not None and not found.reached and found.evaluations <= 200
    assert steer(lambda z: [level_of(MAZE, "@#>")] * len(z), 5, MAZE, {"length": 3},
                 evaluations=30) is None  # fmt: skip
    with pytest.raises(GansmithError, match="nothing is asked for"):
        steer(combs, 5, MAZE, {})
    with pytest.raises(GansmithError, match=r"measure.*long.*length"):
        steer(combs, 5, MAZE, {"long": 3}, evaluations=30)


def test_measures_are_what_they_say() -> None:
    level = level_of(MAZE, "#####", "#@.>#", "#####")
    verdict = verified(level, MAZE)
    assert verdict is not None
    found = {name: measure(level, MAZE, verdict) for name, measure in MEASURES.items()}
    nodes = verdict.difficulty["nodes"]
    assert found["length"] == 2 and found["density"] == pytest.approx(12 / 15)
    assert found["difficulty"] == pytest.approx((math.log2(3) + math.log2(1 + nodes)) / 2)
    assert measure_of("detour")(level, MAZE, verdict) == 1
    assert verified(level_of(MAZE, "@#>"), MAZE) is None


def test_a_cell_keeps_its_best() -> None:
    archive = Archive((Axis("length", 0, 10, 5), Axis("density", 0, 1, 2)))
    level, verdict = level_of(MAZE, "@>"), Solved("r", 1)

    def elite(one: float, two: float, quality: float) -> Elite:
        return Elite(level, verdict, np.zeros(1, np.float32), (one, two), quality)

    assert archive.add(elite(3, 0.6, 1.0)) == (2, 1.0)
    assert archive.add(elite(2.5, 0.9, 0.5)) == (0, -0.5)
    assert archive.add(elite(2.5, 0.9, 3.0)) == (1, 2.0)
    assert archive.add(elite(-9, 99, 0.0))[0] == 2
    assert set(archive.elites) == {(1, 1), (0, 1)} and archive.coverage == 0.2


def test_a_search_covers_more_than_random_levels_and_all_elites_are_won(tmp_path: Path) -> None:
    axes = Axis("length", 16, 48, 17), Axis("detour", 1, 3, 5)
    found, floor = (
        illuminate(combs, 5, MAZE, axes, quality="forks", evaluations=400, seed=2, at_random=kind)
        for kind in (False, True)
    )
    assert found.evaluations == floor.evaluations == 400
    assert found.coverage > 1.1 * floor.coverage
    for elite in found.elites.values():
        assert replay(elite.level, MAZE, elite.verdict.moves).won
    again = illuminate(combs, 5, MAZE, axes, quality="forks", evaluations=400, seed=2)
    assert again.elites.keys() == found.elites.keys()
    path = save_archive(found, MAZE, tmp_path / "archive.html", title="<Mazes> @DATA@")
    page = path.read_text("utf-8")
    assert "<h1>&lt;Mazes&gt; @DATA@</h1>" in page
    assert not re.search(r"(src|href)=|https?:", HTML.known.sub("", page))
    script = re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL)
    assert script is not None
    data = json.loads(script[1])
    assert len(data["elites"]) == len(found.elites)
    for entry in data["elites"]:
        elite = found.elites[tuple(entry["cell"])]
        assert len(entry["path"]) == entry["length"] + 1 == elite.verdict.length + 1


def archive_of(latents: NDArray[np.float32], places: list[tuple[int, int]]) -> Archive:
    archive = Archive((Axis("length", 0, 5, 5), Axis("density", 0, 5, 5)))
    level, verdict = level_of(MAZE, "@>"), Solved("r", 1)
    for latent, place in zip(latents, places, strict=True):
        archive.elites[place] = Elite(level, verdict, latent, place, 1.0)
    return archive


def test_elites_beside_empty_cells_are_varied_more_often() -> None:
    places = [(row, column) for row in range(3) for column in range(3)]
    numbers = np.arange(9, dtype=np.float32)[:, None]
    drawn = _parents(archive_of(numbers, places), (40_000, 1), np.random.default_rng(0))
    shares = np.bincount(drawn.astype(int).ravel(), minlength=9) / drawn.size
    # In the corner of the map, (0, 0) and (1, 1) have full cells around them; (2, 2) has 5 empty.
    weights = np.array([0, 0, 3, 0, 0, 3, 3, 3, 5]) + SELDOM
    weights[[2, 6]] = 2 + SELDOM
    assert shares == pytest.approx(weights / weights.sum(), abs=0.01)


def test_redrawn_latents_of_normal_ones_are_normal() -> None:
    random = np.random.default_rng(1)
    latents = random.standard_normal((20, 3000)).astype(np.float32)
    archive = archive_of(latents, [(row, column) for row in range(5) for column in range(4)])
    drawn = _redrawn(archive, 60, random)
    assert drawn.mean(1) == pytest.approx(np.zeros(60), abs=0.1)
    assert drawn.std(1) == pytest.approx(np.ones(60), abs=0.06)
    nearest = [max(np.corrcoef(one, latent)[0, 1] for latent in latents) for one in drawn]
    assert min(nearest) > 0.3 and max(nearest) < 0.99


def test_levels_that_are_not_accepted_are_no_elites() -> None:
    axes = Axis("length", 16, 48, 4), Axis("detour", 1, 3, 4)
    found = illuminate(combs, 5, MAZE, axes, evaluations=72, accepts=lambda level: False)
    assert not found.elites and found.solved == 0 and found.evaluations == 72
